// SPDX-License-Identifier: GPL-2.0
/*
 * An ATA disk: the commands (ACS-4), media and volatile write cache.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hba.h"

/* Media --------------------------------------------------------------------- */

uint8_t *disk_memory(uint64_t bytes, const char *file)
{
	int fd = file ? open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666) :
			memfd_create("disk", MFD_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		fail("disk: cannot have %llu bytes in %s", (unsigned long long)bytes,
		     file ? file : "memory");
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		fail("disk: cannot map %llu bytes", (unsigned long long)bytes);
	close(fd);
	return p;
}

void disk_create(struct disk *d, uint64_t bytes, const char *file)
{
	d->sectors = bytes / SECTOR;
	d->logical = SECTOR;
	d->physical = SECTOR;
	d->media = disk_memory(bytes, file);
	d->stable = disk_memory(bytes, NULL);
	d->dirty = disk_memory(d->sectors / 8 + 1, NULL);
	d->cache = true;
	d->depth = 32;
	d->present = true;
}

static bool is_dirty(const struct disk *d, uint64_t lba)
{
	return d->dirty[lba / 8] >> lba % 8 & 1;
}

static void set_dirty(struct disk *d, uint64_t lba, bool yes)
{
	uint8_t bit = (uint8_t)(1u << lba % 8);

	d->dirty[lba / 8] = yes ? d->dirty[lba / 8] | bit : d->dirty[lba / 8] & ~bit;
}

/* Before a write: a power cut brings the old content back, unless it goes to the media. */
static void will_write(struct disk *d, uint64_t lba, uint64_t n, bool fua)
{
	for (; n--; lba++) {
		if (fua || !d->cache) {
			set_dirty(d, lba, false);
		} else if (!is_dirty(d, lba)) {
			memcpy(d->stable + lba * SECTOR, d->media + lba * SECTOR, SECTOR);
			set_dirty(d, lba, true);
		}
	}
}

/* These sectors read zeros. */
void disk_erase(struct disk *d, uint64_t lba, uint64_t n)
{
	will_write(d, lba, n, false);
	memset(d->media + lba * SECTOR, 0, n * SECTOR);
}

/* The bits of a large disk are mostly holes, and stay that. */
static void flush(struct disk *d)
{
	if (madvise(d->dirty, d->sectors / 8 + 1, MADV_REMOVE))
		fail("disk: cannot flush");
}

/*
 * The disk loses power: of what is only in its cache a part is lost, sector by sector, as
 * the cache is written back in any order. Returns how many sectors those are.
 */
uint64_t disk_power_cut(struct disk *d, uint64_t salt, unsigned int percent)
{
	uint64_t lba, lost = 0;

	for (lba = 0; lba < d->sectors; lba++) {
		if (!d->dirty[lba / 8]) {
			lba |= 7;
			continue;
		}
		if (!is_dirty(d, lba) || hash(hba.seed, lba, salt) % 100 >= percent)
			continue;
		memcpy(d->media + lba * SECTOR, d->stable + lba * SECTOR, SECTOR);
		zones_lost(d, lba);
		lost++;
	}
	flush(d);
	return lost;
}

/* COMRESET, SRST: the commands are gone, the cache is not. */
void disk_reset(struct disk *d)
{
	d->queued = 0;
	d->ncq_error = false;
	if (d->packet)
		atapi_reset(&d->cdrom);
}

/* Power-on: what SET FEATURES enables is not enabled, but for the preservation of that. */
void disk_defaults(struct disk *d)
{
	d->sata_on = d->sata & SATA_SSP;
	d->limits_on = false;
	d->success_sense = false;
	zones_power_on(d);
}

/* Commands ------------------------------------------------------------------ */

bool cmd_queued(const struct cmd *c)
{
	uint8_t op = c->cfis[2];

	return c->disk && c->cfis[1] & FIS_C && op >= 0x60 && op <= 0x65 && op != 0x62;
}

/* SATA, NCQ priority information: PRIO is in COUNT 15:14, of reads and writes; 2 is high. */
bool cmd_urgent(const struct cmd *c)
{
	return c->disk->prio && (c->cfis[2] == 0x60 || c->cfis[2] == 0x61) && c->cfis[13] >> 6 == 2;
}

