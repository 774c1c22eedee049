#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The Debian package, in a chroot with this machine's release of Debian and its
# kernel: built, installed, upgraded and purged. Then what it installed boots in
# guests: a data controller is taken in the initramfs, and the root disk's, too.
#
# The chroot is kept in the cache and used through an overlay, so that it stays
# clean. Remove the folder to have it made anew, with newer packages.
# shellcheck disable=SC2317 # step calls most functions

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

PACKAGES="build-essential debhelper dh-dkms dkms driverctl initramfs-tools kmod lintian
	linux-headers-amd64 linux-image-amd64 openssl systemd-sysv udev zstd"
CODENAME=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
VERSION=$(cat "$TOP/VERSION")
WORK=$BUILD/package
ROOT=$WORK/root
DATA=0000:00:08.0	# a controller of its own
BOOT=0000:00:1f.2	# that of the root disk

[ "$(id -u)" -eq 0 ] || skip "must be root: it works in a chroot"

# Mounts and processes of ours end with us.
if [ "${1:-}" != inside ]; then
	exec unshare --mount --pid --fork --kill-child --mount-proc "$0" inside
fi

make_base() {
	local packages
	[ ! -e "$BASE.done" ] || return 0
	packages=$(tr -s '[:space:]' , <<<"$PACKAGES")
	say "a chroot with $CODENAME, some minutes: $BASE.log"
	rm -rf "$BASE"
	grep -E " $CODENAME(-security)? main" "$CACHE/apt/sources.list" |
		nice mmdebstrap --mode=root --variant=apt --include="${packages%,}" \
			--aptopt='APT::Install-Recommends "false"' \
			--dpkgopt='path-exclude=/usr/share/locale/*' \
			"$CODENAME" "$BASE" >"$BASE.log" 2>&1 || return
	touch "$BASE.done"
}

find_base() {
	"$QEMU_DIR/deps.sh" package || skip "mmdebstrap is not to be had"
	"$QEMU_DIR/fetch.sh" series latest >/dev/null
	BASE=$CACHE/chroots/$CODENAME-$(echo "$PACKAGES" | sha256sum | cut -c 1-12)
	mkdir -p "${BASE%/*}"
	with_lock "$BASE.lock" make_base || skip "no chroot with $CODENAME: $BASE.log"
}

# overlay NAME LOWER: mount WORK/NAME
overlay() {
	mkdir -p "$WORK/$1.upper" "$WORK/$1.work" "$WORK/$1"
	mount -t overlay overlay -o "lowerdir=$2,upperdir=$WORK/$1.upper,workdir=$WORK/$1.work" \
		"$WORK/$1" || skip "no overlay file system here"
}

inside() {
	chroot "$ROOT" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
		DEBIAN_FRONTEND=noninteractive nice "$@" >>"$WORK/log" 2>&1 </dev/null
}

# step DESCRIPTION COMMAND...: the rest needs each of them
step() {
	local what=$1 start=$SECONDS
	shift
	echo "== $what" >>"$WORK/log"
	if "$@" >>"$WORK/log" 2>&1; then
		good "$what ($((SECONDS - start)) s)"
	else
		tail -n 15 "$WORK/log" | sed 's/^/  | /'
		bad "$what (all of it: $WORK/log)"
		exit 1
	fi
}

build() {
	local dir=/build/$1/ata-split-$1
	"$TOP/debian/build.sh" tree "$ROOT$dir" "$1" &&
		inside sh -ec "cd $dir && dpkg-buildpackage -us -uc"
}

lint() {
	inside sh -c "lintian --pedantic --fail-on error,warning /build/$VERSION/*.changes"
}

install_package() {
	inside sh -c "dpkg -i /build/$1/*.deb"
}

# Both modules, signed, of that version and no other; none in the initramfs, as no
# controller is listed.
installed() {
	local kernel name
	kernel=$(ls "$ROOT/lib/modules")
	[ "$(chroot "$ROOT" dkms status ata_split | tr -d '\n')" = \
		"ata_split/$1, $kernel, x86_64: installed" ] || return
	for name in ata_split ahci_split; do
		chroot "$ROOT" modinfo -k "$kernel" -F signer "$name" | grep . || return
	done
	[ "$(cd "$ROOT/usr/src" && echo ata_split-*)" = "ata_split-$1" ] &&
		! chroot "$ROOT" lsinitramfs "/boot/initrd.img-$kernel" | grep -E '_split\.ko|driverctl'
}

# What is there, but logs and caches, dpkg's books and dkms' key.
files() {
	find "$ROOT" -xdev \( -path "$ROOT/build" -o -path "$ROOT/var/lib/dpkg" \
		-o -path "$ROOT/tmp" -o -path "$ROOT/var/log" -o -path "$ROOT/var/cache" \
		-o -path "$ROOT/var/lib/dkms/mok.*" \) -prune -o -print | sort
}

