#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What HBAs and disks do wrong, each under load. After all but a sector that cannot be
# read, libata tries again and the callers notice nothing: fio reads what it has written.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio
begin 14 disks
errors_expected
D=${DISKS[0]}
PORT=$(port_of "$D")
at_exit "hba forget"
set_attr "$D" device/timeout 5

# unreadable SECTOR: the reader gets an error, of that sector only
unreadable() {
	hba bad "$PORT" "$1" || return
	! dd if="$D" of=/dev/null bs=4096 skip=$(($1 / 8)) count=1 iflag=direct 2>"$TMP/dd" ||
		{ echo "it was read"; return 1; }
	medium_error "$TMP/dd" || return
	hba bad "$PORT" none &&
		dd if="$D" of=/dev/null bs=4096 skip=$(($1 / 8)) count=1 iflag=direct 2>&1
}

# With fewer commands than tags, so that some tags are surely not in flight.
fewer() {
	local rc=0
	set_attr "$D" device/queue_depth 8
	"$@" || rc=1
	set_attr "$D" device/queue_depth 32
	return $rc
}

# A command that fails is one of many; only that one has failed, whatever its tag.
one_of_many() {
	survives "when fetch port=$PORT op=0x60 tag=$1 nth=2 do error 0x84"
}

start_load "$D"
check "a sector cannot be read" unreadable 40000
check "one command has an interface error" one_of_many 3
check "so has another" one_of_many 17
check "a write fails" survives "when fetch port=$PORT op=0x61 nth=9 do error 0x84"
check "interface fatal error" survives "when fetch port=$PORT nth=9 do fatal 0x08000000"
check "host bus fatal error" survives "when fetch port=$PORT nth=9 do fatal 0x20000000"
check "host bus data error" survives "when fetch port=$PORT nth=9 do fatal 0x10000000"
check "a command is lost" survives "when fetch port=$PORT nth=9 do drop"
check "the HBA names commands that there are not" fewer survives "sact $PORT 0xffffffff"
check "the link is lost" survives "flap $PORT 1"
# Not PhyRdyChg, which later kernels ignore for a while after a change of link power policy.
check "SError says that the disk was exchanged" survives "serr $PORT 0x04000000"
# What ends a fault comes first: with the next line it may have begun.
check "interrupts are lost" survives "when sctl port=$PORT do mute off" \
	"when fis port=$PORT nth=9 do mute on"
# Stock ahci sets PxCMD.ST before it has cleared PxCMD.CR.
check_split "the command engine does not stop" survives "when sctl port=$PORT do stuck $PORT none" \
	"stuck $PORT cr" "when fetch port=$PORT nth=9 do error 0x84"
check "nobody has noticed anything" load_ok
finish
