#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Differential fuzzing against stock ahci, in guests with Debian's own kernel (see
# selftests/fuzz): 50,000 commands get the same answers from both drivers and leave
# the same disks, and fewer of them are the same FISes. Faults of the test variant
# prove that either would notice.

# The kernel is that on which there are so many in a short time, whatever is tested.
unset KERNEL VARIANT OPS
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

FUZZ=$TOP/selftests/fuzz/fuzz.sh
OUT=$BUILD/host/fuzz

# fuzz NAME VARIABLE...: run it, and keep what it prints
fuzz() {
	mkdir -p "$OUT"
	env TIME=0 SEED=1 "${@:2}" "$FUZZ" >"$OUT/$1"
}

same() {
	if fuzz "$@"; then
		good "$(grep '^ok' "$OUT/$1" | tail -n 1 | cut -d ' ' -f 2-)"
	else
		bad "$1: $(cat "$OUT/$1")"
	fi
}

# A driver that loses the last sector of a large write: found, told with its seed,
# and reduced to few operations that show it again. One command at a time: of several
# the block layer merges those that happen to be there, so the same operation is a large
# write in one run and small ones in the next, which this fault spares.
found() {
	local seed ops fault=(FUZZ_FAULT=short_write FUZZ_DEPTH=1)
	say "with a sector lost on purpose, which must differ:"
	! fuzz found "${fault[@]}" COMMANDS=100000 || { bad "a lost sector was not found"; return; }
	read -r seed ops < <(sed -n 's/^again: make fuzz SEED=\([0-9]*\) OPS=\([0-9,-]*\)$/\1 \2/p' "$OUT/found") ||
		{ bad "what was found cannot be replayed: $(cat "$OUT/found")"; return; }
	case $ops in
	*,*,* | *-*) bad "not reduced: $ops" ;;
	*) good "a lost sector is found and reduced to operation $ops of seed $seed" ;;
	esac
	! fuzz again "${fault[@]}" SEED="$seed" OPS="$ops" &&
		grep -q "^not ok seed $seed:" "$OUT/again" ||
		bad "it does not come again: $(cat "$OUT/again")"
}

# A FUA bit that nobody asked for: only the FISes tell.
seen() {
	! fuzz seen KIND=fis COMMANDS=1 OPS=0-49 FUZZ_FAULT=stray_fua &&
		grep -q '^not ok port .* command FIS' "$OUT/seen" ||
		{ bad "a stray FUA bit was not found: $(cat "$OUT/seen")"; return; }
	good "a stray FUA bit is seen in the FISes"
}

same commands COMMANDS=50000
found
same fis KIND=fis COMMANDS=1
seen
exit $BAD
