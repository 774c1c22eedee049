// SPDX-License-Identifier: GPL-2.0
/*
 * A CD-ROM drive, or one for DVD-RAM: the commands of a device with the PACKET feature set
 * (ACS-3), and of the packets (SPC-4, MMC-6) those that Linux and the tests use.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "hba.h"

#define BLOCK		2048u
#define PACKET_SIZE	12u
/* SATA: the most that one Data FIS has, and so a block of PIO */
#define DRQ_MOST	8192u

/* PACKET, feature field */
#define PACKET_DMA	BIT(0)
#define PACKET_DMADIR	BIT(2)		/* to the host */
/* PACKET, count field: the interrupt reason */
#define REASON_CD	BIT(0)		/* a packet or the status, no data */
#define REASON_IO	BIT(1)		/* to the host */

/* SPC-4: sense keys, additional sense codes with their qualifiers */
enum {
	NOT_READY	= 0x2,
	MEDIUM_ERROR	= 0x3,
	ILLEGAL_REQUEST	= 0x5,
	UNIT_ATTENTION	= 0x6,
};

enum {
	UNREADABLE	= 0x1105,
	UNKNOWN_OPCODE	= 0x2000,
	OUT_OF_RANGE	= 0x2100,
	INVALID_FIELD	= 0x2400,
	MEDIUM_CHANGED	= 0x2800,
	WAS_RESET	= 0x2900,
	NO_MEDIUM	= 0x3a00,
	REMOVAL_PREVENTED = 0x5302,
};

/* MMC-6, GET EVENT STATUS NOTIFICATION: media events */
enum { EVENT_NONE, EVENT_EJECT_REQUEST, EVENT_NEW_MEDIUM, EVENT_REMOVAL };

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

/* Tray and medium ----------------------------------------------------------- */

static bool has_medium(const struct cdrom *cd)
{
	return cd->media && !cd->out && !cd->open;
}

static void media_event(struct cdrom *cd, uint8_t event)
{
	cd->event = event;
	cd->notification = cd->notify;
}

static void open_tray(struct cdrom *cd)
{
	if (has_medium(cd))
		media_event(cd, EVENT_REMOVAL);
	cd->open = true;
}

static void close_tray(struct cdrom *cd)
{
	bool was_open = cd->open;

	cd->open = false;
	if (!was_open || !has_medium(cd))
		return;
	cd->attention = MEDIUM_CHANGED;
	media_event(cd, EVENT_NEW_MEDIUM);
}

/*
 * A medium, or none of 0 bytes. What is not in a file is lines with their numbers from
 * FIRST on, so whoever reads it knows what it has to be.
 */
void atapi_medium(struct cdrom *cd, uint64_t bytes, const char *file, uint64_t first)
{
	uint64_t at;
	char line[40];

	if (cd->media)
		munmap(cd->media, (size_t)cd->blocks * BLOCK);
	cd->media = bytes ? disk_memory(bytes, file) : NULL;
	cd->blocks = (uint32_t)(bytes / BLOCK);
	for (at = 0; at < bytes && !file; at += 32) {
		snprintf(line, sizeof(line), "%031llu\n", (unsigned long long)(first + at / 32));
		memcpy(cd->media + at, line, 32);
	}
}

/*
 * The button, and the medium is taken out, or Linux would close the tray with it when
 * somebody opens the device. While the tray is locked this only makes a wish known.
 */
bool atapi_eject(struct port *p)
{
	struct cdrom *cd = &p->disk.cdrom;

	if (cd->locked) {
		media_event(cd, EVENT_EJECT_REQUEST);
	} else {
		open_tray(cd);
		cd->out = true;
	}
	atapi_notify(p);
	return cd->out;
}

/* Whether the tray is open or has been closed without a medium. False: there is none. */
bool atapi_insert(struct port *p)
{
	struct cdrom *cd = &p->disk.cdrom;

	if (!cd->media)
		return false;
	cd->out = false;
	cd->open = true;
	close_tray(cd);
	atapi_notify(p);
	return true;
}

