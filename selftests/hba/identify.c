// SPDX-License-Identifier: GPL-2.0
/*
 * What a disk says of itself: IDENTIFY DEVICE and its logs (ACS-4). Words and bytes have
 * the numbers that they have there.
 */
#include <stdio.h>
#include <string.h>

#include "hba.h"

/* Strings: two characters a word, the first in the upper byte, with blanks to the end. */
static void text(uint16_t *w, unsigned int words, const char *s)
{
	char field[64];
	unsigned int i;

	snprintf(field, sizeof(field), "%-*s", (int)(2 * words), s);
	for (i = 0; i < words; i++)
		w[i] = (uint16_t)((uint8_t)field[2 * i] << 8 | (uint8_t)field[2 * i + 1]);
}

static void capacity(const struct disk *d, uint16_t *w)
{
	uint64_t sectors = d->sectors / (d->logical / SECTOR);
	uint32_t small = sectors > 0x0fffffff ? 0x0fffffff : (uint32_t)sectors;
	unsigned int i, shift = (unsigned int)__builtin_ctz(d->physical / d->logical);

	w[60] = (uint16_t)small;
	w[61] = (uint16_t)(small >> 16);
	for (i = 0; i < 4; i++)
		w[100 + i] = (uint16_t)(sectors >> (16 * i));
	w[106] = (uint16_t)(0x4000 | shift | (shift ? 1u << 13 : 0));
	if (d->logical > SECTOR) {
		w[106] |= 1u << 12;
		w[117] = (uint16_t)(d->logical / 2);
	}
	w[209] = 0x4000;
}

void identify(const struct disk *d, uint16_t *w)
{
	memset(w, 0, 256 * sizeof(*w));
	w[0] = 0x0040;
	text(w + 10, 10, d->serial);
	text(w + 23, 4, "1.0");
	text(w + 27, 20, "MODEL HBA DISK");
	w[47] = 0x8010;
	w[49] = 0x0f00;			/* DMA, LBA, IORDY */
	w[50] = 0x4000;
	w[53] = 0x0006;
	w[59] = 0x0110;
	w[63] = 0x0007;
	w[64] = 0x0003;
	w[65] = 120;
	w[66] = 120;
	w[67] = 120;
	w[68] = 120;
	w[69] = 1u << 14 | 1u << 5;	/* TRIM reads zeros, and defined content */
	w[75] = (uint16_t)(d->depth - 1);
	w[76] = 0x000e;			/* 1.5, 3.0 and 6.0 Gbit/s */
	if (d->depth > 1)
		w[76] |= 1u << 8;
	if (d->hipm)
		w[76] |= 1u << 9 | 1u << 13;	/* and the host's automatic Partial to Slumber */
	if (d->prio)
		w[76] |= 1u << 12;
	if (d->aux)
		w[77] |= 1u << 5 | 1u << 6;	/* NCQ NON-DATA; SEND and RECEIVE */
	w[78] = d->sata | 1u << 7;	/* NCQ autosense */
	w[79] = d->sata_on;
	w[80] = 0x07f0;			/* up to ACS-4 */
	if (d->limits)
		w[80] |= 1u << 11;	/* ACS-5 */
	w[82] = 1u << 0 | 1u << 3 | 1u << 5 | 1u << 6;	/* SMART, power, cache, look-ahead */
	w[83] = 0x4000 | 1u << 10 | 1u << 12 | 1u << 13;	/* 48 bits, flush, flush EXT */
	w[84] = 0x4000 | 1u << 5 | 1u << 6 | 1u << 8;	/* logs, FUA, WWN */
	w[85] = (uint16_t)(w[82] & (d->cache ? ~0u : ~(1u << 5)));
	w[86] = (uint16_t)((w[83] & ~0x4000) | 0x8000);
	w[87] = w[84];
	w[88] = 0x407f;
	w[93] = 0;
	w[105] = 8;
	w[108] = 0x5000;
	w[109] = 0xc500;
	w[110] = 0x4842;
	w[111] = d->wwn;
	w[119] = 0x4000 | 1u << 6;	/* sense data reporting */
	w[120] = (uint16_t)(0x4000 | (d->sense ? 1u << 6 : 0));
	w[169] = 1;
	w[217] = 1;			/* does not rotate */
	w[222] = 0x107f;
	capacity(d, w);
}

/*
 * IDENTIFY PACKET DEVICE: a CD-ROM drive, removable, with packets of 12 bytes. Where word 62
 * has DMADIR, ACS-3 wants no DMA modes in words 49, 63 and 88; but drivers look for them
 * there, and bridges that need DMADIR have them.
 */
