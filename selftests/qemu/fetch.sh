#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bring Debian packages of any supported release into the cache, without
# touching the machine's own package lists and without installing anything.
#
#   fetch.sh source SERIES      linux-source of the series: its .deb
#   fetch.sh series SERIES      "latest" -> the series it stands for
#   fetch.sh tree SERIES        the unpacked kernel source
#   fetch.sh image SERIES [rt]  PACKAGE=VERSION of Debian's own kernel
#   fetch.sh deb PACKAGE[=VER]  any package: its .deb
#   fetch.sh debs PACKAGE...    packages that fit each other only as of one day
#   fetch.sh update             look at the mirror now, not once a day
#   fetch.sh newest             the file "pins" as it would be today; a newer series
#                               than those in it is one more line
#
# Versions are those in "pins" while the mirror or the cache has them, otherwise the
# newest. A PACKAGE may be NAME/RELEASE, which is the package of that release of Debian
# with its backports and its security updates, and of no other: what is newest in all of
# them would mix libraries that were not made for each other. Each prints its answer,
# mostly a path, on standard output.

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
	[ -n "${1:-}" ] || [ -z "$(find "$APT_DIR/stamp" -mmin -1440 -newer "$QEMU_DIR/kernels.sh" \
		2>/dev/null)" ] || return 0
	write_apt_conf
	say "package lists of $SUITES_MAIN $SUITES_SECURITY"
	apt-get -qq -c "$APT_CONF" update >"$APT_DIR/update.log" 2>&1 ||
		say "not all lists could be fetched: $(grep -m 1 '^E: ' "$APT_DIR/update.log" ||
			echo "see $APT_DIR/update.log")"
	touch "$APT_DIR/stamp"
}

# versions PACKAGE...: "PACKAGE VERSION" for each version in any suite, or in those of
# its release
versions() {
	apt-cache -c "$APT_CONF" madison "${@%/*}" | awk -v packages="$*" '
		BEGIN { n = split(packages, package, " ") }
		{
			for (i = 1; i <= n; i++) {
				split(package[i], part, "/")
				if ($1 == part[1] && (part[2] == "" || $6 ~ "^" part[2] "[-/]"))
					print package[i], $3
			}
		}' | sort -u
}

# highest: of the versions of each package in such a list
highest() {
	local pkg version
	declare -A best=()
	while read -r pkg version; do
		[ -n "${best[$pkg]:-}" ] && dpkg --compare-versions "$version" le "${best[$pkg]}" ||
			best[$pkg]=$version
	done
	for pkg in "${!best[@]}"; do
		echo "$pkg ${best[$pkg]}"
	done
}

newest_version() {
	versions "$1" | highest | cut -d ' ' -f 2 | grep . ||
		die "no package $1 in: $SUITES_MAIN $SUITES_SECURITY"
}

# cached PACKAGE VERSION: its .deb, if the cache has it
cached() {
	local deb
	for deb in "$DEBS/${1%/*}_${2//:/%3a}"_*.deb; do
		[ ! -e "$deb" ] || { echo "$deb"; return; }
	done
	return 1
}

# at_hand PACKAGE VERSION: does the cache have it, or the mirror?
at_hand() {
	[ -n "$2" ] || return
	cached "$@" >/dev/null || versions "$1" | grep -qxF "$1 $2"
}

# version_of PACKAGE [VERSION]: that one or else the pinned one if it is at hand, or
# the newest
version_of() {
	local want=${2:-$(pinned "$1")}
	if at_hand "$1" "$want"; then
		echo "$want"
	else
		newest_version "$1"
	fi
}

# instead PACKAGE: say so if it is another version than the pinned one
instead() {
	local version
	version=$(version_of "$1")
	[ "$version" = "$(pinned "$1")" ] ||
		say "$1 $(pinned "$1") is not to be had any more: this is $version (make news)"
}