purge() {
	inside dpkg --purge ata-split-dkms && files >"$WORK/after" &&
		diff "$WORK/before" "$WORK/after" &&
		! grep -r 'a[th][ac]i*_split' "$ROOT"/lib/modules/*/modules.dep
}

# "make install" and "make uninstall", into a folder.
by_hand() {
	local kdir dest=$WORK/dest dir=$WORK/tree
	kdir=$(production_kdir)
	"$TOP/debian/build.sh" tree "$dir" && mkdir "$dest" &&
		make -C "$dir" KDIR="$kdir" &&
		make -C "$dir" KDIR="$kdir" DESTDIR="$dest" install &&
		[ -x "$dest/usr/local/sbin/splitctl" ] &&
		ls "$dest"/lib/modules/*/updates/drivers/a*_split/a*_split.ko &&
		make -C "$dir" KDIR="$kdir" DESTDIR="$dest" uninstall &&
		! find "$dest" -type f ! -name 'modules.*' | grep .
}

# list ADDRESS...: controllers for ahci_split at each boot, in the initramfs too
list() {
	local bdf
	mkdir -p "$ROOT/etc/driverctl.d" || return
	for bdf; do
		echo ahci_split >"$ROOT/etc/driverctl.d/pci-$bdf" || return
	done
	inside update-initramfs -u && cp "$ROOT"/boot/initrd.img-* "$WORK/initrd-$#"
}

# PID 1's part of what a guest does: run the job once everything else is up.
job_unit() {
	cat <<-EOF
	[Unit]
	After=multi-user.target
	[Service]
	Type=oneshot
	ExecStart=/root/job
	StandardOutput=file:/dev/ttyS1
	StandardError=journal+console
	ExecStopPost=systemctl poweroff -ff
	EOF
}

# A root file system with what the guest does not need left out, and a data disk
# with a file that it must find.
images() {
	local boot=$WORK/boot
	overlay boot "$WORK/root.upper:$BASE"
	(cd "$boot" && rm -rf build usr/src usr/include usr/share/doc usr/share/man usr/lib/gcc \
		usr/lib/x86_64-linux-gnu/perl* usr/lib/x86_64-linux-gnu/lib?san.so* var/lib/apt var/cache \
		lib/modules/*/kernel/sound lib/modules/*/kernel/net \
		lib/modules/*/kernel/drivers/{gpu,media,net,infiniband,staging,iio,usb}) || return
	echo 'LABEL=data /data ext4 defaults 0 2' >"$boot/etc/fstab"
	mkdir "$boot/data" "$WORK/content" || return
	cp "$QEMU_DIR/package-job.sh" "$boot/root/job" &&
		job_unit >"$boot/etc/systemd/system/job.service" &&
		head -c 4M /dev/urandom >"$WORK/content/file" &&
		(cd "$WORK/content" && sha256sum file >sum) || return
	truncate -s 1500M "$WORK/root.img" && truncate -s 64M "$WORK/data.img" &&
		mke2fs -q -t ext4 -L root -d "$boot" "$WORK/root.img" &&
		mke2fs -q -t ext4 -L data -d "$WORK/content" "$WORK/data.img"
}

# guest INITRD JOB [PARAMETER]: what it says on its second serial port is the result
guest() {
	local out=$WORK/guest-$2 qemu
	mapfile -t qemu < <("$QEMU_DIR/qemu.sh")
	timeout -k 5 400 "${qemu[@]}" -M q35 -accel "${ACCEL:-tcg}" -cpu max -smp 2 -m 1024 \
		-nodefaults -no-user-config -display none -no-reboot -snapshot \
		-serial "file:$out.console" -serial "file:$out" \
		-device "ich9-ahci,id=data,bus=pcie.0,addr=8" \
		-drive "if=none,id=root,format=raw,file=$WORK/root.img" -device ide-hd,bus=ide.0,drive=root \
		-drive "if=none,id=d0,format=raw,file=$WORK/data.img" -device ide-hd,bus=data.0,drive=d0 \
		-kernel "$ROOT"/boot/vmlinuz-* -initrd "$WORK/initrd-$1" \
		-append "console=ttyS0 root=LABEL=root rw no_timer_check systemd.wants=job.service job=$2 ${3:-}" || return
	# a terminal's line ends
	tr -d '\r' <"$out" | tee "$out.log" && grep -qx 'end 0' "$out.log"
}

find_base
rm -rf "$WORK"
mkdir -p "$WORK"
overlay root "$BASE"
mount -t proc proc "$ROOT/proc"
files >"$WORK/before"
step "an older version builds" build 0.0.1
step "version $VERSION builds" build "$VERSION"
step "lintian" lint
step "the older one installs, dkms builds and signs it" install_package 0.0.1
step "modules and initramfs" installed 0.0.1
step "upgrade" install_package "$VERSION"
step "modules and initramfs" installed "$VERSION"
step "a data controller goes into the initramfs" list $DATA
step "a root disk's does" list $DATA $BOOT
step "images" images
step "guest: the data controller is taken, given back, and taken again" guest 1 data
step "guest: root on ahci_split" guest 2 root
step "guest: ata_split=off" guest 2 off ata_split=off
rm "$ROOT"/etc/driverctl.d/pci-*
step "purge leaves nothing" purge
step "make install, make uninstall" by_hand
exit $BAD
