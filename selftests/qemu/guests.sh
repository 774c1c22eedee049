# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # shared with guest.sh
#
# The guests, one function each; guest NAME-ARGUMENT is guest_NAME ARGUMENT. A
# function adds hardware with the helpers below and may set:
#
#   tests     patterns of the tests to run there, without .sh    (all)
#   not       patterns of those to leave out                     (none)
#   append    kernel command line                                (none)
#   driver    ahci_split or ahci                                 (ahci_split)
#   ata_split, ahci_split   module parameters                    (none)
#   modules   further modules to load                            (none)
#   build     "test" for the driver's test variant               (none)
#   limit     seconds until the guest is killed                  (600)
#   boot      seconds until its PID 1 must have said something   (300)
#   memory, cpus            size                                 (1536, 2)
#   files     of the host, to be in /guest                      (none)
#   log       what QEMU logs, as for its -d                     (guest_errors,unimp)
#   channel   virtio or serial, for what the guest reports       (virtio)
#   complaints  "expected" where the kernel, or the model HBA, is meant to complain (none)
#   crash     seed: QEMU is killed, and durable.py looks at the disks  (none)
#   noise       what QEMU may complain of, a pattern             (nothing)
#   expect    what the harness must report, for tests of itself: lines of a
#             state, a test and the beginning of the reason       (all ok)

# Rules of the partition that a guest each breaks. Lockdep falls silent after its
# first report, hence one rule for each boot.
VIOLATIONS="lock_in_build sleep_in_build doorbell_unlocked leak_on_refusal
	shared_table skip_epoch done_outside_rcu no_doorbell miscount
	phantom strand ring_stale"

# QEMU's disk is given a queued command under a tag that it still executes.
NOISE_TAG_IN_USE="process_ncq_command: tag [0-9]* already used"

# guests_of VARIANT [SERIES]: the guests of "make check" for a kernel, in the order they
# are started, after the tests that need none (host).
guests_of() {
	case $1 in
	distro)
		echo plain refusal kexec hba
		# What the other lacks a driver for, has no need of, or shows as well.
		if [ "${2:-}" = 6.1 ]; then
			echo bpftrace splitctl hba_devices hba_caps hba_msi hba_one
		else
			echo viommu hba_stock hba_media
		fi ;;
	rt) echo plain refusal ;;
	kcsan) echo kcsan violation-sactive_in_build ;;
	*) echo host plain manage iommu interface lies stuck faults swiotlb hba_intx races refusal \
		suspend crash-1 crash-2 crash-3 hba hba_fuzz \
		meta meta_qemu meta_hang meta_panic meta_crash meta_hba meta_hba_log meta_hba_line ;
	   # shellcheck disable=SC2086 # words
	   printf 'violation-%s\n' $VIOLATIONS ;;
	esac
}

# Tests that need a guest of their own.
SPECIAL="passthrough_error* io_error* faults* hotplug* scarcity* restart* suspend* races*
	violation* durable* lies* stuck* gone* bpftrace* ncq_error* dma_mode*
	splitctl* hba_*"

# Tests of what people do to a driver, and of what they do it with.
MANAGE="reconfigure* bind_unbind* load_unload* sysfs* direction*"
INTERFACE="parameters* hostile*"

# On the model HBA: disks, and what else there is at its ports.
HBA="hba_vectors hba_order hba_unplug hba_errors hba_cache"
HBA_DEVICES="hba_atapi hba_pmp hba_power hba_enclosure hba_media"

# One controller with all its ports in use, and every test of what commands do. Most of
# the memory is above 4 GiB.
guest_plain() {
	six_disks
	memory=5120
	not="$SPECIAL $MANAGE $INTERFACE atapi*"
	limit=1500
}

# The same controller, and what people do to a driver.
guest_manage() {
	six_disks
	tests=$MANAGE
	limit=1500
}

# The same behind an IOMMU, where a shared lock that let anything stray is a fault.
guest_interface() {
	device intel-iommu,intremap=on,caching-mode=on
	six_disks
	append="intel_iommu=on iommu.strict=1"
	tests=$INTERFACE
	limit=1500
}

# splitctl, with all that may hold a disk or a controller: Debian's kernels have more of
# that than the test kernels.
guest_splitctl() {
	guest_interface
	tests="splitctl*"
}

