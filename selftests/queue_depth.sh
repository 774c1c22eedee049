#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# All tags, from one to all of them at a time, submitted from one CPU and from
# several: a tag used twice, lost, or completed before its time shows as wrong
# data or as a hang.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 4 disks

D=${DISKS[0]}
DEPTH=$(attr "$D" device/queue_depth)
at_exit "set_attr $D device/queue_depth $DEPTH"

# depths JOBS: as many jobs, each in a region of its own
depths() {
	local qd
	for qd in 1 2 8 32; do
		run_fio --name=qd --filename="$D" --rw=randwrite --bs=4k --size=1m --numjobs="$1" \
			--offset_increment=8m --iodepth=$qd --cpus_allowed="0-$(($(nproc) - 1))" \
			--cpus_allowed_policy=split --verify=crc32c --verify_backlog=64 ||
			{ echo "at depth $qd"; return 1; }
	done
}

# The device's own depth, so that the tags run out before the load does.
few_tags() {
	local qd
	for qd in 2 32; do
		set_attr "$D" device/queue_depth $qd &&
			[ "$(attr "$D" device/queue_depth)" -eq $qd ] || return
		run_fio --name=tags --filename="$D" --rw=randwrite --bs=8k --size=3m --iodepth=64 \
			--verify=crc32c || { echo "at $qd tags"; return 1; }
	done
}

many_threads() {
	FIO_LIMIT=60 run_fio --name=threads --filename="$D" --ioengine=psync --rw=randrw --bs=4k \
		--size=256k --numjobs=40 --offset_increment=2m --verify=crc32c
}

check "one job, depths 1 to 32" depths 1
check "4 jobs on all CPUs, depths 1 to 32" depths 4
check "fewer tags than requests" few_tags
check "more threads than tags" many_threads
finish
