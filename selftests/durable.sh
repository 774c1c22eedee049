#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Write with O_DSYNC, fdatasync() and fsync() to three disks, one of them with a
# file system, until somebody kills the machine; tell the host what is stable. It is
# the host that checks (qemu/durable.py), so there is nothing to see on a machine that
# lives. ATA_SPLIT_DURABLE is the seed. ATA_SPLIT_UNSTABLE makes the kernel believe
# that no disk has a cache, so that it flushes none: that has to be found out.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

[ -n "${ATA_SPLIT_DURABLE:-}" ] || skip "only for a guest that is going to be killed"
need mkfs.ext4
begin 1 disks

# What virtio-serial takes has left the guest.
for port in /sys/class/virtio-ports/*; do
	[ "$(cat "$port/name")" != ata_split.acks ] || exec 5>"/dev/${port##*/}"
done
[ -e /proc/self/fd/5 ] || die "no port to acknowledge to"

# The host knows them by their ports.
mapfile -t DISKS < <(for d in "${DISKS[@]}"; do echo "$(ata_of "$d") $d"; done |
	sort -n | cut -d ' ' -f 2)
for d in "${DISKS[@]}"; do
	[ -z "${ATA_SPLIT_UNSTABLE:-}" ] || set_attr "$d" queue/write_cache "write through"
	note "$d: cache is $(attr "$d" queue/write_cache), FUA is $(attr "$d" queue/fua)"
done
mkfs.ext4 -q -F "${DISKS[2]}" && mount -t ext4 "${DISKS[2]}" /mnt || die "no file system"

WHO=0
for d in "${DISKS[@]:0:2}"; do
	for group in 1 1 4 16; do
		"$HERE/durable" disk "$d" "$ATA_SPLIT_DURABLE" $WHO $group >&5 &
		WHO=$((WHO + 1))
	done
done
for _ in 1 2; do
	"$HERE/durable" files /mnt "$ATA_SPLIT_DURABLE" $WHO >&5 &
	WHO=$((WHO + 1))
done
# The first that ends does so for an error.
wait -n
check "a writer goes on until the end" false
finish
