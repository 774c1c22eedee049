#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Port multipliers. Stock ahci drives the model's, by command-based and by FIS-based
# switching: all disks at once, while one of them is pulled, put back, fails and is reset.
# ahci_split has no support for them: it uses the disk at device port 0, as any driver does
# that knows nothing of port multipliers, says so, and leaves other ports alone.
#
# ATA_SPLIT_PMP is the PCI address of the HBA hba2, which has a multiplier with five disks
# at port 0 and a disk at port 1.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
[ -n "${ATA_SPLIT_PMP:-}" ] || skip "needs an HBA with a port multiplier"
need fio
ATA_SPLIT_HBA=$(hba_port hba2)
BDF=$ATA_SPLIT_PMP
begin 14
errors_expected

there() {
	local port
	for port; do
		disk_at "$port" >/dev/null || return
	done
}

gone() {
	! there "$1"
}

disks() {
	local port
	for port; do
		disk_at "$port"
	done
}

# on DRIVER LINE PORT...: bound to an HBA that is so, it finds exactly these disks
on() {
	local driver=$1 line=$2
	shift 2
	unbind_controller
	hba "$line" || return
	bind_controller "$driver" && wait_until 60 there "$@" || { behind; klog; return 1; }
	[ "$(behind | wc -l)" -eq $# ] || { behind; return 1; }
}

# Timeouts of commands that were lost with a disk
impatient() {
	local d
	for d in $(behind); do
		set_attr "$d" device/timeout 3
	done
}

# works PORT...: what is written to all of these disks at once can be read again
works() {
	local d
	mapfile -t d < <(disks "$@")
	jobs_for "${d[@]}"
	run_fio --rw=randwrite --bssplit=4k/80:64k/20 --iodepth=32 --size=2m --verify=crc32c \
		"${JOBS[@]}"
}

# What the kernel has said of links since the last time
mark() {
	LINES_BEFORE=$(klog | wc -l)
}

since() {
	klog | tail -n "+$((LINES_BEFORE + 1))"
}

said() {
	since | grep -q "$1"
}

# Others work while one is pulled and put back: they wait at most.
pulled() {
	local others
	mapfile -t others < <(disks 0.0 0.1 0.3 0.4)
	impatient
	start_load "${others[@]}"
	hba unplug 0.2 && wait_until 30 gone 0.2 || { echo "it is still there"; return 1; }
	hba plug 0.2 && wait_until 30 there 0.2 || { echo "it is not back"; return 1; }
	load_ok && works 0.2
}

# A sector cannot be read: its reader gets an error, and no reset is needed. The delay makes
# the error no other command's last interrupt: with FIS-based switching 6.1 does not complete
# commands in an interrupt for an error.
fails() {
	local others d ata rc=0
	mapfile -t others < <(disks 0.0 0.2 0.3 0.4)
	d=$(disk_at 0.1)
	ata=$(ata_of "$d")
	mark
	start_load "${others[@]}"
	hba delay 2000 20000 && hba bad 0.1 65536 || return
	! dd if="$d" of=/dev/null bs=4096 skip=8192 count=1 iflag=direct 2>"$TMP/dd" ||
		{ echo "it was read"; rc=1; }
	hba bad 0.1 none && hba delay 0 0
	load_ok || rc=1
	said "^ata$ata.01: failed command: READ FPDMA QUEUED" && ! said "resetting link" || rc=1
	[ $rc = 0 ] || since
	return $rc
}

# One device is reset, while others work; nobody else is.
reset() {
	local others d ata
	mapfile -t others < <(disks 0.0 0.1 0.2 0.4)
	d=$(disk_at 0.3)
	ata=$(ata_of "$d")
	mark
	start_load "${others[@]}"
	scan "$d"
	load_ok || return
	said "^ata$ata.03: SATA link up" && [ "$(since | grep -c 'SATA link')" = 1 ] ||
		{ since; return 1; }
	works 0.3
}

# The channel is the port of the multiplier.
scan() {
	local address host channel id lun
	address=$(basename "$(readlink -f "/sys/block/${1##*/}/device")")
	IFS=: read -r host channel id lun <<<"$address"
	echo "$channel $id $lun" >"/sys/class/scsi_host/host$host/scan"
}

switching() {
	check "$1: the disks are found" on ahci "$2" 0.0 0.1 0.2 0.3 0.4 1
	check "$1: FIS-based switching is $3" fbs_is "$3"
	check "$1: all of them work at once" works 0.0 0.1 0.2 0.3 0.4 1
	check "$1: one fails" fails
	check "$1: one is reset" reset
}

fbs_is() {
	klog | tail -n 200 | grep -q "$BDF: FBS is enabled"
	[ $? = "$([ "$1" = on ] && echo 0 || echo 1)" ]
}

# The first device alone, and the port next to it
only_first() {
	mark
	on "$DRIVER" "cap +FBSS" 0.0 1 && works 0.0 1
}

# There is a message about that for who wonders where the others are.
explained() {
	said "$BDF: port multipliers are not supported"
}

# With nothing at device port 0 there is nothing to find: that is soon said, and the port
# next to it has its disk. A later disk is found when the port is scanned.
first_empty() {
	local host
	unbind_controller
	mark
	hba unplug 0.0 && bind_controller "$DRIVER" && wait_until 40 there 1 && works 1 || return
	gone 0.0 && said "port multiplier with nothing at device port 0" || { since; return 1; }
	host=$(printf '%s\n' "$PCI/devices/$BDF"/ata*/host* | sort -V | head -n 1)
	hba plug 0.0 && echo "- - -" >"$host/scsi_host/${host##*/}/scan"
	wait_until 20 there 0.0 || { since; return 1; }
	works 0.0 1
}

LOADED=
[ -d /sys/module/ahci ] || LOADED=1
modprobe ahci || skip "there is no stock ahci"
at_exit "bind_controller $DRIVER; [ -z '$LOADED' ] || rmmod ahci"

switching commands "cap -FBSS" off
switching FISes "cap +FBSS" on
check "FISes: one is pulled and put back" pulled
check_split "the driver uses device 0" only_first
check_split "the driver says so" explained
check_split "nothing at device port 0" first_empty
finish
