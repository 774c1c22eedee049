// SPDX-License-Identifier: GPL-2.0
/*
 * Write to a PCI device's registers, one after the other, again and again:
 *
 *	poke RESOURCE COUNT OFFSET VALUE [OFFSET VALUE ...]
 *
 * RESOURCE is the file resourceN of the device in sysfs.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW	4096

int main(int argc, char **argv)
{
	unsigned long n;
	char *map;
	int fd, i;

	if (argc < 5 || argc % 2 == 0) {
		fprintf(stderr, "usage: poke RESOURCE COUNT OFFSET VALUE [OFFSET VALUE ...]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	map = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		perror(argv[1]);
		return 1;
	}
	for (n = strtoul(argv[2], NULL, 0); n; n--)
		for (i = 3; i < argc; i += 2)
			__atomic_store_n((uint32_t *)(map + strtoul(argv[i], NULL, 0) % WINDOW),
					 strtoul(argv[i + 1], NULL, 0), __ATOMIC_RELEASE);
	return 0;
}