/* COMRESET, SRST, power: settings, locks and sense data are gone, the medium stays. */
void atapi_reset(struct cdrom *cd)
{
	cd->locked = false;
	cd->notify = false;
	cd->notification = false;
	cd->key = 0;
	cd->asc = 0;
	/* Nobody may miss that the medium is another. */
	if (!cd->attention)
		cd->attention = WAS_RESET;
}

/*
 * SATA, asynchronous notification: a Set Device Bits FIS with N, between commands. It has
 * no error of the last command, which would count as one of now.
 */
void atapi_notify(struct port *p)
{
	uint8_t fis[8] = { FIS_SDB, FIS_N | FIS_I, STS_DRDY | STS_SEEK };
	struct cdrom *cd = &p->disk.cdrom;

	if (!cd->notification || !p->disk.present || p->link != LINK_UP || p->halted ||
	    p->tfd & (STS_BSY | STS_DRQ))
		return;
	cd->notification = false;
	port_fis(p, RX_SDBFIS, fis, sizeof(fis));
	p->tfd = fis[2];
	/* 3.3.15: a bit for each port of a multiplier; a device without one is at 0. */
	if (hba.cap & CAP_SSNTF)
		p->sntf |= BIT(0);
	hba_event(p, IS_SDBS);
}

/* Outcome and data ---------------------------------------------------------- */

/* CHECK CONDITION: the error register has the sense key, REQUEST SENSE the rest. */
static void check_condition(struct cdrom *cd, struct cmd *c, uint8_t key, uint16_t asc)
{
	cd->key = key;
	cd->asc = asc;
	c->error = (uint8_t)(key << 4 | ERR_ABRT);
}

/* A test has given a command this error. */
void atapi_failed(struct cdrom *cd, uint8_t error)
{
	cd->key = error >> 4;
	cd->asc = 0;
	cd->bad_block = 0;
}

uint32_t atapi_lba(const struct cmd *c)
{
	return get32(c->packet + 2);
}

/* The PIO Setup FIS of a packet or of data. An interrupt is wanted for data only. */
static void drq(struct port *p, struct cmd *c, uint8_t reason, uint32_t bytes)
{
	uint8_t flags = reason & REASON_IO ? FIS_D : 0;

	c->count = reason;
	c->block = (uint16_t)(bytes + bytes % 2);
	if (!(reason & REASON_CD)) {
		flags |= FIS_I;
		c->lba = bytes << 8;
	}
	pio_setup_fis(p, c, flags, STS_DRDY | STS_BSY);
}

/* Data come in words by PIO, and in dwords by DMA: after an odd end, as far as there is room. */
static void pad(struct cmd *c, uint32_t unit)
{
	uint8_t zero = 0;

	while (c->moved % unit && c->prd < c->prdtl)
		if (cmd_move(c, &zero, 1, true))
			return;
}

static void move_dma(struct cmd *c, uint8_t *buf, uint32_t n, bool in)
{
	if (!cmd_move(c, buf, n, in) && in)
		pad(c, 4);
}

/* The host limits the size of a block; all but the last are even. */
static void move_pio(struct port *p, struct cmd *c, uint8_t *buf, uint32_t n, bool in)
{
	uint32_t most = (uint32_t)(c->cfis[5] | c->cfis[6] << 8) & ~1u, piece;

	if (!most) {
		check_condition(&p->disk.cdrom, c, ILLEGAL_REQUEST, INVALID_FIELD);
		return;
	}
	if (most > DRQ_MOST)
		most = DRQ_MOST;
	for (; n; n -= piece, buf += piece) {
		piece = n < most ? n : most;
		drq(p, c, in ? REASON_IO : 0, piece);
		if (cmd_move(c, buf, piece, in))
			return;
		if (in)
			pad(c, 2);
		hba_event(p, IS_PSS);
	}
}

