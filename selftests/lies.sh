#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A controller that lies: the driver's test variant changes what registers seem to
# say. A lie that can be told from the truth ends in error handling, after which
# all I/O has been done, with the right data; any other changes nothing. None brings
# the driver to touch what is not its own (KASAN), to loop, or to complete a command
# that is not in flight.
#
# One lie nobody can find out: that a command is done which is not.
# ATA_SPLIT_SEED chooses the random ones.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/variant.sh
. "${0%/*}/variant.sh"

variant_skip
need fio hdparm
begin 32 disks all-disks
errors_expected
need_variant
# On each, as they may change names.
for d in "${DISKS[@]}"; do
	"$HERE/dio" write "$d" 7 "$OFFSET" 4096 || die "cannot even write"
done

LIES=/sys/kernel/debug/ata_split/lies
RANDOM=${ATA_SPLIT_SEED:=$RANDOM}
note "seed $ATA_SPLIT_SEED"
at_exit "echo none >$LIES; echo none >$FAULT"

# Registers of the controller, and of the first disk's port.
CAP=0 GHC=4 IS=8 PI=0xc VS=0x10 CAP2=0x24 BOHC=0x28
ALL=0xffffffff

use_first() {
	local base
	D=${DISKS[0]}
	set_attr "$D" device/timeout 5
	HOST=$(readlink -f "/sys/block/${D##*/}/device/../..")
	HOST=/sys/class/scsi_host/${HOST##*/}
	base=$((0x80 + 0x80 * $(cat "/sys/class/ata_port/ata$(ata_of "$D")/port_no")))
	PXIS=$((base + 0x10)) PXCMD=$((base + 0x18)) PXTFD=$((base + 0x20)) PXSIG=$((base + 0x24))
	PXSSTS=$((base + 0x28)) PXSERR=$((base + 0x30)) PXSACT=$((base + 0x34)) PXCI=$((base + 0x38))
}

# lie REGISTER AND OR COUNT
lie() {
	echo "$*" >$LIES
}

honest() {
	echo none >$LIES
}

told() {
	! grep -vq ' 0$' $LIES
}

passes() {
	klog | grep -cE 'EH complete|SATA link up'
}

# lie_under_load REGISTER AND OR COUNT: nobody's I/O fails, here or elsewhere
lie_under_load() {
	local rc=0
	start_load "$D" "${DISKS[1]}"
	lie "$@"
	wait_until 60 told || { echo "nobody listened"; cat $LIES; rc=1; }
	honest
	wait_until 60 more_requests "$D" $(($(requests "$D") + 100)) || { echo "no recovery"; rc=1; }
	load_ok || rc=1
	return $rc
}

# found_out ...: the same, and error handling was called
found_out() {
	local before
	before=$(passes)
	lie_under_load "$@" || return
	[ "$(passes)" -gt "$before" ] || { echo "nobody noticed"; return 1; }
}

# Many passes of error handling slow a link down or cost a disk NCQ.
afresh() {
	honest
	rebind || return
	use_first
}

# Commands of which one at a time is in flight, PxCI tells of those.
without_ncq() {
	local rc=0
	set_attr "$D" device/queue_depth 1
	"$@" || rc=1
	set_attr "$D" device/queue_depth 32
	return $rc
}

# While error handling resets the link; it may well give up. Nothing hangs, and all is
# well when the controller is.
lie_to_eh() {
	start_load "${DISKS[1]}"
	lie "$@"
	eh_pass
	honest
	load_ok && afresh && io
}

# The driver may refuse such a controller, and must not fall over.
lie_to_probe() {
	unbind_controller
	while [ $# -gt 0 ]; do
		lie "$1" "$2" "$3" "$4"
		shift 4
	done
	echo "$BDF" >"$PCI/drivers_probe"
	sleep 1
	unbind_controller
	honest
	bind_again && afresh && io
}

# What the driver makes of the capabilities that it is told of, while it is. An HBA
# without 64-bit addresses has no upper halves, so what a driver has left there goes.
told_at_probe() {
	local rc=0 i
	unbind_controller
	for i in 0 1 2 3 4 5; do
		"$HERE/poke" "$PCI/devices/$BDF/resource5" 1 $((0x104 + 0x80 * i)) 0 $((0x10c + 0x80 * i)) 0
	done
	lie "$1" "$2" "$3" 100000
	bind_again && use_first && io || rc=1
	"${@:4}" || rc=1
	honest
	afresh && io || rc=1
	return $rc
}

# written REGISTER VALUE: the last that the driver wrote to one that lies
written() {
	grep -q "^$1 $2 " $LIES || { cat $LIES; return 1; }
}

dma_mask() {
	[ "$(cat "$PCI/devices/$BDF/dma_mask_bits")" = "$1" ]
}

# FISes are noise: passthrough gets to see that, reads and writes do not.
garbage() {
	local i rc=0
	start_load "$D" "${DISKS[1]}"
	echo garbage_fis >$FAULT
	for ((i = 0; i < 5; i++)); do
		timeout -k 5 60 hdparm -I "$D" >/dev/null 2>&1
		[ $? -lt 124 ] || { echo "hdparm hung"; rc=1; break; }
	done
	eh_pass
	echo none >$FAULT
	load_ok || rc=1
	return $rc
}

# A few at random; nothing that says a command is done.
random_lies() {
	local i registers
	for ((i = 0; i < 12; i++)); do
		registers=("$IS" "$PXIS" "$PXSACT" "$PXCI" "$PXTFD" "$PXSSTS" "$PXSERR" "$PXCMD")
		lie "${registers[RANDOM % 8]}" $ALL $((RANDOM << 17 ^ RANDOM << 8 ^ RANDOM)) $((1 + RANDOM % 3))
		[ $((i % 8)) -lt 7 ] || honest
		sleep 0.3
	done
	honest
}

random_under_load() {
	start_load "${DISKS[1]}"
	start_io
	FIO_LIMIT=120 run_fio "${LOAD[@]}" --runtime=6 --name=liar --filename="$D" >"$TMP/liar" 2>&1 &
	local liar=$!
	random_lies
	wait $liar
	[ $? -ne 124 ] || { echo "fio hung"; return 1; }
	end_io
	load_ok && afresh && io
}

use_first
check "IS names ports that there are not" lie_under_load $IS $ALL $ALL 20
check "IS names none, once" lie_under_load $IS 0 0 1
check "PxIS is all ones" found_out $PXIS $ALL $ALL 1
check "PxIS is zero" lie_under_load $PXIS 0 0 3
check "PxIS reports an unknown FIS" found_out $PXIS $ALL 0x10 1
check "again, from the beginning" afresh
check "PxIS reports an interface fatal error" found_out $PXIS $ALL 0x08000000 1
check "PxIS reports a host bus data error" found_out $PXIS $ALL 0x10000000 1
check "again, from the beginning" afresh
check "PxIS reports a host bus fatal error" found_out $PXIS $ALL 0x20000000 1
check "PxIS reports a change of PHY ready" found_out $PXIS $ALL 0x00400000 1
check "again, from the beginning" afresh
check "PxSACT names tags that are not in flight" found_out $PXSACT $ALL $ALL 1
check "PxSACT does so in error handling, too" lie_under_load $PXSACT $ALL $ALL 3
check "again, from the beginning" afresh
check "PxCI names tags that are not in flight" without_ncq found_out $PXCI $ALL $ALL 1
check "again, from the beginning" afresh
check "PxTFD is busy for long" lie_to_eh $PXTFD 0 0x80 20
check "PxSIG is of no device" lie_to_eh $PXSIG 0 0x12345678 20
check "PxSSTS says what it cannot say" lie_to_eh $PXSSTS $ALL $ALL 20
check "PxCMD does not stop" lie_to_eh $PXCMD $ALL 0xc000 20
check "PxSERR is all ones" lie_to_eh $PXSERR $ALL $ALL 20
check "PI has a port behind the end of the registers" lie_to_probe \
	$PI 0 0x80000000 100000 $CAP 0xffffffe0 0 20
check "CAP and PI are all ones" lie_to_probe $CAP $ALL $ALL 100000 $PI $ALL $ALL 20
check "PI has more ports than CAP.NP" told_at_probe $PI $ALL $ALL written $PI 0x3f
check "GHC, VS, CAP2 and BOHC are all ones" lie_to_probe $GHC $ALL $ALL 2 \
	$VS $ALL $ALL 100000 $CAP2 $ALL $ALL 100000 $BOHC $ALL $ALL 20
check "CAP has no 64-bit addresses" told_at_probe $CAP 0x7fffffff 0 dma_mask 32
check "CAP has 64-bit addresses" dma_mask 64
check "VS is 1.3" told_at_probe $VS 0 0x10300 true
check "received FISes are noise" garbage
check "again, from the beginning" afresh
check "random lies" random_under_load
finish
