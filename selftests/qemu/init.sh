#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# PID 1 of a guest: load the driver, give it the controllers, run the tests and
# report. What to do comes in /guest (see guest.sh). Reports go over a channel
# of their own, one per line, because anybody can write to the console:
#
#   up                            its first word
#   say TEXT                      for the person who waits
#   result STATE TEST REASON      STATE is ok, not_ok or skip
#   verdict STATE REASON          the guest as a whole; its last word
#
# Everything the tests print goes to a second channel, the log.

export PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C TERM=linux
# shellcheck source=/dev/null
. /guest/env
# shellcheck source=selftests/hba.sh
[ -z "$HBAS" ] || . /kselftest/ata_split/hba.sh

# Kernel messages that fail whatever was running. Fault injection prints call
# traces of its own, so a trace alone is no complaint.
COMPLAINTS='WARNING:|BUG:|BUG |Oops|INFO: (possible|suspicious|inconsistent|task|rcu)|inconsistent lock|invalid wait context|KASAN|KCSAN|UBSAN|DMA-API:|ODEBUG|corruption|general protection|stall(s)? on|soft lockup|workqueue lockup|bad magic|scheduling while atomic|sleeping function|nobody cared|DMAR:.*fault|segfault|Kernel panic'
HARMLESS='DMA-API: (preallocated|debugging enabled)'

fail_guest() {
	VERDICT=not_ok
	REASON="${REASON:+$REASON; }$*"
}

# Whatever happens, the last thing is a verdict and power off: PID 1 that just
# ends is a kernel panic.
# shellcheck disable=SC2317 # called by the trap
finish() {
	echo "verdict $VERDICT ${REASON:-}" >&3
	sync
	"$END" -f
	echo o >/proc/sysrq-trigger
	sleep 60
}

mount_all() {
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs devtmpfs /dev
	mkdir -p /dev/shm
	mount -t tmpfs tmpfs /dev/shm
	mount -t tmpfs tmpfs /tmp
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
	ln -s /proc/self/fd /dev/fd
	ln -s fd/0 /dev/stdin
	ln -s fd/1 /dev/stdout
	ln -s fd/2 /dev/stderr
}

# port NAME: the device of a virtio-serial port.
port() {
	local dir
	for dir in /sys/class/virtio-ports/*; do
		[ "$(cat "$dir/name")" != "$1" ] || { echo "/dev/${dir##*/}"; return; }
	done
}

# await_port NAME: the same, as soon as it is there
await_port() {
	local i found
	for ((i = 0; i < 50; i++)); do
		found=$(port "$1")
		[ -z "$found" ] || { echo "$found"; return; }
		sleep 0.1
	done
}

open_channels() {
	local i
	[ "$CHANNEL" = virtio ] || open_serial
	[ "$CHANNEL$HBAS" != serial ] || return
	# An IOMMU's before those of what is behind it.
	for i in virtio_pci $MODULES virtio_console; do
		modprobe -q "$i" || echo "no module $i"
	done
	[ "$CHANNEL" != virtio ] || open_virtio
	[ -z "$HBAS" ] || ATA_SPLIT_HBA=$(await_port "hba.${HBAS%% *}")
	export ATA_SPLIT_HBA
}

open_virtio() {
	exec 3>"$(await_port ata_split.result)" 4>"$(port ata_split.log)"
	ATA_SPLIT_MONITOR=$(port ata_split.monitor)
	export ATA_SPLIT_MONITOR
}

open_serial() {
	stty -F /dev/ttyS1 raw -echo 115200
	stty -F /dev/ttyS2 raw -echo 115200
	exec 3>/dev/ttyS1 4>/dev/ttyS2
}

# Nothing binds to a controller but the driver it was given to.
bind_controller() {
	echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
}

# insert MODULE [PARAMETER...]: of another build than that in modules.dep, if so
# asked.
insert() {
	if [ -n "${ATA_SPLIT_MODULES:-}" ]; then
		modprobe -q libata
		insmod "$ATA_SPLIT_MODULES/$1.ko" "${@:2}"
	else
		modprobe "$@"
	fi
}

