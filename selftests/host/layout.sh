#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What different CPUs write does not share a cache line with what others read: each
# member of the structures below is in a group, and no line holds two groups.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

DIR=$BUILD/host/layout
KDIR=$(production_kdir)
OBJECTS="drivers/ahci_split/port.o drivers/ata_split/record.o"

# STRUCT GROUP MEMBER...: all members but structures that are listed themselves, whose
# members keep their groups where they are embedded. Of MEMBER[] each element has lines
# of its own.
#
# read: constant while the port runs, or nearly so; builds read it without the lock.
# tag: written without the lock by whoever owns the tag or the place.
# lock: what other CPUs spin on. locked: what it guards, written by each command.
# next: written by each command without the lock. errors: only when there are any.
TABLE='
ata_split_port     read    ap pdev ring counters recorder eh_epoch
ata_split_port     locked  db_pending batch led_jiffies
ahci_split_build   read    table info
ahci_split_port    read    mmio dma dma_addr em irq_mask irq_desc
ahci_split_port    lock    lock
ahci_split_port    tag     info[]
ata_split_recorder tag     record[]
ata_split_recorder next    next
ata_split_recorder errors  sp note n_notes lock read report_due eh ratelimit report
'

# check: complain of a layout, from pahole's output
check() {
	awk -v table="$TABLE" -v LINE=64 '
	function complain(what) {
		if (!(what in said))
			print what
		said[what] = bad = 1
	}
	# The members of s, which lies at base within top.
	function walk(s, base, top,   i, m, g, at, line) {
		for (i = 1; i <= n[s]; i++) {
			m = s "." name[s, i]
			at = base + off[s, i]
			if (type[s, i] in ours) {
				walk(type[s, i], at, top)
				continue
			}
			g = group[m]
			if (!g)
				complain(m " is in no group")
			if (each[m] && (at % LINE || len[s, i] / count[s, i] % LINE))
				complain("elements of " m " share lines within " top)
			for (line = int(at / LINE); line * LINE < at + len[s, i]; line++) {
				if ((top, line) in owner && group[owner[top, line]] != g)
					complain(m " (" g ") shares line " line " of " top " with " \
						 owner[top, line] " (" group[owner[top, line]] ")")
				owner[top, line] = m
			}
			delete unseen[m]
		}
	}
	BEGIN {
		rows = split(table, row, "\n")
		for (r = 1; r <= rows; r++) {
			words = split(row[r], word)
			for (w = 3; w <= words; w++) {
				ours[word[1]]
				m = word[1] "." word[w]
				array = sub(/\[\]$/, "", m)
				each[m] = array
				group[m] = word[2]
				unseen[m]
			}
		}
	}
	/^struct / { s = $2; n[s] = 0; next }
	/^\t\/\* size: / { size[s] = $3 + 0; next }
	match($0, /\/\* +[0-9]+(: *[0-9]+)? +[0-9]+ \*\/$/) {
		decl = substr($0, 1, RSTART - 1)
		split(substr($0, RSTART), word)
		i = ++n[s]
		off[s, i] = word[2] + 0
		match($0, /[0-9]+ \*\/$/)
		len[s, i] = substr($0, RSTART) + 0
		gsub(/ *__attribute__\(\(.*\)\)|^\t*/, "", decl)
		type[s, i] = decl ~ /^struct [a-z_0-9]+ +[a-z_]/ ? substr(decl, 8) : ""
		sub(/ .*/, "", type[s, i])
		count[s, i] = 1
		if (match(decl, /\[[0-9]+\]/))
			count[s, i] = substr(decl, RSTART + 1) + 0
		if (match(decl, /\(\*[a-z_0-9]+/))
			decl = substr(decl, RSTART + 2, RLENGTH - 2)
		sub(/ *(\[[0-9]+\]|:[0-9]+)*;? *$/, "", decl)
		sub(/.*[ *]/, "", decl)
		name[s, i] = decl
	}
	END {
		for (s in ours) {
			walk(s, 0, s)
			if (size[s] % LINE)
				complain(s " ends within a line: " size[s] " bytes")
		}
		for (m in unseen)
			complain(m " does not exist")
		exit bad
	}'
}

# look: at what the compiler makes of the sources in DIR
look() {
	local object struct
	# shellcheck disable=SC2086 # words
	compile "$KDIR" "$DIR" KCFLAGS=-g $OBJECTS || { tail -n 5 "$DIR/log"; die "cannot compile"; }
	awk 'NF { print $1 }' <<<"$TABLE" | sort -u | while read -r struct; do
		for object in $OBJECTS; do
			pahole -C "$struct" "$DIR/$object" 2>/dev/null || true
		done
	done | check
}

# planted WHAT SED FILE...
planted() {
	copy_sources "$DIR"
	(cd "$DIR" && sed -i -E "$2" "${@:3}")
	! diff -rq "$TOP/include" "$DIR/include" >/dev/null || die "cannot plant: $1"
	if look >"$DIR/out"; then
		bad "not found: $1"
	else
		good "found: $1: $(head -n 1 "$DIR/out")"
	fi
}

copy_sources "$DIR"
if look; then
	good "no cache line holds two groups"
	planted "no alignment" 's/ *_*cacheline_aligned(_in_smp)?|__aligned\((64|SMP_CACHE_BYTES|L1_CACHE_BYTES)\)//' \
		include/linux/ata_split.h drivers/ahci_split/{ahci_split,build}.h
	planted "a new member" 's/^struct ata_split_port \{/&\n\tu32 planted;/' include/linux/ata_split.h
else
	bad "cache lines are shared"
fi
exit $BAD
