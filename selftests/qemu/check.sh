#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make check": run the selftests in guests under the test kernels.
#
#   KERNEL="6.1 latest-kcsan" GUEST="plain iommu" TEST="sizes" VARIANT=debug check.sh
#
# A kernel is SERIES-VARIANT, or SERIES alone for VARIANT. Guests of all kernels
# share the processors. One line per test as it ends; the last line is the total.
# Exits 1 when anything failed or nothing ran.

. "$(dirname "$0")/common.sh"
# shellcheck source=selftests/qemu/guests.sh
. "$QEMU_DIR/guests.sh"

KERNEL=${KERNEL:-$KERNEL_DEFAULT}
VARIANT=${VARIANT:-debug}
GUEST=${GUEST:-}
TEST=${TEST:-*}

# A guest keeps about one processor busy; more of them at a time than there are
# processors only brings the time limits closer.
PARALLEL=${PARALLEL:-$(nproc)}

RESULTS=$BUILD/results

export WERROR=1

# said LOG TEST: the checks that failed in a test's last run, and what they said
said() {
	awk -v name="$2" '
		/^# selftests: / { n = 0; inside = $NF == name || $NF == name ".sh" }
		!inside { next }
		/^# # / { said[++n] = substr($0, 3); next }
		/^# (not ok|Bail out!)/ {
			for (i = n > 10 ? n - 9 : 1; i <= n; i++)
				print said[i]
			print substr($0, 3)
		}
		{ n = 0 }' "$1" | tail -n 30
}

# show KERNEL KIT GUEST STATE TEST REASON: one result, in one write so that guests
# do not write into each other's lines.
show() {
	local guest=$3 state=$4 test=$5 reason=${*:6}
	local log=$2/guest-$3 name=$1/$3/$5
	local again="KERNEL=$1 GUEST=$guest" tail=''
	[ "$test" = guest ] || again+=" TEST=$test"
	case $state in
	ok) printf 'ok %s %s\n' "$name" "$reason" ;;
	skip) printf 'skip %s %s\n' "$name" "$reason" ;;
	*)
		# Only a guest that died leaves nothing better to look at.
		if [ "$test" = guest ]; then
			tail=$(tail -n 15 "$log/console.log" | sed 's/^/  | /') || true
		else
			tail=$(said "$log/test.log" "$test" | sed 's/^/  | /') || true
		fi
		printf 'not ok %s # %s\n  log: %s\n  again: make check %s\n%s' \
			"$name" "$reason" "$log/{test,console,qemu}.log" "$again" "${tail:+$tail
}" ;;
	esac
	echo "$state $name" >>"$RESULTS"
}

run_guest() {
	local kernel=$1 kit=$2 guest=$3 line results pid
	exec {results}< <(exec "$QEMU_DIR/guest.sh" "$kit" "$guest" tests "$TEST")
	pid=$!
	# shellcheck disable=SC2064 # the id is not going to change
	trap "kill $pid 2>/dev/null; exit 1" TERM
	while read -r line; do
		# shellcheck disable=SC2086 # state, test, words of the reason
		show "$kernel" "$kit" "$guest" $line
	done <&"$results"
	wait $pid || show "$kernel" "$kit" "$guest" not_ok guest "the harness failed"
}

variant_of() {
	[ "$1" = "${1%-*}" ] && echo "$VARIANT" || echo "${1##*-}"
}

# The guests that there are, but for those of other targets; a seed is any number.
guests() {
	declare -F | sed -n 's/^declare -f guest_//p' |
		grep -vxE 'run|shell|hold|pair|fuzz|fis|registers|violation|crash'
	# shellcheck disable=SC2086 # words
	printf 'violation-%s\n' $VIOLATIONS sactive_in_build
	printf '%s\n' host crash-SEED
}

