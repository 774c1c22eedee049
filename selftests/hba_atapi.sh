#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# CD-ROM drives on an HBA of their own: one that does DMA of any length, one that has PIO
# only, and one that writes and wants the direction of DMA in the command. Data, sense data,
# media that change, and commands that fail, as on real drives and as QEMU's has them not.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio sg_raw sha256sum
[ -n "${ATA_SPLIT_DRIVES:-}" ] ||
	skip "set ATA_SPLIT_DRIVES to the controller with drives, and to the model's name"
# The drives' controller is not the one with the disks.
read -r BDF MODEL <<<"$ATA_SPLIT_DRIVES"
ATA_SPLIT_HBA=$(hba_port "$MODEL")
begin 27
errors_expected

DMA=0 PIO=1 WRITER=2 DISK=3
SIZE=$((1 << 20))
FIRST=(0 100000 200000)		# lines that the media begin with, see guests.sh

# The block device of what is on a port.
on_port() {
	local dev
	for dev in /sys/block/sr* /sys/block/sd*; do
		[[ $(readlink -f "$dev") = */$BDF/* ]] || continue
		! tr -d '\0' <"$dev/device/vpd_pg80" | grep -qa "HBA-$1 *\$" || { echo "/dev/${dev##*/}"; return; }
	done
	return 1
}

# Commands by this reach the drive as they are, and no open() of a block device comes before.
generic() {
	echo /dev/"$(ls "/sys/block/${1##*/}/device/scsi_generic")"
}

# lines FIRST BYTES: as the model has them on a medium
lines() {
	seq -f %031.0f "$1" $(($1 + $2 / 32 - 1))
}

sum() {
	sha256sum | cut -d' ' -f1
}

# holds DEVICE FIRST BYTES [BLOCKSIZE]: it has the lines from that one on
holds() {
	local is want
	want=$(lines "$2" "$3" | sum)
	is=$(dd if="$1" bs="${4:-64k}" iflag=direct 2>"$TMP/dd" | sum)
	[ "$is" = "$want" ] || { cat "$TMP/dd"; echo "checksum is $is, not $want"; return 1; }
}

# What libata has said of a drive, when it was found.
says() {
	dmesg | grep "ata$(ata_of "$1").00: ATAPI: MODEL HBA CD-ROM" | grep -q "$2"
}

each_says() {
	says "$CD0" 'max UDMA/100.*ATAPI AN$' && says "$CD1" 'max PIO4.*ATAPI AN$' &&
		says "$CD2" 'max UDMA/100.*ATAPI AN, DMADIR$' || { dmesg | grep ATAPI; return 1; }
}

# raw DEVICE BYTES CDB...: what comes back, on standard output
raw() {
	sg_raw -R -b -r "$2" "$(generic "$1")" "${@:3}" 2>"$TMP/raw" || { cat "$TMP/raw" >&2; return 1; }
}

# The first bytes of an answer are what they are in a longer one. CDB has @ for the length.
odd() {
	local n cdb
	for cdb in "12 00 00 00 @ 00" "5a 00 2a 00 00 00 00 00 @ 00 00 00"; do
		# shellcheck disable=SC2086 # words
		raw "$1" 64 ${cdb/@/40} >"$TMP/long"
		for n in 1 3 5 17 27; do
			# shellcheck disable=SC2086 # words
			raw "$1" $n ${cdb/@/$(printf %02x $n)} | cmp - <(head -c $n "$TMP/long") ||
				{ echo "$n bytes of $cdb"; return 1; }
		done
	done
}

# sense DEVICE TEXT CDB...: the command fails, and sg_raw says this of the sense data
sense() {
	! sg_raw -R -r 2048 "$(generic "$1")" "${@:3}" >"$TMP/sense" 2>&1 ||
		{ echo "it did not fail: ${*:3}"; return 1; }
	grep -qi "$2" "$TMP/sense" || { cat "$TMP/sense"; return 1; }
}

impossible() {
	sense "$1" 'invalid command operation code' ff 0 0 0 0 0 0 0 0 0 0 0 &&
		sense "$1" 'logical block address out of range' 28 0 0 1 0 0 0 0 1 0 &&
		sense "$1" 'invalid field in cdb' 12 01 b0 00 20 00
}

# A block that cannot be read, and its neighbours that can
unreadable() {
	local at=$1 rc=0
	hba bad $DMA "$at" && not_read "$at" &&
		sense "$CD0" 'l-ec uncorrectable error' 28 0 0 0 0 "$(printf %02x "$at")" 0 0 1 0 &&
		dd if="$CD0" of=/dev/null bs=2k skip=$((at + 1)) count=1 iflag=direct 2>&1 || rc=1
	hba bad $DMA none && holds "$CD0" 0 $SIZE && return $rc
}

not_read() {
	! dd if="$CD0" of=/dev/null bs=2k skip="$1" count=1 iflag=direct 2>"$TMP/dd" ||
		{ echo "it was read"; return 1; }
	medium_error "$TMP/dd"
}

# changes PORT DEVICE: another medium, and another size, is what is read afterwards.
changes() {
	hba eject "$1" && sense "$2" 'medium not present' 0 0 0 0 0 0 || return
	! dd if="$2" of=/dev/null bs=2k count=1 2>"$TMP/dd" || { echo "it was read"; return 1; }
	grep -q 'No medium found' "$TMP/dd" || { cat "$TMP/dd"; return 1; }
	hba insert "$1" 512K first=500000 && sense "$2" 'medium may have changed' 0 0 0 0 0 0 &&
		holds "$2" 500000 $((SIZE / 2)) && hba eject "$1" &&
		hba insert "$1" "$SIZE" "first=${FIRST[$1]}" && holds "$2" "${FIRST[$1]}" $SIZE
}

# Who has the drive open keeps the tray closed.
locked() {
	local held rc=0
	exec {held}<"$CD0"
	[ "$(hba eject $DMA)" = locked ] || { echo "it was not locked"; rc=1; }
	dd if="$CD0" of=/dev/null bs=2k count=1 iflag=direct 2>&1 || rc=1
	exec {held}<&-
	[ $rc -eq 0 ] && [ -z "$(hba eject $DMA)" ] && hba insert $DMA && holds "$CD0" 0 $SIZE
}

# By the host: START STOP UNIT.
tray() {
	sg_raw -R "$(generic "$CD0")" 1b 0 0 0 2 0 2>&1 &&
		sense "$CD0" 'medium not present' 0 0 0 0 0 0 &&
		sg_raw -R "$(generic "$CD0")" 1b 0 0 0 3 0 2>&1 && holds "$CD0" 0 $SIZE
}

silence() {
	local before
	before=$(hba stats)
	sleep 2
	[ "$(hba stats)" = "$before" ] || { echo "the HBA was not left alone"; return 1; }
}

# A change of media, and the uevent that tells of it although nobody polls.
notified() {
	local pid events=$TMP/events rc=1
	"$HERE/uevents" >"$events" 2>&1 &
	pid=$!
	at_exit "kill $pid 2>/dev/null"
	wait_until 10 grep -q listening "$events" && hba "$@" &&
		wait_until 20 grep -q 'SDEV_MEDIA_CHANGE=1' "$events" && rc=0
	kill $pid
	[ $rc -eq 0 ] || cat "$events"
	return $rc
}

# Written by a packet and through the block layer, and read back
writes() {
	lines 700000 2048 >"$TMP/block"
	sg_raw -s 2048 -i "$TMP/block" "$(generic "$CD2")" 2a 0 0 0 0 9 0 0 1 0 2>"$TMP/raw" ||
		{ cat "$TMP/raw"; return 1; }
	raw "$CD2" 2048 28 0 0 0 0 9 0 0 1 0 | cmp - "$TMP/block" || return
	lines 800000 262144 >"$TMP/blocks"
	dd if="$TMP/blocks" of="$CD2" bs=64k seek=1 oflag=direct conv=notrunc 2>&1 &&
		dd if="$CD2" bs=64k skip=1 count=4 iflag=direct 2>/dev/null | cmp - "$TMP/blocks"
}

# survives LINE: the drive is read over that, by a reader who notices nothing. A command
# with sense data is not among these: libata does not let it be tried again.
survives() {
	local rc=0
	set_attr "$CD0" device/timeout 5
	hba "$1" && holds "$CD0" 0 $SIZE || rc=1
	hba forget || rc=1
	return $rc
}

# fails ERROR TEXT: of the model's choosing; the sense key is the upper half of ERROR
fails() {
	local rc=0
	hba "when fetch port=$DMA packet=0x28 do error 0x$1" && sense "$CD0" "$2" 28 0 0 0 0 3 0 0 1 0 ||
		rc=1
	hba forget || rc=1
	return $rc
}

# A command of the drive's waits, and the disk beside it goes on.
held() {
	local reader rc=0
	hba hold $DMA || return
	holds "$CD0" 0 $SIZE >"$TMP/held" 2>&1 &
	reader=$!
	wait_until 30 waiting || { echo "the drive has no command"; rc=1; }
	run_fio --name=held "--filename=$SD" --rw=randread --bs=4k --iodepth=32 --number_ios=500 || rc=1
	waiting || { echo "the command did not wait"; rc=1; }
	hba resume $DMA && wait $reader || { cat "$TMP/held"; rc=1; }
	return $rc
}

waiting() {
	[ $(($(hba waiting $DMA))) -ne 0 ]
}

beside_load() {
	local rc=0
	start_load "$SD"
	holds "$CD0" 0 $SIZE && holds "$CD1" "${FIRST[1]}" $SIZE && impossible "$CD0" || rc=1
	load_ok && return $rc
}

gone() {
	[ ! -e "/sys/block/${CD0##*/}" ]
}

back() {
	CD0=$(on_port $DMA)
}

# Before anything has reset the link: for 10 s after that, later kernels with a power policy
# for it take the loss of the link for a part of the policy.
pulled() {
	hba unplug $DMA && wait_until 60 gone && hba plug $DMA && wait_until 60 back &&
		wait_until 10 test -b "$CD0" && holds "$CD0" 0 $SIZE
}

found() {
	CD0=$(on_port $DMA) && CD1=$(on_port $PIO) && CD2=$(on_port $WRITER) && SD=$(on_port $DISK)
}

# The driver then has only the FIS to tell a notification from queued commands.
without_register() {
	unbind_controller && hba cap -SSNTF && bind_controller "$DRIVER" && wait_until 60 found &&
		notified eject $DMA && notified insert $DMA && holds "$CD0" 0 $SIZE
}

wait_until 60 found || die "the drives are not there"
at_exit "hba forget; hba cap +SSNTF"
check "libata knows what each drive can do" each_says
check "a whole medium by DMA" holds "$CD0" 0 $SIZE
check "a whole medium by DMA, 2 KiB at a time" holds "$CD0" 0 $SIZE 2k
check "a whole medium by PIO" holds "$CD1" "${FIRST[1]}" $SIZE
check "a whole medium by DMA with DMADIR" holds "$CD2" "${FIRST[2]}" $SIZE
check "odd lengths by DMA" odd "$CD0"
check "odd lengths by PIO" odd "$CD1"
check "sense data, DMA" impossible "$CD0"
check "sense data, PIO" impossible "$CD1"
check "sense data, DMADIR" impossible "$CD2"
check "a block that cannot be read" unreadable 77
check "another medium, DMA" changes $DMA "$CD0"
check "another medium, PIO" changes $PIO "$CD1"
check "an open drive is locked" locked
check "the host opens and closes the tray" tray
check "nobody polls" silence
check "a medium that is taken out makes itself known" notified eject $DMA
check "so does one that is put in" notified insert $DMA
check "writes with DMADIR" writes
check "a command is held, the disk's go on" held
check "a drive is pulled and put back" pulled
check "a command is lost" survives "when fetch port=$DMA packet=0x28 nth=3 do drop"
check "interface fatal error" survives "when fetch port=$DMA packet=0x28 nth=3 do fatal 0x08000000"
check "a sense key of the model's choosing" fails 40 'hardware error'
check "another" fails b4 'aborted command'
check "drives beside a disk under load" beside_load
check "notifications without the register for them" without_register
finish