# download PACKAGE VERSION: only a complete file is moved into place; apt has
# verified its size and hash.
download() {
	local tmp
	say "fetching $1 $2"
	tmp=$(mktemp -d "$DEBS/.tmp.XXXXXX")
	(cd "$tmp" && apt-get -qq -c "$APT_CONF" download "${1%/*}=$2") >&2 ||
		{ rm -rf "$tmp"; return 1; }
	mv "$tmp"/*.deb "$DEBS/"
	rmdir "$tmp"
}

# get_deb PACKAGE [VERSION]: what the mirror's list named it may have dropped since.
get_deb() {
	local version
	version=$(version_of "$@")
	if ! cached "$1" "$version" >/dev/null && ! download "$1" "$version"; then
		update_lists now
		version=$(version_of "$@")
		download "$1" "$version" || die "cannot fetch $1 $version"
	fi
	cached "$1" "$version"
}

# All pinned, or all the newest: a newer compiler wants its own libraries.
get_debs() {
	local pkg gone=
	for pkg; do
		at_hand "$pkg" "$(pinned "$pkg")" || gone=$pkg
	done
	[ -z "$gone" ] || instead "$gone"
	for pkg; do
		get_deb "$pkg" "${gone:+$(newest_version "$pkg")}"
	done
}

# pick_image SERIES [rt]: the newest such image of those named, preferably one built
# for this release of Debian, as only its headers surely run here.
pick_image() {
	local release names
	release=$(. /etc/os-release && echo "${VERSION_ID:-0}")
	names=$(grep -E "^linux-image-${1//./\\.}\.[^~-]*(-[0-9]+)?${2:+-$2}-amd64$" | sort -V)
	grep -F "+deb$release" <<<"$names" | tail -n 1 | grep . || tail -n 1 <<<"$names"
}

image() {
	local series want name
	series=$(series_of "$1")
	want=$(cut -d ' ' -f 1 "$PINS" | pick_image "$series" "${@:2}")
	name=$want
	if ! at_hand "$want" "$(pinned "$want")"; then
		name=$(apt-cache -c "$APT_CONF" pkgnames linux-image- | pick_image "$series" "${@:2}")
		[ -n "$name" ] || die "no kernel image of series $*"
		[ -z "$want" ] || say "$want is not to be had any more: this is $name (make news)"
	fi
	echo "$name=$(version_of "$name")"
}

# successor IMAGE: of those named, the newest of its series, release and flavour
successor() {
	local series=${1#linux-image-} release='-[0-9]+' flavour=
	series=$(cut -d . -f 1,2 <<<"$series")
	[[ $1 != *+deb* ]] || release=$(sed -E 's/.*(\+deb[0-9]+).*/\\\1(\\.[0-9]+)?/' <<<"$1")
	[[ $1 != *-rt-* ]] || flavour=-rt
	grep -E "^linux-image-${series//./\\.}\.[0-9]+$release$flavour-amd64\$" | sort -V | tail -n 1
}

# The pins, moved; then a line for each series that is newer than all in them.
newest() {
	local names line moved latest series
	names=$(apt-cache -c "$APT_CONF" pkgnames linux-)
	moved=$(while IFS= read -r line; do
		case $line in
		linux-image-*) successor "${line%% *}" <<<"$names" | grep . || echo "$line" ;;
		*) echo "$line" ;;
		esac
	done <"$PINS")
	latest=$(series_of latest)
	# shellcheck disable=SC2046 # words
	versions $(grep '^[a-z]' <<<"$moved" | cut -d ' ' -f 1) | highest |
		awk 'NR == FNR { newest[$1] = $2; next }
			$1 in newest { $0 = $1 " " newest[$1] } { print }' - <(echo "$moved")
	sed -n 's/^linux-source-\([0-9]*\.[0-9]*\)$/\1/p' <<<"$names" | while read -r series; do
		[ "$(printf '%s\n' "$series" "$latest" | sort -V | tail -n 1)" = "$latest" ] ||
			versions "linux-source-$series" | highest
	done
}

source_tree() {
	local s deb dir tmp
	s=$(series_of "$1")
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

source_deb() {
	local series
	series=$(series_of "$1")
	instead "linux-source-$series"
	get_deb "linux-source-$series"
}

main() {
	[ "$1" != update ] || { update_lists now; return; }
	update_lists
	case $1 in
	source) source_deb "$2" ;;
	series) series_of "$2" ;;
	tree) source_tree "$2" ;;
	image) image "${@:2}" ;;
	deb) get_deb "${2%%=*}" "$(sed -n 's/^[^=]*=//p' <<<"$2")" ;;
	debs) get_debs "${@:2}" ;;
	newest) newest ;;
	*) die "fetch.sh: what is '$1'?" ;;
	esac
}

[ $# -gt 0 ] || die "usage: fetch.sh source|series|tree|image|deb|debs|update|newest ..."
with_lock "$CACHE/fetch.lock" main "$@"
