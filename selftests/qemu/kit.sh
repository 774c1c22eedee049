#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Put together what guests of one kernel boot from, and print its folder:
#
#   kit.sh NAME VMLINUZ MODROOT TEST [MODULE...]
#
# MODROOT holds lib/modules/RELEASE, and TEST a build of the modules' test
# variant. The MODULEs, built out of tree, are added
# to it, so that modprobe finds them in the guest.

. "$(dirname "$0")/common.sh"

# Uncompressed, because the guest's kmod may lack the decompressor.
unpack_modules() {
	find "$1" -name '*.ko.xz' -exec xz -d {} +
	find "$1" -name '*.ko.zst' -exec zstd -q --rm -d {} +
}

main() {
	local kit=$BUILD/$1 vmlinuz=$2 modroot=$3 test=$4 release root tests
	shift 4
	root=$kit/modroot
	release=$(ls "$modroot/lib/modules")
	rm -rf "$root"
	mkdir -p "$root"
	cp -r "$modroot/lib" "$root/"
	rm -f "$root/lib/modules/$release"/{build,source}
	mkdir -p "$root/lib/modules/$release/updates"
	[ $# = 0 ] || cp "$@" "$root/lib/modules/$release/updates/"
	unpack_modules "$root"
	depmod -b "$root" "$release"
	tests=$("$QEMU_DIR/kselftest.sh" install)
	ln -sfn "$vmlinuz" "$kit/vmlinuz"
	cp "$tests/kselftest-list.txt" "$kit/"
	"$QEMU_DIR/initramfs.sh" tools "$kit/1-tools.cpio"
	mkdir -p "$root/lib/ata_split/test"
	cp "$test"/drivers/*/*.ko "$root/lib/ata_split/test/"
	# /lib is a link in the guest, and cpio would put a folder in its place.
	"$QEMU_DIR/initramfs.sh" tree "$root/lib" usr/lib "$kit/2-modules.cpio"
	"$QEMU_DIR/initramfs.sh" tree "$tests" kselftest "$kit/3-tests.cpio"
	rm -rf "$root"
	echo "$kit"
}

[ $# -ge 4 ] || die "usage: kit.sh NAME VMLINUZ MODROOT TEST [MODULE...]"
with_lock "$BUILD/$1/kit.lock" main "$@"
