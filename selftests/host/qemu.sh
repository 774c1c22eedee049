#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The QEMU that is unpacked for the guests: it starts, with nothing of the machine's own,
# and it has the device. "make news" asks this of newer packages, which may need others.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# The libraries, of those that the loader lists, that are not in ROOT.
foreign() {
	sed -n 's/.* => \([^ ]*\) (.*/\1/p' | grep -vF "$ROOT/"
}

log=$BUILD/host/qemu.out
mapfile -t QEMU < <("$QEMU_DIR/qemu.sh" 2>"$log")
[ ${#QEMU[@]} -gt 4 ] || { cat "$log"; bad "QEMU is not to be had"; exit 1; }
ROOT=${QEMU[0]%/usr/lib/*}

if "${QEMU[0]}" "${QEMU[@]:1:3}" --list "${QEMU[4]}" >"$log" 2>&1 && ! foreign <"$log"; then
	good "$(grep -c '=>' "$log") libraries, all of the set"
else
	cat "$log"
	bad "it needs a package that is not in pins"
fi
if "${QEMU[@]}" -nodefaults -device vfio-user-pci,help >"$log" 2>&1 && grep -q 'socket=' "$log"; then
	good "$("${QEMU[@]}" --version | head -n 1) has vfio-user-pci"
else
	cat "$log"
	bad "no vfio-user-pci"
fi
exit $BAD