# The same through bounce buffers: a copy is made in dma_map_sg() and another
# one back at unmap, so a missing or late unmap shows as wrong data. With a
# second controller, so some tests that want to be alone skip here.
guest_swiotlb() {
	six_disks
	cdrom ide.0
	controllers+=(0000:00:1f.2)
	append="swiotlb=force"
	tests="sizes atapi dma_mode"
}

# The same behind an IOMMU that forgets mappings at once: a device access
# after the unmap, or to a wrong address, is a fault instead of corruption. So is one
# to half of an address: all are above 4 GiB. The CD-ROM shares a controller with disks.
guest_iommu() {
	local i
	device intel-iommu,intremap=on,caching-mode=on
	controller ahci0 8
	for i in 0 1 2 3 4; do
		disk ahci0 "$i"
	done
	cdrom ahci0.5
	append="intel_iommu=on iommu.strict=1 iommu.forcedac=1"
	tests="all_disks sizes atapi timeout bind_unbind dma_mode"
	limit=1500
}

# The same behind QEMU's own IOMMU, with Debian's newer kernels.
guest_viommu() {
	device virtio-iommu-pci
	six_disks
	modules=virtio_iommu
	append="iommu.strict=1"
	tests="all_disks sizes timeout bind_unbind"
}

# A disk that refuses a command, amid queued ones. QEMU's keeps the error status
# and reports it again with the next queued command, whatever the driver: libata
# retries that one while QEMU still executes it, and ends up without NCQ. And another
# disk with a bad sector.
guest_refusal() {
	local i
	controller ahci0 8
	for i in 0 1 2 3 4; do
		disk ahci0 $i
	done
	bad_disk ahci0 5 20480
	tests="passthrough_error* io_error*"
	noise=$NOISE_TAG_IN_USE
}

# Disks that the tests break, slow down and repair at run time. As with refusal,
# libata retries commands that QEMU still executes.
guest_faults() {
	local i
	controller ahci0 8
	for i in 0 1 2; do
		disk ahci0 $i
	done
	monitor
	tests="faults*"
	limit=1000
	noise=$NOISE_TAG_IN_USE
}

# Allocations that fail, by a kernel that knows whose they were, and bounce buffers
# for four of the largest requests at a time. One disk, as it comes and goes often, and
# no interrupt routing by ACPI, whose interpreter uses freed memory when it gets none.
guest_scarce() {
	controller ahci0 8
	disk ahci0 0
	monitor
	append="slub_debug=U swiotlb=512,force acpi=noirq"
	tests="scarcity*"
}

# A controller in a slot of its own, which can lose its power: what is read and
# written then is nobody's.
guest_slot() {
	local i
	machine+=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off)
	device "pcie-root-port,id=slot0,addr=5,chassis=1,slot=1"
	device "ich9-ahci,id=ahci0,bus=slot0"
	controllers+=(0000:01:00.0)
	for i in 0 1; do
		disk ahci0 $i
	done
	export_env ATA_SPLIT_SLOT=0000:00:05.0
	tests="hotplug*"
	noise="Invalid \(read\|write\) at addr .*region '(null)', reason: rejected"
}

# A machine that starts again, as only this one may; but not after a panic.
guest_restart() {
	six_disks
	machine+=(-action reboot=reset)
	append="panic=0 panic_on_warn=1"
	export_env ATA_SPLIT_RESTART=1
	tests="restart*"
	limit=1000
}

# A kernel that starts itself. The new one is in memory three times before it runs.
guest_kexec() {
	six_disks
	append="panic=0 panic_on_warn=1"
	memory=2048
	files=("$KIT/vmlinuz")
	export_env ATA_SPLIT_RESTART=1 ATA_SPLIT_KEXEC=/guest/vmlinuz
	tests="restart*"
}

