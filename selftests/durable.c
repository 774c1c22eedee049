// SPDX-License-Identifier: GPL-2.0
/*
 * Write without end, and say what is stable, after it is.
 *
 *	durable disk DEVICE SEED WHO GROUP
 *	durable files FOLDER SEED WHO
 *
 * WHO is a number that no other writer of a run has. On a disk it owns an area, the
 * one of number WHO % AREAS, of which it overwrites pieces of 4 to 128 KiB at random.
 * If GROUP is 1 each write is O_DSYNC, else one fdatasync() follows a group. In a
 * folder it replaces a few files by new ones: write, fsync(), rename(), fsync() of
 * the folder.
 *
 * Then a line "WHO FILE PLACE SECTORS GENERATION" goes to standard output, in one
 * write: FILE is a name or "-", PLACE the first sector in the disk or file. Each
 * sector says the same of itself, with a checksum. durable.py compares.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC		0x656c626172756421ULL
#define SECTOR		512
#define PAGE_SECTORS	(4096 / SECTOR)
#define MAX_PAGES	32
#define AREAS		4
#define AREA_PAGES	1024
#define FILES		8
#define MAX_GROUP	16

struct sector {
	uint64_t magic;
	uint32_t seed;
	uint32_t who;
	uint64_t place;
	uint64_t generation;
	uint32_t filler[119];
	uint32_t crc;
};

_Static_assert(sizeof(struct sector) == SECTOR, "durable.py knows this layout");

struct piece {
	char file[16];
	uint64_t place;
	unsigned int sectors;
	uint64_t generation;
};

static uint32_t seed, who;
static struct sector *buffer;

static void die(const char *what)
{
	fprintf(stderr, "durable: writer %u: %s: %s\n", who, what, strerror(errno));
	exit(1);
}

/* xorshift64*: a seed gives the same pieces with any libc. */
static uint64_t random_number(void)
{
	static uint64_t state;

	if (!state)
		state = (uint64_t)seed << 32 | (who + 1);
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL >> 16;
}

/* As zlib's, with which the host compares. */
static uint32_t crc32(const void *data, size_t length)
{
	static uint32_t table[256];
	const unsigned char *p = data;
	uint32_t crc = ~0U;
	unsigned int i, bit;

	for (i = 0; !table[255] && i < 256; i++) {
		uint32_t entry = i;

		for (bit = 0; bit < 8; bit++)
			entry = entry >> 1 ^ (entry & 1 ? 0xedb88320 : 0);
		table[i] = entry;
	}
	while (length--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static void fill(const struct piece *piece)
{
	unsigned int i, j;

	for (i = 0; i < piece->sectors; i++) {
		struct sector *s = &buffer[i];

		s->magic = MAGIC;
		s->seed = seed;
		s->who = who;
		s->place = piece->place + i;
		s->generation = piece->generation;
		for (j = 0; j < sizeof(s->filler) / sizeof(*s->filler); j++)
			s->filler[j] = random_number();
		s->crc = crc32(s, offsetof(struct sector, crc));
	}
}

static void write_piece(int fd, const struct piece *piece)
{
	size_t length = piece->sectors * SECTOR;

	fill(piece);
	errno = ENOSPC;
	if (pwrite(fd, buffer, length, piece->place * SECTOR) != (ssize_t)length)
		die("write");
}

static void acknowledge(const struct piece *piece)
{
	char line[80];
	int length = snprintf(line, sizeof(line), "%u %s %llu %u %llu\n", who, piece->file,
			      (unsigned long long)piece->place, piece->sectors,
			      (unsigned long long)piece->generation);

	if (write(STDOUT_FILENO, line, length) != length)
		die("acknowledge");
}

static void write_disk(const char *device, unsigned int group)
{
	int fd = open(device, O_WRONLY | O_DIRECT | (group == 1 ? O_DSYNC : 0));
	struct piece pieces[MAX_GROUP];
	uint64_t generation = 0;
	unsigned int i;

	if (fd < 0)
		die(device);
	for (;;) {
		for (i = 0; i < group; i++) {
			unsigned int pages = 1 + random_number() % MAX_PAGES;
			uint64_t page = random_number() % (AREA_PAGES - pages + 1);

			pieces[i] = (struct piece) {
				.file		= "-",
				.place		= (who % AREAS * AREA_PAGES + page) * PAGE_SECTORS,
				.sectors	= pages * PAGE_SECTORS,
				.generation	= ++generation,
			};
			write_piece(fd, &pieces[i]);
		}
		if (group > 1 && fdatasync(fd))
			die("fdatasync");
		for (i = 0; i < group; i++)
			acknowledge(&pieces[i]);
	}
}

static void write_files(const char *folder)
{
	struct piece piece = { .place = 0 };
	char new_name[16];
	int dir, fd;

	if (chdir(folder))
		die(folder);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	if (dir < 0)
		die(folder);
	snprintf(new_name, sizeof(new_name), "new%u", who);
	for (;;) {
		piece.generation++;
		piece.sectors = (1 + random_number() % MAX_PAGES) * PAGE_SECTORS;
		snprintf(piece.file, sizeof(piece.file), "file%u.%u", who,
			 (unsigned int)(piece.generation % FILES));
		fd = open(new_name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd < 0)
			die(new_name);
		write_piece(fd, &piece);
		if (fsync(fd) || close(fd) || rename(new_name, piece.file) || fsync(dir))
			die(piece.file);
		acknowledge(&piece);
	}
}

int main(int argc, char **argv)
{
	unsigned int group = argc == 6 ? atoi(argv[5]) : 0;

	if (argc >= 5) {
		seed = strtoul(argv[3], NULL, 0);
		who = strtoul(argv[4], NULL, 0);
	}
	if (posix_memalign((void **)&buffer, 4096, MAX_PAGES * PAGE_SECTORS * SECTOR))
		die("memory");
	if (argc == 6 && strcmp(argv[1], "disk") == 0 && group > 0 && group <= MAX_GROUP)
		write_disk(argv[2], group);
	if (argc == 5 && strcmp(argv[1], "files") == 0)
		write_files(argv[2]);
	fprintf(stderr, "usage: durable disk DEVICE SEED WHO GROUP\n"
		"       durable files FOLDER SEED WHO\n");
	return 2;
}
