#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make deb": source and binary package of what is checked out, below the build
# folder.
#
#   build.sh                    both packages
#   build.sh tree DIR [VERSION] only the source tree to build them from; as if that
#                               were the version, to test an upgrade
#
# debian/changelog is made here, because VERSION is the one place for the version
# and CHANGELOG that for the changes.

# shellcheck source=selftests/qemu/common.sh
. "$(dirname "$0")/../selftests/qemu/common.sh"

NAME=ata-split

# What CHANGELOG says of this version, as Debian wants it.
changelog() {
	local version changes
	version=$(cat VERSION)
	changes=$(awk -v version="$version" '
		/^[0-9]/ { this = $0 == version; next }
		this && sub(/^- /, "  * ") || this && sub(/^  /, "    ")' CHANGELOG)
	[ -n "$changes" ] || die "CHANGELOG has no changes for $version, which VERSION says it is"
	printf '%s (%s) unstable; urgency=medium\n\n%s\n\n -- %s  %s\n' "$NAME" "$version" \
		"$changes" "$(sed -n 's/^Maintainer: //p' debian/control)" \
		"$(in_checkout log -1 --format=%aD)"
}

tree() {
	local dir=$1 version=${2:-}
	in_checkout rev-parse -q --verify HEAD >/dev/null ||
		die "$TOP is no git checkout: make deb works in one; in a source package use dpkg-buildpackage"
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$TOP" && in_checkout ls-files -z | xargs -0 cp --parents -P -t "$dir")
	cd "$dir"
	[ -z "$version" ] || sed -i "s/^$(cat VERSION)\$/$version/" VERSION CHANGELOG
	changelog >debian/changelog
}

build() {
	local dir
	dir=$BUILD/deb/$NAME-$(cat "$TOP/VERSION")
	rm -rf "$BUILD/deb"
	(tree "$dir")
	cd "$dir"
	logged "$BUILD/deb/build.log" dpkg-buildpackage -us -uc
	ls "$BUILD"/deb/*.deb
}

case ${1:-},$# in
,0) "$QEMU_DIR/deps.sh" deb && with_lock "$BUILD/deb.lock" build ;;
tree,2 | tree,3) tree "${@:2}" ;;
*) die "usage: build.sh [tree DIR [VERSION]]" ;;
esac