# bpftrace, with LLVM two hundred megabytes, and a kernel that has BPF.
guest_bpftrace() {
	controller ahci0 8
	disk ahci0 0
	memory=2560
	mapfile -t files < <(type -P bpftrace; printf '%s\n' "$TOP"/tools/*.bt
		printf '%s\n' "$TOP"/selftests/bench/{hold-time.bt,pair-job.sh,load.fio}
		ldd "$(type -P bpftrace)" | sed -n 's/.* => \(\/[^ ]*\).*/\1/p')
	export_env PATH=/usr/sbin:/usr/bin:/guest LD_LIBRARY_PATH=/guest ATA_SPLIT_TOOLS=/guest
	tests="bpftrace*"
}

# The driver's test variant, which holds commands at chosen places, and the model HBA,
# which holds them in flight. Two processors are held, so there must be two more.
guest_races() {
	six_model_disks
	cpus=4
	build="test"
	export_env ATA_SPLIT_VARIANT=test
	tests="races*"
}

# Registers that lie, and registers that are gone.
guest_lies() {
	hba hba0 8 "ports 6" "disk 0 256M" "disk 1 256M"
	tests="lies gone"
	limit=1000
}

# A port that does not stop; libata complains later.
guest_stuck() {
	hba hba0 8 "ports 2" "disk 0 64M"
	tests="stuck"
	complaints="expected"
}

# I/O, error handling, rescans and passthrough under the data race detector.
guest_kcsan() {
	six_disks
	tests="all_disks queue_depth passthrough timeout ncq_off reconfigure bind_unbind"
	limit=1200
}

guest_violation() {
	guest_races
	tests="violation"
	complaints="expected"
	export_env "ATA_SPLIT_VIOLATION=$1"
}

# Killed while it writes; the argument is the seed that says when, and what the disks
# forget of what was not flushed. Host and disks agree on the order of things because
# QEMU has one thread to write them down.
guest_crash() {
	crash=$1
	: >"$dir/acks"
	machine+=(-object "main-loop,id=main-loop,thread-pool-max=1" -pidfile "$dir/pid"
		-chardev "file,id=acks,path=${dir//,/,,}/acks")
	device "virtserialport,chardev=acks,name=ata_split.acks"
	controller ahci0 8
	logged_disk ahci0 0
	logged_disk ahci0 1 write-cache=off
	logged_disk ahci0 2
	tests="durable"
	export_env "ATA_SPLIT_DURABLE=$crash"
}

# A virtio port does not come back from suspend with its writer, a UART does. On the model
# HBA, because a register access in D3 is a breach of its rules.
guest_suspend() {
	six_model_disks "enclosure led"
	export_env ATA_SPLIT_D3=1
	channel=serial
	tests="suspend*"
}

# The disks of a model of an HBA. What each guest with a model shows besides its tests:
# whether the driver broke a rule of AHCI's.
guest_hba() {
	hba_with
}

# hba_with LINE...: such an HBA
hba_with() {
	six_model_disks "msix 6" "$@"
	export_env ATA_SPLIT_VECTORS=ports
	append="libata.fua=1"
	tests="$HBA ncq_error"
	limit=1500
}

# Other devices than disks, and what the driver has no support for.
guest_hba_devices() {
	# A mobile chip, whose links have a policy by default with any kernel.
	hba_with "id 8086:9d03"
	three_drives
	hba hba2 a "ports 2" "cap +SPM +FBSS +SSNTF" "pmp 0 5" "disk 0.0 64M" "disk 0.1 64M" \
		"disk 0.2 64M" "disk 0.3 64M" "disk 0.4 64M" "disk 1 64M"
	export_env ATA_SPLIT_PMP=0000:00:0a.0
	guest_hba_media
	append+=" libata.atapi_an=1 libata.force=7:atapi_mod16_dma"
	tests=$HBA_DEVICES
}

# Disks of other kinds. Alone with Linux 6.12: 6.1 knows no command duration limits.
guest_hba_media() {
	hba hba3 b "ports 6" "disk 0 128M zones=4M conventional=2 aux" \
		"disk 1 128M zones=4M conventional=2" "disk 2 3T" "disk 3 64M aux prio" "disk 4 64M cdl=13" \
		"disk 5 64M cdl=15"
	export_env ATA_SPLIT_MEDIA=0000:00:0b.0
	tests=hba_media
}

# All of that with stock ahci.
guest_hba_stock() {
	guest_hba_devices
	tests="$HBA $HBA_DEVICES ncq_error"
	driver=ahci
}

# One that misbehaves by chance, see selftests/fuzz/fuzz.sh.
guest_hba_fuzz() {
	six_model_disks "msix 6"
	tests="hba_fuzz*"
	limit=1500
	export_env "ATA_SPLIT_SEED=${SEED:-1}" "ATA_SPLIT_BEHAVIOURS=${BEHAVIOURS:-20000}"
	fuzz_fault "$driver"
}

# HBAs of many kinds, one after the other, and memory above 4 GiB. The PCI id is that of an
# Intel chip (ICH9) whose ports drivers enable.
guest_hba_caps() {
	six_model_disks "id 8086:2922"
	memory=5120
	tests="hba_caps* hba_params*"
}

# A vector for each port by MSI, of which there are more than ports; Linux wants an IOMMU.
guest_hba_msi() {
	device intel-iommu,intremap=on,caching-mode=on
	six_model_disks "msi 8"
	export_env ATA_SPLIT_VECTORS=ports
	append="intel_iommu=on iommu.strict=1"
	tests="hba_vectors"
}

# Fewer vectors than ports: the HBA reverts to one (AHCI 1.3.1, 3.1.2 MRSM).
guest_hba_one() {
	device intel-iommu,intremap=on,caching-mode=on
	six_model_disks "msi 4"
	tests="hba_vectors"
}

# The line that all ports share; and disks amid the others that libata is told to drive
# without NCQ, and without DMA.
guest_hba_intx() {
	six_model_disks "msi 0"
	append="libata.force=2:noncq,3:pio4"
	tests="hba_vectors all_disks"
}

# The harness itself. These tests live in meta/ and some must fail.
guest_meta() {
	controller ahci0 8
	disk ahci0 0
	driver=ahci
	collection=meta
	modules=lkdtm
	tests="clean warns fails hangs skips"
	expect="not_ok warns kernel: WARNING:
		not_ok fails exit=1
		not_ok hangs TIMEOUT 5
		skip skips"
}

# A complaint of QEMU's about what the guest did to its hardware.
guest_meta_qemu() {
	guest_meta
	tests="pokes"
	expect="not_ok guest QEMU: Attempted write"
}

# No verdict, since the guest does not come to its end.
guest_meta_hang() {
	guest_meta
	tests="stops"
	limit=45
	expect="not_ok stops no result
		not_ok guest killed after"
}

guest_meta_panic() {
	guest_meta
	tests="panics"
	expect="not_ok panics no result
		not_ok guest it ended without a verdict"
}

# What a model of an HBA has seen during a test fails that test,
guest_meta_hba() {
	hba hba0 8 "ports 1" "disk 0 64M"
	driver=ahci
	collection=meta
	tests="breaks clean"
	expect="not_ok breaks hba: port 0: PxCI"
}

# outside of a test it fails the guest,
guest_meta_hba_log() {
	guest_meta_hba
	tests="denies"
	expect="not_ok guest hba0: breach: port 0: PxCI"
}

# and so does a model that does not begin.
guest_meta_hba_line() {
	guest_meta_hba
	hba hba1 9 "nonsense"
	tests="clean"
	expect="not_ok clean no result
		not_ok guest hba1 is not ready: "
}

# Nothing is flushed, and the host has to find out.
guest_meta_crash() {
	guest_crash 1
	export_env ATA_SPLIT_UNSTABLE=1
	expect="not_ok durable lost:"
}

# For "make run".
guest_run() {
	six_disks
	limit=240
}

# For "make shell". HBA is lines of the model's control language, with semicolons.
guest_shell() {
	local lines
	if [ -n "${HBA:-}" ]; then
		mapfile -t lines < <(tr ';' '\n' <<<"$HBA" | sed 's/^ *//; s/ *$//; /^$/d')
		hba hba0 8 "${lines[@]}"
		return
	fi
	six_disks
	cdrom ide.0
	controllers+=(0000:00:1f.2)
}

# For "make bench", see selftests/bench/bench.sh: disks that cost nothing, and a
# clock that counts instructions. A second CPU that is never started, since with one
# possible CPU blk-mq completes in the interrupt handler, under stock ahci's lock. And
# time is read from the TSC as on real machines, of which Linux must be told: it takes
# the HPET otherwise, several times for each I/O.
guest_hold() {
	controller ahci0 8
	null_disk ahci0 0
	cpus=2
	append="maxcpus=1 tsc=reliable"
	boot=1200
	machine+=(-icount "shift=3,sleep=off")
	plugin "$([ "$1" != slow ] || echo devices=slow)"
	bench
	export_env "BENCH_MODE=$1" "BENCH_ROWS=$BENCH_ROWS" "BENCH_DRIVERS=$BENCH_DRIVERS"
	case $1 in
	direct | slow) ;;
	swiotlb) append+=" swiotlb=force" ;;
	iommu)
		# Before the controller: it must be there when that is.
		machine=(-device "intel-iommu,intremap=on,caching-mode=on" "${machine[@]}")
		append+=" intel_iommu=on iommu.strict=1" ;;
	viommu)
		machine=(-device virtio-iommu-pci "${machine[@]}")
		modules=virtio_iommu
		append+=" iommu.strict=1" ;;
	*) die "guest hold: what is '$1'?" ;;
	esac
}

