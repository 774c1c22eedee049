#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make lint": checkpatch, kernel-doc, sparse and shellcheck; a warning of any
# of them is an error. All four run, then the exit status tells.

. "$(dirname "$0")/common.sh"

# What checkpatch cannot judge here:
#  CAMELCASE            only within a kernel tree it knows struct Scsi_Host
#  FUNCTION_ARGUMENTS   takes a member with __guarded_by() for a function
#  PREFER_KERNEL_TYPES, PREFER_DEFINED_ATTRIBUTE_MACRO, STRCPY  user space, as in
#                       selftests/, has no u8, __printf and strscpy
#  EMBEDDED_FUNCTION_NAME  "number" is a word, too
IGNORE_KERNEL=CAMELCASE,FUNCTION_ARGUMENTS
#  the others          TRACE_EVENT() is no function; the kernel's are written so
IGNORE_TRACE=COMPLEX_MACRO,MACRO_ARG_UNUSED,TRAILING_SEMICOLON,PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE
IGNORE_USER=CAMELCASE,PREFER_KERNEL_TYPES,EMBEDDED_FUNCTION_NAME,PREFER_DEFINED_ATTRIBUTE_MACRO,STRCPY

# sparse of the supported releases cannot read newer headers (it lacks
# __typeof_unqual__), and the build would go on without it.
SPARSE_SERIES="6.1 6.12"

tracked() {
	in_checkout ls-files -- "$@"
}

# checkpatch IGNORE PATTERN...
checkpatch() {
	local ignore=$1 files
	shift
	mapfile -t files < <(tracked "$@")
	[ ${#files[@]} = 0 ] ||
		"$SRC/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary \
			--show-types --ignore "$ignore" -f "${files[@]}"
}

lint_checkpatch() {
	local rc=0
	checkpatch "$IGNORE_KERNEL" 'drivers/*.[ch]' 'include/*.h' ':!include/trace' || rc=1
	checkpatch "$IGNORE_TRACE" 'include/trace/*.h' || rc=1
	checkpatch "$IGNORE_USER" 'selftests/*.[ch]' || rc=1
	rm -f .checkpatch-camelcase.*
	return $rc
}

lint_kernel_doc() {
	local files tool
	mapfile -t files < <(tracked 'drivers/*.[ch]' 'include/*.h')
	for tool in tools/docs/kernel-doc scripts/kernel-doc; do
		[ ! -e "$SRC/$tool" ] || break
	done
	"$SRC/$tool" -none -Werror "${files[@]}"
}

# -Wsparse-error: one complaint ends the build. All files, not only changed ones.
lint_sparse() {
	local series dir n=0
	for series in $SPARSE_SERIES; do
		# The headers of another Debian may want a compiler that is not here.
		dir=$("$QEMU_DIR/distro.sh" "$series" 2>/dev/null) || continue
		"$QEMU_DIR/modules.sh" "$dir/kdir" "lint-$series" C=2 \
			CF="-D__CHECK_ENDIAN__ -Wsparse-error -Wno-shift-count-overflow -Wno-override-init" || return
		n=$((n + 1))
	done
	[ $n -gt 0 ] || { echo "no headers of $SPARSE_SERIES can be used here"; return 1; }
}

lint_shellcheck() {
	local files
	mapfile -t files < <(tracked | while IFS= read -r file; do
		case $(head -n 1 "$TOP/$file" 2>/dev/null | tr -d '\0') in
		'#!'*/sh* | '#!'*bash*) echo "$file" ;;
		*) [[ $file != *.sh ]] || echo "$file" ;;
		esac
	done)
	shellcheck -x "${files[@]}"
}

main() {
	local name log failed=0
	mkdir -p "$BUILD"
	"$QEMU_DIR/deps.sh" build lint
	SRC=$("$QEMU_DIR/fetch.sh" tree latest)
	cd "$TOP"
	for name in checkpatch kernel_doc sparse shellcheck; do
		log=$BUILD/lint-$name.log
		if "lint_$name" >"$log" 2>&1 &&
		   ! grep -qE '(^|[^_])(warning|error):|WARNING:|ERROR:|CHECK:' "$log"; then
			echo "ok $name"
		else
			grep -vE '^(make|  (CC|LD|CHECK|MODPOST) )' "$log" | head -n 40 | sed 's/^/  /'
			echo "not ok $name (all of it: $log)"
			failed=1
		fi
	done
	return $failed
}

main
