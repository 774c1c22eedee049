#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk without NCQ is the core's altogether, and gets back to the split when
# NCQ comes back.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 5 disks

D=${DISKS[0]}
at_exit "set_attr $D device/queue_depth 32"

# split_by COMMAND...: prints by how much the split moved
split_by() {
	local before
	before=$(counter split "$D")
	"$@" || return
	SPLIT=$(($(counter split "$D") - before))
}

io() {
	run_fio --name=io --filename="$D" --rw=randwrite --bs=4k --size=4m --iodepth=16 --verify=crc32c
}

without() {
	set_attr "$D" device/queue_depth 1 && split_by io
}

with() {
	set_attr "$D" device/queue_depth 32 && split_by io
}

check "I/O without NCQ" without
check_split "none of it took the split" test "${SPLIT:-1}" -eq 0
check_split "libata's core got it" test "$(counter 'core_.*' "$D")" -gt 1000
check "I/O with NCQ again" with
check_split "it took the split" test "${SPLIT:-0}" -gt 1000
finish
