#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Interrupts: with a vector for each port, a disk's completions come by its own and by no
# other; with fewer vectors than ports, or one, or none, all by the first.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 6 disks

# Interrupts of each vector since power on, as the HBA counts them.
raised() {
	hba stats | sed 's/.*irqs=//' | tr ',' ' '
}

# How many handlers Linux has: one for each vector in use.
handlers() {
	grep -cE "$DRIVER|ahci" /proc/interrupts
}

expected_handlers() {
	local n
	n=$(handlers)
	note "$n interrupts"
	case ${ATA_SPLIT_VECTORS:-one} in
	ports) [ "$n" -ge ${#DISKS[@]} ] ;;
	*) [ "$n" -eq 1 ] ;;
	esac
}

# Reads on one disk. Its port's vector counts them, and the others stand still, but for
# the few that are late from what was before.
one_disk() {
	local disk=$1 own before after i
	own=$(port_of "$disk")
	[ "${ATA_SPLIT_VECTORS:-one}" = ports ] || own=0
	read -ra before <<<"$(raised)"
	run_fio --name=one --filename="$disk" --rw=randread --bs=4k --iodepth=8 --number_ios=400 ||
		return
	read -ra after <<<"$(raised)"
	for ((i = 0; i < ${#after[@]}; i++)); do
		n=$((after[i] - before[i]))
		[ "$i" -ne "$own" ] || [ $n -ge 20 ] || { echo "vector $i: only $n"; return 1; }
		[ "$i" -eq "$own" ] || [ $n -le 5 ] || { echo "vector $i of another port: $n"; return 1; }
	done
}

each_disk() {
	local d
	for d in "${DISKS[@]}"; do
		one_disk "$d" || return
	done
}

# An interrupt without a cause is nobody's, and the next is not missed.
spurious() {
	local i
	for ((i = 0; i < 50; i++)); do
		hba irq "$(port_of "${DISKS[0]}")" || return
	done
	one_disk "${DISKS[0]}"
}

# One with each command that the HBA fetches, while that and others are in flight.
spurious_under_load() {
	local port rc=0
	port=$(port_of "${DISKS[0]}")
	hba delay 500 2000 && hba "when fetch port=$port do irq $port" || return
	start_load "${DISKS[0]}" "${DISKS[1]}"
	wait_until 120 more_requests "${DISKS[0]}" $(($(requests "${DISKS[0]}") + 300)) ||
		{ echo "fewer than 300 commands"; rc=1; }
	load_ok || rc=1
	hba forget && hba delay 0 0 || rc=1
	return $rc
}

# Interrupts on any processor.
moved() {
	local irq mask
	for mask in 2 1 3; do
		while read -r irq; do
			echo $mask >"/proc/irq/$irq/smp_affinity" 2>/dev/null
		done < <(sed -nE "s/^ *([0-9]+):.*($DRIVER|ahci).*/\1/p" /proc/interrupts)
		one_disk "${DISKS[0]}" || return
	done
}

check "as many interrupts as there should be" expected_handlers
check "each disk has its own" each_disk
check "interrupts without a cause" spurious
check "and under load" spurious_under_load
check "interrupts move to other processors" moved
check "all disks at once" load 3 "${DISKS[@]}"
finish
