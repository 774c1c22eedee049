#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Clang's context analysis: StartIo's state is touched, and StartIo's functions
# are called, only where the lock is held. Needs Clang 23, taken from Debian's
# newest release and run with the libraries that it was made for, and a kernel
# that has the analysis; only prepared for modules, not built.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

PACKAGES="clang-23 libclang-cpp23 libllvm23 libclang-common-23-dev libstdc++6
	libgcc-s1 libc6 zlib1g libzstd1 libxml2-16 libtinfo6 libedit2 libffi8
	libbsd0 libmd0 libz3-4"
DIR=$BUILD/host/clang

# Sets CC.
unpack_clang() {
	local lib root llvm
	# shellcheck disable=SC2086 # words
	root=$(tools clang $PACKAGES) || return
	lib=$(dirname "$(find "$root" -name libc.so.6)")
	llvm=$root/usr/lib/llvm-23
	CC=$root/clang
	cat >"$CC.$$" <<-END
		#!/bin/sh
		exec "$lib"/ld-linux-x86-64.so.2 --library-path "$lib:$llvm/lib" \\
			"$llvm/bin/clang" -resource-dir "$llvm/lib/clang/23" "\$@"
	END
	chmod +x "$CC.$$"
	mv "$CC.$$" "$CC"
	"$CC" --version >/dev/null
}

# shellcheck disable=SC2317 # called by with_lock
prepare_kernel() {
	local src=$1
	[ ! -e "$KDIR/done" ] || return 0
	rm -rf "$KDIR"
	mkdir -p "$KDIR"
	make -C "$src" O="$KDIR" CC="$CC" tinyconfig &&
	cat "$QEMU_DIR/config/base.config" "$QEMU_DIR/config/debug.config" >>"$KDIR/.config" &&
	echo CONFIG_WARN_CONTEXT_ANALYSIS=y >>"$KDIR/.config" &&
	make -C "$src" O="$KDIR" CC="$CC" olddefconfig &&
	grep -q CONFIG_WARN_CONTEXT_ANALYSIS=y "$KDIR/.config" &&
	make -C "$KDIR" CC="$CC" -j"$JOBS" modules_prepare &&
	touch "$KDIR/done"
}

analyse() {
	compile "$KDIR" "$DIR" KBUILD_MODPOST_WARN=1 KCFLAGS=-Werror=thread-safety modules
}

# planted FILE AFTER LINE: put LINE after the line AFTER in FILE; it must be found
planted() {
	local file=$DIR/drivers/$1 after=$2 line=$3
	cp "$TOP/drivers/$1" "$file"
	AFTER=$after LINE=$line awk '{ print } $0 == ENVIRON["AFTER"] && !n++ { print "\t" ENVIRON["LINE"] }' \
		"$TOP/drivers/$1" >"$file"
	! cmp -s "$TOP/drivers/$1" "$file" || { bad "cannot put a line into $1"; exit 1; }
	if analyse; then
		bad "$1: not found: $line"
	elif grep -q 'Wthread-safety' "$DIR/log"; then
		good "$1: found: $line"
	else
		tail -n 5 "$DIR/log"
		bad "$1: failed for another reason: $line"
	fi
	cp "$TOP/drivers/$1" "$file"
}

src=$("$QEMU_DIR/fetch.sh" tree latest)
[ -e "$src/include/linux/compiler-context-analysis.h" ] || skip "the newest kernel has no context analysis"
unpack_clang >"$BUILD/clang.log" 2>&1 || skip "Clang 23 is not to be had, see $BUILD/clang.log"
KDIR=$CACHE/kernels/$(basename "$src")-clang-$(cat "$CC" "$QEMU_DIR"/config/{base,debug}.config | key)
with_lock "$KDIR.lock" prepare_kernel "$src" >>"$BUILD/clang.log" 2>&1 || { tail -n 20 "$BUILD/clang.log"; die "cannot prepare a kernel"; }

copy_sources "$DIR"
if analyse; then
	good "nothing to complain of"
else
	grep -E -A 3 'error:' "$DIR/log"
	bad "Clang complains"
	exit 1
fi
planted ata_split/core.c '	this_cpu_inc(sp->counters->queued);' 'sp->eh_epoch++;'
planted ata_split/core.c '	this_cpu_inc(sp->counters->queued);' 'sp->batch = NULL;'
planted ata_split/complete.c '	rcu_read_lock();' 'sp->batch = batch;'
planted ata_split/start.c '	spin_unlock_irq(ap->lock);' 'ata_split_flush(sp);'
planted ahci_split/complete.c '	writel(status, pp->mmio + AHCI_PXIS);' 'ahci_split_handle(ap, status);'
exit $BAD
