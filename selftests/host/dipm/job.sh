#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest of dipm.sh: which SET FEATURES a disk gets when error handling has read
# its IDENTIFY data.

set -euo pipefail
exec 1>&2
BDF=$ATA_SPLIT_CONTROLLER
TRACE=/sys/kernel/tracing
DISK=${ATA_SPLIT_DISKS%% *}

# A pass of error handling, with all that libata issues itself in the trace.
pass() {
	echo >$TRACE/trace
	for scan in "/sys/bus/pci/devices/$BDF"/ata*/host*/scsi_host/host*/scan; do
		echo "- - -" >"$scan"
	done
	dd if="$DISK" of=/dev/null bs=4096 count=1 iflag=direct
	cat $TRACE/trace
	grep -q 'tf=(ec/' $TRACE/trace
}

# SET FEATURES, disable a feature of Serial ATA: DIPM
disabled() {
	grep -q 'tf=(ef/90:03:' $TRACE/trace
}

none() {
	pass
	if disabled; then
		echo "a disk without DIPM was told to disable it"
		return 1
	fi
}

mountpoint -q $TRACE || mount -t tracefs none $TRACE
echo 1 >$TRACE/events/libata/ata_qc_issue/enable
none
insmod /guest/dipm.ko
none
rmmod dipm
insmod /guest/dipm.ko enabled=1
pass
disabled
rmmod dipm
none
# QEMU's disk aborts the command, of which libata says nothing. (It also reports the
# error again with the next queued command, as in guest refusal.)
if dmesg | grep DIPM; then
	exit 1
fi
