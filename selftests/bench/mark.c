// SPDX-License-Identifier: GPL-2.0
/*
 * Runs in a guest: hand lines to the plugin hold.c, one for each argument.  They
 * go through a debug port, which QEMU writes to a file at once, and then an
 * instruction that the plugin knows tells it to read them.
 */

#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include "mark.h"

int main(int argc, char **argv)
{
	const char *c;
	int i;

	if (ioperm(MARK_PORT, 1, 1)) {
		perror("mark: ioperm");
		return 1;
	}
	for (i = 1; i < argc; i++) {
		for (c = argv[i]; *c; c++)
			outb(*c, MARK_PORT);
		outb('\n', MARK_PORT);
	}
	asm volatile("movabs %0, %%rax" : : "i" (MARK_MAGIC) : "rax", "memory");
	return 0;
}
