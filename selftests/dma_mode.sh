#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# When the kernel was booted with swiotlb=force, or with intel_iommu=on, data
# really goes that way, is right, and nothing is left mapped. Without either
# there is nothing to test here: all other tests are the test.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
CMDLINE=" $(cat /proc/cmdline) "
case $CMDLINE in
*" swiotlb=force"*) MODE=swiotlb ;;
*" intel_iommu=on"*) MODE=iommu ;;
*) skip "boot with swiotlb=force or intel_iommu=on" ;;
esac
begin 3 disks

D=${DISKS[0]}
SWIOTLB=/sys/kernel/debug/swiotlb

slots() {
	cat $SWIOTLB/io_tlb_used
}

# With many requests in the air there are many slots in use.
swiotlb_used() {
	local i idle most=0 now
	[ -e $SWIOTLB/io_tlb_used ] || { echo "no $SWIOTLB"; return 1; }
	idle=$(slots)
	start_load "$D"
	for ((i = 0; i < 400 && most < idle + 32; i++)); do
		now=$(slots)
		((now <= most)) || most=$now
	done
	load_ok && [ $((most - idle)) -ge 32 ] ||
		{ echo "bounce buffers in use: $idle idle, $most under load"; return 1; }
}

iommu_used() {
	local group=$PCI/devices/$BDF/iommu_group
	[ -e "$group/type" ] || { echo "$BDF is in no IOMMU group"; return 1; }
	case "$(cat "$group/type") $CMDLINE" in
	"DMA "*" iommu.strict=1 "* | "DMA "*" iommu=strict "*) ;;
	"DMA-FQ "*" iommu.strict=1 "*) echo "the IOMMU is lazy, not strict"; return 1 ;;
	"DMA "* | "DMA-FQ "*) ;;
	*) echo "type of the IOMMU group: $(cat "$group/type")"; return 1 ;;
	esac
	load 5 "$D"
}

# Some thousand requests later as much is in use as before: one lost slot per
# thousand would show. (Leaked IOVAs show in the DMA-API check.)
nothing_lost() {
	local before
	before=$(slots 2>/dev/null || echo 0)
	load 8 "${DISKS[@]}" || return
	[ "$MODE" != swiotlb ] || wait_until 5 near "$before"
}

near() {
	[ "$(slots)" -le $(($1 + 4)) ]
}

big_and_odd() {
	local n
	for n in 168 500; do
		"$HERE/dio" write "$D" $n 67108864 $((n * 4096)) 4096 512 512 &&
			"$HERE/dio" check "$D" $n 67108864 $((n * 4096)) 2048 1536 1024 || return
	done
}

check "data goes through $MODE" "${MODE}_used"
check "long lists of odd pieces" big_and_odd
check "nothing gets lost" nothing_lost
finish
