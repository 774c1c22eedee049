# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For jobs of guests with one controller that is compared, $BDF: its ports and disks.

# of_port PORT PATTERN: what is below the port of that number, from 1
of_port() {
	local port
	for port in "/sys/bus/pci/devices/$BDF"/ata*; do
		[ "$(cat "/sys/class/ata_port/${port##*/}/port_no")" != "$1" ] || compgen -G "$port/$2"
	done
}

# All three of them, and their partitions have been looked for.
wait_for_disks() {
	local i
	for ((i = 0; i < 300; i++)); do
		[ "$(compgen -G "/sys/bus/pci/devices/$BDF/ata*/host*/target*/*/block/sd*" | wc -l)" -lt 3 ] || break
		sleep 0.2
	done
	sleep 3
}
