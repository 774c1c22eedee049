# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that break the hardware below them: they speak to the monitor of the
# QEMU that they run in. Sourced after lib.sh.

SLOW='' FAULT=''			# is there such a node?

need_monitor() {
	[ -n "${ATA_SPLIT_MONITOR:-}" ] ||
		skip "set ATA_SPLIT_MONITOR to a port that leads to QEMU's monitor"
	exec {MONITOR}<>"$ATA_SPLIT_MONITOR"
	# An error means that somebody has said so before.
	qmp qmp_capabilities >/dev/null || true
}

# qmp COMMAND [ARGUMENTS]: its error fails, events are of no interest
qmp() {
	local reply
	echo "{\"execute\": \"$1\", \"arguments\": {${2:-}}}" >&"$MONITOR"
	while read -r -t 60 -u "$MONITOR" reply; do
		case $reply in
		'{"return"'*) return 0 ;;
		'{"error"'*) break ;;
		esac
	done
	echo "$1 ${2:-}: ${reply:-no answer}"
	return 1
}

# The node of a disk, which is the disk's serial number (QEMU's guests.sh).
node_of() {
	tr -d '\0' <"/sys/block/${1##*/}/device/vpd_pg80" | grep -ao 'ahci[0-9]*-[0-9]*'
}

# rule TYPE [SECTOR [ONCE]]: one fault, of read, write or flush
rule() {
	echo "{\"event\": \"none\", \"iotype\": \"$1\", \"errno\": 5," \
		"\"once\": ${3:-false}${2:+, \"sector\": $2}}"
}

# backend NODE FILE: what the disk's data come from
backend() {
	qmp blockdev-reopen "\"options\": [{\"driver\": \"raw\", \"node-name\": \"$1\",
		\"file\": \"$2\", \"discard\": \"unmap\"}]"
}

# break_disk DISK RULE...: from now on its requests fail so
break_disk() {
	local node rules
	node=$(node_of "$1")
	shift
	rules=$(printf '%s, ' "$@")
	qmp blockdev-add "\"driver\": \"blkdebug\", \"node-name\": \"fault\", \"image\": \"$node-file\",
		\"inject-error\": [${rules%, }]" && FAULT=1 && backend "$node" fault
}

# throttle FILE GROUP: the node that holds requests
throttle() {
	echo "\"driver\": \"throttle\", \"node-name\": \"slow\", \"file\": \"$1\"," \
		"\"throttle-group\": \"$2\""
}

# slow_disk DISK BYTES-A-SECOND: broken or not. Give it more than a trickle before
# commands time out: QEMU's port reset waits for what the disk has.
slow_disk() {
	local node file
	node=$(node_of "$1")
	file=$node-file
	[ -z "$FAULT" ] || file=fault
	qmp object-add "\"qom-type\": \"throttle-group\", \"id\": \"slow-group\",
		\"limits\": {\"bps-total\": $2}" &&
	qmp blockdev-add "$(throttle "$file" slow-group)" && SLOW=1 && backend "$node" slow
}

# fast_disk DISK: no longer slow, and all that it holds is let go at once. A group without
# limits does that: QEMU 10 waits for what is held before it changes the disk's file, with
# the guest and the monitor stopped.
fast_disk() {
	local node file
	[ -n "$SLOW" ] || return 0
	node=$(node_of "$1")
	file=$node-file
	[ -z "$FAULT" ] || file=fault
	qmp object-add '"qom-type": "throttle-group", "id": "fast-group"' &&
	qmp blockdev-reopen "\"options\": [{$(throttle "$file" fast-group)}]" &&
	backend "$node" "$file" && qmp blockdev-del '"node-name": "slow"' && SLOW= &&
	qmp object-del '"id": "slow-group"' && qmp object-del '"id": "fast-group"'
}

# repair_disk DISK: QEMU flushes before it changes anything, so a disk whose
# flushes fail forever cannot be repaired.
repair_disk() {
	local node
	node=$(node_of "$1")
	fast_disk "$1" || return
	[ -n "$FAULT" ] || return 0
	wait_until 60 backend "$node" "$node-file" >"$TMP/repair" || { cat "$TMP/repair"; return 1; }
	qmp blockdev-del '"node-name": "fault"' && FAULT=
}
