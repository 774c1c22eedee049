#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Plain reads and writes take the split, and nothing else does: the counters
# move by what was asked for, as the block layer counts it.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio sg_raw
[ "$DRIVER" = ahci_split ] || skip "$DRIVER has no counters"
begin 6 disks

D=${DISKS[0]}

# share RW: more than 99 % of the block layer's reads and writes took the split
share() {
	local asked split
	asked=$(requests "$D")
	split=$(counter split "$D")
	run_fio --name=share --filename="$D" --rw="$1" --bssplit=4k/80:64k/20 --size=5m --iodepth=32 \
		--numjobs=2 --offset_increment=8m --verify=0 || return
	asked=$(($(requests "$D") - asked))
	split=$(($(counter split "$D") - split))
	echo "$1: $split of $asked requests took the split"
	echo "# $1: $split of $asked requests took the split" >&3
	[ "$asked" -gt 500 ] && [ $((split * 100)) -gt $((asked * 99)) ] && [ "$split" -le $((asked + 8)) ]
}

# moves COUNTER BY COMMAND...: the counter goes up by at least so much, and nothing is split
moves() {
	local name=$1 by=$2 before split
	shift 2
	before=$(counter "$name" "$D")
	split=$(counter split "$D")
	"$@" || return
	[ "$(counter "$name" "$D")" -ge $((before + by)) ] ||
		{ echo "$name: $before, now $(counter "$name" "$D")"; return 1; }
	[ "$(counter split "$D")" -eq "$split" ] || { echo "split moved as well"; return 1; }
}

# FLUSH only: nothing is written, so nothing is split.
flush() {
	local i
	for ((i = 0; i < 20; i++)); do
		sync "$D" || return
	done
}

identify() {
	local i
	for ((i = 0; i < 20; i++)); do
		sg_raw -r 512 "$D" 85 08 0e 00 00 00 01 00 00 00 00 00 00 00 ec 00 >/dev/null 2>&1 || return
	done
}

exec 3>&1
check "random reads take the split" share randread
check "random writes take the split" share randwrite
check "mixed reads and writes take the split" share randrw
if [ "$(attr "$D" queue/write_cache)" = "write back" ]; then
	check "flushes are the core's" moves core_command 20 flush
else
	ktap_test_skip "flushes are the core's (the disk has no write cache)"
fi
check "passthrough is the core's" moves core_passthrough 20 identify
check "nothing was lost on the way" accounted
finish
