// SPDX-License-Identifier: GPL-2.0
/* Tests of link power management: link.c, and what a disk says and does about it. */
#include <stdio.h>
#include <string.h>

#include "test.h"

#define RUNNING	(CMD_FRE | CMD_SUD | CMD_ST)

static uint32_t ipm(unsigned int port)
{
	return (rd(port, PX_SSTS) & SSTS_IPM) >> SSTS_IPM_SHIFT;
}

static void icc(unsigned int port, uint32_t to)
{
	wr(port, PX_CMD, (rd(port, PX_CMD) & ~CMD_ICC) | to << CMD_ICC_SHIFT);
}

/* Port 0 has an HBA and a disk that can do all of it, with nothing enabled yet. */
static void capable(void)
{
	struct disk *d = &hba.port[0].disk;

	hba.cap |= CAP_PSC | CAP_SSC | CAP_SALP;
	hba.cap2 |= CAP2_APST | CAP2_SDS | CAP2_SADM;
	d->hipm = true;
	d->sata = SATA_DIPM | SATA_DEVSLP | SATA_SSP;
	disk_defaults(d);
	wr(0, PX_SCTL, 0);
}

static bool set_features(uint8_t action, uint8_t feature)
{
	build(0, 0, 0xef, 0, 0, 0);
	memory[TABLE(0) + 3] = action;
	memory[TABLE(0) + 12] = feature;
	ring(0, 1);
	pass_time(100 * MS);
	pass_time(1);
	if (!(rd(0, PX_TFD) & STS_ERR)) {
		acknowledge(0);
		return true;
	}
	restart(0);
	acknowledge(0);
	return false;
}

/* A command that needs nothing but a link: CHECK POWER MODE. */
static void some_command(void)
{
	build(0, 1, 0xe5, 0, 0, 0);
	ring(0, 2);
}

static void comreset(void)
{
	wr(0, PX_CMD, CMD_FRE | CMD_SUD);
	wr(0, PX_SCTL, 1);
	wr(0, PX_SCTL, 0);
	pass_time(2 * MS);
	wr(0, PX_SERR, ~0u);
	wr(0, PX_CMD, RUNNING);
}

static void test_icc(void)
{
	capable();
	icc(0, IPM_PARTIAL);
	check(rd(0, PX_SSTS) == 0x233 && !(rd(0, PX_CMD) & CMD_ICC));
	check(rd(0, PX_SERR) == SERR_N && rd(0, PX_IS) == IS_PRCS);
	wr(0, PX_SERR, SERR_N);
	check(rd(0, PX_IS) == 0);
	icc(0, IPM_PARTIAL);
	check(clean());
	icc(0, IPM_SLUMBER);
	check(ipm(0) == IPM_PARTIAL && broken("3.3.7"));
	icc(0, IPM_ACTIVE);
	check(ipm(0) == IPM_PARTIAL);
	pass_time(10000);
	check(rd(0, PX_SSTS) == 0x133 && rd(0, PX_SERR) == (SERR_N | SERR_W));
	icc(0, IPM_ACTIVE);
	icc(0, 0);
	check(ipm(0) == IPM_ACTIVE);
	icc(0, IPM_SLUMBER);
	check(rd(0, PX_SSTS) == 0x633);
	icc(0, IPM_ACTIVE);
	pass_time(10 * MS);
	check(ipm(0) == IPM_ACTIVE);
	check(clean());
}

/* What one of the two does not support, or while there are commands. */
static void test_icc_refused(void)
{
	const struct link_power *power = &hba.port[0].power;
	unsigned int refused = power->refused, slumber = power->entered[IPM_SLUMBER];

	capable();
	hba.cap &= ~CAP_SSC;
	icc(0, IPM_SLUMBER);
	check(ipm(0) == IPM_ACTIVE && !rd(0, PX_SERR));
	hba.cap = (hba.cap | CAP_SSC) & ~CAP_PSC;
	icc(0, IPM_PARTIAL);
	check(ipm(0) == IPM_ACTIVE);
	hba.port[0].disk.hipm = false;
	icc(0, IPM_SLUMBER);
	check(ipm(0) == IPM_ACTIVE);
	hba.port[0].disk.hipm = true;
	command("hold 0");
	some_command();
	icc(0, IPM_SLUMBER);
	check(ipm(0) == IPM_ACTIVE);
	command("resume 0");
	pass_time(1);
	icc(0, IPM_SLUMBER);
	check(ipm(0) == IPM_SLUMBER);
	check(power->refused == refused + 4 && power->entered[IPM_SLUMBER] == slumber + 1);
	check(clean());
}

