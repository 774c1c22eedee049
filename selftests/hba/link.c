// SPDX-License-Identifier: GPL-2.0
/*
 * Power states of a port's link (AHCI 1.3.1, 8.3.1): who may bring it into which, what time
 * does, and how it becomes active again.
 *
 * The PHY is off in all of them, so leaving the active state and coming back to it both set
 * PxSERR.DIAG.N (7.3), and a device that is removed meanwhile is missed only when the link
 * is to be active again (7.3.1).
 */
#include "hba.h"

/* Serial ATA: 10 us at most from Partial to active, and 10 ms from Slumber. */
#define WAKE_PARTIAL	10000ull
#define WAKE_SLUMBER	(1 * MS)
/* How long a device waits without commands until it asks, if DIPM is enabled */
#define DIPM_IDLE	(20 * MS)
/* How long an HBA stays in Partial with PxCMD.APSTE */
#define APST_IDLE	(10 * MS)

/* The causes of transitions: each is tried once in a time without commands. */
enum {
	BY_HOST		= BIT(0),	/* PxCMD.ALPE */
	BY_DEVICE	= BIT(1),	/* DIPM */
	BY_APST		= BIT(2),	/* PxCMD.APSTE */
	BY_DEVSLP	= BIT(3),	/* PxDEVSLP.ADSE */
};

uint32_t link_state(const struct port *p)
{
	return (p->ssts & SSTS_IPM) >> SSTS_IPM_SHIFT;
}

static void set_state(struct port *p, uint32_t to)
{
	p->ssts = (p->ssts & ~SSTS_IPM) | to << SSTS_IPM_SHIFT;
}

/*
 * Is the HBA capable of the state, and does PxSCTL.IPM not disable it? What it disables the
 * HBA neither asks for nor grants (3.3.11).
 */
static bool host_allows(const struct port *p, uint32_t to)
{
	switch (to) {
	case IPM_PARTIAL:
		return hba.cap & CAP_PSC && !(p->sctl & SCTL_NO_PARTIAL);
	case IPM_SLUMBER:
		return hba.cap & CAP_SSC && !(p->sctl & SCTL_NO_SLUMBER);
	default:
		return hba.cap2 & CAP2_SDS && !(p->sctl & SCTL_NO_DEVSLP);
	}
}

/* A device takes requests if it says so; the DEVSLP signal is none, but has to be enabled. */
static bool device_allows(const struct port *p, uint32_t to)
{
	return to == IPM_DEVSLP ? p->disk.sata_on & SATA_DEVSLP : p->disk.hipm;
}

static bool idle(const struct port *p)
{
	return !(p->ci | p->sact) && !(p->tfd & (STS_BSY | STS_DRQ));
}

static bool enter(struct port *p, uint32_t to, bool agreed)
{
	if (!idle(p) || !agreed || !host_allows(p, to)) {
		p->power.refused++;
		return false;
	}
	if (p->link == LINK_UP)
		p->serr |= SERR_N;
	p->link = LINK_LOW;
	p->power.low_since = now();
	p->power.entered[to]++;
	set_state(p, to);
	hba_event(p, 0);
	return true;
}

/* An idle time begins. What the HBA does on its own follows only commands (3.3.7 ASP). */
void link_idle(struct port *p)
{
	p->power.idle_since = now();
	p->power.armed = BY_DEVICE | BY_APST | BY_DEVSLP;
}

/*
 * 3.3.7 ICC: from one low power state to another the link has to be active in between.
 * DevSleep may follow any, or only Slumber with CAP2.DESO.
 */
void link_icc(struct port *p, uint32_t to)
{
	if (p->link != LINK_UP && p->link != LINK_LOW)
		return;
	switch (to) {
	case IPM_ACTIVE:
		link_wake(p);
		return;
	case IPM_PARTIAL:
	case IPM_SLUMBER:
		if (p->link == LINK_UP)
			enter(p, to, device_allows(p, to));
		else if (to != link_state(p))
			breach("port %u: PxCMD.ICC = %u while the link is in state %u (3.3.7)",
			       p->nr, to, link_state(p));
		return;
	case IPM_DEVSLP:
		if (link_state(p) == IPM_SLUMBER || !(hba.cap2 & CAP2_DESO))
			enter(p, to, device_allows(p, to));
		return;
	}
}

