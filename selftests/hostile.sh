#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# User space that lies. Whatever file the modules have in sysfs and debugfs, and
# libata's of their disks: nonsense is refused and changes nothing, nobody but root
# may write, and no address of the kernel's is to be read.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need chroot
begin 6 disks
WRITES=0
DEVICE=$(readlink -f "/sys/block/${DISKS[0]##*/}/device")

# Found, not listed, so that new ones are in it: the modules' own files, and the
# attributes of disks and hosts. Addresses of sections, and coredump, are the
# module loader's.
own_files() {
	local m
	for m in "$DRIVER" ata_split; do
		find "/sys/module/$m/" -maxdepth 2 -type f -not -path '*/sections/*' -not -path '*/notes/*'
	done 2>/dev/null
	find "/sys/bus/pci/drivers/$DRIVER/" /sys/kernel/debug/ata_split/ -type f 2>/dev/null
}

# But for those that do something whatever is written, or take what begins with a
# number for a number: the SCSI midlayer's, with every driver.
disk_files() {
	find "$DEVICE" -maxdepth 1 -type f -not -name delete -not -name rescan \
		-not -name timeout -not -name eh_timeout -not -name queue_type \
		-not -name queue_depth -not -name 'evt_*'
	find "$DEVICE/../../scsi_host/" -maxdepth 2 -type f
	find "$DEVICE/../../../" -maxdepth 1 -type f
}

# value_of FILE: to VALUE; nothing for what cannot be read
value_of() {
	VALUE=
	[ ! -r "$1" ] || IFS= read -r -d '' -t 5 VALUE <"$1"
	true
} 2>/dev/null

# matching FILES FIND-EXPRESSION...: those of a function's files
matching() {
	local files
	mapfile -t files < <("$1")
	shift
	find "${files[@]}" -maxdepth 0 "$@"
}

# No number, name or address of any kind.
nonsense() {
	printf '%s\n' '' maybe 99999999999999999999 -99999999999999999999 1e3 0x 0000:99:1f.9 \
		'%n%n%s%p' '../../../etc' $'\x01\xff\xfe\x80' "$(printf 'A%.0s' {1..4000})"
}

# taken VALUE: the kernel reads booleans by their first letter, everywhere
taken() {
	[[ $VALUE = [YN]$'\n' && $1 = [01yYnNtTfFoO]* ]]
}

refused() {
	local f value before bad=0
	for f in $(matching "$1" -perm /0200); do
		value_of "$f"
		before=$VALUE
		while read -r value; do
			! taken "$value" || continue
			WRITES=$((WRITES + 1))
			{ echo "$value" >"$f"; } 2>/dev/null &&
				{ echo "$f took '${value:0:40}'"; bad=1; }
		done < <(nonsense)
		value_of "$f"
		[ "$VALUE" = "$before" ] || { echo "$f was '$before' and is '$VALUE'"; bad=1; }
	done
	return $bad
}

# Numbers that are none here: of libata's attributes that this driver brings along.
out_of_range() {
	local f value before bad=0
	while read -r f value; do
		[ -e "$DEVICE/$f" ] || continue
		WRITES=$((WRITES + 1))
		value_of "$DEVICE/$f"
		before=$VALUE
		{ echo "$value" >"$DEVICE/$f"; } 2>/dev/null && { echo "$f took $value"; bad=1; }
		value_of "$DEVICE/$f"
		[ "$VALUE" = "$before" ] || { echo "$f: $before is now $VALUE"; bad=1; }
	done <<-'END'
		queue_depth 0
		queue_depth -1
		queue_depth 33
		unload_heads -3
		unload_heads 4294967296
		ncq_prio_enable 2
		ncq_prio_enable -1
	END
	return $bad
}

# By the mode, and as the kernel sees it on the whole way.
only_root() {
	local files found
	found=$(matching own_files -perm /0022)
	mapfile -t files < <(own_files)
	found+=$(chroot --userspec=65534:65534 / find "${files[@]}" -maxdepth 0 -writable 2>/dev/null)
	[ -z "$found" ] || { echo "others may write $found"; return 1; }
}

# pointers: in what comes in; 48 or 57 bits of address space
pointers() {
	grep -aE '(^|[^0-9a-f])(0x)?ff[0-9a-f]{14}([^0-9a-f]|$)'
}

read_all() {
	local f
	for f in $(own_files; disk_files); do
		value_of "$f"
		echo "$VALUE"
	done
	klog
	dmesg | grep -E 'ata[0-9]|ahci|ata_split'
	grep -w "$DRIVER" /proc/interrupts /proc/iomem
}

no_pointers() {
	read_all >"$TMP/read"
	[ "$(wc -l <"$TMP/read")" -gt 30 ] || { cat "$TMP/read"; echo "too little to look at"; return 1; }
	echo "at ffff888003d8a2b0" | pointers >/dev/null || { echo "the pattern is wrong"; return 1; }
	! pointers <"$TMP/read"
}

check "nonsense is refused by the driver's files" refused own_files
check "nonsense is refused by the disks' files" refused disk_files
check "numbers out of range are refused" out_of_range
check "nobody but root may write" only_root
check "no kernel address is shown" no_pointers
check "disks go on" load 3 "${DISKS[@]}"
note "counted: $WRITES writes of nonsense refused"
finish
