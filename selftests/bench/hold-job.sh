#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest: run the rows of the instruction table on each driver. Results are
# lines "row LABEL KEY=VALUE..."; what the plugin counted for LABEL is in QEMU's
# log.

set -euo pipefail
exec 5>&1 1>&2
BDF=$ATA_SPLIT_CONTROLLER
DISK=
MARK=/guest/mark

# The sections, each with the functions that it consists of in any driver: all that
# take the port lock on the way of a command must be named. What a kernel or driver
# does not have is left out.
SUBMIT="ata_scsi_queuecmd ata_split_start ata_split_commit"
INTERRUPT="ahci_single_level_irq_intr ahci_single_edge_irq_intr
	ahci_multi_irqs_intr_hard ata_split_complete_begin ata_split_complete_end"
# All of the code that is a driver's, of whichever driver.
DRIVERS="libata libahci ahci ata_split ahci_split"
LOCKS="_raw_spin_lock _raw_spin_lock_irq _raw_spin_lock_irqsave"
UNLOCKS="_raw_spin_unlock _raw_spin_unlock_irq _raw_spin_unlock_irqrestore"

# NAME -> what bench calls a driver with its module parameters
declare -A ATA_SPLIT_PARAMS=([ahci_split-off]=split=0)
declare -A AHCI_SPLIT_PARAMS=([ahci_split-hostlock]=host_lock=1)

# symbols FUNCTION...: address, and that of whatever follows
symbols() {
	awk -v want="$*" '
		BEGIN { n = split(want, names); for (i in names) wanted[names[i]] }
		# Modules are not in the order of their addresses.
		$2 ~ /^[tTwW]$/ { at[++count] = $1 }
		$2 ~ /^[tT]$/ && $3 in wanted { start[$1]; end[$1] = "g" }
		END {
			for (i = 1; i <= count; i++)
				for (s in start)
					if (at[i] > s && at[i] < end[s]) end[s] = at[i]
			for (s in start) print s, end[s]
		}' /proc/kallsyms
}

# code_of MODULE...: the addresses of each module's functions
code_of() {
	awk -v want="$*" '
		BEGIN { n = split(want, names); for (i in names) wanted["[" names[i] "]"] }
		$2 !~ /^[tTwW]$/ { next }
		{ at[++count] = $1 }
		$4 in wanted {
			if (!($4 in start) || $1 < start[$4]) start[$4] = $1
			if ($1 > last[$4]) last[$4] = $1
		}
		END {
			for (m in start) {
				end = "ffffffffffffffff"
				for (i = 1; i <= count; i++)
					if (at[i] > last[m] && at[i] < end) end = at[i]
				print start[m], end
			}
		}' /proc/kallsyms
}

# What the plugin must know, anew after modules were loaded.
tell_plugin() {
	local lines=(forget)
	mapfile -t -O 1 lines < <(
		# shellcheck disable=SC2086 # words
		{
			symbols $LOCKS | sed 's/ .*//; s/^/lock /'
			symbols $UNLOCKS | sed 's/ .*//; s/^/unlock /'
			echo section submit
			symbols $SUBMIT | sed 's/^/function /'
			echo section interrupt
			symbols $INTERRUPT | sed 's/^/function /'
			code_of $DRIVERS | sed 's/^/driver /'
		})
	"$MARK" "${lines[@]}"
}

release() {
	[ ! -e "/sys/bus/pci/devices/$BDF/driver" ] ||
		echo "$BDF" >"/sys/bus/pci/devices/$BDF/driver/unbind"
	for module in ahci_split ata_split; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module"
	done
}

find_disk() {
	local i path
	for ((i = 0; i < 300; i++)); do
		for path in /sys/bus/pci/devices/"$BDF"/ata*/host*/target*/*/block/*; do
			[ ! -b "/dev/${path##*/}" ] || { DISK=/dev/${path##*/}; return; }
		done
		sleep 0.1
	done
	return 1
}

# take NAME: the driver, freshly loaded, on the controller
take() {
	local driver=${1%%-*}
	release
	if [ "$driver" = ahci_split ]; then
		# shellcheck disable=SC2086 # a parameter or none
		modprobe ata_split ${ATA_SPLIT_PARAMS[$1]:-}
		# shellcheck disable=SC2086
		modprobe ahci_split ${AHCI_SPLIT_PARAMS[$1]:-}
	else
		modprobe "$driver"
	fi
	echo "$driver" >"/sys/bus/pci/devices/$BDF/driver_override"
	echo "$BDF" >/sys/bus/pci/drivers_probe
	find_disk
	echo none >"/sys/block/${DISK##*/}/queue/scheduler"
	tell_plugin
}

# Memory no two pages of which are neighbours, so that each is a segment: every
# second page of what comes out of the page allocator in a row, once odd pages that
# lay around are used up.
make_scattered() {
	awk -v pages="$1" '
		function add(file) { printf "%s", page >file; fflush(file) }
		BEGIN {
			page = sprintf("%4096s", "")
			for (i = 0; i < 1000; i++)
				add("/dev/shm/gaps")
			for (i = 0; i < pages; i++) {
				add("/dev/shm/scattered")
				add("/dev/shm/gaps")
			}
		}'
}

# One page more than a request may have segments takes two requests, if each
# is one.
check_scattered() {
	local before
	before=$(requests)
	run_fio 676k scattered 1 1 10
	[ $(($(requests) - before)) = 20 ] || { echo "the memory is not scattered"; exit 1; }
}

requests() {
	awk '{ print $1 }' "/sys/block/${DISK##*/}/stat"
}

# run_fio SIZE MEMORY DEPTH BATCH IOS
run_fio() {
	local iomem=shmhuge engine=libaio
	case $2 in
	scattered)
		# fio removes the file that it is given.
		ln -f /dev/shm/scattered /dev/shm/run
		iomem=mmapshared:/dev/shm/run ;;
	ring) engine=io_uring ;;
	esac
	DISK=$DISK BS=$1 DEPTH=$3 BATCH=$4 IOS=$5 IOMEM=$iomem \
		fio /guest/hold.fio --section=$engine --output=/tmp/fio --output-format=terse --terse-version=3
}

# row DRIVER SIZE MEMORY DEPTH BATCH IOS
row() {
	local label=$BENCH_MODE/$1/$2-$3/qd$4-$5 before
	before=$(requests)
	"$MARK" begin
	run_fio "${@:2}"
	"$MARK" "end $label"
	echo "row $label ios=$6 requests=$(($(requests) - before)) iops=$(cut -d ';' -f 8 /tmp/fio)" >&5
}

echo "fact kernel=$(uname -r)" >&5
echo 24 >/proc/sys/vm/nr_hugepages
make_scattered $((32 * 168 + 1))
for driver in $BENCH_DRIVERS; do
	take "$driver"
	# All of the scattered memory once, as its first use is dearer.
	run_fio 512k scattered 42 1 84
	[ "$BENCH_MODE" != direct ] || check_scattered
	while read -r size memory depth batch ios; do
		row "$driver" "$size" "$memory" "$depth" "$batch" "$ios"
	done <<<"$BENCH_ROWS"
done
release
modprobe ata_split
modprobe ahci_split
