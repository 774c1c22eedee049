#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# All disks at once: what belongs to one port must not reach another. Each disk
# has contents of its own, and each block tells where it belongs.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 3 disks
[ ${#DISKS[@]} -gt 1 ] || note "only one disk: nothing can get mixed up"

queued_io() {
	local d jobs=()
	for d in "${DISKS[@]}"; do
		jobs+=("--name=${d##*/}" "--filename=$d" "--verify_pattern=\"$(seed_of "$d")\"%o")
	done
	run_fio --rw=randwrite --bssplit=4k/60:8k/20:60k/10:256k/10 --iodepth=32 --size=10m \
		--verify=pattern "${jobs[@]}"
}

# writes and reads of one disk
one_by_one() {
	local i seed
	seed=$(seed_of "$1")
	for ((i = 1; i <= 12; i++)); do
		"$HERE/dio" write "$1" "$seed" $((i << 20)) $((i * 65536)) 4096 512 512 || return
	done
	for ((i = 1; i <= 12; i++)); do
		"$HERE/dio" check "$1" "$seed" $((i << 20)) $((i * 65536)) || return
	done
}

side_by_side() {
	local d pids=() bad=0
	for d in "${DISKS[@]}"; do
		one_by_one "$d" &
		pids+=($!)
	done
	for d in "${pids[@]}"; do
		wait "$d" || bad=1
	done
	return $bad
}

# With NCQ the split has commands, and without it none; nor without DMA.
all_split() {
	local d split xfer=/sys/class/ata_device
	for d in "${DISKS[@]}"; do
		split=$(counter split "$d")
		if grep -q PIO "$xfer/dev$(ata_of "$d").0/xfer_mode"; then
			note "$d is without DMA"
			[ "$split" -eq 0 ] || { echo "$d: without DMA, and $split took the split"; return 1; }
		elif [ "$(attr "$d" device/queue_depth)" -gt 1 ]; then
			[ "$split" -gt 0 ] || { echo "$d: no command took the split"; return 1; }
		else
			note "$d is without NCQ"
			[ "$split" -eq 0 ] || { echo "$d: without NCQ, and $split took the split"; return 1; }
		fi
	done
}

check "queued I/O on ${#DISKS[@]} disks at once" queued_io
check "every disk got its own data" side_by_side
check_split "every disk with NCQ took the split" all_split
finish