/* Of an EXT command (48 bits); bytes 8 to 10 are zero in others. */
static uint64_t lba48(const struct cmd *c)
{
	const uint8_t *f = c->cfis;

	return f[4] | f[5] << 8 | (uint64_t)f[6] << 16 | (uint64_t)f[8] << 24 |
	       (uint64_t)f[9] << 32 | (uint64_t)f[10] << 40;
}

static uint64_t lba28(const struct cmd *c)
{
	const uint8_t *f = c->cfis;

	return f[4] | f[5] << 8 | (uint64_t)f[6] << 16 | (uint64_t)(f[7] & 15) << 24;
}

static uint16_t feature(const struct cmd *c)
{
	return (uint16_t)(c->cfis[3] | c->cfis[11] << 8);
}

static uint16_t count(const struct cmd *c)
{
	return (uint16_t)(c->cfis[12] | c->cfis[13] << 8);
}

enum type { NONE, READ, WRITE, VERIFY };

/* 28-bit reads and writes, PIO or DMA; and their EXT forms */
#define EXT	1u
#define PIO	2u
#define FUA	4u
#define QUEUED	8u

struct op {
	uint8_t		code;
	enum type	type;
	unsigned int	flags;
	bool		(*run)(struct cmd *c);
};

/* What the disk does not know, it aborts. */
static bool abort_cmd(struct cmd *c)
{
	c->error = ERR_ABRT;
	return false;
}

static bool answer(struct cmd *c, void *buf, uint32_t n, bool pio)
{
	c->pio_in = pio;
	c->block = SECTOR;
	return !cmd_move(c, buf, n, true);
}

/* IDENTIFY DEVICE */
static bool run_identify(struct cmd *c)
{
	uint16_t words[256];

	identify(c->disk, words);
	return answer(c, words, sizeof(words), true);
}

/* READ LOG EXT, READ LOG DMA EXT: that of NCQ errors ends their state. */
static bool run_read_log(struct cmd *c)
{
	uint16_t page = (uint16_t)(c->cfis[5] | c->cfis[9] << 8), n = count(c), i;
	uint8_t buf[SECTOR], log = c->cfis[4];

	for (i = 0; i < n; i++, page++) {
		if (!log_page(c->disk, log, page, buf))
			return abort_cmd(c);
		if (!answer(c, buf, sizeof(buf), c->cfis[2] == 0x2f))
			return false;
	}
	if (log == 0x10)
		c->disk->ncq_error = false;
	return true;
}

/*
 * DATA SET MANAGEMENT, TRIM: 64 entries a sector, of 48 bits of LBA and 16 of length. It
 * reads zeros.
 */
static bool trim(struct disk *d, struct cmd *c, uint32_t sectors)
{
	uint64_t entries[SECTOR / 8], scale = d->logical / SECTOR;
	unsigned int i;

	while (sectors--) {
		if (cmd_move(c, entries, sizeof(entries), false))
			return false;
		for (i = 0; i < ARRAY_SIZE(entries); i++) {
			uint64_t lba = (entries[i] & 0xffffffffffff) * scale;
			uint64_t n = (entries[i] >> 48) * scale;

			if (lba + n > d->sectors) {
				c->error = ERR_IDNF;
				return false;
			}
			disk_erase(d, lba, n);
		}
	}
	return true;
}

static bool run_trim(struct cmd *c)
{
	return feature(c) & 1 ? trim(c->disk, c, count(c)) : abort_cmd(c);
}

/* Bytes 16 to 19 of the FIS */
static uint32_t auxiliary(const struct cmd *c)
{
	return c->cfis[16] | c->cfis[17] << 8 | c->cfis[18] << 16 | (uint32_t)c->cfis[19] << 24;
}

/* REPORT ZONES EXT is subcommand 0 of ZAC MANAGEMENT IN. */
static bool run_zones_report(struct cmd *c)
{
	return c->cfis[3] ? abort_cmd(c) : zones_report(c->disk, c, c->cfis[11], count(c));
}

static bool run_zones_manage(struct cmd *c)
{
	return zones_manage(c->disk, c, c->cfis[3], c->cfis[11] & 1);
}

/* RECEIVE FPDMA QUEUED; subcommand 2 is ZAC MANAGEMENT IN. */
static bool run_receive_queued(struct cmd *c)
{
	uint32_t aux = auxiliary(c);

	if (!c->disk->aux || (c->cfis[13] & 31) != 2 || aux & 0xff)
		return abort_cmd(c);
	return zones_report(c->disk, c, aux >> 8 & 0xff, feature(c));
}

