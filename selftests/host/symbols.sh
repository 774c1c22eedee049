#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the build side calls, read from its objects: DMA mapping and pure
# functions, and nothing else. Contract clause C5. Compiled for a kernel without
# debugging, so that what is left is our own.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# Compiler and kernel infrastructure that any function may need.
HARMLESS='__fentry__|__x86_indirect_thunk_.*|__x86_return_thunk|__stack_chk_fail|memset|memcpy|__warn_printk|__sanitizer_.*'

# OBJECT ALLOWED...
gate() {
	local object=$1 allowed extra
	shift
	allowed=$(printf '%s|' "$@")$HARMLESS
	extra=$(nm -u "$object" | awk '{ print $2 }' | { grep -vxE "$allowed" || true; } | paste -sd ' ')
	if [ -z "$extra" ]; then
		good "${object##*/drivers/} calls nothing else"
	else
		bad "${object##*/drivers/} calls $extra"
	fi
}

DIR=$BUILD/host/symbols
KDIR=$(production_kdir)
copy_sources "$DIR"
BUILT=$("$QEMU_DIR/modules.sh" "$KDIR" "$(production_series)-distro" 2>"$DIR/log") ||
	{ tail -n 20 "$DIR/log"; bad "does not compile"; exit 1; }

# Our own names are not calls: they are what the command is given to finish with, and
# whether libata's end of it is known.
gate "$BUILT/drivers/ata_split/build.o" dma_map_page_attrs dma_unmap_page_attrs dma_map_sg_attrs \
	dma_unmap_sg_attrs ata_split_done ata_split_complete ata_split_core_complete
gate "$BUILT/drivers/ahci_split/build.o" sg_next

# The gate itself: a libata function with state, called from a build, is found.
sed -i 's/^	return AC_ERR_OK;/	ata_port_schedule_eh(qc->ap);\n&/' "$DIR/drivers/ahci_split/build.c"
compile "$KDIR" "$DIR" drivers/ahci_split/build.o ||
	{ tail -n 20 "$DIR/log"; bad "does not compile"; exit 1; }
if (gate "$DIR/drivers/ahci_split/build.o" sg_next) | grep -q 'calls ata_port_schedule_eh'; then
	good "a call into libata would be found"
else
	bad "a call into libata was planted and not found"
fi
exit $BAD
