#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The text of the builds, read by Coccinelle: no register, no lock, nothing of
# StartIo's written (build.cocci). Then each of these, planted, is found; a
# function that Coccinelle cannot parse would hide them.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

command -v spatch >/dev/null || skip "needs spatch (apt-get install coccinelle)"

DIR=$BUILD/host/coccinelle
BUILDS="drivers/ata_split/build.c drivers/ahci_split/build.c"

# findings FILE...: what the rule says
findings() {
	spatch --sp-file "$TOP/selftests/host/build.cocci" --very-quiet --no-includes \
		--include-headers "$@" 2>"$DIR/log"
}

# planted FILE LINE SAYS: put LINE first into each function of FILE
planted() {
	local file=$DIR/build.c line=$2 functions found
	LINE=$line awk '{ print } /^{/ { print "\t" ENVIRON["LINE"] }' "$TOP/$1" >"$file"
	functions=$(grep -c '^{' "$TOP/$1")
	found=$(findings "$file" | grep -c ": a build $3") || true
	if [ "$found" -eq "$functions" ]; then
		good "$1: found in each of $functions functions: $line"
	else
		bad "$1: found in $found of $functions functions: $line"
	fi
}

mkdir -p "$DIR"
cd "$TOP"
# shellcheck disable=SC2086 # words
findings $BUILDS drivers/ahci_split/build.h >"$DIR/found" || { cat "$DIR/log"; die "spatch fails"; }
if [ -s "$DIR/found" ]; then
	cat "$DIR/found"
	bad "a build does what it must not"
else
	good "nothing to complain of"
fi
for file in $BUILDS; do
	planted "$file" 'writel(1, mmio + 4);' 'accesses a register: writel'
	planted "$file" 'spin_lock_irqsave(qc->ap->lock, flags);' 'locks: spin_lock_irqsave'
	planted "$file" 'qc->dev->link->sactive |= 1;' "writes StartIo's state: sactive"
	planted "$file" 'qc->ap->link.active_tag = 1;' "writes StartIo's state: active_tag"
	planted "$file" 'WRITE_ONCE(qc->ap->pflags, 0);' "writes StartIo's state: pflags"
	planted "$file" 'qc->ap->nr_active_links++;' "writes StartIo's state: nr_active_links"
	planted "$file" 'to_ata_split_port(qc->ap)->db_pending |= 1;' "writes StartIo's state: db_pending"
	planted "$file" 'port->dma->list[0].opts = 0;' "writes StartIo's state: list"
done
exit $BAD
