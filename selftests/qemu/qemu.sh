#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A QEMU that has vfio-user-pci, by which a process of its own serves a PCI device to
# the guest (see selftests/hba). It came with 10.1, and the releases of Debian that are
# supported have older ones. So this one is unpacked in the cache, with the libraries
# that it was made for, and nothing of it is installed. Prints the command that runs
# it, a word on each line.
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
