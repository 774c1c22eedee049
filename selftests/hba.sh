# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests of what QEMU's controllers cannot do: they speak to the model of an HBA
# that they run on (see selftests/hba), in its control language. Sourced after lib.sh.

HBA_LIMIT=10			# seconds, for a model that does not answer

need_hba() {
	[ -n "${ATA_SPLIT_HBA:-}" ] ||
		skip "set ATA_SPLIT_HBA to a port that leads to the model of an HBA"
}

# hba LINE: what it answers besides "ok", or why it is an error
hba() {
	hba_at "$ATA_SPLIT_HBA" "$@"
}

# port_of DISK: its port, or PORT.DEVICE, by the serial number that the model has given it
port_of() {
	tr -d '\0' <"/sys/block/${1##*/}/device/vpd_pg80" | sed -n 's/.*HBA-\([0-9.]*\).*/\1/p'
}

# disk_at PORT: the disk there; it may have another name than before
disk_at() {
	local d
	for d in $(behind); do
		[ "$(port_of "$d")" != "$1" ] || [ ! -b "$d" ] || { echo "$d"; return; }
	done
	return 1
}

# hba_port ID: the port of one of several (QEMU's guests.sh)
hba_port() {
	local dir
	dir=$(grep -lx "hba\.$1" /sys/class/virtio-ports/*/name 2>/dev/null) || return
	dir=${dir%/name}
	echo "/dev/${dir##*/}"
}

# hba_at PORT LINE. The kernel opens a port once only, so one line at a time; and what
# was not read is dropped when it is closed, so a late answer is not taken for that to
# the next line. A write waits while nobody is connected, hence its own limit.
hba_at() {
	local port=$1 reply=
	shift
	{
		flock -w $((2 * HBA_LIMIT)) 8 &&
		{
			timeout "$HBA_LIMIT" cat <<<"$*" >&9 && read -r -t "$HBA_LIMIT" -u 9 reply
		} 9<>"$port"
	} 8>/tmp/hba.lock
	case $reply in
	ok) ;;
	'ok '*) echo "${reply#ok }" ;;
	'error '*) echo "${reply#error }"; return 1 ;;
	*) echo "no answer to: $*"; return 1 ;;
	esac
}

# medium_error FILE: what a program says there of a block that cannot be read. It is EIO in 6.1,
# and in later kernels ENODATA if the device has sense data, with either driver.
medium_error() {
	grep -q 'Input/output error\|No data available' "$1" || { cat "$1"; return 1; }
}

# Under a load that the test has started, on disk $D and perhaps others:

# Passes of error handling on the disk's port. Where only the link was lost, the second is
# all that libata says.
passes() {
	klog | grep -cE "^ata$(ata_of "$D"): (EH complete|SATA link up)"
}

more_passes() {
	[ "$(passes)" -gt "$1" ]
}

# Nothing is wrong any more: the load has got no error, and goes on.
goes_on() {
	hba forget && hba honest || return
	wait_until 60 more_requests "$D" $(($(requests "$D") + 100)) || { echo "no recovery"; return 1; }
	loading || load_ok
}

# survives LINE...: nobody's I/O fails over that, and error handling has run
survives() {
	local line before
	before=$(passes)
	for line; do
		hba "$line" || return
	done
	wait_until 60 more_passes "$before" || { echo "no error handling"; return 1; }
	goes_on
}
