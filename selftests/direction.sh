#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands that read, with a buffer that is to be written from: what stock ahci answers,
# this driver answers. Since 6.12.118 libata refuses them (ABORTED COMMAND, data-in
# buffer error), as the pages may be read-only; before, the disk got them.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

[ "$DRIVER" = ahci_split ] || skip "this compares $DRIVER with itself"
need sg_raw
begin 3 all-disks disks
insert ahci 2>/dev/null || skip "there is no stock ahci to compare with"

# READ(10), READ(16), READ DMA EXT and READ SECTORS by ATA PASS-THROUGH(16), and
# INQUIRY, which libata answers itself.
COMMANDS="28 00 00 00 10 00 00 00 01 00
88 00 00 00 00 00 00 00 10 00 00 00 00 01 00 00
85 0d 0e 00 00 00 01 00 00 00 10 00 00 40 25 00
85 08 0e 00 00 00 01 00 00 00 10 00 00 40 20 00
12 00 00 00 60 00"

# answers DRIVER: to $TMP/DRIVER
answers() {
	local cdb disk
	bind_controller "$1" && wait_until 60 all_there || return
	disk=$(behind | head -n 1)
	wait_until 10 test -b "$disk" || return
	while read -r cdb; do
		echo "== $cdb"
		# shellcheck disable=SC2086 # bytes
		sg_raw -v -s 512 -i "$TMP/data" "$disk" $cdb 2>&1
		echo "exit status $?"
	done <<<"$COMMANDS" >"$TMP/$1"
}

both() {
	answers ahci && unbind_controller && answers ahci_split
}

# All were answered: good, or with the sense data of the refusal.
answered() {
	local refused
	refused=$(grep -c 'Additional sense: Data-in buffer error' "$TMP/ahci")
	[ "$(grep -c '^== ' "$TMP/ahci")" = 5 ] || return
	[ "$(grep -c '^exit status 0' "$TMP/ahci")" = $((5 - refused)) ] ||
		{ cat "$TMP/ahci"; return 1; }
	echo "# counted: $refused of 5 are refused by this kernel" >&3
}

exec 3>&1
head -c 512 /dev/urandom >"$TMP/data"
unbind_controller
at_exit "unbind_controller; bind_again; rmmod ahci 2>/dev/null"
check "both drivers answer" both
check "what stock ahci answers is known" answered
check "ahci_split answers the same" diff "$TMP/ahci" "$TMP/ahci_split"
finish
