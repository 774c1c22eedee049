// SPDX-License-Identifier: GPL-2.0
/*
 * The command list (AHCI 1.3.1, 5.3 to 5.6): a slot is rung, fetched, its data are moved,
 * its FIS is posted, and an interrupt raised. Tests step in between (control.c).
 */
#include <string.h>

#include "hba.h"

/* The port of a multiplier that the command in a slot is for, by its header (4.2.2 PMP) */
unsigned int header_pm(const struct port *p, unsigned int slot)
{
	uint32_t dw0;

	if (dma_read(p->clb + slot * HDR_SIZE, &dw0, sizeof(dw0)))
		return 0;
	return (dw0 & HDR_PMP) >> HDR_PMP_SHIFT;
}

/* Whom the slots are for: with FBS PxFBS.DEV says it, before a header is fetched (3.3.16). */
static void set_targets(struct port *p, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < MAX_SLOTS; i++) {
		if (!(value >> i & 1))
			continue;
		if (!p->pmp.ports)
			p->target[i] = 0;
		else if (fbs(p))
			p->target[i] = (p->fbs & FBS_DEV) >> FBS_DEV_SHIFT;
		else
			p->target[i] = (uint8_t)header_pm(p, i);
	}
}

/* 3.3.14: the slots that are fetched next, in an order of the HBA's own. */
void list_ring(struct port *p, uint32_t value)
{
	check_doorbell(p, value);
	if (!(p->cmd & CMD_ST))
		return;
	value &= ~p->ci;
	if (hba.one_by_one)
		value &= -value;
	set_targets(p, value);
	p->ci |= value;
	p->rung |= value;
	check_devices(p, value);
	control_event("doorbell", p, NULL);
}

static bool has_failed(const struct port *p, unsigned int pm)
{
	return p->failed >> pm & 1;
}

void list_stop(struct port *p)
{
	unsigned int i;

	for (i = 0; i < MAX_SLOTS; i++) {
		struct cmd *c = &p->slot[i];

		if (c->stage != FREE && pmp_ready(p, c->pm) && !p->halted && !has_failed(p, c->pm))
			p->orphans |= (uint16_t)(1u << c->pm);
		c->stage = FREE;
	}
	p->ci = 0;
	p->sact = 0;
	p->rung = 0;
	p->halted = false;
	p->lied = false;
	fbs_stop(p);
}

/* A device of a port multiplier does not know its commands any more. */
void list_forget(struct port *p, unsigned int pm)
{
	unsigned int i;

	for (i = 0; i < MAX_SLOTS; i++)
		if (p->slot[i].pm == pm)
			p->slot[i].stage = FREE;
}

/* 3.3.16 DEC: the HBA drops the commands of that device. */
void list_flush(struct port *p, unsigned int pm)
{
	unsigned int i;

	list_forget(p, pm);
	for (i = 0; i < MAX_SLOTS; i++)
		if (p->target[i] == pm) {
			p->ci &= ~(1u << i);
			p->sact &= ~(1u << i);
			p->rung &= ~(1u << i);
		}
}

/* Data ---------------------------------------------------------------------- */

/*
 * Move data between a buffer and the next bytes of the command's PRD table (4.2.3.3).
 * Returns -1 when the table or the memory cannot be accessed: the command has failed.
 */
int cmd_move(struct cmd *c, void *buf, uint32_t n, bool to_host)
{
	uint8_t *data = buf;
	uint32_t prd[4], piece;
	uint64_t address;
	int rc;

	for (; n && c->prd < c->prdtl; n -= piece, data += piece, c->moved += piece) {
		if (dma_read(c->table_at + TABLE_PRDT + 16 * c->prd, prd, sizeof(prd)))
			goto bad;
		if (!(prd[3] & 1) || prd[0] & 1)
			breach("port %u slot %u: PRD %u has an odd address or count (4.2.3.3)",
			       c->port, c->slot, c->prd);
		address = (uint64_t)prd[1] << 32 | prd[0];
		piece = (prd[3] & PRD_DBC) + 1 - c->prd_offset;
		if (piece > n)
			piece = n;
		address += c->prd_offset;
		rc = to_host ? dma_write(address, data, piece) : dma_read(address, data, piece);
		if (rc)
			goto bad;
		c->prd_offset += piece;
		if (c->prd_offset > (prd[3] & PRD_DBC)) {
			c->prd_irq |= prd[3] & PRD_I;
			c->prd++;
			c->prd_offset = 0;
		}
	}
	/* 3.3.5 OFS: more data than the table has room for. */
	if (n)
		hba_event(&hba.port[c->port], IS_OFS);
	return 0;
bad:
	c->bus_error = true;
	return -1;
}

/* Fetch --------------------------------------------------------------------- */

