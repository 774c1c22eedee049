#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stock ahci works around what some chips and boards cannot do. The driver refuses each
# of them, by each supported kernel's tables, or quirks/boards says why it need not; and
# it enables ports, and ignores capabilities, where stock does, and nowhere else.

# The guests' kernel is Debian's own, whatever is tested.
unset KERNEL VARIANT
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

QUIRKS=$HOST/quirks
OUT=$BUILD/host/quirks
OURS=$TOP/drivers/ahci_split/quirks.c

# 6.1 tells by the order of its boards, and has no policy for most of them.
make_match() {
	gcc -w -I "$OUT" ${LINUX_6_1:+-DLINUX_6_1} ${NEWEST:+-DNEWEST} -o "$OUT/match" "$OUT/match.c"
}

# seen WHAT...: would these differences be noticed?
seen() {
	local what
	make_match
	for what; do
		differences | grep -q "^$what" || bad "not noticed: $what"
	done
}

# build TREE: the program that compares, in OUT
build() {
	local tree=$1 stock=$1/drivers/ata/ahci.c
	rm -rf "$OUT"
	mkdir -p "$OUT"
	cp "$QUIRKS"/match.c "$QUIRKS"/kernel.h "$tree/include/linux/pci_ids.h" "$OUT/"
	# Newer kernels have these in headers of their own.
	sed -n '/^#define PCI_ANY_ID/p; /^struct pci_device_id {/,/^};/p; /^#define DMI_.*MATCH(/p
		/^enum dmi_field {/,/^};/p; /^struct dmi_strmatch {/,/^};/p
		/^struct dmi_system_id {/,/^};/p' \
		"$tree"/include/linux/{mod_devicetable,device-id/pci,device-id/dmi}.h 2>/dev/null >"$OUT/ids.h" || :
	sed -nE '/^#define PCI_V?DEVICE(_SUB|_CLASS)?\(/,/[^\]$/p' "$tree/include/linux/pci.h" >>"$OUT/ids.h"
	sed -n '/^enum board_ids/,/^};/p' "$stock" >"$OUT/boards.h"
	sed -nE 's/^[[:space:]]*(board_[a-z0-9_]+),.*/[\1] = "\1",/p' "$OUT/boards.h" >"$OUT/names.h"
	awk '/^\t\[board_/ { board = $1 } /AHCI_HFLAG_INTEL_PCS_QUIRK/ { print board " = true," }' \
		"$stock" >"$OUT/pcs.h"
	sed -n '/ ahci_pci_tbl\[\] = {/,/^};/p' "$stock" >"$OUT/stock.h"
	: >"$OUT/others"
	awk -v OUT="$OUT" -f "$QUIRKS/dmi.awk" "$stock" >"$OUT/dmi.h"
	for flag in NO_SNTF NO_DEVSLP; do
		awk -v flag="AHCI_HFLAG_$flag" '/^\t\[board_/ { board = $1 }
			index($0, flag) { print board " = true," }' "$stock" >"$OUT/${flag,,}.h"
	done
	# 6.1 has no board for that.
	sed -n '/^static bool ahci_broken_devslp(/,/^}/p' "$stock" >"$OUT/devslp.h"
	{ grep -E '^#define +AHCI_(INTEL_PCS|CAP_SSNTF|CAP2_SDS|CAP2_SADM)' "$TOP/drivers/ahci_split/ahci_regs.h"
	  sed '/^#include/d' "$OURS"; } >"$OUT/ours.h"
	make_match
}

# differences [TABLE ENTRY]: what is not in the list
differences() {
	{ "$OUT/match" "$@"; cat "$OUT/others"; } |
		awk 'NR == FNR { if (!/^#/) known[$1]; next } !($1 in known)' "$QUIRKS/boards" -
}

