#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The machine is restarted under full load, ROUNDS times, and this test with it: the
# disks know how often, and hold what was written before the first time. Only for
# machines that start it again (ATA_SPLIT_RESTART), and that do not come back from a
# panic, which would look the same. With the path of a kernel in ATA_SPLIT_KEXEC that
# kernel is started, with what is in the root file system now, by kexec: no firmware
# resets the controller in between.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

[ -n "${ATA_SPLIT_RESTART:-}" ] || skip "set ATA_SPLIT_RESTART where this test runs at each boot"
need fio reboot
begin 2 disks
[ "$(cat /proc/sys/kernel/panic)" -eq 0 ] || die "a panic would restart the machine as well"
KEXEC=${ATA_SPLIT_KEXEC:-}

D=${DISKS[0]}
RECORD=200				# MiB, where nobody else writes

# How often it was restarted; nothing at first.
restarts() {
	dd if="$D" bs=1M skip=$RECORD count=1 iflag=direct 2>/dev/null | tr -d '\0' |
		sed -n '1s/^restarted \([0-9]*\) times$/\1/p'
}

# On all disks, as their names may be others next time.
record() {
	local d
	for d in "${DISKS[@]}"; do
		echo "restarted $1 times" | dd of="$d" bs=1M seek=$RECORD conv=sync,fsync 2>/dev/null || return
	done
}

load_kernel() {
	(cd / && find . -xdev | cpio -o -H newc) >"$TMP/initrd" 2>"$TMP/cpio" ||
		{ cat "$TMP/cpio"; return 1; }
	"$HERE/kexec" load "$KEXEC" "$TMP/initrd" "$(cat /proc/cmdline)"
	rm "$TMP/initrd"
	[ "$(cat /sys/kernel/kexec_loaded)" = 1 ]
}

restart() {
	[ -z "$KEXEC" ] || load_kernel || return
	record "$1" && start_load "${DISKS[@]}" && sleep "0.$(($1 % 10))" || return
	echo "ata_split: restart $1" >/dev/kmsg
	if [ -n "$KEXEC" ]; then "$HERE/kexec" now; else reboot -f; fi
	sleep 60
}

N=$(restarts)
if [ -z "$N" ]; then
	for_all_disks write || die "cannot write"
	N=0
fi
for_all_disks check >"$TMP/data" 2>&1 || die "after $N restarts: $(cat "$TMP/data")"
[ "$N" -ge "$ROUNDS" ] || restart $((N + 1)) || die "cannot restart"
check "restarted $ROUNDS times under load" test "$(restarts)" -eq "$ROUNDS"
check "data is what it was" for_all_disks check
note "counted: $N restarts"
finish
