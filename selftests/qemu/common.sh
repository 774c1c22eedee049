# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script of the harness starts with.

set -euo pipefail
export LC_ALL=C
# Where depmod and mkfs are, for those who are not root.
export PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=selftests/qemu/kernels.sh
. "$(dirname "${BASH_SOURCE[0]}")/kernels.sh"

# Results go to standard output, progress to standard error.
say() {
	printf '  %s\n' "$*" >&2
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# known_kernel SERIES VARIANT: are there such? Asked before anything is built.
known_kernel() {
	series_of "$1" >/dev/null || exit 1
	case " $KERNEL_VARIANTS " in
	*" $2 "*) ;;
	*) die "there is no kernel variant '$2', but: $KERNEL_VARIANTS" ;;
	esac
}

# in_checkout ARGUMENTS...: git, also for root in somebody else's checkout
in_checkout() {
	git -c safe.directory="$TOP" -C "$TOP" "$@"
}

# with_lock FILE COMMAND...: run COMMAND while nobody else holds FILE, so that
# two runs at once do not build or download the same thing into each other.
with_lock() {
	local file=$1 fd
	shift
	mkdir -p "$(dirname "$file")"
	exec {fd}>"$file"
	flock -n "$fd" || { say "waiting for another run ($file)"; flock "$fd"; }
	"$@"
	exec {fd}>&-
}

# logged FILE COMMAND...: append the output of a long command to FILE and show
# the end of it only when the command fails. Note that "set -e" does not hold
# within COMMAND: a function must say so itself where one step needs another.
logged() {
	local log=$1
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >>"$log" 2>&1 </dev/null && return
	tail -n 25 "$log" >&2
	die "failed: $* (all of it: $log)"
}
