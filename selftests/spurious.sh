#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Interrupts that are not ours, on a line that the controller shares with QEMU's edu
# device: thousands of them, idle and under load. ATA_SPLIT_EDU is the PCI address
# of that device.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

[ -n "${ATA_SPLIT_EDU:-}" ] || skip "set ATA_SPLIT_EDU to a device that can be told to interrupt"
need fio setpci taskset
begin 4 disks
EDU=$PCI/devices/$ATA_SPLIT_EDU
echo 1 >"$EDU/enable"
at_exit 'echo 0 >"$EDU/enable"'
IRQ=$(cat "$PCI/devices/$BDF/irq")
[ "$(cat "$EDU/irq")" = "$IRQ" ] || skip "$ATA_SPLIT_EDU has a line of its own"

# Nobody's handler calms that device: this does, from a CPU that is not kept busy by it.
echo 0 >"/proc/irq/$IRQ/smp_affinity_list"
setpci -s "$ATA_SPLIT_EDU" COMMAND=0002:0402

# Up and down again. One may hide behind another.
pulses() {
	taskset -c 1 "$HERE/poke" "$EDU/resource0" 1000 0x60 1 0x64 1
}

seen() {
	awk -v irq="$IRQ:" '$1 == irq { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n }' \
		/proc/interrupts
}

# interrupts NUMBER: as many, at least
interrupts() {
	local end=$((SECONDS + 100)) before
	before=$(seen)
	while [ $(($(seen) - before)) -lt "$1" ]; do
		[ $SECONDS -lt $end ] || { echo "only $(($(seen) - before)) interrupts"; return 1; }
		pulses || return
	done
}

under_load() {
	local rc=0
	start_load "${DISKS[@]}"
	interrupts 1000 || rc=1
	load_ok || rc=1
	return $rc
}

check "the two share a line" grep -q "^ *$IRQ:.*${DRIVER}" /proc/interrupts
check "interrupts that are not ours" interrupts 1000
check "and under load" under_load
check "the line is still there" load 4 "${DISKS[0]}"
finish
