#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The annotations cost nothing where they are off: on a kernel without lockdep
# the objects have the same code with and without them, and with and without the
# hooks of the test variant.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

KDIR=$(production_kdir)
WITH=$("$QEMU_DIR/modules.sh" "$KDIR" "$(production_series)-distro" 2>"$BUILD/host/annotations-with.log") ||
	die "does not compile, see $BUILD/host/annotations-with.log"
WITHOUT=$BUILD/host/without

# Line numbers stay, so that nothing but the annotations can differ.
strip() {
	sed -i -E \
		-e 's/^\t(lockdep_assert_[a-z_]+|ASSERT_EXCLUSIVE_[A-Z_]+)\(.*\);$//' \
		-e 's/^\tata_split_build_(enter|exit)\(\);$//' \
		-e 's/^\tata_split_fault_(queued|building|built|fresh|check|issue|fis|done_begin|done_end)\([^;]*\);$//' \
		-e '/^\tRCU_LOCKDEP_WARN\(/,/;$/s/.*//' \
		"$1"/drivers/*/*.c
	[ "$(cat "$TOP"/drivers/*/*.c | cksum)" != "$(cat "$1"/drivers/*/*.c | cksum)" ] ||
		die "there was nothing to strip"
}

code() {
	objdump -d --no-show-raw-insn "$1" | sed 1,3d
}

copy_sources "$WITHOUT"
strip "$WITHOUT"
compile "$KDIR" "$WITHOUT" modules || { tail -n 20 "$WITHOUT/log"; die "does not compile without"; }

for object in "$WITH"/drivers/*/*.o; do
	name=${object#"$WITH/drivers/"}
	case $name in *.mod.o) continue ;; esac
	if cmp -s <(code "$object") <(code "$WITHOUT/drivers/$name"); then
		good "$name is the same"
	else
		bad "$name differs"
	fi
done

# The comparison itself: one instruction more is a difference.
sed -i 's/^	return AC_ERR_OK;/	barrier_data(qc);\n	asm volatile("nop");\n&/' "$WITHOUT/drivers/ahci_split/build.c"
compile "$KDIR" "$WITHOUT" drivers/ahci_split/build.o
if cmp -s <(code "$WITH/drivers/ahci_split/build.o") <(code "$WITHOUT/drivers/ahci_split/build.o"); then
	bad "a planted instruction was not found"
else
	good "a planted instruction is found"
fi
exit $BAD
