#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The modules can be loaded and unloaded any number of times, with controller
# and without, leave nothing behind, and take no controller they were not given.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 7 all-disks disks idle-driver
# The partition scan of a new disk that goes away meanwhile.
errors_expected

# The stock driver takes a controller by itself if it may.
unload_idle() {
	local override=
	[ "$DRIVER" = ahci_split ] || override=none
	unbind_controller
	echo "$override" >"$PCI/devices/$BDF/driver_override"
	unload_driver
}

takes_nothing() {
	local i
	for ((i = 0; i < 11 * ROUNDS; i++)); do
		load_driver || return
		echo "$BDF" >"$PCI/drivers_probe"
		if [ -n "$(bound)" ]; then
			echo "round $i: bound by itself: $(bound)"
			return 1
		fi
		unload_driver || return
	done
}

# Disks come up or not, as the time between load and unload allows.
with_controller() {
	local i
	for ((i = 0; i < ROUNDS; i++)); do
		load_driver && bind_controller "$DRIVER" || return
		if ((i % 2)); then
			wait_until 60 all_there || { echo "round $i: disks are missing"; return 1; }
		else
			sleep "0.$((i % 10))"
		fi
		unload_driver || return
	done
}

nothing_left() {
	! grep -Hw "$DRIVER" /proc/interrupts /proc/iomem /proc/ioports /proc/modules ||
		return 1
	[ ! -e /sys/kernel/debug/ata_split ] || { echo "debugfs directory is left"; return 1; }
	[ -z "$(behind)" ] || { echo "disks are left: $(behind)"; return 1; }
	[ ! -e "$PCI/devices/$BDF/driver" ]
}

# Whoever uses a disk holds the module.
busy() {
	start_load "${DISKS[@]}"
	rmmod "$DRIVER" 2>"$TMP/rmmod" && { echo "it could be unloaded"; return 1; }
	load_ok
}

# As soon as nobody uses the disks, which is when they got their errors.
unload_busy() {
	unbind_controller
	exec {held}<&-
	unload_driver
}

load_again() {
	load_driver && bind_again
}

usable() {
	local d
	load_driver && bind_again || return
	for d in "${DISKS[@]}"; do
		"$HERE/dio" write "$d" $$ 1048576 1048576 &&
			"$HERE/dio" check "$d" $$ 1048576 1048576 || return
	done
}

check "modules unload" unload_idle
check "$((11 * ROUNDS)) times without controller" takes_nothing
check "$ROUNDS times with controller" with_controller
check "nothing is left behind" nothing_left
check "controller works afterwards" usable
check "no unloading under load" busy
check "unbind, unload and load $ROUNDS times under load" away_and_back unload_busy load_again
finish
