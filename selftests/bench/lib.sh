# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the bench and its regression guard share.

# shellcheck source=selftests/qemu/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../qemu/common.sh"

BENCH=$TOP/selftests/bench
# The tools are where guests.sh looks for them, the results where a caller wants.
TOOLS=$BUILD/bench
OUT=${OUT:-$TOOLS}
VARIANT=${VARIANT:-distro}
KERNEL=${KERNEL:-$(distro_series "$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)")}

qemu_version() {
	local qemu
	mapfile -t qemu < <("$QEMU_DIR/qemu.sh")
	"${qemu[@]}" --version | sed -n 's/.* version //p'
}

# The plugin for QEMU and the guest's end of it.
build_tools() {
	mkdir -p "$TOOLS" "$OUT"
	gcc -shared -fPIC -O2 -Wall -Werror "$BENCH/hold.c" -o "$TOOLS/hold.so"
	gcc -static -O2 -Wall -Werror "$BENCH/mark.c" -o "$TOOLS/mark"
}

# follow: show the progress that a job reports, and keep its results in OUT/rows.
# Sets VERDICT to what it said last besides.
follow() {
	local line
	VERDICT=
	: >"$OUT/rows"
	while read -r line; do
		case $line in
		'row '*)
			echo "${line#row }" >>"$OUT/rows"
			say "${line#row }" ;;
		'fact '*) "$BENCH/report.py" fact "$OUT" "${line#fact }" ;;
		*) VERDICT=$line ;;
		esac
	done
}

# guest KIT NAME JOB: run a job in a guest.
guest() {
	say "booting QEMU: $2"
	follow < <("$QEMU_DIR/guest.sh" "$@")
	[ "${VERDICT% }" = 'ok guest' ] ||
		die "${VERDICT#not_ok }; log: $1/guest-$2/{test,console,qemu}.log"
}

# hold KIT MODE DRIVERS ROWS: instructions under the lock, and all that is counted
# along with them, added to the results.
hold() {
	export BENCH_DRIVERS=$3 BENCH_ROWS=$4
	guest "$1" "hold-$2" "$BENCH/hold-job.sh"
	"$BENCH/report.py" add-hold "$OUT" "$1/guest-hold-$2/qemu.log"
}

# begin_results KEY=VALUE...
begin_results() {
	"$BENCH/report.py" begin "$OUT" "$@" \
		commit="$(in_checkout describe --always --dirty 2>/dev/null || echo unknown)"
}