/* A delay and whatever else chance has: of this command only, so a seed replays. */
static uint64_t delay_of(struct port *p, struct cmd *c)
{
	uint64_t span = hba.delay_max - hba.delay_min;

	if (c->fate.delay)
		return c->fate.delay;
	if (!span)
		return hba.delay_min;
	return hba.delay_min + hash(hba.seed, p->nr, c->ordinal) % span;
}

/* Software reset: held while the bit is set; the signature comes once it is clear. */
static void control_fis(struct port *p, struct cmd *c)
{
	uint16_t device = (uint16_t)(1u << c->pm);

	p->ci &= ~(1u << c->slot);
	if (c->cfis[15] & CTL_SRST) {
		p->srst |= device;
		if (c->disk)
			disk_reset(c->disk);
		p->orphans &= (uint16_t)~device;
		/* 4.2.2 C: BSY is cleared when the FIS has arrived. */
		if (!(c->header[0] & HDR_C))
			*task_file(p, c->pm) |= STS_BSY;
	} else {
		if (p->srst & device && pmp_ready(p, c->pm))
			port_signature(p, c->pm);
		p->srst &= (uint16_t)~device;
	}
	c->stage = FREE;
}

/* SATA, NCQ: the device takes a queued command by a D2H FIS without I, and is ready. */
static void accept_queued(struct port *p, struct cmd *c)
{
	uint8_t fis[20] = { FIS_D2H, c->pm, STS_DRDY };

	p->ci &= ~(1u << c->slot);
	c->disk->queued |= 1u << c->slot;
	c->disk->commands[cmd_urgent(c)]++;
	*task_file(p, c->pm) = STS_DRDY;
	port_fis(p, RX_RFIS, fis, sizeof(fis));
}

static int read_header(struct port *p, struct cmd *c)
{
	c->header_at = p->clb + c->slot * HDR_SIZE;
	if (dma_read(c->header_at, c->header, sizeof(c->header)))
		return -1;
	c->table_at = (uint64_t)c->header[3] << 32 | c->header[2];
	c->prdtl = c->header[0] >> HDR_PRDTL_SHIFT;
	if (c->header[0] & HDR_A &&
	    dma_read(c->table_at + TABLE_ACMD, c->packet, sizeof(c->packet)))
		return -1;
	return dma_read(c->table_at, c->cfis, sizeof(c->cfis));
}

/* A command that would take longer than it may ends when it must. */
static void expire(struct cmd *c)
{
	uint64_t limit = c->disk ? limit_of(c) : 0;

	if (!limit || c->due <= now() + limit)
		return;
	c->due = now() + limit;
	c->expired = true;
}

static void fetch(struct port *p, unsigned int slot)
{
	struct cmd *c = &p->slot[slot];

	*c = (struct cmd){ .stage = RUNG, .port = p->nr, .slot = slot, .pm = p->target[slot],
			   .disk = pmp_disk(p, p->target[slot]), .fate = p->fate };
	p->last = slot;
	p->asked = c->pm;
	if (read_header(p, c)) {
		port_fatal(p, IS_HBFS);
		return;
	}
	check_fetched(p, c);
	/* Nothing that a device takes. */
	if (c->cfis[0] != FIS_H2D) {
		port_fatal(p, IS_IFS);
		return;
	}
	check_unchanged(c);
	c->ordinal = p->ordinal++;
	c->stage = FETCHED;
	if (c->pm == PM_CONTROL)
		p->pmp.aware = true;
	else if (p->pmp.ports)
		c->fate.hold |= p->pmp.device[c->pm].hold;
	if (!(c->cfis[1] & FIS_C)) {
		control_fis(p, c);
		return;
	}
	if (cmd_queued(c))
		accept_queued(p, c);
	else
		*task_file(p, c->pm) = STS_DRDY | STS_BSY;
	control_event("fetch", p, c);
	fuzz_fetched(p, c);
	c->due = now() + delay_of(p, c);
	expire(c);
}

/* Only while the device is not busy */
static bool takes(struct port *p, unsigned int pm)
{
	return !(*task_file(p, pm) & (STS_BSY | STS_DRQ)) && !has_failed(p, pm) &&
	       !pmp_blocked(p, pm);
}

/* Round robin from the last */
static bool fetch_next(struct port *p)
{
	unsigned int i, slot;

	if (!p->rung || p->halted || p->link != LINK_UP)
		return false;
	for (i = 1; i <= MAX_SLOTS; i++) {
		slot = (p->last + i) % MAX_SLOTS;
		if (p->rung >> slot & 1 && takes(p, p->target[slot])) {
			p->rung &= ~(1u << slot);
			fetch(p, slot);
			return true;
		}
	}
	return false;
}

