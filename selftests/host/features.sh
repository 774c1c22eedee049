#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/features.rst has all that stock ahci has, in each supported kernel, and
# nothing that none has; the symbols and tests that it names exist.
# shellcheck disable=SC2317 # noticed() calls right()

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

FEATURES=$TOP/Documentation/features.rst
OUT=$BUILD/host/features

# members ARRAY: from stdin, the attributes in an array of them
members() {
	sed -n "/^static struct attribute \*$1\[\]/,/^};/s/.*&dev_attr_\([a-z0-9_]*\)\..*/\1/p"
}

# stock TREE: a name a line
stock() {
	local ahci=$1/drivers/ata/ahci.c libahci=$1/drivers/ata/libahci.c file
	sed -n '/^enum board_ids/,/^};/p' "$ahci" | grep -oE '\bboard_ahci[a-z0-9_]*'
	grep -oE '\bAHCI_HFLAG_[A-Z0-9_]+' "$1/drivers/ata/ahci.h"
	grep -ohE '^static (bool|void) ((ahci_broken|ahci_sb600|is_mcp)[a-z0-9_]*|[a-z0-9_]+_workaround)' \
		"$ahci" | sed 's/.* //'
	awk '/^(static )?struct ata_port_operations/ { on = 1 } on && /^\t\./ { print "->" substr($1, 2) }
		/^};/ { on = 0 }' "$ahci" "$libahci"
	sed -n 's/^static struct ata_port_operations \([a-z0-9_]*\) = {/\1/p
		s/^struct ata_port_operations \(ahci_[a-z0-9]*_[a-z0-9_]*ops\) = {/\1/p' "$ahci" "$libahci"
	grep -ohE '^static irqreturn_t [a-z0-9_]+|^static int ahci_pci_device_[a-z_]+' "$ahci" "$libahci" |
		sed 's/.* //'
	for file in ahci libahci; do
		sed -n "s/^module_param\(_named\)\?(\([a-z_]*\),.*/$file.\2/p" "$1/drivers/ata/$file.c"
	done
	members ahci_shost_attrs <"$libahci"
	members ahci_sdev_attrs <"$libahci"
	sed -n 's/^static DEVICE_ATTR[A-Z_]*(\([a-z0-9_]*\)[,)].*/\1/p' "$ahci"
}

# rows FILE: STOCK|STATE|SYMBOL|TEST of each feature, without blanks around
rows() {
	sed -n '/^   [^ :].*|.*|.*|/s/ *| */|/gp' "$1" | sed 's/^ *//; s/ *$//'
}

# What is in double backticks
names() {
	grep -oE '``[^`]+``' | tr -d '`'
}

# wrong FILE: what is not as it has to be
wrong() {
	local features state here test symbol all
	all=$(rows "$1")
	cut -d '|' -f 1 <<<"$all" | names | sort >"$OUT/listed"
	comm -13 <(sort -u "$OUT/listed") "$OUT/stock" | sed 's/$/: stock ahci has it, and it is not listed/'
	comm -23 <(uniq "$OUT/listed") "$OUT/stock" | sed 's/$/: no kernel has it/'
	uniq -d "$OUT/listed" | sed 's/$/: it is listed twice/'
	while IFS='|' read -r features state here test; do
		symbol=$(names <<<"$here")
		case $state in
		done | refused)
			grep -rqw -- "${symbol:-nothing}" "$TOP/drivers" "$TOP/include" ||
				echo "$features: there is no ${symbol:-symbol}"
			there "$test" || echo "$features: there is no test ${test:-named}" ;;
		libata) there "$test" || echo "$features: there is no test ${test:-named}" ;;
		'not done') [ -n "$here" ] && [ -z "$test" ] || echo "$features: why is it not done?" ;;
		*) echo "$features: '$state' is no state" ;;
		esac
	done <<<"$all"
}

# there TEST: one or several
there() {
	local name found=1
	for name in $(names <<<"$1"); do
		[ -x "$TOP/selftests/$name.sh" ] || return
		found=0
	done
	return $found
}

right() {
	[ -z "$(wrong "$1")" ]
}

rm -rf "$OUT"
mkdir -p "$OUT"
for kernel in $KERNEL_SERIES; do
	stock "$("$QEMU_DIR/fetch.sh" tree "$kernel")" | sort -u >"$OUT/$kernel"
	n=$(wc -l <"$OUT/$kernel")
	[ "$n" -ge 100 ] || bad "Linux $kernel: only $n names found"
	cat "$OUT/$kernel" >>"$OUT/all"
done
sort -u "$OUT/all" >"$OUT/stock"
n=$(rows "$FEATURES" | wc -l)
[ "$n" -ge 80 ] || bad "only $n features found"
list=$(wrong "$FEATURES")
if [ -n "$list" ]; then
	bad "correct Documentation/features.rst:"
	printf '%s\n' "$list"
else
	good "$(wc -l <"$OUT/stock") names of stock ahci in $n features"
fi
[ $BAD = 0 ] || exit 1

cp "$FEATURES" "$OUT/features"
noticed "a board that is not listed" '/``board_ahci_vt8251``/d' "$OUT/features" right
noticed "an attribute that is not listed" '/``unload_heads``/d' "$OUT/features" right
noticed "a parameter that is not listed" 's/``ahci.mask_port_ext``//' "$OUT/features" right
noticed "a name that no kernel has" 's/``->thaw``/``->thow``/' "$OUT/features" right
noticed "a symbol that there is not" 's/``ahci_split_thaw``/``ahci_split_thow``/' "$OUT/features" right
noticed "a test that there is not" 's/| ``suspend``/| ``suspended``/' "$OUT/features" right
noticed "a feature that is done without a test" 's/| ``sysfs``$/|/' "$OUT/features" right
noticed "a state that there is not" 's/| not done |/| perhaps |/' "$OUT/features" right
exit $BAD
