#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest of registers.sh: what makes a driver write to registers. Another
# controller that nobody drives takes a write to a read-only register (VS) as the mark
# of each new phase.

set -euo pipefail
exec 5>&1 1>&2
BDF=$ATA_SPLIT_CONTROLLER
OTHER=/sys/bus/pci/devices/0000:00:1f.2
PHASE=0
# shellcheck source=selftests/host/registers/disks.sh
. /guest/disks.sh

phase() {
	sleep 1
	PHASE=$((PHASE + 1))
	echo "phase $PHASE: $1"
	/kselftest/ata_split/poke $OTHER/resource5 1 0x10 $PHASE
}

rescan() {
	echo "- - -" >"$(of_port 1 'host*/scsi_host/host*/scan')"
}

[ ! -e $OTHER/driver ] || echo "${OTHER##*/}" >$OTHER/driver/unbind
echo 1 >$OTHER/enable
wait_for_disks

phase reset
rescan
sleep 2
phase "a sector that cannot be read"
if dd if="$ATA_SPLIT_BAD_DISK" of=/dev/null bs=512 skip="$ATA_SPLIT_BAD_LBA" count=1 iflag=direct; then
	exit 1
fi
sleep 2
phase "a disk goes"
echo 1 >"$(of_port 1 'host*/target*/*/block/sd*/device/delete')"
sleep 2
phase "and comes back"
rescan
wait_for_disks
phase "suspend to idle"
echo devices >/sys/power/pm_test
echo freeze >/sys/power/state
echo none >/sys/power/pm_test
sleep 2
phase "suspend to RAM"
echo deep >/sys/power/mem_sleep
echo +5 >/sys/class/rtc/rtc0/wakealarm
echo mem >/sys/power/state
sleep 2
phase unbind
echo "$BDF" >"/sys/bus/pci/drivers/$ATA_SPLIT_DRIVER/unbind"
phase bind
echo "$BDF" >/sys/bus/pci/drivers_probe
wait_for_disks
phase "the end"
