#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kselftest framework out of the newest packaged kernel source, with our
# selftests/ in it as one more target. None of it is kept in this tree.
#
#   kselftest.sh prepare        build/kselftest/tools/testing/selftests
#   kselftest.sh install        the installed tests, as run in the guests
#
# Prints the folder it made.

. "$(dirname "$0")/common.sh"

KSELFTEST=$BUILD/kselftest
TREE=$KSELFTEST/tools/testing/selftests

prepare() {
	local src
	src=$("$QEMU_DIR/fetch.sh" tree latest)
	mkdir -p "$TREE" "$KSELFTEST/scripts"
	(cd "$src/tools/testing/selftests" &&
		rsync -a --delete --checksum kselftest "$TREE/" &&
		rsync -a --checksum Makefile lib.mk run_kselftest.sh \
			kselftest_install.sh kselftest.h kselftest_harness.h "$TREE/")
	rsync -a "$src/scripts/subarch.include" "$KSELFTEST/scripts/"
	# The harness is not part of the tests it runs.
	rsync -a --delete --exclude=/qemu --exclude=/host --exclude=/bench --exclude=/fuzz --exclude=/hba "$TOP/selftests/" "$TREE/ata_split/"
	echo "$TREE"
}

install_tests() {
	prepare >/dev/null
	local test
	rm -rf "$KSELFTEST/install"
	logged "$KSELFTEST/install.log" make -C "$TREE" TARGETS=ata_split \
		FORCE_TARGETS=1 KSFT_INSTALL_PATH="$KSELFTEST/install" install
	# The tests of the harness itself: only ever run in its guests.
	cp -r "$QEMU_DIR/meta" "$KSELFTEST/install/"
	for test in "$QEMU_DIR"/meta/*.sh; do
		echo "meta:$(basename "$test")"
	done >>"$KSELFTEST/install/kselftest-list.txt"
	echo "$KSELFTEST/install"
}

case ${1:-} in
prepare) with_lock "$BUILD/kselftest.lock" prepare ;;
install) with_lock "$BUILD/kselftest.lock" install_tests ;;
*) die "usage: kselftest.sh prepare|install" ;;
esac
