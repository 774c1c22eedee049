#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What host/package.sh does in its guests, run by systemd once the rest is up:
# Debian as installed, with the package. Prints what it checks, and at the end
# "end" with the number of failures.

DATA=0000:00:08.0
BOOT=0000:00:1f.2
BAD=0

driver_of() {
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")"
}

# check DESCRIPTION COMMAND...
check() {
	local what=$1
	shift
	if "$@" >/tmp/out 2>&1; then
		echo "ok $what"
	else
		echo "not ok $what"
		sed 's/^/  /' /tmp/out
		BAD=$((BAD + 1))
	fi
}

drivers() {
	echo "$DATA: $(driver_of $DATA), $BOOT: $(driver_of $BOOT)"
	[ "$(driver_of $DATA),$(driver_of $BOOT)" = "$1,$2" ]
}

# The file that the host wrote, past the cache, and mounted by fstab.
data() {
	mountpoint /data && echo 3 >/proc/sys/vm/drop_caches && (cd /data && sha256sum -c sum)
}

root_is_on() {
	[[ $(readlink -f "/sys/class/block/$(basename "$(findmnt -no SOURCE /)")") = */$1/* ]]
}

# Some commands took the split, on each port that has a disk.
split() {
	cat /sys/kernel/debug/ata_split/ata*/counters | awk '
		$1 == "split" { print; ports += $2 > 0 }
		END { exit ports != '"$1"' }'
}

# driverctl was to take the controller, and the drop-in for its unit has said no.
left_alone() {
	systemctl show "driverctl@pci-$1" -p Result | grep -x Result=exec-condition
}

# refused TEXT COMMAND...
refused() {
	local text=$1
	shift
	! "$@" >/tmp/said 2>&1 && cat /tmp/said && grep -F "$text" /tmp/said
}

back() {
	umount /data && splitctl check $DATA && splitctl unbind $DATA &&
		drivers ahci ahci && [ ! -e /etc/driverctl.d/pci-$DATA ]
}

again() {
	splitctl bind --permanent $DATA && drivers ahci_split ahci && splitctl status &&
		splitctl status | grep "^$DATA.*ahci_split at each boot" &&
		[ "$(cat /etc/driverctl.d/pci-$DATA)" = ahci_split ] &&
		splitctl bind --permanent $DATA | grep already && udevadm settle &&
		mount /data && data
}

quiet() {
	! dmesg | grep -E 'WARNING:|BUG:|Oops|Call Trace|exception Emask'
}

job=$(sed 's/.* job=\([a-z]*\).*/\1/' /proc/cmdline)
case $job in
data)
	check "ahci_split has the data controller, ahci the root disk's" drivers ahci_split ahci
	check "the file is right" data
	check "commands took the split" split 1
	check "driverctl leaves it alone, as it is bound" left_alone $DATA
	check "and the root disk's, as it is in use" left_alone $BOOT
	check "splitctl unbind refuses" refused "is mounted on /data" splitctl unbind $DATA
	check "unbind, and forget" back
	check "bind --permanent" again ;;
root)
	check "ahci_split has both" drivers ahci_split ahci_split
	check "root is on $BOOT" root_is_on $BOOT
	check "the file is right" data
	check "commands took the split" split 2
	check "driverctl leaves it alone, as it is bound" left_alone $BOOT
	check "splitctl unbind refuses" refused "holds the root file system" splitctl unbind $BOOT ;;
off)
	check "ahci has both" drivers ahci ahci
	check "the file is right" data ;;
esac
check "no complaint of the kernel's" quiet
[ $BAD = 0 ] || dmesg | grep -E 'ata|ahci' | tail -n 40
echo "end $BAD"