static void test_sctl_ipm(void)
{
	capable();
	check(set_features(0x10, 3));
	icc(0, IPM_ACTIVE);
	pass_time(10 * MS);
	wr(0, PX_SCTL, SCTL_NO_PARTIAL | SCTL_NO_SLUMBER);
	icc(0, IPM_PARTIAL);
	icc(0, IPM_SLUMBER);
	pass_time(100 * MS);
	check(ipm(0) == IPM_ACTIVE);
	/* What the device wants is Slumber; then it takes what there is. */
	wr(0, PX_SCTL, SCTL_NO_SLUMBER);
	pass_time(100 * MS);
	check(ipm(0) == IPM_PARTIAL);
	icc(0, IPM_ACTIVE);
	pass_time(10 * MS);
	wr(0, PX_SCTL, SCTL_NO_PARTIAL);
	icc(0, IPM_PARTIAL);
	check(ipm(0) == IPM_ACTIVE);
	pass_time(100 * MS);
	check(ipm(0) == IPM_SLUMBER);
	check(set_features(0x10, 9) && set_features(0x90, 3));
	icc(0, IPM_ACTIVE);
	pass_time(10 * MS);
	wr(0, PX_SCTL, SCTL_NO_DEVSLP);
	icc(0, IPM_DEVSLP);
	check(ipm(0) == IPM_ACTIVE);
	check(clean());
}

/* 3.3.7 ALPE, ASP: only when the last command is done, and until the next. */
static void test_aggressive(void)
{
	capable();
	wr(0, PX_CMD, RUNNING | CMD_ALPE | CMD_ASP);
	pass_time(100 * MS);
	check(ipm(0) == IPM_ACTIVE);
	command("hold 0");
	build(0, 2, 0x60, 0, 8, 4096);
	build(0, 3, 0x60, 8, 8, 4096);
	ring(0, 0xc);
	check(command("release 0 4"));
	pass_time(1);
	check(ipm(0) == IPM_ACTIVE && rd(0, PX_SACT) == 8);
	check(command("release 0 8") && command("resume 0"));
	pass_time(1);
	check(ipm(0) == IPM_SLUMBER);
	acknowledge(0);
	some_command();
	check(ipm(0) == IPM_SLUMBER && rd(0, PX_CI) == 2 && !(rd(0, PX_TFD) & STS_BSY));
	pass_time(MS / 2);
	check(rd(0, PX_CI) == 2);
	pass_time(MS / 2);
	check(rd(0, PX_CI) == 0 && ipm(0) == IPM_SLUMBER);
	/* Software wakes it, and there was no command since. */
	icc(0, IPM_ACTIVE);
	pass_time(100 * MS);
	check(ipm(0) == IPM_ACTIVE);
	wr(0, PX_CMD, RUNNING | CMD_ALPE);
	some_command();
	check(ipm(0) == IPM_PARTIAL);
	wr(0, PX_CMD, RUNNING);
	some_command();
	pass_time(MS);
	check(rd(0, PX_CI) == 0 && ipm(0) == IPM_ACTIVE);
	hba.cap &= ~CAP_SALP;
	wr(0, PX_CMD, RUNNING | CMD_ALPE | CMD_ASP);
	check(!(rd(0, PX_CMD) & (CMD_ALPE | CMD_ASP)));
	check(clean());
}

/* When ST is cleared under a command, the commands that are gone are not done. */
static void test_aggressive_stopped(void)
{
	capable();
	wr(0, PX_CMD, RUNNING | CMD_ALPE);
	command("hold 0");
	build(0, 1, 0x60, 0, 8, 4096);
	ring(0, 2);
	wr(0, PX_CMD, CMD_FRE | CMD_SUD | CMD_ALPE);
	pass_time(100 * MS);
	check(ipm(0) == IPM_ACTIVE);
	command("resume 0");
}

static void test_dipm(void)
{
	uint16_t *w = (uint16_t *)data(0);

	check(!set_features(0x10, 3));
	capable();
	check(set_features(0x10, 3));
	check(ipm(0) == IPM_SLUMBER);
	build(0, 0, 0xec, 0, 1, SECTOR);
	ring(0, 1);
	pass_time(MS);
	check(w[76] & 1u << 9 && w[78] == 0x1c8 && w[79] == 0x048);
	acknowledge(0);
	check(ipm(0) == IPM_ACTIVE);
	pass_time(19 * MS);
	check(ipm(0) == IPM_ACTIVE);
	pass_time(1 * MS);
	check(ipm(0) == IPM_SLUMBER && rd(0, PX_SERR) == SERR_N);
	wr(0, PX_SERR, ~0u);
	check(command("wake 0"));
	pass_time(MS);
	check(ipm(0) == IPM_ACTIVE && rd(0, PX_SERR) == (SERR_N | SERR_W));
	check(!command("wake 0"));
	pass_time(20 * MS);
	check(ipm(0) == IPM_SLUMBER);
	check(set_features(0x90, 3));
	check(ipm(0) == IPM_ACTIVE);
	/* From Partial it has to wake up first. */
	check(set_features(0x10, 3));
	wr(0, PX_CMD, RUNNING | CMD_ALPE);
	some_command();
	pass_time(MS);
	check(ipm(0) == IPM_PARTIAL);
	pass_time(20 * MS);
	pass_time(MS);
	check(ipm(0) == IPM_ACTIVE);
	pass_time(20 * MS);
	check(ipm(0) == IPM_SLUMBER);
	wr(0, PX_CMD, RUNNING);
	check(!set_features(0x10, 0x0b) && !set_features(0x10, 0xff));
	check(clean());
}

