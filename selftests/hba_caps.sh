#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# HBAs that lack something or have something more: the driver is bound to each, finds the
# disks that there are, and reads and writes. The rules of AHCI are kept on all of them.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 29 all-disks disks
errors_expected
N=${#DISKS[@]}

# The HBA as it was when this test began.
plain() {
	hba cap +S64A +SNCQ +SCLO +SAM -SSS -SALP -SSC -PSC -SSNTF -SMPS -SXS -BOH -SDS -APST &&
		hba pi $((0x3f)) && hba vs 0x10301 && hba ncs 32 && hba bios at-once && hba presence 0 none
}

there() {
	[ "$(behind | wc -l)" -eq "$1" ]
}

# variant DISKS LINE...: bound to an HBA that is so, it has so many disks, which work
variant() {
	local n=$1 line rc=0
	shift
	unbind_controller
	plain || return
	for line; do
		hba "$line" || return
	done
	bind_controller "$DRIVER" || return
	wait_until 60 there "$n" || { echo "$(behind | wc -l) disks"; return 1; }
	mapfile -t DISKS <<<"$(behind)"
	wait_until 10 test -b "${DISKS[0]}" || return
	run_fio --name=variant --filename="${DISKS[0]}" --rw=randwrite --bs=4k --iodepth=32 \
		--size=1m --verify=crc32c || rc=1
	return $rc
}

# The HBA itself tells of slots beyond these.
slots() {
	check_split "$1 slots" variant "$N" "ncs $1"
	check_split "no more than $1 commands at a time" depth "$1"
}

depth() {
	[ "$(attr "${DISKS[0]}" device/queue_depth)" -eq "$1" ] ||
		{ attr "${DISKS[0]}" device/queue_depth; return 1; }
}

removable() {
	local wanted=0
	case $(uname -r) in 6.1.*) wanted=1 ;; esac
	[ "$(attr "$(disk_at 0)" removable)" = $wanted ] && [ "$(attr "$(disk_at 1)" removable)" = 0 ] ||
		{ attr "$(disk_at 0)" removable; return 1; }
}

mask() {
	[ "$(cat "$PCI/devices/$BDF/dma_mask_bits")" = "$1" ]
}

at_exit "plain; rebind"

check "no NCQ" variant "$N" "cap -SNCQ"
check "one command at a time" depth 1
# Stock ahci uses 32 whatever the HBA has.
slots 1
slots 8
check "no 64-bit addresses" variant "$N" "cap -S64A"
check "a mask of 32 bits" mask 32
check "no command list override" variant "$N" "cap -SCLO"
check "staggered spin-up" variant "$N" "cap +SSS"
check "aggressive link power management" variant "$N" "cap +SALP +SSC +PSC"
check "SNotification" variant "$N" "cap +SSNTF"
check "mechanical presence switches" variant "$N" "cap +SMPS"
check "an external port" variant "$N" "presence 0 external"
check "with Linux 6.1, only its disk is removable" removable
check "hand-off from the BIOS" variant "$N" "cap +BOH" "vs 0x10200"
check "a BIOS that takes its time" variant "$N" "bios later" "cap +BOH" "vs 0x10200"
check "a BIOS that is busy" variant "$N" "bios busy" "cap +BOH" "vs 0x10200"
check "a BIOS that does not let go" variant "$N" "bios dead" "cap +BOH" "vs 0x10200"
check "device sleep" variant "$N" "cap +SDS"
check "AHCI 1.0" variant "$N" "vs 0x10000"
check "AHCI 1.1" variant "$N" "vs 0x10100"
check "two ports" variant 2 "pi 0x3"
check "ports with a gap" variant 3 "pi 0x15"
check "AHCI 1.3" variant "$N" "vs 0x10300"
check "AHCI 1.2 without PI" variant "$N" "vs 0x10200" "pi 0"
check "ports that firmware has not enabled" variant "$N" "enables 0x2a"
check "as before" variant "$N" "enables none"
check "a mask of 64 bits" mask 64
finish
