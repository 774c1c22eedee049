// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver must not do, whether or not a given HBA would mind. Each breach is a line
 * of the log, with the register accesses that led to it, and fails the test that asks
 * for "breaches". The sections are those of AHCI 1.3.1.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hba.h"

static unsigned int found;
static char first_text[160];

void breach(const char *format, ...)
{
	char text[sizeof(first_text)];
	va_list args;

	/* What a driver does to an HBA that is gone, or lies, tells nothing. */
	if (hba.ones || hba.excused)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say("breach: %s", text);
	if (!found++)
		memcpy(first_text, text, sizeof(text));
	if (found < 4)
		trace_dump();
}

/* How many since the last time, and the first of them. */
unsigned int breaches(char *first, size_t n)
{
	unsigned int count = found;

	snprintf(first, n, "%s", count ? first_text : "");
	found = 0;
	return count;
}

/* 3.3.14, 5.3.1: PxCI is written with ST set, for slots that exist and are free. */
void check_doorbell(struct port *p, uint32_t value)
{
	unsigned int slots = (hba.cap >> CAP_NCS_SHIFT & 31) + 1;

	if (value && !(p->cmd & CMD_ST))
		breach("port %u: PxCI = %08x without PxCMD.ST (3.3.14)", p->nr, value);
	if (value & p->ci && !p->lied)
		breach("port %u: PxCI = %08x, but %08x is active (3.3.14)", p->nr, value,
		       value & p->ci);
	if (slots < 32 && value >> slots)
		breach("port %u: PxCI = %08x with %u slots (3.1.1 NCS)", p->nr, value, slots);
}

/* Commands that the HBA has, of other devices than that one */
static uint32_t of_others(const struct port *p, unsigned int pm)
{
	uint32_t slots = 0;
	unsigned int i;

	for (i = 0; i < MAX_SLOTS; i++)
		if ((p->rung >> i & 1 || p->slot[i].stage != FREE) && p->target[i] != pm)
			slots |= 1u << i;
	return slots;
}

/*
 * Whom commands may be issued to. 9.1: without FIS-based switching to one device at a
 * time. 3.3.16: with it PxFBS.DEV has to say the same as the header.
 */
static void check_device(struct port *p, unsigned int slot)
{
	unsigned int pm = p->target[slot];

	if (p->orphans >> pm & 1)
		breach("port %u slot %u: ST was cleared under commands: no reset (10.3.1)",
		       p->nr, slot);
	if (!p->pmp.ports)
		return;
	if (fbs(p) && header_pm(p, slot) != pm)
		breach("port %u slot %u: for device %u, but PxFBS.DEV is %u (3.3.16)", p->nr,
		       slot, header_pm(p, slot), pm);
	if (!fbs(p) && of_others(p, pm))
		breach("port %u slot %u: for device %u, while others have commands (9.1)", p->nr,
		       slot, pm);
}

void check_devices(struct port *p, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < MAX_SLOTS; i++)
		if (value >> i & 1)
			check_device(p, i);
}

/* 3.3.16: when PxFBS.EN changes, and when an error may be cleared */
void check_fbs(struct port *p, uint32_t value)
{
	if ((value ^ p->fbs) & FBS_EN && p->cmd & CMD_ST)
		breach("port %u: PxFBS.EN is changed while ST is set (3.3.16)", p->nr);
	if (value & FBS_DEC && !(fbs(p) && p->fbs & FBS_SDE))
		breach("port %u: PxFBS.DEC without the error of a device (3.3.16)", p->nr);
}

/* 3.3.13: PxSACT is written with ST set, for tags that are not outstanding. */
void check_active(struct port *p, uint32_t value)
{
	if (value && !(p->cmd & CMD_ST))
		breach("port %u: PxSACT = %08x without PxCMD.ST (3.3.13)", p->nr, value);
	if (value & p->sact && !p->lied)
		breach("port %u: PxSACT = %08x, but %08x is outstanding (3.3.13)", p->nr, value,
		       value & p->sact);
}

