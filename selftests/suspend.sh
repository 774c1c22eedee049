#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Suspend to idle and back with I/O under way: commands of before must complete,
# none may reach the disk while the port sleeps, and the link must come back.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need fio
grep -qw freeze /sys/power/state 2>/dev/null || skip "needs CONFIG_SUSPEND"
[ -e /sys/power/pm_test ] || skip "needs CONFIG_PM_SLEEP_DEBUG"
# Where the model HBA is to be asked, it must be possible to ask it.
[ -z "${ATA_SPLIT_D3:-}" ] || need_hba
HBA=${ATA_SPLIT_D3:+2}
begin $((6 + ${HBA:-0})) disks

D=${DISKS[0]}
[ -z "$HBA" ] || MODEL=$(sed 's/^hba\.//' "/sys/class/virtio-ports/${ATA_SPLIT_HBA##*/}/name")
DELAY=/sys/module/suspend/parameters/pm_test_delay
at_exit "echo none >/sys/power/pm_test"
if [ -e $DELAY ]; then
	at_exit "echo $(cat $DELAY) >$DELAY"
	echo 1 >$DELAY
fi

suspends() {
	cat /sys/power/suspend_stats/success
}

control_port() {
	hba_port "$MODEL"
}

# cycles LEVEL: all devices are suspended, and resumed a second later; with "platform" they
# are in D3hot meanwhile.
cycles() {
	local i before
	before=$(suspends)
	echo "$1" >/sys/power/pm_test
	for ((i = 0; i < ROUNDS; i++)); do
		echo freeze >/sys/power/state || return
		loading || break
		sleep 0.5
	done
	[ "$(suspends)" -eq $((before + ROUNDS)) ] || { echo "$(suspends), before $before"; return 1; }
}

with_load() {
	start_load "${DISKS[@]}"
	cycles "$1"
}

# The model HBA knows it. Its control port does not come back by itself.
in_d3() {
	local n bus
	bus=$(readlink -f "/sys/class/virtio-ports/${ATA_SPLIT_HBA##*/}/device")
	echo "${bus##*/}" >"$bus/driver/unbind" && echo "${bus##*/}" >/sys/bus/virtio/drivers_probe &&
		wait_until 10 control_port && ATA_SPLIT_HBA=$(control_port) || return
	n=$(hba stats) && n=${n#*d3=} && [ "${n%% *}" -eq "$ROUNDS" ] || { echo "$n"; return 1; }
}

# On the model HBA the activity LEDs blink, which has to end before D3hot.
blink() {
	local d
	for d in "${DISKS[@]}"; do
		set_attr "$d" device/sw_activity 1 || return
	done
}

[ -z "$HBA" ] || check "the LEDs blink" blink
check "data is written" "$HERE/dio" write "$D" 9 67108864 8388608
for level in devices platform; do
	check "suspend and resume $ROUNDS times under load, $level" with_load $level
	check "I/O was right all the time, $level" load_ok
done
[ -z "$HBA" ] || check "in D3hot $ROUNDS times" in_d3
check "data is what it was" "$HERE/dio" check "$D" 9 67108864 8388608
finish
