#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make run" and "make shell": the driver in a guest with the distribution's
# own kernel, or in an interactive one.
#
#   run.sh run|shell
#
# KERNEL is a series. VARIANT is "distro" for Debian's kernel, which is the
# default, or that of a test kernel (see kernel.sh), such as debug.

. "$(dirname "$0")/common.sh"

VARIANT=${VARIANT:-distro}
# shellcheck disable=SC1091
KERNEL=${KERNEL:-$(. /etc/os-release && distro_series "${VERSION_ID:-}")}

run() {
	local kit=$1 line state='' start=$SECONDS
	say "booting QEMU"
	while read -r line; do
		case $line in
		'say '*) echo "${line#say }" ;;
		*) state=$line ;;
		esac
	done < <("$QEMU_DIR/guest.sh" "$kit" run "$QEMU_DIR/job.sh")
	case $state in
	'ok guest'*) echo "passed in $((SECONDS - start)) s; log: $kit/guest-run" ;;
	*)
		tail -n 15 "$kit/guest-run/console.log" | sed 's/^/  | /'
		echo "FAILED: ${state#not_ok guest }"
		echo "log: $kit/guest-run/{test,console,qemu}.log"
		return 1 ;;
	esac
}

known_kernel "$KERNEL" "$VARIANT"
mkdir -p "$BUILD"
"$QEMU_DIR/deps.sh" build guest
kit=$("$QEMU_DIR/prepare.sh" "$KERNEL" "$VARIANT")
case ${1:-} in
run) run "$kit" ;;
shell) exec "$QEMU_DIR/guest.sh" "$kit" shell shell ;;
*) die "usage: run.sh run|shell" ;;
esac
