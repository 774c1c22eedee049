#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The scan of the kernel log, on which all other tests rely, sees what it must
# see and nothing else.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

TMP=$(mktemp -d) || die "no temporary directory"
ktap_set_plan 6

reported() {
	local line bad=0
	while read -r line; do
		echo "$line" >"$TMP/log"
		klog_bad "$TMP/log" >/dev/null || { echo "not reported: $line"; bad=1; }
	done
	return $bad
}

silent() {
	cat >"$TMP/log"
	not klog_bad "$TMP/log"
}

check "splats are reported" reported <<'EOF'
WARNING: CPU: 1 PID: 212 at drivers/ata/libata-core.c:5048 __ata_qc_complete+0x1a/0x150
------------[ cut here ]------------
BUG: unable to handle page fault for address: ffffffffffffffd8
BUG: sleeping function called from invalid context at mm/slab.h:421
BUG: scheduling while atomic: fio/212/0x00000002
BUG: KASAN: slab-use-after-free in split_done+0x31/0x90 [ata_split]
BUG: KCSAN: data-race in split_build / split_start
BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 32s!
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: possible irq lock inversion dependency detected
WARNING: inconsistent lock state
WARNING: bad unlock balance detected!
WARNING: suspicious RCU usage
[ BUG: Invalid wait context ]
inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.
INFO: task fio:212 blocked for more than 120 seconds.
INFO: trying to register non-static key.
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks: { 1-... }
watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [fio:212]
DMA-API: ahci_split 0000:00:1f.2: device driver has pending DMA allocations while released from device [count=1]
DMA-API: debugging out of memory - disabling
DMAR: [DMA Write NO_PASID] Request device [00:1f.2] fault addr 0xffffe000 [fault reason 0x05] PTE Write access is not set
ODEBUG: free active (active state 0) object: ffff8881 object type: timer_list
UBSAN: shift-out-of-bounds in drivers/ata_split/start.c:71:9
refcount_t: underflow; use-after-free.
irq 16: nobody cared (try booting with the "irqpoll" option)
list_del corruption. prev->next should be ffff8881, but was ffff8882
Oops: 0000 [#1] PREEMPT SMP KASAN
sysfs: cannot create duplicate filename '/devices/pci0000:00/0000:00:1f.2/ata7'
debugfs: Directory 'ata7' with parent 'ata_split' already present!
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
ahci_split 0000:00:1f.2: swiotlb buffer is full (sz: 65536 bytes), total 32768 (slots), used 32768 (slots)
EOF

check "ATA errors are reported" reported <<'EOF'
ata7.00: exception Emask 0x0 SAct 0x200000 SErr 0x0 action 0x6 frozen
ata7.00: failed command: READ FPDMA QUEUED
ata7.00: qc timeout after 5000 msecs (cmd 0xec)
ata7.00: NCQ disabled due to excessive errors
ata7: COMRESET failed (errno=-16)
ata7: hard resetting link
I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
Buffer I/O error on dev sda, logical block 256, async page read
EXT4-fs error (device sda): ext4_lookup:1855: inode #2: comm ls: deleted inode referenced: 12
EOF

check "the ordinary is not reported" silent <<'EOF'
ahci_split 0000:00:1f.2: AHCI vers 0001.0000, 32 command slots, 1.5 Gbps, SATA mode
ahci_split 0000:00:1f.2: 6/6 ports implemented (port mask 0x3f)
scsi host0: ahci_split
ata7: SATA max UDMA/133 abar m4096@0xfebd5000 port 0xfebd5100 irq 24
ata7: SATA link up 1.5 Gbps (SStatus 113 SControl 300)
ata7.00: ATA-7: QEMU HARDDISK, 2.5+, max UDMA/100
ata7.00: 524288 sectors, multi 16: LBA48 NCQ (depth 32)
ata7.00: applying bridge limits
ata7.00: configured for UDMA/100
ata7.00: LPM support broken, forcing max_power
sd 0:0:0:0: [sda] Write cache: enabled, read cache: enabled, doesn't support DPO or FUA
sd 0:0:0:0: [sda] Synchronizing SCSI cache
sd 0:0:0:0: [sda] Stopping disk
EXT4-fs (sda): mounted filesystem 0a12 r/w with ordered data mode. Quota mode: none.
PM: suspend debug: Waiting for 5 second(s).
EOF

errors_expected
check "expected errors are not reported" silent <<'EOF'
ata7.00: exception Emask 0x0 SAct 0x200000 SErr 0x0 action 0x6 frozen
ata7.00: failed command: READ FPDMA QUEUED
I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2
EOF

# race A B [MODULE [CALLER [OUTER]]]: a report of KCSAN's, with A in MODULE, B called by
# CALLER and that, further out, by OUTER
race() {
	cat <<-END
	==================================================================
	BUG: KCSAN: data-race in $1 / $2

	read-write to 0xffff888003d8a2b0 of 4 bytes by interrupt on cpu 0:
	 $1+0x1f/0x60${3:+ [$3]}
	 handle_irq_event+0x3b/0x90

	read to 0xffff888003d8a2b0 of 4 bytes by task 51 on cpu 1:
	 $2+0x44/0x210
	 ${4:-vfs_read}+0x64/0x80
	 vfs_three+0x64/0x80
	 ${5:-vfs_four}+0x64/0x80

	value changed: 0x00000000 -> 0x00000001
	==================================================================
	END
}

# A known function excuses libata's code, not ours.
races_reported() {
	echo "ata_known  a reason" >"$TMP/known"
	{
		race ata_one ata_two
		race ata_known ata_split_three ata_split
		race other_four ahci_split_five ahci_split
		race other_six other_seven '' ata_scsi_queuecmd
	} >"$TMP/log"
	[ "$("$HERE/kcsan.awk" "$TMP/known" "$TMP/log" | grep -c 'BUG: KCSAN')" -eq 4 ]
}

races_silent() {
	echo "ata_known  a reason" >"$TMP/known"
	{
		race ata_known ata_two
		race ata_one ata_known
		race page_one page_two
		race page_one page_two '' vfs_read ata_five
		race scsi_report_opcode scsi_sysfs_add_sdev
	} >"$TMP/log"
	not grep -q 'BUG: KCSAN' <<<"$("$HERE/kcsan.awk" "$TMP/known" "$TMP/log")"
}

check "data races are reported" races_reported
check "known ones, and those of others, are not" races_silent
FINISHED=1
ktap_finished
