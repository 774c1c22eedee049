#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bring Debian packages of any supported release into the cache, without
# touching the machine's own package lists and without installing anything.
#
#   fetch.sh source SERIES      the newest linux-source of the series: its .deb
#   fetch.sh series SERIES      "latest" -> the series it stands for today
#   fetch.sh deb PACKAGE[=VER]  any package: its .deb
#   fetch.sh tree SERIES        the unpacked kernel source
#   fetch.sh names PREFIX       names of packages
#   fetch.sh depends PACKAGE    names of the packages its newest version needs
#
# Each prints its answer, mostly a path, on standard output.

. "$(dirname "$0")/common.sh"

APT_DIR=$CACHE/apt
APT_CONF=$APT_DIR/apt.conf
DEBS=$CACHE/debs

# The mirror comes from the machine's own configuration: the archive it uses
# for its own release also carries the other releases.
mirror() {
	local codename want=$1
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016 # the $(...) are apt's, not the shell's
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
		'Created-By: Packages' |
	awk -v code="$codename" -v want="$want" '
		$2 != "main" { next }
		want == "main" && ($1 == code || $1 ~ /^((old)*stable|testing|unstable|sid)$/) ||
		want == "security" && $1 ~ "^(" code "|(old)*stable|testing)-security$" {
			print $3; exit
		}'
}

keyring() {
	local f
	for f in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
		[ ! -e "$f" ] || { echo "$f"; return; }
	done
	die "no Debian archive keyring: install debian-archive-keyring"
}

sources_list() {
	local main security key suite
	main=$(mirror main)
	security=$(mirror security)
	[ -n "$main" ] || die "apt is not set up for a Debian mirror"
	key=$(keyring)
	for suite in $SUITES_MAIN; do
		echo "deb [signed-by=$key] $main $suite main"
	done
	# A machine without security updates still tests the kernels.
	[ -n "$security" ] || return 0
	for suite in $SUITES_SECURITY; do
		echo "deb [signed-by=$key] $security $suite main"
	done
}

# A private apt: own lists and own cache, the machine's proxies and keys.
# It runs unsandboxed because the cache may be unreadable for user _apt.
write_apt_conf() {
	mkdir -p "$APT_DIR/lists/partial" "$APT_DIR/cache/archives/partial" "$DEBS"
	sources_list >"$APT_DIR/sources.list"
	cat >"$APT_CONF" <<-END
		Dir::Etc::SourceList "$APT_DIR/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State::Lists "$APT_DIR/lists";
		Dir::Cache "$APT_DIR/cache";
		Dir::Cache::pkgcache "pkgcache.bin";
		Dir::Cache::srcpkgcache "srcpkgcache.bin";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
		Acquire::Retries "3";
		APT::Sandbox::User "root";
	END
}

# Package lists are good for a day. A suite that has left the mirror, or no
# network at all, is no reason to stop while the lists at hand still serve.
update_lists() {
	[ -z "$(find "$APT_DIR/stamp" -mmin -1440 -newer "$QEMU_DIR/kernels.sh" \
		2>/dev/null)" ] || return 0
	write_apt_conf
	say "package lists of $SUITES_MAIN $SUITES_SECURITY"
	apt-get -qq -c "$APT_CONF" update >"$APT_DIR/update.log" 2>&1 ||
		say "not all lists could be fetched, see $APT_DIR/update.log"
	touch "$APT_DIR/stamp"
}

latest_series() {
	apt-cache -c "$APT_CONF" pkgnames linux-source- |
		sed -n 's/^linux-source-\([0-9]*\.[0-9]*\)$/\1/p' | sort -V | tail -n 1
}

# The highest version of a package in any suite.
newest_version() {
	local best='' v
	while read -r v; do
		if [ -z "$best" ] || dpkg --compare-versions "$v" gt "$best"; then
			best=$v
		fi
	done < <(apt-cache -c "$APT_CONF" madison "$1" | awk '{ print $3 }')
	[ -n "$best" ] || die "no package $1 in: $SUITES_MAIN $SUITES_SECURITY"
	echo "$best"
}

# apt verifies size and hash; only a complete file is moved into place.
get_deb() {
	local pkg=${1%%=*} version=${1#*=} deb tmp
	[ "$pkg" != "$1" ] || version=$(newest_version "$pkg")
	for deb in "$DEBS/${pkg}_${version//:/%3a}"_*.deb; do
		[ ! -e "$deb" ] || { echo "$deb"; return; }
	done
	say "fetching $pkg $version"
	tmp=$(mktemp -d "$DEBS/.tmp.XXXXXX")
	(cd "$tmp" && apt-get -qq -c "$APT_CONF" download "$pkg=$version") >&2 ||
		{ rm -rf "$tmp"; die "cannot fetch $pkg $version"; }
	mv "$tmp"/*.deb "$DEBS/"
	rmdir "$tmp"
	echo "$DEBS/${pkg}_${version//:/%3a}"_*.deb
}

series() {
	local s=$1
	[ "$s" != latest ] || s=$(latest_series)
	[ -n "$s" ] || die "no linux-source package found"
	echo "$s"
}

source_tree() {
	local s deb dir tmp
	s=$(series "$1")
	deb=$(get_deb "linux-source-$s")
	dir=$CACHE/src/$(basename "$deb" _all.deb)
	if [ ! -d "$dir" ]; then
		say "unpacking $(basename "$deb")"
		mkdir -p "$CACHE/src"
		# Nobody else is at it, so these are of runs that were interrupted.
		rm -rf "$CACHE"/src/.tmp.* "$DEBS"/.tmp.*
		tmp=$(mktemp -d "$CACHE/src/.tmp.XXXXXX")
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
			tar -xJ -C "$tmp" --strip-components=1
		chmod 755 "$tmp"
		mv "$tmp" "$dir"
	fi
	echo "$dir"
}

depends() {
	apt-cache -c "$APT_CONF" show "$1=$(newest_version "$1")" |
		sed -n 's/^Depends: //p' | tr ',' '\n' | awk '{ print $1 }' | sort -u
}

main() {
	update_lists
	case $1 in
	source) get_deb "linux-source-$(series "$2")" ;;
	series) series "$2" ;;
	deb) get_deb "$2" ;;
	tree) source_tree "$2" ;;
	names) apt-cache -c "$APT_CONF" pkgnames "$2" ;;
	depends) depends "$2" ;;
	*) die "fetch.sh: what is '$1'?" ;;
	esac
}

[ $# -eq 2 ] || die "usage: fetch.sh source|series|tree|deb|names|depends ARGUMENT"
with_lock "$CACHE/fetch.lock" main "$@"
