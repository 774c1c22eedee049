// SPDX-License-Identifier: GPL-2.0
/*
 * Zones of a host-managed disk (ZAC-2): write pointers, REPORT ZONES EXT, ZAC MANAGEMENT OUT.
 * Sections are those of ZAC-2, values in tables little-endian as everywhere in ATA.
 */
#include <stdlib.h>
#include <string.h>

#include "hba.h"

/* Zone types, and conditions (4.2.2) */
enum { CONVENTIONAL = 1, SEQUENTIAL = 2 };
enum { NOT_WP = 0, EMPTY = 1, IMPLICIT_OPEN = 2, EXPLICIT_OPEN = 3, CLOSED = 4, FULL = 14 };
/* Zone actions */
enum { CLOSE = 1, FINISH = 2, OPEN = 3, RESET = 4 };

/* Sense keys, codes and qualifiers of what a zone does not allow */
#define ILLEGAL_REQUEST		0x050000u
#define BOUNDARY_VIOLATION	(ILLEGAL_REQUEST | 0x2105)	/* read and write */
#define UNALIGNED_WRITE		(ILLEGAL_REQUEST | 0x2104)

#define DESCRIPTOR	64u		/* of a zone in a report, whose header is as long */

void zones_create(struct disk *d, uint64_t bytes, unsigned int conventional)
{
	unsigned int i;

	d->zone_size = bytes / SECTOR;
	d->n_zones = (unsigned int)(d->sectors / d->zone_size);
	d->zones = calloc(d->n_zones, sizeof(*d->zones));
	if (!d->zones)
		fail("disk: no memory for %u zones", d->n_zones);
	for (i = 0; i < d->n_zones; i++) {
		d->zones[i].start = i * d->zone_size;
		d->zones[i].wp = d->zones[i].start;
		d->zones[i].type = i < conventional ? CONVENTIONAL : SEQUENTIAL;
		d->zones[i].cond = i < conventional ? NOT_WP : EMPTY;
	}
}

static struct zone *zone_of(const struct disk *d, uint64_t lba)
{
	return d->zones + lba / d->zone_size;
}

static bool refuse(struct cmd *c, uint32_t sense)
{
	c->error = ERR_ABRT;
	c->sense = sense;
	return false;
}

/* The zone has been written up to here, or was not after all. */
static void move_pointer(const struct disk *d, struct zone *z, uint64_t wp)
{
	z->wp = wp;
	if (wp == z->start + d->zone_size)
		z->cond = FULL;
	else if (z->cond != EXPLICIT_OPEN)
		z->cond = IMPLICIT_OPEN;
}

/* A write that is within the disk: only at the write pointer, and within one zone. */
bool zones_write(struct disk *d, struct cmd *c, uint64_t lba, uint64_t n)
{
	struct zone *z;

	if (!d->zones)
		return true;
	z = zone_of(d, lba);
	if (z->type == CONVENTIONAL && zone_of(d, lba + n - 1)->type == CONVENTIONAL)
		return true;
	if (lba + n > z->start + d->zone_size)
		return refuse(c, BOUNDARY_VIOLATION);
	if (lba != z->wp)
		return refuse(c, UNALIGNED_WRITE);
	move_pointer(d, z, lba + n);
	return true;
}

/* A power cut has taken a sector: what follows it in its zone is not written either. */
void zones_lost(struct disk *d, uint64_t lba)
{
	struct zone *z;

	if (!d->zones)
		return;
	z = zone_of(d, lba);
	if (z->type == CONVENTIONAL || z->wp <= lba)
		return;
	z->wp = lba;
	z->cond = lba == z->start ? EMPTY : CLOSED;
}

/* After power-on no zone is open. */
void zones_power_on(struct disk *d)
{
	struct zone *z;

	for (z = d->zones; z < d->zones + d->n_zones; z++)
		if (z->cond == IMPLICIT_OPEN || z->cond == EXPLICIT_OPEN)
			z->cond = z->wp == z->start ? EMPTY : CLOSED;
}

/* Report --------------------------------------------------------------------- */

/* Reporting options: all, or those in a condition */
static bool wanted(const struct zone *z, unsigned int option)
{
	switch (option) {
	case 0x00:
		return true;
	case 0x01: case 0x02: case 0x03: case 0x04:
		return z->cond == option;
	case 0x05:
		return z->cond == FULL;
	case 0x3f:
		return z->cond == NOT_WP;
	}
	return false;
}

