# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # what the tests use
# Tests that need no guest: they look at the sources and at what the compiler
# makes of them. Each exits with 0, 1 or, to skip, 4, as kselftest has it.

# shellcheck source=selftests/qemu/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../qemu/common.sh"
# shellcheck source=selftests/qemu/tools.sh
. "$QEMU_DIR/tools.sh"

HOST=$TOP/selftests/host
export WERROR=1
mkdir -p "$BUILD/host"
BAD=0

bad() {
	printf 'not ok %s\n' "$*"
	BAD=1
}

good() {
	printf 'ok %s\n' "$*"
}

# noticed WHAT SCRIPT FILE COMMAND...: does COMMAND fail for FILE, which is good, when it
# has been changed by SCRIPT, which is sed's?
noticed() {
	local what=$1 script=$2 file=$3
	shift 3
	sed "$script" "$file" >"$file.changed"
	if cmp -s "$file" "$file.changed"; then
		bad "$what: nothing to change"
	elif "$@" "$file.changed" >/dev/null; then
		bad "$what: nobody noticed"
	else
		good "$what is noticed"
	fi
}

# What a maintainer should know and no failure: check.sh shows it.
news() {
	printf 'news %s\n' "$*"
}

skip() {
	printf 'SKIP %s\n' "$*"
	exit 4
}

# A kernel to compile for: the debug kernel of a series, as make check has it.
kdir_of() {
	"$QEMU_DIR/kernel.sh" "$1" "${2:-debug}"
}

# The series of this release's own kernel.
production_series() {
	distro_series "$(sed -n 's/^VERSION_ID="\?\([0-9]*\).*/\1/p' /etc/os-release)"
}

# The headers of Debian's own kernel: without any debugging.
production_kdir() {
	local dir
	dir=$("$QEMU_DIR/distro.sh" "$(production_series)")
	echo "$dir/kdir"
}

# copy_sources DIR: what kbuild needs, to be changed at will
copy_sources() {
	rm -rf "$1"
	mkdir -p "$1"
	cp -r "$TOP/Kbuild" "$TOP/VERSION" "$TOP/drivers" "$TOP/include" "$1/"
	find "$1" -name '*.o' -delete
}

# compile KDIR DIR TARGET...: with DIR's sources; the log is DIR/log
compile() {
	local kdir=$1 dir=$2
	shift 2
	make -C "$kdir" M="$dir" W=1 ${CC:+CC="$CC"} "$@" >"$dir/log" 2>&1 </dev/null
}
