#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads on stock ahci and on ahci_split in turn, in a guest or on a real machine.
# The controller ends up with the driver that it had. Results are lines
# "row LOAD/DRIVER/ROUND KEY=VALUE...".
#
#   BENCH_LOADS     names of loads, see load()
#   BENCH_ROUNDS    pairs of runs
#   BENCH_FIO       folder of the job files
#   BENCH_TRACE     a bpftrace program that says how long the lock is held, if any;
#                   it slows the loads down
#   BENCH_PORTS     ports whose disks are used, all if empty; only "neighbour"
#                   writes, to the second disk
#   BENCH_VECTORS   how many interrupt vectors a driver must have, if set
#   ATA_SPLIT_CONTROLLER

set -euo pipefail
exec 5>&1 1>&2
BDF=$ATA_SPLIT_CONTROLLER
export RUNTIME=${BENCH_RUNTIME:-2}

# Sets FOUND to the disks, in the order of their ports.
look_for_disks() {
	local path ata
	FOUND=()
	for path in /sys/bus/pci/devices/"$BDF"/ata*/host*/target*/*/block/*; do
		[ -b "/dev/${path##*/}" ] || continue
		ata=${path#*/"$BDF"/} ata=${ata%%/*}
		ata=$(cat "/sys/class/ata_port/$ata/port_no")
		case " ${BENCH_PORTS:-$ata} " in
		*" $ata "*) FOUND[ata]=/dev/${path##*/} ;;
		esac
	done
	FOUND=(${FOUND[@]+"${FOUND[@]}"})
}

# take DRIVER
take() {
	local i disk irqs
	case $1 in
	ahci_split) splitctl bind "$BDF" ;;
	ahci) splitctl unbind "$BDF" ;;
	esac
	has "$1" || { echo "$1 did not take $BDF"; exit 1; }
	for ((i = 0; i < 600; i++)); do
		look_for_disks
		[ ${#FOUND[@]} -lt "$N_DISKS" ] || break
		sleep 0.1
	done
	[ ${#FOUND[@]} -eq "$N_DISKS" ] || { echo "${#FOUND[@]} disks of $N_DISKS"; exit 1; }
	irqs=(/sys/bus/pci/devices/"$BDF"/msi_irqs/*)
	[ ${#irqs[@]} -eq "${BENCH_VECTORS:-${#irqs[@]}}" ] ||
		{ echo "$1 has ${#irqs[@]} vectors of $BENCH_VECTORS"; exit 1; }
	for disk in "${FOUND[@]}"; do
		echo none >"/sys/block/${disk##*/}/queue/scheduler"
	done
}

# fio_run DISKS BLOCK-SIZE DEPTH JOBS
fio_run() {
	DISKS=$1 BS=$2 DEPTH=$3 JOBS=$4 \
		fio "$BENCH_FIO/load.fio" --output=/tmp/fio --output-format=terse --terse-version=3
}

load() {
	case $1 in
	4k-qd1) fio_run "${FOUND[0]}" 4k 1 1 ;;
	4k-qd32) fio_run "${FOUND[0]}" 4k 32 1 ;;
	128k-qd32) fio_run "${FOUND[0]}" 128k 32 1 ;;
	all-disks-4k-qd32) fio_run "$(IFS=:; echo "${FOUND[*]}")" 4k 32 "$(nproc)" ;;
	neighbour)
		DISKS=${FOUND[0]} OTHER=${FOUND[1]} \
			fio "$BENCH_FIO/neighbour.fio" --output=/tmp/fio --output-format=terse \
				--terse-version=3 ;;
	*) echo "no such load: $1"; return 1 ;;
	esac
}

# Jiffies that were not idle, in microseconds.
busy() {
	awk '/^cpu / { print 1e4 * ($2 + $3 + $4 + $7 + $8) }' /proc/stat
}

