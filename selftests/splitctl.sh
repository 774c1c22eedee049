#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bind script takes a controller only if nobody uses what is behind it, says
# why when it does not, and changes nothing then.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

CTL=${ATA_SPLIT_CTL:-$(command -v splitctl)} || skip "set ATA_SPLIT_CTL to the bind script"
[ "$DRIVER" = ahci_split ] || skip "$DRIVER needs no bind script"
need wipefs
begin 21 all-disks disks

D=${DISKS[0]}
M=$TMP/mnt
NODE=/dev/$NAME.$$
mkdir "$M"
# Whatever went wrong: nothing on top of the disk, and the driver is back.
at_exit 'bind_again'
at_exit 'umount "$M" 2>/dev/null; swapoff "$D" 2>/dev/null; [ -z "${LOOP:-}" ] || losetup -d "$LOOP"'

# says STATUS TEXT COMMAND...: how it ends and what it says
says() {
	local want=$1 text=$2 out rc=0
	shift 2
	out=$("$@" 2>&1) || rc=$?
	[ $rc -eq "$want" ] && [[ $out = *"$text"* ]] && return
	echo "$*: exit status $rc instead of $want, '$text' expected, said:"
	echo "$out"
	return 1
}

# refused TEXT: neither bind nor unbind, and nothing changes
refused() {
	local before override
	says 1 "$1" "$CTL" check "$BDF" || return
	before=$(driver_of "$BDF")
	override=$(cat "$PCI/devices/$BDF/driver_override")
	if [ "$before" = "$DRIVER" ]; then
		says 1 "$1" "$CTL" unbind "$BDF" || return
	else
		says 1 "$1" "$CTL" bind "$BDF" || return
	fi
	[ "$(driver_of "$BDF")" = "$before" ] &&
		[ "$(cat "$PCI/devices/$BDF/driver_override")" = "$override" ] && all_there
}

usage() {
	local args
	for args in "" "bind" "bind a b" "bind --permanent" "bind --now 0000:00:1f.2" "unbind" "check" \
		"status x" "frobnicate"; do
		# shellcheck disable=SC2086
		says 2 "usage:" "$CTL" $args || return
	done
}

not_root() {
	local s
	# a copy that anybody can read
	cp "$CTL" /tmp/splitctl.$$ && chmod 755 /tmp/splitctl.$$ || return
	says 1 "must be root" chroot --userspec=65534:65534 / /tmp/splitctl.$$ bind "$BDF" &&
		says 1 "must be root" chroot --userspec=65534:65534 / /tmp/splitctl.$$ unbind "$BDF"
	s=$?
	rm /tmp/splitctl.$$
	return $s
}

wrong_device() {
	local d
	says 1 "no PCI device" "$CTL" bind ffff:ff:1f.7 && says 1 "no PCI device" "$CTL" unbind 0000:ff:1f.7 ||
		return
	for d in "$PCI"/devices/*; do
		[ "$(cat "$d/class")" != 0x010601 ] || continue
		says 1 "not an AHCI controller" "$CTL" bind "${d##*/}" &&
			says 1 "not an AHCI controller" "$CTL" unbind "${d##*/}" || return
		break
	done
}

mounted() {
	mkfs.ext4 -qF "$D" 20000 && mount "$D" "$M" && refused "$D is mounted on $M" || return
	umount "$M"
}

# By another mount namespace, which /proc/self/mounts does not show.
mounted_elsewhere() {
	local pid rc=0
	unshare -m sh -c "mount $D $M && exec sleep 100" &
	pid=$!
	wait_until 5 grep -q " $M " /proc/$pid/mountinfo && refused "$D is mounted on $M" || rc=1
	kill $pid
	wait $pid 2>/dev/null
	return $rc
}

swap() {
	[ -e /proc/swaps ] || return
	mkswap -f "$D" 20000 >/dev/null && swapon "$D" && refused "$D is swap" || return
	swapoff "$D"
}

# A file system on a loop device on a partition of the disk.
stacked() {
	# an MBR with one Linux partition, from sector 2048, of 65536 sectors
	{
		head -c 446 /dev/zero
		printf '\0\0\0\0\203\0\0\0\0\010\0\0\0\0\001\0'
		head -c 48 /dev/zero
		printf '\125\252'
	} >"$D" && sync && blockdev --rereadpt "$D" && wait_until 5 test -b "${D}1" || return
	modprobe loop 2>/dev/null	# where nothing loads it on demand
	LOOP=$(losetup -f --show "${D}1") || return
	refused "${D}1 is behind ${LOOP##*/}" && mkfs.ext4 -qF "$LOOP" && mount "$LOOP" "$M" &&
		refused "$LOOP is mounted on $M" || return
	umount "$M" && losetup -d "$LOOP" || return
	LOOP=
	mount "${D}1" "$M" && refused "${D}1 is mounted on $M" || return
	umount "$M" && hold "${D}1" found "${D}1" &&
		head -c 1048576 /dev/zero >"$D" && sync && blockdev --rereadpt "$D"
}

