#!/usr/bin/awk -f
# SPDX-License-Identifier: GPL-2.0
#
# Leave KCSAN's reports of known races out of a kernel log:
#
#	kcsan.awk kcsan.known LOG
#
# What this project's code did itself is never known: neither access may be in a
# function of its modules. Of the rest a report stays if an access has to do with
# ATA, by the three innermost functions, and none of the racing functions is in
# kcsan.known. What the SCSI midlayer has to settle with itself is not our business.

FNR == NR {
	if ($1 !~ /^#/)
		known[$1] = 1
	next
}

/BUG: KCSAN: / {
	report = ""
	depth = ours = related = is_known = 0
	title = $0
	sub(/.*race in /, "", title)
	n = split(title, names, " / ")
	for (i = 1; i <= n; i++) {
		sub(/[+ ].*/, "", names[i])
		if (names[i] in known)
			is_known = 1
	}
	inside = 1
}

!inside {
	print
	next
}

{
	report = report $0 "\n"
	line = $0
	sub(/^(\[[^]]*\] *)?/, "", line)
}

# "write to 0x... of 4 bytes by task 12 on cpu 1:", then the innermost function
line ~ /^(race at unknown origin, with )?((read|write)(-write)?|assert no (accesses|writes)).* by (task|interrupt)/ {
	depth = 1
	next
}

depth && depth <= 3 && line ~ /\+0x[0-9a-f]+\/0x[0-9a-f]+/ {
	if (depth == 1 && line ~ /\[(ata|ahci)_split\]/)
		ours = 1
	if (line ~ /^[ ?]*(__)?(ata|sata|ahci)_/ || line ~ /\[(ata|ahci)_split\]/)
		related = 1
	depth++
}

line == "" {
	depth = 0
}

/==========/ {
	if (ours || related && !is_known)
		printf "%s", report
	inside = 0
}

END {
	# cut off: better too much than too little
	if (inside)
		printf "%s", report
}
