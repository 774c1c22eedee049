#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both modules compile at W=1 without a warning, the test variant too, for every
# supported kernel: against Debian's header packages where their tools run here,
# else against the test kernel. And modinfo is complete.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

LOG=$BUILD/host/build-modules.log

# Sets KDIR, and the NAME that prepare.sh builds for it under: one build for both.
headers_of() {
	local dir
	NAME=$1
	if dir=$("$QEMU_DIR/distro.sh" "$1" 2>/dev/null); then
		KDIR=$dir/kdir NAME+=-distro
	else
		KDIR=$(kdir_of "$1")
	fi
}

# build WHAT NAME [MAKE ARGUMENT]
build() {
	local what=$1
	shift
	if BUILT=$("$QEMU_DIR/modules.sh" "$KDIR" "$@" 2>"$LOG") && ! grep -q 'warning:' "$LOG"; then
		good "$what"
	else
		grep -E -A 3 'warning:|error:' "$LOG"
		bad "$what"
		# The next run must see the warning as well.
		rm -f "${BUILT:-$BUILD/$1/modules}/.state"
	fi
}

for series in $KERNEL_SERIES; do
	headers_of "$series"
	build "Linux $series, test variant" "$NAME/test" ATA_SPLIT_TEST=1
	build "Linux $series" "$NAME"
done
[ $BAD = 0 ] || exit 1

for ko in "$BUILT"/drivers/*/*.ko; do
	for field in author description license version vermagic; do
		[ -n "$(/sbin/modinfo -F $field "$ko")" ] || bad "$(basename "$ko"): no $field"
	done
	/sbin/modinfo -p "$ko" | grep -vE ':.{20,}' && bad "$(basename "$ko"): a parameter without description"
done
exit $BAD
