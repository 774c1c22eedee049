#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk that breaks, stalls or is slow, while it and its neighbours are busy.
# What had to fail fails, with an error; nothing else does, and nothing hangs.
# Every request is counted, and every pass of error handling: on the disk's port
# there must be some where there is something to handle, on the others none.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=monitor.sh
. "${0%/*}/monitor.sh"

need fio sg_raw
need_monitor
begin 10 disks
errors_expected
[ ${#DISKS[@]} -gt 1 ] || skip "needs a second disk behind the controller"

D=${DISKS[0]}
OTHERS=("${DISKS[@]:1}")
HOST=$(readlink -f "/sys/block/${D##*/}/device/../..")
HCTL=$(basename "$(readlink -f "/sys/block/${D##*/}/device")")
# Behind what start_load uses: a sector that goes bad, and good ones.
LBA=40960
GOOD=33554432
FAILED=0 PASSES=0

at_exit 'repair_disk "$D"'
set_attr "$D" queue/nomerges 2

dio_bad() {
	"$HERE/dio" "$1" "$D" 3 $((LBA * 512)) 4096
}

# fails COMMAND...: it does, with an I/O error
fails() {
	local out
	out=$("$@" 2>&1) && { echo "no error: $*"; return 1; }
	[[ $out = *"Input/output error"* ]] || { echo "$*: $out"; return 1; }
	FAILED=$((FAILED + 1))
}

# Commands of a disk that ended with an error, and passes on its port.
troubles() {
	local d
	klog >"$TMP/log"
	for d; do
		echo "$d $(attr "$d" device/ioerr_cnt) $(grep -c "^ata$(ata_of "$d"): EH complete" "$TMP/log")"
	done
}

# fault PASSES LOAD COMMAND...: beside a load on the other disks, which notice
# nothing, and with "all" on this one. PASSES is "some" or "none", for error handling
# on this disk's port.
fault() {
	local want=$1 rc=0 before passes others now disks=("${OTHERS[@]}")
	[ "$2" = others ] || disks=("${DISKS[@]}")
	shift 2
	others=$(troubles "${OTHERS[@]}")
	before=$(eh_passes "$D")
	start_load "${disks[@]}"
	"$@" || rc=1
	repair_disk "$D" || rc=1
	load_ok || rc=1
	now=$(troubles "${OTHERS[@]}")
	[ "$now" = "$others" ] || { printf 'other disks had trouble:\n%s\nbefore:\n%s\n' "$now" "$others"; rc=1; }
	passes=$(($(eh_passes "$D") - before))
	PASSES=$((PASSES + passes))
	case $want,$passes in
	none,0 | some,[1-9]*) ;;
	*) echo "$passes passes of error handling, wanted $want"; rc=1 ;;
	esac
	return $rc
}

# thrice COMMAND...: a load on the same disk goes on meanwhile
thrice() {
	local i
	for i in 1 2 3; do
		"$@" || return
		loading || { echo "load ended"; return 1; }
	done
}

# Three flushes, each of which the midlayer tries up to six times.
flushes() {
	local i
	for ((i = 0; i < 18; i++)); do
		rule flush '' true
	done
}

sticky_write() {
	break_disk "$D" "$(rule write $LBA)" && thrice fails dio_bad write
}

sticky_read() {
	dio_bad write && break_disk "$D" "$(rule read $LBA)" && thrice fails dio_bad check
}

flush() {
	sync "$D"
}

# QEMU passes no flush on before there was a write, and the load may be busy reading.
sticky_flush() {
	local rules
	mapfile -t rules < <(flushes)
	break_disk "$D" "${rules[@]}" && dio_bad write && thrice fails flush
}

# libata tries again, so that nobody gets to know.
once() {
	break_disk "$D" "$(rule read $LBA true)" "$(rule write $((LBA + 4)) true)" "$(rule flush '' true)" &&
		dio_bad check && dio_bad write && flush && dio_bad check
}

in_flight() {
	[ "$(attr "$D" inflight | awk '{ print $1 + $2 }')" -eq "$1" ]
}

# read_many N: of a slow disk in the background, each a place of its own; the bad
# one, if there is one, in the middle. PIDS are those of the others.
read_many() {
	local i
	PIDS=()
	# The first one is not held.
	"$HERE/dio" check "$D" 5 $GOOD 4096 || return
	for ((i = 0; i < $1; i++)); do
		[ $i -ne $(($1 / 2)) ] || [ -z "${2:-}" ] ||
			{ dio_bad check >"$TMP/bad" 2>&1 & BAD=$!; continue; }
		"$HERE/dio" check "$D" 5 $((GOOD + i * 65536)) 4096 &
		PIDS+=($!)
	done
}

all_succeed() {
	local pid bad=0
	for pid in "${PIDS[@]}"; do
		wait "$pid" || bad=$((bad + 1))
	done
	[ $bad -eq 0 ] || { echo "$bad of ${#PIDS[@]} requests failed that were not to"; return 1; }
}

# The disk stands still until all 32 commands are there.
one_of_32() {
	local rc=0
	"$HERE/dio" write "$D" 5 $GOOD 4194304 && dio_bad write &&
		break_disk "$D" "$(rule read $LBA)" && slow_disk "$D" 1 || return
	read_many 32 bad || rc=1
	wait_until 20 in_flight 32 || { echo "in flight: $(attr "$D" inflight)"; rc=1; }
	fast_disk "$D" || rc=1
	all_succeed || rc=1
	if wait "$BAD" || ! grep -q 'Input/output error' "$TMP/bad"; then
		cat "$TMP/bad"
		rc=1
	fi
	FAILED=$((FAILED + 1))
	return $rc
}

# One command takes four seconds, which is how long it may take; there are eight.
stalls() {
	local rc=0 before timeout retries
	timeout=$(attr "$D" device/timeout)
	# However long it takes on a busy machine.
	retries=$(cat "/sys/class/scsi_disk/$HCTL/max_retries")
	echo -1 >"/sys/class/scsi_disk/$HCTL/max_retries"
	before=$(eh_passes "$D")
	"$HERE/dio" write "$D" 5 $GOOD 4194304 && slow_disk "$D" 1024 || return
	set_attr "$D" device/timeout 4
	read_many 8 || rc=1
	wait_until 60 passed "$before" || { echo "no timeout"; rc=1; }
	fast_disk "$D" || rc=1
	all_succeed || rc=1
	set_attr "$D" device/timeout "$timeout"
	echo "$retries" >"/sys/class/scsi_disk/$HCTL/max_retries"
	return $rc
}

passed() {
	[ "$(eh_passes "$D")" -gt "$1" ]
}

slow() {
	slow_disk "$D" 262144 &&
		run_fio --name=slow --filename="$D" --offset=$GOOD --rw=randwrite --bs=4k --size=512k \
			--iodepth=32 --verify=crc32c
}

# libata tries each command several times and in the end without NCQ.
everything() {
	local rules
	mapfile -t rules < <(flushes)
	break_disk "$D" "$(rule read)" "$(rule write)" "${rules[@]}" || return
	run_fio --name=all --filename="$D" --rw=randrw --bs=4k --size=64k --iodepth=32 \
		>"$TMP/all" 2>&1 && { echo "fio got no error"; return 1; }
	grep -q 'Input/output error' "$TMP/all" || { cat "$TMP/all"; return 1; }
	thrice fails dio_bad check && thrice fails dio_bad write && thrice fails flush
}

# libata may have switched NCQ off after so many errors; a new device has it.
new_device() {
	set_attr "$D" device/delete 1
	wait_until 10 test ! -e "/sys/class/scsi_device/$HCTL" || return
	echo "- - -" >"$HOST/scsi_host/${HOST##*/}/scan"
	wait_until 20 test -e "/sys/class/scsi_device/$HCTL/device/block" || return
	D=/dev/$(basename "/sys/class/scsi_device/$HCTL/device/block"/*)
	wait_until 10 test -b "$D" && set_attr "$D" queue/nomerges 2 &&
		[ "$(attr "$D" device/queue_depth)" -gt 1 ]
}

check "a slow disk" fault none others slow
check "one of 32 queued commands fails" fault some others one_of_32
check "a sector fails to be written, amid others" fault some all sticky_write
check "a sector fails to be read, amid others" fault some all sticky_read
check "flushes fail, amid others" fault some all sticky_flush
check "a read, a write and a flush fail once, amid others" fault some all once
check "a disk that stalls" fault some others stalls
check "every command fails" fault some others everything
check "disk can be removed and found again" new_device
check "all disks go on" load 4 "$D" "${OTHERS[@]}"
note "counted: $FAILED requests failed as they had to, in $PASSES passes of error handling"
finish
