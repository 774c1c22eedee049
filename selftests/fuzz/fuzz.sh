#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make fuzz": the same commands to stock ahci and to ahci_split, see fuzz.py. And
# "make fuzz KIND=hba": an HBA and disks that misbehave by chance, to either.
#
#   TIME=60 SEED=1 OPS=0-99,340 fuzz.sh
#
# TIME is in seconds, and SEED the first one; with OPS only those operations of
# that seed are run. COMMANDS is how many there must be at least. KIND=fis compares
# the command FISes as well. FUZZ_DEPTH=1 sends one command at a time. KERNEL is a
# series, VARIANT "distro" for Debian's own kernel, which is the default, or a test
# kernel (see kernel.sh).
#
#   KIND=hba BEHAVIOURS=20000 SEED=1 fuzz.sh
#
# BEHAVIOURS is how many there must be at least; fio verifies data meanwhile.

# shellcheck source=selftests/qemu/common.sh
. "$(dirname "$0")/../qemu/common.sh"

FUZZ=$TOP/selftests/fuzz
VARIANT=${VARIANT:-distro}
KERNEL=${KERNEL:-$(distro_series "$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)")}
TIME=${TIME:-60}
export SEED=${SEED:-$(date +%s)}
export FUZZ_PROGRAM=$BUILD/fuzz/fuzz FUZZ_LIMIT=$((TIME + 900))

# behave KIT DRIVER: what became of the disks of an HBA that does not
behave() {
	local result log=$1/guest-hba_fuzz/test.log
	result=$(DRIVER=$2 "$QEMU_DIR/guest.sh" "$1" hba_fuzz tests | grep '^not_ok') || true
	sed -n "s/^# # \([0-9].*\)/$2: \1/p" "$log"
	[ -n "$result" ] || return 0
	sed -n "s/^# # \(seed [0-9]*\)$/$2: not ok \1/p" "$log" | tail -n 1
	echo "not ok $2: $result; log: ${log%/*}/{test,console,qemu}.log"
	return 1
}

hba() {
	local kit rc=0
	"$QEMU_DIR/deps.sh" build guest
	kit=$("$QEMU_DIR/prepare.sh" "$KERNEL" "$VARIANT")
	export BEHAVIOURS=${BEHAVIOURS:-20000}
	export TIMEOUT=$((BEHAVIOURS / 20 + 900)) LIMIT=$((BEHAVIOURS / 20 + 1500))
	behave "$kit" ahci_split || rc=1
	behave "$kit" ahci || rc=1
	[ $rc -eq 0 ] || echo "again: make fuzz KIND=hba SEED=$SEED BEHAVIOURS=$BEHAVIOURS"
	return $rc
}

fuzz() {
	local kit
	"$QEMU_DIR/deps.sh" build guest
	gcc -static -O2 -Wall -Werror "$FUZZ/fuzz.c" -o "$FUZZ_PROGRAM"
	kit=$("$QEMU_DIR/prepare.sh" "$KERNEL" "$VARIANT")
	# shellcheck disable=SC2086 # operations or none
	"$FUZZ/fuzz.py" "$kit" "${KIND:-fuzz}" "${COMMANDS:-0}" "$TIME" "$SEED" ${OPS:-}
}

known_kernel "$KERNEL" "$VARIANT"
case ${KIND:-fuzz} in
hba) with_lock "$BUILD/fuzz/lock" hba ;;
*) with_lock "$BUILD/fuzz/lock" fuzz ;;
esac
