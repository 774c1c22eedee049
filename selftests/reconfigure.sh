#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What an administrator may do to a disk while it is busy: change its queue
# depth (which switches NCQ off and on), its scheduler, the number of its
# requests, scan its host, which resets the link, remove it and have it found again;
# take CPUs away, and move the interrupt from one to another.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 9 disks all-disks

D=${DISKS[0]}
HOST=$(readlink -f "/sys/block/${D##*/}/device/../..")
HCTL=$(basename "$(readlink -f "/sys/block/${D##*/}/device")")

depth() {
	local i
	for ((i = 0; i < 8 * ROUNDS; i++)); do
		set_attr "$D" device/queue_depth 1 && sleep "0.0$((i % 10))" &&
			set_attr "$D" device/queue_depth 32 || return
		sleep 0.1
	done
	[ "$(attr "$D" device/queue_depth)" -eq 32 ]
}

schedulers() {
	local i s
	for ((i = 0; i < ROUNDS; i++)); do
		for s in $(attr "$D" queue/scheduler | tr -d '[]'); do
			set_attr "$D" queue/scheduler "$s" || return
			set_attr "$D" queue/nr_requests 16 2>/dev/null
			sleep 0.2
		done
	done
	set_attr "$D" queue/scheduler none
}

scan() {
	local i
	for ((i = 0; i < 3 * ROUNDS; i++)); do
		echo "- - -" >"$HOST/scsi_host/${HOST##*/}/scan" || return
	done
	is_behind "${D##*/}"
}

# Each CPU but the first, in turn.
cpus() {
	local i cpu
	for ((i = 0; i < ROUNDS; i++)); do
		for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
			echo 0 >"$cpu" && sleep 0.2 && echo 1 >"$cpu" || return
		done
	done
}

# The interrupts of the controller: its messages, or its line.
irqs() {
	local irq
	for irq in "$PCI/devices/$BDF"/msi_irqs/*; do
		[ ! -e "$irq" ] || basename "$irq"
	done
	[ -d "$PCI/devices/$BDF/msi_irqs" ] || cat "$PCI/devices/$BDF/irq"
}

affinity() {
	local i irq
	for ((i = 0; i < 4 * ROUNDS; i++)); do
		for irq in $(irqs); do
			echo $((i % $(nproc))) >"/proc/irq/$irq/smp_affinity_list" || return
		done
		sleep 0.1
	done
	for irq in $(irqs); do
		echo "0-$(($(nproc) - 1))" >"/proc/irq/$irq/smp_affinity_list"
	done
}

# change COMMAND: under load, which must not notice
change() {
	start_load "$D"
	"$@" || { stop_load; return 1; }
	load_ok
}

# The device is gone for the load, which gets errors, and comes back.
remove() {
	local i load
	for ((i = 0; i < ROUNDS; i++)); do
		FIO_LIMIT=60 run_fio --name=gone --filename="$D" --rw=randrw --bs=4k --iodepth=32 \
			--size=16m --time_based --runtime=100 >/dev/null 2>&1 &
		load=$!
		wait_until 30 more_requests "$D" $(($(requests "$D") + 50))
		set_attr "$D" device/delete 1
		wait $load && { echo "fio got no error"; return 1; }
		[ $? -ne 124 ] || { echo "fio hung"; return 1; }
		echo "- - -" >"$HOST/scsi_host/${HOST##*/}/scan"
		wait_until 20 test -e "/sys/class/scsi_device/$HCTL/device/block" || return
		D=/dev/$(basename "/sys/class/scsi_device/$HCTL/device/block"/*)
		wait_until 10 test -b "$D" || return
	done
}

check "data is written" "$HERE/dio" write "$D" 6 67108864 8388608
check "queue depth 1 and 32 in turns, under load" change depth
check "schedulers under load" change schedulers
check "scan under load" change scan
if [ -e /sys/devices/system/cpu/cpu1/online ]; then
	check "CPUs go off-line and on-line under load" change cpus
else
	ktap_test_skip "CPUs go off-line and on-line under load (there is only one)"
fi
check "interrupt moves from CPU to CPU under load" change affinity
errors_expected
check "remove under load and scan, $ROUNDS times" remove
check "data is what it was" "$HERE/dio" check "$D" 6 67108864 8388608
check "queued I/O afterwards" load 4 "$D"
finish
