#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stock ahci is the oracle down to the registers: from probe to unbind, through
# resets, errors and suspend to RAM, both drivers write the same values to the same
# registers in the same order, as QEMU's log has it; and to PCI configuration space.
# Doorbells are not compared, as tags differ, and what they bring is in the command
# FISes (see fuzz.sh); nor are BARs and MSI messages, which are the PCI core's.

# The kernel is Debian's own, whatever is tested.
unset KERNEL VARIANT
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

REGISTERS=$HOST/registers
OUT=$BUILD/host/registers

# record DRIVER: what the driver writes, in OUT/DRIVER
record() {
	local said
	said=$("$QEMU_DIR/guest.sh" "$KIT" "registers-$1" "$REGISTERS/job.sh" 2>&1 | tail -n 1)
	[ "${said% }" = 'ok guest' ] || { echo "$1: ${said#not_ok }; log: $KIT/guest-registers-$1"; return 1; }
	cp "$KIT/guest-registers-$1/qemu.log" "$OUT/$1"
}

# seen WHAT SCRIPT: would it be noticed?
seen() {
	noticed "$@" "$OUT/ahci_split" "$REGISTERS/compare.py" "$OUT/ahci"
}

mkdir -p "$OUT"
KIT=$("$QEMU_DIR/prepare.sh" "$(production_series)" distro)
record ahci >"$OUT/failed" &
record ahci_split || BAD=1
wait $! || { BAD=1; cat "$OUT/failed"; }
[ $BAD = 0 ] || exit 1

"$REGISTERS/compare.py" "$OUT/ahci" "$OUT/ahci_split" || BAD=1
seen "PxSERR of port 1 that is not cleared" '/@ 0x1b0: /d'
seen "another PxIE" 's/0x000000007840007f/0x000000006840007f/'
seen "capabilities that are not restored" '/@ 0x0: /d'
seen "ports that are not enabled (PCS)" '/ 00:08.0 @0x92 /d'
seen "bus mastering that stays on" 's/ 00:08.0 @0x4 <- 0x103$/ 00:08.0 @0x4 <- 0x107/'
seen "a COMRESET with the engine running" '/@ 0x118: 0x000000000000c010/d'
exit $BAD
