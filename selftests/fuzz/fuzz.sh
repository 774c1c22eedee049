#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make fuzz": the same commands to stock ahci and to ahci_split, see fuzz.py.
#
#   TIME=60 SEED=1 OPS=0-99,340 fuzz.sh
#
# TIME is in seconds, and SEED the first one; with OPS only those operations of
# that seed are run. COMMANDS is how many there must be at least. KIND=fis compares
# the command FISes as well. FUZZ_DEPTH=1 sends one command at a time. KERNEL is a
# series, VARIANT "distro" for Debian's own kernel, which is the default, or a test
# kernel (see kernel.sh).

# shellcheck source=selftests/qemu/common.sh
. "$(dirname "$0")/../qemu/common.sh"

FUZZ=$TOP/selftests/fuzz
VARIANT=${VARIANT:-distro}
KERNEL=${KERNEL:-$(distro_series "$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)")}
TIME=${TIME:-60}
SEED=${SEED:-$(date +%s)}
export FUZZ_PROGRAM=$BUILD/fuzz/fuzz FUZZ_LIMIT=$((TIME + 900))

fuzz() {
	local kit
	"$QEMU_DIR/deps.sh" build guest
	gcc -static -O2 -Wall -Werror "$FUZZ/fuzz.c" -o "$FUZZ_PROGRAM"
	kit=$("$QEMU_DIR/prepare.sh" "$KERNEL" "$VARIANT")
	# shellcheck disable=SC2086 # operations or none
	"$FUZZ/fuzz.py" "$kit" "${KIND:-fuzz}" "${COMMANDS:-0}" "$TIME" "$SEED" ${OPS:-}
}

known_kernel "$KERNEL" "$VARIANT"
with_lock "$BUILD/fuzz/lock" fuzz
