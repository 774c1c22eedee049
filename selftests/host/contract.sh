#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/contract.rst names code and tests for each clause; all of them
# must exist, and no clause may be missing.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

DOC=${1:-$TOP/Documentation/contract.rst}

# Prints "CLAUSE FIELD NAME" for each ``NAME`` in a clause's fields.
names() {
	awk '
	/^C[0-9]+: / { clause = $1; sub(":", "", clause) }
	/^:[A-Z][a-z]+:/ { field = $1 }
	/^$/ { field = "" }
	field {
		line = $0
		while (match(line, /``[^`]+``/)) {
			print clause, field, substr(line, RSTART + 2, RLENGTH - 4)
			line = substr(line, RSTART + RLENGTH)
		}
	}' "$DOC"
}

# A definition, not a mention: the name at the start of a line of code or after a
# type, with its parenthesis.
defined() {
	grep -rqE "^([a-z_][a-z_0-9 *]*[ *])?$1\(" "$TOP/drivers" "$TOP/include" --include='*.[ch]'
}

check_names() {
	local clause field name
	while read -r clause field name; do
		case $field in
		:Code:) defined "$name" || bad "$clause names $name, which is not in the code" ;;
		:Test:) [ -e "$TOP/$name" ] || bad "$clause names $name, which does not exist" ;;
		esac
	done < <(names)
}

check_clauses() {
	local i field
	for ((i = 1; i <= 17; i++)); do
		grep -q "^C$i: " "$DOC" || { bad "clause C$i is missing"; continue; }
		for field in Code Checker Test; do
			sed -n "/^C$i: /,/^C$((i + 1)): /p" "$DOC" | grep -q "^:$field:" ||
				bad "clause C$i has no :$field:"
		done
	done
}

check_names
check_clauses
[ $BAD = 1 ] || good "17 clauses, $(names | wc -l) names, all there"

# The check itself.
if [ $# = 0 ]; then
	sed 's/``ata_split_unbuild``/``ata_split_unbuilt``/; s/^C9: /C99: /' "$DOC" >"$BUILD/contract.bad"
	if "$0" "$BUILD/contract.bad" >"$BUILD/contract.out"; then
		bad "a wrong name and a missing clause were not found"
	else
		good "a wrong name is found: $(grep -c 'not ok' "$BUILD/contract.out") complaints"
	fi
fi
exit $BAD
