#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Regression guard: the split's instructions under the lock, instructions and
# register accesses per I/O, counted in a guest with Debian's own kernel, against
# those recorded in selftests/bench/ceilings. 5 % more of any is a failure.
#
#   hold.sh             compare
#   hold.sh record      record, after a change that was worth its price

# The kernel is the one that the figures are of, whatever is being tested.
VARIANT=distro KERNEL=
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"
OUT=$BUILD/host/hold
# shellcheck source=selftests/bench/lib.sh
. "$TOP/selftests/bench/lib.sh"

CEILINGS=$BENCH/ceilings
ROWS="4k huge 1 1 500
128k scattered 1 1 100
4k huge 32 32 960"

# shellcheck disable=SC2317 # called by with_lock
measure() {
	local kit
	build_tools
	kit=$("$QEMU_DIR/prepare.sh" "$KERNEL" "$VARIANT")
	begin_results qemu="$(qemu_version)"
	hold "$kit" direct ahci_split "$ROWS"
	LOG=$kit/guest-hold-direct/qemu.log
}

# The ceilings that this machine can be held to, see devices_first() in hold.c.
comparable() {
	if grep -q '^hold not root' "$LOG"; then
		awk '$2 ~ /qd1-1$/ && $3 ~ /^(submit|interrupt)$/' "$CEILINGS"
	else
		cat "$CEILINGS"
	fi
}

# The check itself: with ceilings of 10 % less than was measured just now, each
# figure must be named.
prove() {
	local missed
	"$BENCH/report.py" record "$OUT" "$KERNEL" |
		awk '{ $4 *= 0.9; print }' >"$OUT/lowered"
	missed=$("$BENCH/report.py" check "$OUT" "$OUT/lowered" "$KERNEL" | grep -v '^not ok ') || true
	if [ -z "$missed" ]; then
		good "an excess of 10 % would be found"
	else
		bad "ceilings were lowered and not exceeded: $missed"
	fi
}

with_lock "$TOOLS/lock" measure
if [ "${1:-}" = record ]; then
	{
		grep -v "^$KERNEL " "$CEILINGS" || true
		"$BENCH/report.py" record "$OUT" "$KERNEL"
	} >"$OUT/ceilings"
	mv "$OUT/ceilings" "$CEILINGS"
	exit
fi
comparable >"$OUT/comparable"
"$BENCH/report.py" check "$OUT" "$OUT/comparable" "$KERNEL" || exit
prove
exit $BAD
