// SPDX-License-Identifier: GPL-2.0
/*
 * FIS-based switching (AHCI 1.3.1, 3.3.16 and 9.3): commands are outstanding to several
 * devices behind a port multiplier, each with a task file and an area for received FISes
 * of its own. An error of a device leaves the others alone.
 */
#include "hba.h"

/* 3.3.16 ADO: how many devices at once it was made for */
#define OPTIMIZED	4u

bool fbs_capable(void)
{
	return hba.cap & CAP_SPM && hba.cap & CAP_FBSS;
}

uint32_t fbs_read(const struct port *p)
{
	return fbs_capable() ? p->fbs | OPTIMIZED << FBS_ADO_SHIFT : 0;
}

static void report(struct port *p, unsigned int pm)
{
	p->fbs = (p->fbs & ~FBS_DWE) | FBS_SDE | pm << FBS_DWE_SHIFT;
}

/* The commands of the device are flushed. If another one has failed meanwhile, it is next. */
static void clear_error(struct port *p)
{
	unsigned int pm = (p->fbs & FBS_DWE) >> FBS_DWE_SHIFT;

	list_flush(p, pm);
	p->failed &= (uint16_t)~(1u << pm);
	p->fbs &= ~FBS_SDE;
	if (p->failed) {
		report(p, (unsigned int)__builtin_ctz(p->failed));
		hba_event(p, IS_TFES);
	}
}

void fbs_write(struct port *p, uint32_t value)
{
	const uint32_t writable = FBS_EN | FBS_DEV;
	unsigned int pm;

	if (!fbs_capable())
		return;
	check_fbs(p, value);
	if (value & ~p->fbs & FBS_EN)
		for (pm = 0; pm < ARRAY_SIZE(p->device_tfd); pm++)
			p->device_tfd[pm] = STS_DRDY | STS_SEEK;
	p->fbs = (p->fbs & ~writable) | (value & writable);
	if (value & FBS_DEC && fbs(p) && p->fbs & FBS_SDE)
		clear_error(p);
}

/* PxCMD.ST is cleared, and with it every error. */
void fbs_stop(struct port *p)
{
	p->fbs &= ~FBS_SDE;
	p->failed = 0;
}

/* An error that a device has reported: of the port, or with FBS of that device. */
void device_fatal(struct port *p, unsigned int pm, uint32_t bits)
{
	if (!fbs(p)) {
		port_fatal(p, bits);
		return;
	}
	p->failed |= (uint16_t)(1u << pm);
	/* PxFBS.DWE names one device at a time. */
	if (p->fbs & FBS_SDE)
		bits &= ~IS_TFES;
	else
		report(p, pm);
	hba_event(p, bits);
}
