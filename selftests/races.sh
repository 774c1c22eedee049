#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The windows that decide correctness, opened on purpose: what may happen between
# BuildIo and StartIo, or between a completion and its deferred scsi_done(), does
# happen. Each request completes once, with the right data, and nothing leaks.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"
# shellcheck source=selftests/variant.sh
. "${0%/*}/variant.sh"

variant_skip
need_hba
need fio sg_raw hdparm taskset
pin_test
begin 29 disks
errors_expected
need_variant

nothing_happens() {
	local before
	before=$(counter split "$D")
	arm built
	start_io
	held built || return
	open built
	end_io && moved split "$before"
}

# A READ whose buffer is for data out, which may be memory that must not be written to,
# is not built. 6.12 refuses it since 6.12.118, and other kernels issue it.
wrong_direction() {
	local before shape
	before=$(counter built "$D")
	shape=$(counter core_shape "$D")
	echo wrong_direction >$FAULT
	io || true
	echo none >$FAULT
	[ "$(counter built "$D")" -eq "$before" ] || { echo "it was built"; return 1; }
	rose core_shape "$shape"
}

# shown PATTERN: a command in flight is shown with a CDB that begins so, and how
# long it has been
shown() {
	local f=/sys/kernel/debug/ata_split/ata$PORT/commands
	grep -qE "tag +[0-9]+ in_flight 0x0 [0-9]{1,5} ms $1( [0-9a-f]{2})*$" "$f" && return
	cat "$f"
	return 1
}

# Neither a request without I/O statistics nor one of user space's has a start time.
shown_without_iostats() {
	local rc=0
	echo 0 >"/sys/block/${D##*/}/queue/iostats"
	hold_next
	start_io
	in_flight && shown '(28|88)' || rc=1
	let_go
	end_io || rc=1
	echo 1 >"/sys/block/${D##*/}/queue/iostats"
	return $rc
}

# IDENTIFY DEVICE by ATA PASS-THROUGH (16)
shown_passthrough() {
	local rc=0
	hold_next
	taskset -c 1 timeout -k 5 60 sg_raw -r 512 "$D" \
		85 08 0e 00 00 00 01 00 00 00 00 00 00 00 ec 00 >"$TMP/sg" 2>&1 &
	IO=$!
	in_flight && shown 85 || rc=1
	let_go
	end_io || { cat "$TMP/sg"; rc=1; }
	return $rc
}

set_depth() {
	set_attr "$D" device/queue_depth "$1"
}

ncq_off() {
	built refused_ncq set_depth 1
	local rc=$?
	set_depth 32
	return $rc
}

# The device's SLEEP command; libata wakes it by a reset for the next one.
go_to_sleep() {
	hdparm -q -Y "$D"
}

pretend() {
	echo "$1" >$FAULT
	built "refused_${1#pretend_}" true
	local rc=$?
	echo none >$FAULT
	return $rc
}

# A command that the disk aborts brings error handling on, too.
command_fails() {
	local rc=0
	sg_raw "$D" 85 06 20 00 00 00 00 00 00 00 00 00 00 40 ff 00 >"$TMP/sg" 2>&1 || rc=$?
	[ $rc -eq 11 ] || { cat "$TMP/sg"; return 1; }
}

# Error handling is due, and waits for a command that is in flight, when a read gets
# to StartIo. The engine may have stopped.
eh_pending() {
	local before first scan
	before=$(counter refused_eh "$D")
	hold_next
	start_io
	first=$IO
	in_flight || return
	arm built
	start_io
	held built || { open_all; return 1; }
	eh_pass &
	scan=$!
	wait_until 2 grep -q recovery "$(scsi_host "$D")/state" || { open_all; return 1; }
	open built
	wait_until 2 moved refused_eh "$before" >"$TMP/moved"
	let_go
	wait $scan
	end_io "$first" && end_io && moved refused_eh "$before"
}

# Error handling is about to send IDENTIFY when the read gets to StartIo.
eh_in_progress() {
	local before scan
	before=$(counter refused_eh "$D")
	arm built
	start_io
	held built || return
	arm issue 32
	eh_pass &
	scan=$!
	held issue || { open_all; return 1; }
	open built
	wait_until 20 moved refused_eh "$before" >"$TMP/moved"
	open issue
	wait $scan
	end_io && moved refused_eh "$before"
}

# A queued command is in flight; IDENTIFY has to wait for it and is parked; then the
# second read gets to StartIo, behind what is parked. It may come and be refused more
# than once before the first is let go.
parked_command() {
	local before passed first sg
	before=$(counter refused_deferred "$D")
	passed=$(counter core_passthrough "$D")
	hold_next
	start_io
	first=$IO
	in_flight || return
	arm built
	start_io
	held built || { open_all; return 1; }
	sg_raw -r 512 "$D" 85 08 0e 00 00 00 01 00 00 00 00 00 00 00 ec 00 >"$TMP/sg" 2>&1 &
	sg=$!
	wait_until 20 moved core_passthrough "$passed" >"$TMP/moved"
	sleep 0.5
	open built
	wait_until 20 rose refused_deferred "$before" >"$TMP/moved"
	let_go
	end_io "$first" && wait $sg && end_io && rose refused_deferred "$before"
}

