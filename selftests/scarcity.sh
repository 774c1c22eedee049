#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No memory: one allocation of a probe fails, then a later one instead, and so on to
# the last. Each time the probe either fails, cleanly, or the controller
# works. The same for a read. And no bounce buffers, on a kernel that has to use them
# and has few. ATA_SPLIT_DRIVER=ahci gives stock's answers.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/monitor.sh
. "${0%/*}/monitor.sh"

need fio
FAULTS=/sys/kernel/debug
SLOTS=$FAULTS/swiotlb/io_tlb_nslabs
[ -e /proc/thread-self/fail-nth ] || skip "needs CONFIG_FAULT_INJECTION"
begin 6 all-disks disks
[ -d $FAULTS/failslab ] && [ -d $FAULTS/fail_page_alloc ] ||
	skip "needs CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC and CONFIG_FAULT_INJECTION_DEBUG_FS"
errors_expected

# The probe's function is on the stack of whatever it allocates.
PROBE=ahci_split_probe
[ "$DRIVER" = ahci_split ] || PROBE=ahci_init_one

echo N >$FAULTS/failslab/ignore-gfp-wait
echo N >$FAULTS/fail_page_alloc/ignore-gfp-wait
echo N >$FAULTS/fail_page_alloc/ignore-gfp-highmem
echo 0 >$FAULTS/fail_page_alloc/min-order
echo 0 >$FAULTS/failslab/verbose
echo 0 >$FAULTS/fail_page_alloc/verbose
# Without the files of an interrupt in /proc the kernel warns when it takes them away.
for cache in /sys/kernel/slab/*/failslab; do
	[[ $cache = */proc_dir_entry/* ]] || echo 1 >"$cache" 2>/dev/null
done
echo Y >$FAULTS/failslab/cache-filter
at_exit "echo N >$FAULTS/failslab/cache-filter"
at_exit "echo Y >$FAULTS/failslab/ignore-gfp-wait; echo Y >$FAULTS/fail_page_alloc/ignore-gfp-wait"

# Nothing of a driver that the controller does not have.
clean() {
	[ -z "$(driver_of "$BDF")" ] || { echo "it is bound"; return 1; }
	[ -z "$(find "$PCI/devices/$BDF/" -maxdepth 1 -name 'ata*')" ] || { echo "ports are left"; return 1; }
	! grep -HF "[$BDF]" /proc/interrupts || return
	# Who claimed its registers is on the line below.
	! grep -h -A 1 -w "$BDF" /proc/iomem /proc/ioports | grep -w "$DRIVER" || return
	[ -z "$(ls -d /sys/kernel/debug/ata_split/ata* 2>/dev/null)" ] ||
		{ echo "counters are left"; return 1; }
	! grep -F " $BDF " $DMA_API/dump
}

# nth N ARGUMENTS: as failnth; RESULT and REACHED are what it says
nth() {
	local out
	out=$("$HERE/failnth" "$@") || { echo "$out"; return 1; }
	RESULT=${out%: *} REACHED=${out##*: }
}

# A sample, another one each time, unless there is time for all.
next() {
	[ "$ROUNDS" -ge 100 ] && echo 1 || echo $((1 + RANDOM % 60))
}

probes() {
	local n
	unbind_controller
	BEFORE=$(of_probe)
	cp "$TMP/objects" "$TMP/before"
	for ((n = $(next); ; n += $(next))); do
		nth $n write "$PCI/drivers/$DRIVER/bind" "$BDF" || return
		case $RESULT in
		Success)
			[ "$(driver_of "$BDF")" = "$DRIVER" ] || { echo "$n: not bound"; return 1; }
			[ "$REACHED" = reached ] || break
			TOLERATED=$((TOLERATED + 1)) ;;
		# The kernel says the second if there is no memory for the name of a device,
		# and the third if there is none to claim the registers with.
		'Cannot allocate memory' | 'Invalid argument' | 'Device or resource busy')
			PROBES=$((PROBES + 1)) ;;
		*) echo "$n: $RESULT"; return 1 ;;
		esac
		unbind_controller
		clean || { echo "after allocation $n failed"; return 1; }
	done
	[ $PROBES -gt 2 ] || { echo "only $PROBES probes failed"; return 1; }
}

# Objects that a probe has allocated and that are still there, and how many in all.
# What is free is told apart only once nobody remembers it, such as KASAN's quarantine
# and the dentries of sysfs. Not what describes the addresses of a mapping: the kernel
# keeps those until many have gathered.
of_probe() {
	local cache
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/; do
		cache=$(basename "$cache")
		[ "$cache" != vmap_area ] || continue
		echo 1 >"/sys/kernel/slab/$cache/shrink" 2>/dev/null
		[ ! -r "$FAULTS/slab/$cache/alloc_traces" ] ||
			awk -v re="$PROBE" -v cache="$cache" -v RS= '
				$0 ~ re {
					gsub(/ (age|waste|pid|cpus)=[^ \n]*/, "")
					gsub(/[ \n\t]+/, " ")
					print cache, $0
				}' "$FAULTS/slab/$cache/alloc_traces"
	done | sort >"$TMP/objects"
	awk '{ n += $2 } END { print n + 0 }' "$TMP/objects"
}

