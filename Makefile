# SPDX-License-Identifier: GPL-2.0
#
# What a person types. How the modules are built is in Kbuild.

KDIR ?= /lib/modules/$(shell uname -r)/build
QEMU := selftests/qemu
# What "make check-all" boots: see selftests/qemu/check.sh.
KERNELS := latest latest-kcsan 6.12-rt 6.12-distro 6.1-distro

.PHONY: modules modules_install run check check-all bench bench-full shell lint kselftest clean help
.DEFAULT_GOAL := modules

modules modules_install: | headers
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" W=1 $@

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

# Both run, then the exit status tells.
check-all:
	@bad=0; \
	$(QEMU)/lint.sh || bad=1; \
	KERNEL="$(KERNELS)" $(QEMU)/check.sh || bad=1; \
	exit $$bad

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
	@echo 'make modules_install   install them there (as root)'
	@echo 'make run        the driver in QEMU: file system, fio, comparison with stock ahci'
	@echo 'make check      the selftests in QEMU under kernels with lockdep and KASAN'
	@echo '                KERNEL="6.1 6.12-distro latest-kcsan"  GUEST="plain iommu"  TEST=sizes'
	@echo 'make check-all  that, lint, and guests under Debian'\''s own kernels, PREEMPT_RT, KCSAN'
	@echo 'make bench      stock ahci against the split: instructions under the lock, and more'
	@echo 'make bench-full  all of the measurements, about an hour'
	@echo 'make shell      an interactive guest with the driver loaded'
	@echo '                KERNEL=6.12  VARIANT=distro|debug|lockdep'
	@echo 'make lint       checkpatch, sparse, shellcheck, kernel-doc'
	@echo 'make kselftest  the kselftest framework, for make -C selftests run_tests'
	@echo 'make clean      remove what was built here'
	@echo
	@echo 'Kernels and packages are cached in ATA_SPLIT_CACHE, now'
	@echo "    $${ATA_SPLIT_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/ata_split}"
