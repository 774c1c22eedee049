#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands that never complete time out, error handling gets the port going
# again, and the callers get their data as if nothing had happened. Two ways to
# lose a completion: the controller may not interrupt, and the block layer
# ignores what the driver reports (FAIL_IO_TIMEOUT).

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio setpci
begin 8 disks
errors_expected

D=${DISKS[0]}
FAULT=/sys/kernel/debug/fail_io_timeout
TIMEOUT=$(attr "$D" device/timeout)
at_exit "set_attr $D device/timeout $TIMEOUT"
set_attr "$D" device/timeout 3

# config REGISTER [VALUE[:MASK]]: of the controller; nothing if there is none
config() {
	setpci -s "$BDF" "$1${2:+=$2}" 2>/dev/null
}

# No interrupt of any kind leaves the controller. What it sends meanwhile is
# lost; none follows, as all commands it has are done.
mute() {
	config COMMAND 0400:0400
	config CAP_MSI+2.w 0000:0001
	config CAP_MSIX+2.w 4000:4000
}

unmute() {
	local what
	for what in "${SETTINGS[@]}"; do
		config "${what%=*}" "${what#*=}"
	done
}

# Reads and writes that are under way when the controller goes dumb. The rest of
# them, and all that were sent after, time out together.
interrupts_off() {
	local before what rc=0
	before=$(eh_passes "$D")
	start_load "$D"
	SETTINGS=()
	for what in CAP_MSIX+2.w CAP_MSI+2.w COMMAND; do
		! config $what >"$TMP/config" || SETTINGS+=("$what=$(cat "$TMP/config")")
	done
	at_exit unmute
	mute
	sleep 1.5
	unmute
	wait_until 60 more_requests "$D" $(($(requests "$D") + 100)) || { echo "no recovery"; rc=1; }
	load_ok || return
	[ "$(eh_passes "$D")" -gt "$before" ] || { echo "nothing timed out"; return 1; }
	return $rc
}

timeout_seen() {
	klog | grep -q 'Emask 0x4 (timeout)\|frozen' && return
	klog
	return 1
}

# The log has the registers, what was done before and what was not; once, though
# error handling may have run more often, after it, and on less than a screen. What was
# done may be what libata asks the disk after recovery, if that was faster.
reported() {
	local report log
	log=$(klog)
	report=$(grep -A 24 'registers, last commands and commands in flight' <<<"$log" |
		grep -E 'registers, |: PxIS |tag +[0-9]+ |and [0-9]+ more')
	grep -q 'error handling: PxIS [0-9a-f]\{8\} PxCMD ' <<<"$report" &&
		grep -qE 'tag +[0-9]+ (done_deferred 0x0 [0-9]+ ms (28|2a|88|8a)|core_passthrough [0-9a-f]{2}) ' <<<"$report" &&
		grep -qE 'tag +[0-9]+ failed 0x4 [0-9]{4,} ms (28|2a|88|8a) ' <<<"$report" &&
		[ "$(grep -c 'registers, last commands' <<<"$log")" -eq 1 ] &&
		[ "$(wc -l <<<"$report")" -le 20 ] && after_recovery && same_clock && return
	echo "$report"
	return 1
}

# The device has been reset and configured before the report is printed.
after_recovery() {
	klog | sed -n '/: exception Emask/,$p' |
		grep -m 1 -E "ata$(ata_of "$D")(\.00)?: (configured for|registers, last)" | grep -q 'configured for'
}

# By the kernel log's clock: the last note was taken a few seconds before it was printed.
same_clock() {
	dmesg | sed -n 's/^\[ *\([0-9.]*\)\].* \([0-9.]*\) error handling: PxIS.*/\1 \2/p' | tail -n 1 |
		awk '{ print "printed at " $1 ", taken at " $2; late = $1 - $2 }
			END { exit !(NR == 1 && late >= 0 && late < 30) }'
}

# The same in debugfs, where it can be read at any time: commands that error
# handling gave back among those that were done.
recorded() {
	local f
	f=/sys/kernel/debug/ata_split/ata$(ata_of "$D")/commands
	grep -q 'error handling: PxIS' "$f" &&
		[ "$(grep -cE '^ *[0-9]+\.[0-9]{3} tag +[0-9]+ (done|core)_[a-z]+ .*([0-9a-f]{2} ){5}' "$f")" -eq 64 ] && return
	cat "$f"
	return 1
}

# One completion in thirty is not heard of, three times. libata has finished
# these commands, so SCSI gives up on them and tells their callers; nobody else
# gets an error.
lost_completions() {
	local rc=0
	# one request is one of fio's writes
	set_attr "$D" queue/nomerges 2
	echo 30 >"$FAULT/interval"
	echo 3 >"$FAULT/times"
	echo 0 >"$FAULT/verbose"
	set_attr "$D" io-timeout-fail 1
	echo 100 >"$FAULT/probability"
	run_fio --name=lost --filename="$D" --rw=randwrite --bs=4k --size=2m --iodepth=32 \
		--continue_on_error=io --output="$TMP/lost"
	echo 0 >"$FAULT/probability"
	set_attr "$D" io-timeout-fail 0
	set_attr "$D" queue/nomerges 0
	[ "$(cat "$FAULT/times")" -eq 0 ] || { echo "not all faults happened"; rc=1; }
	grep -q 'errors *: total= *3, first_error= *5/' "$TMP/lost" || { cat "$TMP/lost"; rc=1; }
	return $rc
}

others() {
	local d
	for d in "${DISKS[@]}"; do
		"$HERE/dio" write "$d" 4 67108864 1048576 && "$HERE/dio" check "$d" 4 67108864 1048576 || return
	done
}

check "commands without completion are recovered" interrupts_off
check "they were found by their timeout" timeout_seen
check_split "the kernel log has the last commands" reported
check_split "debugfs has the last commands" recorded
if [ -e "$FAULT" ]; then
	check "completions that nobody heard of are recovered" lost_completions
else
	ktap_test_skip "completions that nobody heard of are recovered (needs CONFIG_FAIL_IO_TIMEOUT)"
fi
check "the disk goes on, with the right data" load 4 "$D"
check "all disks go on" others
check "NCQ is on still" test "$(attr "$D" device/queue_depth)" -gt 1
finish