# By the kernel without a trace in /proc or sysfs: it is the journal of a file system
# that is elsewhere.
claimed() {
	truncate -s 32M "$TMP/elsewhere" && LOOP=$(losetup -f --show "$TMP/elsewhere") &&
		mke2fs -qF -b 4096 -O journal_dev "$D" 5000 && mkfs.ext4 -qF -b 4096 -J "device=$D" "$LOOP" &&
		mount "$LOOP" "$M" && refused "$D is in use by the kernel" || return
	umount "$M" && losetup -d "$LOOP" || return
	LOOP=
}

# hold NODE COMMAND...: while a program has the device node open
hold() {
	local node=$1 held rc=0
	shift
	exec {held}<"$node" || return
	sleep 1000 &
	HOLDER=$!
	exec {held}<&-
	wait_until 5 grep -qx sleep /proc/$HOLDER/comm && "$@" || rc=1
	kill $HOLDER
	wait $HOLDER 2>/dev/null
	return $rc
}

# refused_to_holder NODE: and the holder is named
refused_to_holder() {
	refused "$1 is open in sleep (pid $HOLDER)"
}

opened() {
	hold "$D" refused_to_holder "$D"
}

# found NODE: check finds the holder
found() {
	says 1 "$1 is open in sleep (pid $HOLDER)" "$CTL" check "$BDF"
}

# By its SCSI generic node, and by a node with another name.
opened_by() {
	local sg rc=0
	sg=$(echo "/sys/block/${D##*/}/device/scsi_generic/"*)
	[ ! -d "$sg" ] || hold "/dev/${sg##*/}" found "/dev/${sg##*/}" || return
	mknod "$NODE" b $((0x$(stat -c %t "$D"))) $((0x$(stat -c %T "$D"))) && hold "$NODE" found "$D" || rc=1
	rm -f "$NODE"
	return $rc
}

# The holder ends when it has been seen and is waited for, as udev at a new disk.
glanced_at() {
	mkdir "$TMP/bin" && printf '#!/bin/sh\nkill %d\n' "$HOLDER" >"$TMP/bin/sleep" &&
		chmod 755 "$TMP/bin/sleep" &&
		PATH=$TMP/bin:$PATH says 0 "nothing uses a disk" "$CTL" check "$BDF" && not kill -0 "$HOLDER"
}

# A namespace of an NVMe target: the kernel has the disk open, unclaimed.
exported() {
	local config=/sys/kernel/config subsystem
	[ -d $config/nvmet ] || mount -t configfs configfs $config || return
	subsystem=$config/nvmet/subsystems/ata_split
	mkdir $subsystem $subsystem/namespaces/1 && echo -n "$D" >$subsystem/namespaces/1/device_path &&
		says 0 "nothing uses a disk" "$CTL" check "$BDF" && echo 1 >$subsystem/namespaces/1/enable &&
		refused "$D is exported by $subsystem/namespaces/1"
	local rc=$?
	rmdir $subsystem/namespaces/1 $subsystem
	return $rc
}

# held_by DRIVER: nothing takes the controller from a driver that is not for its disks
held_by() {
	local override
	says 1 "$BDF is held by $1" "$CTL" check "$BDF" && says 1 "$BDF is held by $1" "$CTL" bind "$BDF" ||
		return
	override=$(cat "$PCI/devices/$BDF/driver_override")
	[ "$(driver_of "$BDF")" = "$1" ] && [ "$override" = "$1" ]
}

# Whoever has the IOMMU group open, as a virtual machine has, is named as well.
other_driver() {
	local rc=0 group
	unbind_controller
	bind_controller "$OTHER" && held_by "$OTHER" || rc=1
	if [ "$OTHER" = vfio-pci ]; then
		group=$(readlink "$PCI/devices/$BDF/iommu_group")
		hold "/dev/vfio/${group##*/}" found "/dev/vfio/${group##*/}" || rc=1
	fi
	bind_again || rc=1
	return $rc
}

status() {
	says 0 "$BDF" "$CTL" status && says 0 " $D " "$CTL" status &&
		says 0 "  $(driver_of "$BDF" || echo no driver)" "$CTL" status
}