# What fio says of the job "load", and how busy all CPUs were.
figures() {
	awk -F ';' -v busy="$1" '
		$3 != "load" { next }
		{
			for (i = 18; i <= 37; i++) {
				split($i, p, "%=")
				at[p[1]] = p[2]
			}
			ios = $8 * $9 / 1000
			printf "iops=%d MB/s=%.2f p50/us=%d p99/us=%d p99.9/us=%d cpu-us/io=%.2f",
				$8, $7 / 1000, at["50.000000"], at["99.000000"], at["99.900000"],
				ios ? busy / ios : 0
		}' /tmp/fio
}

# The port locks' line of lock_stat, per I/O of any of fio's jobs.
locks() {
	awk -v ios="$(awk -F ';' '{ n += ($8 * $9 + $49 * $50) / 1000 } END { print n }' /tmp/fio)" '
		$1 == "&host->lock:" || $1 == "ata_split_port:" {
			printf " acquisitions=%f contended=%f wait=%f hold-max=%f hold-avg=%f",
				$9 / ios, 100 * $3 / $9, $6 / ios, $11, $13
		}' /proc/lock_stat
}

begin_trace() {
	: >/tmp/trace
	bpftrace "$BENCH_TRACE" >/tmp/trace &
	TRACE_PID=$!
	# It says that it attaches its probes before it does so.
	for ((i = 0; i < 600; i++)); do
		! grep -q '^Attaching' /tmp/trace || break
		kill -0 "$TRACE_PID" || { echo "bpftrace does not start"; exit 1; }
		sleep 0.1
	done
	sleep 5
}

end_trace() {
	# It does not listen as long as it attaches its probes.
	while [ -n "$TRACE_PID" ] && kill -INT "$TRACE_PID" 2>/dev/null; do
		sleep 5
	done
	TRACE_PID=
}

# held DRIVER: what the program says of it.
held() {
	awk -v driver="$1" '
		$1 == "@" driver "_submit:" { submit = $5 }
		$1 == "@" driver "_interrupt:" { interrupt = $5 }
		$1 == "@" driver "_longest:" { longest = $2 }
		END {
			printf " submit-ns=%d interrupt-ns=%d longest-ns=%d", submit, interrupt, longest
			exit !(submit && interrupt)
		}' /tmp/trace || { cat /tmp/trace >&2; return 1; }
}

# run LOAD DRIVER ROUND
run() {
	local before after stat=''
	[ ! -e /proc/lock_stat ] || echo 0 >/proc/lock_stat
	[ -z "${BENCH_TRACE:-}" ] || begin_trace
	before=$(busy)
	load "$1"
	after=$(busy)
	[ ! -e /proc/lock_stat ] || stat=$(locks)
	if [ -n "${BENCH_TRACE:-}" ]; then
		end_trace
		stat+=$(held "$2")
	fi
	echo "row $1/$2/$3 $(figures $((after - before)))$stat" >&5
}

has() {
	[ -e "/sys/bus/pci/drivers/$1/$BDF" ]
}

# shellcheck disable=SC2317 # called by the trap
restore() {
	end_trace
	has "$FIRST" || take "$FIRST"
}

echo "fact kernel=$(uname -r)" >&5
[ ! -e /proc/lock_stat ] || echo "fact kernel of lock_stat=$(uname -r)" >&5
look_for_disks
N_DISKS=${#FOUND[@]}
[ "$N_DISKS" -gt 0 ] || { echo "no disks behind $BDF"; exit 1; }
modprobe ahci
FIRST=ahci TRACE_PID=
! has ahci_split || FIRST=ahci_split
trap restore EXIT
[ ! -e /proc/lock_stat ] || echo 1 >/proc/sys/kernel/lock_stat
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	turn=$round
	for load in $BENCH_LOADS; do
		# In turn the first: what runs second may find the machine otherwise.
		drivers="ahci ahci_split"
		[ $((turn++ % 2)) = 1 ] || drivers="ahci_split ahci"
		for driver in $drivers; do
			has "$driver" || take "$driver"
			run "$load" "$driver" "$round"
		done
	done
done