# For "make bench-full": time instead of instructions, with CPUS at work.
guest_pair() {
	local i
	controller ahci0 8
	for i in 0 1 2 3 4 5; do
		null_disk ahci0 $i
	done
	cpus=$1
	bench
	export_env "BENCH_LOADS=$BENCH_LOADS" "BENCH_ROUNDS=$BENCH_ROUNDS" BENCH_FIO=/guest
}

# The same on the model HBA, which has a vector for each port.
guest_vectors() {
	six_model_disks "msix 6"
	bench
	export_env "BENCH_LOADS=$BENCH_LOADS" "BENCH_ROUNDS=$BENCH_ROUNDS" BENCH_FIO=/guest \
		BENCH_VECTORS=6
}

# For "make fuzz", see selftests/fuzz: one of two that get the same commands, and
# the port by which. The disks are large, so that each byte of an address counts,
# and sparse. The fault is one of the driver's test variant.
guest_fuzz() {
	local i
	driver=$1
	controller ahci0 8
	for i in 0 1 2 3 4 5; do
		disk ahci0 $i 3T
	done
	mkfifo "$dir/fuzz.in" "$dir/fuzz.out"
	# shellcheck disable=SC2054 # the commas are QEMU's
	machine+=(-chardev "pipe,id=fuzz,path=${dir//,/,,}/fuzz"
		-device virtserialport,chardev=fuzz,name=ata_split.fuzz)
	noise=$NOISE_TAG_IN_USE
	append="libata.force=max_sec_lba48"
	limit=${FUZZ_LIMIT:-600}
	[ -z "${FUZZ_DEPTH:-}" ] || export_env "FUZZ_DEPTH=$FUZZ_DEPTH"
	fuzz_fault "$driver"
}

