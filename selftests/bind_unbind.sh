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

for_all() {
	local d
	for d in "${DISKS[@]}"; do
		"$HERE/dio" "$1" "$d" "$(seed_of "$d")" 67108864 8388608 || return
	done
}

storm() {
	local d jobs=()
	for d in "${DISKS[@]}"; do
		jobs+=("--name=${d##*/}" "--filename=$d")
	done
	FIO_LIMIT=90 run_fio --rw=randrw --bssplit=4k/80:128k/20 --iodepth=32 --size=48m \
		--time_based --runtime=100 "${jobs[@]}" >"$TMP/storm" 2>&1
}

# The load would go on for longer than its limit, so that it has ended means that it got errors.
rounds() {
	local i load held
	for ((i = 0; i < 4; i++)); do
		storm &
		load=$!
		wait_until 60 more_requests "${DISKS[0]}" $(($(requests "${DISKS[0]}") + 100))
		sleep "0.$i"
		# One disk stays open across unbind and bind.
		exec {held}<"${DISKS[i % ${#DISKS[@]}]}"
		unbind_controller
		wait $load && { echo "round $i: fio got no error"; return 1; }
		grep -q 'No such device\|Input/output error\|error=' "$TMP/storm" ||
			{ cat "$TMP/storm"; echo "round $i: fio hung or saw something else"; return 1; }
		bind_again || { echo "round $i: disks are missing"; return 1; }
		exec {held}<&-
	done
}

check "data is written" for_all write
check "unbind and bind 4 times under load" rounds
# Once more with nobody looking, for the disks to get their first names again.
check "disks are back" rebind
check "data is what it was" for_all check
finish
