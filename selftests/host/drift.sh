#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Has libata moved away from what the split mirrors? The functions in "mirrored"
# are taken from the pinned source of each supported kernel, freed of comments and
# blanks, and compared line by line with fingerprints recorded when the split was
# last compared with them by a person:
#
#   drift.sh            compare
#   drift.sh record     record, after you have read what changed
#
# What the mirror has besides is news, and no failure: see "make news".
#
# A fingerprint is a hash per line, so that the lines that changed can be shown
# without a copy of the kernel's code in this tree.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

# extract FILE FUNCTION: its definition, one statement a line, no comments
extract() {
	awk -v fn="$2" '
	# A definition begins in the first column and its body ends there.
	!inside && /^[A-Za-z_]/ { head = $0; next_is = 1 }
	!inside && !/^[A-Za-z_]/ && !/^\{/ { head = head "\n" $0 }
	!inside && /^\{/ {
		if (head ~ "(^|[^A-Za-z0-9_])" fn "\\(" && head !~ /;/) {
			print head
			inside = 1
		}
		head = ""
	}
	inside { print }
	inside && /^\}/ { exit }' "$1" |
	gcc -fpreprocessed -dD -E -P -w -x c - 2>/dev/null |
	sed -E 's/[[:space:]]+/ /g; s/^ //; s/ $//; /^$/d'
}

hashes() {
	while IFS= read -r line; do
		printf '%s' "$line" | cksum | cut -d ' ' -f 1
	done
}

# Prints "FUNCTION HASH HASH ..." for a kernel tree; a function that the kernel
# does not have, as not all have all, has no hashes.
fingerprint() {
	local file function
	while read -r file function _; do
		case $file in '#'* | '') continue ;; esac
		printf '%s %s\n' "$function" \
			"$(extract "$1/$file" "$function" | hashes | paste -sd ' ')"
	done <"$HOST/mirrored"
}

# What is new in FUNCTION of TREE, and how much is gone.
show_change() {
	local tree=$1 function=$2 old=$3 file ours
	read -r file _ ours < <(awk -v f="$function" '$2 == f' "$HOST/mirrored")
	bad "$file: $function has changed; $ours mirrors it"
	extract "$tree/$file" "$function" | while IFS= read -r line; do
		case " $old " in
		*" $(printf '%s' "$line" | cksum | cut -d ' ' -f 1) "*) ;;
		*) echo "  + $line" ;;
		esac
	done
	extract "$tree/$file" "$function" | hashes >"$BUILD/host/drift.new"
	echo "  - $(tr ' ' '\n' <<<"$old" | grep -vxcFf "$BUILD/host/drift.new") of the lines known are gone"
}

# compare SERIES TREE RECORDED
compare() {
	local series=$1 tree=$2 recorded=$3 function now old changed=0
	while read -r function now; do
		old=$(sed -n "s/^$function //p" "$recorded")
		[ "$now" != "$old" ] || continue
		show_change "$tree" "$function" "$old"
		changed=1
	done < <(fingerprint "$tree")
	[ $changed = 1 ] || good "Linux $series ($(basename "$tree")): as recorded"
}

# The check itself: one line changed in a copy must be found, by name.
prove() {
	local tree=$1 series=$2 copy=$BUILD/host/drift
	rm -rf "$copy"
	mkdir -p "$copy/drivers" "$copy/include/linux"
	cp -r "$tree/drivers/ata" "$copy/drivers/"
	cp "$tree/include/linux/ata.h" "$copy/include/linux/"
	sed -i 's/tf->nsect = qc->hw_tag << 3;/tf->nsect = qc->tag << 3;/' "$copy/drivers/ata/libata-core.c"
	(compare "$series" "$copy" "$3") >"$copy/out"
	if grep -q 'ata_build_rw_tf has changed; ata_split_build_tf mirrors it' "$copy/out"; then
		good "a changed line would be found"
	else
		bad "a line was changed and not found"
	fi
	# A copy is no pinned source.
	if (check "$series" "$copy" "$3"; exit $BAD) >"$copy/out" &&
	   grep -q '^news .* differs in ata_build_rw_tf$' "$copy/out"; then
		good "and would be news where the pinned source is gone"
	else
		bad "no news: $(cat "$copy/out")"
	fi
}

is_pinned() {
	[ "$(basename "$2")" = "linux-source-$1_$(pinned "linux-source-$1")" ]
}

# check SERIES TREE RECORDED: the newest source in place of the pinned one is news
check() {
	local changed
	if is_pinned "$1" "$2"; then
		compare "$@"
		return
	fi
	changed=$( (compare "$@") | sed -nE 's/^not ok [^ ]* ([^ ]*) .*/\1/p' | paste -sd ' ')
	news "$(basename "$2"), as the pinned one is gone, ${changed:+differs in }${changed:-is as recorded}"
}

# What is newer than the pins, by name.
newer() {
	"$QEMU_DIR/fetch.sh" newest | grep '^linux-source-' | grep -vxFf "$PINS" | paste -sd ','
}

for series in $KERNEL_SERIES; do
	tree=$("$QEMU_DIR/fetch.sh" tree "$series")
	if [ "${1:-}" = record ]; then
		fingerprint "$tree" >"$HOST/drift.$series"
		continue
	fi
	before=${recorded:-}
	recorded=$HOST/drift.$series
	if [ ! -e "$recorded" ]; then
		bad "Linux $series is new, compared with ${before##*/drift.} here: drift.sh record when it is understood"
		recorded=$before
	fi
	check "$series" "$tree" "$recorded"
done
[ "${1:-}" != record ] || exit 0
prove "$tree" "$series" "$recorded"
found=$(newer) || true
[ -z "$found" ] || news "$found: make news"
exit $BAD