# The tests: with a guest or without, and those of the harness itself.
tests() {
	sed -n 's/^TEST_PROGS .*= //p' "$TOP/selftests/Makefile" | tr ' ' '\n' | cut -d . -f 1
	basename -as .sh "$TOP"/selftests/host/*.sh "$QEMU_DIR"/meta/*.sh | grep -vx lib
}

# Are there such kernels, guests and tests? Asked before anything is built.
check_words() {
	local word test guests tests
	guests=$(guests) tests=$(tests)
	for word in $KERNEL; do
		known_kernel "${word%-*}" "$(variant_of "$word")"
	done
	for word in $GUEST; do
		grep -qxF "$(sed -E 's/^crash-[0-9]+$/crash-SEED/' <<<"$word")" <<<"$guests" ||
			die "there is no guest '$word', but: ${guests//$'\n'/ }"
	done
	set -f
	for word in $TEST; do
		# shellcheck disable=SC2053 # it is a pattern
		while read -r test; do
			[[ $test != ${word%.sh} ]] || continue 2
		done <<<"$tests"
		die "there is no test '$word', but: ${tests//$'\n'/ }"
	done
	set +f
}

# wants GUEST: do any of the kernels come with that guest? "host" are the tests that
# need none.
wants() {
	local kernel guests=$GUEST
	if [ -z "$GUEST" ]; then
		for kernel in $KERNEL; do
			guests+=" $(guests_of "$(variant_of "$kernel")")"
		done
	fi
	# shellcheck disable=SC2086 # words
	guests=$(printf ' %s ' $guests)
	[[ $guests = *" $1 "* ]]
}

# prepare KERNEL: to KITS, so that nothing is built while guests run
prepare() {
	local kernel variant kit
	variant=$(variant_of "$1")
	kernel=$(series_of "${1%-*}")-$variant
	if kit=$("$QEMU_DIR/prepare.sh" "${kernel%-*}" "$variant"); then
		KITS[$kernel]=$kit
		PREPARED+=("$kernel")
	else
		printf 'not ok %s/build\n' "$kernel"
		echo "not_ok $kernel/build" >>"$RESULTS"
	fi
}

# Wait until fewer jobs run than there are processors.
room() {
	while [ "$(jobs -rp | wc -l)" -ge "$PARALLEL" ]; do
		wait -n || true
	done
}

# start_guests KERNEL: as many as there are processors at a time
start_guests() {
	local guest guests=${GUEST:-$(guests_of "${1##*-}" "${1%-*}")}
	# shellcheck disable=SC2086 # words, on one line
	say "Linux $1, guests:" $guests
	for guest in $guests; do
		[ "$guest" != host ] || continue
		room
		run_guest "$1" "${KITS[$1]}" "$guest" &
	done
}

# wanted NAME: is it one of TEST's patterns?
wanted() {
	local pattern rc=1
	set -f
	for pattern in $TEST; do
		# shellcheck disable=SC2053
		[[ $1 != ${pattern%.sh} ]] || rc=0
	done
	set +f
	return $rc
}

# run_host TEST: one that needs no guest, or boots its own
run_host() {
	local name log lines state=0 start=$SECONDS
	name=$(basename "$1" .sh)
	log=$BUILD/host/$name.log
	setsid "$1" >"$log" 2>&1 &
	# shellcheck disable=SC2064 # the id is not going to change
	trap "kill -- -$! 2>/dev/null; exit 1" TERM
	wait $! || state=$?
	case $state in
	0)
		echo "ok host/$name ($((SECONDS - start)) s)$(sed -n 's/^news / # news: /p' "$log" | tr -d '\n')"
		state=ok ;;
	4) echo "skip host/$name $(tail -n 1 "$log")"; state=skip ;;
	*)
		lines=$(grep -vE '^ok ' "$log" | head -n 20 | sed 's/^/  | /') || true
		printf 'not ok host/%s\n  log: %s\n  again: make check GUEST=host TEST=%s\n%s\n' \
			"$name" "$log" "$name" "$lines"
		state=not_ok ;;
	esac
	echo "$state host/$name" >>"$RESULTS"
}

# All that need no guest, or boot their own. That of the package takes minutes and makes
# a chroot, so only if it was asked for.
check_host() {
	local test name
	mkdir -p "$BUILD/host"
	for test in "$TOP"/selftests/host/*.sh; do
		name=$(basename "$test" .sh)
		[ "$name" != lib ] && wanted "$name" || continue
		[ "$name" != package ] || [ "$TEST" = package ] || continue
		room
		run_host "$test" &
	done
	wait
}

total() {
	awk '{ n[$1]++ }
		END { printf "%d passed, %d failed, %d skipped\n", n["ok"], n["not_ok"], n["skip"]
		      exit n["not_ok"] > 0 || !n["ok"] }' "$RESULTS"
}

declare -A KITS=()
PREPARED=()

main() {
	local kernel
	: >"$RESULTS"
	# shellcheck disable=SC2046 # end the guests along with us, by their ids
	trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
	trap 'exit 1' INT TERM HUP
	"$QEMU_DIR/deps.sh" build guest
	if wants host; then
		"$QEMU_DIR/deps.sh" host
		check_host
	fi
	! wants bpftrace || "$QEMU_DIR/deps.sh" bpf
	[ "$GUEST" != host ] || KERNEL=''
	for kernel in $KERNEL; do
		prepare "$kernel"
	done
	for kernel in "${PREPARED[@]}"; do
		start_guests "$kernel"
	done
	wait
	[ -s "$RESULTS" ] || say "no guest of ${GUEST:-$KERNEL} has a test $TEST"
	total
}

check_words
with_lock "$BUILD/check.lock" main