# The SCSI timeout is due while the command is complete and not yet reported. The
# block layer's timeout waits for a grace period, so it cannot overtake.
late_done() {
	local rc=0
	set_attr "$D" device/timeout 2
	arm "done"
	start_io
	held "done" || rc=1
	sleep 5
	open "done"
	end_io || rc=1
	set_attr "$D" device/timeout 30
	return $rc
}

# Commands of the disk that the SCSI midlayer found to have timed out.
timeouts() {
	attr "$D" device/iotmo_cnt
}

timeouts_since() {
	[ "$(timeouts)" != "$1" ]
}

# The timeout claims the first of two commands before they are complete. Error handling
# has to wait for the second one, and meanwhile the first completes, too. libata calls that
# a success, and then the midlayer reports a timeout all the same (scsi_eh_flush_done_q);
# stock ahci does so, too.
late_irq() {
	local rc=0 before first timeouts
	before=$(counter done_timedout "$D")
	timeouts=$(timeouts)
	set_attr "$D" device/timeout 5
	hold_all
	start_io
	first=$IO
	in_flight || rc=1
	set_attr "$D" device/timeout 30
	start_io
	wait_until 40 timeouts_since "$timeouts" || rc=1
	let_go
	end_io "$first"
	# 1: dio got an error. Anything else would be a request that hangs.
	[ $? -le 1 ] || rc=1
	end_io || rc=1
	moved done_timedout "$before" && return $rc
}

# What the HBA has not been told of is not done: the interrupt completes the
# first read only, and rings for the second.
irq_rings() {
	local rc=0
	put_off || rc=1
	let_go
	end_io "$FIRST" || rc=1
	end_io || rc=1
	echo none >$FAULT
	return $rc
}

# Error handling takes both reads away, the one that was issued and the one that
# was not, and its own IDENTIFY raises an interrupt while it still has them.
eh_takes_held() {
	local rc=0 before
	before=$(counter done_eh "$D")
	put_off || rc=1
	eh_pass
	echo none >$FAULT
	let_go
	end_io "$FIRST" || rc=1
	end_io || rc=1
	[ "$(counter done_eh "$D")" -eq $((before + 2)) ] || { echo "done_eh did not rise by 2"; rc=1; }
	return $rc
}

# A cache flush must wait for both reads; it may not be what keeps the second
# one from being issued.
flush_behind_held() {
	local rc=0 before sync
	before=$(counter core_passthrough "$D")
	put_off || rc=1
	echo none >$FAULT
	taskset -c 1 timeout -k 5 60 sg_raw "$D" 35 00 00 00 00 00 00 00 00 00 >"$TMP/sg" 2>&1 &
	sync=$!
	wait_until 20 rose core_passthrough "$before" >"$TMP/moved" || rc=1
	let_go
	end_io "$FIRST" || rc=1
	end_io || rc=1
	wait $sync || rc=1
	return $rc
}

# Eight writes at once, and then eight reads, while the HBA has another command:
# one doorbell each.
batch_rings_once() {
	local rc=0 before fio
	before=$(counter held "$D")
	set_attr "$D" queue/nomerges 2
	hold_all
	start_io
	in_flight || rc=1
	taskset -c 1 fio --name=batch --filename="$D" --direct=1 --ioengine=libaio \
		--rw=randwrite --bs=4k --offset=8m --size=32k --iodepth=8 \
		--iodepth_batch_submit=8 --iodepth_batch_complete_min=8 \
		--verify=crc32c --thread --output="$TMP/fio" &
	fio=$!
	wait_until 20 held_by 7 "$before" || rc=1
	let_go
	end_io || rc=1
	wait $fio || { cat "$TMP/fio"; rc=1; }
	set_attr "$D" queue/nomerges 0
	return $rc
}

# Three reads at once to a disk that takes three commands and has one: the block layer
# stops short, so that none was marked as the last one, and rings by ->commit_rqs().
stops_short() {
	local rc=0 fio trace=/sys/kernel/tracing
	[ -d $trace/events ] || mount -t tracefs none $trace
	set_attr "$D" queue/nomerges 2
	set_attr "$D" device/queue_depth 3
	hold_all
	start_io
	in_flight || rc=1
	echo >$trace/trace
	echo 1 >$trace/events/ata_split/ata_split_doorbell/enable
	taskset -c 1 fio --name=short --filename="$D" --direct=1 --ioengine=libaio \
		--rw=read --bs=4k --offset=8m --size=12k --iodepth=3 \
		--iodepth_batch_submit=3 --thread --output="$TMP/fio" &
	fio=$!
	wait_until 20 rung_for 2 || { cat $trace/trace "/sys/kernel/debug/ata_split/ata$PORT/counters"; rc=1; }
	echo 0 >$trace/events/ata_split/ata_split_doorbell/enable
	let_go
	end_io || rc=1
	wait $fio || { cat "$TMP/fio"; rc=1; }
	set_attr "$D" device/queue_depth 32
	set_attr "$D" queue/nomerges 0
	return $rc
}

