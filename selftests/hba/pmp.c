// SPDX-License-Identifier: GPL-2.0
/*
 * A port multiplier (Serial ATA 2.6, 16): its registers, which commands to the control
 * port read and write, and the links to its devices. It passes each FIS on by the PM Port
 * field, so there is nothing to do for commands here.
 *
 * Until a FIS comes for the control port, a host without an idea of port multipliers may
 * be at the other end: device port 0 is enabled, and its device appears to be the only one.
 */
#include "hba.h"

/* The registers of the multiplier itself */
enum {
	GSCR_PRODUCT		= 0,
	GSCR_REVISION		= 1,
	GSCR_PORTS		= 2,
	GSCR_ERROR		= 32,
	GSCR_ERROR_ENABLE	= 33,
	GSCR_FEATURES		= 64,
	GSCR_FEATURES_ENABLE	= 96,
};

/* and those of each device port */
enum { PSCR_STATUS, PSCR_ERROR, PSCR_CONTROL };

enum { READ_PM = 0xe4, WRITE_PM = 0xe8 };

#define PRODUCT		0x0a5d1b36u
#define REVISION	0x0000010eu	/* of the specification: 1.2, 1.1, 1.0 */
#define FEATURE_NOTIFY	BIT(3)

static bool is_device(const struct port *p, unsigned int pm)
{
	return pm < p->pmp.ports;
}

/* The disk at that port of the multiplier, or the port's own if there is no multiplier. */
struct disk *pmp_disk(struct port *p, unsigned int pm)
{
	if (!p->pmp.ports)
		return &p->disk;
	return is_device(p, pm) ? &p->pmp.device[pm].disk : NULL;
}

/* Is there somebody to answer? */
bool pmp_ready(const struct port *p, unsigned int pm)
{
	if (!p->pmp.ports)
		return p->disk.present;
	return pm == PM_CONTROL ||
	       (is_device(p, pm) && p->pmp.device[pm].ssts & SSTS_DET_DEV);
}

/*
 * A FIS is not delivered to a port without a link, nor as long as X says that the device
 * may be another one. The HBA sends it again and again; a driver sees that it takes long.
 */
bool pmp_blocked(const struct port *p, unsigned int pm)
{
	if (!p->pmp.ports || pm == PM_CONTROL)
		return false;
	return !pmp_ready(p, pm) || p->pmp.device[pm].serr & SERR_X;
}

/* Notification -------------------------------------------------------------- */

/* GSCR[32]: device ports with an enabled bit in SError */
static uint32_t errors(const struct port *p)
{
	uint32_t ports = 0;
	unsigned int pm;

	for (pm = 0; pm < p->pmp.ports; pm++)
		if (p->pmp.device[pm].serr & p->pmp.error_enable)
			ports |= 1u << pm;
	return ports;
}

/* There may be a new one: the host hears of it, by a Set Device Bits FIS, if it wants to. */
static void notify(struct port *p)
{
	uint8_t fis[8] = { FIS_SDB, FIS_N | FIS_I | PM_CONTROL, STS_DRDY | STS_SEEK };
	uint32_t before = p->pmp.errors_before;

	p->pmp.errors_before = errors(p);
	if (!(p->pmp.errors_before & ~before) || !(p->pmp.features & FEATURE_NOTIFY))
		return;
	port_fis(p, RX_SDBFIS, fis, sizeof(fis));
	if (hba.cap & CAP_SSNTF)
		p->sntf |= 1u << PM_CONTROL;
	hba_event(p, IS_SDBS);
}

/* Links --------------------------------------------------------------------- */

static void device_down(struct port *p, unsigned int pm, uint32_t ssts)
{
	struct device_port *d = &p->pmp.device[pm];

	d->ssts = ssts;
	d->link_due = 0;
	disk_reset(&d->disk);
	list_forget(p, pm);
	p->srst &= (uint16_t)~(1u << pm);
	p->orphans &= (uint16_t)~(1u << pm);
}

static void device_start(struct port *p, unsigned int pm)
{
	struct device_port *d = &p->pmp.device[pm];

	if (p->link == LINK_UP && d->disk.present && !(d->sctl & SCTL_DET))
		d->link_due = now() + PHY_DELAY;
}

static void device_up(struct port *p, unsigned int pm)
{
	struct device_port *d = &p->pmp.device[pm];

	d->link_due = 0;
	d->ssts = SSTS_DET_PHY | link_speed(d->sctl) << SSTS_SPD_SHIFT | 1u << SSTS_IPM_SHIFT;
	d->serr |= SERR_N;
	if (p->pmp.aware)
		d->serr |= SERR_X;
	else
		port_signature(p, pm);
	notify(p);
}

void pmp_plug(struct port *p, unsigned int pm)
{
	p->pmp.device[pm].disk.present = true;
	device_start(p, pm);
}

void pmp_unplug(struct port *p, unsigned int pm)
{
	struct device_port *d = &p->pmp.device[pm];
	bool was_up = d->ssts & SSTS_DET_DEV;

	d->disk.present = false;
	if (!was_up)
		return;
	device_down(p, pm, 0);
	d->serr |= SERR_N;
	notify(p);
}

