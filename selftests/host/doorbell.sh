#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Commands that come together are rung for together, with several bits in one write to
# PxSACT and to PxCI, and with single_doorbell=1 each by itself: as QEMU's log has it.

# The kernel is Debian's own, whatever is tested.
unset KERNEL VARIANT
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# doorbells FILE: "PROBE REGISTER WRITES SEVERAL" for PxSACT and PxCI of the first port,
# after each reset of the controller
doorbells() {
	sed -n 's/.*ahci_mem_write ahci(0x[0-9a-f]*): write4 @ \(0x[0-9a-f]*\): 0x0*\([0-9a-f]*\)$/\1 \2/p' "$1" |
	awk '
		$1 == "0x4" && $2 ~ /[13579bdf]$/ { probe++ }
		# more than one digit that is not zero, or one that is not a power of two
		$1 == "0x134" || $1 == "0x138" {
			digits = $2
			gsub("0", "", digits)
			n[probe " " $1]++
			several[probe " " $1] += digits !~ /^[1248]$/
		}
		END { for (i in n) print i, n[i], several[i] }' | sort
}

KIT=$("$QEMU_DIR/prepare.sh" "$(distro_series "$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)")" distro)
LOG=$KIT/guest-doorbell/qemu.log
said=$("$QEMU_DIR/guest.sh" "$KIT" doorbell "$HOST/doorbell/job.sh" 2>&1 | tail -n 1)
[ "${said% }" = 'ok guest' ] || { bad "${said#not_ok }; log: $KIT/guest-doorbell"; exit 1; }

doorbells "$LOG" >"$BUILD/host/doorbells"
last=$(tail -n 1 "$BUILD/host/doorbells" | cut -d ' ' -f 1)
while read -r probe register writes several; do
	if [ "$probe" = "$last" ]; then
		what="single_doorbell=1: $several of $writes writes to $register have several bits"
		[ "$writes" -ge 1000 ] && [ "$several" -eq 0 ] && good "$what" || bad "$what"
	elif [ "$probe" = $((last - 1)) ]; then
		what="single_doorbell=0: $several of $writes writes to $register have several bits"
		[ "$several" -gt 0 ] && good "$what" || bad "$what"
	fi
done <"$BUILD/host/doorbells"
[ "$(wc -l <"$BUILD/host/doorbells")" -ge 4 ] || bad "no doorbells in $LOG"
exit $BAD
