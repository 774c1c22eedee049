#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a user does: make a file system, write a tree, and find it unchanged
# after a remount.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need mkfs.ext4 e2fsck sha256sum
grep -qw ext4 /proc/filesystems || modprobe ext4 2>/dev/null || skip "needs CONFIG_EXT4_FS"
begin 6 disks

D=${DISKS[0]}
M=$TMP/mnt
mkdir "$M"
at_exit "! mountpoint -q $M || umount $M"

write_tree() {
	local i
	for ((i = 0; i < 200; i++)); do
		mkdir -p "$M/$((i % 7))/$((i % 3))" &&
			head -c $((i * i * 5 + 1)) /dev/urandom >"$M/$((i % 7))/$((i % 3))/$i" || return
	done
	head -c 20000000 /dev/urandom >"$M/big" && (cd "$M" && find . -type f -exec sha256sum {} +) >"$TMP/sums"
}

remount() {
	umount "$M" && echo 3 >/proc/sys/vm/drop_caches && mount -t ext4 "$D" "$M"
}

same_tree() {
	[ "$(wc -l <"$TMP/sums")" -eq 201 ] && (cd "$M" && sha256sum --quiet -c "$TMP/sums")
}

# Half of it is deleted, with discard, and the rest copied.
churn() {
	mount -o remount,discard "$M" && rm -r "$M/0" "$M/1" "$M/2" && cp -a "$M/3" "$M/0" &&
		sync && remount && diff -r "$M/3" "$M/0"
}

check "mkfs and mount" eval 'mkfs.ext4 -qF "$D" 60000 && mount -t ext4 "$D" "$M"'
check "tree is written" write_tree
check "tree is the same after a remount" eval 'sync && remount && same_tree'
check "delete and copy" churn
check "umount" umount "$M"
check "file system is clean" e2fsck -fn "$D"
finish
