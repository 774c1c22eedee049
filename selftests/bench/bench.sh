#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make bench" and "make bench-full": stock ahci against ahci_split, on the same
# kernel and the same disks. Results are in build/bench: bench.json with every
# run, bench.md and pictures.
#
#   bench.sh quick|full
#   bench.sh --disk /dev/sdX      on this machine, without QEMU; only reads
#
# KERNEL is a series, VARIANT "distro" for Debian's own kernel, which is the
# default, or a test kernel (see kernel.sh).

# shellcheck source=selftests/bench/lib.sh
. "$(dirname "$0")/lib.sh"

# Size, memory, queue depth, batch, number of I/Os. Scattered memory is one segment
# for each page; 168 is as many as AHCI drivers take. "ring" is huge pages by io_uring.
ROWS="4k huge 1 1 500
64k huge 1 1 100
512k huge 1 1 50
128k scattered 1 1 100
672k scattered 1 1 50
4k huge 32 1 960
4k huge 32 8 960
4k huge 32 32 960
4k ring 32 1 960
4k ring 32 32 960
64k huge 32 1 128
512k huge 32 1 64
128k scattered 32 1 96
672k scattered 32 1 64"

# rows_of MODE: with slow, devices answer when the guest has nothing else to do, which
# only shows at depth; with the others at once. Bounce buffers hold 256 KiB of a request
# at most. Behind an IOMMU QEMU's AHCI cannot read a PRD table that crosses a page: some
# tags' would with more than 8 entries, which is 512 KiB when the IOMMU merges to 64 KiB.
rows_of() {
	case $1 in
	direct) echo "$ROWS" ;;
	slow) grep '^4k [a-z]* 32' <<<"$ROWS" ;;
	swiotlb) sed 's/^512k /256k /; s/^672k /256k /' <<<"$ROWS" ;;
	iommu | viommu) echo "${ROWS//672k/512k}" ;;
	esac
}

# Small and large, one disk and all, and one who must wait for his neighbour.
LOADS="4k-qd1 4k-qd32 128k-qd32 all-disks-4k-qd32 neighbour"

# pair KIND KIT GUEST ROUNDS LOADS: loads on both drivers in turn
pair() {
	export BENCH_ROUNDS=$4 BENCH_LOADS=$5
	guest "$2" "$3" "$BENCH/pair-job.sh"
	"$BENCH/report.py" add "$OUT" "$1"
}

full() {
	pair pair "$1" pair-2 12 "$LOADS"
	pair vectors "$1" vectors 12 "all-disks-4k-qd32 neighbour"
	pair lock_stat "$("$QEMU_DIR/prepare.sh" "$KERNEL" lockstat)" pair-4 3 "$LOADS"
}

finish() {
	"$BENCH/report.py" report "$OUT"
	cat "$OUT/bench.md"
	say "$SECONDS s; every run: $OUT/bench.json; pictures: $OUT/*.svg"
}

in_qemu() {
	local kit mode modes="direct slow swiotlb iommu"
	"$QEMU_DIR/deps.sh" build guest bench
	build_tools
	kit=$("$QEMU_DIR/prepare.sh" "$KERNEL" "$VARIANT")
	begin_results qemu="$(qemu_version)"
	# Not every kernel has a driver for QEMU's own IOMMU.
	! grep -qa virtio-iommu "$kit"/*modules.cpio || modes+=" viommu"
	for mode in $modes; do
		hold "$kit" "$mode" "ahci ahci_split ahci_split-off ahci_split-hostlock" \
			"$(rows_of "$mode")"
	done
	[ "$1" = quick ] || full "$kit"
	finish
}

# Nobody can open a disk exclusively that somebody else has mounted, as swap, or
# as part of another device, or a partition of it.
idle() {
	python3 -c 'import os, sys; os.open(sys.argv[1], os.O_EXCL)' "$1" 2>/dev/null
}

# measure_disk KIND ROUNDS LOADS: on both drivers in turn
measure_disk() {
	export BENCH_ROUNDS=$2 BENCH_LOADS=$3
	follow < <("$BENCH/pair-job.sh" 2>"$OUT/disk.log" || echo failed)
	if [ "$VERDICT" = failed ]; then
		tail -n 5 "$OUT/disk.log" >&2
		return 1
	fi
	"$BENCH/report.py" add "$OUT" "$1"
}

on_disk() {
	local disk path
	disk=$(readlink -f "$1")
	[ -b "$disk" ] && [ -e "/sys/block/${disk##*/}" ] || die "$1 is no disk, such as /dev/sda"
	path=$(readlink -f "/sys/block/${disk##*/}")
	[[ $path =~ /([0-9a-f:.]+)/(ata[0-9]+)/ ]] || die "$1 is not behind an ATA controller"
	export ATA_SPLIT_CONTROLLER=${BASH_REMATCH[1]} BENCH_FIO=$BENCH BENCH_RUNTIME=5
	BENCH_PORTS=$(cat "/sys/class/ata_port/${BASH_REMATCH[2]}/port_no")
	# splitctl refuses a controller with a disk that is in use.
	export BENCH_PORTS PATH=$TOP/drivers/ahci_split:$PATH
	[ "$(id -u)" = 0 ] || die "must be root: try sudo"
	idle "$disk" || die "$1 is in use: unmount it, or whatever uses it"
	[ -e /sys/bus/pci/drivers/ahci_split ] || die "ahci_split is not loaded, see README.md"
	"$QEMU_DIR/deps.sh" bench
	mkdir -p "$OUT"
	begin_results machine="$(uname -nm)" disk="$(cat "/sys/block/${disk##*/}/device/model")"
	say "12 rounds of reads from $disk on ahci and ahci_split in turn, about 8 minutes"
	measure_disk pair 12 "4k-qd1 4k-qd32 128k-qd32" || die "failed, see $OUT/disk.log"
	if [ ! -e /proc/lock_stat ] && command -v bpftrace >/dev/null; then
		say "and how long the lock is held, by bpftrace"
		BENCH_TRACE=$BENCH/hold-time.bt measure_disk hold_time 3 "4k-qd32 128k-qd32" ||
			say "left out: bpftrace does not work here, see $OUT/disk.log"
	fi
	finish
}

case ${1:-},$# in
quick,1 | full,1)
	known_kernel "$KERNEL" "$VARIANT"
	with_lock "$TOOLS/lock" in_qemu "$1" ;;
--disk,2) with_lock "$TOOLS/lock" on_disk "$2" ;;
*) die "usage: bench.sh quick | full | --disk /dev/sdX" ;;
esac
