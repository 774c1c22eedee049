#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A disk is told to disable device-initiated power management if it has that enabled,
# and only then. QEMU's disks do not have it, so a module adds it to what they say of
# themselves.

# The kernel is Debian's own, whatever is tested.
unset KERNEL VARIANT
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

OUT=$BUILD/host/dipm
rm -rf "$OUT"
mkdir -p "$OUT"
cp "$HOST/dipm/dipm.c" "$OUT/"
echo 'obj-m := dipm.o' >"$OUT/Kbuild"
compile "$(production_kdir)" "$OUT" modules || { cat "$OUT/log"; exit 1; }
KIT=$("$QEMU_DIR/prepare.sh" "$(distro_series "$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)")" distro)
said=$("$QEMU_DIR/guest.sh" "$KIT" dipm "$HOST/dipm/job.sh" 2>&1 | tail -n 1)
if [ "${said% }" = 'ok guest' ]; then
	good "DIPM is disabled where it is enabled"
else
	bad "${said#not_ok }; log: $KIT/guest-dipm"
fi
exit $BAD
