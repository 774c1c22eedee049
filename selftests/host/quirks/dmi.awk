# SPDX-License-Identifier: GPL-2.0
#
# The functions of ahci.c that look at DMI or subsystem ids. Those that answer a
# question are kept as they are; of the others only the table is, in a function that
# says whether it has the machine. Each is a line of OUT/functions.h, and what has no
# table is one of OUT/others.

function done(	kept, lines, n, i, inside) {
	if (body !~ /dmi_[a-z_]+\(|subsystem_(vendor|device)/)
		return
	if (body !~ /struct dmi_system_id/) {
		print name >(OUT "/others")
		return
	}
	answers = body ~ /^static bool [a-z0-9_]+\(struct pci_dev \*pdev\)/
	printf "\t{ \"%s\", %s, %s },\n", name, name, answers ? "true" : "false" >(OUT "/functions.h")
	if (answers) {
		print body
		return
	}
	print "static bool " name "(struct pci_dev *pdev)\n{"
	n = split(body, lines, "\n")
	for (i = 1; i <= n; i++) {
		inside = inside || lines[i] ~ /^\tstatic const struct dmi_system_id sysids\[\]/
		if (inside)
			print lines[i]
		if (lines[i] ~ /^\t};/)
			inside = 0
	}
	print "\n\treturn dmi_first_match(sysids);\n}"
}

/^[a-z].*[a-z0-9_]\(/ && !/;$/ {
	name = $0
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	body = ""
}
name != "" { body = body (body == "" ? "" : "\n") $0 }
/^}/ && name != "" { done(); name = "" }
/^\{\}/ { name = "" }
