#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Is the model an HBA like another? For what QEMU's AHCI can do as well, stock ahci gets
# the same answers from both, and reads and writes the same registers in the same order.
# Where they differ, compare.py says so, and the section that decides.

# The kernel is Debian's own, whatever is tested.
unset KERNEL VARIANT
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

MODEL=$HOST/model
OUT=$BUILD/host/model

# record WHOSE: the accesses on that AHCI and the answers, in OUT
record() {
	local said dir=$KIT/guest-model-$1
	said=$("$QEMU_DIR/guest.sh" "$KIT" "model-$1" "$MODEL/job.sh" 2>&1 | tail -n 1)
	[ "${said% }" = 'ok guest' ] || { echo "$1: ${said#not_ok }; log: $dir"; return 1; }
	# The model has sense data for a queued command that fails (NCQ autosense, IDENTIFY word
	# 78), QEMU has none. From some kernel after 6.1 on that makes the error ENODATA.
	sed -n '/^answer 7:/s/No data available/Input\/output error/; /^answer /p' \
		"$dir/test.log" >"$OUT/answers-$1"
	if [ "$1" = qemu ]; then
		cp "$dir/qemu.log" "$OUT/qemu"
	else
		cp "$dir/trace" "$OUT/hba"
	fi
}

# seen WHAT SCRIPT: would it be noticed?
seen() {
	noticed "$@" "$OUT/hba" "$MODEL/compare.py" "$OUT/qemu"
}

mkdir -p "$OUT"
KIT=$("$QEMU_DIR/prepare.sh" "$(production_series)" distro)
record qemu >"$OUT/failed" &
record hba || BAD=1
wait $! || { BAD=1; cat "$OUT/failed"; }
[ $BAD = 0 ] || exit 1

if diff "$OUT/answers-qemu" "$OUT/answers-hba"; then
	good "$(wc -l <"$OUT/answers-hba") answers are the same"
else
	bad "answers that differ: QEMU's (<) and the model's (>)"
fi
"$MODEL/compare.py" "$OUT/qemu" "$OUT/hba" || BAD=1
seen "another signature" 's/r P0SIG 00000101/r P0SIG 96690101/'
seen "a link that takes another state" 's/r P0SSTS 00000\(.\)23/r P0SSTS 00000\121/;s/r P0SSTS 00000\(.\)33/r P0SSTS 00000\131/'
seen "an interrupt that names another cause" 's/r P0IS 00000001/r P0IS 00000004/'
seen "an error that is not fatal" 's/r P1IS 40000008/r P1IS 00000008/'
seen "an engine that stops at once" 's/r P0CMD 0000c\(.\)1[67]/r P0CMD 000040\116/'
exit $BAD
