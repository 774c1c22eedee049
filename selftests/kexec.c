// SPDX-License-Identifier: GPL-2.0
/*
 * Another kernel without the firmware in between (CONFIG_KEXEC_FILE):
 *
 *	kexec load KERNEL INITRD COMMAND-LINE
 *	kexec now				not even a sync
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/reboot.h>

static int die(const char *what)
{
	fprintf(stderr, "kexec: %s: %s\n", what, strerror(errno));
	return 1;
}

static int load(const char *kernel, const char *initrd, const char *line)
{
	int k = open(kernel, O_RDONLY), i = open(initrd, O_RDONLY);

	if (k < 0 || i < 0)
		return die(k < 0 ? kernel : initrd);
	/* The length includes the end of the string. */
	if (syscall(SYS_kexec_file_load, k, i, strlen(line) + 1, line, 0))
		return die("kexec_file_load");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "load"))
		return load(argv[2], argv[3], argv[4]);
	if (argc == 2 && !strcmp(argv[1], "now")) {
		reboot(LINUX_REBOOT_CMD_KEXEC);
		return die("reboot");
	}
	fprintf(stderr, "usage: kexec load KERNEL INITRD COMMAND-LINE\n       kexec now\n");
	return 2;
}
