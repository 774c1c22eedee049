#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A sector that cannot be read fails the request that wants it and no other:
# what else is under way on that disk completes, with its data, and the port
# goes on afterwards.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio sg_raw
D=${ATA_SPLIT_BAD_DISK:-}
LBA=${ATA_SPLIT_BAD_LBA:-}
[ -n "$D" ] && [ -n "$LBA" ] ||
	skip "set ATA_SPLIT_BAD_DISK to a disk that may be destroyed, ATA_SPLIT_BAD_LBA to its bad sector"
ATA_SPLIT_DISKS=$D
begin 8 disks
errors_expected

# The first MiB behind the one with the bad sector.
SAFE=$(((LBA * 512 / 1048576 + 1) * 1048576))
HOST=$(readlink -f "/sys/block/${D##*/}/device/../..")
HCTL=$(basename "$(readlink -f "/sys/block/${D##*/}/device")")

# Each of several sizes, of which one sector is bad.
bad_read() {
	local n out
	for n in 1 8 64; do
		out=$("$HERE/dio" check "$D" 0 $((LBA / n * n * 512)) $((n * 512)) 2>&1) && return 1
		[[ $out = *"Input/output error"* ]] || { echo "$n sectors: $out"; return 1; }
	done
}

neighbours() {
	"$HERE/dio" write "$D" 3 $(((LBA - 8) * 512)) 4096 && "$HERE/dio" check "$D" 3 $(((LBA - 8) * 512)) 4096 &&
		"$HERE/dio" write "$D" 3 $(((LBA + 8) * 512)) 4096 && "$HERE/dio" check "$D" 3 $(((LBA + 8) * 512)) 4096
}

# The failing read again and again in the middle of verified I/O.
among_others() {
	run_fio --name=others --filename="$D" --offset=$SAFE --rw=randwrite --bs=4k --size=4m \
		--iodepth=31 --verify=crc32c --verify_backlog=64 --time_based --runtime=8 >"$TMP/others" 2>&1 &
	LOAD_PID=$!
	wait_until 60 more_requests "$D" $(($(requests "$D") + 100))
	loading || echo "too late"
	while loading; do
		bad_read || return
		sleep 0.3
	done
	wait $LOAD_PID || { cat "$TMP/others"; return 1; }
}

# What the disk said is what the caller gets: UNC is a medium error, ABRT alone
# an aborted command.
right_sense() {
	local rc=0 want='Aborted Command' status=11
	klog >"$TMP/sense"
	! grep -q 'error: {.*UNC' "$TMP/sense" || { want='Medium Error'; status=3; }
	grep -q "Sense Key : $want" "$TMP/sense" ||
		{ grep 'Sense\|error:' "$TMP/sense"; echo "no sense '$want'"; return 1; }
	# READ(10) of the sector by SG_IO: the exit status is the sense key's
	sg_raw -r 512 "$D" 28 00 "$(byte 3)" "$(byte 2)" "$(byte 1)" "$(byte 0)" 00 00 01 00 \
		>"$TMP/sg" 2>&1 || rc=$?
	[ $rc -eq $status ] || { cat "$TMP/sg"; echo "exit status $rc instead of $status"; return 1; }
}

byte() {
	printf %02x $(((LBA >> (8 * $1)) & 255))
}

# Nothing but the bad sector is to be complained of.
only_that_sector() {
	local n bad=0
	for n in $(klog | sed -n 's/.*I\/O error, dev .*, sector \([0-9]*\) .*/\1/p'); do
		((LBA - 64 < n && n <= LBA)) || { echo "I/O error at sector $n"; bad=1; }
	done
	return $bad
}

# libata may have switched NCQ off after so many errors; a new device has it.
new_device() {
	set_attr "$D" device/delete 1
	wait_until 10 test ! -e "/sys/class/scsi_device/$HCTL" || return
	echo "- - -" >"$HOST/scsi_host/${HOST##*/}/scan"
	wait_until 20 test -e "/sys/class/scsi_device/$HCTL/device/block" || return
	D=/dev/$(basename "/sys/class/scsi_device/$HCTL/device/block"/*)
	wait_until 10 test -b "$D"
}

port_goes_on() {
	run_fio --name=after --filename="$D" --offset=$SAFE --rw=randwrite --bs=16k --size=4m \
		--iodepth=32 --verify=crc32c
}

check "reading the bad sector is an I/O error" bad_read
check "its neighbours are good" neighbours
check "I/O under way is not harmed" among_others
check "sense data tells what the disk said" right_sense
check "no other sector failed" only_that_sector
check "port goes on" port_goes_on
check "disk can be removed and found again" new_device
check "port goes on with the new device" port_goes_on
finish