# Whatever driver that is: the override is gone.
unbind() {
	says 0 "$BDF is bound to" "$CTL" unbind "$BDF" || return
	[ "$(driver_of "$BDF")" != "$DRIVER" ] && [ "$(cat "$PCI/devices/$BDF/driver_override")" = "(null)" ] &&
		says 1 "not bound to $DRIVER" "$CTL" unbind "$BDF"
}

stock() {
	modprobe ahci 2>/dev/null
	wait_until 10 eval '[ -n "$(driver_of "$BDF")" ] || ! echo "$BDF" >"$PCI/drivers_probe"' &&
		[ "$(driver_of "$BDF")" = ahci ] && wait_until 60 all_there && status &&
		mapfile -t DISKS <<<"$(behind)" && D=${DISKS[0]} && "$HERE/dio" write "$D" 1 67108864 65536
}

# signature TEXT: where Intel's firmware RAID has it on a disk
signature() {
	printf '%-32s' "$1" | dd of="$D" bs=512 seek=$(($(attr "$D" size) - 2)) conv=fsync,notrunc 2>&1
}

# An Intel firmware RAID is told by its signature: two sectors before the end, where
# util-linux sees it as well.
firmware_raid() {
	signature "Intel Raid ISM Cfg Sig. 1.3.00" && wipefs --no-act "$D" | grep isw_raid_member &&
		refused "$D is a member of an Intel firmware RAID" &&
		IMSM_NO_PLATFORM=1 says 0 "nothing uses a disk" "$CTL" check "$BDF" || return
	IMSM_NO_PLATFORM=1 says 0 "$BDF is bound to $DRIVER" "$CTL" bind "$BDF" && wait_until 60 all_there &&
		mapfile -t DISKS <<<"$(behind)" && D=${DISKS[0]} && wait_until 10 test -b "$D" &&
		says 0 "$BDF is bound to" "$CTL" unbind "$BDF" && stock && signature ""
}

bind() {
	says 0 "$BDF is bound to $DRIVER" "$CTL" bind "$BDF" && wait_until 60 all_there &&
		[ "$(driver_of "$BDF")" = "$DRIVER" ] && says 0 "already" "$CTL" bind "$BDF"
}

# What there is on a machine without PCI, or without AHCI.
status_of() {
	mount -t tmpfs tmpfs $PCI/devices || return
	[ $# -eq 0 ] || { mkdir "$PCI/devices/$1" && echo 0x010400 >"$PCI/devices/$1/class"; } || return
	says 0 "there is no AHCI controller" "$CTL" status && [ -z "$("$CTL" status 2>/dev/null)" ]
}

status_without() {
	(export -f says status_of; export CTL PCI
	 unshare -m bash -c status_of && unshare -m bash -c "status_of 0000:00:1f.2")
}

check "bad usage" usage
check "must be root" not_root
check "no such device, no AHCI controller" wrong_device
check "mounted" mounted
check "mounted in another namespace" mounted_elsewhere
if [ -e /proc/swaps ] && command -v mkswap >/dev/null; then
	check "swap" swap
else
	ktap_test_skip "swap (needs CONFIG_SWAP and mkswap)"
fi
check "partition and loop device" stacked
check "claimed" claimed
check "open in a program" opened
check "open in a program by another node" opened_by
check "open for a moment" hold "$D" glanced_at
if modprobe -q nvmet; then
	check "exported by the kernel" exported
else
	ktap_test_skip "exported by the kernel (needs CONFIG_NVME_TARGET)"
fi
OTHER=
for driver in pci-stub vfio-pci; do
	modprobe -q "$driver"
	[ ! -e "$PCI/drivers/$driver" ] || OTHER=$driver
done
if [ -n "$OTHER" ]; then
	check "held by $OTHER" other_driver
else
	ktap_test_skip "held by another driver (needs CONFIG_VFIO_PCI or CONFIG_PCI_STUB)"
fi
check "status" status
check "status without AHCI" status_without
check "unbind" unbind
if modinfo ahci >/dev/null 2>&1 || [ -e $PCI/drivers/ahci ]; then
	check "the stock driver can take it" stock
	check "mounted, with the stock driver" mounted
	check "Intel firmware RAID" firmware_raid
else
	ktap_test_skip "the stock driver can take it (there is none)"
	ktap_test_skip "Intel firmware RAID (there is no stock driver)"
	ktap_test_skip "mounted, with the stock driver (there is none)"
fi
check "bind" bind
mapfile -t DISKS <<<"$(behind)"
check "disks work" load 3 "${DISKS[@]}"
finish
