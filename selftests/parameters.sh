#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The load-time parameters do what they say, and only what they say.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
[ "$DRIVER" = ahci_split ] || skip "$DRIVER has no such parameters"
begin 7 all-disks disks idle-driver

# reload PARAMETER-OF-ata_split PARAMETER-OF-ahci_split
reload() {
	unbind_controller
	unload_driver && load_driver "$@" && bind_again
}
at_exit "unload_driver 2>/dev/null; load_driver; bind_again"

some_io() {
	load 1 "${DISKS[@]:0:2}"
}

value() {
	cat "/sys/module/$1/parameters/$2"
}

defaults() {
	reload "" "" && [ "$(value ata_split split)" = Y ] && [ "$(value ahci_split host_lock)" = N ] &&
		some_io && [ "$(counter split)" -gt 0 ]
}

no_split() {
	reload split=0 "" && [ "$(value ata_split split)" = N ] && some_io || return
	accounted || return
	[ "$(counter built)" -eq 0 ] && [ "$(counter split)" -eq 0 ] || { echo "commands were built"; return 1; }
	[ "$(counter core_off)" -gt 100 ] || { echo "core_off is $(counter core_off)"; return 1; }
}

host_lock() {
	reload "" host_lock=1 && [ "$(value ahci_split host_lock)" = Y ] && some_io &&
		accounted && [ "$(counter split)" -gt 0 ]
}

# That it does is in the registers: see host/doorbell.sh.
single_doorbell() {
	reload "" single_doorbell=1 && [ "$(value ahci_split single_doorbell)" = Y ] && some_io &&
		accounted && [ "$(counter split)" -gt 0 ]
}

both() {
	reload split=0 host_lock=1 && some_io && accounted && [ "$(counter split)" -eq 0 ]
}

# Neither loaded with nonsense, nor changed while loaded.
rejected() {
	local v bad=0
	unbind_controller
	unload_driver || return
	for v in split=2 split=maybe split=-1; do
		load_driver "$v" 2>/dev/null && { echo "ata_split took $v"; bad=1; unload_driver; }
		# the driver may have been refused for another reason
		[ ! -d /sys/module/ata_split ] || rmmod ata_split
	done
	for v in host_lock=2 host_lock=maybe host_lock= single_doorbell=2 single_doorbell=; do
		load_driver "" "$v" 2>/dev/null && { echo "ahci_split took $v"; bad=1; rmmod ahci_split; }
		rmmod ata_split
	done
	return $bad
}

read_only() {
	local f
	reload "" "" || { load_driver && bind_again; } || return
	for f in /sys/module/ata_split/parameters/split \
		/sys/module/ahci_split/parameters/{host_lock,single_doorbell}; do
		[ "$(stat -c %a "$f")" = 444 ] || { echo "$f may be written"; return 1; }
	done
}

check "defaults: split on, one lock per port" defaults
check "split=0: every command takes the core" no_split
check "host_lock=1: works, and takes the split" host_lock
check "single_doorbell=1: works, and takes the split" single_doorbell
check "both" both
check "nonsense is rejected" rejected
check "parameters cannot be changed later" read_only
finish
