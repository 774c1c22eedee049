#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# HBA and disks misbehave by chance, for ATA_SPLIT_BEHAVIOURS times at least, while fio
# compares what it reads with what it has written. Nothing is lost, invented, or
# overwritten, nothing hangs, and error handling brings each disk back.
#
# ATA_SPLIT_SEED is the first seed; each round has the next.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 2 disks
errors_expected
SEED=${ATA_SPLIT_SEED:-1}
WANTED=${ATA_SPLIT_BEHAVIOURS:-20000}
at_exit "hba fuzz off"
note "seed $SEED"

# With too many errors libata slows a disk down or stops queueing, so each round begins
# with a new probe, without misbehaviour.
round() {
	local d rc=0
	for d in "${DISKS[@]}"; do
		set_attr "$d" device/timeout 3
	done
	hba "seed $1" && hba fuzz on || return
	FIO_LIMIT=250 load 5 "${DISKS[@]}" || rc=1
	hba fuzz off && rebind || rc=1
	[ $rc -eq 0 ] || echo "seed $1"
	return $rc
}

behaviours() {
	hba fuzzed | cut -d ' ' -f 1
}

rounds() {
	local begun
	begun=$(behaviours)
	for ((; $(behaviours) - begun < WANTED; SEED++)); do
		round "$SEED" || return
	done
	hba fuzzed
	[ "$(recoveries)" -gt 0 ]
}

recoveries() {
	klog | grep -c "EH complete"
}

check "data survive misbehaviour" rounds
note "$(hba fuzzed)"
note "$(recoveries) passes of error handling, up to seed $((SEED - 1))"
check "all disks are what they were" load 2 "${DISKS[@]}"
finish