/* Serial ATA, software settings preservation: over COMRESET, not over power. */
static void test_settings_preserved(void)
{
	struct disk *d = &hba.port[0].disk;

	capable();
	check(set_features(0x10, 3) && set_features(0x10, 9));
	comreset();
	check(d->sata_on == (SATA_DIPM | SATA_SSP | SATA_DEVSLP));
	check(set_features(0x90, 6));
	comreset();
	check(d->sata_on == 0);
	check(set_features(0x10, 3));
	command("unplug 0");
	command("plug 0");
	pass_time(10 * MS);
	check(d->sata_on == SATA_SSP);
}

static void test_automatic_slumber(void)
{
	capable();
	icc(0, IPM_PARTIAL);
	pass_time(100 * MS);
	check(ipm(0) == IPM_PARTIAL);
	icc(0, IPM_ACTIVE);
	pass_time(MS);
	wr(0, PX_CMD, RUNNING | CMD_APSTE);
	wr(0, PX_SERR, ~0u);
	icc(0, IPM_PARTIAL);
	pass_time(9 * MS);
	check(ipm(0) == IPM_PARTIAL);
	wr(0, PX_SERR, ~0u);
	pass_time(1 * MS);
	/* The PHY was off before. */
	check(ipm(0) == IPM_SLUMBER && rd(0, PX_SERR) == 0);
	wr(0, PX_CMD, RUNNING);
	hba.cap2 &= ~CAP2_APST;
	wr(0, PX_CMD, RUNNING | CMD_APSTE);
	check(!(rd(0, PX_CMD) & CMD_APSTE));
	check(clean());
}

/* DITO 200 ms, MDAT 10 ms, DETO 20 ms */
#define TIMES	(200u << 15 | 10u << 10 | 20u << 2)

static void set_devslp(uint32_t value)
{
	wr(0, PX_CMD, CMD_FRE | CMD_SUD);
	wr(0, PX_DEVSLP, value);
	wr(0, PX_CMD, RUNNING);
}

static void test_device_sleep(void)
{
	check(rd(0, PX_DEVSLP) == 0);
	set_devslp(TIMES);
	check(rd(0, PX_DEVSLP) == 0);
	capable();
	check(rd(0, PX_DEVSLP) == DEVSLP_DSP);
	set_devslp(~0u);
	check(rd(0, PX_DEVSLP) == (DEVSLP_TIMES | DEVSLP_DSP | DEVSLP_ADSE));
	set_devslp(TIMES | DEVSLP_ADSE);
	some_command();
	pass_time(300 * MS);
	/* Not enabled on the disk, which ignores the signal. */
	check(ipm(0) == IPM_ACTIVE);
	check(set_features(0x10, 9));
	some_command();
	pass_time(199 * MS);
	check(ipm(0) == IPM_ACTIVE);
	pass_time(1 * MS);
	check(rd(0, PX_SSTS) == 0x833);
	/* MDAT has 9 ms left, then DETO. */
	pass_time(1 * MS);
	some_command();
	pass_time(28 * MS);
	check(rd(0, PX_CI) == 2);
	pass_time(1 * MS);
	check(rd(0, PX_CI) == 0 && ipm(0) == IPM_ACTIVE);
	pass_time(200 * MS);
	check(ipm(0) == IPM_DEVSLP);
	pass_time(100 * MS);
	some_command();
	pass_time(19 * MS);
	check(rd(0, PX_CI) == 2);
	pass_time(1 * MS);
	check(rd(0, PX_CI) == 0);
	hba.cap2 &= ~CAP2_SADM;
	pass_time(1000 * MS);
	check(ipm(0) == IPM_ACTIVE);
	check(clean());
	wr(0, PX_DEVSLP, DEVSLP_ADSE);
	check(broken("3.3.17"));
}

