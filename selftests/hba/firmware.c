// SPDX-License-Identifier: GPL-2.0
/*
 * What firmware has to do with an HBA: a BIOS that owns it (AHCI 1.3.1, 10.6), and ports that
 * it has enabled or not.
 */
#include <string.h>

#include "hba.h"

/* 10.6.3: the OS waits for 25 ms, and two seconds if the BIOS is busy. */
#define BIOS_ANSWERS	(5 * MS)
#define BIOS_CLEANS_UP	(100 * MS)

static const char *const bioses[] = {
	[BIOS_AT_ONCE] = "at-once", [BIOS_LATER] = "later", [BIOS_BUSY] = "busy",
	[BIOS_DEAD] = "dead",
};

bool bios_option(const char *word)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bioses); i++)
		if (!strcmp(word, bioses[i])) {
			hba.bios = i;
			return true;
		}
	return false;
}

/* At power-on the HBA is the BIOS'. */
void bios_init(void)
{
	hba.bohc = hba.cap2 & CAP2_BOH ? BOHC_BOS : 0;
	hba.bios_due = 0;
}

static void let_go(void)
{
	hba.bohc &= ~(BOHC_BOS | BOHC_BB);
	hba.bios_due = 0;
}

/* 3.1.11: OOS asks for the HBA, OOC is of a change of that, for the OS to clear. */
void bios_write(uint32_t value)
{
	uint32_t before = hba.bohc;

	if (!(hba.cap2 & CAP2_BOH))
		return;
	hba.bohc &= ~(value & BOHC_OOC);
	hba.bohc |= value & BOHC_OOS;
	if (!(hba.bohc & ~before & BOHC_OOS))
		return;
	if (hba.bios == BIOS_AT_ONCE)
		let_go();
	else if (hba.bios != BIOS_DEAD)
		hba.bios_due = now() + BIOS_ANSWERS;
}

void bios_run(uint64_t *next)
{
	if (hba.bios_due && hba.bios_due <= now()) {
		if (hba.bios == BIOS_LATER || hba.bohc & BOHC_BB) {
			let_go();
		} else {
			hba.bohc |= BOHC_BB;
			hba.bios_due = now() + BIOS_CLEANS_UP;
		}
	}
	sooner(next, hba.bios_due);
}

/* Intel's port enables: a port without its bit has no link, whatever is attached. */
bool enabled(const struct port *p)
{
	return !hba.has_enables || pci_enables() >> p->nr & 1;
}

void enables_changed(uint16_t before)
{
	uint16_t changed = pci_enables() ^ before;
	struct port *p = NULL;

	while (hba.has_enables && next_port(&p))
		if (changed >> p->nr & 1)
			port_enable(p);
}
