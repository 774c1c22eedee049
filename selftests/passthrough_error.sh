#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A command that the disk refuses, in the middle of queued ones: error handling
# runs for it, and the queued commands survive that.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio sg_raw
begin 3 disks
errors_expected

D=${DISKS[0]}

# READ SECTORS far behind the end of any disk, as non-data: the disk aborts it
# or, if it does not like the address, says so.
refused() {
	local rc=0
	sg_raw "$D" 85 06 20 00 00 00 00 00 00 00 00 00 00 40 ff 00 >"$TMP/refused" 2>&1 || rc=$?
	[ $rc -eq 11 ] || { cat "$TMP/refused"; echo "exit status $rc instead of 11"; return 1; }
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
check "and under load as well" under_load
check "queued I/O survived" load_ok
finish
