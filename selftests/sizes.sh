#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Requests of every size and layout in memory: scatter lists of one entry, of
# as many as the controller takes and of more; buffers that start anywhere a
# buffer may start. What was written in one layout is read in another, and no
# byte beside the buffer may change.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 7 disks

D=${DISKS[0]}
LBS=$(attr "$D" queue/logical_block_size)
STEP=$(($(attr "$D" queue/dma_alignment 2>/dev/null || echo 511) + 1))
MAX_SEGMENTS=$(attr "$D" queue/max_segments)
SECTORS_KB=$(attr "$D" queue/max_sectors_kb)
SCHEDULER=$(attr "$D" queue/scheduler | sed 's/.*\[\(.*\)\].*/\1/')
at_exit "set_attr $D queue/max_sectors_kb $SECTORS_KB; set_attr $D queue/scheduler $SCHEDULER"
set_attr "$D" queue/max_sectors_kb "$(attr "$D" queue/max_hw_sectors_kb)"
set_attr "$D" queue/scheduler none

AT=0
SEED=$$

# both LENGTH [PIECE [SKEW [GAP]]]: write so and read plainly, write plainly and read so
both() {
	local length=$1
	AT=$(((AT + 36 * 1048576) % (128 * 1048576) + LBS))
	SEED=$((SEED + 1))
	"$HERE/dio" write "$D" $SEED $AT "$@" && "$HERE/dio" check "$D" $SEED $AT "$length" || return
	SEED=$((SEED + 1))
	"$HERE/dio" write "$D" $SEED $AT "$length" && "$HERE/dio" check "$D" $SEED $AT "$@"
}

powers() {
	local kb
	for ((kb = 4; kb <= 32768; kb *= 2)); do
		both $((kb * 1024)) || { echo "at $kb KiB"; return 1; }
	done
}

odd_sizes() {
	local n
	for n in 1 7 9 15 127 129 255 257 2047 2049 16383; do
		both $((n * LBS)) || { echo "at $n blocks"; return 1; }
	done
}

odd_offsets() {
	local skew
	for skew in "$STEP" $((4096 - STEP)) 512 1024 2560 3584; do
		((skew % STEP == 0)) || continue
		both 4096 4096 "$skew" && both 65536 65536 "$skew" && both 1048576 1048576 "$skew" ||
			{ echo "at byte $skew of a page"; return 1; }
	done
}

segments() {
	local n
	for n in 1 2 3 167 168 169 336 1000; do
		both $((n * LBS)) "$LBS" 0 "$LBS" || { echo "at $n pieces"; return 1; }
	done
}

wide_segments() {
	local n
	for n in 2 84 168 169 504; do
		both $((n * 4096)) 4096 512 4096 && both $((n * 8192)) 8192 3584 1024 ||
			{ echo "at $n pieces"; return 1; }
	done
}

writes() {
	attr "$D" stat | awk '{ print $5 }'
}

# requests PIECES: how many requests a write of so many pieces became
requests() {
	local before
	before=$(writes)
	"$HERE/dio" write "$D" 1 0 $(($1 * LBS)) "$LBS" 0 "$LBS" || return
	echo $(($(writes) - before))
}

# Otherwise the tests above tested less than they say.
longest_list() {
	[ "$MAX_SEGMENTS" -eq 168 ] || { echo "max_segments is $MAX_SEGMENTS"; return 1; }
	[ "$(requests 168)" = 1 ] || { echo "168 pieces were not one request"; return 1; }
	[ "$(requests 169)" = 2 ]
}

mixed() {
	run_fio --name=mixed --filename="$D" --rw=randwrite --bsrange="$LBS-512k" --blockalign="$LBS" \
		--iodepth=16 --size=24m --verify=crc32c --iomem_align=512
}

check "4 KiB to 32 MiB" powers
check "odd numbers of blocks" odd_sizes
check "odd buffer offsets" odd_offsets
check "1 to 1000 pieces of one block" segments
check "pieces across page boundaries" wide_segments
check "168 segments are one request" longest_list
check "all sizes at once" mixed
finish
