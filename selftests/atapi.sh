#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A CD-ROM drive: packet commands, which never take the split, their data and
# their sense data, alone and beside queued I/O on other ports.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio sg_raw sha256sum
CD=${ATA_SPLIT_CDROM:-}
[ -n "$CD" ] || skip "set ATA_SPLIT_CDROM to an ATAPI drive"
begin 6
[ -b "$CD" ] || die "ATA_SPLIT_CDROM: there is no drive $CD"
P=$(readlink -f "/sys/block/${CD##*/}")
P=${P%/ata*}
[ "$(driver_of "${P##*/}")" = "$DRIVER" ] || die "ATA_SPLIT_CDROM: $CD is not behind $DRIVER"

WANT=${ATA_SPLIT_CDROM_SHA256:-$(cdrom_pattern | sha256sum | cut -d' ' -f1)}

# whole BLOCKSIZE FLAGS
whole() {
	local sum
	sum=$(dd if="$CD" bs="$1" iflag="$2" status=none | sha256sum)
	[ "${sum%% *}" = "$WANT" ] || { echo "checksum is $sum, expected $WANT"; return 1; }
}

# READ(10), READ(12) of one sector, and the same through the block layer
packet_read() {
	local want
	want=$(dd if="$CD" bs=2048 skip=100 count=1 iflag=direct status=none | cksum)
	[ "$(sg_raw -R -b -r 2048 "$CD" 28 00 00 00 00 64 00 00 01 00 2>/dev/null | cksum)" = "$want" ] &&
		[ "$(sg_raw -R -b -r 2048 "$CD" a8 00 00 00 00 64 00 00 00 01 00 00 2>/dev/null | cksum)" = "$want" ]
}

# Sense key 5, illegal request, makes sg_raw exit with 5 or 9.
sense() {
	local rc=0
	sg_raw -R -b -r 2048 "$CD" 28 00 7f ff ff ff 00 00 01 00 >"$TMP/sense" 2>&1 || rc=$?
	grep -qi 'illegal request' "$TMP/sense" || { cat "$TMP/sense"; echo "exit status $rc"; return 1; }
	packet_read
}

beside_load() {
	local d jobs=(--name=none --ioengine=null --size=4k --rw=read)
	for d in ${ATA_SPLIT_DISKS:-}; do
		jobs+=("--name=${d##*/}" "--filename=$d" --ioengine=libaio --rw=randread --bs=4k
			--iodepth=32 --size=16m --time_based --runtime=6)
	done
	run_fio "${jobs[@]}" &
	sleep 2
	whole 1M direct && packet_read && wait $!
}

check "whole medium, 2 KiB at a time" whole 2048 direct
check "whole medium, read ahead" whole 64k fullblock
check "reads by packet command" packet_read
check "sense data of an impossible read" sense
check_split "sense data is not reported as an error" not grep -q 'registers, last commands' <(klog)
check "beside queued I/O" beside_load
finish
