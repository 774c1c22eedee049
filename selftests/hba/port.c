// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of a port (AHCI 1.3.1, 3.3), its link to the device (10.4, 10.10), and
 * where received FISes go (4.2.1).
 */
#include <string.h>

#include "hba.h"

/* The link has changed: nothing is known of devices but that the first one will answer. */
static void status(struct port *p, uint8_t sts)
{
	unsigned int pm;

	for (pm = 0; pm < ARRAY_SIZE(p->device_tfd); pm++)
		p->device_tfd[pm] = 0x7f;
	*task_file(p, 0) = sts;
}

/* 3.3.5 IPMS: without FBS only the device of the last command has something to say. */
static bool unexpected(const struct port *p, const uint8_t *fis)
{
	return p->cmd & CMD_PMA && !fbs(p) && (fis[1] & FIS_PM) != p->asked &&
	       !(fis[0] == FIS_SDB && fis[1] & FIS_N);
}

/*
 * Post a FIS in the host's memory (4.2.1), with FBS in the area of the device that it is
 * from (9.3). It is lost without FRE.
 */
bool port_fis(struct port *p, uint32_t offset, const void *fis, size_t n)
{
	const uint8_t *header = fis;
	uint8_t noise[RX_SIZE];

	if (!(p->cmd & CMD_FR) || hba.ones)
		return false;
	if (unexpected(p, header))
		p->is |= IS_IPMS;
	if (fbs(p))
		offset += (header[1] & FIS_PM) * RX_SIZE;
	if (p->garbage) {
		lie_fis(p, noise, n);
		fis = noise;
	}
	return !dma_write(p->fb + offset, fis, n);
}

static void set_signature(uint8_t *fis, uint32_t sig)
{
	fis[12] = (uint8_t)sig;
	fis[4] = (uint8_t)(sig >> 8);
	fis[5] = (uint8_t)(sig >> 16);
	fis[6] = (uint8_t)(sig >> 24);
}

/*
 * A device's first FIS, which tells what it is (its signature). PxSIG and
 * PxTFD are those of the first D2H FIS that arrives with FRE set (10.3.2).
 */
void port_signature(struct port *p, unsigned int pm)
{
	uint8_t fis[20] = { FIS_D2H, (uint8_t)pm, STS_DRDY | STS_SEEK, 1 };
	const struct disk *d = pmp_disk(p, pm);

	/* A packet device is not ready before it has been asked with PACKET. */
	if (d && d->packet)
		fis[2] = 0;
	if (!(p->cmd & CMD_FR)) {
		p->d2h_waits = true;
		return;
	}
	p->d2h_waits = false;
	p->sig = !d ? SIG_PM : d->packet ? SIG_ATAPI : d->zones ? SIG_ZAC : SIG_DISK;
	set_signature(fis, p->sig);
	*task_file(p, pm) = (uint32_t)fis[3] << 8 | fis[2];
	port_fis(p, RX_RFIS, fis, sizeof(fis));
}

uint32_t link_speed(uint32_t sctl)
{
	uint32_t best = hba.cap >> CAP_ISS_SHIFT & 15, limit = (sctl & SCTL_SPD) >> 4;

	return limit && limit < best ? limit : best;
}

/* Is there a device with power? POD is one where there is nothing to switch (3.3.7). */
bool port_device(const struct port *p)
{
	return (p->pmp.ports ? p->pmp.present : p->disk.present) && p->cmd & CMD_POD;
}

static bool may_start(const struct port *p)
{
	return enabled(p) && (p->cmd & CMD_SUD) && (p->sctl & SCTL_DET) == 0;
}

/* 3.3.10, 10.4.2: PhyRdy; the device was exchanged as far as the HBA knows. */
static void link_up(struct port *p)
{
	p->link = LINK_UP;
	p->link_due = 0;
	p->ssts = SSTS_DET_PHY | link_speed(p->sctl) << SSTS_SPD_SHIFT |
		  IPM_ACTIVE << SSTS_IPM_SHIFT;
	p->serr |= SERR_N | SERR_X;
	status(p, STS_BSY);
	if (p->pmp.ports)
		pmp_up(p);
	else
		port_signature(p, 0);
	link_idle(p);
	hba_event(p, 0);
}

static void link_start(struct port *p)
{
	p->ssts = 0;
	p->link = LINK_DOWN;
	p->link_due = 0;
	status(p, 0x7f);
	if (!port_device(p) || !may_start(p))
		return;
	p->link = LINK_COMING;
	p->link_due = now() + (p->phy_delay ? p->phy_delay : PHY_DELAY);
}

/* No PhyRdy any more, and nobody to bring it back. */
void port_lost(struct port *p)
{
	p->link = LINK_DOWN;
	p->ssts = 0;
	status(p, 0x7f);
	p->serr |= SERR_N;
	hba_event(p, 0);
}

/* The port is enabled, or not any more. */
void port_enable(struct port *p)
{
	if (enabled(p)) {
		link_start(p);
	} else if (p->link != LINK_DOWN) {
		p->link_due = 0;
		port_lost(p);
	}
}

