#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The whole controller goes away under full load, in good order or by surprise, and
# comes back with its disks, which hold what was written before. The callers get
# errors, not hangs. After a surprise all registers read ones, there is no DMA and no
# interrupt: in a slot whose power may be switched that is done by switching it, and
# elsewhere by not letting the controller answer any more.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio setpci
begin 5 all-disks disks
errors_expected
SLOT=${ATA_SPLIT_SLOT:-}

remove() {
	echo 1 >"$PCI/devices/$BDF/remove"
	[ ! -e "$PCI/devices/$BDF" ]
}

# PCIe, Slot Control: power controller off, but the indicator left on, as QEMU takes
# both together for leave to unplug. PCI, Command: neither memory nor DMA.
power_off() {
	if [ -n "$SLOT" ]; then
		setpci -s "$SLOT" CAP_EXP+18.w=0400:0400
	else
		setpci -s "$BDF" COMMAND=0000:0006
	fi
}

power_on() {
	[ -z "$SLOT" ] || setpci -s "$SLOT" CAP_EXP+18.w=0000:0400
}

# The driver is left alone with that for a moment before it is told.
surprise() {
	power_off || return
	sleep 1
	remove
}

give_back() {
	power_on
	echo 1 >"$PCI/rescan"
	[ -d "$PCI/devices/$BDF" ] && bind_again
}

check "data is written" for_all_disks write
check "removed and found again $ROUNDS times under load" away_and_back remove give_back
check "gone by surprise $ROUNDS times under load" away_and_back surprise give_back
# Once more with nobody looking, for the disks to get their first names again.
check "disks are back" rebind
check "data is what it was" for_all_disks check
finish
