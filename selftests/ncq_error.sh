#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One of three queued commands fails, a read of a sector that cannot be read. Their status
# is in one place for all of them, and a log of the disk tells which command it is of. A
# kernel that does not take that into account must not be shown it: it would fail the
# others as well.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
begin 3 disks
errors_expected
D=${DISKS[0]}
PORT=$(port_of "$D")
OFFSET=67108864
READS=()
at_exit "hba forget; hba resume $PORT; hba bad $PORT none"

# start_read N: 4 KiB that are known, the Nth, in the background
start_read() {
	timeout -k 5 60 "$HERE/dio" check "$D" 7 $((OFFSET + $1 * 4096)) 4096 >"$TMP/read$1" 2>&1 &
	READS[$1]=$!
}

# in_flight N: the HBA has so many commands
in_flight() {
	local tags n
	tags=$(($(hba waiting "$PORT")))
	for ((n = 0; tags; n++)); do
		tags=$((tags & tags - 1))
	done
	[ $n -eq "$1" ]
}

# The next three commands that the HBA fetches are held. Those of error handling are not.
three_in_flight() {
	local i
	for i in 1 2 3; do
		hba "when fetch port=$PORT nth=$i do hold" || return
	done
	start_read 0
	wait_until 10 in_flight 1 || { echo "waiting: $(hba waiting "$PORT")"; return 1; }
	GUILTY=$(hba waiting "$PORT")
	start_read 1
	start_read 2
	wait_until 10 in_flight 3 || { echo "waiting: $(hba waiting "$PORT")"; return 1; }
}

# Only the one that is to fail completes. It gets its error, with the sector; the others
# get their data, when they have been sent again.
one_fails() {
	local rc=0 before
	before=$(counter done_eh "$D")
	hba bad "$PORT" $((OFFSET / 512)) || return
	three_in_flight && hba release "$PORT" "$GUILTY" || rc=1
	wait "${READS[1]}" || { cat "$TMP/read1"; rc=1; }
	wait "${READS[2]}" || { cat "$TMP/read2"; rc=1; }
	wait "${READS[0]}" && { echo "the bad sector was read"; rc=1; }
	medium_error "$TMP/read0" || rc=1
	klog >"$TMP/said"
	grep -q "Sense Key : Medium Error" "$TMP/said" &&
		grep -q "error, dev ${D##*/}, sector $((OFFSET / 512)) " "$TMP/said" ||
		{ echo "no medium error of that sector"; rc=1; }
	[ "$DRIVER" != ahci_split ] || [ "$(counter done_eh "$D")" -eq $((before + 3)) ] ||
		{ echo "done_eh did not rise by 3"; rc=1; }
	return $rc
}

still_answers() {
	hba bad "$PORT" none && "$HERE/dio" check "$D" 7 $OFFSET 12288
}

check "blocks are written" "$HERE/dio" write "$D" 7 $OFFSET 12288
check "the error of one is not everybody's" one_fails
check "the disk still answers" still_answers
finish
