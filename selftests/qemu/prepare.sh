#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Get everything ready that guests of a kernel need (the kernel, our modules for
# it, the tests) and print the folder, below build:
#
#   prepare.sh SERIES [VARIANT]
#
# VARIANT is that of a test kernel (see kernel.sh), or "distro" or "rt" for
# Debian's own.

. "$(dirname "$0")/common.sh"

main() {
	local series variant=${2:-debug} name dir kdir modules test log
	series=$(series_of "$1")
	name=$series
	[ "$variant" = debug ] || name+=-$variant
	case $variant in
	distro | rt)
		dir=$("$QEMU_DIR/distro.sh" "$series" "${variant#distro}")
		kdir=$dir/kdir ;;
	*)
		dir=$("$QEMU_DIR/kernel.sh" "$series" "$variant")
		kdir=$dir ;;
	esac
	log=$BUILD/$name/modules.log
	mkdir -p "$BUILD/$name"
	modules=$("$QEMU_DIR/modules.sh" "$kdir" "$name" 2>"$log") ||
		{ tail -n 30 "$log" >&2; die "the modules do not build: $log"; }
	# The test variant is for the guests that ask for it, see guests.sh.
	test=$("$QEMU_DIR/modules.sh" "$kdir" "$name/test" ATA_SPLIT_TEST=1 2>"$log") ||
		{ tail -n 30 "$log" >&2; die "the test variant does not build: $log"; }
	"$QEMU_DIR/kit.sh" "$name" "$dir/vmlinuz" "$dir/install" "$test" \
		"$modules"/drivers/*/*.ko
}

[ $# -ge 1 ] || die "usage: prepare.sh SERIES [VARIANT]"
main "$@"
