#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make check": run the selftests in guests under the test kernels.
#
#   KERNEL="6.1 latest" GUEST="plain iommu" TEST="sizes" VARIANT=debug check.sh
#
# One line per test as it ends; the last line is the total. Exits 1 when
# anything failed or nothing ran.

. "$(dirname "$0")/common.sh"
# shellcheck source=selftests/qemu/guests.sh
. "$QEMU_DIR/guests.sh"

KERNEL=${KERNEL:-$KERNEL_DEFAULT}
VARIANT=${VARIANT:-debug}
GUEST=${GUEST:-$(guests_of "$VARIANT")}
TEST=${TEST:-*}

# A guest keeps about one processor busy; more of them at a time than there are
# processors only brings the time limits closer.
PARALLEL=${PARALLEL:-$(nproc)}

RESULTS=$BUILD/results

# show SERIES KIT GUEST STATE TEST REASON: one result, in one write so that guests
# do not write into each other's lines.
show() {
	local series=$1 guest=$3 state=$4 test=$5 reason=${*:6}
	local log=$2/guest-$3 name=$1/$3/$5
	local again="KERNEL=$series GUEST=$guest" tail=''
	[ "$VARIANT" = debug ] || again+=" VARIANT=$VARIANT"
	[ "$test" = guest ] || again+=" TEST=$test"
	case $state in
	ok) printf 'ok %s %s\n' "$name" "$reason" ;;
	skip) printf 'skip %s %s\n' "$name" "$reason" ;;
	*)
		# Only a guest that died leaves nothing better to look at.
		[ "$test" != guest ] ||
			tail=$(tail -n 15 "$log/console.log" | sed 's/^/  | /') || true
		printf 'not ok %s # %s\n  log: %s\n  again: make check %s\n%s' \
			"$name" "$reason" "$log/{test,console,qemu}.log" "$again" "${tail:+$tail
}" ;;
	esac
	echo "$state $name" >>"$RESULTS"
}

run_guest() {
	local series=$1 kit=$2 guest=$3 line results pid
	exec {results}< <(exec "$QEMU_DIR/guest.sh" "$kit" "$guest" tests "$TEST")
	pid=$!
	# shellcheck disable=SC2064 # the id is not going to change
	trap "kill $pid 2>/dev/null; exit 1" TERM
	while read -r line; do
		# shellcheck disable=SC2086 # state, test, words of the reason
		show "$series" "$kit" "$guest" $line
	done <&"$results"
	wait $pid || show "$series" "$kit" "$guest" not_ok guest "the harness failed"
}

check_kernel() {
	local series kit guest
	series=$("$QEMU_DIR/fetch.sh" series "$1")
	if ! kit=$("$QEMU_DIR/prepare.sh" "$series" "$VARIANT" KCFLAGS=-Werror); then
		printf 'not ok %s/build\n' "$series"
		echo "not_ok $series/build" >>"$RESULTS"
		return
	fi
	# shellcheck disable=SC2086 # words, on one line
	say "Linux $series ($VARIANT), guests:" $GUEST
	for guest in $GUEST; do
		[ "$guest" != host ] || continue
		while [ "$(jobs -rp | wc -l)" -ge "$PARALLEL" ]; do
			wait -n || true
		done
		run_guest "$series" "$kit" "$guest" &
	done
	wait
}

# The tests that need no guest. One at a time: they compile.
check_host() {
	local test name log state start
	for test in "$TOP"/selftests/host/*.sh; do
		name=$(basename "$test" .sh)
		# shellcheck disable=SC2053 # it is a pattern
		[ "$name" != lib ] && [[ $name == ${TEST%.sh} ]] || continue
		log=$BUILD/host/$name.log
		start=$SECONDS
		mkdir -p "$BUILD/host"
		"$test" >"$log" 2>&1 && state=0 || state=$?
		case $state in
		0) echo "ok host/$name ($((SECONDS - start)) s)"; state=ok ;;
		4) echo "skip host/$name $(tail -n 1 "$log")"; state=skip ;;
		*)
			grep -vE '^ok ' "$log" | head -n 20 | sed 's/^/  | /'
			printf 'not ok host/%s\n  log: %s\n  again: make check GUEST=host TEST=%s\n' \
				"$name" "$log" "$name"
			state=not_ok ;;
		esac
		echo "$state host/$name" >>"$RESULTS"
	done
}

total() {
	awk '{ n[$1]++ }
		END { printf "%d passed, %d failed, %d skipped\n", n["ok"], n["not_ok"], n["skip"]
		      exit n["not_ok"] > 0 || !n["ok"] }' "$RESULTS"
}

main() {
	local kernel
	mkdir -p "$BUILD"
	: >"$RESULTS"
	# shellcheck disable=SC2046 # end the guests along with us, by their ids
	trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
	trap 'exit 1' INT TERM HUP
	"$QEMU_DIR/deps.sh" build guest
	case " $GUEST " in *' host '*)
		"$QEMU_DIR/deps.sh" host
		check_host ;;
	esac
	[ "$GUEST" != host ] || KERNEL=''
	for kernel in $KERNEL; do
		check_kernel "$kernel"
	done
	total
}

with_lock "$BUILD/check.lock" main
