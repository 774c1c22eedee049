#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make the parts that a guest's initramfs is put together from. The kernel
# unpacks concatenated archives one after the other, so each part is made once
# and a guest adds only its own small one.
#
#   initramfs.sh tools OUT.cpio            programs of this machine, and /init
#   initramfs.sh tree DIR PREFIX OUT.cpio  a folder, as /PREFIX in the guest
#
# Uncompressed: packing and unpacking would cost more than reading it.

. "$(dirname "$0")/common.sh"

# Everything the tests and the kselftest runner call that busybox has not, or
# has with fewer options. coreutils' timeout: busybox has no --foreground.
PROGRAMS="bash awk grep sed find xargs
	$(dpkg -L coreutils | sed -n 's|^/\(usr/\)\?s\?bin/||p' | tr '\n' ' ')
	mount umount dmesg blkdiscard blkzone blockdev fallocate findmnt flock fstrim hexdump
	losetup lsblk mkswap mountpoint rtcwake setsid swapon swapoff taskset wipefs
	fio hdparm smartctl setpci lspci lsscsi mke2fs mkfs.ext4 e2fsck dumpe2fs
	sg_dd sg_inq sg_modes sg_opcodes sg_raw sg_read sg_readcap sg_requests
	sg_reset sg_sat_identify sg_sat_read_gplog sg_sat_set_features sg_start
	sg_sync sg_turs sg_unmap sg_verify sg_vpd sg_write_same
	cmp diff lsmod insmod rmmod modprobe modinfo depmod ps pgrep pkill"

# Copy the programs, and the libraries they name to their places below ROOT.
add_programs() {
	local prog lib paths=()
	for prog in $PROGRAMS; do
		# Not every release has every program; the tests skip then.
		prog=$(type -P -- "$prog") && paths+=("$prog")
	done
	cp -L "${paths[@]}" "$ROOT/usr/bin/"
	while read -r lib; do
		# The loader and the libraries may be named below /lib or /usr/lib.
		lib=/usr/${lib#/usr}
		mkdir -p "$ROOT$(dirname "$lib")"
		cp -L "$lib" "$ROOT$lib"
	done < <(ldd "${paths[@]}" 2>/dev/null |
		sed -n 's|^[[:space:]]\(.* \)\?\(/[^ ]*\) (.*|\2|p' | sort -u)
}

pack() {
	(cd "$1" && find . -print0 | sort -z |
		cpio --null -o -H newc -R 0:0 --quiet) >"$2.new"
	mv "$2.new" "$2"
}

tools() {
	local prog dir
	mkdir -p "$ROOT"/usr/{bin,lib,lib64} "$ROOT"/{dev,proc,sys,tmp,run,root,etc,mnt}
	for dir in bin sbin; do ln -s usr/bin "$ROOT/$dir"; done
	for dir in lib lib64; do ln -s usr/$dir "$ROOT/$dir"; done
	ln -s bin "$ROOT/usr/sbin"
	add_programs
	# stdbuf works by a library that ldd cannot know of.
	mkdir -p "$ROOT/usr/libexec/coreutils"
	cp "$(dpkg -L coreutils | grep 'libstdbuf.so$')" "$ROOT/usr/libexec/coreutils/"
	cp "$(command -v busybox)" "$ROOT/usr/bin/busybox"
	for prog in $("$ROOT/usr/bin/busybox" --list); do
		[ -e "$ROOT/usr/bin/$prog" ] || ln -s busybox "$ROOT/usr/bin/$prog"
	done
	echo 'root:x:0:0:root:/root:/bin/bash' >"$ROOT/etc/passwd"
	: >"$ROOT/etc/fstab"
	install -m 755 "$TOP/drivers/ahci_split/splitctl" "$ROOT/usr/bin/"
	install -m 755 "$QEMU_DIR/init.sh" "$ROOT/init"
	pack "$ROOT" "$1"
}

tree() {
	mkdir -p "$ROOT/$2"
	cp -a "$1/." "$ROOT/$2/"
	pack "$ROOT" "$3"
}

ROOT=$(mktemp -d)
trap 'rm -rf "$ROOT"' EXIT
chmod 755 "$ROOT"
case ${1:-} in
tools) tools "$2" ;;
tree) tree "$2" "$3" "$4" ;;
*) die "usage: initramfs.sh tools OUT | tree DIR PREFIX OUT" ;;
esac
