# SPDX-License-Identifier: GPL-2.0
#
# What a person types. How the modules are built is in Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build
QEMU := selftests/qemu
# What "make check-all" boots: see selftests/qemu/check.sh.
KERNELS := latest latest-kcsan 6.12-rt 6.12-distro 6.1-distro
# How often "make soak" kills a guest.
KILLS ?= 100

# Where "make install" puts things, as usual; depmod prefers updates/.
PREFIX ?= /usr/local
INSTALL_MOD_PATH ?= $(DESTDIR)
INSTALL_MOD_DIR ?= updates
# What Debian's headers answer to "make kernelrelease" is another version.
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$(KDIR)/include/generated/utsrelease.h")
depmod = depmod $(if $(INSTALL_MOD_PATH),-b "$(INSTALL_MOD_PATH)") "$(release)"
moddir = $(INSTALL_MOD_PATH)/lib/modules/$(release)/$(INSTALL_MOD_DIR)/drivers
sbindir := $(DESTDIR)$(PREFIX)/sbin
mandir := $(DESTDIR)$(PREFIX)/share/man/man8
tooldir := $(DESTDIR)$(PREFIX)/share/ata_split
unitdir := $(DESTDIR)$(PREFIX)/lib/systemd/system/driverctl@.service.d
# initramfs-tools does not look below /usr/local.
initramfs := $(DESTDIR)$(if $(filter /usr,$(PREFIX)),/usr/share,/etc)/initramfs-tools

.PHONY: modules modules_install install install_tools uninstall deb htmldocs
.PHONY: run check check-package check-all news pin fuzz soak bench bench-full shell lint kselftest clean help
.DEFAULT_GOAL := modules

modules: | headers
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" W=1 $@

# kbuild leaves depmod out where only headers are installed.
modules_install: | headers
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" INSTALL_MOD_PATH="$(INSTALL_MOD_PATH)" \
		INSTALL_MOD_DIR="$(INSTALL_MOD_DIR)" $@
	$(depmod)

install: modules_install install_tools

