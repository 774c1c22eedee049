# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of ata_split share. A test reads
#
#	. "${0%/*}/lib.sh"
#	need fio
#	begin 2 disks
#	check "reads work" some_command
#	...
#	finish
#
# and finish adds three checks of its own to every test: nothing bad in the
# kernel log since begin, the driver's counters add up, and no DMA mapping of
# the controller is left.
#
# Environment:
# ATA_SPLIT_CONTROLLER   PCI address of the AHCI controller under test
# ATA_SPLIT_DISKS        disks behind it whose contents may be destroyed; names
#                        that stay right when the kernel names disks anew, such
#                        as /dev/disk/by-path/*, are best where udev makes them
# ATA_SPLIT_DRIVER       ahci_split, or ahci: then the stock driver is tested,
#                        and what only the split can answer is skipped
# ATA_SPLIT_MODULES      directory of the modules, where modprobe has them not
# ATA_SPLIT_CDROM        an ATAPI drive behind any controller of the driver
# ATA_SPLIT_CDROM_SHA256 checksum of its medium; without it the medium must be
#                        what cdrom_pattern below prints
# ATA_SPLIT_BAD_DISK     a disk with an unreadable sector, and
# ATA_SPLIT_BAD_LBA      the number of that sector; at least 1 MiB from either
#                        end of the disk, where nobody looks for partitions
# ATA_SPLIT_SLOT         PCI address of the slot that the controller is alone in, and
#                        whose power the tests may switch
# ATA_SPLIT_MONITOR      a port that leads to the monitor (QMP) of the QEMU that this
#                        is a guest of; disk CONTROLLER-PORT is on node CONTROLLER-PORT
# ATA_SPLIT_HBA          a port that leads to the model of an HBA that the controller is
#                        (hba.sh)
# ATA_SPLIT_DRIVES       PCI address of a controller that is a model of an HBA with drives,
#                        and that model's name (hba_atapi.sh)
# ATA_SPLIT_RESTART      set where restart.sh runs again after each boot
# ROUNDS                 how often to reconfigure under load
# ATA_SPLIT_CTL          the bind script, where PATH does not have splitctl

set -u
export LC_ALL=C

HERE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
NAME=$(basename "$0" .sh)
DRIVER=${ATA_SPLIT_DRIVER:-ahci_split}
BDF=${ATA_SPLIT_CONTROLLER:-}
PCI=/sys/bus/pci
ROUNDS=${ROUNDS:-2}
DISKS=()

# shellcheck source=/dev/null
. "$HERE/../kselftest/ktap_helpers.sh"

# Deterministic contents of the CD-ROM, 16 MiB, no two sectors alike.
cdrom_pattern() {
	seq -f %031.0f 0 524287
}

# ---- outcome -----------------------------------------------------------------

FINISHED=
TMP=
CLEANUP=()

at_exit() {
	CLEANUP+=("$1")
}

