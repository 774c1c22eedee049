#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Disks of other kinds: with zones, with more than 2 TiB, with queued TRIM and NCQ priority.
#
# ATA_SPLIT_MEDIA is the PCI address of the HBA hba3, which has at its ports: 0 a host-managed
# disk that manages its zones by queued commands, 1 one that does not, 2 a disk of 3 TiB, 3 a
# disk with queued TRIM and priority, 4 and 5 disks with command duration limits, which end
# commands as successful and as errors.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
[ -n "${ATA_SPLIT_MEDIA:-}" ] || skip "needs an HBA with disks of other kinds"
need fio blkdiscard blkzone
ATA_SPLIT_HBA=$(hba_port hba3)
BDF=$ATA_SPLIT_MEDIA
begin 15
errors_expected

MIB=1048576
TIB=$((MIB * MIB))
ZONE=$((4 * MIB))

disk() {
	D=$(disk_at "$1")
}

zones() {
	disk "$1" && [ "$(attr "$D" queue/zoned)" = host-managed ] &&
		[ "$(attr "$D" queue/nr_zones)" -eq 32 ] &&
		[ "$(attr "$D" queue/chunk_sectors)" -eq $((ZONE / 512)) ] &&
		[ "$(blkzone report "$D" | grep -c 'SEQ_WRITE_REQUIRED')" -eq 30 ]
}

# Many zones at once, each in order; what is written over is reset before.
written() {
	disk "$1" && run_fio --name=zones --filename="$D" --zonemode=zbd --max_open_zones=6 \
		--offset=$((2 * ZONE)) --size=$((16 * ZONE)) --io_size=$((24 * ZONE)) --rw=randwrite \
		--bssplit=4k/60:64k/40 --iodepth=16 --verify=crc32c --verify_backlog=256
}

wp_of() {
	blkzone report -o $(($1 / 512)) -c 1 "$D" | sed 's/.*wptr 0x\([0-9a-f]*\) .*/0x\1/'
}

# A write that is not at the write pointer fails, and the zone is as it was.
out_of_order() {
	local zone=$((20 * ZONE))
	disk "$1" && "$HERE/dio" write "$D" 1 $zone 65536 || return
	! "$HERE/dio" write "$D" 2 $((zone + 131072)) 4096 || return
	! "$HERE/dio" write "$D" 2 $zone 4096 || return
	[ $(($(wp_of $zone))) -eq 128 ] && "$HERE/dio" check "$D" 1 $zone 65536 &&
		"$HERE/dio" write "$D" 3 $((zone + 65536)) 4096
}

managed() {
	local zone=$((21 * ZONE / 512))
	disk "$1" && blkzone open -o $zone -c 1 "$D" && blkzone finish -o $zone -c 1 "$D" &&
		blkzone report -o $zone -c 1 "$D" | grep -q '(fu)' &&
		blkzone reset -o $zone -c 1 "$D" && [ $(($(wp_of $((21 * ZONE))))) -eq 0 ]
}

# The same place in each 2 TiB, and the last sectors
large() {
	local core
	disk 2 && core=$(counter core_lba "$D") || return
	"$HERE/dio" write "$D" 1 $((TIB / 2)) 65536 && "$HERE/dio" write "$D" 2 $((TIB * 5 / 2)) 65536 &&
		"$HERE/dio" write "$D" 3 $((3 * TIB - 65536)) 65536 || return
	"$HERE/dio" check "$D" 1 $((TIB / 2)) 65536 && "$HERE/dio" check "$D" 2 $((TIB * 5 / 2)) 65536 &&
		"$HERE/dio" check "$D" 3 $((3 * TIB - 65536)) 65536 &&
		[ "$(counter core_lba "$D")" -eq "$core" ]
}

large_under_load() {
	disk 2 && run_fio --name=large --filename="$D" --offset=$((TIB * 5 / 2 - 4 * MIB)) --size=8m \
		--rw=randwrite --bs=4k --iodepth=32 --verify=crc32c
}

high() {
	local answer
	answer=$(hba priorities 3) && echo "${answer#*high=}"
}

urgent_reads() {
	run_fio --name=urgent --filename="$D" --rw=randread --bs=4k --iodepth=8 --size=1m --prioclass=1
}

# as_priority ENABLED WANTED: of 256 reads of real-time class so many have high priority
as_priority() {
	local before n
	before=$(high)
	set_attr "$D" device/ncq_prio_enable "$1" && urgent_reads || return
	n=$(($(high) - before))
	[ $n -eq "$2" ] || { echo "$n of 256 reads, $2 wanted"; return 1; }
}

# Neighbours must not become one read.
priority() {
	local rc=0
	disk 3 && set_attr "$D" queue/nomerges 2 || return
	as_priority 0 0 && as_priority 1 256 && as_priority 0 0 || rc=1
	set_attr "$D" queue/nomerges 0 && return $rc
}

held_trim() {
	[ "$(hba waiting 3)" != 0x00000000 ]
}

# While the disk is busy with a TRIM, reads go on: it is a queued command.
trim() {
	local trim rc=0
	disk 3 && "$HERE/dio" write "$D" 5 0 $((8 * MIB)) &&
		hba "when fetch port=3 op=0x64 nth=1 do hold" || return
	blkdiscard -f -o $((2 * MIB)) -l $((4 * MIB)) "$D" &
	trim=$!
	wait_until 30 held_trim || { echo "no queued TRIM"; rc=1; }
	"$HERE/dio" check "$D" 5 0 $((2 * MIB)) || rc=1
	hba forget && hba resume 3 || rc=1
	wait $trim || rc=1
	"$HERE/dio" check "$D" 5 $((6 * MIB)) $((2 * MIB)) || rc=1
	! "$HERE/dio" check "$D" 5 $((2 * MIB)) 4096 || { echo "not trimmed"; rc=1; }
	return $rc
}

# A command that would take longer than its limit ends when that is over; one without a limit
# takes its time. Kernels before 6.5 know nothing of it.
limits() {
	local rc=0 error
	disk "$1" || return
	if [ ! -e "/sys/block/${D##*/}/device/cdl_supported" ]; then
		error=0
	else
		[ "$(attr "$D" device/cdl_supported)" = 1 ] && set_attr "$D" device/cdl_enable 1 || return
		error=1
	fi
	"$HERE/dio" write "$D" 1 0 4096 && hba delay 40000 40000 || return
	"$HERE/dio" check "$D" 1 0 4096 || rc=1
	"$HERE/dio" check:7 "$D" 1 0 4096 || rc=1
	"$HERE/dio" check:2 "$D" 1 0 4096 >"$TMP/limit" 2>&1
	[ $? -eq $error ] && { [ $error -eq 0 ] || grep -q 'Timer expired' "$TMP/limit"; } ||
		{ cat "$TMP/limit"; rc=1; }
	hba delay 0 0 && "$HERE/dio" check:2 "$D" 1 0 4096 || rc=1
	return $rc
}

wait_until 60 disk_at 5 >/dev/null
for port in 0 1; do
	check "port $port: zones" zones $port
	check "port $port: written in order" written $port
	check "port $port: out of order" out_of_order $port
	check "port $port: open, finish, reset" managed $port
done
check "more than 2 TiB" large
check "more than 2 TiB, under load" large_under_load
check "priority" priority
check "queued TRIM" trim
check "limits, success without data" limits 4
check "limits, errors" limits 5
check "queued I/O afterwards" large_under_load
finish
