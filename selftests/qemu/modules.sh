#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the modules of this checkout for one kernel and print the folder of the
# build, which holds drivers/*/*.ko:
#
#   modules.sh KDIR NAME [MAKE ARGUMENTS]
#
# kbuild writes next to the sources, so each kernel gets a copy of its own.
# Only changed files are copied, so that a second build is an incremental one. With
# WERROR set a warning is an error, for all users of a build: it is one state of it.

. "$(dirname "$0")/common.sh"

sync_sources() {
	mkdir -p "$1"
	# --delete spares what kbuild made: it is not in the source.
	rsync -rlpt --checksum --exclude='*.o' --exclude='*.ko' --exclude='.*' \
		--exclude='*.mod*' "$TOP/Kbuild" "$TOP/VERSION" "$TOP/drivers" "$TOP/include" "$1/"
}

# Objects of files that are gone, or of another compiler or kernel, are worse
# than a full build.
forget_when_changed() {
	local dir=$1 state
	shift
	state=$(printf '%s\n' "$@"; ${CC:-gcc} --version | head -n 1
		cd "$TOP" && find Kbuild VERSION drivers include -name '.*' -prune -o -type f -print | sort)
	[ "$state" = "$(cat "$dir/.state" 2>/dev/null)" ] && return
	rm -rf "$dir"
	mkdir -p "$dir"
	printf '%s\n' "$state" >"$dir/.state"
}

main() {
	local kdir=$1 dir=$BUILD/$2/modules
	shift 2
	[ -z "${WERROR:-}" ] || set -- KCFLAGS=-Werror "$@"
	forget_when_changed "$dir" "$kdir" "$(cksum <"$kdir/Module.symvers")" "$@"
	sync_sources "$dir"
	make -C "$kdir" M="$dir" W=1 ${CC:+CC="$CC"} -j"$JOBS" "$@" modules >&2 </dev/null
	echo "$dir"
}

[ $# -ge 2 ] || die "usage: modules.sh KDIR NAME [MAKE ARGUMENTS]"
with_lock "$BUILD/$2/modules.lock" main "$@"
