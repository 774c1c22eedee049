#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What Documentation/tracing.rst promises: names and fields of the trace events,
# their order for a command of each kind, and times that are measured only while
# somebody asks for them.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need hdparm
[ "$DRIVER" = ahci_split ] || skip "$DRIVER has no such events"
begin 9 disks

TRACEFS=/sys/kernel/tracing
[ -d $TRACEFS/events ] || mount -t tracefs none $TRACEFS 2>/dev/null
[ -d $TRACEFS/events/ata_split ] || skip "needs CONFIG_TRACEPOINTS and tracefs"

# A buffer of our own, in the order of what happens, whichever CPU it is on.
T=$TRACEFS/instances/ata_split_test
mkdir $T || die "no trace instance"
at_exit "echo 0 >$T/events/ata_split/enable; rmdir $T"
echo counter >$T/trace_clock

D=${DISKS[0]}
ATA=ata$(ata_of "$D")
LBS=$(attr "$D" queue/logical_block_size)
MEASURE=/sys/module/ata_split/parameters/measure

# Fields are stable, so they are written here once more.
EVENTS="ata_split_build_begin port tag lba n_block write fua
ata_split_build_end port tag verdict n_elem ns
ata_split_complete port tag how result
ata_split_done port tag
ata_split_doorbell port tag
ata_split_hold port interrupt ns
ata_split_refuse port tag opcode reason
ata_split_start port tag"

fields() {
	local dir
	for dir in "$T"/events/ata_split/*/; do
		dir=${dir%/}
		echo "${dir##*/}" "$(sed -n '/^$/,/^$/s/.*[ \t]\([a-z_]*\);.*offset.*/\1/p' "$dir/format" | paste -sd ' ')"
	done | diff <(echo "$EVENTS") -
}

# traced COMMAND...: the events of our disk meanwhile, to $TMP/trace
traced() {
	local rc=0
	echo >$T/trace
	echo 1 >$T/events/ata_split/enable
	"$@" >"$TMP/traced" 2>&1 || rc=$?
	echo 0 >$T/events/ata_split/enable
	sed -n "s/^.*: \(ata_split_[a-z_]*\): $ATA /\1 /p" $T/trace >"$TMP/trace"
	cat "$TMP/traced" "$TMP/trace"
	return $rc
}

# of_command PATTERN: the events of the command whose first event is so, until its
# tag is used again; the tag is T
of_command() {
	awk -v pattern="$1" '
		!tag && $0 ~ pattern { tag = $2; split("", seen) }
		tag && $2 == tag {
			if ($1 == "ata_split_build_begin" && n++) exit
			sub(tag, "T")
			print
		}' "$TMP/trace"
}

