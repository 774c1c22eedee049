#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make htmldocs": Documentation/ as HTML, below the build folder. A warning is an
# error; all is read each time (-E), as a page that did not change does not warn
# twice. The kernel-doc extension is that of the newest kernel source.

# shellcheck source=selftests/qemu/common.sh
. "$(dirname "$0")/../selftests/qemu/common.sh"

main() {
	local srctree
	srctree=$("$QEMU_DIR/fetch.sh" tree latest)
	srctree=$srctree PYTHONDONTWRITEBYTECODE=1 sphinx-build -W --keep-going -q -E -b html \
		-d "$BUILD/doctrees" "$TOP/Documentation" "$BUILD/html"
	echo "$BUILD/html/index.html"
}

"$QEMU_DIR/deps.sh" docs
with_lock "$BUILD/html.lock" main
