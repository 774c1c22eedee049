#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Reads and writes take the split, flush and TRIM do not: libata must get the
# one out of the way of the other, and none may be lost in between.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio blkdiscard
begin 4 disks

D=${DISKS[0]}

# Statistics of the disk: discards completed, and flushes.
discards() {
	attr "$D" stat | awk '{ print $12 }'
}

flushes() {
	attr "$D" stat | awk '{ print $16 }'
}

mixed() {
	local trim=()
	[ "$(attr "$D" queue/discard_max_bytes)" -eq 0 ] ||
		trim=(--name=trim --rw=randtrim --bs=64k --offset=64m --size=16m --iodepth=4)
	# The sizes are such that all of it ends at about the same time.
	run_fio --filename="$D" --bs=4k --iodepth=16 \
		--name=write --rw=randwrite --size=6m --verify=crc32c --verify_backlog=32 \
		--name=fsync --rw=randwrite --offset=16m --size=1m --fsync=1 --verify=crc32c \
		--name=sync --rw=randwrite --offset=32m --size=1m --sync=dsync --verify=crc32c \
		--name=barrier --rw=write --offset=48m --size=2m --fdatasync=4 --verify=crc32c \
		"${trim[@]}"
}

# More than one, and they must not be answered without asking the disk.
stable_writes() {
	local i before
	before=$(flushes)
	for ((i = 0; i < 32; i++)); do
		"$HERE/dio" dsync "$D" $((i + 77)) $((100 * 1048576 + i * 8192)) 8192 || return
	done
	for ((i = 0; i < 32; i++)); do
		"$HERE/dio" check "$D" $((i + 77)) $((100 * 1048576 + i * 8192)) 8192 || return
	done
	[ "$(attr "$D" queue/write_cache)" = "write through" ] ||
		[ "$(attr "$D" queue/fua)" -eq 1 ] || [ "$(flushes)" -ge $((before + 32)) ]
}

# What lies around the trimmed range stays.
trim() {
	local before
	[ "$(attr "$D" queue/discard_max_bytes)" -gt 0 ] || { echo "no TRIM"; return 1; }
	before=$(discards)
	"$HERE/dio" write "$D" 5 67108864 16777216 && start_load "$D" || return
	blkdiscard -f -o 71303168 -l 8388608 "$D" || return
	"$HERE/dio" check "$D" 5 67108864 4194304 && "$HERE/dio" check "$D" 5 79691776 4194304 || return
	load_ok && [ "$(discards)" -gt "$before" ]
}

load_went_on() {
	run_fio --name=after --filename="$D" --rw=randwrite --bs=4k --size=4m --iodepth=32 --verify=crc32c
}

check "reads, writes, flushes and TRIM at once" mixed
check "stable writes reach the disk" stable_writes
check "TRIM beside queued I/O" trim
check "queued I/O afterwards" load_went_on
finish
