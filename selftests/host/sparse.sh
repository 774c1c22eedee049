#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# That sparse finds what "make lint" has it look for: a lock not given back, a
# little-endian field used as a number, a pointer to registers dereferenced.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

command -v sparse >/dev/null || skip "needs sparse"

DIR=$BUILD/host/sparse
KDIR=$(production_kdir)

# found FILE OLD NEW MESSAGE: with the first OLD line replaced by NEW
found() {
	local file=$DIR/drivers/$1
	OLD=$2 NEW=$3 awk '
		!n && $0 == ENVIRON["OLD"] { print ENVIRON["NEW"]; n = 1; next }
		{ print }' "$TOP/drivers/$1" >"$file"
	! cmp -s "$TOP/drivers/$1" "$file" || { bad "cannot change $1"; exit 1; }
	compile "$KDIR" "$DIR" C=2 CF="-D__CHECK_ENDIAN__" "drivers/${1%.c}.o" || true
	if grep -qE "$4" "$DIR/log"; then
		good "$1: $4"
	else
		tail -n 5 "$DIR/log"
		bad "$1: not found: $3"
	fi
	cp "$TOP/drivers/$1" "$file"
}

copy_sources "$DIR"
found ata_split/start.c '	spin_unlock_irq(ap->lock);' '	;' 'context imbalance'
found ata_split/start.c '	__release(ata_split_startio);' '	;' 'context imbalance'
found ahci_split/build.c '	return AC_ERR_OK;' '	table->prdt[0].dba = qc->nbytes; return AC_ERR_OK;' 'incorrect type in assignment'
found ahci_split/complete.c '	status = readl(pp->mmio + AHCI_PXIS);' '	status = *(u32 *)(pp->mmio + AHCI_PXIS);' 'address space'
exit $BAD
