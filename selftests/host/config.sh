#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Both modules compile at W=1 without a warning when something that they use is
# configured off, and for 32-bit x86; so does the test variant, with what it uses itself.
# That is against the oldest and the newest kernel, configured row by row and only
# prepared for modules. What compiled well is not compiled again until our sources, the
# kernel's or the compiler change.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

GOOD=$CACHE/config/good
DIR=$BUILD/host/config

BASE=(64BIT SMP MODULES BLOCK SYSFS PRINTK BUG PCI PCI_MSI ACPI DMI SUSPEND PM PM_SLEEP
	SCSI BLK_DEV_SD ATA ATA_ACPI SATA_AHCI SATA_HOST SATA_PMP DEBUG_FS FTRACE
	ENABLE_DEFAULT_TRACERS TRACEPOINTS NEW_LEDS LEDS_CLASS LEDS_TRIGGERS
	LEDS_TRIGGER_DISK JUMP_LABEL IRQ_POLL)
# NAME, and how it differs from BASE, where all is on: -OFF, with all of BASE that goes
# along; ON; ?ON if the kernel still has it.
ROWS='base
	PM -PM -PM_SLEEP -SUSPEND
	PM_SLEEP -PM_SLEEP -SUSPEND
	LEDS_TRIGGERS -LEDS_TRIGGERS -LEDS_TRIGGER_DISK
	DEBUG_FS -DEBUG_FS
	TRACEPOINTS -TRACEPOINTS -FTRACE -ENABLE_DEFAULT_TRACERS
	SMP -SMP
	PCI_MSI -PCI_MSI
	ACPI -ACPI -ATA_ACPI
	DMI -DMI
	SATA_PMP -SATA_PMP
	JUMP_LABEL -JUMP_LABEL
	IRQ_POLL -IRQ_POLL
	lockdep DEBUG_KERNEL PROVE_LOCKING
	faults DEBUG_KERNEL FAULT_INJECTION FAULT_INJECTION_DEBUG_FS
	i386 -64BIT X86_32 HIGHMEM4G -X86_PAE
	i386-PAE -64BIT X86_32 X86_PAE ?HIGHMEM64G'

kmake() {
	make -C "$SRC" O="$OUT" "$@"
}

# configure WORD...: Kconfig drops or turns on again as it likes, so look at the result.
configure() {
	local word sym
	local -A want=()
	for word; do
		case $word in
		\?*) ! grep -qx "config ${word#?}" "$SRC/arch/x86/Kconfig" || want[${word#?}]=y ;;
		-*) want[${word#?}]=n ;;
		*) want[$word]=y ;;
		esac
	done
	[ -e "$OUT/tiny" ] || { kmake tinyconfig && mv "$OUT/.config" "$OUT/tiny"; } || return
	{
		cat "$OUT/tiny"
		for sym in "${!want[@]}"; do echo "CONFIG_$sym=${want[$sym]}"; done
	} >"$OUT/.config"
	kmake syncconfig < <(yes '') && kmake -j"$JOBS" modules_prepare || return
	for sym in "${!want[@]}"; do
		[ "$(sed -n "s/^CONFIG_$sym=//p" "$OUT/.config")" = "${want[$sym]#n}" ] ||
			{ echo "error: CONFIG_$sym is not ${want[$sym]}"; return 1; }
	done
}

# 32-bit kernels have no 64-bit division.
modules() {
	compile "$OUT" "$DIR" -j"$JOBS" KCFLAGS=-Werror ATA_SPLIT_TEST="$1" "${@:2}" &&
	! grep -q 'warning:' "$DIR/log" &&
	! find "$DIR" -name '*.o' -exec nm -uA {} + | grep -E '__u?(div|mod)di3' >>"$DIR/log"
}

# planted ROW SED MESSAGE: what SED makes of pci.c must not pass
planted() {
	copy_sources "$DIR"
	sed -i "$2" "$DIR/drivers/ahci_split/pci.c"
	! cmp -s {"$TOP","$DIR"}/drivers/ahci_split/pci.c || { bad "cannot change pci.c"; exit 1; }
	if ! modules 0 drivers/ahci_split/pci.o && grep -q "$3" "$DIR/log"; then
		good "$1: found: $3"
	else
		tail -n 5 "$DIR/log"
		bad "$1: not found: $3"
	fi
}

row() {
	local row=$1 variant variants=0 start=$SECONDS
	configure "${BASE[@]}" "${@:2}" >"$DIR.log" 2>&1 ||
		{ tail -n 5 "$DIR.log"; bad "$row: cannot configure the kernel so"; return; }
	case $row in
	# What only the test variant uses.
	*" base" | *" DEBUG_FS" | *" SMP" | *" faults" | *" i386") variants='1 0' ;;
	esac
	for variant in $variants; do
		copy_sources "$DIR"
		modules "$variant" drivers/ata_split/ drivers/ahci_split/ || {
			grep -E -A 3 'warning:|error:|di3' "$DIR/log"
			bad "$row (variant $variant)"
		}
	done
	case $row in
	*" PM") planted "$row" 's/^#ifdef CONFIG_PM_SLEEP/#if 1/' ata_host_suspend ;;
	*" i386") planted "$row" '$au64 a, b; void d(void);\nvoid d(void) { a /= b; }' __udivdi3 ;;
	esac
	[ $BAD = 1 ] || { touch "$KEY"; good "$row ($((SECONDS - start)) s)"; }
}

mkdir -p "$GOOD" "$BUILD/host"
find "$GOOD" -type f -mtime +60 -delete
inputs=$(cd "$TOP" && { gcc --version | head -n 1; find Kbuild VERSION drivers include "$HOST/config.sh" \
	-type f -regex '.*\(\.[ch]\|\.mk\|\.sh\|Kbuild\|VERSION\)' -exec sha256sum {} + | sort; })
# What is off matters the same to all kernels, but where their headers differ: of the
# oldest a few rows do.
OLDEST=${KERNEL_SERIES%% *}
for kernel in "$OLDEST" "${KERNEL_SERIES##* }"; do
	SRC=$("$QEMU_DIR/fetch.sh" tree "$kernel")
	OUT=$CACHE/config/$(basename "$SRC")
	while read -r name words; do
		[[ $kernel != "$OLDEST" || $name = @(base|PM|i386) ]] || continue
		KEY=$GOOD/$(sha256sum <<<"$inputs $SRC $name" | cut -c 1-16)
		name="$(basename "$SRC") $name"
		[ ! -e "$KEY" ] || { touch "$KEY"; good "$name, as before"; continue; }
		# shellcheck disable=SC2086 # words
		(with_lock "$OUT.lock" row "$name" $words && [ $BAD = 0 ]) || BAD=1
	done <<<"$ROWS"
done
[ $BAD = 0 ]
