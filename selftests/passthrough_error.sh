#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A command that the disk refuses, in the middle of queued ones: error handling
# runs for it, and the queued commands survive that.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio sg_raw hdparm
begin 6 disks
errors_expected

D=${DISKS[0]}

# READ SECTORS far behind the end of any disk, as non-data: the disk aborts it
# or, if it does not like the address, says so.
refused() {
	local rc=0
	sg_raw "$D" 85 06 20 00 00 00 00 00 00 00 00 00 00 40 ff 00 >"$TMP/refused" 2>&1 || rc=$?
	[ $rc -eq 11 ] || { cat "$TMP/refused"; echo "exit status $rc instead of 11"; return 1; }
}

# The flight recorder reports errors, and this is none of the disk's or the controller's.
unreported() {
	not grep -q 'registers, last commands' <(klog)
}

# Feature sets and logs that the disk does not have.
identify() {
	hdparm -I "$D" >/dev/null
}

# The device's SLEEP command; the next one wakes it by a reset.
quiet_commands() {
	identify && hdparm -q -Y "$D" && hdparm -C "$D" >/dev/null
}

under_load() {
	local i
	start_load "$D"
	for ((i = 0; i < 12 && i >= 0; i++)); do
		refused || return
		loading || break
	done
}

check "an unknown command is aborted" refused
check_split "it is not reported" unreported
check "identify data, and the power mode of a disk that sleeps" quiet_commands
check_split "neither is reported" unreported
check "and under load as well" under_load
check "queued I/O survived" load_ok
finish