/* FIS and interrupt --------------------------------------------------------- */

/* SATA, "Set Device Bits": outcome of queued commands, in one FIS. */
void sdb_fis(struct port *p, unsigned int pm, uint8_t status, uint8_t error, uint32_t tags)
{
	uint8_t fis[8] = { FIS_SDB, (uint8_t)(FIS_I | pm), status & 0x77, error };
	uint32_t *tfd = task_file(p, pm);

	memcpy(fis + 4, &tags, 4);
	port_fis(p, RX_SDBFIS, fis, sizeof(fis));
	*tfd = (*tfd & (STS_BSY | STS_DRQ)) | (status & 0x77) | (uint32_t)error << 8;
	p->sact &= ~tags;
	if (status & STS_ERR)
		device_fatal(p, pm, IS_TFES | IS_SDBS);
	else
		hba_event(p, IS_SDBS);
}

/* The ATA outputs, as bytes 4 to 13 of a FIS to the host. */
static void outputs(const struct cmd *c, uint8_t *fis)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(c->lba >> (8 * i));
		fis[8 + i] = (uint8_t)(c->lba >> (24 + 8 * i));
	}
	fis[7] = c->cfis[7];
	fis[12] = (uint8_t)c->count;
	fis[13] = (uint8_t)(c->count >> 8);
}

static uint32_t d2h_fis(struct port *p, struct cmd *c)
{
	uint8_t fis[20] = { FIS_D2H, FIS_I | c->pm, c->status, c->error };

	outputs(c, fis);
	port_fis(p, RX_RFIS, fis, sizeof(fis));
	*task_file(p, c->pm) = (uint32_t)c->error << 8 | c->status;
	return IS_DHRS;
}

/* E_Status is what the status becomes once the block has been moved. */
void pio_setup_fis(struct port *p, const struct cmd *c, uint8_t flags, uint8_t e_status)
{
	uint8_t fis[20] = { FIS_PIO_SETUP, (uint8_t)(flags | c->pm),
			    STS_DRDY | STS_SEEK | STS_DRQ, 0 };

	outputs(c, fis);
	fis[15] = e_status;
	fis[16] = (uint8_t)c->block;
	fis[17] = (uint8_t)(c->block >> 8);
	port_fis(p, RX_PSFIS, fis, sizeof(fis));
	*task_file(p, c->pm) = e_status;
}

static void end(struct cmd *c)
{
	c->stage = FREE;
	if (cmd_queued(c))
		c->disk->queued &= ~(1u << c->slot);
}

/* 5.3.8: PRDBC, the FIS, PxCI, then the interrupt. */
static void finish(struct port *p, struct cmd *c)
{
	uint32_t is;

	if (dma_write(c->header_at + 4, &c->moved, 4)) {
		port_fatal(p, IS_HBFS);
		return;
	}
	/* Of the last block, after which nothing else comes. */
	if (c->pio_in && !c->error) {
		pio_setup_fis(p, c, FIS_D | FIS_I, c->status);
		is = IS_PSS;
	} else {
		is = d2h_fis(p, c);
	}
	if (c->prd_irq)
		is |= IS_DPS;
	control_event("fis", p, c);
	/* After an error the slot stays in PxCI, for the driver to see which it was. */
	if (c->status & STS_ERR) {
		end(c);
		device_fatal(p, c->pm, IS_TFES | is);
		return;
	}
	p->ci &= ~(1u << c->slot);
	end(c);
	ccc_complete(p, 1);
	hba_event(p, is);
	fuzz_done(p, c);
}

static void finish_queued(struct port *p, unsigned int pm, uint32_t tags)
{
	unsigned int i;
	bool prd_irq = false;
	uint8_t status = STS_DRDY;

	for (i = 0; i < MAX_SLOTS; i++)
		if (tags >> i & 1) {
			prd_irq |= p->slot[i].prd_irq;
			status |= p->slot[i].sense ? STS_SENSE : 0;
			limit_remember(&p->slot[i]);
			control_event("fis", p, &p->slot[i]);
			end(&p->slot[i]);
		}
	if (prd_irq)
		p->is |= IS_DPS;
	ccc_complete(p, (unsigned int)__builtin_popcount(tags));
	sdb_fis(p, pm, status, 0, tags);
	for (i = 0; i < MAX_SLOTS; i++)
		if (tags >> i & 1)
			fuzz_done(p, &p->slot[i]);
}

/* SPC: MEDIUM ERROR, UNRECOVERED READ ERROR - AUTO REALLOCATE FAILED */
#define UNRECOVERED_READ	0x031104u

/*
 * SATA, NCQ errors: the SDB FIS names no tag; the NCQ error log does, and the device forgets
 * all commands that it has.
 */