rung_for() {
	[ "$(grep -c "ata_split_doorbell: ata$PORT " /sys/kernel/tracing/trace)" -ge "$1" ]
}

held_by() {
	local now
	now=$(counter held "$D")
	[ "$now" -eq $(($2 + $1)) ] || { echo "held was $2 and is $now"; return 1; }
}

mapping_fails() {
	local dir=/sys/kernel/debug/ata_split/fail_map before
	[ -d $dir ] || return
	before=$(counter map_busy "$D")
	echo 0 >$dir/verbose
	echo 1 >$dir/interval
	echo 1 >$dir/times
	echo 100 >$dir/probability
	io || return
	echo 0 >$dir/probability
	moved map_busy "$before"
}

# Every tenth mapping, on all disks at once: the requests come again, and nobody
# gets an error.
mappings_fail() {
	local dir=/sys/kernel/debug/ata_split/fail_map before rc=0
	before=$(counter map_busy)
	echo 10 >$dir/interval
	echo -1 >$dir/times
	echo 100 >$dir/probability
	load 4 "${DISKS[@]}" || rc=1
	echo 0 >$dir/probability
	before=$(($(counter map_busy) - before))
	[ $before -gt 20 ] || { echo "only $before mappings failed"; rc=1; }
	return $rc
}

# A mapping that never succeeds: after as long as the midlayer gives a command with all
# its retries, two seconds here, libata has it, whose mapping is not made to fail. If
# there is no limit to the retries there is none to this.
mapping_never() {
	local dir=/sys/kernel/debug/ata_split/fail_map before retries limit rc=0
	retries=/sys/class/scsi_disk/$(basename "$(readlink -f "/sys/block/${D##*/}/device")")/max_retries
	limit=$(cat "$retries")
	before=$(counter core_map "$D")
	set_attr "$D" device/timeout 1
	echo 1 >$dir/interval
	echo -1 >$dir/times
	echo 100 >$dir/probability
	echo -1 >"$retries"
	start_io
	sleep 3
	[ "$(counter core_map "$D")" -eq "$before" ] || { echo "there was a limit"; rc=1; }
	echo 0 >$dir/probability
	end_io || rc=1
	echo 1 >"$retries"
	echo 100 >$dir/probability
	io || rc=1
	echo 0 >$dir/probability
	echo "$limit" >"$retries"
	set_attr "$D" device/timeout 30
	moved core_map "$before" && return $rc
}

# The driver loses the controller while a build waits. The request may fail, as
# it may with stock ahci, but it comes back, and the removal ends.
unbind_held() {
	local pid
	arm built
	start_io
	held built || return
	unbind_controller &
	pid=$!
	sleep 2
	open built
	wait "$IO"
	wait $pid && bind_again
}

# The same when the controller is taken out of the system, and found again.
removed_held() {
	local pid
	arm built
	start_io
	held built || return
	echo 1 >"$PCI/devices/$BDF/remove" &
	pid=$!
	sleep 2
	open built
	wait "$IO"
	wait $pid && [ ! -e "$PCI/devices/$BDF" ] || return
	echo 1 >"$PCI/rescan"
	bind_again
}

check "a build that waits and finds all as it was" nothing_happens
check "a READ with a buffer for data out is not built" wrong_direction
check "a read in flight is shown without I/O statistics" shown_without_iostats
check "a passthrough command in flight is shown" shown_passthrough
check "error handling passes between build and start" built refused_epoch eh_pass
check "another command fails between build and start" built refused_epoch command_fails
check "error handling is due when the build is done" eh_pending
check "error handling is at work when the build is done" eh_in_progress
check "NCQ is switched off between build and start" ncq_off
check "the device goes to sleep between build and start" built refused_device go_to_sleep
check "a port multiplier appears between build and start" pretend pretend_pmp
check "the channel goes offline between build and start" pretend pretend_offline
check "a command is parked between build and start" parked_command
check "an internal command while tag 0 is being built" slot_0
check "timeout between completion and scsi_done" late_done
check "timeout before the interrupt" late_irq
check "an interrupt rings for a doorbell that was put off" irq_rings
check "error handling takes what was never rung" eh_takes_held
check "a flush behind a doorbell that was put off" flush_behind_held
check "a batch rings once" batch_rings_once
check "a batch that stops short rings" stops_short
check "a mapping fails" mapping_fails
check "mappings fail under load" mappings_fail
check "a mapping never succeeds" mapping_never
check "all disks still answer" io
check "unbind while a build waits" unbind_held
need_variant
check "and all is well again" io
check "the controller is removed while a build waits" removed_held
need_variant
check "and all is well again after that" io
finish