/* By DMA only where it is offered, and with DMADIR right where that is wanted. */
static bool dma_allowed(const struct cdrom *cd, const struct cmd *c, bool in)
{
	return cd->dma && (!cd->dmadir || in == !!(c->cfis[3] & PACKET_DMADIR));
}

static void move(struct port *p, struct cmd *c, void *buf, uint32_t n, bool in)
{
	if (!n)
		return;
	if (!(c->cfis[3] & PACKET_DMA))
		move_pio(p, c, buf, n, in);
	else if (dma_allowed(&p->disk.cdrom, c, in))
		move_dma(c, buf, n, in);
	else
		check_condition(&p->disk.cdrom, c, ILLEGAL_REQUEST, INVALID_FIELD);
}

/* What the drive has to say, as much of it as the host has room for. */
static void reply(struct port *p, struct cmd *c, uint8_t *buf, uint32_t n, uint32_t room)
{
	move(p, c, buf, n < room ? n : room, true);
}

/* Packets ------------------------------------------------------------------- */

static void invalid_field(struct port *p, struct cmd *c)
{
	check_condition(&p->disk.cdrom, c, ILLEGAL_REQUEST, INVALID_FIELD);
}

static void run_test_unit_ready(struct port *p, struct cmd *c)
{
	(void)p;
	(void)c;
}

/* Sense data are told once; without any, it is what is pending. */
static void run_request_sense(struct port *p, struct cmd *c)
{
	struct cdrom *cd = &p->disk.cdrom;
	uint8_t buf[18] = { 0x70, [7] = 10 };

	if (!cd->key && cd->attention) {
		cd->key = UNIT_ATTENTION;
		cd->asc = cd->attention;
		cd->attention = 0;
	}
	buf[2] = cd->key;
	put16(buf + 12, cd->asc);
	if (cd->asc == UNREADABLE) {
		buf[0] |= 0x80;
		put32(buf + 3, cd->bad_block);
	}
	cd->key = 0;
	cd->asc = 0;
	reply(p, c, buf, sizeof(buf), c->packet[4]);
}

/* Vital product data: the list of pages, and the serial number */
static void run_inquiry_page(struct port *p, struct cmd *c)
{
	uint8_t buf[24] = { 0x05, c->packet[2] };

	if (buf[1] == 0x00) {
		buf[3] = 2;
		buf[5] = 0x80;
	} else if (buf[1] == 0x80) {
		buf[3] = 20;
		memcpy(buf + 4, p->disk.serial, strlen(p->disk.serial));
	} else {
		invalid_field(p, c);
		return;
	}
	reply(p, c, buf, 4u + buf[3], get16(c->packet + 3));
}

static void run_inquiry(struct port *p, struct cmd *c)
{
	uint8_t buf[36] = { 0x05, 0x80, 0, 0x21, sizeof(buf) - 5 };

	if (c->packet[1] & 1) {
		run_inquiry_page(p, c);
		return;
	}
	memcpy(buf + 8, "MODEL   HBA CD-ROM      1.0 ", 28);
	reply(p, c, buf, sizeof(buf), get16(c->packet + 3));
}

/* Page 2ah, capabilities */
static void run_mode_sense(struct port *p, struct cmd *c)
{
	struct cdrom *cd = &p->disk.cdrom;
	uint8_t buf[8 + 20] = { 0 }, *page = buf + 8;

	if ((c->packet[2] & 0x3f) != 0x2a && (c->packet[2] & 0x3f) != 0x3f) {
		invalid_field(p, c);
		return;
	}
	put16(buf, sizeof(buf) - 2);
	page[0] = 0x2a;
	page[1] = 18;
	page[2] = cd->writable ? 0x38 : 0x08;	/* reads DVD-ROM, DVD-R, DVD-RAM */
	page[3] = cd->writable ? 0x20 : 0;	/* writes DVD-RAM */
	page[6] = (uint8_t)(0x29 | cd->locked << 1);	/* a tray, eject, lock */
	put16(page + 8, 1385);
	put16(page + 14, 1385);
	reply(p, c, buf, sizeof(buf), get16(c->packet + 7));
}

