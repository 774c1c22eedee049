// SPDX-License-Identifier: GPL-2.0
/* Tests of lie.c, and of an HBA that is away. */
#include <string.h>

#include "test.h"

#define REG(port, reg)	(HBA_PORTS + (port) * HBA_PORT_SIZE + (reg))

static bool told(const char *answer)
{
	char line[] = "lies";

	return !strcmp(control_line(line), answer);
}

static void test_lies(void)
{
	unsigned int i;

	check(command("lie 0x%x 0xffffff00 0x12 2", REG(1, PX_SIG)));
	check(told("ok 0x1a4 0x0 2"));
	check(rd(0, PX_SIG) == SIG_DISK && register_read(HBA_PI) == 0xf);
	check(rd(1, PX_SIG) == ((SIG_DISK & 0xffffff00) | 0x12));
	check(told("ok 0x1a4 0x0 1"));
	check(rd(1, PX_SIG) == ((SIG_DISK & 0xffffff00) | 0x12));
	check(rd(1, PX_SIG) == SIG_DISK);
	/* Of a register that is read only as well, what is written is known. */
	check(command("lie 0xc 0 0xff 1") && register_read(HBA_PI) == 0xff);
	register_write(HBA_PI, 0x3f);
	check(told("ok 0x1a4 0x0 0, 0xc 0x3f 0"));
	/* Two about the same register: the second is about what the first says. */
	command("honest");
	check(told("ok "));
	check(command("lie 0 0 0x0f 1") && command("lie 0 0xfffffff0 0x80 1"));
	check(register_read(HBA_CAP) == 0x80 && register_read(HBA_CAP) == hba.cap);
	command("honest");
	for (i = 0; i < MAX_LIES; i++)
		check(command("lie 4 0 0 100"));
	check(!command("lie 4 0 0 100"));
	check(register_read(HBA_GHC) == 0);
	command("honest");
	check(register_read(HBA_GHC) == (GHC_AE | GHC_IE));
	check(!command("lie 3 0 0 1") && !command("lie 0x2000 0 0 1") && !command("lie 4 0 0 x"));
	check(clean());
}

/* What a driver does because of a lie is not what it is blamed for. */
static void test_lies_excuse(void)
{
	hba_event(&hba.port[0], IS_SDBS);
	command("lie 0x%x 0 0 1", REG(0, PX_IS));
	check(register_read(HBA_IS) == 1 && rd(0, PX_IS) == 0);
	wr(0, PX_IS, 0);
	register_write(HBA_IS, 1);
	check(clean());
	/* The cause is still there, and interrupts again. */
	check(came(0) == 2 && acknowledge(0) == IS_SDBS);
	command("hold 0");
	build(0, 0, 0x60, 0, 8, 4096);
	ring(0, 1);
	command("lie 0x%x 0 0 1", REG(0, PX_SACT));
	check(rd(0, PX_SACT) == 0);
	ring(0, 1);
	check(clean());
	/* What was read is written back, with CLO; once it was read well, that is a breach. */
	command("lie 0x%x 0xffffffff 0x8 1", REG(0, PX_CMD));
	wr(0, PX_CMD, rd(0, PX_CMD));
	check(clean());
	wr(0, PX_CMD, rd(0, PX_CMD) | CMD_CLO);
	check(broken("3.3.7") == 1);
}

static void test_garbage(void)
{
	uint8_t before[8];

	memset(received(2, 0), 0, RX_SIZE);
	check(command("garbage 2 on") && !command("garbage 2 x"));
	build(2, 0, 0x60, 0, 8, 4096);
	ring(2, 1);
	/* The registers know, the memory does not; nor is anything written but the FIS. */
	check(rd(2, PX_TFD) == STS_DRDY && rd(2, PX_SACT) == 0 && acknowledge(2) == IS_SDBS);
	check(memcmp(received(2, RX_SDBFIS), "\xa1\x40\x40\0\1\0\0\0", 8));
	check(received(2, RX_UFIS)[0] == 0);
	memcpy(before, received(2, RX_SDBFIS), sizeof(before));
	ring(2, 1);
	check(memcmp(before, received(2, RX_SDBFIS), sizeof(before)));
	command("garbage 2 off");
	ring(2, 1);
	check(!memcmp(received(2, RX_SDBFIS), "\xa1\x40\x40\0\1\0\0\0", 8));
	check(clean());
}

/* It comes back with nothing that it had; on its way it may interrupt. */
static void test_away(void)
{
	command("hold 0");
	build(0, 0, 0x60, 0, 8, 4096);
	ring(0, 1);
	use_vectors(IRQ_MSI, 1);
	command("ones on");
	check(command("irq 0") && came(0) == 1);
	hba_event(&hba.port[1], IS_SDBS);
	check(!came(0));
	command("resume 0");
	command("ones off");
	pass_time(10 * MS);
	check(rd(0, PX_SACT) == 0 && !(rd(0, PX_CMD) & CMD_ST) && rd(0, PX_IE) == 0);
	check(register_read(HBA_GHC) == GHC_AE && register_read(HBA_IS) == 0);
	check(rd(0, PX_SSTS) == 0x133 && !came(0));
	check(clean());
}

const struct test lie_tests[] = {
	{ "away", test_away },
	{ "lies", test_lies },
	{ "lies_excuse", test_lies_excuse },
	{ "garbage", test_garbage },
	{ NULL, NULL }
};
