# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Which kernels, from which suites, and where everything lives. The kernel series and
# the versions of packages are in "pins". This file and that one are all there is to
# edit when a kernel series or a Debian release comes or goes.

# What "make check" tests when KERNEL is not given. All of them compile in any case
# (selftests/host/build.sh), and .ci/run boots Debian's own of the others.
KERNEL_DEFAULT="latest"

# Suites searched for packages, besides the machine's own. linux-source-* is plain
# source, so the release it was made for does not matter.
SUITES_MAIN="bookworm bookworm-backports trixie trixie-backports sid"
SUITES_SECURITY="bookworm-security trixie-security"

# Variants of a kernel: of the test kernels (see kernel.sh), then Debian's own.
KERNEL_VARIANTS="debug lockdep plain kcsan lockstat distro rt"

# The distribution's own kernel by release: "make run" boots this one.
distro_series() {
	case ${1:-} in
	12) echo 6.1 ;;
	13) echo 6.12 ;;
	*) echo latest ;;
	esac
}

# Debian packages this harness needs, by purpose.
# gcc-12 is the one that 6.1's headers name, on any release of Debian.
PKGS_BUILD="bc bison build-essential cpio flex gawk gcc-12 kmod libelf-dev libssl-dev
	pahole perl python3 rsync xz-utils"
PKGS_GUEST="busybox-static e2fsprogs fio hdparm lsscsi pciutils sg3-utils
	smartmontools util-linux"
# Coccinelle wants libpython and does not depend on it.
PKGS_HOST="coccinelle libpython3-dev sparse"
PKGS_BPF="bpftrace"
PKGS_BENCH="fio gnuplot-nox python3"
PKGS_LINT="shellcheck sparse"
PKGS_DEB="build-essential debhelper dh-dkms"
PKGS_DOCS="graphviz man-db mandoc python3-sphinx"
PKGS_PACKAGE="e2fsprogs mmdebstrap"

# Paths. Everything below CACHE can be had again from the mirror and is shared
# by all checkouts; everything below BUILD belongs to this checkout.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
QEMU_DIR=$TOP/selftests/qemu
BUILD=${ATA_SPLIT_BUILD:-$TOP/build}
CACHE=${ATA_SPLIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ata_split}
JOBS=${JOBS:-$(nproc)}

# What this tree was last checked against: see there.
PINS=${PINS:-$QEMU_DIR/pins}

# The kernel series that are supported, oldest first. "latest" is the last of them.
KERNEL_SERIES=$(sed -n 's/^linux-source-\([0-9.]*\) .*/\1/p' "$PINS" | sort -V | paste -sd ' ')

# pinned PACKAGE: its version, or nothing
pinned() {
	awk -v package="$1" '$1 == package { print $2 }' "$PINS"
}

# series_of NAME: the series that it stands for
series_of() {
	case " $KERNEL_SERIES " in
	*" ${1/#latest/${KERNEL_SERIES##* }} "*) echo "${1/#latest/${KERNEL_SERIES##* }}" ;;
	*) echo "error: there is no kernel series '$1', but: $KERNEL_SERIES latest" >&2; return 1 ;;
	esac
}

# kbuild can handle neither blanks nor colons in a path.
case $BUILD$CACHE in
*[[:space:]:]*)
	echo "kbuild cannot work below a path with blanks or colons:" >&2
	echo "set ATA_SPLIT_BUILD and ATA_SPLIT_CACHE to folders without" >&2
	exit 1 ;;
esac
