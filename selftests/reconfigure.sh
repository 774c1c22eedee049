#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What an administrator may do to a disk while it is busy: change its queue
# depth (which switches NCQ off and on), its scheduler, the number of its
# requests, scan its host, remove it and have it found again.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 7 disks all-disks

D=${DISKS[0]}
HOST=$(readlink -f "/sys/block/${D##*/}/device/../..")
HCTL=$(basename "$(readlink -f "/sys/block/${D##*/}/device")")

depth() {
	local i
	for ((i = 0; i < 30; i++)); do
		set_attr "$D" device/queue_depth 1 && sleep "0.0$((i % 10))" &&
			set_attr "$D" device/queue_depth 32 || return
		sleep 0.1
	done
	[ "$(attr "$D" device/queue_depth)" -eq 32 ]
}

schedulers() {
	local s
	for s in $(attr "$D" queue/scheduler | tr -d '[]') none mq-deadline none; do
		set_attr "$D" queue/scheduler "$s" || return
		set_attr "$D" queue/nr_requests 16 2>/dev/null
		sleep 0.5
	done
}

scan() {
	local i
	for ((i = 0; i < 10; i++)); do
		echo "- - -" >"$HOST/scsi_host/${HOST##*/}/scan" || return
	done
	is_behind "${D##*/}"
}

# change COMMAND: under load, which must not notice
change() {
	start_load "$D"
	"$@" || { stop_load; return 1; }
	load_ok
}

# The device is gone for the load, which gets errors, and comes back.
remove() {
	local i load
	for ((i = 0; i < 3; i++)); do
		FIO_LIMIT=60 run_fio --name=gone --filename="$D" --rw=randrw --bs=4k --iodepth=32 \
			--size=16m --time_based --runtime=100 >/dev/null 2>&1 &
		load=$!
		wait_until 30 more_requests "$D" $(($(requests "$D") + 50))
		set_attr "$D" device/delete 1
		wait $load && { echo "fio got no error"; return 1; }
		[ $? -ne 124 ] || { echo "fio hung"; return 1; }
		echo "- - -" >"$HOST/scsi_host/${HOST##*/}/scan"
		wait_until 20 test -e "/sys/class/scsi_device/$HCTL/device/block" || return
		D=/dev/$(basename "/sys/class/scsi_device/$HCTL/device/block"/*)
		wait_until 10 test -b "$D" || return
	done
}

check "data is written" "$HERE/dio" write "$D" 6 67108864 8388608
check "queue depth 1 and 32 in turns, under load" change depth
check "schedulers under load" change schedulers
check "scan under load" change scan
errors_expected
check "remove under load and scan, 3 times" remove
check "data is what it was" "$HERE/dio" check "$D" 6 67108864 8388608
check "queued I/O afterwards" load 4 "$D"
finish