load_driver() {
	local bdf
	for bdf in $CONTROLLERS; do
		echo "$DRIVER" >"/sys/bus/pci/devices/$bdf/driver_override"
	done
	if [ "$DRIVER" = ahci_split ]; then
		# shellcheck disable=SC2086 # parameters are words
		insert ata_split $ATA_SPLIT_PARAMS &&
		insert ahci_split $AHCI_SPLIT_PARAMS
	else
		modprobe "$DRIVER"
	fi || fail_guest "cannot load $DRIVER"
	for bdf in $CONTROLLERS; do
		bind_controller "$bdf" "$DRIVER"
		[ -e "/sys/bus/pci/drivers/$DRIVER/$bdf" ] ||
			fail_guest "$DRIVER did not take $bdf"
	done
}

# The disks behind a controller, in the order of its ports.
disks_of() {
	local dev
	for dev in /sys/block/sd*; do
		case $(readlink -f "$dev/device") in
		*"/$1/"*) echo "/dev/${dev##*/}" ;;
		esac
	done
}

# The disk with the bad sector, by its serial number.
find_bad_disk() {
	local disk
	for disk in $ATA_SPLIT_DISKS; do
		grep -qa "$BAD_SERIAL" "/sys/block/${disk#/dev/}/device/vpd_pg80" || continue
		export ATA_SPLIT_BAD_DISK=$disk
		return
	done
	fail_guest "no disk with the serial number $BAD_SERIAL"
}

find_disks() {
	local end=$((SECONDS + 60)) disks=()
	while [ $SECONDS -lt $end ]; do
		mapfile -t disks < <(disks_of "$ATA_SPLIT_CONTROLLER")
		if [ ${#disks[@]} -ge "$NDISKS" ] &&
		   { [ -z "$WANT_CDROM" ] || [ -e /dev/sr0 ]; }; then
			break
		fi
		sleep 0.1
	done
	[ ${#disks[@]} -eq "$NDISKS" ] ||
		fail_guest "${#disks[@]} disks of $NDISKS behind $ATA_SPLIT_CONTROLLER"
	ATA_SPLIT_DISKS="${disks[*]}"
	ATA_SPLIT_CDROM=$(ls /dev/sr0 2>/dev/null)
	export ATA_SPLIT_DISKS ATA_SPLIT_CDROM
	[ -z "${BAD_SERIAL:-}" ] || find_bad_disk
}

# Without KCSAN's reports of races that are not ours.
known_races() {
	local dir=/kselftest/ata_split
	if [ -e "$dir/kcsan.awk" ]; then
		"$dir/kcsan.awk" "$dir/kcsan.known" -
	else
		cat
	fi
}

# complaints MARK: what the kernel has complained of since the mark.
complaints() {
	[ -z "$EXPECT_COMPLAINTS" ] || return 0
	dmesg | awk -v mark="$1" '
		{ line[NR] = $0 }
		index($0, mark) { start = NR }
		END { for (i = start + 1; i <= NR; i++) print line[i] }' |
	known_races | grep -E "$COMPLAINTS" | grep -vE "$HARMLESS"
}

# What the models of HBAs have seen the driver do since they were asked last. Without
# ports their logs tell, which guest.sh reads.
breaches() {
	local id answer
	[ "$CHANNEL" = virtio ] && [ -z "$EXPECT_COMPLAINTS" ] || return
	for id in $HBAS; do
		answer=$(hba_at "$(hba_port "$id")" breaches 2>&1)
		case $answer in
		0 | '0 '*) ;;
		[0-9]*' '*) echo "${answer#* }" ;;
		*) echo "$id: $answer" ;;
		esac
	done
}

# One test by the kernel's own runner. A test that missed what the kernel said
# while it ran, or what a model saw, has failed all the same.
run_test() {
	local name=${1#*:} start=$SECONDS mark state line found
	mark="ata_split: $1 begins ($start)"
	name=${name%.sh}
	echo "$mark" >/dev/kmsg
	/kselftest/run_kselftest.sh ${TIMEOUT:+-o "$TIMEOUT"} -t "$1" 3>&- 2>&1 |
		tee /tmp/ktap >&4
	line=$(grep -E '^(not )?ok 1 selftests: ' /tmp/ktap)
	case $line in
	*'# SKIP'*) state=skip line=$(grep -m 1 -o '# SKIP.*' /tmp/ktap) ;;
	# What a test has counted is worth a line's end.
	ok*) state=ok line=$(sed -n 's/^# # counted: //p' /tmp/ktap) ;;
	'not ok'*) state=not_ok line=${line#*# } ;;
	*) state=not_ok line='no result' ;;
	esac
	found=$(breaches | head -n 1)
	[ -z "$found" ] || state=not_ok line="hba: $found"
	found=$(complaints "$mark" | head -n 1)
	[ -z "$found" ] || state=not_ok line="kernel: ${found#*] }"
	echo "ata_split: $1 ends ($state)" >/dev/kmsg
	echo "result $state $name ${line:+$line }($((SECONDS - start)) s)" >&3
	[ $state != not_ok ] || FAILED=1
}

