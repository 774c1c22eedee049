#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest of model.sh: what QEMU's AHCI can do as well. Each phase is marked, for
# QEMU's log by a write to a read-only register of another controller (VS), and for
# the trace of the model by a line to it. What the commands answer goes to the log
# "test.log", where model.sh compares it, too.

set -euo pipefail
exec 5>&1 1>&2
HERE=/kselftest/ata_split
DRIVER=/sys/bus/pci/drivers/ahci
BDF=$ATA_SPLIT_CONTROLLER
OTHER=/sys/bus/pci/devices/0000:00:1f.2
PHASE=0
# shellcheck source=selftests/host/registers/disks.sh
. /guest/disks.sh

if [ -n "${ATA_SPLIT_HBA:-}" ]; then
	# shellcheck source=selftests/hba.sh
	. "$HERE/hba.sh"
	mark() {
		hba trace on && hba "seed $1"
	}
else
	echo "${OTHER##*/}" >$DRIVER/unbind
	echo 1 >$OTHER/enable
	mark() {
		$HERE/poke $OTHER/resource5 1 0x10 "$1"
	}
fi

phase() {
	sleep 1
	PHASE=$((PHASE + 1))
	mark $PHASE
	echo "answer $PHASE: $1"
}

# answer COMMAND...: what it prints and returns; a disk may have any name
answer() {
	local rc=0 text
	text=$("$@" 2>&1) || rc=$?
	text=${text//"$D"/disk 1}
	echo "answer $PHASE: $rc ${text//"$BAD"/disk 2}"
}

# disk PORT: its name
disk() {
	local dir
	dir=$(of_port "$1" 'host*/target*/*/block/sd*') && echo "/dev/${dir##*/}"
}

wait_for_disks
echo "$BDF" >$DRIVER/unbind
phase probe
echo "$BDF" >$DRIVER/bind
wait_for_disks
D=$(disk 1)
BAD=$(disk 2)
phase "queued commands"
answer "$HERE/dio" write "$D" 1 65536 65536
answer "$HERE/dio" check "$D" 1 65536 65536
phase "flush, and a TRIM"
answer blockdev --flushbufs "$D"
answer sync "$D"
answer blkdiscard -o 1048576 -l 1048576 "$D"
answer cmp <(dd if="$D" bs=64k skip=16 count=16 iflag=direct status=none) <(head -c 1M /dev/zero)
phase "commands that are not queued"
echo 1 >"/sys/block/${D##*/}/device/queue_depth"
answer "$HERE/dio" write "$D" 2 131072 4096
answer "$HERE/dio" check "$D" 2 131072 4096
phase "PIO"
answer sg_raw -r 512 -o /dev/null "$D" 85 08 0e 00 00 00 01 00 00 00 00 00 00 00 ec 00
phase "no such command"
answer sg_raw -r 512 "$D" 85 08 0e 00 00 00 01 00 00 00 00 00 00 00 ff 00
phase "a queued command fails"
answer dd if="$BAD" of=/dev/null bs=512 skip=20480 count=1 iflag=direct status=none
phase "one that is not queued fails"
echo 1 >"/sys/block/${BAD##*/}/device/queue_depth"
answer dd if="$BAD" of=/dev/null bs=512 skip=20480 count=1 iflag=direct status=none
phase reset
echo "- - -" >"$(of_port 1 'host*/scsi_host/host*/scan')"
sleep 2
phase unbind
echo "$BDF" >$DRIVER/unbind
phase end
echo ok >&5