cleanup() {
	local i
	for ((i = ${#CLEANUP[@]} - 1; i >= 0; i--)); do
		eval "${CLEANUP[i]}"
	done
	CLEANUP=()
}

on_exit() {
	cleanup
	[ -z "$KLOG_PID" ] || kill "$KLOG_PID"
	[ -z "$TMP" ] || rm -rf "$TMP"
	[ -n "$FINISHED" ] && return
	echo "Bail out! $NAME ended early"
	exit "$KSFT_FAIL"
}

skip() {
	ktap_skip_all "$@"
	FINISHED=1
	exit "$KSFT_SKIP"
}

die() {
	echo "Bail out! $*"
	FINISHED=1
	exit "$KSFT_FAIL"
}

note() {
	echo "# $*"
}

# check DESCRIPTION COMMAND...: one result; the command's output only if it fails
check() {
	local what=$1
	shift
	if "$@" >"$TMP/check" 2>&1; then
		ktap_test_pass "$what"
	else
		head -n 100 "$TMP/check" | sed 's/^/# /'
		ktap_test_fail "$what"
	fi
}

# As check, for what the stock driver cannot be asked.
check_split() {
	if [ "$DRIVER" = ahci_split ]; then
		check "$@"
	else
		ktap_test_skip "$1 ($DRIVER has no such thing)"
	fi
}

not() {
	! "$@"
}

# wait_until SECONDS COMMAND...
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

need() {
	local c
	for c; do
		command -v "$c" >/dev/null || skip "needs the program $c"
	done
}

# begin CHECKS [disks] [all-disks] [idle-driver]
# disks: at least one disk may be destroyed
# all-disks: none but such disks are behind the controller, so that it can be
#            unbound, and so that it does not matter which disk then gets which name
# idle-driver: the driver has no other controller, so that it can be unloaded
begin() {
	local checks=$1 d
	shift
	[ "$(id -u)" -eq 0 ] || skip "must be root"
	[ -n "$BDF" ] || skip "set ATA_SPLIT_CONTROLLER to the PCI address of the controller to test"
	[ -d "$PCI/devices/$BDF" ] || die "ATA_SPLIT_CONTROLLER: there is no PCI device $BDF"
	case " $* " in *disks*)
		[ -n "${ATA_SPLIT_DISKS:-}" ] ||
			skip "set ATA_SPLIT_DISKS to the disks behind $BDF whose contents may be destroyed" ;;
	esac
	TMP=$(mktemp -d) || die "no temporary directory"
	[ -d /sys/kernel/debug/block ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null
	klog_begin
	dma_begin
	load_driver || die "cannot load $DRIVER"
	bind_controller "$DRIVER" || die "cannot bind $BDF to $DRIVER"

	case " $* " in *disks*)
		for d in $ATA_SPLIT_DISKS; do
			wait_until 30 test -b "$d" || die "ATA_SPLIT_DISKS: there is no disk $d"
			d=$(readlink -f "$d")
			is_behind "${d##*/}" || die "ATA_SPLIT_DISKS: $d is not behind $BDF"
			"$HERE/dio" claim "$d" || die "ATA_SPLIT_DISKS: $d is mounted, swap, or otherwise in use"
			DISKS+=("$d")
		done ;;
	esac
	case " $* " in *all-disks*)
		for d in $(behind); do
			[[ " ${DISKS[*]} " = *" $d "* ]] || skip "$d is behind $BDF but not in ATA_SPLIT_DISKS"
		done
		DISK_NAMES=$(behind)
		at_exit restore_names ;;
	esac
	case " $* " in *idle-driver*)
		[ "$(bound)" = "$BDF" ] || skip "$DRIVER has other controllers as well"
		[ -e "/sys/module/$DRIVER/refcnt" ] || skip "$DRIVER is built in" ;;
	esac
	ktap_set_plan $((checks + 3))
}

finish() {
	cleanup
	check "kernel log is clean" klog_clean
	check_split "every command is accounted for" accounted
	if [ -e "$DMA_API/dump" ]; then
		check "no DMA mapping is left" dma_clean
	else
		ktap_test_skip "no DMA mapping is left (needs CONFIG_DMA_API_DEBUG)"
	fi
	FINISHED=1
	ktap_finished
}

# ---- driver and controller ---------------------------------------------------

insert() {
	local module=$1
	shift
	[ ! -d "/sys/module/$module" ] || return 0
	if [ -e "${ATA_SPLIT_MODULES:-}/$module.ko" ]; then
		insmod "$ATA_SPLIT_MODULES/$module.ko" "$@"
	else
		modprobe "$module" "$@"
	fi
}

# load_driver [PARAMETER OF ata_split [PARAMETER OF ahci_split]]
load_driver() {
	[ "$DRIVER" != ahci_split ] || insert ata_split ${1:+"$1"} || return
	insert "$DRIVER" ${2:+"$2"}
}

# Whoever has a disk open holds the module, the partition scan of a new disk too.
unload_driver() {
	wait_until 30 rmmod "$DRIVER" 2>"$TMP/rmmod" || { cat "$TMP/rmmod"; return 1; }
	[ "$DRIVER" != ahci_split ] || rmmod ata_split
}

driver_of() {
	local d
	d=$(readlink "$PCI/devices/$1/driver") && echo "${d##*/}"
}

# The controllers that the driver has.
bound() {
	local d
	for d in "$PCI/drivers/$DRIVER"/*:*:*.*; do
		[ ! -e "$d" ] || echo "${d##*/}"
	done
}

unbind_controller() {
	[ ! -e "$PCI/devices/$BDF/driver" ] || echo "$BDF" >"$PCI/devices/$BDF/driver/unbind"
}

bind_controller() {
	local d
	[ "$(driver_of "$BDF")" != "$1" ] || return 0
	for d in $(behind); do
		"$HERE/dio" claim "$d" || die "$d is in use: cannot take $BDF from its driver"
	done
	unbind_controller
	echo "$1" >"$PCI/devices/$BDF/driver_override"
	echo "$BDF" >"$PCI/drivers_probe"
	[ "$(driver_of "$BDF")" = "$1" ]
}

