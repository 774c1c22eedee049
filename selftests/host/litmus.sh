#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The hand-overs between CPUs and the device, on paper: herd7 decides each litmus
# test under the kernel's memory model, and its verdict must be the one that the
# test states. A "+" in the name is the variant with the ordering removed, which
# has to be broken.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# herd7 of the machine, if it is new enough for the model; else Debian's newest,
# unpacked below build and run with the libraries that it was made for.
find_herd() {
	local root=$BUILD/herd pkg
	if [ ! -e "$root/done" ]; then
		rm -rf "$root"
		mkdir -p "$root"
		for pkg in herdtools7 libgmp10 libc6; do
			dpkg-deb -x "$("$QEMU_DIR/fetch.sh" deb "$pkg")" "$root" ||
				skip "herdtools7 is not to be had"
		done
		touch "$root/done"
	fi
	HERD=("$(find "$root" -name 'ld-linux-*.so.2' | head -n 1)"
		--library-path "$(dirname "$(find "$root" -name 'libc.so.6' | head -n 1)")"
		"$root/usr/bin/herd7" -set-libdir "$root/usr/share/herdtools7/herd")
}

run() {
	local file=$1 name want got
	name=$(basename "$file" .litmus)
	want=$(sed -n 's/^ \* Result: //p' "$file")
	got=$("${HERD[@]}" -conf linux-kernel.cfg "$file" 2>&1 |
		sed -n "s/^Observation $name \([A-Za-z]*\) .*/\1/p")
	if [ -n "$want" ] && [ "$got" = "$want" ]; then
		good "$name: $got"
	else
		bad "$name: herd7 says '${got:-nothing}', must be '$want'"
	fi
}

find_herd
cd "$("$QEMU_DIR/fetch.sh" tree latest)/tools/memory-model"
for file in "$HOST"/litmus/*.litmus; do
	run "$file"
done
exit $BAD
