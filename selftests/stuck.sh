#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A port that is to be suspended, and whose command engine does not stop, is frozen under
# its lock (lockdep), and reset. The other ports go on.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 3 disks
errors_expected

# Runtime PM suspends a port without a device as soon as it may.
for PORT_DIR in "$PCI/devices/$BDF"/ata*; do
	compgen -G "$PORT_DIR/host*/target*" >/dev/null || EMPTY=${PORT_DIR##*/}
done
[ -n "${EMPTY:-}" ] || die "no port without a device"
NR=$(($(cat "/sys/class/ata_port/$EMPTY/port_no") - 1))

# libata complains when a port is resumed that could not be suspended: the PM core was
# not told. Nothing else may be complained of.
klog_clean() {
	local bad
	klog >"$TMP/klog.test" || { cat "$TMP/klog.test"; return 1; }
	bad=$(grep -E 'WARNING:|BUG:|Oops|possible|inconsistent' "$TMP/klog.test" |
		grep -vE 'WARNING: .*(ata_scsi_port_error_handler|ata_eh_handle_port_resume)')
	[ -z "$bad" ] || { cat "$TMP/klog.test"; return 1; }
}

said() {
	klog | grep -q "$1"
}

# PxCMD.CR reads as set, whatever is written. What the driver writes is noted with that.
stuck() {
	hba lie $((0x118 + 0x80 * NR)) 0xffffffff 0x8000 100000 || return
	at_exit "hba honest"
	echo auto >"$PCI/devices/$BDF/$EMPTY/power/control"
	wait_until 20 said "$EMPTY: failed to stop engine" || { klog; return 1; }
	hba honest
}

back() {
	echo on >"$PCI/devices/$BDF/$EMPTY/power/control"
	[ "$(cat "$PCI/devices/$BDF/$EMPTY/power/runtime_status")" = active ]
}

check "a port cannot be suspended" stuck
check "it is resumed" back
check "a disk on another port answers" load 4 "${DISKS[0]}"
finish