static void run_start_stop(struct port *p, struct cmd *c)
{
	struct cdrom *cd = &p->disk.cdrom;

	switch (c->packet[4] & 3) {
	case 2:
		if (cd->locked)
			check_condition(cd, c, ILLEGAL_REQUEST, REMOVAL_PREVENTED);
		else
			open_tray(cd);
		break;
	case 3:
		close_tray(cd);
		break;
	}
}

static void run_prevent_removal(struct port *p, struct cmd *c)
{
	p->disk.cdrom.locked = c->packet[4] & 1;
}

static void run_read_capacity(struct port *p, struct cmd *c)
{
	uint8_t buf[8];

	put32(buf, p->disk.cdrom.blocks - 1);
	put32(buf + 4, BLOCK);
	reply(p, c, buf, sizeof(buf), sizeof(buf));
}

/* The blocks of READ and WRITE, of 10 bytes or 12; false if they are not all there. */
static bool extent(struct port *p, struct cmd *c, uint32_t *lba, uint32_t *n)
{
	struct cdrom *cd = &p->disk.cdrom;

	*lba = atapi_lba(c);
	*n = c->packet[0] & 0x80 ? get32(c->packet + 6) : get16(c->packet + 7);
	if (*lba <= cd->blocks && *n <= cd->blocks - *lba)
		return true;
	check_condition(cd, c, ILLEGAL_REQUEST, OUT_OF_RANGE);
	return false;
}

/* Data before a block that cannot be read are moved. */
static void run_read(struct port *p, struct cmd *c)
{
	struct disk *d = &p->disk;
	uint32_t lba, n;
	bool bad;

	if (!extent(p, c, &lba, &n))
		return;
	bad = d->bad && d->bad_lba >= lba && d->bad_lba - lba < n;
	if (bad)
		n = (uint32_t)d->bad_lba - lba;
	move(p, c, d->cdrom.media + (size_t)lba * BLOCK, n * BLOCK, true);
	if (bad && !c->error) {
		d->cdrom.bad_block = (uint32_t)d->bad_lba;
		check_condition(&d->cdrom, c, MEDIUM_ERROR, UNREADABLE);
	}
}

static void run_write(struct port *p, struct cmd *c)
{
	uint32_t lba, n;

	if (extent(p, c, &lba, &n))
		move(p, c, p->disk.cdrom.media + (size_t)lba * BLOCK, n * BLOCK, false);
}

/* An address in a table of contents: a block, or minutes, seconds and frames */
static void toc_address(const struct cmd *c, uint8_t *to, uint32_t lba)
{
	if (!(c->packet[1] & 2)) {
		put32(to, lba);
		return;
	}
	lba += 150;
	to[1] = (uint8_t)(lba / 75 / 60);
	to[2] = (uint8_t)(lba / 75 % 60);
	to[3] = (uint8_t)(lba % 75);
}

/* One session with one track of data. Format 0 has the lead-out as well. */
static void run_read_toc(struct port *p, struct cmd *c)
{
	uint32_t format = c->packet[2] & 15 ? c->packet[2] & 15 : c->packet[9] >> 6;
	uint8_t buf[20] = { 0, 10, 1, 1 }, *track = buf + 4;

	if (format > 1 || (c->packet[6] > 1 && c->packet[6] != 0xaa)) {
		invalid_field(p, c);
		return;
	}
	if (c->packet[6] != 0xaa) {
		track[1] = 0x14;
		track[2] = 1;
		toc_address(c, track + 4, 0);
		track += 8;
	}
	if (!format) {
		track[1] = 0x14;
		track[2] = 0xaa;
		toc_address(c, track + 4, p->disk.cdrom.blocks);
		track += 8;
	}
	put16(buf, (uint32_t)(track - buf) - 2);
	reply(p, c, buf, (uint32_t)(track - buf), get16(c->packet + 7));
}

