#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The QEMU that guests run in, the same one on each release of Debian. It is unpacked in
# the cache, with the libraries that it was made for, and nothing of it is installed.
# Prints the command that runs it, a word on each line.
#
# It has vfio-user-pci, by which another process serves a PCI device to the guest (see
# selftests/hba); that came with 10.1. And it locks a page while it translates code of
# it; that came with 8.1. Before, a CPU may go on with what another one has just
# overwritten: Debian 12's QEMU stops a guest that switches trace events, which patches
# the kernel's code, with "Oops: int3" within seconds.
#
# The packages are those in "pins" with a release. They are no more than what the
# program loads. Its modules are not among them: it would look for some in the folder
# of the machine's own QEMU, but for none while no guest has a device that is a module.

. "$(dirname "$0")/common.sh"
# shellcheck source=selftests/qemu/tools.sh
. "$QEMU_DIR/tools.sh"

main() {
	local root lib packages
	mapfile -t packages < <(sed -n 's|^\([^ #]*/[^ ]*\) .*|\1|p' "$PINS")
	root=$(tools qemu "${packages[@]}") || die "QEMU with vfio-user-pci is not to be had"
	lib=$root/usr/lib/x86_64-linux-gnu
	# Not from the cache of the machine's own loader, or the libraries would mix.
	printf '%s\n' "$lib/ld-linux-x86-64.so.2" --inhibit-cache --library-path "$lib" \
		"$root/usr/bin/qemu-system-x86_64" \
		-L "$root/usr/share/qemu" -L "$root/usr/share/seabios"
}

main
