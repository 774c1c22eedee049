#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Link power management. Each policy brings the link into the states that it is for,
# commands wake it, and nobody takes that for a hot-plug.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

PORT=5				# its disk supports all of it

# capable DRIVER: it has an HBA that supports link power management
capable() {
	unbind_controller
	hba cap +PSC +SSC +SALP +SDS +SADM && bind_controller "$1" && wait_until 60 all_there &&
		wait_until 60 found
}

found() {
	D=$(disk_at "$PORT")
}

plain() {
	unbind_controller
	hba cap -PSC -SSC -SALP -SDS -SADM
	bind_again
}

# policy NAME: error handling applies it, before the next command
policy() {
	echo "$1" >"$(scsi_host "$D")/link_power_management_policy"
}

in_state() {
	hba power "$PORT" | grep "^\($1\) "
}

# count NAME: how often, since the model began
count() {
	hba power "$PORT" | sed "s/.* $1=\([0-9]*\).*/\1/"
}

# times NAME COMMAND...: sets N to how often while the command runs
times() {
	local name=$1 before
	before=$(count "$name")
	shift
	"$@" || return
	N=$(($(count "$name") - before))
	echo "$name: $N"
}

grows() {
	times "$@" && [ "$N" -gt 0 ]
}

stays() {
	times "$@" && [ "$N" -eq 0 ]
}

# Reads and writes, with pauses in which the link has time to rest.
work() {
	run_fio --name=work --filename="$D" --rw=randwrite --bs=4k --iodepth=4 --size=128k \
		--thinktime=50ms --thinktime_blocks=8 --verify=crc32c
}

at_full_power() {
	wait_until 5 in_state active && stays partial work && stays slumber work &&
		stays devsleep sleep 2 && in_state active
}

max_performance() {
	policy max_performance && work && at_full_power
}

medium_power() {
	policy medium_power && grows partial work && stays slumber work && in_state partial
}

# The HBA takes the link to Partial, and the device to Slumber.
med_power_with_dipm() {
	policy med_power_with_dipm && grows partial work && wait_until 5 in_state slumber
}

min_power_with_partial() {
	policy min_power_with_partial && grows partial work && wait_until 10 in_state devsleep
}

min_power() {
	policy min_power && grows slumber work && stays partial work && grows woken work &&
		wait_until 10 in_state devsleep && work
}

more_woken() {
	[ "$(count woken)" -gt "$1" ]
}

# PhyRdy changes twice for each.
device_wakes() {
	local i n
	policy med_power_with_dipm && work || return
	for ((i = 0; i < 10; i++)); do
		wait_until 5 in_state slumber || return
		n=$(count woken)
		hba wake "$PORT" && wait_until 5 more_woken "$n" || return
	done
}

# parameter NAME VALUE: of the driver
parameter() {
	local file=/sys/module/$DRIVER/parameters/$1
	[ -e "$file" ] || file=/sys/module/libahci/parameters/$1
	echo "$2" >"$file"
}

# The model's disk gives these times in its Identify Device data log.
times_of_device() {
	hba power "$PORT"
	[ "$(count dito) $(count mdat) $(count deto)" = "$1 5 30" ]
}

asleep_after() {
	parameter devslp_idle_timeout "$1" && policy max_performance && work &&
		policy min_power && work && times_of_device "$1" && wait_until 10 in_state devsleep
}

device_sleep_times() {
	times_of_device 1000 && asleep_after 300 && asleep_after 1000
}

first_policy() {
	cat "$(scsi_host "$D")/link_power_management_policy"
}

# begins VALUE NAME: the policy by the parameter, when the controller is bound
begins() {
	parameter mobile_lpm_policy "$1" && capable "$DRIVER" && [ "$(first_policy)" = "$2" ]
}

by_parameter() {
	begins 4 min_power_with_partial && work && wait_until 10 in_state devsleep &&
		begins 1 max_performance && at_full_power && begins -1 med_power_with_dipm
}

# A link that sleeps hides a removal: from 6.9 on an external port has no policy by default,
# and later on it accepts none.
external() {
	local wanted=max_performance rc=0
	case $(uname -r) in
	6.1.*) wanted=min_power_with_partial ;;
	6.12.*) wanted=keep_firmware_settings ;;
	esac
	hba presence "$PORT" external && begins 4 "$wanted" && work ||
		{ first_policy; rc=1; }
	hba presence "$PORT" none && begins -1 med_power_with_dipm && return $rc
}

none_such() {
	local value
	for value in 6 -2 min_power; do
		not parameter mobile_lpm_policy $value && klog |
			grep -qF "mobile_lpm_policy=$value is rejected: write a number from -1 to 5" || return
	done
	not parameter devslp_idle_timeout -1
}

# Neither changes of policy nor of PhyRdy are for error handling to reset the link.
quiet() {
	klog_clean || return
	[ "$(links_up)" -eq "$LINKS_UP" ] || { klog | grep "^ata$ATA"; return 1; }
}

# Later kernels than 6.1 use the number of a port again that is bound again.
watch() {
	ATA=$(ata_of "$D")
	LINKS_UP=$(links_up)
}

links_up() {
	klog | grep -c "^ata$ATA: SATA link up"
}

more_links_up() {
	[ "$(links_up)" -gt "$1" ]
}

# Asleep, only an insertion shows. Stock does not enable DevSleep on the disk again.
inserted() {
	local n
	policy min_power && work && wait_until 10 in_state devsleep || return
	n=$(links_up)
	hba flap "$PORT" 1 && wait_until 30 more_links_up "$n" && wait_until 30 found && work &&
		wait_until 10 in_state slumber
}

gone() {
	[ ! -e "/sys/block/${D##*/}" ]
}

# libata ignores changes of PhyRdy for ten seconds after a change of policy.
removed() {
	policy max_performance && work && sleep 11 && hba unplug "$PORT" && wait_until 60 gone &&
		hba plug "$PORT" && wait_until 60 found && work
}

need_hba
need fio
begin 14 all-disks disks
at_exit "parameter mobile_lpm_policy -1; parameter devslp_idle_timeout 1000; plain"

check "an HBA with link power management" capable "$DRIVER"
watch
check "max_performance" max_performance
check "medium_power" medium_power
check "med_power_with_dipm" med_power_with_dipm
check "min_power_with_partial" min_power_with_partial
check "min_power" min_power
check "the device wakes the link" device_wakes
check "times of device sleep" device_sleep_times
check "no error handling on the way" quiet
errors_expected
check "an insertion is seen at min_power" inserted
check "a removal is seen at max_performance" removed
check "a policy to begin with" by_parameter
check "an external port" external
check_split "a parameter that is none" none_such
finish
