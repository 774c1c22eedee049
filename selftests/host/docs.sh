#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/ builds to HTML without a warning, the man page has none, files that
# they name exist, and the version is written down once.
# shellcheck disable=SC2317 # quiet calls most functions

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# quiet WHAT COMMAND...: it succeeds and has nothing to say
quiet() {
	local what=$1 out rc=0
	shift
	out=$("$@" 2>&1 >/dev/null) || rc=$?
	[ $rc = 0 ] && [ -z "$out" ] && { good "$what"; return; }
	printf '%s\n' "$out"
	bad "$what"
}

# Its exit status tells; fetching the kernel's source says what it does.
html() {
	local out
	if out=$("$TOP/Documentation/htmldocs.sh" 2>&1); then
		good "Sphinx builds the HTML"
	else
		printf '%s\n' "$out"
		bad "Sphinx builds the HTML"
	fi
}

man_page() {
	local page=$TOP/Documentation/splitctl.8
	quiet "man renders it" env MANWIDTH=80 man --warnings=w -E UTF-8 -l -Tutf8 "$page"
	# mandoc reports on standard output
	quiet "mandoc -T lint" sh -c "mandoc -T lint '$page' >&2"
	quiet "lexgrog" lexgrog "$page"
}

# Each command of splitctl's usage is in the man page, and no other.
man_commands() {
	diff <("$TOP/drivers/ahci_split/splitctl" 2>&1 | sed -nE 's/.*splitctl ([a-z]+).*/\1/p' | sort) \
		<(sed -n 's/^\.B splitctl \([a-z]*\).*/\1/p' "$TOP/Documentation/splitctl.8" | sort -u) >&2
}

# Paths of this tree; modules are built.
names() {
	local name
	(cd "$TOP" && grep -ohP '(?<![\w/])(drivers|include|selftests|Documentation)/[\w./-]*\w' \
		Documentation/*.rst README.md CONTRIBUTING) | sort -u |
		while read -r name; do
			[ -e "$TOP/$name" ] || [[ $name = *.ko ]] || echo "there is no $name" >&2
		done
}

# VERSION, the changes of it, and nowhere else.
version() {
	local version
	version=$(cat "$TOP/VERSION")
	grep -qx "$version" "$TOP/CHANGELOG" || echo "CHANGELOG has no section for $version" >&2
	(cd "$TOP" && git grep -nF "$version" -- . ':!VERSION' ':!CHANGELOG' ':!selftests/qemu/pins') >&2 || true
}

# dkms builds for what the tests know, and for no other.
kernels() {
	local series pattern
	pattern=$(sed -n 's/^BUILD_EXCLUSIVE_KERNEL="\(.*\)"$/\1/p' "$TOP/dkms.conf")
	for series in $KERNEL_SERIES; do
		[[ $series.4-1-amd64 =~ $pattern ]] || echo "dkms.conf excludes $series" >&2
	done
	for series in 5.19 6.0 7.30 61.1; do
		[[ ! $series.4-1-amd64 =~ $pattern ]] || echo "dkms.conf includes $series" >&2
	done
}

"$QEMU_DIR/deps.sh" docs || skip "Sphinx, graphviz, man or mandoc is not to be had"
html
man_page
quiet "splitctl's commands are in its man page" man_commands
quiet "what the documents name exists" names
quiet "the version is in one place" version
quiet "kernels of dkms.conf" kernels
exit $BAD
