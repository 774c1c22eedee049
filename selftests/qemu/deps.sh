#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Install the Debian packages that a purpose needs, if they are missing:
#
#   deps.sh build|guest|host|bpf|bench|lint|deb|docs|package...

. "$(dirname "$0")/common.sh"

missing_of() {
	local pkg
	for pkg; do
		dpkg-query -W -f '${db:Status-Status}\n' "$pkg" 2>/dev/null |
			grep -qx installed || echo "$pkg"
	done
}

install_packages() {
	local sudo=()
	[ "$(id -u)" = 0 ] || sudo=(sudo)
	command -v apt-get >/dev/null ||
		die "no apt-get here; install by other means: $*"
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
		die "not root and no sudo; as root: apt-get install $*"
	say "installing with apt-get: $*"
	logged "$BUILD/apt.log" "${sudo[@]}" apt-get -qq update
	logged "$BUILD/apt.log" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

main() {
	local purpose packages='' missing
	[ "$(uname -m)" = x86_64 ] || die "the guests need an x86-64 machine"
	for purpose; do
		case $purpose in
		build) packages+=" $PKGS_BUILD" ;;
		guest) packages+=" $PKGS_GUEST" ;;
		host) packages+=" $PKGS_HOST" ;;
		bpf) packages+=" $PKGS_BPF" ;;
		bench) packages+=" $PKGS_BENCH" ;;
		lint) packages+=" $PKGS_LINT" ;;
		deb) packages+=" $PKGS_DEB" ;;
		docs) packages+=" $PKGS_DOCS" ;;
		package) packages+=" $PKGS_PACKAGE" ;;
		*) die "deps.sh: what is '$purpose'?" ;;
		esac
	done
	# shellcheck disable=SC2086 # a list of words
	mapfile -t missing < <(missing_of $packages)
	[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

main "$@"
