#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stock ahci works around what some chips cannot do. The driver refuses each of them,
# in each supported kernel's table, or quirks/boards says why it need not.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

QUIRKS=$HOST/quirks
OUT=$BUILD/host/quirks
OURS=$TOP/drivers/ahci_split/pci.c

# taken TREE OURS: the boards of chips that the driver would take, and the chips
taken() {
	local stock=$1/drivers/ata/ahci.c
	cp "$1/include/linux/pci_ids.h" "$OUT/"
	# Newer kernels have these in a header of their own.
	sed -n '/^#define PCI_ANY_ID/p; /^struct pci_device_id {/,/^};/p' \
		"$1"/include/linux/{mod_devicetable,device-id/pci}.h 2>/dev/null >"$OUT/pci.h" || :
	sed -nE '/^#define PCI_V?DEVICE(_SUB|_CLASS)?\(/,/[^\]$/p' "$1/include/linux/pci.h" >>"$OUT/pci.h"
	sed -n '/^enum board_ids/,/^};/p' "$stock" >"$OUT/boards.h"
	sed -nE 's/^[[:space:]]*(board_[a-z0-9_]+),.*/[\1] = "\1",/p' "$OUT/boards.h" >"$OUT/names.h"
	sed -n '/ ahci_pci_tbl\[\] = {/,/^};/p' "$stock" >"$OUT/stock.h"
	sed -n '/ ahci_split_needs_quirks\[\] = {/,/^};/p' "$2" >"$OUT/ours.h"
	gcc -I "$OUT" -Dkernel_ulong_t="unsigned long" -o "$OUT/match" "$QUIRKS/match.c" && "$OUT/match"
}

# unknown TREE OURS: what of that is not in the list
unknown() {
	taken "$@" | awk 'NR == FNR { if (!/^#/) known[$1]; next } !($1 in known)' "$QUIRKS/boards" -
}

rm -rf "$OUT"
mkdir -p "$OUT"
for kernel in $KERNEL_SERIES; do
	tree=$("$QEMU_DIR/fetch.sh" tree "$kernel")
	# That the tables were read at all: Debian's kernels have had these for long.
	n=$(taken "$tree" "$OURS" | wc -l)
	[ "$n" -ge 100 ] || bad "Linux $kernel: only $n chips found, see $OUT"
	list=$(unknown "$tree" "$OURS")
	if [ -z "$list" ]; then
		good "Linux $kernel: $n chips are taken, with no workaround that we lack"
	else
		bad "Linux $kernel: refuse these, or say in quirks/boards why not: $(paste -sd ' ' <<<"$list")"
	fi
done

grep -qF 'pci_match_id(ahci_split_needs_quirks, pdev)' "$OURS" || bad "nobody looks into the table"

# Would it be noticed? Each line of ours that is gone, by the newest kernel's table.
mapfile -t lines < <(sed -n '/ ahci_split_needs_quirks\[\] = {/,/^};/{/{ PCI_/=}' "$OURS")
for line in "${lines[@]}"; do
	sed "${line}d" "$OURS" >"$OUT/changed.c"
	[ -n "$(unknown "$tree" "$OUT/changed.c")" ] ||
		bad "nothing needs line $line of pci.c: $(sed -n "${line}p" "$OURS")"
done
[ $BAD = 1 ] || good "each of ${#lines[@]} entries is needed"
exit $BAD