run_tests() {
	local test
	while read -r test; do
		run_test "$test"
	done </guest/tests
}

# Take the controllers away and unload, which is when a leaked mapping, work
# item or reference is found; then look at the log as a whole.
check_end() {
	local bdf mark="ata_split: the end begins" found taint
	echo "$mark" >/dev/kmsg
	for bdf in $CONTROLLERS; do
		[ ! -e "/sys/bus/pci/devices/$bdf/driver" ] ||
			echo "$bdf" >"/sys/bus/pci/devices/$bdf/driver/unbind"
	done
	[ "$DRIVER" != ahci_split ] || rmmod ahci_split ata_split ||
		fail_guest "the modules do not unload"
	found=$(complaints "$mark" | head -n 1)
	# A complaint during a test has failed that test; one outside fails us.
	[ -n "$found" ] || [ -n "${FAILED:-}" ] ||
		found=$(complaints 'ata_split: no such mark' | head -n 1)
	[ -z "$found" ] || fail_guest "kernel: ${found#*] }"
	# Died, warned, locked up: flags that outlive the log.
	taint=$(($(cat /proc/sys/kernel/tainted) & (1 << 7 | 1 << 9 | 1 << 14)))
	[ $taint = 0 ] || [ -n "${FAILED:-}" ] || fail_guest "kernel tainted ($taint)"
	[ ! -e /proc/lockdep_stats ] || grep -q 'debug_locks: *1' /proc/lockdep_stats ||
		[ -n "${FAILED:-}" ] || fail_guest "lockdep switched itself off"
}

interactive() {
	echo "Controllers: $CONTROLLERS  disks: $ATA_SPLIT_DISKS"
	echo "Tests are in /kselftest. Ctrl-D powers off, Ctrl-A X ends QEMU."
	if [ -n "$HBAS" ]; then
		echo '. /kselftest/ata_split/hba.sh' >/root/.bashrc
		echo '"hba LINE" says a line to the model of the HBA.'
	fi
	env --chdir=/root setsid cttyhack bash -i
}

VERDICT=ok
trap finish EXIT
mount_all
# If a tool crashes, the log has its registers: was it the tool, or its memory?
echo 1 >/proc/sys/kernel/print-fatal-signals
for i in sd_mod sr_mod sg; do
	modprobe -q "$i"
done
open_channels
echo up >&3
[ ! -e /sys/kernel/debug/kcsan ] || echo on >/sys/kernel/debug/kcsan
load_driver
find_disks
case $MODE,$VERDICT in
shell,*) interactive ;;
job,ok) /guest/job >&3 2>&4 || fail_guest "the job failed" ;;
tests,ok) run_tests ;;
esac
# After a violation neither the driver nor the checkers are worth asking.
[ "$MODE" = shell ] || [ -n "$EXPECT_COMPLAINTS" ] || check_end
dmesg >&4
exit 0
