#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Issues a command on a port that is stopped. Passes, but the model of the HBA has seen
# it, so it must be reported as failed.
set -e
dev=/sys/bus/pci/devices/$ATA_SPLIT_CONTROLLER
echo "$ATA_SPLIT_CONTROLLER" >"$dev/driver/unbind"
echo 1 >"$dev/enable"
bar=$(awk 'NR == 6 { print $1 }' "$dev/resource")
busybox devmem $((bar + 0x138)) 32 1
echo "TAP version 13"
echo "1..1"
echo "ok 1 written"
