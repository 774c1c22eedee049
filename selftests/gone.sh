#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Under load each register of the controller reads all ones, and writes go nowhere, as
# if it had been pulled out; interrupts may still come. I/O ends, be it with errors,
# nothing hangs, and when the registers are back, as after power-on, the controller can be
# taken into use again.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 7 disks all-disks
errors_expected

OFFSET=67108864
at_exit registers_back

each_disk() {
	local d
	for d in "${DISKS[@]}"; do
		"$@" "$d" 8 $OFFSET 1048576 || return
	done
}

registers_gone() {
	hba ones on
}

registers_back() {
	hba ones off
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

# An interrupt that was on its way comes to all ports, so error handling knows at once.
gone_under_load() {
	local d rc=0
	start_load "${DISKS[@]}"
	registers_gone || rc=1
	for d in "${DISKS[@]}"; do
		hba irq "$(port_of "$d")" || rc=1
	done
	load_ends || rc=1
	registers_back || rc=1
	return $rc
}

# Nothing tells, and requests have to time out.
unbind_gone() {
	local d rc=0
	for d in "${DISKS[@]}"; do
		set_attr "$d" device/timeout 3
	done
	start_load "${DISKS[@]}"
	registers_gone || rc=1
	unbind_controller || rc=1
	load_ends || rc=1
	registers_back || rc=1
	return $rc
}

check "data is written" each_disk "$HERE/dio" write
check "registers go away under load, I/O ends" gone_under_load
check "it was all ones that the driver read" ones_seen
check "the controller can be bound again" rebind
check "a controller that is away is let go of under load" unbind_gone
check "and is bound again" bind_again
check "data is what it was" each_disk "$HERE/dio" check
finish
