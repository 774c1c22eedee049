// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's memory, as far as it is mapped for the device: all of it, or what an IOMMU
 * lets through. Whatever else the device is told to access is the driver's mistake.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hba.h"

struct map {
	uint64_t	iova;
	uint64_t	size;
	uint8_t		*memory;	/* NULL: a ROM, which comes without a file */
	int		prot;
};

/* Sorted, without overlaps. */
static struct map *maps;
static size_t count, room;

/* The first that ends behind the address. */
static size_t find(uint64_t iova)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (maps[mid].iova + maps[mid].size <= iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int dma_map(uint64_t iova, uint64_t size, uint64_t offset, int prot, int fd)
{
	size_t i = find(iova);
	uint8_t *memory = NULL;

	if (!size || iova + size < iova)
		return -EINVAL;
	if (i < count && maps[i].iova < iova + size)
		return -EEXIST;
	if (fd >= 0) {
		memory = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)offset);
		if (memory == MAP_FAILED)
			return -errno;
	}
	if (count == room) {
		room = room * 2 + 16;
		maps = realloc(maps, room * sizeof(*maps));
		if (!maps)
			fail("no memory for %zu mappings", room);
	}
	memmove(maps + i + 1, maps + i, (count - i) * sizeof(*maps));
	maps[i] = (struct map){ iova, size, memory, prot };
	count++;
	return 0;
}

/* An IOMMU also unmaps what was never mapped. */
void dma_unmap(uint64_t iova, uint64_t size)
{
	size_t first = find(iova), last = first;

	if (first < count && maps[first].iova < iova)
		last = ++first;
	for (; last < count && maps[last].iova + maps[last].size - iova <= size; last++)
		if (maps[last].memory)
			munmap(maps[last].memory, maps[last].size);
	if (last == first)
		return;
	memmove(maps + first, maps + last, (count - last) * sizeof(*maps));
	count -= last - first;
}

void dma_unmap_all(void)
{
	while (count--)
		if (maps[count].memory)
			munmap(maps[count].memory, maps[count].size);
	count = 0;
}

/* The memory at an address, and how much of it is in one piece. */
static uint8_t *memory_at(uint64_t iova, uint64_t *n, int prot)
{
	size_t i = find(iova);
	struct map *m = maps + i;

	if (i == count || m->iova > iova || !m->memory || !(m->prot & prot))
		return NULL;
	if (*n > m->iova + m->size - iova)
		*n = m->iova + m->size - iova;
	return m->memory + (iova - m->iova);
}

/* The same both ways: PROT_READ copies from the guest's memory, PROT_WRITE to it. */
static int copy(uint64_t iova, uint8_t *buf, uint64_t n, int prot)
{
	uint64_t piece;

	for (; n; n -= piece, iova += piece, buf += piece) {
		uint8_t *memory;

		piece = n;
		memory = memory_at(iova, &piece, prot);
		if (!memory) {
			breach("DMA %s %llx, which is not mapped",
			       prot == PROT_READ ? "read of" : "write to",
			       (unsigned long long)iova);
			return -1;
		}
		if (prot == PROT_READ)
			memcpy(buf, memory, piece);
		else
			memcpy(memory, buf, piece);
	}
	return 0;
}

int dma_read(uint64_t iova, void *buf, uint64_t n)
{
	return copy(iova, buf, n, PROT_READ);
}

int dma_write(uint64_t iova, const void *buf, uint64_t n)
{
	return copy(iova, (uint8_t *)buf, n, PROT_WRITE);
}
