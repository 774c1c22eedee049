#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build a test kernel and print its folder, which also serves as KDIR:
#
#   kernel.sh SERIES [VARIANT]
#
# The configuration is tinyconfig with base.config, and then with the fragments
# of the variant (below). A kernel is built once for each
# combination of source package, configuration and compiler.

. "$(dirname "$0")/common.sh"

CONFIG_DIR=$QEMU_DIR/config

# The fragments of a variant, besides base.config.
variant_fragments() {
	case $1 in
	plain) ;;
	debug) echo debug kasan ;;
	lockdep) echo debug ;;
	*) echo "$1" ;;
	esac
}

fragment_files() {
	local f
	for f in base $(variant_fragments "$1"); do
		f=$CONFIG_DIR/$f.config
		[ -e "$f" ] || die "no such kernel variant: $1 ($f)"
		echo "$f"
	done
}

# Whatever changes the outcome of a build must change this.
build_key() {
	local deb=$1
	shift
	{
		basename "$deb"
		${CC:-gcc} --version | head -n 1
		cat "$@"
	} | sha256sum | cut -c 1-12
}

known_exception() {
	local series sym
	while read -r series sym _; do
		# shellcheck disable=SC2053 # the first column is a pattern
		[[ $1 != $series || $2 != "$sym" ]] || return 0
	done <"$CONFIG_DIR/exceptions"
	return 1
}

# Kconfig drops a line silently when a dependency is missing, and a checker
# that is not there finds nothing. So every line must have taken effect.
check_config() {
	local series=$1 config=$2 line sym value bad=0
	shift 2
	while read -r line; do
		sym=${line%%=*} value=${line#*=}
		if [ "$value" = n ]; then
			! grep -q "^$sym=" "$config" && continue
		else
			grep -qxF "$line" "$config" && continue
		fi
		known_exception "$series" "$sym" && continue
		say "not in the $series configuration: $line"
		bad=1
	done < <(cat "$@" | grep '^CONFIG_' | awk -F= '
		{ last[$1] = $0 } END { for (s in last) print last[s] }')
	[ $bad = 0 ] || die "configuration lines without effect: fix them or list them in $CONFIG_DIR/exceptions"
}

kmake() {
	make -C "$SRC" O="$OUT" ${CC:+CC="$CC"} "$@"
}

configure() {
	kmake tinyconfig &&
	"$SRC/scripts/kconfig/merge_config.sh" -m -O "$OUT" "$OUT/.config" "$@" &&
	kmake olddefconfig
}

# Built modules for the guests, with modules.dep; then drop what building
# further modules against this tree does not read.
install_and_trim() {
	kmake INSTALL_MOD_PATH="$OUT/install" modules_install &&
	cp "$OUT/arch/x86/boot/bzImage" "$OUT/vmlinuz" &&
	find "$OUT" -type f \( -name '*.o' -o -name '*.a' -o -name '*.cmd' \) \
		! -path "$OUT/scripts/*" ! -path "$OUT/tools/*" -delete &&
	rm -rf "$OUT/arch/x86/boot/compressed" "$OUT"/.tmp_vmlinux*
}

build() {
	local series=$1 log=$OUT.log start=$SECONDS
	shift
	[ ! -e "$OUT/built" ] || return 0
	say "building Linux $series ($(basename "$OUT")), some minutes: $log"
	rm -rf "$OUT" "$log"
	mkdir -p "$OUT"
	logged "$log" configure "$@"
	check_config "$series" "$OUT/.config" "$@"
	logged "$log" kmake -j"$JOBS" bzImage modules
	logged "$log" install_and_trim
	say "built Linux $series in $((SECONDS - start)) s"
	touch "$OUT/built"
}

main() {
	local series deb variant=${2:-debug} list files
	series=$(series_of "$1")
	list=$(fragment_files "$variant")
	mapfile -t files <<<"$list"
	deb=$("$QEMU_DIR/fetch.sh" source "$series")
	SRC=$("$QEMU_DIR/fetch.sh" tree "$series")
	OUT=$CACHE/kernels/$series-$variant-$(build_key "$deb" "${files[@]}")
	with_lock "$OUT.lock" build "$series" "${files[@]}"
	echo "$OUT"
}

[ $# -ge 1 ] || die "usage: kernel.sh SERIES [VARIANT]"
main "$@"
