// SPDX-License-Identifier: GPL-2.0
/*
 * Command completion coalescing (AHCI 1.3.1, section 11): one interrupt for several commands
 * of several ports, after a number of them or a time. It has the number of a port that is
 * not there, in IS and as a vector. The ports' own causes are left to software to disable.
 */
#include "hba.h"

static struct {
	uint32_t	ctl;		/* EN, CC, TV */
	uint32_t	ports;
	unsigned int	complete;	/* hCccComplete */
	uint64_t	left;		/* hCccTimer, in ns */
	uint64_t	since;		/* the timer runs since then; 0: it does not */
} ccc;

/* Without a number that no port has, there cannot be coalescing. */
static bool there(void)
{
	return hba.cap & CAP_CCCS && hba.ports < MAX_PORTS;
}

static void restart(void)
{
	ccc.complete = 0;
	ccc.left = CCC_TV(ccc.ctl) * MS;
	ccc.since = 0;
}

void ccc_reset(void)
{
	ccc.ctl = 0;
	ccc.ports = 0;
	restart();
}

bool ccc_read(uint32_t offset, uint32_t *value)
{
	if (!there())
		return false;
	if (offset == HBA_CCC_CTL)
		*value = ccc.ctl | hba.ports << CCC_INT_SHIFT;
	else if (offset == HBA_CCC_PORTS)
		*value = ccc.ports;
	else
		return false;
	return true;
}

/* 3.1.6: CC and TV are read only while EN is set, and take effect when it is. */
static void control(uint32_t value)
{
	uint32_t writable = ccc.ctl & CCC_EN ? CCC_EN : CCC_EN | CCC_WRITABLE;

	if ((ccc.ctl & CCC_EN) && (value ^ ccc.ctl) & CCC_WRITABLE && value & CCC_EN)
		breach("CCC_CTL = %08x while EN is set (3.1.6)", value);
	ccc.ctl = (ccc.ctl & ~writable) | (value & writable);
	if (ccc.ctl & CCC_EN && !CCC_TV(ccc.ctl))
		breach("CCC_CTL = %08x has no time-out (3.1.6 TV)", value);
	restart();
}

void ccc_write(uint32_t offset, uint32_t value)
{
	if (!there())
		return;
	if (offset == HBA_CCC_CTL)
		control(value);
	else if (offset == HBA_CCC_PORTS)
		ccc.ports = value;
}

static bool selected(const struct port *p)
{
	return there() && ccc.ctl & CCC_EN && ccc.ports >> p->nr & 1;
}

/* 3.1.6 INT: the bit of IS, and the vector */
static void signal(void)
{
	restart();
	hba_signal(hba.ports);
}

/* Commands of a port are done. 3.1.6: a CC of zero leaves it all to the timer. */
void ccc_complete(const struct port *p, unsigned int commands)
{
	if (!selected(p))
		return;
	ccc.complete += commands;
	if (CCC_CC(ccc.ctl) && ccc.complete >= CCC_CC(ccc.ctl))
		signal();
}

/*
 * 11.2: the timer runs while commands are outstanding; here also while there are some that
 * have not been told of, or the last of a burst never would be.
 */
static bool timed(void)
{
	struct port *p = NULL;

	if (ccc.complete)
		return true;
	while (next_port(&p))
		if (selected(p) && p->ci | p->sact)
			return true;
	return false;
}

void ccc_run(uint64_t *next)
{
	uint64_t passed = ccc.since ? now() - ccc.since : 0;

	if (!there() || !(ccc.ctl & CCC_EN))
		return;
	ccc.left = passed < ccc.left ? ccc.left - passed : 0;
	ccc.since = timed() ? now() : 0;
	if (!ccc.since)
		return;
	if (!ccc.left)
		signal();
	else
		sooner(next, now() + ccc.left);
}