/* 3.3.17: the DEVSLP signal is there for MDAT at least, and DETO later the device is. */
static uint64_t wake_time(const struct port *p)
{
	uint64_t least = p->power.low_since + DEVSLP_MDAT(p->devslp) * MS;

	switch (link_state(p)) {
	case IPM_PARTIAL:
		return now() + WAKE_PARTIAL;
	case IPM_SLUMBER:
		return now() + WAKE_SLUMBER;
	default:
		return (least > now() ? least : now()) + DEVSLP_DETO(p->devslp) * MS;
	}
}

/* The HBA or the device sends COMWAKE. */
void link_wake(struct port *p)
{
	if (p->link != LINK_LOW)
		return;
	p->link = LINK_WAKING;
	p->link_due = wake_time(p);
}

/* PhyRdy, if there is still a device to answer. */
void link_awake(struct port *p)
{
	p->link_due = 0;
	if (!port_device(p)) {
		port_lost(p);
		return;
	}
	p->link = LINK_UP;
	p->serr |= SERR_N | SERR_W;
	p->power.woken++;
	set_state(p, IPM_ACTIVE);
	link_idle(p);
	hba_event(p, 0);
}

/* Commands wake the link; they are fetched once it is active. */
void link_run(struct port *p)
{
	if (!(p->ci | p->sact))
		return;
	p->power.busy = true;
	link_wake(p);
}

static bool due(struct port *p, unsigned int by, uint64_t when, uint64_t *next)
{
	if (!(p->power.armed & by))
		return false;
	if (when > now()) {
		sooner(next, when);
		return false;
	}
	p->power.armed &= ~by;
	return true;
}

static void leave_active(struct port *p, uint64_t *next)
{
	uint64_t since = p->power.idle_since;
	uint32_t to = p->cmd & CMD_ASP ? IPM_SLUMBER : IPM_PARTIAL;

	if (p->cmd & CMD_ALPE && due(p, BY_HOST, since, next) &&
	    enter(p, to, device_allows(p, to)))
		return;
	if (p->disk.sata_on & SATA_DIPM && due(p, BY_DEVICE, since + DIPM_IDLE, next) &&
	    !enter(p, IPM_SLUMBER, true))
		enter(p, IPM_PARTIAL, true);
}

/* A device that wants Slumber can ask for it only in the active state. */
static void leave_partial(struct port *p, uint64_t *next)
{
	uint64_t since = p->power.low_since;

	if (p->cmd & CMD_APSTE && due(p, BY_APST, since + APST_IDLE, next))
		enter(p, IPM_SLUMBER, device_allows(p, IPM_SLUMBER));
	else if (p->disk.sata_on & SATA_DIPM && due(p, BY_DEVICE, since + DIPM_IDLE, next))
		link_wake(p);
}

/* 3.3.17: the idle time-out of aggressive DevSleep, DITO * (DM + 1) */
static void device_sleep(struct port *p, uint64_t *next)
{
	uint64_t dito = DEVSLP_DITO(p->devslp) * (DEVSLP_DM(p->devslp) + 1) * MS;

	if (!(p->devslp & DEVSLP_ADSE) || !(hba.cap2 & CAP2_SADM) ||
	    (hba.cap2 & CAP2_DESO && link_state(p) != IPM_SLUMBER))
		return;
	if (due(p, BY_DEVSLP, p->power.idle_since + dito, next))
		enter(p, IPM_DEVSLP, device_allows(p, IPM_DEVSLP));
}

/* After the commands: what happens while there are none. */
void link_rest(struct port *p, uint64_t *next)
{
	if (p->ci | p->sact)
		return;
	if (p->power.busy) {
		p->power.busy = false;
		link_idle(p);
		if (p->cmd & CMD_ST)
			p->power.armed |= BY_HOST;
	}
	if (p->link == LINK_UP)
		leave_active(p, next);
	if (p->link == LINK_LOW && link_state(p) == IPM_PARTIAL)
		leave_partial(p, next);
	if (p->link == LINK_UP || p->link == LINK_LOW)
		device_sleep(p, next);
}
