#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Parameters that stock ahci has as well: which ports are used, what of the HBA is believed,
# how it is reset and probed.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
[ "$DRIVER" = ahci_split ] || skip "this is about parameters of ahci_split"
begin 13 all-disks disks idle-driver
errors_expected
OTHER=ffff:00:1f.2

# reload PARAMETER...: of ahci_split. insmod would wait until the ports are probed.
reload() {
	unbind_controller
	echo >"$PCI/devices/$BDF/driver_override"
	unload_driver && insert ata_split && insert ahci_split "$@" && bind_controller ahci_split
}

at_exit "hba forget; hba cap -SSS; hba presence 0 none; reload; bind_again"

# found PORT...: these have disks, and no others
found() {
	local disk
	[ "$(for disk in $(behind); do port_of "$disk" && echo; done | sort -n | paste -sd ' ')" = "$*" ]
}

# ports WANTED PARAMETER...: only these have disks then
ports() {
	local wanted=$1
	shift
	reload "$@" || return
	# shellcheck disable=SC2086 # words
	wait_until 60 found $wanted && sleep 1 && found $wanted || { behind; return 1; }
	run_fio --name=params --filename="$(behind | head -n 1)" --rw=randwrite --bs=4k --iodepth=32 \
		--size=1m --verify=crc32c
}

# nonsense VALUE...: it is said, and all ports are used.
nonsense() {
	local value
	for value; do
		klog >"$TMP/before"
		ports "0 1 2 3 4 5" "mask_port_map=$value" || return
		klog | tail -n +"$(($(wc -l <"$TMP/before") + 1))" |
			grep -qF "mask_port_map=$value is ignored: write MASK" ||
			{ echo "nothing is said of $value"; return 1; }
	done
}

resets() {
	hba stats | sed 's/.*resets=\([0-9]*\).*/\1/'
}

# reset_by N PARAMETER...
reset_by() {
	local n=$1 before
	shift
	before=$(resets)
	ports "0 1 2 3 4 5" "$@" && [ $(($(resets) - before)) -eq "$n" ] ||
		{ echo "$(($(resets) - before)) resets"; return 1; }
}

removable() {
	hba presence 0 external && ports "0 1 2 3 4 5" "$@" && attr "$(disk_at 0)" removable
}

# As Linux 6.1 marks the disk of an external port; later kernels do not.
external() {
	local by_default
	by_default=$(removable) || { echo "$by_default"; return 1; }
	case $(uname -r) in
	6.1.*) [ "$by_default" = 1 ] || { echo "the port is not external"; return 1; } ;;
	esac
	[ "$(removable mask_port_ext=1)" = 0 ] && [ "$(removable mask_port_ext=2)" = "$by_default" ]
}

# left_alone [PARAMETER]: an enclosure with LEDs, which gets no messages
left_alone() {
	local host rc=0
	unbind_controller
	hba enclosure none led && ports "0 1 2 3 4 5" "$@" || return
	host=$(scsi_host "$(disk_at 0)")
	! echo 0x80000 2>"$TMP/em" >"$host/em_message" || rc=1
	[ "$(hba messages | cut -d ' ' -f 1)" = 0 ] || rc=1
	unbind_controller
	hba enclosure none && return $rc
}

# EM_LOC lies: the buffer is behind the registers.
misplaced() {
	local rc=0
	hba lie 0x1c 0xffff 0xffff0000 1000 && left_alone || rc=1
	hba honest && return $rc
}

# PI is empty, and the driver finds out.
without_pi() {
	local rc=0
	hba vs 0x10200 && hba pi 0 && ports "0 2" mask_port_map=0x5 || rc=1
	unbind_controller
	hba vs 0x10301 && hba pi 0x3f && return $rc
}

# The disk of port 0 does not answer to IDENTIFY yet.
first_waits() {
	[ "$(hba waiting 0)" != 0x00000000 ]
}

second_waits() {
	[ "$(hba waiting 1)" != 0x00000000 ]
}

# spins_up SECONDS PARAMETER...: is port 1 probed meanwhile? Each gets its disk in the end.
# Less than the five seconds of IDENTIFY's time limit.
spins_up() {
	local limit=$1 rc=0
	shift
	hba cap +SSS && hba "when fetch port=0 op=0xec do hold" &&
		hba "when fetch port=1 op=0xec do hold" && reload "$@" || return
	wait_until 60 first_waits || { echo "port 0 is not probed"; rc=2; }
	wait_until "$limit" second_waits || { echo "port 1 is not probed"; rc=1; }
	hba forget && hba resume 0 && hba resume 1 && wait_until 60 all_there || rc=2
	hba cap -SSS || rc=2
	return $rc
}

one_by_one() {
	spins_up 2
	[ $? -eq 1 ]
}

check "all ports" ports "0 1 2 3 4 5" mask_port_map=0
check "a mask of ports" ports "0 2" mask_port_map=0x5
check "a mask for this controller" ports "1 2" "mask_port_map=$OTHER=0x1,$BDF=0x6"
check "a mask for another controller" ports "0 1 2 3 4 5" "mask_port_map=$OTHER=0x1"
check "a mask where PI is empty" without_pi
check "masks that are none" nonsense 0x100000000 three "$BDF=" "1f.2=0x3" "0x1,0x2" "$BDF=1=2"
check "the controller is reset" reset_by 1
check "the controller is not reset" reset_by 0 skip_host_reset=1
check "a port that is not external" external
check "an enclosure that is left alone" left_alone ahci_em_messages=0
check "an enclosure that is not where the HBA says" misplaced
check "staggered spin-up, one by one" one_by_one
check "staggered spin-up, ignored" spins_up 4 ignore_sss=1
finish
