#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Link power management. With stock ahci each policy brings the link into the states that it
# is for, commands wake it, and nobody takes that for a hot-plug. The split driver leaves
# links active, also that of a disk that stock ahci has left asleep.

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
	local host
	host=$(readlink -f "/sys/block/${D##*/}/device")
	host=${host%/target*}
	echo "$1" >"/sys/class/scsi_host/${host##*/}/link_power_management_policy"
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

asleep() {
	capable ahci && policy min_power && work && wait_until 10 in_state devsleep &&
		unbind_controller && in_state 'slumber\|devsleep'
}

# Neither the HBA nor the disk asks for anything else.
woken() {
	capable "$DRIVER" && work && at_full_power && stays refused sleep 1
}

refused() {
	! policy min_power 2>"$TMP/refused" && work && at_full_power
}

need_hba
need fio
[ "$DRIVER" = ahci ] || insert ahci 2>/dev/null || skip "there is no stock ahci to begin with"
if [ "$DRIVER" = ahci ]; then
	begin 10 all-disks disks
else
	begin 4 all-disks disks
fi
at_exit plain

if [ "$DRIVER" != ahci ]; then
	check "stock ahci leaves a disk asleep" asleep
	check "links are active, and stay so" woken
	watch
	check "a policy is refused" refused
	check "no error handling on the way" quiet
	finish
	exit
fi
check "an HBA with link power management" capable ahci
watch
check "max_performance" max_performance
check "medium_power" medium_power
check "med_power_with_dipm" med_power_with_dipm
check "min_power_with_partial" min_power_with_partial
check "min_power" min_power
check "the device wakes the link" device_wakes
check "no error handling on the way" quiet
errors_expected
check "an insertion is seen at min_power" inserted
check "a removal is seen at max_performance" removed
finish