is_behind() {
	[[ $(readlink -f "/sys/block/$1") = */$BDF/* ]]
}

# The disks behind the controller.
behind() {
	local b
	for b in /sys/block/sd*; do
		[ ! -e "$b" ] || ! is_behind "${b##*/}" || echo "/dev/${b##*/}"
	done
}

all_there() {
	[ "$(behind | wc -l)" -eq ${#DISKS[@]} ]
}

# Bind again after unbind_controller and wait for the disks, which may have
# other names now.
bind_again() {
	local d
	bind_controller "$DRIVER" && wait_until 60 all_there || return
	mapfile -t DISKS <<<"$(behind)"
	for d in "${DISKS[@]}"; do
		wait_until 10 test -b "$d" || return
	done
}

rebind() {
	unbind_controller && bind_again
}

# A disk that was held open while the controller was away has a new name since,
# which the next test would not know.
restore_names() {
	[ "$(behind)" = "$DISK_NAMES" ] || rebind
}

# A number that is the disk's own, whatever its name.
seed_of() {
	cksum <"/sys/block/${1##*/}/device/wwid" | cut -d' ' -f1
}

attr() {
	cat "/sys/block/${1##*/}/$2"
}

set_attr() {
	echo "$3" >"/sys/block/${1##*/}/$2"
}

# Reads and writes that a disk has completed.
requests() {
	attr "$1" stat | awk '{ print $1 + $5 }'
}

# eh_pass [DISK]: a whole pass of error handling, with reset and IDENTIFY; returns at its end
eh_pass() {
	echo "- - -" >"$(scsi_host "${1:-$D}")/scan"
}

scsi_host() {
	local host
	host=$(readlink -f "/sys/block/${1##*/}/device/../..")
	echo "/sys/class/scsi_host/${host##*/}"
}

# Passes of error handling on a disk's port since begin.
eh_passes() {
	klog | grep -c "^ata$(ata_of "$1"): EH complete"
}

# ---- counters ----------------------------------------------------------------

# Prints N of ataN.
ata_of() {
	local p
	p=$(readlink -f "/sys/block/${1##*/}")
	p=${p#*/ata}
	echo "${p%%/*}"
}

counter_files() {
	local p
	for p in "$PCI/devices/$BDF"/ata*; do
		[ ! -d "$p" ] || echo "/sys/kernel/debug/ata_split/${p##*/}/counters"
	done
}

# counter REGEX [DISK]: sum of the counters of that name, of one port or of all
counter() {
	local files
	[ "$DRIVER" = ahci_split ] || { echo 0; return; }
	if [ $# -gt 1 ]; then
		files=/sys/kernel/debug/ata_split/ata$(ata_of "$2")/counters
	else
		files=$(counter_files)
	fi
	# shellcheck disable=SC2086
	awk -v re="^($1)\$" '$1 ~ re { n += $2 } END { print n + 0 }' $files
}

# What went in is what came out, port by port, once nothing is under way.
accounted() {
	wait_until 5 add_up >"$TMP/add_up" && return
	add_up
}

add_up() {
	local files
	files=$(counter_files)
	# shellcheck disable=SC2086
	awk '
	FNR == 1 && NR > 1 { verify() }
	{ n++; file = FILENAME; v[$1] = $2 }
	$2 !~ /^[0-9]+$/ { print FILENAME ": not a number: " $0; bad = 1 }
	$1 ~ /^core_/ { core += $2; next }
	$1 ~ /^refused_/ { refused += $2; next }
	$1 ~ /^done_/ { done += $2; next }
	$1 ~ /^batch_/ { size = substr($1, 7); least += size * $2; most += (2 * size - 1) * $2; next }
	$1 !~ /^(queued|map_busy|built|split|held|eh_passes|longest_(build|submit|interrupt)_ns)$/ {
		print FILENAME ": unknown counter " $1; bad = 1 }
	function same(what, a, b) {
		if (a != b) { print file ": " what ": " a " != " b; bad = 1 }
	}
	function verify() {
		same("queued = core + map_busy + built", v["queued"], core + v["map_busy"] + v["built"])
		same("built = refused + split", v["built"], refused + v["split"])
		same("split = done", v["split"], done)
		if (v["held"] > v["split"]) {
			print file ": more were held than issued"; bad = 1 }
		if (v["done_deferred"] < least || v["done_deferred"] > most) {
			print file ": batch_* do not add up to done_deferred " v["done_deferred"]; bad = 1 }
		split("", v)
		core = refused = done = least = most = 0
	}
	END { if (n) verify(); else { print "no counters"; bad = 1 } exit bad }' $files
}

# ---- kernel log --------------------------------------------------------------

KLOG_PID=
ERRORS_EXPECTED=

# These fail a test always ...
SPLATS='WARNING:|BUG:|Oops|kernel BUG at|cut here|general protection fault|Call Trace:|refcount_t:'
SPLATS+='|possible (circular|recursive) locking|inconsistent (lock|\{)|irq lock inversion|bad unlock balance'
SPLATS+='|[Ll]ock.* (still )?held|held lock freed|suspicious RCU|Invalid wait context|INFO: trying to register'
SPLATS+='|sleeping function called|scheduling while atomic|blocked for more than|detected stall|stall on CPU'
SPLATS+='|[Ss]oft lockup|[Hh]ard LOCKUP|nobody cared|KASAN|KCSAN|KFENCE|UBSAN|DMA-API:|ODEBUG|kmemleak:'
SPLATS+='|DMAR:.*(fault|ERROR)|Fault (addr|reason)|list_(add|del) corruption|[Ss]lab corruption|page allocation failure'
SPLATS+='|bad page state|stack-protector|cannot create duplicate|already present!|leaked|swiotlb buffer is full'
# ... and these unless it has said that errors are expected.
ERRORS='exception Emask|failed command|qc timeout|I/O error|[Mm]edium [Ee]rror|COMRESET failed|SRST failed|softreset failed'
ERRORS+='|hardreset failed|failed to IDENTIFY|revalidation failed|NCQ disabled|limiting (SATA|speed)|Unhandled|rejecting I/O'
ERRORS+='|forcing PI|more ports than CAP.NP|behind the end of BAR|failed to stop|controller (reset failed|does not)'
ERRORS+='|EXT4-fs (error|warning)|JBD2:|port is slow to respond|hard resetting link|soft resetting link'

errors_expected() {
	ERRORS_EXPECTED=1
}

klog_begin() {
	cat /dev/kmsg >"$TMP/klog" 2>/dev/null &
	KLOG_PID=$!
	disown
	echo "selftest $NAME $$ begin" >/dev/kmsg
}

# klog_bad FILE: the lines that fail a test, with a few that follow
klog_bad() {
	"$HERE/kcsan.awk" "$HERE/kcsan.known" "$1" |
		grep -E -A 25 "$SPLATS${ERRORS_EXPECTED:-|$ERRORS}"
}

# What the kernel logged since begin. A reader that has fallen behind gets an
# error and ends, so the end mark proves that nothing was lost.
klog() {
	local mark="selftest $NAME $$ end $RANDOM"
	echo "$mark" >/dev/kmsg
	wait_until 10 grep -q "$mark" "$TMP/klog" || { echo "kernel log overran"; return 1; }
	sed "1,/selftest $NAME $$ begin/d; /selftest $NAME $$ end/d; s/^[^;]*;//" "$TMP/klog"
}

klog_clean() {
	local rc=0
	klog >"$TMP/klog.test" || { cat "$TMP/klog.test"; return 1; }
	! klog_bad "$TMP/klog.test" || rc=1
	if grep -q 'debug_locks: *0' /proc/lockdep_stats 2>/dev/null; then
		echo "lockdep has switched itself off"
		rc=1
	fi
	return $rc
}

# ---- DMA mappings ------------------------------------------------------------

DMA_API=/sys/kernel/debug/dma-api

dma_errors() {
	cat $DMA_API/error_count 2>/dev/null || echo 0
}

dma_begin() {
	DMA_ERRORS=$(dma_errors)
}

# Command lists and tables are coherent memory and stay; data never does.
dma_unmapped() {
	! grep -F " $BDF " $DMA_API/dump | grep -v ' coherent '
}

dma_clean() {
	if grep -q '[1Y]' $DMA_API/disabled; then
		echo "DMA-API debugging has switched itself off"
		return 1
	fi
	[ "$(dma_errors)" = "$DMA_ERRORS" ] || { echo "DMA-API reported errors"; return 1; }
	wait_until 5 dma_unmapped
}

# ---- load --------------------------------------------------------------------

FIO=(--ioengine=libaio --direct=1 --thread --allow_file_create=0 --randrepeat=0 --group_reporting
	--verify_fatal=1)

# fio with what all jobs share. A hang is a failure, not a test without end.
run_fio() {
	local out
	out=$(mktemp "$TMP/fio.XXXX")
	timeout -k 5 "${FIO_LIMIT:-150}" fio "${FIO[@]}" --output="$out" "$@" && return
	cat "$out"
	return 1
}

# Writes of many sizes, each read again and compared soon after, to the first
# 16 MiB of a disk.
LOAD=(--rw=randwrite --bssplit=4k/60:16k/20:64k/15:256k/5 --iodepth=32 --size=16m
	--verify=crc32c --verify_backlog=128 --time_based)

# jobs DISK...: sets JOBS to one job for each
jobs_for() {
	local d
	JOBS=()
	for d; do
		JOBS+=("--name=${d##*/}" "--filename=$d")
	done
}

# load SECONDS DISK...
load() {
	local seconds=$1
	shift
	jobs_for "$@"
	run_fio "${LOAD[@]}" --runtime="$seconds" "${JOBS[@]}"
}

# start_load DISK...: the same in the background, until load_ok ends it. It
# also ends, at once, when something is wrong, which loading and load_ok tell.
# In the foreground, timeout passes a signal on once; otherwise fio gets two of
# each, and the second one may interrupt what it does on its way out.
start_load() {
	local limit=$((250 + 30 * ROUNDS))
	jobs_for "$@"
	timeout --foreground -k 30 $limit \
		fio "${FIO[@]}" "${LOAD[@]}" --runtime=$((2 * limit)) --output="$TMP/load" "${JOBS[@]}" \
		>"$TMP/load.err" 2>&1 &
	LOAD_PID=$!
	at_exit stop_load
	wait_until 60 more_requests "$1" $(($(requests "$1") + 100)) || note "load does not get going"
}

more_requests() {
	[ "$(requests "$1")" -gt "$2" ]
}

loading() {
	kill -0 "$LOAD_PID" 2>/dev/null
}

not_loading() {
	! loading
}

# fio's exit status is 128 when nothing was wrong until it was told to end. What
# it says of an error comes last, because the end is what a report shows.
load_ok() {
	local early='' status=0
	loading || early=" before its time"
	kill "$LOAD_PID"
	wait_until 60 not_loading || { echo "load hangs"; return 1; }
	wait "$LOAD_PID" || status=$?
	LOAD_PID=
	[ -n "$early" ] || [ $status -ne 128 ] || return 0
	cat "$TMP/load" "$TMP/load.err"
	grep 'err=\|error\|verify' "$TMP/load" | tail -n 5
	echo "load ended$early with exit status $status"
	return 1
} 2>/dev/null

stop_load() {
	[ -z "$LOAD_PID" ] || { kill "$LOAD_PID"; wait "$LOAD_PID"; } 2>/dev/null
	LOAD_PID=
}

# for_all_disks write|check: 8 MiB of each disk's own, out of the loads' way
for_all_disks() {
	local d
	for d in "${DISKS[@]}"; do
		"$HERE/dio" "$1" "$d" "$(seed_of "$d")" 67108864 8388608 || return
	done
}

storm() {
	jobs_for "${DISKS[@]}"
	FIO_LIMIT=90 run_fio --rw=randrw --bssplit=4k/80:128k/20 --iodepth=32 --size=48m \
		--time_based --runtime=100 "${JOBS[@]}" >"$TMP/storm" 2>&1
}

# away_and_back TAKE GIVE: all disks lose their driver under full load, and get it
# back, ROUNDS times. The load would go on for longer than its limit, so that it has
# ended means that it got errors.
away_and_back() {
	local i load held
	for ((i = 0; i < ROUNDS; i++)); do
		storm &
		load=$!
		wait_until 60 more_requests "${DISKS[0]}" $(($(requests "${DISKS[0]}") + 100))
		sleep "0.$((i % 10))"
		# One disk stays open while the driver is away.
		exec {held}<"${DISKS[i % ${#DISKS[@]}]}"
		"$1" || { echo "round $i: $1 failed"; return 1; }
		wait $load && { echo "round $i: fio got no error"; return 1; }
		grep -q 'No such device\|Input/output error\|error=' "$TMP/storm" ||
			{ cat "$TMP/storm"; echo "round $i: fio hung or saw something else"; return 1; }
		"$2" || { echo "round $i: disks are missing"; return 1; }
		exec {held}<&-
	done
}

trap on_exit EXIT
trap 'exit 124' TERM INT HUP
ktap_print_header