static bool known(unsigned int option)
{
	return option <= 0x07 || option == 0x10 || option == 0x11 || option == 0x3f;
}

static void describe(const struct disk *d, const struct zone *z, uint8_t *to)
{
	uint64_t scale = d->logical / SECTOR;
	uint64_t v[3] = { d->zone_size / scale, z->start / scale, z->wp / scale };

	if (z->cond == FULL || z->cond == NOT_WP)
		v[2] = ~0ull;
	to[0] = z->type;
	to[1] = (uint8_t)(z->cond << 4);
	memcpy(to + 8, v, sizeof(v));
}

/*
 * REPORT ZONES EXT: a header, and a descriptor for each zone from LBA on, as many as PAGES
 * of 512 bytes hold. The length in the header is that of all, or with PARTIAL of those.
 */
bool zones_report(struct disk *d, struct cmd *c, unsigned int options, unsigned int pages)
{
	uint64_t lba = cmd_lba(c) * (d->logical / SECTOR);
	uint64_t last = d->sectors / (d->logical / SECTOR) - 1;
	uint32_t room = pages * (SECTOR / DESCRIPTOR) - 1, n = 0, length;
	uint8_t *report = calloc(pages, SECTOR);
	const struct zone *z;
	bool moved;

	if (!report || !d->zones || !pages || lba >= d->sectors || !known(options & 0x3f)) {
		free(report);
		return refuse(c, ILLEGAL_REQUEST | 0x2400);
	}
	for (z = zone_of(d, lba); z < d->zones + d->n_zones; z++) {
		if (!wanted(z, options & 0x3f))
			continue;
		if (n < room)
			describe(d, z, report + (n + 1) * DESCRIPTOR);
		n++;
	}
	if (options & 0x80 && n > room)
		n = room;
	length = n * DESCRIPTOR;
	memcpy(report, &length, 4);
	/* SAME: all have one length; of one type, or not */
	report[4] = d->zones[0].type == d->zones[d->n_zones - 1].type ? 1 : 3;
	memcpy(report + 8, &last, 8);
	c->pio_in = false;
	moved = !cmd_move(c, report, pages * SECTOR, true);
	free(report);
	return moved;
}

/* Actions -------------------------------------------------------------------- */

static void reset(struct disk *d, struct zone *z)
{
	disk_erase(d, z->start, z->wp - z->start);
	z->wp = z->start;
	z->cond = EMPTY;
}

static void finish(struct disk *d, struct zone *z)
{
	z->wp = z->start + d->zone_size;
	z->cond = FULL;
}

static bool is_open(const struct zone *z)
{
	return z->cond == IMPLICIT_OPEN || z->cond == EXPLICIT_OPEN;
}

static void act(struct disk *d, struct zone *z, unsigned int action)
{
	switch (action) {
	case CLOSE:
		if (is_open(z))
			z->cond = z->wp == z->start ? EMPTY : CLOSED;
		break;
	case FINISH:
		finish(d, z);
		break;
	case OPEN:
		if (z->cond != FULL)
			z->cond = EXPLICIT_OPEN;
		break;
	case RESET:
		reset(d, z);
		break;
	}
}

/* With ALL an action is for the zones that it can be for, and there it means these. */
static bool all_includes(const struct zone *z, unsigned int action)
{
	switch (action) {
	case CLOSE:
		return is_open(z);
	case FINISH:
		return is_open(z) || z->cond == CLOSED;
	case OPEN:
		return z->cond == CLOSED;
	}
	return z->cond != EMPTY;
}

/* ZAC MANAGEMENT OUT: LBA is the first of a zone with a write pointer */
bool zones_manage(struct disk *d, struct cmd *c, unsigned int action, bool all)
{
	uint64_t lba = cmd_lba(c) * (d->logical / SECTOR);
	struct zone *z;

	if (!d->zones || action < CLOSE || action > RESET)
		return refuse(c, ILLEGAL_REQUEST | 0x2400);
	if (!all) {
		z = lba < d->sectors ? zone_of(d, lba) : NULL;
		if (!z || z->start != lba || z->type == CONVENTIONAL)
			return refuse(c, ILLEGAL_REQUEST | 0x2400);
		act(d, z, action);
		return true;
	}
	for (z = d->zones; z < d->zones + d->n_zones; z++)
		if (z->type != CONVENTIONAL && all_includes(z, action))
			act(d, z, action);
	return true;
}
