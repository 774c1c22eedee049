#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel, a variant, a guest or a test that does not exist: what there is gets named,
# at once, and nothing is built. What there is includes all that runs by default.

unset KERNEL VARIANT GUEST TEST
# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/qemu/guests.sh
. "$QEMU_DIR/guests.sh"

OUT=$BUILD/host/words

# refused PROGRAM WORD NAMED...: as "make" would call it, and what it says there is
refused() {
	local command=$1 word=$2 said name
	shift 2
	rm -rf "$OUT"
	# shellcheck disable=SC2086 # a program and its argument
	if said=$(env ATA_SPLIT_BUILD="$OUT" "$word" "$TOP/selftests/"$command 2>&1); then
		bad "$command $word: it ran"
		return
	fi
	[ ! -e "$OUT" ] || bad "$command $word: it began"
	[ "$(wc -l <<<"$said")" = 1 ] || bad "$command $word: it says $said"
	[[ $said = "error: there is no "*"${word##*[= -]}', but: "* ]] || bad "$command $word: it says $said"
	for name; do
		[[ " ${said#*but: } " = *" $name "* ]] || bad "$command $word: it does not name $name"
	done
}

# shellcheck disable=SC2086 # words
for program in qemu/check.sh "qemu/run.sh run" "qemu/run.sh shell" fuzz/fuzz.sh "bench/bench.sh quick"; do
	refused "$program" KERNEL=5.10 $KERNEL_SERIES latest
	refused "$program" VARIANT=nosuch debug kcsan distro rt
done
refused qemu/check.sh KERNEL=6.1-nosuch debug kcsan distro rt

mapfile -t guests < <(for variant in debug kcsan rt distro "distro 6.1"; do
	# shellcheck disable=SC2086 # words
	guests_of $variant
done | tr ' ' '\n' | sed 's/^crash-.*/crash-SEED/' | sort -u)
refused qemu/check.sh GUEST=nosuch "${guests[@]}"
refused qemu/check.sh GUEST=violation-nosuch "${guests[@]}"
refused qemu/check.sh GUEST=crash-x "${guests[@]}"

mapfile -t tests < <(basename -as .sh "$TOP"/selftests/*.sh "$HOST"/*.sh | grep -vxE 'lib|variant|monitor|hba')
refused qemu/check.sh TEST=nosuch "${tests[@]}"
refused qemu/check.sh "TEST=sizes nosuch*" "${tests[@]}"
[ $BAD = 1 ] || good "${#guests[@]} guests and ${#tests[@]} tests are named"
exit $BAD