# The same, one command at a time, and the command FISes are in QEMU's log.
guest_fis() {
	FUZZ_DEPTH=1
	guest_fuzz "$1"
	log+=,trace:handle_cmd_fis_dump,trace:process_ncq_command_mismatch
	noise+='\|^handle_cmd_fis_dump .*\|^0x[0-9a-f]*: .*'
}

# For host/doorbell.sh: a disk, and each write to a register in QEMU's log.
guest_doorbell() {
	controller ahci0 8
	disk ahci0 0
	log+=,trace:ahci_mem_write
	noise='ahci_mem_write .*'
}

# For host/registers.sh: a disk, one with a bad sector, a CD-ROM and a disk without
# hard resets, by either driver, and each write to a register or to configuration space
# in QEMU's log. A virtio
# port does not come back from suspend, and the machine only partly (what QEMU rejects
# is configuration space): its power cannot be switched off any more.
guest_registers() {
	driver=$1
	channel=serial
	end=reboot
	files=("$TOP/selftests/host/registers/disks.sh")
	controller ahci0 8
	disk ahci0 0
	bad_disk ahci0 1 20480
	cdrom ahci0.3
	disk ahci0 4
	append="libata.force=5:nohrst"
	log+=,trace:ahci_mem_write,trace:pci_cfg_write
	noise='ahci_mem_write .*\|pci_cfg_write .*\|^Invalid [a-z]* at addr 0xB.*reason: rejected'
}

