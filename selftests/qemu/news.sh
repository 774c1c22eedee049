#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make news": what does Debian have that this tree was not checked against? Newer
# sources, and newer series, are compared with what the split mirrors, and the modules
# are compiled for them; newer tools are tried. Ends with 1 when there is something for
# a maintainer to look at. "make pin" then moves the pins, within their series.
#
#   news.sh news [TEST...]     TEST is of selftests/host, all that depend on versions
#   news.sh pin

. "$(dirname "$0")/common.sh"

# try TEST: with the newest of all; what it says only if it fails
try() {
	local log=$NEWS/$1.log
	if PINS=$NEWS/pins ATA_SPLIT_BUILD=$NEWS "$TOP/selftests/host/$1.sh" >"$log" 2>&1; then
		echo "ok $1"
	else
		grep -vE '^(ok |  (fetching|unpacking) )' "$log" | head -n 40 | sed 's/^/  /'
		echo "not ok $1 (all of it: $log)"
		return 1
	fi
}

# Libraries of unstable are newer each week, and nothing to look at while the tests pass.
news() {
	local test bad=0
	if cmp -s "$PINS" "$NEWS/pins"; then
		echo "Debian has nothing newer than $PINS"
		return
	fi
	echo "What this tree was checked against, and what Debian has:"
	diff --unchanged-line-format= --old-line-format='- %L' --new-line-format='+ %L' \
		"$PINS" "$NEWS/pins" | tee "$NEWS/changes" || true
	! grep -q '^+ linux-' "$NEWS/changes" || bad=1
	for test; do
		try "$test" || bad=1
	done
	[ $bad = 0 ] || echo 'When that is understood: "make pin", and "make check-all"'
	return $bad
}

# A new series, one of the last lines, is entered by hand.
pin() {
	head -n "$(wc -l <"$PINS")" "$NEWS/pins" >"$NEWS/moved"
	if cmp -s "$PINS" "$NEWS/moved"; then
		echo "Debian has nothing newer of these series"
		return
	fi
	diff "$PINS" "$NEWS/moved" || true
	cp "$NEWS/moved" "$PINS"
	echo 'Read what "make news" says of each function, then: selftests/host/drift.sh record'
}

NEWS=$BUILD/news
mkdir -p "$NEWS"
"$QEMU_DIR/deps.sh" build host
"$QEMU_DIR/fetch.sh" newest >"$NEWS/pins"
case ${1:-} in
news)
	[ $# -gt 1 ] || set -- news drift build quirks features clang litmus qemu hold
	news "${@:2}" ;;
pin) pin ;;
*) die "usage: news.sh news [TEST...] | pin" ;;
esac
