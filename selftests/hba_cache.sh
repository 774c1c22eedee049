#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The disk loses power while the guest lives, and with it what is only in its cache. What
# was flushed or written with FUA is there.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=selftests/hba.sh
. "${0%/*}/hba.sh"

need_hba
begin 4 all-disks disks
errors_expected
D=${DISKS[0]}
PORT=$(port_of "$D")

back() {
	"$HERE/dio" claim "$D" && dd if="$D" of=/dev/null bs=4k count=1 iflag=direct 2>&1
}

cut_power() {
	hba cut "$PORT" 100 && wait_until 60 back
}

# is SEED: the area has what was written with that
is() {
	"$HERE/dio" check "$D" "$1" 1048576 262144
}

# wrote HOW SEED: written, then a power cut
wrote() {
	"$HERE/dio" "$1" "$D" "$2" 1048576 262144 && cut_power
}

lost() {
	wrote write 2 && is 1
}

kept() {
	wrote dsync 3 && is 3
}

write_through() {
	echo "write through" >"/sys/block/${D##*/}/device/scsi_disk/$(ls "/sys/block/${D##*/}/device/scsi_disk")/cache_type" &&
		wrote write 4 && is 4
}

note "FUA: $(attr "$D" queue/fua)"
check "data is written and flushed" "$HERE/dio" dsync "$D" 1 1048576 262144
check "what is in the cache is lost" lost
check "what was synchronized is kept" kept
check "without the cache all is kept" write_through
finish
