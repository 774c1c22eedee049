#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The ready-made bpftrace programs attach, and print histograms of what happened
# meanwhile. ATA_SPLIT_TOOLS is where they are.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need bpftrace fio
[ "$DRIVER" = ahci_split ] || skip "$DRIVER has no such events"
[ -e /sys/kernel/btf/vmlinux ] || skip "needs CONFIG_DEBUG_INFO_BTF and BPF"
begin 4 disks

D=${DISKS[0]}
PORT=$(ata_of "$D")
TOOLS=${ATA_SPLIT_TOOLS:-$HERE/../tools}
[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing 2>/dev/null

# prints PROGRAM MAP=LEAST...: with I/O under way, each MAP has a histogram of our port
# with so many entries, at least. Some are missing: the kernel does not run a program
# that interrupts another one.
prints() {
	local program=$1 pid map least sum
	shift
	# An end by SIGINT has the time of -k, too: the probes go one by one, with a grace
	# period each.
	timeout -k 100 120 bpftrace "$TOOLS/$program" >"$TMP/bpftrace" 2>&1 &
	pid=$!
	at_exit "kill $pid 2>/dev/null"
	wait_until 60 grep -q '^Attaching' "$TMP/bpftrace" || { cat "$TMP/bpftrace"; return 1; }
	# It says so before it does so: reads enough for those that no probe sees yet.
	run_fio --name=bpftrace --filename="$D" --rw=randread --bs=4k --size=2m --iodepth=8 \
		--verify=0 --time_based --runtime=15
	kill -INT "$pid"
	wait "$pid"
	cat "$TMP/bpftrace"
	for map; do
		least=${map#*=} map=${map%=*}
		sum=$(awk -v map="@${map}[$PORT]:" '
			$0 ~ /^@/ { ours = $1 == map }
			ours && /@/ && match($0, /[0-9]+ \|/) { n += substr($0, RSTART, RLENGTH - 2) }
			END { print n + 0 }' "$TMP/bpftrace")
		[ "$sum" -ge "$least" ] || { echo "$map has $sum entries"; return 1; }
	done
}

# The fallback of "bench.sh --disk", on both drivers.
compares() {
	BENCH_LOADS=4k-qd32 BENCH_ROUNDS=1 BENCH_FIO=$TOOLS BENCH_TRACE=$TOOLS/hold-time.bt \
		"$TOOLS/pair-job.sh" >"$TMP/rows" 2>"$TMP/log"
	cat "$TMP/rows"
	for driver in ahci ahci_split; do
		grep -q "^row 4k-qd32/$driver/1 .* longest-ns=[1-9]" "$TMP/rows" || { cat "$TMP/log"; return 1; }
	done
}

check "build.bt: how long builds take" prints build.bt build_ns=400
check "hold.bt: how long the lock is held" prints hold.bt submit_ns=400 interrupt_ns=10
check "way.bt: where a command's time goes" prints way.bt \
	to_doorbell_ns=400 in_device_ns=400 completing_ns=400
check "hold-time.bt: how long either driver holds the lock" compares
finish
