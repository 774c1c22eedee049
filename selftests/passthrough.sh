#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands that cannot be queued (IDENTIFY, SMART, flush, PIO and DMA reads by
# passthrough) come in the middle of queued ones, so each
# makes libata hold back the others. They must answer as on an idle disk, and
# the load must not notice.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio hdparm smartctl sg_raw sg_sat_identify sg_turs sg_sync
begin 5 disks

D=${DISKS[0]}
FAR=134217728
"$HERE/dio" write "$D" 1 $FAR 4096

# What is read by passthrough from where no load is: READ SECTORS (PIO),
# READ DMA EXT. LBA 40000h.
pio_read() {
	sg_raw -b -r 512 "$D" 85 08 0e 00 00 00 01 00 00 00 00 00 04 40 20 00 2>/dev/null
}

dma_read() {
	sg_raw -b -r 512 "$D" 85 0d 0e 00 00 00 01 00 00 00 00 00 04 40 25 00 2>/dev/null
}

# Whatever the disk answers, it must answer so again: the output if it does not
# change from one time to the next, and the exit status.
answers() {
	local c
	for c in "sg_sat_identify -r $D" "hdparm -C $D" "hdparm --Istdout $D" "sg_turs $D" "sg_sync $D" pio_read dma_read; do
		echo "$c: $($c 2>&1 | cksum; echo "${PIPESTATUS[0]}")"
	done
	for c in "smartctl -i $D" "smartctl -H $D" "smartctl -A $D" "smartctl -l error $D"; do
		$c >/dev/null 2>&1
		echo "$c: $?"
	done
}

right_data() {
	local want
	want=$(dd if="$D" bs=512 skip=$((FAR / 512)) count=1 iflag=direct status=none | cksum)
	[ "$(pio_read | cksum)" = "$want" ] && [ "$(dma_read | cksum)" = "$want" ]
}

under_load() {
	local i
	start_load "$D"
	for ((i = 0; i < 4; i++)); do
		answers >"$TMP/busy"
		loading || break
		diff "$TMP/idle" "$TMP/busy" || return
	done
}

answers >"$TMP/idle"
BEFORE=$(counter core_passthrough "$D")
check "passthrough reads the right data" right_data
check "answers under load are those of an idle disk" under_load
check "queued I/O did not notice" load_ok
check_split "passthrough took the core" test "$(counter core_passthrough "$D")" -gt "$BEFORE"
check "passthrough reads the right data still" right_data
finish
