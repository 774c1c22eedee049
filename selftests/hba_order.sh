#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 32 commands are in flight, and complete one by one in order of their tags, backwards, in
# an order of chance, and several in one FIS. Each is told apart by what was read. And they
# wait for a flush.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 7 disks
D=${DISKS[0]}
PORT=$(port_of "$D")
DEPTH=$(attr "$D" device/queue_depth)
ALL=$((DEPTH == 32 ? 0xffffffff : (1 << DEPTH) - 1))

JOB=(--name=order "--filename=$D" --bs=4k --size=8m --iodepth=64 --verify=crc32c)

# Reads that are compared with what was written, more than the disk takes at a time.
reads() {
	run_fio "${JOB[@]}" --rw=randread --number_ios=2000
}

full() {
	[ $(($(hba waiting "$PORT") & ALL)) -eq $ALL ]
}

# in_order MASK...: fill the disk, complete those, let the rest go
in_order() {
	local mask fio rc=0
	hba hold "$PORT" || return
	reads >"$TMP/reads" 2>&1 &
	fio=$!
	wait_until 30 full || { echo "waiting: $(hba waiting "$PORT")"; rc=1; }
	for mask; do
		[ $rc -ne 0 ] || hba release "$PORT" "$mask" || rc=1
	done
	hba resume "$PORT" || rc=1
	wait $fio || { cat "$TMP/reads"; rc=1; }
	return $rc
}

# One bit for each tag, in the order of the tags given.
bits() {
	local tag
	for tag; do
		printf '0x%x ' $((1 << tag))
	done
}

ascending() {
	seq 0 $((DEPTH - 1))
}

# shellcheck disable=SC2046 # words
by() {
	in_order $(bits $("$@"))
}

pairs() {
	local i masks=()
	for ((i = 0; i + 1 < DEPTH; i += 2)); do
		masks+=("$(printf '0x%x' $((3 << i)))")
	done
	in_order "${masks[@]}"
}

flushing() {
	[ "$(hba waiting "$PORT")" != 0x00000000 ]
}

counts() {
	echo "built $(counter built "$D") refused_deferred $(counter refused_deferred "$D")"
}

more_deferred() {
	[ "$(counter core_deferred "$D")" -gt "$1" ]
}

# While the disk executes a flush, reads wait for it, and none of them is built in vain.
behind_flush() {
	local before deferred flush fio rc=0
	hba "when fetch port=$PORT op=0xe7 nth=1 do hold" || return
	"$HERE/dio" flush "$D" >"$TMP/flush" 2>&1 &
	flush=$!
	wait_until 30 flushing || { echo "no flush"; rc=1; }
	before=$(counts)
	deferred=$(counter core_deferred "$D")
	reads >"$TMP/reads" 2>&1 &
	fio=$!
	wait_until 30 more_deferred "$deferred" || { echo "no read came"; rc=1; }
	[ "$(counts)" = "$before" ] || { echo "$before, then $(counts)"; rc=1; }
	hba forget && hba resume "$PORT" || rc=1
	wait $flush || { cat "$TMP/flush"; rc=1; }
	wait $fio || { cat "$TMP/reads"; rc=1; }
	return $rc
}

check "blocks are written" run_fio "${JOB[@]}" --rw=write --do_verify=0
check "in order of the tags" by ascending
check "backwards" by eval 'ascending | sort -rn'
check "in an order of chance" by eval 'ascending | shuf'
check "two in a FIS" pairs
check "all in one FIS" in_order "$(printf '0x%x' $ALL)"
check_split "what waits for a flush is not built" behind_flush
finish
