// SPDX-License-Identifier: GPL-2.0
/*
 * One direct I/O request with a chosen layout in memory, data checked.
 *
 *	dio write DEVICE SEED OFFSET LENGTH [PIECE [SKEW [GAP]]]
 *	dio dsync ...		the same, and the write must be stable at return
 *	dio check ...		read, and compare with what write put there
 *	dio check:N ...		the same, with command duration limit N, from 1 to 7
 *	dio claim DEVICE	succeeds if nobody in the kernel uses the device
 *	dio flush DEVICE	what was written is stable at return
 *
 * The request consists of LENGTH / PIECE pieces of memory, the first of which
 * starts SKEW bytes behind a page boundary; between two of them lie GAP bytes,
 * which must come through unchanged, as what lies before and behind must. Each
 * sector of 512 bytes tells its own number and the seed, so a transfer to the
 * wrong place, of the wrong disk or of another time does not pass.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RWF_DSYNC
#define RWF_DSYNC 0x00000002
#endif

#define SECTOR	512
#define WORDS	(SECTOR / sizeof(u64))
#define GUARD	0xa5
#define SLACK	4096	/* guarded bytes before and behind */

typedef unsigned long long u64;

static const char *device;

static void die(const char *what)
{
	fprintf(stderr, "dio: %s: %s: %s\n", device, what, strerror(errno));
	exit(1);
}

/* Linux 6.5: I/O priority hints; of this process, class best effort, level 4 */
static void set_limit(u64 n)
{
	if (syscall(SYS_ioprio_set, 1, 0, 2 << 13 | n << 3 | 4))
		die("ioprio_set");
}

static u64 parse(const char *s)
{
	char *end;
	u64 n = strtoull(s, &end, 0);

	if (*s == '\0' || *end != '\0') {
		fprintf(stderr, "dio: not a number: %s\n", s);
		exit(2);
	}
	return n;
}

static void fill_sector(u64 *w, u64 seed, u64 lba)
{
	u64 x = seed * 0x9e3779b97f4a7c15ULL + lba;
	unsigned int i;

	w[0] = seed;
	w[1] = lba;
	for (i = 2; i < WORDS; i++) {
		x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ULL + i;
		w[i] = x;
	}
}

static void fill(unsigned char *data, size_t length, u64 seed, u64 lba)
{
	size_t at;

	for (at = 0; at < length; at += SECTOR)
		fill_sector((u64 *)(data + at), seed, lba++);
}

static int compare(const unsigned char *data, size_t length, u64 seed, u64 lba)
{
	u64 want[WORDS], have[WORDS];
	unsigned int i;
	size_t at;

	for (at = 0; at < length; at += SECTOR, lba++) {
		fill_sector(want, seed, lba);
		memcpy(have, data + at, SECTOR);
		if (memcmp(want, have, SECTOR) == 0)
			continue;
		for (i = 0; want[i] == have[i]; i++)
			;
		fprintf(stderr,
			"dio: %s: sector %llu differs from byte %zu on; it says seed %llu, sector %llu; expected seed %llu\n",
			device, lba, i * sizeof(u64), have[0], have[1], seed);
		return 1;
	}
	return 0;
}

static int guard_broken(const unsigned char *p, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (p[i] != GUARD) {
			fprintf(stderr, "dio: %s: memory outside of the buffer was written\n",
				device);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t length, piece, skew, gap, stride, span, n, i;
	u64 seed, offset;
	struct iovec *iov;
	unsigned char *map, *data;
	int fd, writing, bad = 0;
	ssize_t done;

	if (argc == 3 && strcmp(argv[1], "claim") == 0) {
		device = argv[2];
		fd = open(device, O_RDONLY | O_EXCL);
		if (fd < 0)
			die("exclusive open");
		return close(fd);
	}
	if (argc == 3 && strcmp(argv[1], "flush") == 0) {
		device = argv[2];
		fd = open(device, O_RDWR);
		if (fd < 0)
			die("open");
		if (fsync(fd))
			die("fsync");
		return close(fd);
	}
	if (argc < 6 || argc > 9) {
		fprintf(stderr,
			"usage: dio write|dsync|check[:N] DEVICE SEED OFFSET LENGTH [PIECE [SKEW [GAP]]]\n"
			"       dio claim|flush DEVICE\n");
		return 2;
	}
	writing = strncmp(argv[1], "check", 5) != 0;
	device = argv[2];
	if (!strncmp(argv[1], "check:", 6))
		set_limit(parse(argv[1] + 6));
	seed = parse(argv[3]);
	offset = parse(argv[4]);
	length = parse(argv[5]);
	piece = argc > 6 ? parse(argv[6]) : length;
	skew = argc > 7 ? parse(argv[7]) : 0;
	gap = argc > 8 ? parse(argv[8]) : 0;
	if (!length || !piece || length % piece || piece % SECTOR || offset % SECTOR) {
		fprintf(stderr, "dio: want whole sectors and whole pieces\n");
		return 2;
	}

	n = length / piece;
	stride = piece + gap;
	span = SLACK + skew + n * stride + SLACK;
	map = mmap(NULL, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	iov = calloc(n, sizeof(*iov));
	if (map == MAP_FAILED || !iov)
		die("memory");
	data = map + SLACK + skew;
	memset(map, GUARD, span);
	for (i = 0; i < n; i++) {
		iov[i].iov_base = data + i * stride;
		iov[i].iov_len = piece;
		if (writing)
			fill(iov[i].iov_base, piece, seed, (offset + i * piece) / SECTOR);
	}

	fd = open(device, (writing ? O_WRONLY : O_RDONLY) | O_DIRECT);
	if (fd < 0)
		die("open");
	if (writing)
		done = pwritev2(fd, iov, n, offset, strcmp(argv[1], "dsync") ? 0 : RWF_DSYNC);
	else
		done = preadv(fd, iov, n, offset);
	if (done < 0)
		die(writing ? "write" : "read");
	if ((size_t)done != length) {
		fprintf(stderr, "dio: %s: %zd bytes instead of %zu\n", device, done, length);
		return 1;
	}
	if (close(fd))
		die("close");

	bad |= guard_broken(map, SLACK + skew);
	for (i = 0; i < n; i++) {
		bad |= compare(iov[i].iov_base, piece, seed, (offset + i * piece) / SECTOR);
		bad |= guard_broken(data + i * stride + piece, i < n - 1 ? gap : SLACK);
	}
	return bad;
}
