#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both modules compile at W=1 without a warning, the test variant too, for every
# supported kernel: against Debian's header packages where their tools run here,
# else against the test kernel. And modinfo is complete.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

headers_of() {
	if (DISTRO=$("$QEMU_DIR/distro.sh" "$1") && echo "$DISTRO/kdir") 2>/dev/null; then
		return
	fi
	kdir_of "$1"
}

build() {
	local series=$1 variant=$2 kdir=$3 dir=$BUILD/host/build
	copy_sources "$dir"
	if compile "$kdir" "$dir" -j"$JOBS" ATA_SPLIT_TEST="$variant" KCFLAGS=-Werror modules &&
	   ! grep -q 'warning:' "$dir/log"; then
		good "Linux $series$([ "$variant" = 0 ] || echo ', test variant')"
	else
		grep -E -A 3 'warning:|error:' "$dir/log"
		bad "Linux $series (variant $variant)"
	fi
}

for kernel in $KERNEL_SERIES; do
	series=$("$QEMU_DIR/fetch.sh" series "$kernel")
	kdir=$(headers_of "$series")
	build "$series" 1 "$kdir"
	build "$series" 0 "$kdir"
done

for ko in "$BUILD"/host/build/drivers/*/*.ko; do
	for field in author description license version vermagic; do
		[ -n "$(/sbin/modinfo -F $field "$ko")" ] || bad "$(basename "$ko"): no $field"
	done
	/sbin/modinfo -p "$ko" | grep -vE ':.{20,}' && bad "$(basename "$ko"): a parameter without description"
done
exit $BAD
