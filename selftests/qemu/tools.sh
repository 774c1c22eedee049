# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Programs of another release of Debian, unpacked in the cache. Sourced after common.sh.

# A short hash of standard input, for the names of what is kept.
key() {
	sha256sum | cut -c 1-12
}

# unpack ROOT DEB...
unpack() {
	local root=$1 deb
	shift
	[ ! -e "$root/done" ] || return 0
	rm -rf "$root"
	mkdir -p "$root"
	for deb; do
		dpkg-deb -x "$deb" "$root" || return
	done
	touch "$root/done"
}

# tools NAME PACKAGE...: programs that this release of Debian does not have, with the
# libraries that they were made for; prints the folder that they are unpacked to
tools() {
	local root debs
	mapfile -t debs < <("$QEMU_DIR/fetch.sh" debs "${@:2}")
	[ ${#debs[@]} = $(($# - 1)) ] || return
	root=$CACHE/tools/$1-$(printf '%s\n' "${debs[@]##*/}" | key)
	with_lock "$root.lock" unpack "$root" "${debs[@]}" || return
	echo "$root"
}