# needed NAME TABLE MINIMUM: is there a difference without each of its entries?
needed() {
	local i n
	n=$(awk -v table=" ahci_split_$2[[]] = {" '$0 ~ table { on = 1 } on && /^};/ { exit }
		on && /^\t(\{ PCI_|AHCI_SPLIT_[A-Z]*\()/' "$OURS" | wc -l)
	[ "$n" -ge "$3" ] || bad "$2: only $n entries found"
	for ((i = 0; i < n; i++)); do
		[ -n "$(differences "$1" $i)" ] || bad "nothing needs entry $i of $2"
	done
	good "each of $n entries of ahci_split_$2 is needed"
}

NEWEST=
for kernel in $KERNEL_SERIES; do
	tree=$("$QEMU_DIR/fetch.sh" tree "$kernel")
	LINUX_6_1=
	[ "$kernel" != "${KERNEL_SERIES##* }" ] || NEWEST=1
	! grep -q board_ahci_pcs7 "$tree/drivers/ata/ahci.c" || LINUX_6_1=1
	build "$tree"
	# That the tables were read at all: Debian's kernels have had these for long.
	chips=$("$OUT/match" | grep -c '^board_')
	boards=$(grep -c '^[[:space:]]*DMI_MATCH' "$OUT/dmi.h")
	[ "$chips" -ge 100 ] || bad "Linux $kernel: only $chips chips found, see $OUT"
	[ "$boards" -ge 40 ] || bad "Linux $kernel: only $boards matches of boards, see $OUT"
	[ "$(grep -c 'struct dmi_system_id [a-z_]*\[\]' "$OUT/dmi.h")" = \
	  "$(grep -c 'struct dmi_system_id [a-z_]*\[\]' "$tree/drivers/ata/ahci.c")" ] ||
		bad "Linux $kernel: a table of boards was not found"
	list=$(differences)
	if [ -z "$list" ]; then
		good "Linux $kernel: $chips chips are taken, no workaround is missing, ports are enabled as by stock"
	else
		bad "Linux $kernel: refuse these, or say in quirks/boards why not: $(paste -sd ';' <<<"$list")"
	fi
	if [ -n "$LINUX_6_1" ]; then
		sed -i '/ ahci_split_mobile\[\]/,/^};/{ s/INTEL, 0x9d03/INTEL, 0x9d02/; s/INTEL, 0x8c03/INTEL, 0x8c02/ }' \
			"$OUT/ours.h"
		seen 'mobile 8086:9d03' 'mobile 8086:8c02' 'mobile 8086:8c03'
	fi
done
[ $BAD = 0 ] || exit 1

# Would it be noticed? By the newest kernel's tables.
needed chips needs_quirks 10
needed boards boards 10
needed lpm lpm_boards 6
sed -i 's/0x2922, //; s/20090105/20090104/; s/0x1d06,/&0x19b0,/; s/INTEL, 0x2822/INTEL, 0x2922/
	s/INTEL, 0x0f23/INTEL, 0x0f22/; s/20180406/20180405/' "$OUT/ours.h"
seen 'port_enables 8086:2922' 'ahci_broken_suspend dv4, BIOS of 20090104' \
	'needless: port_enables 8086:19b0' 'sntf 8086:2822' 'sntf 8086:2922' \
	'devslp 8086:0f23' 'devslp 8086:0f22' 'ahci_broken_lpm ThinkPad X250, BIOS of 20180405'
[ $BAD = 1 ] || good "ids that are missing or needless, and another date, are noticed"

# And in a machine: only that controller, and only with an old BIOS.
KIT=$("$QEMU_DIR/prepare.sh" "$(distro_series "$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)")" distro)
for day in 4 5; do
	said=$("$QEMU_DIR/guest.sh" "$KIT" board-$day "$QUIRKS/job.sh" 2>&1 | tail -n 1)
	if [ "${said% }" = 'ok guest' ]; then
		good "a board with a BIOS of day $day is treated so"
	else
		bad "a board with a BIOS of day $day: ${said#not_ok }; log: $KIT/guest-board-$day"
	fi
done
exit $BAD
