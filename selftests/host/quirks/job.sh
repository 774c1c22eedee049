#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest of quirks.sh: ahci_split is asked to take both controllers. The one on
# board it refuses, and says why, unless the BIOS is new enough.

set -euo pipefail
exec 1>&2
ONBOARD=0000:00:1f.2
PCI=/sys/bus/pci

# taken BDF: does ahci_split take it?
taken() {
	local device=$PCI/devices/$1
	[ ! -e "$device/driver" ] || echo "$1" >"$device/driver/unbind"
	echo ahci_split >"$device/driver_override"
	echo "$1" >$PCI/drivers_probe
	[ -e "$PCI/drivers/ahci_split/$1" ]
}

refused() {
	if taken $ONBOARD; then
		return 1
	fi
	dmesg | grep "ahci_split $ONBOARD: HP Pavilion dv4 Notebook PC needs a newer BIOS to resume"
}

modprobe ahci_split
taken "$ATA_SPLIT_CONTROLLER"
if [ "$QUIRKS_DAY" -lt 5 ]; then
	refused
else
	taken $ONBOARD
fi