/* NCQ NON-DATA; subcommand 7 is ZAC MANAGEMENT OUT. */
static bool run_non_data(struct cmd *c)
{
	uint32_t aux = auxiliary(c);

	if (!c->disk->aux || (c->cfis[3] & 15) != 7)
		return abort_cmd(c);
	return zones_manage(c->disk, c, aux & 0xff, aux >> 8 & 1);
}

/* SEND FPDMA QUEUED; subcommand 0 is TRIM. */
static bool run_send_queued(struct cmd *c)
{
	if (!c->disk->aux || c->cfis[13] & 31)
		return abort_cmd(c);
	return trim(c->disk, c, feature(c));
}

static bool run_flush(struct cmd *c)
{
	flush(c->disk);
	return true;
}

/* SET FEATURES, Serial ATA features; the numbers are ACS' and not those of the bits. */
static bool set_sata_feature(struct disk *d, struct cmd *c, bool enable)
{
	static const uint16_t features[] = {
		[0x03] = SATA_DIPM, [0x06] = SATA_SSP, [0x09] = SATA_DEVSLP,
	};
	uint8_t nr = c->cfis[12];
	uint16_t bit = nr < ARRAY_SIZE(features) ? features[nr] & d->sata : 0;

	if (!bit)
		return abort_cmd(c);
	d->sata_on = enable ? d->sata_on | bit : d->sata_on & ~bit;
	return true;
}

/* SET FEATURES */
static bool run_set_features(struct cmd *c)
{
	switch (c->cfis[3]) {
	case 0x02:
	case 0x82:
		c->disk->cache = c->cfis[3] == 0x02;
		if (!c->disk->cache)
			flush(c->disk);
		return true;
	case 0x0d:
		c->disk->limits_on = c->disk->limits && c->cfis[12] & 1;
		return c->disk->limits ? true : abort_cmd(c);
	case 0xc3:
		c->disk->sense = c->cfis[12] & 1;
		return true;
	case 0xc4:
		c->disk->success_sense = c->disk->limits && c->cfis[12] & 1;
		return c->disk->limits ? true : abort_cmd(c);
	case 0x10:
	case 0x90:
		return set_sata_feature(c->disk, c, c->cfis[3] == 0x10);
	case 0x03:	/* transfer mode */
	case 0x05:	/* APM */
	case 0x85:
		return true;
	}
	return abort_cmd(c);
}

/* SMART: enabled, and well. */
static bool run_smart(struct cmd *c)
{
	uint8_t buf[SECTOR] = { 0 };

	if (c->cfis[5] != 0x4f || c->cfis[6] != 0xc2)
		return abort_cmd(c);
	switch (c->cfis[3]) {
	case 0xd0:
		return answer(c, buf, sizeof(buf), true);
	case 0xd8:
	case 0xd9:
	case 0xda:
		return true;
	}
	return abort_cmd(c);
}

/* CHECK POWER MODE: active or idle */
static bool run_power_mode(struct cmd *c)
{
	c->count = 0xff;
	return true;
}

static bool run_nothing(struct cmd *c)
{
	(void)c;
	return true;
}

