#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A controller that lies: registers seem to say what they do not. A lie that can be told
# from the truth ends in error handling, after which all I/O has been done, with the
# right data; any other changes nothing. None brings the driver to touch what is not its
# own (KASAN), to loop, or to complete a command that is not in flight.
#
# One lie nobody can find out: that a command is done which is not.
# ATA_SPLIT_SEED chooses the random ones.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
need fio hdparm
begin 28 disks all-disks
errors_expected
[ ${#DISKS[@]} -ge 2 ] || skip "needs two disks"
OFFSET=67108864	# behind what load writes to
# On each, as they may change names.
for d in "${DISKS[@]}"; do
	"$HERE/dio" write "$d" 7 "$OFFSET" 4096 || die "cannot even write"
done

RANDOM=${ATA_SPLIT_SEED:=$RANDOM}
note "seed $ATA_SPLIT_SEED"
at_exit "hba honest"

# Registers of the controller, and of the first disk's port.
CAP=0 GHC=4 IS=8 PI=0xc VS=0x10 CAP2=0x24 BOHC=0x28
ALL=0xffffffff

use_first() {
	local base
	D=${DISKS[0]}
	PORT=$(port_of "$D")
	set_attr "$D" device/timeout 5
	base=$((0x100 + 0x80 * PORT))
	PXIS=$((base + 0x10)) PXCMD=$((base + 0x18)) PXTFD=$((base + 0x20)) PXSIG=$((base + 0x24))
	PXSSTS=$((base + 0x28)) PXSERR=$((base + 0x30)) PXSACT=$((base + 0x34)) PXCI=$((base + 0x38))
}

io() {
	"$HERE/dio" check "$D" 7 "$OFFSET" 4096
}

# lie REGISTER AND OR COUNT
lie() {
	hba lie "$@"
}

told() {
	! hba lies | tr , '\n' | grep -vq ' 0$'
}

# unnoticed REGISTER AND OR COUNT: nobody's I/O fails, here or elsewhere
unnoticed() {
	lie "$@" || return
	wait_until 60 told || { echo "nobody listened"; hba lies; return 1; }
	goes_on
}

# found_out ...: the same, and error handling was called
found_out() {
	survives "lie $*"
}

# Commands of which one at a time is in flight, PxCI tells of those.
without_ncq() {
	local rc=0
	set_attr "$D" device/queue_depth 1
	"$@" || rc=1
	set_attr "$D" device/queue_depth 32
	return $rc
}

# Many passes of error handling slow a link down or cost a disk NCQ.
afresh() {
	load_ok && rebind || return
	use_first
	start_load "$D" "${DISKS[1]}"
}

# Only others have a load.
quiet() {
	load_ok || return
	start_load "${DISKS[1]}"
}

# The disk may have another name, if it was given up.
found_again() {
	D=$(disk_at "$PORT") && io
}

# While error handling resets the link; it may well give up. Nothing hangs, and all is
# well when the HBA is.
lie_to_eh() {
	local host
	host=$(scsi_host "$D")
	lie "$@" || return
	echo "- - -" >"$host/scan"
	hba honest || return
	echo "- - -" >"$host/scan"
	wait_until 30 found_again || return
	loading || load_ok
}

# The driver may refuse such a controller, and must not fall over.
lie_to_probe() {
	unbind_controller
	while [ $# -gt 0 ]; do
		lie "$1" "$2" "$3" "$4" || return
		shift 4
	done
	echo "$BDF" >"$PCI/drivers_probe"
	sleep 1
	unbind_controller
	hba honest && bind_again && use_first && io
}

# More ports than CAP.NP has: then PI counts for nothing, and before AHCI 1.3 all ports
# are there. That is restored after the reset (written).
more_ports() {
	local rc=0
	unbind_controller
	hba vs 0x10200 && lie $PI $ALL $ALL 100000 || return
	bind_again && use_first && io || rc=1
	hba lies | grep -q "^0xc 0x3f " || { hba lies; rc=1; }
	hba honest && hba vs 0x10301 || rc=1
	return $rc
}

# FISes are noise: passthrough gets to see that, reads and writes do not.
garbage() {
	local i rc=0
	hba garbage "$PORT" on || return
	for ((i = 0; i < 3; i++)); do
		timeout -k 5 60 hdparm -I "$D" >/dev/null 2>&1
		[ $? -lt 124 ] || { echo "hdparm hung"; rc=1; break; }
	done
	eh_pass
	hba garbage "$PORT" off && goes_on || rc=1
	return $rc
}

# A few at random; nothing that says a command is done.
random_lies() {
	local i registers
	for ((i = 0; i < 12; i++)); do
		registers=("$IS" "$PXIS" "$PXSACT" "$PXCI" "$PXTFD" "$PXSSTS" "$PXSERR" "$PXCMD")
		lie "${registers[RANDOM % 8]}" $ALL $(((RANDOM << 17 ^ RANDOM << 8 ^ RANDOM) & ALL)) $((1 + RANDOM % 3))
		[ $((i % 8)) -lt 7 ] || hba honest
		sleep 0.3
	done
	hba honest
}

random_under_load() {
	local io liar
	io &
	io=$!
	FIO_LIMIT=120 run_fio "${LOAD[@]}" --runtime=6 --name=liar --filename="$D" >"$TMP/liar" 2>&1 &
	liar=$!
	random_lies
	wait $liar
	[ $? -ne 124 ] || { echo "fio hung"; return 1; }
	wait $io
	load_ok && rebind && use_first && io
}

use_first
start_load "$D" "${DISKS[1]}"
check "IS names ports that there are not" unnoticed $IS $ALL $ALL 20
check "IS names none, once" unnoticed $IS 0 0 1
check "PxIS is all ones" found_out $PXIS $ALL $ALL 1
check "PxIS is zero" unnoticed $PXIS 0 0 3
check "PxIS reports an unknown FIS" found_out $PXIS $ALL 0x10 1
check "PxIS reports an interface fatal error" found_out $PXIS $ALL 0x08000000 1
check "PxIS reports a host bus data error" found_out $PXIS $ALL 0x10000000 1
check "PxIS reports a host bus fatal error" found_out $PXIS $ALL 0x20000000 1
check "PxIS reports a change of PHY ready" found_out $PXIS $ALL 0x00400000 1
check "again, from the beginning" afresh
check "PxSACT names tags that are not in flight" found_out $PXSACT $ALL $ALL 1
check "PxSACT does so in error handling, too" unnoticed $PXSACT $ALL $ALL 3
check "PxCI names tags that are not in flight" without_ncq found_out $PXCI $ALL $ALL 1
check "again, from the beginning" afresh
check "received FISes are noise" garbage
check "the other disk's load alone" quiet
check "PxTFD is busy for long" lie_to_eh $PXTFD 0 0x80 20
check "PxSIG is of no device" lie_to_eh $PXSIG 0 0x12345678 20
check "PxSSTS says what it cannot say" lie_to_eh $PXSSTS $ALL $ALL 20
check "PxCMD does not stop" lie_to_eh $PXCMD $ALL 0xc000 20
check "PxSERR is all ones" lie_to_eh $PXSERR $ALL $ALL 20
check "the load was not disturbed" load_ok
# Stock ahci accesses the registers of such a port.
check_split "PI has a port behind the end of the registers" lie_to_probe \
	$PI 0 0x80000000 100000 $CAP 0xffffffe0 0 20
check_split "CAP and PI are all ones" lie_to_probe $CAP $ALL $ALL 100000 $PI $ALL $ALL 20
check "PI has more ports than CAP.NP" more_ports
check "GHC, VS, CAP2 and BOHC are all ones" lie_to_probe $GHC $ALL $ALL 2 \
	$VS $ALL $ALL 100000 $CAP2 $ALL $ALL 100000 $BOHC $ALL $ALL 20
check "again, from the beginning" rebind
use_first
start_load "${DISKS[1]}"
check "random lies" random_under_load
finish