/* A disc that is complete, with one session and one track */
static void run_read_disc_info(struct port *p, struct cmd *c)
{
	uint8_t buf[34] = { 0, sizeof(buf) - 2, 0x0e, 1, 1, 1, 1 };

	if (p->disk.cdrom.writable)
		buf[2] |= 0x10;		/* erasable */
	reply(p, c, buf, sizeof(buf), get16(c->packet + 7));
}

static void run_get_event(struct port *p, struct cmd *c)
{
	struct cdrom *cd = &p->disk.cdrom;
	uint8_t buf[8] = { 0, 6, 0x04, 0x10, cd->event, 0 };
	uint32_t n = sizeof(buf);

	/* Polled only, and nothing but media events */
	if (!(c->packet[1] & 1)) {
		invalid_field(p, c);
		return;
	}
	buf[5] = (uint8_t)(cd->open | has_medium(cd) << 1);
	if (c->packet[4] & 0x10) {
		cd->event = EVENT_NONE;
	} else {
		n = 4;
		buf[1] = 2;
		buf[2] = 0x80;
	}
	reply(p, c, buf, n, get16(c->packet + 7));
}

/* Features of GET CONFIGURATION, without their codes: version and flags, length, data */
static const struct feature {
	uint16_t	code;
	bool		writer;
	uint8_t		data[16];
	uint8_t		n;
} features[] = {
	/* profiles: DVD-RAM, DVD-ROM, CD-ROM */
	{ 0x0000, false, { 0x03, 12, 0, 0x12, 0, 0, 0, 0x10, 0, 0, 0, 0x08 }, 14 },
	/* core: ATAPI */
	{ 0x0001, false, { 0x03, 4, 0, 0, 0, 2 }, 6 },
	/* removable medium: a tray, eject, lock */
	{ 0x0003, false, { 0x03, 4, 0x29 }, 6 },
	/* random readable: 2048 bytes, one block at a time */
	{ 0x0010, false, { 0x01, 8, 0, 0, 0x08, 0, 0, 1 }, 10 },
	/* random writable: the same, the last block comes first */
	{ 0x0020, true, { 0x01, 12, 0, 0, 0, 0, 0, 0, 0x08, 0, 0, 1 }, 14 },
};

/* All features from one on, or only that one */
static void run_get_configuration(struct port *p, struct cmd *c)
{
	const struct cdrom *cd = &p->disk.cdrom;
	uint32_t first = get16(c->packet + 2), only = (c->packet[1] & 3) == 2, n = 8;
	const struct feature *f;
	uint8_t buf[128] = { 0 };

	for (f = features; f < features + ARRAY_SIZE(features); f++) {
		if (f->code < first || (only && f->code != first) || (f->writer && !cd->writable))
			continue;
		put16(buf + n, f->code);
		memcpy(buf + n + 2, f->data, f->n);
		if (f->writer)
			put32(buf + n + 4, cd->blocks - 1);
		n += 2u + f->n;
	}
	put32(buf, n - 4);
	if (has_medium(cd))
		put16(buf + 6, cd->writable ? 0x12 : 0x10);
	reply(p, c, buf, n, get16(c->packet + 7));
}

#define MEDIUM	1u	/* needs a medium */
#define ALWAYS	2u	/* also while there is a UNIT ATTENTION to report */
#define WRITER	4u	/* of a drive that writes */

static const struct packet {
	uint8_t		code;
	unsigned int	flags;
	void		(*run)(struct port *p, struct cmd *c);
} packets[] = {
	{ 0x00, MEDIUM, run_test_unit_ready },
	{ 0x03, ALWAYS, run_request_sense },
	{ 0x12, ALWAYS, run_inquiry },
	{ 0x1b, 0, run_start_stop },
	{ 0x1e, 0, run_prevent_removal },
	{ 0x25, MEDIUM, run_read_capacity },
	{ 0x28, MEDIUM, run_read },
	{ 0x2a, MEDIUM | WRITER, run_write },
	{ 0x43, MEDIUM, run_read_toc },
	{ 0x46, ALWAYS, run_get_configuration },
	{ 0x4a, ALWAYS, run_get_event },
	{ 0x51, MEDIUM, run_read_disc_info },
	{ 0x5a, 0, run_mode_sense },
	{ 0xa8, MEDIUM, run_read },
	{ 0xaa, MEDIUM | WRITER, run_write },
};