/* A link in a low power state does not show that the device has no power any more. */
static void device_off(struct port *p)
{
	disk_reset(&p->disk);
	disk_defaults(&p->disk);
	pmp_reset(p);
	if (p->link == LINK_UP) {
		port_lost(p);
	} else if (p->link == LINK_COMING) {
		p->link = LINK_DOWN;
		p->link_due = 0;
	}
}

/* 3.3.7 POD: power goes, or comes and the device begins. */
static void switch_power(struct port *p)
{
	if (p->cmd & CMD_POD)
		link_start(p);
	else
		device_off(p);
}

static void device_reset(struct port *p)
{
	disk_reset(&p->disk);
	/* Serial ATA, software settings preservation */
	if (!(p->disk.sata_on & SATA_SSP))
		p->disk.sata_on = 0;
	pmp_reset(p);
	p->orphans = 0;
	p->srst = 0;
	p->asked = 0;
	p->d2h_waits = false;
}

/* 10.4.2: DET 1 is COMRESET for as long as it is there, 4 is offline. */
static void write_sctl(struct port *p, uint32_t value)
{
	uint32_t before = p->sctl & SCTL_DET, det = value & SCTL_DET;

	/* A device whose request was refused may ask again for what is allowed now. */
	if ((p->sctl ^ value) & (SCTL_NO_PARTIAL | SCTL_NO_SLUMBER | SCTL_NO_DEVSLP))
		link_idle(p);
	p->sctl = value & 0xfff;
	if (before == det)
		return;
	if (p->cmd & CMD_ST)
		breach("port %u: PxSCTL.DET = %u with PxCMD.ST (3.3.11)", p->nr, det);
	if (det) {
		device_reset(p);
		p->link = det == 4 ? LINK_DOWN : LINK_RESET;
		p->link_due = 0;
		p->ssts = det == 4 ? SSTS_DET_OFF : 0;
		p->sig = SIG_NONE;
	} else {
		link_start(p);
	}
	control_event("sctl", p, NULL);
}

static void start(struct port *p)
{
	check_start(p);
	p->cmd |= CMD_ST | CMD_CR;
}

/* 3.3.13, 3.3.14: with ST the list and the outstanding tags are gone. */
static void stop(struct port *p)
{
	p->cmd &= ~(CMD_ST | CMD_CCS);
	if (!(p->stuck & CMD_CR))
		p->cmd &= ~CMD_CR;
	list_stop(p);
}

/* 3.3.7 CLO: whoever is busy is not any more. */
static void override(struct port *p)
{
	unsigned int pm;

	p->tfd &= ~(STS_BSY | STS_DRQ);
	for (pm = 0; pm < ARRAY_SIZE(p->device_tfd); pm++)
		p->device_tfd[pm] &= ~(STS_BSY | STS_DRQ);
}

static void write_cmd(struct port *p, uint32_t value)
{
	uint32_t writable = CMD_WRITABLE & ~(CMD_ST | CMD_FRE), before = p->cmd;

	/* 3.3.7 SUD, POD: read only where there is nothing to switch. */
	if (!(hba.cap & CAP_SSS))
		writable &= ~CMD_SUD;
	if (!(p->cmd & CMD_CPD))
		writable &= ~CMD_POD;
	if (!(hba.cap & CAP_SALP))
		writable &= ~(CMD_ALPE | CMD_ASP);
	if (!(hba.cap2 & CAP2_APST))
		writable &= ~CMD_APSTE;
	if (!(hba.cap & CAP_SPM))
		writable &= ~CMD_PMA;
	p->cmd = (p->cmd & ~writable) | (value & writable);
	if ((p->cmd ^ before) & CMD_POD)
		switch_power(p);
	else if (p->cmd & ~before & CMD_SUD)
		link_start(p);
	if (value & CMD_FRE) {
		p->cmd |= CMD_FRE | CMD_FR;
		if (p->d2h_waits)
			port_signature(p, 0);
	} else if (p->cmd & CMD_FRE) {
		if (p->cmd & CMD_ST && value & CMD_ST)
			breach("port %u: FRE is cleared while ST is set (10.3.2)", p->nr);
		p->cmd &= ~(CMD_FRE | (p->stuck & CMD_FR ? 0 : CMD_FR));
	}
	if (value & ~before & CMD_ST)
		start(p);
	else if (before & ~value & CMD_ST)
		stop(p);
	/* 3.3.7 CLO: at once; only where CAP.SCLO, and before ST. */
	if (value & CMD_CLO && hba.cap & CAP_SCLO) {
		if (before & CMD_ST)
			breach("port %u: CLO with ST set (3.3.7)", p->nr);
		override(p);
	}
	link_icc(p, value >> CMD_ICC_SHIFT);
}

/* 3.3.17: DSP and DM are the platform's, and all of it is reserved without CAP2.SDS. */
static void write_devslp(struct port *p, uint32_t value)
{
	uint32_t writable = hba.cap2 & CAP2_SDS ? DEVSLP_ADSE | DEVSLP_TIMES : 0;

	check_devslp(p, value);
	p->devslp = value & writable;
}

