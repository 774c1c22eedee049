// SPDX-License-Identifier: GPL-2.0
/* Tests of presence.c, and of a port's power. */
#include "test.h"

#define RUNNING	(CMD_FRE | CMD_SUD | CMD_ST)

static uint32_t kind(unsigned int port)
{
	return rd(port, PX_CMD) & (CMD_HPCP | CMD_MPSP | CMD_CPD | CMD_ESP);
}

static void test_kinds(void)
{
	check(kind(0) == 0);
	check(command("presence 0 external") && kind(0) == CMD_ESP);
	check(register_read(HBA_CAP) & CAP_SXS);
	check(command("presence 0 cold") && kind(0) == (CMD_HPCP | CMD_CPD));
	check(command("presence 0 external switch") && kind(0) == (CMD_HPCP | CMD_MPSP));
	check(register_read(HBA_CAP) & CAP_SMPS);
	check(command("presence 0 none hotplug") && kind(0) == CMD_HPCP);
	check(!command("presence 0 perhaps") && !command("switch 0 ajar"));
	/* They are not software's to change, and a reset does not. */
	wr(0, PX_CMD, RUNNING | CMD_ESP | CMD_CPD);
	check(kind(0) == CMD_HPCP);
	register_write(HBA_GHC, GHC_HR);
	pass_time(10 * MS);
	check(kind(0) == CMD_HPCP);
}

static void test_switch(void)
{
	check(command("switch 0 open"));
	check(!(rd(0, PX_CMD) & CMD_MPSS) && !rd(0, PX_IS));
	wr(0, PX_IE, ~0u);
	check(!(rd(0, PX_IE) & (IS_DMPS | IS_CPDS)));
	check(command("switch 0 closed") && command("presence 0 switch"));
	wr(0, PX_IE, ~0u);
	check((rd(0, PX_IE) & (IS_DMPS | IS_CPDS)) == IS_DMPS);
	check(command("switch 0 open"));
	check(rd(0, PX_CMD) & CMD_MPSS && rd(0, PX_IS) == IS_DMPS && came(0) == 1);
	acknowledge(0);
	check(command("switch 0 open") && !rd(0, PX_IS));
	check(command("switch 0 closed"));
	check(!(rd(0, PX_CMD) & CMD_MPSS) && rd(0, PX_IS) == IS_DMPS && came(0) == 1);
	/* The device is still there. */
	check(rd(0, PX_SSTS) == 0x133);
	hba.cap &= ~CAP_SMPS;
	acknowledge(0);
	check(command("switch 0 open") && !(rd(0, PX_CMD) & CMD_MPSS) && !rd(0, PX_IS));
	check(clean());
}

static void test_cold_presence(void)
{
	command("unplug 0");
	check(!(rd(0, PX_IS) & IS_CPDS));
	command("plug 0");
	pass_time(10 * MS);
	check(!(rd(0, PX_CMD) & CMD_CPS));
	command("presence 0 cold");
	check(rd(0, PX_CMD) & CMD_CPS);
	acknowledge(0);
	came(0);
	wr(0, PX_IE, IS_CPDS);
	command("unplug 0");
	check(rd(0, PX_IS) & IS_CPDS && came(0) == 1 && !(rd(0, PX_CMD) & CMD_CPS));
	acknowledge(0);
	/* Cold presence needs neither a link nor power. */
	wr(0, PX_CMD, CMD_FRE | CMD_SUD);
	command("plug 0");
	check(rd(0, PX_IS) == IS_CPDS && came(0) == 1 && rd(0, PX_CMD) & CMD_CPS);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0);
	wr(0, PX_CMD, CMD_FRE | CMD_SUD | CMD_POD);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133);
}

static void test_power_off(void)
{
	struct disk *d = &hba.port[0].disk;

	/* Read only without cold presence detection */
	wr(0, PX_CMD, RUNNING);
	check(rd(0, PX_CMD) & CMD_POD && rd(0, PX_SSTS) == 0x133);
	command("presence 0 cold");
	d->sata = SATA_DIPM | SATA_SSP;
	d->sata_on = SATA_DIPM | SATA_SSP;
	wr(0, PX_CMD, CMD_FRE | CMD_SUD);
	check(!(rd(0, PX_CMD) & CMD_POD) && rd(0, PX_SSTS) == 0 && rd(0, PX_IS) == IS_PRCS);
	check(rd(0, PX_CMD) & CMD_CPS && d->sata_on == SATA_SSP);
	wr(0, PX_SCTL, 1);
	wr(0, PX_SCTL, 0);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0);
	wr(0, PX_CMD, CMD_FRE | CMD_SUD | CMD_POD);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133 && rd(0, PX_SIG) == SIG_DISK);
	check(clean());
}

const struct test presence_tests[] = {
	{ "presence_kinds", test_kinds },
	{ "presence_switch", test_switch },
	{ "cold_presence", test_cold_presence },
	{ "power_off", test_power_off },
	{ NULL, NULL }
};
