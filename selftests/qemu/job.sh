#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The main job, run in a guest by "make run": a file system and verified I/O on
# disks behind ahci_split, then the same short load on the stock driver and on
# ours in turn. Prints lines "say TEXT" (see init.sh); everything else goes to
# the log on standard error.

set -euo pipefail
exec 5>&1 1>&2
read -ra DISKS <<<"$ATA_SPLIT_DISKS"
BDF=$ATA_SPLIT_CONTROLLER
TOTAL=0 SPLIT=0

say() {
	printf 'say %s\n' "$*" >&5
}

# step DESCRIPTION COMMAND...
step() {
	local what=$1 start=$SECONDS
	shift
	if "$@"; then
		say "  ok    $what ($((SECONDS - start)) s)"
	else
		say "  FAIL  $what"
		exit 1
	fi
}

# Note "|| return": set -e does not hold in what is called from a condition.
file_system() {
	local disk=$1 before after
	mkfs.ext4 -q -F "$disk" && mount -t ext4 "$disk" /mnt || return
	mkdir /mnt/tree && cp -a /kselftest /usr/bin/bash /mnt/tree/ || return
	dd if=/dev/urandom of=/mnt/tree/big bs=1M count=48 conv=fsync || return
	before=$(find /mnt/tree -type f -exec sha256sum {} + | sort)
	umount /mnt && echo 3 >/proc/sys/vm/drop_caches || return
	mount -t ext4 "$disk" /mnt || return
	after=$(find /mnt/tree -type f -exec sha256sum {} + | sort)
	umount /mnt && e2fsck -fn "$disk" || return
	[ "$(wc -l <<<"$before")" -gt 10 ] && [ "$before" = "$after" ]
}

verify() {
	fio --name=verify --filename="$1" --direct=1 --ioengine=libaio --iodepth=32 \
		--rw=randwrite --bsrange=4k-128k --size=64m --verify=crc32c \
		--verify_fatal=1 --verify_backlog=256 --do_verify=1
}

# The port counters since the controller was bound; they go with the binding.
# Reads and writes are what was queued but for other commands and passthrough.
count() {
	local sums
	sums=$(cat /sys/kernel/debug/ata_split/ata*/counters | awk '
		
		{ n[$1] += $2 }
		END { print n["queued"] - n["core_command"] - n["core_passthrough"], n["split"] + 0 }')
	TOTAL=$((TOTAL + ${sums% *})) SPLIT=$((SPLIT + ${sums#* }))
}

wait_for_disks() {
	local i disk
	for ((i = 0; i < 300; i++)); do
		mapfile -t DISKS < <(for disk in /sys/block/sd*; do
			[[ $(readlink -f "$disk") != */$BDF/* ]] || echo "/dev/${disk##*/}"
		done)
		[ "${#DISKS[@]}" -lt "$(wc -w <<<"$ATA_SPLIT_DISKS")" ] || return 0
		sleep 0.1
	done
	return 1
}

rebind() {
	echo "$BDF" >"/sys/bus/pci/devices/$BDF/driver/unbind"
	echo "$1" >"/sys/bus/pci/devices/$BDF/driver_override"
	echo "$BDF" >/sys/bus/pci/drivers_probe
	[ -e "/sys/bus/pci/drivers/$1/$BDF" ] && wait_for_disks
}

# load DRIVER ROUND: one row of the table
load() {
	local result
	result=$(fio --name=load --filename="${DISKS[0]}:${DISKS[1]}" --direct=1 \
		--ioengine=libaio --iodepth=32 --rw=randrw --rwmixread=70 --bs=4k \
		--size=64m --numjobs=2 --group_reporting --time_based --runtime=6 \
		--minimal) || return
	say "$(awk -F ';' -v round="$2" -v driver="$1" '
		{ printf "  %5d  %-12s %9d %9d %12.0f %12.0f", round, driver, $8, $49, $40, $81 }' \
		<<<"$result")"
}

compare() {
	local round driver
	say "  round  driver        reads/s  writes/s  read lat/us  write lat/us"
	for round in 1 2 3; do
		for driver in ahci ahci_split; do
			rebind "$driver" && load "$driver" $round || return
			[ "$driver" = ahci ] || count
		done
	done
	# Leave the controller as it was found.
	rebind ahci_split
}

enough_split() {
	[ "$TOTAL" -gt 0 ] && [ $((SPLIT * 100)) -gt $((TOTAL * 99)) ]
}

say "On ahci_split, $(uname -r), ${#DISKS[@]} disks behind $BDF:"
step "ext4: make, write, mount again, compare checksums, check" file_system "${DISKS[0]}"
step "fio --verify, 4 to 128 KiB, 32 deep" verify "${DISKS[1]}"
count
say "The same load on both drivers (emulated: good for a comparison at most):"
modprobe ahci
step "three rounds" compare
say "Reads and writes that took the split: $SPLIT of $TOTAL" \
	"($(awk -v s=$SPLIT -v t=$TOTAL 'BEGIN { printf "%.2f", t ? 100 * s / t : 0 }') %)"
step "more than 99 % did" enough_split