static uint32_t read_devslp(const struct port *p)
{
	return p->devslp | (hba.cap2 & CAP2_SDS ? DEVSLP_DSP : 0);
}

static void write_serr(struct port *p, uint32_t value)
{
	p->serr &= ~value;
	hba_interrupt(p);
}

void port_write(struct port *p, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case PX_CLB:
	case PX_CLBU:
		check_moving(p, offset, value);
		p->clb = offset == PX_CLB ? (p->clb & ~0xffffffffull) | (value & ~(LIST_ALIGN - 1))
					  : (p->clb & 0xffffffff) | (uint64_t)value << 32;
		break;
	case PX_FB:
	case PX_FBU:
		check_moving(p, offset, value);
		p->fb = offset == PX_FB ? (p->fb & ~0xffffffffull) | (value & ~(RX_SIZE - 1u))
					: (p->fb & 0xffffffff) | (uint64_t)value << 32;
		break;
	case PX_IS:
		p->ack_due = false;
		p->is &= ~value;
		hba_interrupt(p);
		break;
	case PX_IE:
		p->ie = value & (~(IS_DMPS | IS_CPDS) | presence_causes(p));
		hba_interrupt(p);
		break;
	case PX_CMD:
		/* A driver changes a bit of what it has read. */
		hba.excused = p->cmd_lied;
		write_cmd(p, value);
		hba.excused = false;
		break;
	case PX_SCTL:
		write_sctl(p, value);
		break;
	case PX_SERR:
		write_serr(p, value);
		break;
	case PX_SACT:
		check_active(p, value);
		if (p->cmd & CMD_ST)
			p->sact |= value;
		break;
	case PX_CI:
		list_ring(p, value);
		break;
	case PX_SNTF:
		p->sntf &= ~value;
		break;
	case PX_FBS:
		fbs_write(p, value);
		break;
	case PX_DEVSLP:
		write_devslp(p, value);
		break;
	}
}

uint32_t port_read(struct port *p, uint32_t offset)
{
	switch (offset) {
	case PX_CLB:
		return (uint32_t)p->clb;
	case PX_CLBU:
		return (uint32_t)(p->clb >> 32);
	case PX_FB:
		return (uint32_t)p->fb;
	case PX_FBU:
		return (uint32_t)(p->fb >> 32);
	case PX_IS:
		return p->is;
	case PX_IE:
		return p->ie;
	case PX_CMD:
		return p->cmd | (uint32_t)p->last << CMD_CCS_SHIFT | presence_status(p);
	case PX_TFD:
		return *task_file(p, (p->fbs & FBS_DEV) >> FBS_DEV_SHIFT);
	case PX_SIG:
		return p->sig;
	case PX_SSTS:
		return p->ssts;
	case PX_SCTL:
		return p->sctl;
	case PX_SERR:
		return p->serr;
	case PX_SACT:
		return p->sact;
	case PX_CI:
		return p->ci;
	case PX_SNTF:
		return p->sntf;
	case PX_FBS:
		return fbs_read(p);
	case PX_DEVSLP:
		return read_devslp(p);
	default:
		return 0;
	}
}

/* 10.4.3: all but what is the HBA's to know; the link is brought up again. */
void port_reset(struct port *p)
{
	uint32_t fixed = p->cmd & (CMD_HPCP | CMD_MPSP | CMD_CPD | CMD_ESP);

	list_stop(p);
	device_reset(p);
	p->clb = 0;
	p->fb = 0;
	p->is = 0;
	p->ie = 0;
	p->pending = 0;
	p->serr = 0;
	p->sctl = 0;
	p->sntf = 0;
	p->fbs = 0;
	p->devslp = 0;
	p->last = 0;
	p->sig = SIG_NONE;
	p->cmd = fixed | CMD_POD | (hba.cap & CAP_SSS ? 0 : CMD_SUD) |
		 (fbs_capable() ? CMD_FBSCP : 0);
	link_start(p);
}

/* 5.3.16: nothing more is fetched or answered until the driver clears ST. */
void port_fatal(struct port *p, uint32_t bits)
{
	p->halted = true;
	hba_event(p, bits);
}

static void set_attached(struct port *p, bool yes)
{
	if (p->pmp.ports)
		p->pmp.present = yes;
	else
		p->disk.present = yes;
}

/* A device comes: COMINIT, then PhyRdy (10.10.1). */
void port_plug(struct port *p)
{
	set_attached(p, true);
	presence_changed(p);
	link_start(p);
}

/* It goes, and has no time for anything. */
void port_unplug(struct port *p)
{
	set_attached(p, false);
	presence_changed(p);
	device_off(p);
}

void port_run(struct port *p, uint64_t *next)
{
	link_run(p);
	if (p->link_due > now())
		sooner(next, p->link_due);
	else if (p->link_due && p->link == LINK_WAKING)
		link_awake(p);
	else if (p->link_due)
		link_up(p);
	pmp_run(p, next);
	list_run(p, next);
	link_rest(p, next);
	atapi_notify(p);
}