static void test_device_sleep_icc(void)
{
	capable();
	icc(0, IPM_DEVSLP);
	check(ipm(0) == IPM_ACTIVE);
	check(set_features(0x10, 9));
	icc(0, IPM_DEVSLP);
	check(ipm(0) == IPM_DEVSLP);
	icc(0, IPM_ACTIVE);
	pass_time(MS);
	icc(0, IPM_PARTIAL);
	icc(0, IPM_DEVSLP);
	check(ipm(0) == IPM_DEVSLP && rd(0, PX_SERR) & SERR_N);
	icc(0, IPM_ACTIVE);
	pass_time(MS);
	/* CAP2.DESO: from Slumber only */
	hba.cap2 |= CAP2_DESO;
	icc(0, IPM_DEVSLP);
	check(ipm(0) == IPM_ACTIVE);
	set_devslp(TIMES | DEVSLP_ADSE);
	some_command();
	pass_time(1000 * MS);
	check(ipm(0) == IPM_ACTIVE);
	icc(0, IPM_SLUMBER);
	check(ipm(0) == IPM_SLUMBER);
	pass_time(1);
	check(ipm(0) == IPM_DEVSLP);
	icc(0, IPM_ACTIVE);
	pass_time(100 * MS);
	icc(0, IPM_SLUMBER);
	icc(0, IPM_DEVSLP);
	check(ipm(0) == IPM_DEVSLP);
	check(clean());
}

/* 7.3.1: a removal is not seen before the link is to wake, an insertion is. */
static void test_removed_asleep(void)
{
	capable();
	icc(0, IPM_SLUMBER);
	wr(0, PX_SERR, ~0u);
	command("unplug 0");
	pass_time(100 * MS);
	check(rd(0, PX_SSTS) == 0x633 && !rd(0, PX_IS));
	some_command();
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0 && rd(0, PX_IS) == IS_PRCS && rd(0, PX_CI) == 2);
	command("plug 0");
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133);
	comreset();
	icc(0, IPM_SLUMBER);
	wr(0, PX_SERR, ~0u);
	command("flap 0 1");
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133 && rd(0, PX_IS) & IS_PCS);
}

/* Each change of PhyRdy interrupts, if that is enabled; COMRESET ends all of it. */
static void test_phy_interrupts(void)
{
	capable();
	wr(0, PX_IE, 0);
	icc(0, IPM_SLUMBER);
	check(!came(0));
	wr(0, PX_SERR, ~0u);
	wr(0, PX_IE, IS_PRCS);
	icc(0, IPM_ACTIVE);
	pass_time(MS);
	check(came(0) == 1);
	wr(0, PX_IE, 0);
	acknowledge(0);
	icc(0, IPM_SLUMBER);
	comreset();
	check(rd(0, PX_SSTS) == 0x133);
	some_command();
	check(rd(0, PX_CI) == 0);
	icc(0, IPM_SLUMBER);
	register_write(HBA_GHC, GHC_HR);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133);
	check(clean());
}

static void test_devslp_log(void)
{
	uint8_t *log = data(0);

	capable();
	build(0, 0, 0x2f, 0x30 | 8 << 8, 1, SECTOR);
	ring(0, 1);
	check(rd(0, PX_TFD) == 0x50 && log[2] == 8);
	check(log[48] == DEVSLP_MS_MDAT && log[49] == DEVSLP_MS_DETO && log[55] == 0x80);
}

static void test_power_line(void)
{
	char line[] = "power 0", other[] = "power 1";
	unsigned int partial, slumber, now_slumber;

	check(sscanf(control_line(line), "ok active partial=%u slumber=%u", &partial,
		     &slumber) == 2);
	capable();
	icc(0, IPM_SLUMBER);
	strcpy(line, "power 0");
	check(sscanf(control_line(line), "ok slumber partial=%u slumber=%u", &partial,
		     &now_slumber) == 2 && now_slumber == slumber + 1);
	command("unplug 1");
	check(strstr(control_line(other), "ok none "));
	command("plug 1");
}

const struct test link_tests[] = {
	{ "icc", test_icc },
	{ "icc_refused", test_icc_refused },
	{ "sctl_ipm", test_sctl_ipm },
	{ "aggressive", test_aggressive },
	{ "aggressive_stopped", test_aggressive_stopped },
	{ "dipm", test_dipm },
	{ "settings_preserved", test_settings_preserved },
	{ "automatic_slumber", test_automatic_slumber },
	{ "device_sleep", test_device_sleep },
	{ "device_sleep_icc", test_device_sleep_icc },
	{ "removed_asleep", test_removed_asleep },
	{ "phy_interrupts", test_phy_interrupts },
	{ "devslp_log", test_devslp_log },
	{ "power_line", test_power_line },
	{ NULL, NULL }
};