install_tools:
	install -D -m 755 drivers/ahci_split/splitctl "$(sbindir)/splitctl"
	install -D -m 644 Documentation/splitctl.8 "$(mandir)/splitctl.8"
	install -d "$(tooldir)"
	install -m 755 tools/*.bt "$(tooldir)"
	install -D -m 644 boot/driverctl.conf "$(unitdir)/ata_split.conf"
	install -D -m 755 boot/initramfs-hook "$(initramfs)/hooks/ata_split"
	install -D -m 755 boot/initramfs-script "$(initramfs)/scripts/init-top/ata_split"

# The modules of the kernel in KDIR; those in use stay loaded.
uninstall: | headers
	rm -f "$(moddir)"/ata_split/ata_split.ko* "$(moddir)"/ahci_split/ahci_split.ko*
	rmdir -p "$(moddir)"/ata_split "$(moddir)"/ahci_split 2>/dev/null || true
	$(depmod)
	rm -f "$(sbindir)/splitctl" "$(mandir)/splitctl.8" "$(unitdir)/ata_split.conf"
	rm -f "$(initramfs)/hooks/ata_split" "$(initramfs)/scripts/init-top/ata_split"
	rm -f $(patsubst tools/%,"$(tooldir)"/%,$(wildcard tools/*.bt))
	rmdir "$(unitdir)" "$(tooldir)" 2>/dev/null || true

deb:
	@debian/build.sh

htmldocs:
	@Documentation/htmldocs.sh

.PHONY: headers
headers:
	@test -e "$(KDIR)/Makefile" || { \
		echo "There are no kernel headers in $(KDIR)."; \
		echo "Install those of the running kernel:"; \
		echo "    apt-get install linux-headers-$$(uname -r)"; \
		echo "or name others: make KDIR=/path/to/headers"; \
		echo "To try the driver without either: make run"; \
		exit 1; } >&2

run shell:
	@$(QEMU)/run.sh $@

check lint:
	@$(QEMU)/$@.sh

# The package in a chroot, and what it installs in a guest.
check-package:
	@GUEST=host TEST=package $(QEMU)/check.sh

# Both run, then the exit status tells.
check-all:
	@bad=0; \
	$(QEMU)/lint.sh || bad=1; \
	KERNEL="$(KERNELS)" $(QEMU)/check.sh || bad=1; \
	exit $$bad

# What the mirror has that this tree was not checked against.
news pin:
	@$(QEMU)/fetch.sh update && $(QEMU)/news.sh $@

# Two hundred rounds of what "make check" does a few of, two minutes for each; and
# guests that are killed while they write; and a million misbehaviours of an HBA.
soak: export ROUNDS ?= 200
soak: export TIMEOUT ?= 24000
soak: export LIMIT ?= 144000
soak:
	@bad=0; \
	GUEST="manage slot suspend restart scarce" \
	TEST="reconfigure bind_unbind load_unload hotplug suspend restart scarcity" \
		$(QEMU)/check.sh || bad=1; \
	KERNEL=6.12-distro GUEST=kexec $(QEMU)/check.sh || bad=1; \
	GUEST="$$(shuf -i 1-999999 -n $(KILLS) | sed s/^/crash-/)" $(QEMU)/check.sh || bad=1; \
	BEHAVIOURS=1000000 GUEST=hba_fuzz $(QEMU)/check.sh || bad=1; \
	exit $$bad

fuzz:
	@selftests/fuzz/fuzz.sh

bench:
	@selftests/bench/bench.sh quick

bench-full:
	@selftests/bench/bench.sh full

kselftest:
	@$(QEMU)/kselftest.sh prepare

# The caches outside of the checkout stay: they serve other checkouts as well.
clean:
	@find drivers -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' \) -delete
	@rm -rf build .*.cmd .tmp_versions *.o *.mod* Module.symvers modules.order

help:
	@echo 'make            the modules, for KDIR=$(KDIR)'
	@echo 'make install    modules, splitctl, man page and boot scripts (as root)'
	@echo '                PREFIX=$(PREFIX)  DESTDIR=  INSTALL_MOD_DIR=$(INSTALL_MOD_DIR)'
	@echo 'make uninstall  remove them, with the same variables'
	@echo 'make deb        the Debian package ata-split-dkms'
	@echo 'make htmldocs   Documentation/ as HTML'
	@echo 'make run        the driver in QEMU: file system, fio, comparison with stock ahci'
	@echo 'make check      the selftests in QEMU under kernels with lockdep and KASAN'
	@echo '                KERNEL="6.1 6.12-distro latest-kcsan"  GUEST="plain iommu"  TEST=sizes'
	@echo 'make check-package  build, install, upgrade, purge and boot the Debian package'
	@echo 'make check-all  that, lint, and guests under Debian'\''s own kernels, PREEMPT_RT, KCSAN'
	@echo 'make news       is a newer kernel on the mirror, and what does it change?  make pin: use it'
	@echo 'make fuzz       random commands to stock ahci and to the split: same answers, same disks?'
	@echo '                TIME=60 (seconds)  SEED=1  OPS=0-99,340  KIND=fis'
	@echo '                KIND=hba BEHAVIOURS=20000: an HBA that misbehaves, to either'
	@echo 'make soak       reconfiguration under load, ROUNDS=200 of each, and KILLS=$(KILLS) crashes: many hours'
	@echo 'make bench      stock ahci against the split: instructions under the lock, and more'
	@echo 'make bench-full  all of the measurements, about an hour'
	@echo 'make shell      an interactive guest with the driver loaded'
	@echo '                KERNEL=6.12  VARIANT=distro|debug|lockdep'
	@echo '                HBA="ports 8; msi 8; disk 0 1G": with a model of an HBA instead of QEMU'\''s'
	@echo 'make lint       checkpatch, sparse, shellcheck, kernel-doc'
	@echo 'make kselftest  the kselftest framework, for make -C selftests run_tests'
	@echo 'make clean      remove what was built here'
	@echo
	@echo 'Kernels and packages are cached in ATA_SPLIT_CACHE, now'
	@echo "    $${ATA_SPLIT_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/ata_split}"
