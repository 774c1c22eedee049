# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that need the driver's test variant (make ATA_SPLIT_TEST=1): windows
# that hold a command, and violations. Sourced after lib.sh and hba.sh.

WINDOWS=/sys/kernel/debug/ata_split/window
FAULT=/sys/module/ata_split/parameters/fault

# An interrupt's CPU is held, and whoever has run on it may have to wait for it.
# So that is CPU 0, the commands run on CPU 1, and the test, from its start,
# elsewhere.
pin_test() {
	[ "$(nproc --all)" -ge 4 ] || skip "needs 4 CPUs, as one of them is held"
	[ -n "${PINNED:-}" ] || PINNED=1 exec taskset -c 2,3 "$0"
}

# To be called after begin, which loads the driver.
need_variant() {
	[ -d $WINDOWS ] || die "the driver is not the test variant: build it with make ATA_SPLIT_TEST=1"
	D=${DISKS[0]}
	PORT=$(ata_of "$D")
	HBA_PORT=$(port_of "$D")
	OFFSET=67108864	# behind what load writes to
	"$HERE/dio" write "$D" 7 "$OFFSET" 262144
	set_attr "$D" queue/scheduler none
	local irq
	for irq in "$PCI/devices/$BDF"/msi_irqs/*; do
		echo 0 >"/proc/irq/${irq##*/}/smp_affinity_list"
	done
	at_exit "open_all; let_go; echo none >$FAULT"
}

variant_skip() {
	[ "$DRIVER" = ahci_split ] || skip "$DRIVER has no windows"
	[ "${ATA_SPLIT_VARIANT:-}" = test ] || skip "set ATA_SPLIT_VARIANT=test and load the test variant"
}

# arm WINDOW [TAG]: hold the next command that comes by
arm() {
	echo "$PORT ${2:-}" >$WINDOWS/"$1"
}

is_held() {
	grep -q '^held' $WINDOWS/"$1"
}

held() {
	wait_until 10 is_held "$1" || { echo "nothing came to window $1"; return 1; }
}

open() {
	local w
	for w; do
		echo open >$WINDOWS/"$w"
	done
}

open_all() {
	open building built issue "done"
}

# Commands in flight are the model HBA's to hold.

# The next command that it fetches stays in flight until let_go. Those behind do not.
hold_next() {
	hba forget && hba "when fetch port=$HBA_PORT nth=1 do hold"
}

# All that it fetches, error handling's commands as well.
hold_all() {
	hba hold "$HBA_PORT"
}

in_hba() {
	[ $(($(hba waiting "$HBA_PORT"))) -ne 0 ]
}

in_flight() {
	wait_until 10 in_hba || { echo "nothing came to the HBA"; return 1; }
}

# What is held is complete, with an interrupt.
let_go() {
	hba forget && hba resume "$HBA_PORT"
}

# start_io: read 4 KiB that are known, in the background. end_io tells whether
# it came back, once and with the right data.
start_io() {
	taskset -c 1 timeout -k 5 60 "$HERE/dio" check "$D" 7 "$OFFSET" 4096 &
	IO=$!
}

end_io() {
	wait "${1:-$IO}"
}

# held_or_back WINDOW: the read is held there, or it is through
held_or_back() {
	is_held "$1" || ! kill -0 "$IO" 2>/dev/null
}

io() {
	start_io && end_io
}

# A read is in flight. A second one's doorbell waits for a third one, which never comes.
put_off() {
	local before
	before=$(counter held "$D")
	hold_next
	start_io
	# shellcheck disable=SC2034 # the caller waits for it
	FIRST=$IO
	in_flight || return
	echo no_last >$FAULT
	start_io
	wait_until 10 moved held "$before"
}

# moved COUNTER BEFORE: it went up by one
moved() {
	local now
	now=$(counter "$1" "$D")
	[ "$now" -eq $(($2 + 1)) ] || { echo "$1 was $2 and is $now"; return 1; }
}

rose() {
	[ "$(counter "$1" "$D")" -gt "$2" ] || { echo "$1 is still $2"; return 1; }
}

# built COUNTER COMMAND...: hold a read between BuildIo and StartIo, run the
# command, and let the read go: StartIo has to refuse it for that reason
built() {
	local name=$1 before
	shift
	before=$(counter "$name" "$D")
	arm built
	start_io
	held built && "$@"
	local rc=$?
	open built
	end_io && moved "$name" "$before" && return $rc
}

# While tag 0 is being built, error handling's IDENTIFY is ready in slot 0; the
# build goes on and writes its table before the HBA gets to read IDENTIFY's.
slot_0() {
	local i scan refused
	refused=$(counter 'refused_.*' "$D")
	arm building 0
	for ((i = 0; i < 64; i++)); do
		start_io
		wait_until 30 held_or_back building
		! is_held building || break
		end_io || return
	done
	held building || return
	arm issue 32
	eh_pass &
	scan=$!
	held issue || { open_all; return 1; }
	open building
	wait_until 20 moved 'refused_.*' "$refused" >"$TMP/moved"
	open issue
	wait $scan
	end_io
}
