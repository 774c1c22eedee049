#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Under load each register of the controller reads all ones, and writes go nowhere, as
# if it had been pulled out; interrupts still come. I/O ends, be it with errors, nothing
# hangs, and when the registers are back the controller can be taken into use again.
# ATA_SPLIT_ONES is the PCI address of a device whose BAR 2 is a page of ones.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

[ -n "${ATA_SPLIT_ONES:-}" ] || skip "set ATA_SPLIT_ONES to a device with a page of ones"
need fio setpci
begin 8 disks all-disks
errors_expected

OFFSET=67108864
ABAR=$(setpci -s "$BDF" BASE_ADDRESS_5)
at_exit registers_back

each_disk() {
	local d
	for d in "${DISKS[@]}"; do
		"$@" "$d" 8 $OFFSET 1048576 || return
	done
}

# In QEMU the later of two that decode the same address is the one that is seen.
registers_gone() {
	setpci -s "$ATA_SPLIT_ONES" BASE_ADDRESS_2="$ABAR" COMMAND=0002:0002
}

registers_back() {
	setpci -s "$ATA_SPLIT_ONES" COMMAND=0000:0002
}

ones_seen() {
	klog | grep -qE 'controller unavailable|FFFFFFFF'
}

load_ends() {
	local rc=0
	wait_until 120 not_loading || { echo "I/O does not end"; return 1; }
	wait "$LOAD_PID" || rc=$?
	LOAD_PID=
	[ $rc -ne 124 ] && [ $rc -ne 0 ] || { echo "fio ended with $rc"; return 1; }
}

# Requests time out where no interrupt tells; a flush takes twice as long.
hurry() {
	local d
	for d in "${DISKS[@]}"; do
		set_attr "$d" device/timeout 3
	done
}

gone_under_load() {
	hurry
	start_load "${DISKS[@]}"
	registers_gone
	load_ends
	local rc=$?
	registers_back
	return $rc
}

unbind_gone() {
	hurry
	registers_gone
	unbind_controller
	local rc=$?
	registers_back
	return $rc
}

check "data is written" each_disk "$HERE/dio" write
check "registers go away under load, I/O ends" gone_under_load
check "it was all ones that the driver read" ones_seen
check "the controller can be bound again" rebind
check "data is what it was" each_disk "$HERE/dio" check
check "a controller that is away is let go of" unbind_gone
check "and is bound again" bind_again
check "data is still what it was" each_disk "$HERE/dio" check
finish