static const struct packet *find(const struct cdrom *cd, uint8_t code)
{
	const struct packet *op;

	for (op = packets; op < packets + ARRAY_SIZE(packets); op++)
		if (op->code == code && (!(op->flags & WRITER) || cd->writable))
			return op;
	return NULL;
}

static void execute_packet(struct port *p, struct cmd *c)
{
	struct cdrom *cd = &p->disk.cdrom;
	const struct packet *op = find(cd, c->packet[0]);

	if (c->packet[0] != 0x03) {
		cd->key = 0;
		cd->asc = 0;
	}
	if (!op) {
		check_condition(cd, c, ILLEGAL_REQUEST, UNKNOWN_OPCODE);
	} else if (cd->attention && !(op->flags & ALWAYS)) {
		check_condition(cd, c, UNIT_ATTENTION, cd->attention);
		cd->attention = 0;
	} else if (op->flags & MEDIUM && !has_medium(cd)) {
		check_condition(cd, c, NOT_READY, NO_MEDIUM);
	} else {
		op->run(p, c);
	}
}

/*
 * PACKET. The HBA answers the first PIO Setup FIS with ACMD, or, without A, with what the
 * PRD table has, as for any other data.
 */
static void run_packet(struct port *p, struct cmd *c)
{
	c->lba = (uint64_t)c->cfis[5] << 8 | (uint64_t)c->cfis[6] << 16;
	drq(p, c, REASON_CD, PACKET_SIZE);
	if (!(c->header[0] & HDR_A) && cmd_move(c, c->packet, PACKET_SIZE, false))
		return;
	execute_packet(p, c);
	c->count = REASON_CD | REASON_IO;
}

/* ATA commands -------------------------------------------------------------- */

static void abort_cmd(struct cmd *c)
{
	c->error = ERR_ABRT;
}

/* ATA for disks: the signature tells what this is. */
static void not_a_disk(struct cmd *c)
{
	c->lba = SIG_ATAPI >> 8;
	c->count = SIG_ATAPI & 0xff;
	abort_cmd(c);
}

static void run_identify_packet(struct port *p, struct cmd *c)
{
	uint16_t words[256];

	identify_packet(p, words);
	c->pio_in = true;
	c->block = sizeof(words);
	cmd_move(c, words, sizeof(words), true);
}

/* SET FEATURES: transfer mode, and asynchronous notification among those of SATA */
static void run_set_features(struct port *p, struct cmd *c)
{
	bool enable = c->cfis[3] == 0x10, disable = c->cfis[3] == 0x90;

	if ((enable || disable) && c->cfis[12] == 0x05)
		p->disk.cdrom.notify = enable;
	else if (c->cfis[3] != 0x03)
		abort_cmd(c);
}

void atapi_execute(struct port *p, struct cmd *c)
{
	c->count = (uint16_t)(c->cfis[12] | c->cfis[13] << 8);
	switch (c->cfis[2]) {
	case CMD_PACKET:
		run_packet(p, c);
		break;
	case 0xa1:
		run_identify_packet(p, c);
		break;
	case 0xef:
		run_set_features(p, c);
		break;
	case 0xe5:	/* CHECK POWER MODE: active or idle */
		c->count = 0xff;
		break;
	case 0xe0:	/* STANDBY IMMEDIATE, IDLE IMMEDIATE, SLEEP */
	case 0xe1:
	case 0xe6:
		break;
	case 0x20:	/* READ SECTOR(S), IDENTIFY DEVICE */
	case 0xec:
		not_a_disk(c);
		break;
	default:
		abort_cmd(c);
	}
}