/*
 * COMRESET from the host, or power: registers have their reset values, which disable all
 * device ports but the first, so that they are spun up one by one.
 */
void pmp_reset(struct port *p)
{
	unsigned int pm;

	p->pmp.aware = false;
	p->pmp.errors_before = 0;
	p->pmp.error_enable = 0x0400ffff;
	p->pmp.features = 0;
	for (pm = 0; pm < p->pmp.ports; pm++) {
		device_down(p, pm, pm ? SSTS_DET_OFF : 0);
		p->pmp.device[pm].serr = 0;
		p->pmp.device[pm].sctl = pm ? 4 : 0;
	}
}

/* The link to the host is there. */
void pmp_up(struct port *p)
{
	if (p->pmp.ports)
		device_start(p, 0);
}

void pmp_run(struct port *p, uint64_t *next)
{
	unsigned int pm;

	for (pm = 0; pm < p->pmp.ports; pm++) {
		uint64_t due = p->pmp.device[pm].link_due;

		if (due && due <= now())
			device_up(p, pm);
		else
			sooner(next, due);
	}
}

/* Registers ----------------------------------------------------------------- */

static bool read_general(const struct port *p, unsigned int reg, uint32_t *value)
{
	switch (reg) {
	case GSCR_PRODUCT:
		*value = PRODUCT;
		return true;
	case GSCR_REVISION:
		*value = REVISION;
		return true;
	case GSCR_PORTS:
		*value = p->pmp.ports;
		return true;
	case GSCR_ERROR:
		*value = errors(p);
		return true;
	case GSCR_ERROR_ENABLE:
		*value = p->pmp.error_enable;
		return true;
	case GSCR_FEATURES:
		*value = FEATURE_NOTIFY;
		return true;
	case GSCR_FEATURES_ENABLE:
		*value = p->pmp.features;
		return true;
	}
	return false;
}

static bool write_general(struct port *p, unsigned int reg, uint32_t value)
{
	if (reg == GSCR_ERROR_ENABLE)
		p->pmp.error_enable = value;
	else if (reg == GSCR_FEATURES_ENABLE)
		p->pmp.features = value & FEATURE_NOTIFY;
	else
		return false;
	notify(p);
	return true;
}

static bool read_device(const struct port *p, unsigned int pm, unsigned int reg, uint32_t *value)
{
	const struct device_port *d = &p->pmp.device[pm];

	if (!is_device(p, pm) || reg > PSCR_CONTROL)
		return false;
	*value = reg == PSCR_STATUS ? d->ssts : reg == PSCR_ERROR ? d->serr : d->sctl;
	return true;
}

/* DET 1 is COMRESET for as long as it is there, 4 is offline, as in PxSCTL. */
static void write_control(struct port *p, unsigned int pm, uint32_t value)
{
	struct device_port *d = &p->pmp.device[pm];
	uint32_t before = d->sctl & SCTL_DET, det = value & SCTL_DET;

	d->sctl = value & 0xfff;
	if (before == det)
		return;
	device_down(p, pm, det == 4 ? SSTS_DET_OFF : 0);
	device_start(p, pm);
	control_event("sctl", p, NULL);
}

static bool write_device(struct port *p, unsigned int pm, unsigned int reg, uint32_t value)
{
	if (!is_device(p, pm))
		return false;
	if (reg == PSCR_CONTROL)
		write_control(p, pm, value);
	else if (reg == PSCR_ERROR)
		p->pmp.device[pm].serr &= ~value;
	else
		return false;
	notify(p);
	return true;
}

/* READ PORT MULTIPLIER: the value is returned in Count and the lower bytes of LBA. */
static bool run_read(struct port *p, struct cmd *c, unsigned int pm, unsigned int reg)
{
	uint32_t value;

	if (pm == PM_CONTROL ? !read_general(p, reg, &value) : !read_device(p, pm, reg, &value))
		return false;
	c->count = value & 0xff;
	c->lba = value >> 8;
	return true;
}

static bool run_write(struct port *p, struct cmd *c, unsigned int pm, unsigned int reg)
{
	const uint8_t *f = c->cfis;
	uint32_t value = f[12] | f[4] << 8 | f[5] << 16 | (uint32_t)f[6] << 24;

	return pm == PM_CONTROL ? write_general(p, reg, value) : write_device(p, pm, reg, value);
}

/* A command for the control port. It is about a port and a register; others are aborted. */
void pmp_execute(struct port *p, struct cmd *c)
{
	unsigned int pm = c->cfis[7] & FIS_PM, reg = c->cfis[3] | c->cfis[11] << 8;
	bool done = false;

	if (c->cfis[2] == READ_PM)
		done = run_read(p, c, pm, reg);
	else if (c->cfis[2] == WRITE_PM)
		done = run_write(p, c, pm, reg);
	if (!done)
		c->error = ERR_ABRT;
}