static const struct op ops[] = {
	{ 0x06, NONE, EXT, run_trim },
	{ 0x20, READ, PIO, NULL },
	{ 0x24, READ, PIO | EXT, NULL },
	{ 0x25, READ, EXT, NULL },
	{ 0x29, READ, PIO | EXT, NULL },
	{ 0x2f, NONE, EXT, run_read_log },
	{ 0x30, WRITE, PIO, NULL },
	{ 0x34, WRITE, PIO | EXT, NULL },
	{ 0x35, WRITE, EXT, NULL },
	{ 0x39, WRITE, PIO | EXT, NULL },
	{ 0x3d, WRITE, EXT | FUA, NULL },
	{ 0x40, VERIFY, 0, NULL },
	{ 0x42, VERIFY, EXT, NULL },
	{ 0x47, NONE, EXT, run_read_log },
	{ 0x4a, NONE, EXT, run_zones_report },
	{ 0x60, READ, QUEUED, NULL },
	{ 0x61, WRITE, QUEUED, NULL },
	{ 0x63, NONE, QUEUED, run_non_data },
	{ 0x64, NONE, QUEUED, run_send_queued },
	{ 0x65, NONE, QUEUED, run_receive_queued },
	{ 0x9f, NONE, EXT, run_zones_manage },
	{ 0xb0, NONE, 0, run_smart },
	{ 0xc4, READ, PIO, NULL },
	{ 0xc5, WRITE, PIO, NULL },
	{ 0xc6, NONE, 0, run_nothing },		/* SET MULTIPLE MODE */
	{ 0xc8, READ, 0, NULL },
	{ 0xca, WRITE, 0, NULL },
	{ 0xce, WRITE, PIO | EXT | FUA, NULL },
	{ 0xe0, NONE, 0, run_flush },		/* STANDBY IMMEDIATE */
	{ 0xe1, NONE, 0, run_nothing },		/* IDLE IMMEDIATE */
	{ 0xe2, NONE, 0, run_nothing },		/* STANDBY */
	{ 0xe3, NONE, 0, run_nothing },		/* IDLE */
	{ 0xe5, NONE, 0, run_power_mode },
	{ 0xe6, NONE, 0, run_flush },		/* SLEEP */
	{ 0xe7, NONE, 0, run_flush },
	{ 0xea, NONE, EXT, run_flush },
	{ 0xec, NONE, 0, run_identify },
	{ 0xef, NONE, 0, run_set_features },
	{ 0xf5, NONE, 0, run_nothing },		/* SECURITY FREEZE LOCK */
};

static const struct op *find(uint8_t code)
{
	const struct op *op;

	for (op = ops; op < ops + ARRAY_SIZE(ops); op++)
		if (op->code == code)
			return op;
	return NULL;
}

/*
 * The sectors of a command, in units of 512 bytes as the media has them; a count of 0 is
 * the most that there can be.
 */
static void extent(const struct disk *d, const struct op *op, const struct cmd *c,
		   uint64_t *lba, uint64_t *n)
{
	uint64_t scale = d->logical / SECTOR;

	*lba = cmd_lba(c) * scale;
	if (op->flags & QUEUED)
		*n = feature(c) ? feature(c) : 65536;
	else if (op->flags & EXT)
		*n = count(c) ? count(c) : 65536;
	else
		*n = c->cfis[12] ? c->cfis[12] : 256;
	*n *= scale;
}

uint64_t cmd_lba(const struct cmd *c)
{
	const struct op *op = find(c->cfis[2]);

	if (c->cfis[2] == CMD_PACKET)
		return atapi_lba(c);
	return op && op->flags & (EXT | QUEUED) ? lba48(c) : lba28(c);
}

/* READ, WRITE and READ VERIFY of any kind. Data before a bad sector are moved, as a disk does. */
static bool transfer(struct disk *d, struct cmd *c, const struct op *op)
{
	bool fua = op->flags & FUA || (op->flags & QUEUED && c->cfis[7] & 0x80);
	uint64_t lba, n;

	extent(d, op, c, &lba, &n);
	if (lba + n > d->sectors) {
		c->error = ERR_IDNF;
		return false;
	}
	if (op->type != WRITE && d->bad && d->bad_lba >= lba && d->bad_lba < lba + n) {
		c->lba = d->bad_lba / (d->logical / SECTOR);
		c->error = ERR_UNC;
		n = d->bad_lba - lba;
	}
	if (op->type == VERIFY)
		return !c->error;
	if (op->type == WRITE) {
		if (!zones_write(d, c, lba, n))
			return false;
		will_write(d, lba, n, fua);
	}
	c->pio_in = op->type == READ && op->flags & PIO;
	c->block = SECTOR;
	return !cmd_move(c, d->media + lba * SECTOR, (uint32_t)(n * SECTOR), op->type == READ) &&
	       !c->error;
}

/* Fills in what the disk answers. */
void disk_execute(struct cmd *c)
{
	struct disk *d = c->disk;
	const struct op *op = find(c->cfis[2]);

	if (d->packet) {
		atapi_execute(&hba.port[c->port], c);
		return;
	}
	/* SATA, NCQ errors: after a queued command failed, only the error log is answered. */
	if (d->ncq_error && !((c->cfis[2] == 0x2f || c->cfis[2] == 0x47) && c->cfis[4] == 0x10)) {
		c->error = ERR_ABRT;
		return;
	}
	c->count = op && op->flags & QUEUED ? 0 : count(c);
	if (!op)
		abort_cmd(c);
	else if (c->expired)
		limit_expired(c);
	else if (op->run)
		op->run(c);
	else
		transfer(d, c, op);
}
