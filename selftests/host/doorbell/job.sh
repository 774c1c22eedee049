#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest of doorbell.sh: batches of reads to a busy disk, with the driver as it is
# and then with single_doorbell=1. The second probe resets the controller, which marks
# the place in QEMU's log.

set -euo pipefail
exec 5>&1 1>&2
BDF=$ATA_SPLIT_CONTROLLER

load() {
	local disk
	disk=$(basename "$(compgen -G "/sys/bus/pci/devices/$BDF/ata*/host*/target*/*/block/sd*")")
	echo none >"/sys/block/$disk/queue/scheduler"
	fio --name=batch --filename="/dev/$disk" --direct=1 --ioengine=libaio --rw=randread --bs=4k \
		--size=16m --io_size=4m --iodepth=16 --iodepth_batch_submit=8 --iodepth_batch_complete_min=8 --thread
}

load
echo "$BDF" >/sys/bus/pci/drivers/ahci_split/unbind
rmmod ahci_split
modprobe ahci_split single_doorbell=1
echo ahci_split >"/sys/bus/pci/devices/$BDF/driver_override"
echo "$BDF" >/sys/bus/pci/drivers_probe
for ((i = 0; i < 100; i++)); do
	! compgen -G "/sys/bus/pci/devices/$BDF/ata*/host*/target*/*/block/sd*" >/dev/null || break
	sleep 0.2
done
load
