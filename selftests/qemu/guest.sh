#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boot one guest and report what became of its tests:
#
#   guest.sh KIT GUEST [MODE [PATTERN]]
#
# KIT is a folder made by kit.sh. MODE is tests, shell, or the path of a
# program to run in the guest instead of tests. PATTERN chooses among the
# guest's tests; DRIVER=ahci runs them on the stock driver, to compare. ROUNDS is how
# often they reconfigure, TIMEOUT their time limit, LIMIT the guest's. Prints, as they
# come, lines "STATE TEST REASON" and "say TEXT" (see init.sh); the last one
# is for a test named "guest", which is the guest as a whole.

. "$(dirname "$0")/common.sh"
# shellcheck source=selftests/qemu/guests.sh
. "$QEMU_DIR/guests.sh"

# What QEMU logs along with complaints: each AHCI interrupt, sometimes in the
# middle of a line, and the undefined instruction that WARN() is made of.
QEMU_NOISE='ahci: IRQ#[0-9]* level:[01]\|^ILLOPC: .*\|.*terminating on signal.*'

KIT=$1
NAME=$2
MODE=${3:-tests}
PATTERN=${4:-*}
dir=$KIT/guest-$NAME
QEMU=()
BOARD=(-M q35)
declare -A HBA_PIDS=()
HBA_WHY='' BREACHED=''

# Set by the guest's function, see guests.sh.
machine=() controllers=() exported=() ndisks=0
# Of models of HBAs: their names and configurations, and the folder of their sockets.
# Its path is short, because that of a socket has at most 107 bytes.
hbas=() sockets=''
declare -A hba_lines=()
tests='*' not='' append='' driver=ahci_split ata_split='' ahci_split=''
modules='' build='' channel=virtio end=poweroff complaints='' noise='' crash='' limit=600 boot=300 memory=1536 cpus=2 expect='' collection=ata_split
files=() log=guest_errors,unimp

# matches NAME PATTERNS: is it one of them?
matches() {
	local pattern
	set -f
	for pattern in $2; do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $1 != $pattern ]] || { set +f; return 0; }
	done
	set +f
	return 1
}

select_tests() {
	local line name
	while IFS= read -r line; do
		name=${line#*:} name=${name%.sh}
		[ "${line%%:*}" = "$collection" ] || continue
		matches "$name" "$tests" || continue
		! matches "$name" "$not" || continue
		matches "$name" "${PATTERN%.sh}" || continue
		echo "$line"
	done <"$KIT/kselftest-list.txt"
}

# What init.sh reads: assignments, and what is exported to the tests.
write_env() {
	local v
	case $MODE in
	tests | shell) printf 'MODE=%q\n' "$MODE" ;;
	*) echo MODE=job ;;
	esac
	printf '%s=%q\n' DRIVER "$driver" CONTROLLERS "${controllers[*]}" \
		NDISKS "$ndisks" MODULES "$modules" TIMEOUT "${TIMEOUT:-}" \
		ATA_SPLIT_PARAMS "$ata_split" AHCI_SPLIT_PARAMS "$ahci_split" \
		CHANNEL "$channel" END "$end" EXPECT_COMPLAINTS "$complaints" \
		HBAS "${hbas[*]}" WANT_CDROM "$([ -e "$dir/cdrom.img" ] && echo 1)"
	[ -z "$build" ] || export_env "ATA_SPLIT_MODULES=/usr/lib/ata_split/$build"
	[ -z "${ROUNDS:-}" ] || export_env "ROUNDS=$ROUNDS"
	for v in "ATA_SPLIT_DRIVER=$driver" "ATA_SPLIT_CONTROLLER=${controllers[0]}" \
		 "ATA_SPLIT_GUEST=$NAME" ${exported[@]+"${exported[@]}"}; do
		printf 'export %s=%q\n' "${v%%=*}" "${v#*=}"
	done
}