# in_order PATTERN: each line of the standard input matches the command's next event
in_order() {
	local event=() pattern i=0
	mapfile -t event < <(of_command "$1")
	while read -r pattern; do
		[[ ${event[i]-} =~ ^$pattern$ ]] || { echo "event $i is '${event[i]-}', not '$pattern'"; return 1; }
		i=$((i + 1))
	done
	[ $i -eq ${#event[@]} ] || { echo "there are ${#event[@]} events, not $i"; return 1; }
}

one_read() {
	traced "$HERE/dio" check "$D" 9 $((4096 * 77)) 4096 || return
	in_order "build_begin tag=[0-9]+ read lba=$((4096 * 77 / LBS)) " <<-END || return
		ata_split_build_begin T read lba=$((4096 * 77 / LBS)) n_block=$((4096 / LBS))
		ata_split_build_end T built n_elem=1 ns=[0-9]+
		ata_split_start T
		ata_split_doorbell T
		ata_split_complete T done_deferred result=0x0
		ata_split_done T
	END
	grep -q '^ata_split_hold submit ns=[0-9]*$' "$TMP/trace" && grep -q '^ata_split_hold interrupt ns=[0-9]*$' "$TMP/trace"
}

one_write() {
	traced "$HERE/dio" write "$D" 9 $((4096 * 78)) 65536 || return
	of_command "build_begin tag=[0-9]+ write lba=$((4096 * 78 / LBS)) n_block=$((65536 / LBS))$" | grep -q 'ata_split_done T'
}

# Not one event but the reason why.
passthrough() {
	traced hdparm -I "$D" || return
	! grep -v '^ata_split_hold interrupt ' "$TMP/trace" | grep -v '^ata_split_refuse tag=[0-9]* opcode=0x[0-9a-f]* core_[a-z]*$' &&
		grep -q '^ata_split_refuse tag=[0-9]* opcode=0x85 core_passthrough$' "$TMP/trace"
}

flush() {
	traced sync "$D" || return
	grep -q '^ata_split_refuse tag=[0-9]* opcode=0x35 core_command$' "$TMP/trace"
}

# Each time the code of the driver, of libata and of the scheduler is patched while the
# other CPU executes it. A QEMU that cannot do that ends here, see qemu/qemu.sh.
switched() {
	local i load rc=0
	while "$HERE/dio" check "$D" 9 $((4096 * 77)) 4096; do
		:
	done &
	load=$!
	for ((i = 0; i < 20; i++)); do
		echo 1 >$T/events/ata_split/enable && echo 0 >$T/events/ata_split/enable || rc=1
	done
	kill $load || { echo "a read has failed"; rc=1; }
	wait $load
	return $rc
}

# Which way the disk LED's trigger was told that data goes: 0 is read, 1 write.
led_of() {
	echo >$T/trace
	echo 1 >$T/events/kprobes/ata_split_led/enable
	"$@"
	echo 0 >$T/events/kprobes/ata_split_led/enable
	sed -n 's/^.*ata_split_led: .* write=//p' $T/trace | sort -u | paste -sd ' '
}

led() {
	local read write
	read=$(led_of "$HERE/dio" check "$D" 9 $((4096 * 77)) 4096)
	write=$(led_of "$HERE/dio" write "$D" 9 $((4096 * 78)) 65536)
	[ "$read,$write" = 0,1 ] || { echo "a read: '$read', a write: '$write'"; return 1; }
}

longest() {
	counter 'longest_(build|submit|interrupt)_ns' "$D"
}

reads() {
	local i
	for ((i = 0; i < 20; i++)); do
		"$HERE/dio" check "$D" 9 $((4096 * 77)) 4096 || return
	done
}

not_measured() {
	[ "$(cat $MEASURE)" = N ] && reads && [ "$(longest)" -eq 0 ]
}

measured() {
	local what
	at_exit "echo N >$MEASURE"
	echo Y >$MEASURE && reads || return
	for what in build submit interrupt; do
		echo "$what: $(counter "longest_${what}_ns" "$D") ns"
		[ "$(counter "longest_${what}_ns" "$D")" -gt 0 ] || return
	done
	echo N >$MEASURE
	! echo maybe 2>/dev/null >$MEASURE && [ "$(cat $MEASURE)" = N ]
}

"$HERE/dio" write "$D" 9 $((4096 * 77)) 4096 || die "cannot write to $D"
check "events and their fields are the documented ones" fields
check "one read, from build to done" one_read
check "one write" one_write
check "passthrough is refused, and why" passthrough
if [ "$(attr "$D" queue/write_cache)" = "write back" ]; then
	check "a flush is refused, and why" flush
else
	ktap_test_skip "a flush is refused, and why (the disk has no write cache)"
fi
# shellcheck disable=SC2016 # $arg1 is the kernel's
if echo 'p:ata_split_led ledtrig_disk_activity write=$arg1:u8' 2>/dev/null >>$TRACEFS/kprobe_events; then
	at_exit "echo -:ata_split_led >>$TRACEFS/kprobe_events"
	check "the disk LED is told of reads and writes" led
else
	ktap_test_skip "the disk LED is told of reads and writes (needs CONFIG_LEDS_TRIGGER_DISK, CONFIG_KPROBE_EVENTS)"
fi
check "events are switched on and off while there is I/O" switched
check "nothing is measured unasked, tracing or not" not_measured
check "measure=Y: the longest times are in the counters" measured
finish