/* Is a queued command's slot its tag, with PxSACT written before (5.5.1)? And the list? */
void check_fetched(struct port *p, struct cmd *c)
{
	bool packet = c->cfis[2] == CMD_PACKET;
	uint32_t dw0 = c->header[0];

	if ((dw0 & HDR_CFL) < 2 || (dw0 & HDR_CFL) > 16)
		breach("port %u slot %u: a command FIS of %u dwords (4.2.2)", p->nr, c->slot,
		       dw0 & HDR_CFL);
	if (c->table_at % TABLE_ALIGN)
		breach("port %u slot %u: command table at %llx (4.2.2 CTBA)", p->nr, c->slot,
		       (unsigned long long)c->table_at);
	if (packet != !!(dw0 & HDR_A))
		breach("port %u slot %u: command %02x %s A (4.2.2)", p->nr, c->slot, c->cfis[2],
		       dw0 & HDR_A ? "with" : "without");
	if (dw0 & HDR_P && !(dw0 & HDR_A) && !c->prdtl)
		breach("port %u slot %u: prefetchable, but there is nothing (4.2.2 P)", p->nr,
		       c->slot);
	if (!(hba.cap & CAP_S64A) && (c->table_at | p->clb | p->fb) >> 32)
		breach("port %u slot %u: an address above 4 GiB (3.1.1 S64A)", p->nr, c->slot);
	if (!(c->cfis[1] & FIS_C) && fbs(p) && c->pm != PM_CONTROL)
		breach("port %u slot %u: software reset of device %u with PxFBS.EN (9.3)", p->nr,
		       c->slot, c->pm);
	if (!cmd_queued(c)) {
		if (c->disk && c->disk->queued && c->cfis[1] & FIS_C)
			breach("port %u slot %u: command %02x while there are queued ones (NCQ)",
			       p->nr, c->slot, c->cfis[2]);
		return;
	}
	if (c->cfis[12] >> 3 != c->slot)
		breach("port %u slot %u: the tag is %u (5.5.1)", p->nr, c->slot,
		       c->cfis[12] >> 3);
	if (!(p->sact >> c->slot & 1))
		breach("port %u slot %u: queued, but not in PxSACT (5.5.1)", p->nr, c->slot);
	if (dw0 & HDR_P)
		breach("port %u slot %u: queued, and prefetchable (4.2.2 P)", p->nr, c->slot);
}

static uint32_t sum(const uint8_t *data, size_t n)
{
	uint32_t value = 2166136261u;

	while (n--)
		value = (value ^ *data++) * 16777619u;
	return value;
}

/*
 * 5.5.1: header and table belong to the HBA until the command is done. Of the
 * header DW1 is the HBA's own (PRDBC). The first call remembers, a second compares.
 */
void check_unchanged(struct cmd *c)
{
	uint32_t header[4];
	uint8_t table[TABLE_PRDT + 16 * 8];
	uint32_t prds = c->prdtl < 8 ? c->prdtl : 8;
	uint32_t value;

	if (dma_read(c->header_at, header, sizeof(header)) ||
	    dma_read(c->table_at, table, TABLE_PRDT + 16 * prds))
		return;
	value = sum(table, TABLE_PRDT + 16 * prds);
	if (c->stage == FREE || c->stage == RUNG)
		c->table_sum = value;
	else if (value != c->table_sum)
		breach("port %u slot %u: the command table was changed under the HBA (5.5.1)",
		       c->port, c->slot);
	if (header[0] != c->header[0] || header[2] != c->header[2] || header[3] != c->header[3])
		breach("port %u slot %u: the header was changed under the HBA (5.5.1)",
		       c->port, c->slot);
}

/* 10.3.1, 10.3.2: PxCLB stays while the list runs, PxFB while FISes are received. */
void check_moving(struct port *p, uint32_t offset, uint32_t value)
{
	bool list = offset == PX_CLB || offset == PX_CLBU;

	if (p->cmd & (list ? CMD_ST | CMD_CR : CMD_FRE | CMD_FR))
		breach("port %u: Px%s is moved while it is in use (10.3.%u)", p->nr,
		       list ? "CLB" : "FB", list ? 1 : 2);
	if (offset == PX_CLB && value % LIST_ALIGN)
		breach("port %u: PxCLB = %08x (3.3.1)", p->nr, value);
	if (offset == PX_FB && value % RX_SIZE)
		breach("port %u: PxFB = %08x (3.3.3)", p->nr, value);
}

/* 10.3.1: ST is set with FRE and FR set, CR clear, a device there and not busy. */
void check_start(struct port *p)
{
	if (!(p->cmd & CMD_FRE) || !(p->cmd & CMD_FR))
		breach("port %u: ST without FRE (10.3.1)", p->nr);
	if (p->cmd & CMD_CR)
		breach("port %u: ST while CR is set (10.3.1)", p->nr);
	if (!p->fb || !p->clb)
		breach("port %u: ST without PxCLB and PxFB (10.3.1)", p->nr);
}

/* 3.3.17: DETO, MDAT and DITO change only without ST. */
void check_devslp(struct port *p, uint32_t value)
{
	if ((p->devslp ^ value) & DEVSLP_TIMES && p->cmd & CMD_ST)
		breach("port %u: PxDEVSLP = %08x with PxCMD.ST (3.3.17)", p->nr, value);
}

/*
 * 5.5.3: a cause is cleared in PxIS before its bit of IS is, or the bit comes back and
 * interrupts in vain. A cause that is new since PxIS was written is no mistake.
 */
void check_acknowledge(uint32_t value)
{
	struct port *p = NULL;

	while (next_port(&p))
		if (value >> p->nr & 1 && p->ack_due && p->is & p->ie)
			breach("port %u: IS is cleared before PxIS = %08x (5.5.3)", p->nr,
			       p->is & p->ie);
}