make_initrd() {
	local part=$dir/part
	mkdir -p "$part"
	write_env >"$part/env"
	cp "$dir/tests" "$part/tests"
	[ ! -x "$MODE" ] || cp "$MODE" "$part/job"
	[ ${#files[@]} = 0 ] || cp "${files[@]}" "$part/"
	"$QEMU_DIR/initramfs.sh" tree "$part" guest "$dir/part.cpio"
	cat "$KIT"/*.cpio "$dir/part.cpio" >"$dir/initrd"
	rm -rf "$part" "$dir/part.cpio"
}

# The models of HBAs are only made if the guest has one.
prepare_hbas() {
	[ ${#hbas[@]} -gt 0 ] || return 0
	with_lock "$BUILD/hba.lock" logged "$BUILD/hba.log" \
		make -s -C "$TOP/selftests/hba" OUT="$BUILD/hba" "$BUILD/hba/hba"
	# A model accesses the guest's memory itself.
	BOARD=(-M "q35,memory-backend=mem"
		-object "memory-backend-memfd,id=mem,size=${memory}M,share=on")
}

# The model does not outlive this script, in whatever way that ends.
start_hba() {
	local lines i
	mapfile -t lines <<<"${hba_lines[$1]}"
	rm -f "$sockets/$1".*
	: >"$dir/$1.log"
	setpriv --pdeathsig KILL "$BUILD/hba/hba" "socket $sockets/$1.vfio" \
		"control $sockets/$1.control" "${lines[@]}" </dev/null >>"$dir/$1.log" 2>&1 &
	HBA_PIDS[$1]=$!
	for ((i = 0; i < 200; i++)); do
		! grep -q '^ready' "$dir/$1.log" || return 0
		kill -0 "${HBA_PIDS[$1]}" 2>/dev/null || break
		sleep 0.05
	done
	HBA_WHY="$1 is not ready: $(tail -n 1 "$dir/$1.log")"
	return 1
}

start_hbas() {
	local id
	HBA_WHY=
	for id in ${hbas[@]+"${hbas[@]}"}; do
		start_hba "$id" || return
	done
}

# stop_hba ID: it ends when it is told to. It has failed if it did so before, for
# another reason, or not at all.
stop_hba() {
	local pid=${HBA_PIDS[$1]} rc=0 early='' i
	kill "$pid" 2>/dev/null || early=", early"
	for ((i = 0; i < 100; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" || rc=$?
	unset "HBA_PIDS[$1]"
	case $rc$early in
	0 | 143) ;;
	*) HBA_WHY=${HBA_WHY:-"$1 ended (status $rc$early): $(tail -n 1 "$dir/$1.log")"} ;;
	esac
}

stop_hbas() {
	local id
	for id in "${!HBA_PIDS[@]}"; do
		stop_hba "$id"
	done
}

# What the models have logged. A breach during a test has failed
# that test; one outside fails the guest.
hba_reasons() {
	local id
	for id in ${hbas[@]+"${hbas[@]}"}; do
		grep -m 1 -E 'ERROR: [A-Za-z]+Sanitizer|runtime error:' "$dir/$id.log" | sed "s/^/$id: /" || true
		[ -n "$BREACHED$complaints" ] || grep -m 1 '^breach: ' "$dir/$id.log" | sed "s/^/$id: /" || true
	done
}

# The channel for results is QEMU's standard output. The console only goes to
# a file: nothing is ever decided by what it shows.
# shellcheck disable=SC2054 # the commas are QEMU's
qemu() {
	local console=(-serial "file:$dir/console.log")
	# Not a stdio chardev: with the end of its input that one hangs up.
	local result=(-chardev file,id=result,path=/dev/stdout)
	result+=(-chardev "file,id=log,path=${dir//,/,,}/test.log")
	local time=(timeout -k 5 "$limit")
	if [ "$MODE" = shell ]; then
		console=(-serial mon:stdio)
		# Nor a null chardev: to the guest that is a port to which nobody is
		# connected, and its first write waits forever.
		result=(-chardev file,id=result,path=/dev/null -chardev file,id=log,path=/dev/null)
		time=()
	fi
	# Model HBAs have their control ports there in any case.
	result+=(-device virtio-serial-pci)
	if [ "$channel" = serial ]; then
		result+=(-serial chardev:result -serial chardev:log)
	else
		result+=(-device virtserialport,chardev=result,name=ata_split.result
			-device virtserialport,chardev=log,name=ata_split.log)
	fi
	# la57=off: identify_cpu() clears the feature for a moment, and KASAN calls
	# an interrupt's accesses wild if it comes just then.
	exec "${time[@]}" "${QEMU[@]}" "${BOARD[@]}" -accel "${ACCEL:-tcg}" -cpu max,la57=off \
		-smp "$cpus" -m "$memory" -nodefaults -no-user-config -display none \
		-no-reboot "${console[@]}" "${result[@]}" \
		-d "$log" -D "$dir/qemu.log" \
		-kernel "$KIT/vmlinuz" -initrd "$dir/initrd" \
		-append "console=ttyS0 panic=-1 no_timer_check log_buf_len=4M watchdog_thresh=30 $append" \
		"${machine[@]}"
}

# report STATE TEST REASON: pass a result on, or, where the harness itself is
# under test, whether it is the one that it had to be.
report() {
	local state=$1 name=$2 reason=${*:3} wanted
	if [ -n "$expect" ]; then
		wanted=$(awk -v name="$name" '$2 == name { sub(/^[ \t]+/, ""); print }' <<<"$expect")
		wanted=${wanted:-"ok $name"}
		# shellcheck disable=SC2254 # what is expected is a pattern
		case "$state $name $reason" in
		$wanted*) state=ok reason= ;;
		*) reason="expected '$wanted', got '$state $name $reason'" state=not_ok ;;
		esac
	fi
	printf '%s %s %s\n' "$state" "$name" "$reason"
}

# Pass results on as they come, and remember the verdict.
follow() {
	local line word
	# "up" is the first thing that PID 1 says.
	read -r -t "$boot" line || { [ $? -le 128 ] || kill "$PID"; }
	[ "$line" != up ] || UP=1
	while read -r line; do
		word=${line%% *} line=${line#* }
		case $word in
		result)
			# shellcheck disable=SC2086 # three words and the rest
			report $line
			[[ $line != *' hba: '* ]] || BREACHED=1
			line=${line#* }
			sed -i "\|:${line%% *}\(\.sh\)\?\$|d" "$dir/tests" ;;
		verdict) echo "$line" >"$dir/verdict" ;;
		up) ;; # again
		*) echo "$word $line" ;;
		esac
	done
}

# acknowledged N: have there been so many, and some of each writer, which take longest
# to begin on a file system? See durable.sh.
acknowledged() {
	awk -v n="$1" '!seen[$1]++ { writers++ } END { exit !(NR >= n && writers >= 10) }' "$dir/acks"
}

# Kill QEMU without warning, after as many acknowledgements and as much time as the
# seed says.
kill_qemu() {
	local acks delay
	RANDOM=$crash
	acks=$((100 + RANDOM % 1000)) delay=$((RANDOM % 100))
	until acknowledged $acks; do
		kill -0 "$PID" 2>/dev/null || return 0
		sleep 0.05
	done
	sleep "$(printf '0.%03d' $delay)"
	kill -KILL "$(cat "$dir/pid")"
	echo "crash after $acks acknowledgements and $delay ms" >"$dir/verdict"
}

# The test is in what the guest has left, and in what its kernel said until then.
judge_crash() {
	local what
	if what=$(grep -m 1 -E 'WARNING:|BUG:|Oops|KASAN|INFO: ' "$dir/console.log") ||
	   ! what=$("$QEMU_DIR/durable.py" "$dir" "$crash" 2>&1 | tail -n 1); then
		report not_ok durable "$what"
	else
		report ok durable "$what"
		# Tens of megabytes, and there may be many such guests.
		rm -rf "$dir"/disk*
	fi
	: >"$dir/tests"
}

# Why the guest as a whole has failed, or nothing.
reasons() {
	local rc=$1 verdict complaint
	verdict=$(cat "$dir/verdict" 2>/dev/null || true)
	[ -z "$HBA_WHY" ] || echo "$HBA_WHY"
	case $rc,$verdict in
	0,ok* | 137,crash* | none,*) ;;
	124,* | 137,*) echo "killed after $limit s" ;;
	*,not_ok*) echo "${verdict#not_ok }" ;;
	*) echo "it ended without a verdict (QEMU exit status $rc)" ;;
	esac
	complaint=$(sed "s/$QEMU_NOISE${noise:+\\|^$noise}//" "$dir/qemu.log" "$dir/stderr.log" |
		grep -v '^$' | head -n 1 || true)
	[ -z "$complaint" ] || echo "QEMU: $complaint"
	hba_reasons
}

# Sets RC, and UP if the guest got as far as PID 1. Under TCG a kernel stops once in
# some hundred boots, before any driver of ours is loaded.
run_qemu() {
	RC=0
	UP=
	BREACHED=
	: >"$dir/qemu.log"
	: >"$dir/stderr.log"
	start_hbas || { RC=none; return 0; }
	exec {results}< <(qemu </dev/null 2>"$dir/stderr.log")
	PID=$!
	[ -z "$crash" ] || kill_qemu &
	follow <&"$results"
	wait "$PID" || RC=$?
	PID=
	stop_hbas
}

cleanup() {
	[ -z "${PID:-}" ] || kill "$PID" 2>/dev/null || true
	stop_hbas
	[ -z "$sockets" ] || rm -rf "$sockets"
	rm -f "$dir"/*.img "$dir/initrd"
}

main() {
	local line why
	rm -rf "$dir"
	mkdir -p "$dir"
	trap cleanup EXIT
	trap 'exit 1' INT TERM HUP
	"guest_${NAME%%-*}" "${NAME#*-}"
	driver=${DRIVER:-$driver}
	limit=${LIMIT:-$limit}
	select_tests >"$dir/tests"
	if [ "$MODE" = tests ] && [ ! -s "$dir/tests" ]; then
		# Somebody else's guest has the test that was asked for.
		[ "$PATTERN" != '*' ] || report not_ok guest "none of its tests exists: $tests"
		return
	fi
	mapfile -t QEMU < <("$QEMU_DIR/qemu.sh")
	[ ${#QEMU[@]} -gt 1 ] || die "there is no QEMU for $NAME"
	prepare_hbas
	make_initrd
	if [ "$MODE" = shell ]; then
		start_hbas || die "$HBA_WHY"
		(qemu)
		return
	fi
	run_qemu
	if [ -z "$UP$HBA_WHY" ]; then
		cp "$dir/console.log" "$dir/console-1.log"
		say "$NAME did not boot, once more; see $dir/console-1.log" >&2
		run_qemu
	fi
	[ ! -e "$dir/acks" ] || judge_crash
	# A test that was begun, or waited, when the guest died has not passed.
	while IFS= read -r line; do
		line=${line#*:}
		[ "$MODE" != tests ] || report not_ok "${line%.sh}" "no result"
	done <"$dir/tests"
	why=$(reasons "$RC" | paste -s -d ';')
	report "$([ -z "$why" ] && echo ok || echo not_ok)" guest "$why"
}

[ $# -ge 2 ] || die "usage: guest.sh KIT GUEST [MODE [PATTERN]]"
declare -F "guest_${NAME%%-*}" >/dev/null || die "no such guest: $NAME"
with_lock "$KIT/guest-$NAME.lock" main
