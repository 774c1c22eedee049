#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sysfs of the controller, its hosts, targets and disks is as with stock ahci: the
# same names with the same modes, and the same contents. What differs by right is
# below, with the reason.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

[ "$DRIVER" = ahci_split ] || skip "this compares $DRIVER with itself"
begin 7 all-disks disks
insert ahci 2>/dev/null || skip "there is no stock ahci to compare with"

# Names that only stock ahci has.
STOCK_ONLY='^/remapped_nvme$'				# RAID mode of Intel's chips

# Names that are there or not with either driver: what has the number of the
# interrupt, what depends on who came first, the SCSI midlayer or the block layer.
BY_CHANCE=(-path ./msi_irqs -o -path '*/queue/bsg')

# Contents that are the driver's name, numbers of interrupts and devices, or were not
# measured at the same time. proc_name is not among them: user tools know AHCI by it.
OTHER='^/(driver|driver_override|uevent|irq)$|/msi_irqs/'
OTHER+='|/(dev|unique_id|uevent|diskseq)$'
OTHER+='|/(stat|inflight|host_busy|ering|power/.*|io(request|done|tmo|err)_cnt)$'

# rule PATTERN NAME: for sed, what is between the two groups of the pattern is so named
rule() {
	printf 's/%s/\\1%s\\2/g\n' "$1" "$2"
}

# What in names and contents is only a number of ours: ata7 of the first port is P0.
renamed() {
	local n=0 port host disk sg
	for port in "$PCI/devices/$BDF"/ata*/; do
		port=${port%/}
		for host in "$port"/host*; do
			host=${host##*/host}
			rule "(^|[^a-z0-9])ata${port##*/ata}([^0-9]|$)" "P$n"
			rule "(link|dev)${port##*/ata}([^0-9]|$)" "P$n"
			rule "()host$host([^0-9]|$)" HOST
			rule "(^|[^0-9])$host(:0:0)" "H$n"
		done
		for disk in "$port"/host*/target*/*/block/*; do
			[ ! -d "$disk" ] || rule "(^|[^a-z])${disk##*/}([^a-z]|$)" "DISK$n"
		done
		for sg in "$port"/host*/target*/*/scsi_generic/*; do
			[ ! -d "$sg" ] || rule "(^|[^a-z])${sg##*/}([^0-9]|$)" "SG$n"
		done
		n=$((n + 1))
	done
}

# snapshot DRIVER: names and modes to $TMP/DRIVER.names, contents to $TMP/DRIVER.contents
snapshot() {
	local driver=$1
	bind_controller "$driver" && wait_until 60 all_there || return
	wait_until 10 settled || return
	renamed >"$TMP/renamed"
	cd "$PCI/devices/$BDF" || return
	find . \( "${BY_CHANCE[@]}" \) -prune -o -printf '/%P %M\n' |
		sed -E -f "$TMP/renamed" | sort >"$TMP/$driver.names"
	find . -type f -perm -u+r -printf '/%P\n' | grep -vE "$OTHER" | sed 's/^/./' |
		tr '\n' '\0' | xargs -0 timeout 60 grep -IsH '' |
		sed 's/^\.//' | sed -E -f "$TMP/renamed" | sort >"$TMP/$driver.contents"
	cd / || return
	! command -v lsscsi >/dev/null ||
		lsscsi --transport | grep -wF "$(behind)" | sed -E 's/^\[[0-9:]*\]//' |
			sed -E -f "$TMP/renamed" >"$TMP/$driver.lsscsi"
	answers >"$TMP/$driver.answers"
	echo "$driver: $(wc -l <"$TMP/$driver.names") names, $(wc -l <"$TMP/$driver.contents") lines"
	echo "# $driver: $(wc -l <"$TMP/$driver.names") names, $(wc -l <"$TMP/$driver.contents") lines" >&3
	[ "$(wc -l <"$TMP/$driver.contents")" -gt 100 ]
}

# What scripts write
answers() {
	local host policy
	for host in "$PCI/devices/$BDF"/ata*/host*/scsi_host/host*; do
		for policy in none min_power max_performance; do
			echo "$policy: $({ echo $policy >"$host/link_power_management_policy"; } 2>&1 |
				sed 's/.*: //')"
		done
	done
}

# All of a disk is there: it is announced before it is complete.
settled() {
	local d
	for d in $(behind); do
		d=/sys/block/${d##*/}
		[ -e "$d/queue/iosched" ] && [ -d "$d/device/scsi_generic" ] || return
	done
}

both() {
	unbind_controller
	snapshot ahci && unbind_controller && snapshot ahci_split
}

names() {
	diff <(grep -vE "${STOCK_ONLY//\$/ }" "$TMP/ahci.names") "$TMP/ahci_split.names"
}

contents() {
	diff <(grep -vE "${STOCK_ONLY//\$/:}" "$TMP/ahci.contents") "$TMP/ahci_split.contents"
}

# Unlike proc_name, what the log calls a host is its driver.
named_in_log() {
	[ "$(klog | grep -c '^scsi host[0-9]*: ahci_split$')" -ge ${#DISKS[@]} ]
}

# A tool that goes by what it finds in sysfs.
transports() {
	cat "$TMP/ahci_split.lsscsi"
	[ "$(grep -c ' sata:' "$TMP/ahci.lsscsi")" -eq ${#DISKS[@]} ] &&
		diff "$TMP/ahci.lsscsi" "$TMP/ahci_split.lsscsi"
}

same_answers() {
	[ "$(wc -l <"$TMP/ahci.answers")" -gt 10 ] && diff "$TMP/ahci.answers" "$TMP/ahci_split.answers"
}

registers() {
	local host
	for host in "$PCI/devices/$BDF"/ata*/host*/scsi_host/host*; do
		[ "$(cat "$host/ahci_port_cmd")" != 0 ] || return
	done
}

exec 3>&1
at_exit "unbind_controller; bind_again; rmmod ahci 2>/dev/null"
check "the controller goes to ahci and to ahci_split" both
check "the kernel log names the driver" named_in_log
check "names and modes are the same" names
check "contents are the same" contents
if command -v lsscsi >/dev/null; then
	check "lsscsi shows the same transports" transports
else
	ktap_test_skip "lsscsi shows the same transports (needs lsscsi)"
fi
check "policies of link power management get the same answers" same_answers
check "PxCMD is shown" registers
finish