# For host/model.sh: stock ahci, each access to a register, and one processor, so that
# no interrupt is handled while something else accesses registers. The argument says
# whose AHCI: QEMU's, or the model's.
guest_model() {
	driver=ahci
	cpus=1
	files=("$TOP/selftests/host/registers/disks.sh")
	if [ "$1" = qemu ]; then
		controller ahci0 8
		disk ahci0 0
		bad_disk ahci0 1 20480
		disk ahci0 4
		log+=,trace:ahci_mem_read,trace:ahci_mem_write
		noise='ahci_mem_[a-z]* .*'
	else
		hba hba0 8 "ports 6" "vs 0x10000" "cap -SCLO" "tracefile $dir/trace" \
			"disk 0 256M" "disk 1 256M" "disk 4 256M" "bad 1 20480"
	fi
}

# For host/quirks.sh: a notebook whose on-board controller needs a BIOS of 5 January
# 2009 or later to resume, and another controller. The argument is that BIOS' day.
guest_board() {
	# shellcheck disable=SC2054 # the commas are QEMU's
	machine+=(-smbios "type=0,date=01/0$1/2009"
		-smbios "type=1,manufacturer=Hewlett-Packard,product=HP Pavilion dv4 Notebook PC")
	driver=ahci
	controller ahci0 8
	disk ahci0 0
	export_env "QUIRKS_DAY=$1"
}

