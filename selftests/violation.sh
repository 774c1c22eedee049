#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Break one rule of the partition on purpose; its checker has to report it, by
# its kind. Needs a kernel that is up for nothing else afterwards: lockdep says
# no more after its first report. ATA_SPLIT_VIOLATION is the name of the rule.

# shellcheck source=selftests/lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"
# shellcheck source=selftests/variant.sh
. "${0%/*}/variant.sh"

variant_skip
need_hba
V=${ATA_SPLIT_VIOLATION:-}
[ -n "$V" ] || skip "set ATA_SPLIT_VIOLATION to the rule to break"
need taskset
pin_test
# One check, and none of those that finish would add.
begin -2 disks
need_variant
io || die "cannot even read"

break_rule() {
	echo "$V" >$FAULT
}

keep_rules() {
	echo none >$FAULT
}

by_reading() {
	break_rule
	io
	keep_rules
}

# Nobody undoes the refused build; found when the driver lets go of the device.
by_refusal() {
	break_rule
	built refused_ncq set_attr "$D" device/queue_depth 1
	keep_rules
	unbind_controller
}

by_error_handling() {
	break_rule
	built split eh_pass
	keep_rules
}

by_slot_0() {
	break_rule
	slot_0
	keep_rules
}

# Every command is in libata's books and unknown to the HBA.
by_waiting() {
	set_attr "$D" device/timeout 2
	break_rule
	start_io
	wait_until 20 in_log "$REPORT"
	keep_rules
	end_io
}

# The doorbell of a read waits when the rule is broken.
by_interrupt() {
	put_off || return
	break_rule
	let_go
	wait_until 20 in_log "$REPORT"
	keep_rules
}

by_stale_doorbell() {
	put_off || return
	break_rule
	eh_pass
	keep_rules
	let_go
}

by_stranding() {
	break_rule
	start_io
	wait_until 20 in_log "$REPORT"
	keep_rules
	io
}

# KCSAN looks at one access of some thousand: let it look at more of them, and give it
# many.
by_load() {
	local i skip=/sys/module/kcsan/parameters/skip_watch
	[ ! -e $skip ] || echo 100 >$skip
	break_rule
	for ((i = 0; i < 12; i++)); do
		load 5 "$D"
		! in_log "$REPORT" || break
	done
	keep_rules
}

in_log() {
	klog | grep -qE "$1"
}

case $V in
lock_in_build)
	BREAK=by_reading
	REPORT='possible recursive locking detected' ;;
sleep_in_build)
	BREAK=by_reading
	REPORT='BUG: sleeping function called from invalid context' ;;
sactive_in_build)
	BREAK=by_load
	REPORT='BUG: KCSAN: data-race in .*ata_split' ;;
doorbell_unlocked)
	BREAK=by_reading
	REPORT='WARNING: .*ahci_split_ring' ;;
leak_on_refusal)
	BREAK=by_refusal
	REPORT='DMA-API: .*device driver has pending DMA allocations' ;;
shared_table)
	BREAK=by_slot_0
	REPORT='command table does not hold the command of tag 32' ;;
skip_epoch)
	BREAK=by_error_handling
	REPORT='issuing a build from before error handling' ;;
done_outside_rcu)
	BREAK=by_reading
	REPORT='deferred scsi_done\(\) outside an RCU section' ;;
miscount)
	BREAK=by_reading
	REPORT='ata_split: bookkeeping: ' ;;
phantom)
	BREAK=by_interrupt
	REPORT='ata_split: ringing for tag .* not to be issued' ;;
strand)
	BREAK=by_stranding
	REPORT='ata_split: bookkeeping: .* nothing in flight rings' ;;
ring_stale)
	BREAK=by_stale_doorbell
	REPORT='ata_split: ringing for tag .* not to be issued' ;;
no_doorbell)
	BREAK=by_waiting
	REPORT='Emask 0x4 \(timeout\)' ;;
*)
	die "no such rule: $V" ;;
esac

reported() {
	in_log "$REPORT" && return
	echo "no line like: $REPORT"
	klog | tail -n 40
	return 1
}

klog >"$TMP/before"
not grep -qE "$REPORT" "$TMP/before" || die "reported before the rule was broken"
$BREAK >"$TMP/break" 2>&1
check "$V is reported" reported
FINISHED=1
cleanup
ktap_finished
