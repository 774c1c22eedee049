// SPDX-License-Identifier: GPL-2.0
/*
 * One system call in which the Nth allocation fails (CONFIG_FAULT_INJECTION).
 *
 *	failnth N write FILE STRING
 *	failnth N read DEVICE OFFSET LENGTH	direct, the same data as without
 *
 * Prints how the call ended and whether it came to an Nth allocation:
 *
 *	Cannot allocate memory: reached
 *
 * A program of its own, as the kernel counts what the task does from the moment that
 * it is told, and a shell does much.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALIGNMENT	4096

static void die(const char *what)
{
	fprintf(stderr, "failnth: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int open_file(const char *name, int flags)
{
	int fd = open(name, flags);

	if (fd < 0)
		die(name);
	return fd;
}

static void *memory(size_t length)
{
	void *p;

	if (posix_memalign(&p, ALIGNMENT, length))
		die("memory");
	memset(p, 0, length);
	return p;
}

int main(int argc, char **argv)
{
	char *want = NULL, *have = NULL, left[16] = "";
	int fd, nth, rc, reading, error;
	size_t length = 0;
	off_t offset = 0;
	ssize_t done;

	reading = argc == 6 && strcmp(argv[2], "read") == 0;
	if (!reading && (argc != 5 || strcmp(argv[2], "write"))) {
		fprintf(stderr,
			"usage: failnth N write FILE STRING\n"
			"       failnth N read DEVICE OFFSET LENGTH\n");
		return 2;
	}
	nth = open_file("/proc/thread-self/fail-nth", O_RDWR);
	fd = open_file(argv[3], reading ? O_RDONLY | O_DIRECT : O_WRONLY);
	if (reading) {
		offset = strtoull(argv[4], NULL, 0);
		length = strtoull(argv[5], NULL, 0);
		want = memory(length);
		have = memory(length);
		if (pread(fd, want, length, offset) != (ssize_t)length)
			die("read without fault");
	}

	if (write(nth, argv[1], strlen(argv[1])) < 0)
		die("fail-nth");
	if (reading)
		done = pread(fd, have, length, offset);
	else
		done = write(fd, argv[4], strlen(argv[4]));
	error = done < 0 ? errno : 0;
	/* How many are left to go; none if one has failed. */
	rc = pread(nth, left, sizeof(left) - 1, 0);
	if (rc < 0 || pwrite(nth, "0", 1, 0) < 0)
		die("fail-nth");

	if (reading && !error && (done != (ssize_t)length || memcmp(want, have, length))) {
		fprintf(stderr, "failnth: %zd bytes of %zu, or not the right ones\n", done, length);
		return 1;
	}
	printf("%s: %s\n", strerror(error), atoi(left) ? "not reached" : "reached");
	return 0;
}
