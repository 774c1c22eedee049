#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The controller is taken away under full load: the callers get errors, not
# hangs; given back, its disks return and hold what was written before.

# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

need fio
begin 4 all-disks disks
errors_expected

check "data is written" for_all_disks write
check "unbind and bind $ROUNDS times under load" away_and_back unbind_controller bind_again
# Once more with nobody looking, for the disks to get their first names again.
check "disks are back" rebind
check "data is what it was" for_all_disks check
finish
