#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk is pulled under load and put back; a link goes and comes. Who used that disk gets
# errors and no hang; who uses another notices nothing. What was written is there again.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 6 all-disks disks
errors_expected
[ ${#DISKS[@]} -ge 2 ] || skip "needs two disks"
OTHER=${DISKS[0]}
D=${DISKS[1]}
PORT=$(port_of "$D")
AREA=(67108864 4194304)		# out of the load's way

gone() {
	[ ! -e "/sys/block/${D##*/}" ]
}

# It may have another name.
back() {
	local d
	for d in $(behind); do
		[ "$(port_of "$d")" != "$PORT" ] || [ ! -b "$d" ] || { D=$d; return; }
	done
	return 1
}

# Reads and writes on the disk while COMMAND pulls it: they end, with an error.
pulled() {
	local fio
	fio "${FIO[@]}" --name=pulled "--filename=$D" --rw=randrw --bs=4k --iodepth=32 --size=16m \
		--time_based --runtime=100 >"$TMP/pulled" 2>&1 &
	fio=$!
	wait_until 30 more_requests "$D" $(($(requests "$D") + 100)) || return
	hba unplug "$PORT" || return
	wait_until 60 gone || { echo "the disk is still there"; return 1; }
	wait $fio && { echo "fio got no error"; return 1; }
	grep -q 'No such device\|Input/output error\|error=' "$TMP/pulled" ||
		{ cat "$TMP/pulled"; return 1; }
}

put_back() {
	hba plug "$PORT" && wait_until 60 back
}

pull_and_put_back() {
	local i
	for ((i = 0; i < ROUNDS; i++)); do
		pulled && put_back || return
	done
}

# The link drops and returns faster than anybody looks; the disk is the same.
flaps() {
	hba flap "$PORT" "$1" && wait_until 60 back && wait_until 60 settled
}

settled() {
	"$HERE/dio" check "$D" 77 "${AREA[@]}"
}

check "data is written" "$HERE/dio" dsync "$D" 77 "${AREA[@]}"
start_load "$OTHER"
check "pulled and put back $ROUNDS times under load" pull_and_put_back
check "data is what it was" settled
check "the link flaps once" flaps 1
check "the link flaps 300 times" flaps 300
check "the other disk's load" load_ok
finish
