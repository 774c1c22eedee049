#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What BuildIo must not touch it cannot name, or not write: each of these lines,
# put into a build, has to be refused by the compiler. Contract clause C4.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

DIR=$BUILD/host/types
KDIR=$(production_kdir)

# attempt FILE LINE: put LINE before the return of the build in FILE and compile
attempt() {
	local file=$1 line=$2 object=${1%.c}.o
	cp "$TOP/drivers/$file" "$DIR/drivers/$file"
	case $file in
	ahci_split/*) sed -i "s|^\treturn AC_ERR_OK;|\t$line\n&|" "$DIR/drivers/$file" ;;
	*) sed -i "s|^\tata_split_fault_building(qc);|\t$line\n&|" "$DIR/drivers/$file" ;;
	esac
	grep -qF "$line" "$DIR/drivers/$file" || { bad "cannot put a line into $file"; exit 1; }
	compile "$KDIR" "$DIR" "drivers/$object"
}

accepted() {
	if attempt "$@"; then
		good "$1: accepted: $2"
	else
		tail -n 5 "$DIR/log"
		bad "$1: refused: $2"
	fi
}

# refused FILE LINE MESSAGE
refused() {
	if attempt "$1" "$2"; then
		bad "$1: accepted: $2"
	elif grep -qE "error: .*($3)" "$DIR/log"; then
		good "$1: refused: $2"
	else
		tail -n 5 "$DIR/log"
		bad "$1: refused for another reason: $2"
	fi
	cp "$TOP/drivers/$1" "$DIR/drivers/$1"
}

copy_sources "$DIR"
# That the compiler says no must mean the line, so the same with a harmless one.
accepted ahci_split/build.c 'table->cfis[0] = 0x27;'
accepted ata_split/build.c 'qc->nbytes = 0;'

refused ahci_split/build.c 'port->dma->list[0].info.opts = 0;' "no member named .*dma"
refused ahci_split/build.c 'writel(1, port->mmio);' "no member named .*mmio"
refused ahci_split/build.c 'port->table = NULL;' 'read-only'
refused ahci_split/build.c 'ahci_split_fill_header(NULL, 0, 0);' 'implicit declaration'
refused ata_split/build.c 'ap->pflags = 0;' 'read-only'
refused ata_split/build.c 'ap->qc_active = 0;' 'read-only'
refused ata_split/build.c 'sp->batch = NULL;' 'read-only'
exit $BAD
