#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's own kernel of a series, downloaded and unpacked below the build
# folder, never installed. Prints a folder with
#
#   vmlinuz   the kernel
#   install   lib/modules/RELEASE, as far as the guests need it
#   kdir      the headers, to build modules against
#
#   distro.sh SERIES [rt]       rt: the one with PREEMPT_RT

. "$(dirname "$0")/common.sh"

# What has to be loaded in a guest, as Debian builds most things as modules.
MODULES="virtio_pci virtio_iommu virtio_console sd_mod sr_mod sg ahci ext4 isofs loop dm_mod
	bfq kyber_iosched mq_deadline crc32c_generic crc32c_intel intel_rapl_msr
	vfio_pci pci_stub nvmet"

# unpack PACKAGE[=VERSION] [PATTERN]: into ROOT, with those packages that it depends on
# and that match. They are made from one source and have one version.
unpack() {
	local deb dep
	deb=$("$QEMU_DIR/fetch.sh" deb "$1")
	dpkg-deb -x "$deb" "$ROOT"
	[ -n "${2:-}" ] || return 0
	for dep in $(dpkg-deb -f "$deb" Depends | tr ',' '\n' | awk '{ print $1 }' | grep -E "$2" | sort -u); do
		unpack "$dep=${1#*=}"
	done
}

# Header packages refer to each other by their places below /usr.
relocate_headers() {
	local file
	while IFS= read -r file; do
		sed -i -E "s#(^|[^[:alnum:]])/usr/(src|lib)/linux-#\\1$ROOT/usr/\\2/linux-#g" "$file"
	done < <(grep -rlE --include=Makefile --include='.kernel*' \
		'/usr/(src|lib)/linux-' "$ROOT/usr/src")
	while IFS= read -r file; do
		case $(readlink "$file") in
		/usr/*) ln -sfn "$ROOT$(readlink "$file")" "$file" ;;
		esac
	done < <(find "$ROOT/usr/src" "$ROOT/usr/lib/linux-kbuild"* -type l)
}

# Headers of a later release may want a later libc for their tools, and name the
# compiler that the kernel was built with.
check_headers() {
	local modpost cc
	for modpost in "$ROOT"/usr/lib/linux-kbuild-*/scripts/mod/modpost; do
		! ldd "$modpost" 2>&1 | grep -q 'not found' ||
			die "the headers of $1 need a newer Debian than this one"
	done
	cc=$(sed -n 's/^CC = .*\(gcc-[0-9]*\)$/\1/p' \
		"$ROOT/usr/src/linux-headers-$1/.kernelvariables")
	command -v "$cc" >/dev/null || die "the headers of $1 need $cc, which is not here"
}

# Only what the guests load: all modules would be some hundred megabytes.
pick_modules() {
	local release=$1 from=$ROOT file module
	[ -d "$from/lib/modules" ] || from=$ROOT/usr
	depmod -b "$from" "$release"
	mkdir -p "$OUT/install/lib/modules/$release"
	cp "$from/lib/modules/$release"/modules.builtin* "$OUT/install/lib/modules/$release/"
	: >"$OUT/install/lib/modules/$release/modules.order"
	for module in $MODULES; do
		{ modprobe -d "$from" -S "$release" --show-depends "$module" 2>/dev/null || true; } |
			sed -n 's/^insmod \([^ ]*\).*/\1/p'
	done | sort -u | while IFS= read -r file; do
		mkdir -p "$OUT/install/$(dirname "${file#"$from"}")"
		cp "$file" "$OUT/install/${file#"$from"}"
	done
}

build() {
	local image=$1 version=${1#*=} release=${1%=*}
	release=${release#linux-image-}
	[ "$(cat "$OUT/package" 2>/dev/null)" != "$image $MODULES" ] || return 0
	say "unpacking ${image%=*} and its headers"
	rm -rf "$OUT"
	mkdir -p "$ROOT"
	unpack "$image" '^linux-(base|binary|modules)-[0-9]'
	unpack "linux-headers-$release=$version" '^linux-(headers|kbuild)-'
	relocate_headers
	check_headers "$release"
	pick_modules "$release"
	# Packages from 7.x on have it with the modules.
	find "$ROOT" -name 'vmlinuz*' -exec mv {} "$OUT/vmlinuz" \;
	rm -rf "${ROOT:?}"/{boot,lib/modules,usr/lib/modules}
	ln -s "$ROOT/usr/src/linux-headers-$release" "$OUT/kdir"
	echo "$image $MODULES" >"$OUT/package"
}

main() {
	local series image
	series=$(series_of "$1")
	image=$("$QEMU_DIR/fetch.sh" image "$series" "${@:2}")
	OUT=$BUILD/distro-$series${2:+-$2}
	ROOT=$OUT/root
	with_lock "$OUT.lock" build "$image"
	echo "$OUT"
}

[ $# -ge 1 ] || die "usage: distro.sh SERIES [rt]"
main "$@"