static void fail_queued(struct port *p, struct cmd *c)
{
	struct disk *d = c->disk;
	unsigned int i;
	uint8_t checksum = 0;

	if (c->error & ERR_UNC)
		c->sense = UNRECOVERED_READ;
	if (d->sense && c->sense)
		c->status |= STS_SENSE;
	memset(d->ncq_log, 0, sizeof(d->ncq_log));
	d->ncq_log[0] = c->slot;
	d->ncq_log[2] = c->status;
	d->ncq_log[3] = c->error;
	for (i = 0; i < 3; i++) {
		d->ncq_log[4 + i] = (uint8_t)(c->lba >> (8 * i));
		d->ncq_log[8 + i] = (uint8_t)(c->lba >> (24 + 8 * i));
	}
	d->ncq_log[7] = 0x40;
	/* NCQ autosense, where reporting is enabled */
	for (i = 0; d->sense && i < 3; i++)
		d->ncq_log[14 + i] = (uint8_t)(c->sense >> (16 - 8 * i));
	for (i = 0; i < SECTOR - 1; i++)
		checksum += d->ncq_log[i];
	d->ncq_log[SECTOR - 1] = -checksum;
	d->ncq_error = true;
	d->queued = 0;
	list_forget(p, c->pm);
	sdb_fis(p, c->pm, c->status, c->error, 0);
}

/* Complete ------------------------------------------------------------------ */

/* Has the command something to answer now? Data are moved. */
static bool execute(struct port *p, struct cmd *c)
{
	if (c->fate.is) {
		port_fatal(p, c->fate.is);
		return false;
	}
	if (c->stage != FETCHED)
		return true;
	check_unchanged(c);
	c->status = STS_DRDY | (cmd_queued(c) ? 0 : STS_SEEK);
	c->lba = cmd_lba(c);
	if (c->fate.error) {
		c->error = c->fate.error;
		if (c->disk && c->disk->packet)
			atapi_failed(&c->disk->cdrom, c->error);
	} else if (c->disk) {
		disk_execute(c);
	} else {
		pmp_execute(p, c);
	}
	if (c->bus_error) {
		port_fatal(p, IS_HBFS);
		return false;
	}
	if (c->error)
		c->status |= STS_ERR;
	c->stage = MOVED;
	control_event("moved", p, c);
	return !c->fate.hold;
}

static void complete(struct port *p, struct cmd *c)
{
	if (!execute(p, c))
		return;
	if (!cmd_queued(c))
		finish(p, c);
	else if (c->error)
		fail_queued(p, c);
	else
		finish_queued(p, c->pm, 1u << c->slot);
}

/* Queued commands that are told of by one FIS; others and errors by their own. */
void list_complete(struct port *p, uint32_t slots)
{
	uint32_t together[16] = { 0 };
	unsigned int i;

	for (i = 0; i < MAX_SLOTS && !p->halted; i++) {
		struct cmd *c = &p->slot[i];

		if (!(slots >> i & 1) || (c->stage != FETCHED && c->stage != MOVED) ||
		    has_failed(p, c->pm))
			continue;
		c->fate.hold = false;
		c->fate.drop = false;
		if (!cmd_queued(c) || c->fate.error || c->fate.is)
			complete(p, c);
		else if (execute(p, c) && !c->error)
			together[c->pm] |= 1u << i;
		else if (c->error)
			fail_queued(p, c);
	}
	for (i = 0; i < ARRAY_SIZE(together); i++)
		if (together[i])
			finish_queued(p, i, together[i]);
}

/* Of two that are due the one of high priority, otherwise what is due first */
static bool before(const struct cmd *a, const struct cmd *b)
{
	uint64_t t = now();

	if (a->due <= t && b->due <= t && a->disk && b->disk && cmd_urgent(a) != cmd_urgent(b))
		return cmd_urgent(a);
	return a->due < b->due;
}

static struct cmd *next_due(struct port *p)
{
	struct cmd *c, *best = NULL;

	if (p->halted || p->link != LINK_UP)
		return NULL;
	for (c = p->slot; c < p->slot + MAX_SLOTS; c++)
		if (c->stage >= FETCHED && !c->fate.hold && !c->fate.drop &&
		    pmp_ready(p, c->pm) && !has_failed(p, c->pm) && (!best || before(c, best)))
			best = c;
	return best;
}

void list_run(struct port *p, uint64_t *next)
{
	struct cmd *c;

	if (!(p->cmd & CMD_ST))
		return;
	for (;;) {
		while (fetch_next(p))
			;
		c = next_due(p);
		if (!c)
			return;
		if (c->due > now()) {
			sooner(next, c->due);
			return;
		}
		complete(p, c);
	}
}
