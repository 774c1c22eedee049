#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One of several queued commands fails. Their status is in one place for all of them;
# which command it is of, the disk tells in a log. A kernel that does not take that
# into account must not be shown it: it would fail the innocent as well.
#
# QEMU's disk lacks the log, without which later kernels take all of them for guilty,
# with stock ahci, too.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/variant.sh
. "${0%/*}/variant.sh"

variant_skip
case $(uname -r) in
6.[012].*) ;;
*) skip "this kernel asks the disk's error log, which QEMU's has not" ;;
esac
need fio taskset
pin_test
begin 2 disks
errors_expected
need_variant

LIES=/sys/kernel/debug/ata_split/lies
at_exit "echo none >$LIES"

# The bits of the tags that are in flight, as PxSACT has them.
in_flight() {
	local word tags=0
	while read -r word; do
		tags=$((tags | 1 << word))
	done < <(sed -n 's/.* tag *\([0-9]*\) in_flight .*/\1/p' \
		"/sys/kernel/debug/ata_split/ata$PORT/commands")
	echo $tags
}

three() {
	local tags
	tags=$(in_flight)
	[ $(((tags & tags - 1) & (tags & tags - 1) - 1)) -ne 0 ]
}

# The registers of the disk's port that are lied about.
registers() {
	local base
	base=$((0x80 + 0x80 * $(cat "/sys/class/ata_port/ata$PORT/port_no")))
	PXIS=$((base + 0x10)) PXSACT=$((base + 0x34))
}

# Three reads are complete and their interrupt is held; when it is let go it says that
# there was an error, and none of them is complete.
innocent() {
	local reads=() before i rc=0
	before=$(counter done_eh "$D")
	arm irq
	for i in 1 2 3; do
		start_io
		reads+=("$IO")
	done
	held irq || rc=1
	wait_until 10 three || { echo "in flight: $(in_flight)"; rc=1; }
	echo "$PXSACT 0xffffffff $(in_flight) 1" >$LIES
	echo "$PXIS 0xffffffff 0x40000000 1" >$LIES
	echo unc_status >$FAULT
	open irq
	for i in "${reads[@]}"; do
		end_io "$i" || rc=1
	done
	echo none >$FAULT
	! grep -v ' 0$' $LIES || rc=1
	[ "$(counter done_eh "$D")" -eq $((before + 3)) ] || { echo "done_eh did not rise by 3"; rc=1; }
	return $rc
}

registers
check "an error of one is not everybody's" innocent
check "the disk still answers" io
finish