void identify_packet(const struct port *p, uint16_t *w)
{
	const struct cdrom *cd = &p->disk.cdrom;

	memset(w, 0, 256 * sizeof(*w));
	w[0] = 0x85c0;
	text(w + 10, 10, p->disk.serial);
	text(w + 23, 4, "1.0");
	text(w + 27, 20, "MODEL HBA CD-ROM");
	w[49] = 0x0a00;			/* LBA, IORDY */
	w[53] = 0x0006;
	w[64] = 0x0003;
	w[67] = 120;
	w[68] = 120;
	w[76] = 0x000e;			/* 1.5, 3.0 and 6.0 Gbit/s */
	w[78] = 1u << 5;		/* asynchronous notification */
	w[79] = (uint16_t)(cd->notify << 5);
	w[80] = 0x01f0;			/* up to ATA8-ACS */
	w[82] = 1u << 3 | 1u << 4;	/* power, PACKET */
	w[83] = 0x4000;
	w[84] = 0x4000;
	w[85] = w[82];
	w[87] = w[84];
	if (!cd->dma)
		return;
	w[49] |= 1u << 8;
	w[63] = 0x0007;
	w[65] = 120;
	w[66] = 120;
	w[88] = 0x203f;
	if (cd->dmadir)
		w[62] = 0x87bf;		/* DMADIR, DMA, MDMA 0 to 2, UDMA 0 to 5 */
}

/* Log 00h: pages of each log */
static void directory(uint8_t *buf)
{
	static const uint8_t pages[][2] = { { 0x0f, 2 }, { 0x10, 1 }, { 0x12, 1 },
					      { 0x13, 1 }, { 0x18, 1 }, { 0x30, 10 } };
	unsigned int i;

	buf[0] = 1;
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		buf[2 * pages[i][0]] = pages[i][1];
}

/* Log 12h: of NCQ NON-DATA, ZAC MANAGEMENT OUT. */
static void non_data(const struct disk *d, uint8_t *buf)
{
	buf[0x1c] = d->zones ? 1 : 0;
}

/* Log 13h: TRIM in SEND FPDMA QUEUED, ZAC MANAGEMENT OUT and IN as queued commands. */
static void send_receive(const struct disk *d, uint8_t *buf)
{
	buf[0] = 1;
	buf[4] = 1;
	buf[0x10] = d->zones ? 3 : 0;
}

static void put64(uint8_t *to, uint64_t value)
{
	value |= 1ull << 63;
	memcpy(to, &value, sizeof(value));
}

/* Log 30h: the pages that there are, and of those what libata asks. */
static bool identify_log(const struct disk *d, uint16_t page, uint8_t *buf)
{
	static const uint8_t pages[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x08, 0x09 };

	buf[0] = 1;
	buf[2] = (uint8_t)page;
	switch (page) {
	case 0x00:
		buf[8] = d->zones ? sizeof(pages) : sizeof(pages) - 1;
		memcpy(buf + 9, pages, sizeof(pages));
		return true;
	case 0x01:
		identify(d, (uint16_t *)buf);
		return true;
	case 0x02:	/* capacity */
		put64(buf + 8, d->sectors / (d->logical / SECTOR));
		return true;
	case 0x03:	/* supported capabilities */
		put64(buf + 8, d->limits ? 1ull << 47 : 0);	/* sense data of successful ones */
		put64(buf + 168, d->limits ? 3 : 0);		/* duration limits, guideline */
		return true;
	case 0x04:	/* current settings */
		put64(buf + 8, (uint64_t)d->limits_on << 21 | (uint64_t)d->success_sense << 18);
		return true;
	case 0x08:	/* Serial ATA */
		put64(buf + 8, 1u << 14 | (d->prio ? 1u << 11 : 0));
		if (d->sata & SATA_DEVSLP)	/* DEVSLP timing variables */
			put64(buf + 48, DEVSLP_MS_MDAT | DEVSLP_MS_DETO << 8);
		return true;
	case 0x09:	/* zones */
		put64(buf + 8, 1);		/* unwritten sectors can be read (URSWRZ) */
		put64(buf + 40, 0xffffffff);	/* as many may be open as there are */
		return d->zones;
	}
	return false;
}

/* One page of a log, or false if there is no such page. */
bool log_page(struct disk *d, uint8_t log, uint16_t page, uint8_t *buf)
{
	memset(buf, 0, SECTOR);
	switch (log) {
	case 0x00:
		directory(buf);
		return !page;
	case 0x0f:
		return success_log(d, page, buf);
	case 0x10:
		memcpy(buf, d->ncq_log, SECTOR);
		if (!d->ncq_error)
			buf[0] = 0x80;
		return !page;
	case 0x12:
		non_data(d, buf);
		return !page;
	case 0x13:
		send_receive(d, buf);
		return !page;
	case 0x18:
		return limits_log(d, buf) && !page;
	case 0x30:
		return identify_log(d, page, buf);
	}
	return false;
}
