#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Enclosure management: what the driver is told by sysfs arrives at the LEDs, and messages of
# other types as they are.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

PORT=2

# enclosure WORD...: bound to an HBA with such an enclosure
enclosure() {
	unbind_controller
	hba enclosure none "$@" && bind_again && wait_until 60 found
}

found() {
	D=$(disk_at "$PORT")
}

plain() {
	unbind_controller
	hba enclosure none
	bind_again
}

# em ATTRIBUTE: of the port
em() {
	local host
	host=$(readlink -f "/sys/block/${D##*/}/device")
	host=${host%/target*}
	echo "/sys/class/scsi_host/${host##*/}/$1"
}

leds_are() {
	[ "$(hba leds "$1")" = "activity=$2 locate=$3 fault=$4" ] || { hba leds "$1"; return 1; }
}

messages() {
	hba messages | cut -d ' ' -f 1
}

more_messages() {
	[ "$(messages)" -gt "$1" ]
}

supported() {
	[ "$(cat "$(em em_message_supported)")" = "$1 " ]
}

# Each port says once how its LEDs are.
with_leds() {
	enclosure led && supported led && more_messages $((${#DISKS[@]} - 1)) && leds_are $PORT 0 0 0
}

led() {
	echo "$1" >"$(em em_message)" && wait_until 5 leds_are $PORT "$2" "$3" "$4"
}

locate_and_fault() {
	led 0x80000 0 1 0 && led 0x480000 0 1 1 && led 0x400000 0 0 1 && leds_are 3 0 0 0 && led 0 0 0 0
}

# activity POLICY IDLE: it blinks, and in the end is so
activity() {
	local n
	n=$(messages)
	echo "$1" >"/sys/block/${D##*/}/device/sw_activity" &&
		run_fio --name=activity --filename="$D" --rw=randread --bs=4k --time_based \
			--runtime=2 &&
		more_messages $((n + 4)) && wait_until 5 leds_are $PORT "$2" 0 0
}

by_hardware() {
	enclosure led activity && led 0x90000 0 1 0 &&
		! echo 1 2>"$TMP/activity" >"/sys/block/${D##*/}/device/sw_activity"
}

# A message of eight bytes, with another as its answer.
sgpio() {
	enclosure sgpio && supported sgpio || return
	printf '\x00\x08\x00\x03\x34\x12\x00\x00' >"$(em em_buffer)" || return
	[[ $(hba messages) = *' 0x03000800 0x00001234 '* ]] || { hba messages; return 1; }
	! cat "$(em em_buffer)" 2>"$TMP/em_buffer" || return
	hba reply 0x03000800 0xcafe1234 || return
	[ "$(od -An -tx4 -N8 "$(em em_buffer)")" = " 03000800 cafe1234" ]
}

# Unbound while its LED blinks: nobody may send messages any more. The last port is stopped
# soonest after its last command. Stock ahci does not stop the timer.
unbound() {
	local last n
	enclosure led && last=$(disk_at 5) && set_attr "$last" device/sw_activity 1 &&
		dd if="$last" of=/dev/null bs=4k count=100 iflag=direct 2>&1 && unbind_controller || return
	n=$(messages)
	sleep 1
	[ "$(messages)" = "$n" ] && bind_again && wait_until 60 found
}

need_hba
need fio
begin 7 all-disks disks
at_exit plain
check "an HBA with LEDs" with_leds
check "locate and fault" locate_and_fault
check "activity, off when idle" activity 1 0
check "activity, on when idle" activity 2 1
check "activity by hardware" by_hardware
check "SGPIO messages" sgpio
check_split "unbound while the LED blinks" unbound
finish
