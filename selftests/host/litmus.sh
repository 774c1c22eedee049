#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The hand-overs between CPUs and the device, on paper: herd7 decides each litmus
# test under the kernel's memory model, and its verdict must be the one that the
# test states. A "+" in the name is the variant with the ordering removed, which
# has to be broken. What a test is a model of it names under "Code:", function by
# function, and the code must have these statements in this order.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# herd7 of the machine, if it is new enough for the model; else Debian's newest,
# unpacked in the cache and run with the libraries that it was made for.
find_herd() {
	local root
	root=$(tools herd herdtools7 libgmp10 libc6) || skip "herdtools7 is not to be had"
	HERD=("$(find "$root" -name 'ld-linux-*.so.2' | head -n 1)"
		--library-path "$(dirname "$(find "$root" -name 'libc.so.6' | head -n 1)")"
		"$root/usr/bin/herd7" -set-libdir "$root/usr/share/herdtools7/herd")
}

run() {
	local file=$1 name want got
	name=$(basename "$file" .litmus)
	want=$(sed -n 's/^ \* Result: //p' "$file")
	got=$("${HERD[@]}" -conf linux-kernel.cfg "$file" 2>&1 |
		sed -n "s/^Observation $name \([A-Za-z]*\) .*/\1/p")
	if [ -n "$want" ] && [ "$got" = "$want" ]; then
		good "$name: $got"
	else
		bad "$name: herd7 says '${got:-nothing}', must be '$want'"
	fi
}

# ordered FILE FUNCTION STATEMENT...: prints what is not where it should be
ordered() {
	local file=$1 function=$2 body statement
	shift 2
	body=$(awk -v f="$function" '
		/^[a-z_]/ && $0 ~ "(^|[^a-z_])" f "[(]" { head = 1 }
		head && /;$/ && !inside { head = 0 }
		head && /^{/ { inside = 1 }
		inside { print }
		inside && /^}/ { exit }' "$file")
	[ -n "$body" ] || echo "$file has no function $function"
	for statement; do
		[[ $body == *"$statement"* ]] || { echo "$function: $statement"; return; }
		body=${body#*"$statement"}
	done
}

# in_code ROOT FILE: is it a model of the sources below ROOT?
in_code() {
	local line statements=()
	while IFS= read -r line; do
		case $line in
		' * Code: '*)
			[ ${#statements[@]} = 0 ] || ordered "${statements[@]}"
			read -r _ _ file function <<<"$line"
			statements=("$1/$file" "$function") ;;
		$' *\t'*) statements+=("${line#$' *\t'}") ;;
		esac
	done < <(sed '/^ \*)/q' "$2")
	[ ${#statements[@]} = 0 ] || ordered "${statements[@]}"
}

model() {
	local name wrong
	name=$(basename "$1" .litmus)
	[[ $name != *+* ]] || return 0
	grep -q '^ \* Code: ' "$1" || { bad "$name does not say what it is a model of"; return; }
	wrong=$(in_code "$TOP" "$1")
	if [ -z "$wrong" ]; then
		good "$name: the code is as modelled"
	else
		bad "$name: not in the code, or not in this order: $wrong"
	fi
}

# The check itself: with unmap and scsi_done() exchanged, and without the acquire.
prove() {
	local dir=$BUILD/host/litmus found
	mkdir -p "$dir/drivers"
	rm -rf "$dir/drivers/ata_split"
	cp -r "$TOP/drivers/ata_split" "$dir/drivers/"
	sed -i 's/ata_split_unmap(sp->ap, cmd);/SWAP/; s/scsi_done(cmd);/ata_split_unmap(sp->ap, cmd);/; s/SWAP/scsi_done(cmd);/' \
		"$dir/drivers/ata_split/complete.c"
	sed -i 's/smp_load_acquire(&sp->eh_epoch)/READ_ONCE(sp->eh_epoch)/' "$dir/drivers/ata_split/core.c"
	for found in done-unmap eh-epoch; do
		if [ -n "$(in_code "$dir" "$HOST/litmus/$found.litmus")" ]; then
			good "$found: other code is found out"
		else
			bad "$found: other code passes for it"
		fi
	done
}

for file in "$HOST"/litmus/*.litmus; do
	model "$file"
done
prove
find_herd
cd "$("$QEMU_DIR/fetch.sh" tree latest)/tools/memory-model"
for file in "$HOST"/litmus/*.litmus; do
	run "$file"
done
exit $BAD
