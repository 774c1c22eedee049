// SPDX-License-Identifier: GPL-2.0
/*
 * An HBA and disks that misbehave by chance, to fuzz a driver. A command's misbehaviour
 * follows from the seed, its port, and its number on that port, so a seed replays.
 *
 * Data are always moved before a command is reported done, and nothing else is written to
 * the host's buffers: no driver can know better. All else is allowed, so a driver must
 * neither lose nor invent a completion, and a reader gets what was written.
 */
#include <stdio.h>
#include <string.h>

#include "hba.h"

/* Chances are out of so many commands. */
#define CHANCES	4096u

#define BENIGN	(IS_DHRS | IS_PSS | IS_DSS | IS_SDBS | IS_DPS)

/* Slots that the driver has not issued: what is said of them is always wrong. */
static uint32_t idle(const struct port *p)
{
	return ~(p->ci | p->sact);
}

/* While a command is fetched ------------------------------------------------- */

static void later(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)p;
	c->fate.delay = chance % (2 * MS);
}

static void late(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)p;
	c->fate.delay = chance % (50 * MS);
}

/* Errors after which libata tries again; others end with the caller. */
static void error(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)p;
	c->fate.error = chance & 1 ? ERR_ABRT : ERR_ICRC | ERR_ABRT;
}

static void fatal(struct port *p, struct cmd *c, uint64_t chance)
{
	static const uint32_t bits[] = { IS_IFS, IS_HBFS, IS_HBDS };

	(void)p;
	c->fate.is = bits[chance % ARRAY_SIZE(bits)];
}

/*
 * Not one that is alone: libata may have deferred the next, whose time is then up as well,
 * and 6.1.192 and later fail such a command.
 */
static void lost(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)p;
	(void)chance;
	c->fate.drop = true;
}

/* After its FIS and its interrupt --------------------------------------------- */

/* All that the disk has, but for what is lost, in one FIS. */
static void gather(struct port *p, struct cmd *c, uint64_t chance)
{
	uint32_t tags = c->disk->queued;
	unsigned int i;

	(void)chance;
	for (i = 0; i < MAX_SLOTS; i++)
		if (p->slot[i].fate.drop || p->slot[i].fate.hold)
			tags &= ~(1u << i);
	list_complete(p, tags);
}

static void again(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)chance;
	sdb_fis(p, c->pm, STS_DRDY, 0, 1u << c->slot & idle(p));
}

static void stray(struct port *p, struct cmd *c, uint64_t chance)
{
	sdb_fis(p, c->pm, STS_DRDY, 0, (uint32_t)chance & idle(p));
}

/* But for status and error: an error that is told is one, which libata need not try again. */
static void garbage(struct port *p, struct cmd *c, uint64_t chance)
{
	uint8_t fis[RX_SIZE];
	unsigned int i;

	(void)c;
	for (i = 0; i < sizeof(fis); i++)
		fis[i] = (uint8_t)hash(chance, p->nr, i);
	fis[RX_RFIS + 2] = STS_DRDY;
	fis[RX_RFIS + 3] = 0;
	fis[RX_SDBFIS + 2] = STS_DRDY;
	fis[RX_SDBFIS + 3] = 0;
	port_fis(p, 0, fis, sizeof(fis));
}

static void causeless(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)c;
	(void)chance;
	irq_send(p->nr);
}

static void event(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)c;
	hba_event(p, (uint32_t)chance & BENIGN);
}

/* Causes without interrupts, for a while. */
static void mute(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)p;
	(void)c;
	hba.mute = true;
	hba.mute_until = now() + 1 + chance % (5 * MS);
}

static void link_error(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)c;
	p->serr |= (uint32_t)chance;
	hba_event(p, 0);
}

static void flap(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)c;
	(void)chance;
	port_unplug(p);
	port_plug(p);
}

/* Outstanding are commands that were never issued. */
static void active(struct port *p, struct cmd *c, uint64_t chance)
{
	uint32_t bits = (uint32_t)chance & idle(p);

	(void)c;
	p->lied = true;
	if (chance >> 32 & 1)
		p->ci |= bits;
	else
		p->sact |= bits;
	hba_event(p, IS_SDBS);
}

static void busy(struct port *p, struct cmd *c, uint64_t chance)
{
	(void)c;
	p->tfd = ((uint32_t)chance & 0xffff) | STS_BSY;
}

/* ------------------------------------------------------------------------------ */

static struct {
	const char	*name;
	unsigned int	often;		/* of CHANCES commands */
	bool		after;
	bool		queued;		/* only with such commands */
	void		(*act)(struct port *p, struct cmd *c, uint64_t chance);
	unsigned long	n;
} behaviours[] = {
	{ "later", 2048, false, false, later, 0 },
	{ "late", 16, false, false, late, 0 },
	{ "error", 8, false, false, error, 0 },
	{ "fatal", 4, false, false, fatal, 0 },
	{ "lost", 1, false, true, lost, 0 },
	{ "gather", 512, true, false, gather, 0 },
	{ "again", 2048, true, false, again, 0 },
	{ "stray", 2048, true, false, stray, 0 },
	{ "garbage", 2048, true, true, garbage, 0 },
	{ "causeless", 2048, true, false, causeless, 0 },
	{ "event", 2048, true, false, event, 0 },
	{ "mute", 64, true, false, mute, 0 },
	{ "link", 2, true, false, link_error, 0 },
	{ "flap", 1, true, false, flap, 0 },
	{ "active", 4, true, false, active, 0 },
	{ "busy", 1, true, true, busy, 0 },
};

/* A chance of its own for each behaviour, so a new one does not change the others. */
static void misbehave(struct port *p, struct cmd *c, bool after)
{
	unsigned int i;
	uint64_t chance;

	for (i = 0; i < ARRAY_SIZE(behaviours); i++) {
		chance = hash(hba.seed + ((uint64_t)(i + 1) << 32), p->nr, c->ordinal);
		if (behaviours[i].after != after || chance % CHANCES >= behaviours[i].often ||
		    (behaviours[i].queued && !cmd_queued(c)))
			continue;
		/* One of them may be the last that the driver hears of this port. */
		if (after && (p->halted || p->link != LINK_UP))
			return;
		behaviours[i].n++;
		behaviours[i].act(p, c, chance / CHANCES);
	}
}

void fuzz_fetched(struct port *p, struct cmd *c)
{
	if (hba.fuzz)
		misbehave(p, c, false);
}

void fuzz_done(struct port *p, struct cmd *c)
{
	if (hba.fuzz)
		misbehave(p, c, true);
}

void fuzz_run(uint64_t *next)
{
	if (!hba.mute_until)
		return;
	if (hba.mute_until > now()) {
		sooner(next, hba.mute_until);
		return;
	}
	hba.mute_until = 0;
	hba.mute = false;
	hba_interrupt_again();
}

/* How often what was done, and the sum. */
void fuzz_count(char *text, size_t n)
{
	unsigned long sum = 0;
	unsigned int i;
	size_t used;

	for (i = 0; i < ARRAY_SIZE(behaviours); i++)
		sum += behaviours[i].n;
	used = (size_t)snprintf(text, n, "%lu", sum);
	for (i = 0; i < ARRAY_SIZE(behaviours) && used < n; i++)
		used += (size_t)snprintf(text + used, n - used, " %s=%lu",
					 behaviours[i].name, behaviours[i].n);
}