# What the first probe ever has set up for good, such as a cache of the SCSI
# midlayer's, was there before.
no_leak() {
	local bound left
	bound=$(of_probe)
	unbind_controller
	left=$(of_probe)
	[ "$bound" -gt "$BEFORE" ] || { echo "a bound controller has no memory: $BEFORE, $bound"; return 1; }
	[ "$left" -le "$BEFORE" ] && return
	echo "$left objects, and $BEFORE before:"
	diff "$TMP/before" "$TMP/objects"
	return 1
}

reads() {
	local n length
	for length in 4096 1048576; do
		for ((n = 1; ; n++)); do
			nth $n read "${DISKS[0]}" 67108864 $length || return
			[ "$REACHED" = reached ] || break
			case $RESULT in
			Success) RETRIED=$((RETRIED + 1)) ;;
			'Cannot allocate memory' | 'Resource temporarily unavailable') READS=$((READS + 1)) ;;
			*) echo "$length bytes, $n: $RESULT"; return 1 ;;
			esac
		done
	done
	[ $((READS + RETRIED)) -gt 3 ] || { echo "only $READS failed and $RETRIED were retried"; return 1; }
}

# Requests wait for each other's buffers, which a slow disk makes certain. The kernel
# says that they run out.
bounce() {
	local before rc=0
	before=$(counter map_busy)
	slow_disk "${DISKS[0]}" $((4 << 20)) || return
	run_fio --name=bounce --filename="${DISKS[0]}" --rw=randwrite --bs=128k --iodepth=32 --size=8m \
		--verify=crc32c || rc=1
	fast_disk "${DISKS[0]}" && [ $rc = 0 ] || return
	klog | grep -q 'swiotlb buffer is full' || { echo "they did not run out"; return 1; }
	[ "$DRIVER" != ahci_split ] || [ "$(counter map_busy)" -gt "$before" ] ||
		{ echo "no request was handed back"; return 1; }
}

usable() {
	local d
	bind_again || return
	for d in "${DISKS[@]}"; do
		"$HERE/dio" write "$d" $$ 67108864 1048576 && "$HERE/dio" check "$d" $$ 67108864 1048576 || return
	done
}

BEFORE=0 PROBES=0 TOLERATED=0 READS=0 RETRIED=0
check "allocations of the probe fail in turn" probes
if grep -q . $FAULTS/slab/*/alloc_traces 2>/dev/null; then
	check "no failed probe has left memory behind" no_leak
else
	ktap_test_skip "no failed probe has left memory behind (needs slub_debug=U)"
	unbind_controller
fi
check "controller works afterwards" usable
check "each allocation of a read fails in turn" reads
if [ -n "${ATA_SPLIT_MONITOR:-}" ] && grep -q 'swiotlb=[^ ]*force' /proc/cmdline &&
   [ "$(cat $SLOTS)" -le 512 ]; then
	need_monitor
	SPLATS=${SPLATS/|swiotlb buffer is full/}
	check "bounce buffers run out" bounce
else
	ktap_test_skip "bounce buffers run out (needs swiotlb=512,force and ATA_SPLIT_MONITOR)"
fi
check "disks go on" load 3 "${DISKS[@]}"
note "counted: $PROBES probes failed, $TOLERATED did without; $READS reads failed, $RETRIED were retried"
finish
