#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands that never complete time out, error handling gets the port going
# again, and the callers get their data as if nothing had happened. Two ways to
# lose a completion: the controller cannot reach memory (bus mastering off), and
# the block layer ignores what the driver reports (FAIL_IO_TIMEOUT).

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio setpci
begin 6 disks
errors_expected

D=${DISKS[0]}
FAULT=/sys/kernel/debug/fail_io_timeout
TIMEOUT=$(attr "$D" device/timeout)
at_exit "set_attr $D device/timeout $TIMEOUT"
set_attr "$D" device/timeout 3

eh_passes() {
	klog | grep -c 'EH complete'
}

# Reads and writes that are under way when the controller goes dumb.
bus_master_off() {
	local before command rc=0
	before=$(eh_passes)
	start_load "$D"
	command=$(setpci -s "$BDF" COMMAND)
	at_exit "setpci -s $BDF COMMAND=$command"
	setpci -s "$BDF" COMMAND=0000:0004 || rc=1
	sleep 1.5
	setpci -s "$BDF" COMMAND="$command"
	wait_until 60 more_requests "$D" $(($(requests "$D") + 100)) || { echo "no recovery"; rc=1; }
	load_ok || return
	[ "$(eh_passes)" -gt "$before" ] || { echo "nothing timed out"; return 1; }
	return $rc
}

timeout_seen() {
	klog | grep -q 'Emask 0x4 (timeout)\|frozen' && return
	klog
	return 1
}

# One completion in thirty is not heard of, three times. libata has finished
# these commands, so SCSI gives up on them and tells their callers; nobody else
# gets an error.
lost_completions() {
	local rc=0
	echo 30 >"$FAULT/interval"
	echo 3 >"$FAULT/times"
	echo 0 >"$FAULT/verbose"
	set_attr "$D" io-timeout-fail 1
	echo 100 >"$FAULT/probability"
	run_fio --name=lost --filename="$D" --rw=randwrite --bs=4k --size=2m --iodepth=32 \
		--continue_on_error=io --output="$TMP/lost"
	echo 0 >"$FAULT/probability"
	set_attr "$D" io-timeout-fail 0
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

check "commands without completion are recovered" bus_master_off
check "they were found by their timeout" timeout_seen
if [ -e "$FAULT" ]; then
	check "completions that nobody heard of are recovered" lost_completions
else
	ktap_test_skip "completions that nobody heard of are recovered (needs CONFIG_FAIL_IO_TIMEOUT)"
fi
check "the disk goes on, with the right data" load 4 "$D"
check "all disks go on" others
check "NCQ is on still" test "$(attr "$D" device/queue_depth)" -gt 1
finish