# QEMU's disks look like parallel ones behind a bridge, which libata does not trust
# with more than 128 KiB at a time unless it is told to.
bench() {
	append+=" libata.force=max_sec_lba48"
	files=("$TOP"/selftests/bench/*.fio "$BUILD/bench/mark")
	limit=3600
}

# The plugin that counts, and register accesses, in QEMU's log; and the port by
# which the guest speaks to the plugin. Its argument is an option of the plugin's,
# or nothing.
plugin() {
	: >"$dir/commands"
	machine+=(-chardev "file,id=mark,path=${dir//,/,,}/commands"
		-device "isa-debugcon,iobase=0xe9,chardev=mark"
		-plugin "$BUILD/bench/hold.so,commands=${dir//,/,,}/commands${1:+,$1}")
	log+=,plugin,trace:ahci_mem_read,trace:ahci_mem_write
	noise='hold .*\|^ahci_mem_.*'
}

# Helpers ----------------------------------------------------------------

device() {
	machine+=(-device "$1")
}

# controller ID SLOT: a further AHCI controller, at 0000:00:SLOT.0.
controller() {
	device "ich9-ahci,id=$1,bus=pcie.0,addr=$2"
	controllers+=("$(printf '0000:00:%02x.0' "0x$2")")
}

# hba ID SLOT LINE...: a model of an AHCI controller (see selftests/hba), at
# 0000:00:SLOT.0, and a port of the guest's that leads to it (see selftests/hba.sh). The
# lines, of its control language, say what it is: "ports 6", "disk 0 256M". Disks are
# counted for the first controller, which is the one whose disks the guest waits for.
hba() {
	local lines
	lines=$(printf '%s\n' "${@:3}")
	[ -n "$sockets" ] || sockets=$(mktemp -d /tmp/ata_split.XXXXXX)
	device "{\"driver\":\"vfio-user-pci\",\"id\":\"$1\",\"bus\":\"pcie.0\",\"addr\":\"$2.0\",\"socket\":{\"type\":\"unix\",\"path\":\"$sockets/$1.vfio\"}}"
	machine+=(-chardev "socket,id=$1-control,path=$sockets/$1.control"
		-device "virtserialport,chardev=$1-control,name=hba.$1")
	[ ${#controllers[@]} -gt 0 ] || ndisks=$(grep -c '^disk ' <<<"$lines") || true
	controllers+=("$(printf '0000:00:%02x.0' "0x$2")")
	hbas+=("$1")
	hba_lines[$1]=$lines
}

# backend ID SIZE: node ID-file, an empty image that the host need not keep.
backend() {
	truncate -s "$2" "$dir/$1.img"
	machine+=(-blockdev "driver=file,node-name=$1-file,filename=${dir//,/,,}/$1.img,discard=unmap,cache.no-flush=on")
}

# frontend CONTROLLER PORT NODE [OPTION]: the disk, known by its serial number.
frontend() {
	machine+=(-blockdev "driver=raw,node-name=$1-$2,file=$3,discard=unmap")
	device "ide-hd,bus=$1.$2,drive=$1-$2,serial=$1-$2,discard_granularity=512,rerror=report,werror=report${4:+,$4}"
	ndisks=$((ndisks + 1))
}

# disk CONTROLLER PORT [SIZE]: a disk with the serial number CONTROLLER-PORT.
disk() {
	backend "$1-$2" "${3:-256M}"
	frontend "$1" "$2" "$1-$2-file"
}

# null_disk CONTROLLER PORT: a disk that takes no time and keeps nothing. It says that
# it does not rotate, or its requests feed the random number generator.
null_disk() {
	machine+=(-blockdev "driver=null-co,node-name=$1-$2-null,size=68719476736,read-zeroes=on")
	frontend "$1" "$2" "$1-$2-null" rotation_rate=1
}

# bad_disk CONTROLLER PORT SECTOR: a disk with a sector that cannot be read.
bad_disk() {
	backend "$1-$2" 256M
	machine+=(-blockdev "driver=blkdebug,node-name=$1-$2-bad,image=$1-$2-file,inject-error.0.event=none,inject-error.0.iotype=read,inject-error.0.sector=$3,inject-error.0.errno=5,inject-error.0.once=off")
	frontend "$1" "$2" "$1-$2-bad"
	export_env "BAD_SERIAL=$1-$2" "ATA_SPLIT_BAD_LBA=$3"
}

# logged_disk CONTROLLER PORT [OPTION]: one that keeps a log of writes and flushes.
logged_disk() {
	local path=${dir//,/,,}/disk$2
	truncate -s 64M "$dir/disk$2.img"
	: >"$dir/disk$2.writes"
	machine+=(-blockdev "driver=blklogwrites,node-name=$1-$2-log,file.driver=file,file.filename=$path.img,file.cache.no-flush=on,log.driver=file,log.filename=$path.writes,log.cache.no-flush=on")
	frontend "$1" "$2" "$1-$2-log" "${3:-}"
}

# monitor: QEMU's own monitor, as a port of the guest's, for tests that break the
# hardware below them (see selftests/monitor.sh).
monitor() {
	local path=${dir//,/,,}/monitor
	machine+=(-chardev "socket,id=monitor,path=$path,server=on,wait=off"
		-qmp chardev:monitor
		-chardev "socket,id=guest-monitor,path=$path"
		-device "virtserialport,chardev=guest-monitor,name=ata_split.monitor")
}

six_disks() {
	local i
	controller ahci0 8
	for i in 0 1 2 3 4 5; do
		disk ahci0 $i
	done
}

# six_model_disks LINE...: on an HBA that is so; the last of them supports what there is of
# link power management
six_model_disks() {
	hba hba0 8 "ports 6" "$@" "disk 0 256M" "disk 1 256M" "disk 2 256M" \
		"disk 3 256M" "disk 4 256M" "disk 5 256M hipm dipm devslp"
}

# Drives of the model's, on a second HBA, whose first port is ata7: DMA, PIO, DMADIR. And a
# disk.
three_drives() {
	hba hba1 9 "ports 4" "cap +SSNTF" "cdrom 0 1M" "cdrom 1 1M first=100000 dma=off" \
		"cdrom 2 1M first=200000 dmadir=on write=on" "disk 3 64M"
	export_env "ATA_SPLIT_DRIVES=${controllers[1]} hba1"
}

# cdrom BUS: a CD-ROM with random content. Bus ide.0 is that of the controller
# 0000:00:1f.2, which is built into the machine.
cdrom() {
	head -c 4M /dev/urandom >"$dir/cdrom.img"
	machine+=(-blockdev "driver=file,node-name=cd,filename=${dir//,/,,}/cdrom.img,read-only=on"
		-device "ide-cd,bus=$1,drive=cd,serial=cdrom")
	export_env "ATA_SPLIT_CDROM_SHA256=$(sha256sum <"$dir/cdrom.img" | cut -d ' ' -f 1)"
}

# fuzz_fault DRIVER: a fault of ahci_split's that fuzzing must find
fuzz_fault() {
	[ "$1" = ahci_split ] && [ -n "${FUZZ_FAULT:-}" ] || return 0
	build="test"
	ata_split=fault=$FUZZ_FAULT
}

# Variables that the tests of this guest see.
export_env() {
	exported+=("$@")
}
