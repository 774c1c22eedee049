#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What moves on the mirror does not move this tree: the pinned version is taken while
# it is there, otherwise the newest of its series or release, with a line that says so;
# no series enters by itself. "make news" ends with 1 for whatever is newer, "make pin" moves the
# pins. All of it with pins that are made up here.
# shellcheck disable=SC2317 # expect calls most functions

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

OUT=$BUILD/host/pins
REAL=$PINS
FETCH=$QEMU_DIR/fetch.sh
export PINS=$OUT/pins

# pins SCRIPT: those of this tree, changed by sed's script
pins() {
	sed -E "$1" "$REAL" >"$PINS"
}

# run COMMAND...: its output, what it says besides, and how it ends
run() {
	RC=0
	ATA_SPLIT_BUILD=$OUT "$@" >"$OUT/out" 2>"$OUT/said" || RC=$?
}

# expect WHAT CONDITION...
expect() {
	local what=$1
	shift
	if "$@"; then
		good "$what"
	else
		sed 's/^/  | /' "$OUT/out" "$OUT/said"
		bad "$what"
	fi
}

# same COMMAND WANTED: nothing but that, and not a word
same() {
	[ "$RC" = 0 ] && [ "$(basename "$(cat "$OUT/out")")" = "$1" ] && ! grep -q 'any more' "$OUT/said"
}

# other PATTERN FROM TO: a line of output, and one line about the versions
other() {
	[ "$RC" = 0 ] && grep -qxE "$1" "$OUT/out" && [ "$(grep -c 'any more' "$OUT/said")" = 1 ] &&
		grep -qE "$2 is not to be had any more: this is $3" "$OUT/said"
}

# moved FROM TO: "make news" shows it, and is not content
moved() {
	[ "$RC" = 1 ] && { [ -z "$1" ] || grep -qxE -e "- $1" "$OUT/out"; } && grep -qxE -e "\+ $2" "$OUT/out"
}

content() {
	[ "$RC" = 0 ] && [ "$(wc -l <"$OUT/out")" = 1 ] && grep -q 'nothing newer' "$OUT/out"
}

not() {
	! "$@"
}

mkdir -p "$OUT"
cp "$REAL" "$PINS"

# The oldest that there is, of a small package with no epoch.
"$FETCH" series latest >/dev/null
oldest=$(apt-cache -c "$CACHE/apt/apt.conf" madison libmd0 | awk '{ print $3 }' | sort -V | head -n 1)
pins "s/^libmd0 .*/libmd0 $oldest/"
run "$FETCH" deb libmd0
expect "a pinned version is taken, though there are newer ones" same "libmd0_${oldest}_amd64.deb"

# Of that release only, and the same package without one moves on its own.
release=${SUITES_MAIN%% *}
pins ''
printf '%s\n' "libmd0/$release 0" >>"$PINS"
run "$FETCH" debs "libmd0/$release"
expect "a package of one release: otherwise the newest of that" \
	other ".*/libmd0_${oldest}_amd64\.deb" "libmd0/$release 0" "$oldest"
run "$FETCH" newest
expect "make pin moves it within the release" grep -qxF "libmd0/$release $oldest" "$OUT/out"
expect "and the other to the newest" not grep -qxF "libmd0 $oldest" "$OUT/out"

pins 's/^(linux-source-6.12) .*/\1 6.12.1-1/; s/^(linux-image-6.1.0)-[0-9]+-amd64 .*/\1-1-amd64 6.1.1-1/'
run "$FETCH" source 6.12
expect "otherwise the newest source of the series, and a line" \
	other '.*/linux-source-6\.12_6\.12\..*' 'linux-source-6.12 6\.12\.1-1' '6\.12\.'
run "$FETCH" image 6.1
expect "and the newest kernel" \
	other 'linux-image-6\.1\.0-[0-9]+-amd64=6\.1\..*' linux-image-6.1.0-1-amd64 'linux-image-6\.1\.0-[0-9]+-amd64'
run "$QEMU_DIR/news.sh" news contract
expect "make news: they are newer" moved 'linux-source-6\.12 6\.12\.1-1' 'linux-source-6\.12 6\.12\..*'
expect "make news: and so is the kernel" \
	moved 'linux-image-6\.1\.0-1-amd64 6\.1\.1-1' 'linux-image-6\.1\.0-[0-9]+-amd64 6\.1\..*'

pins '/^linux-(source|image)-7/d'
run "$FETCH" series latest
expect "a newer series does not become the latest" same 6.12
run "$QEMU_DIR/news.sh" news contract
expect "make news: a newer series" moved '' 'linux-source-7\.[0-9]+ 7\..*'
run "$QEMU_DIR/news.sh" pin
run "$FETCH" series latest
expect "nor does it by make pin" same 6.12

pins 's/^(linux-source-6.12) .*/\1 6.12.1-1/'
run "$QEMU_DIR/news.sh" pin
expect "make pin: what to do next" grep -q 'drift.sh record' "$OUT/out"
run "$FETCH" newest
cp "$OUT/out" "$OUT/newest"
expect "make pin moves the pins" cmp -s "$PINS" <(head -n "$(wc -l <"$PINS")" "$OUT/newest")

cp "$OUT/newest" "$PINS"
run "$QEMU_DIR/news.sh" news contract
expect "make news: nothing, when there is nothing" content
exit $BAD
