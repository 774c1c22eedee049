// SPDX-License-Identifier: GPL-2.0
/* Tests of ccc.c. */
#include "test.h"

#define CCC_IRQ		4	/* there are four ports */

/* enable COMPLETIONS MS PORTS: and the ports' own interrupts are off */
static void enable(uint32_t completions, uint32_t ms, uint32_t ports)
{
	unsigned int i;

	hba.cap |= CAP_CCCS;
	use_vectors(IRQ_MSI, CCC_IRQ + 1);
	for (i = 0; i < 4; i++)
		wr(i, PX_IE, 0);
	register_write(HBA_CCC_PORTS, ports);
	register_write(HBA_CCC_CTL, completions << 8 | ms << 16);
	register_write(HBA_CCC_CTL, completions << 8 | ms << 16 | CCC_EN);
}

static void commands(unsigned int port, uint32_t slots)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		if (slots >> i & 1)
			build(port, i, 0x60, i * 8, 8, 4096);
	ring(port, slots);
}

static bool told(void)
{
	bool is = register_read(HBA_IS) >> CCC_IRQ & 1;

	register_write(HBA_IS, 1u << CCC_IRQ);
	return came(CCC_IRQ) == 1 && is;
}

static void test_registers(void)
{
	register_write(HBA_CCC_CTL, ~0u);
	register_write(HBA_CCC_PORTS, ~0u);
	check(register_read(HBA_CCC_CTL) == 0 && register_read(HBA_CCC_PORTS) == 0);
	enable(5, 7, 3);
	check(register_read(HBA_CCC_CTL) == (7 << 16 | 5 << 8 | CCC_IRQ << 3 | CCC_EN));
	check(register_read(HBA_CCC_PORTS) == 3 && clean());
	register_write(HBA_CCC_CTL, 9 << 16 | 9 << 8 | CCC_EN);
	check(broken("3.1.6") && CCC_TV(register_read(HBA_CCC_CTL)) == 7);
	register_write(HBA_CCC_CTL, 0);
	check(!(register_read(HBA_CCC_CTL) & CCC_EN));
	register_write(HBA_CCC_CTL, CCC_EN);
	check(broken("TV"));
	register_write(HBA_GHC, GHC_HR);
	check(!(register_read(HBA_CCC_CTL) & CCC_EN) && !register_read(HBA_CCC_PORTS));
}

static void test_count(void)
{
	enable(5, 1000, 3);
	commands(0, 0x7);
	check(!told());
	/* Those of both ports count, and all that a FIS tells of. */
	command("hold 1");
	commands(1, 0x3);
	check(!told());
	check(command("release 1 3") && told());
	command("resume 1");
	commands(0, 0xf);
	commands(2, 0xff);
	check(!told());
	build(1, 9, 0xec, 0, 1, SECTOR);
	ring(1, 1u << 9);
	check(told());
	check(clean());
}

/* Then, and not a millisecond before. */
static bool told_after(unsigned int ms)
{
	pass_time((ms - 1) * MS);
	if (told())
		return false;
	pass_time(1 * MS);
	return told();
}

static void test_timer(void)
{
	enable(0, 10, 1);
	pass_time(100 * MS);
	check(!told());
	commands(0, 1);
	check(told_after(10));
	pass_time(100 * MS);
	check(!told());
	/* A command that takes long, and one that is not of a selected port. */
	command("hold 0");
	command("hold 1");
	commands(1, 1);
	pass_time(100 * MS);
	check(!told());
	commands(0, 1);
	check(told_after(10));
	command("resume 0");
	command("resume 1");
	check(clean());
}

/* The count has told of all, so the timer begins anew. */
static void test_both(void)
{
	enable(2, 10, 1);
	commands(0, 1);
	pass_time(8 * MS);
	commands(0, 2);
	check(told());
	commands(0, 4);
	check(told_after(10));
	register_write(HBA_CCC_CTL, 0);
	commands(0, 0xff);
	pass_time(100 * MS);
	check(!told());
	check(clean());
}

/* With a single vector as well, and by level. */
static void test_single(void)
{
	enable(1, 1000, 1);
	use_vectors(IRQ_MSI, 1);
	commands(0, 1);
	check(came(0) == 1 && register_read(HBA_IS) == 1u << CCC_IRQ);
	hba_event(&hba.port[1], IS_SDBS);
	wr(1, PX_IE, IS_SDBS);
	check(came(0) == 0 && register_read(HBA_IS) == (1u << CCC_IRQ | 2));
	wr(1, PX_IS, ~0u);
	register_write(HBA_IS, 2);
	check(came(0) == 1);
	register_write(HBA_IS, 1u << CCC_IRQ);
	check(register_read(HBA_IS) == 0);
	use_vectors(IRQ_INTX, 1);
	irq_mask(false);
	commands(0, 1);
	check(came(0) == 1);
	register_write(HBA_IS, 1u << CCC_IRQ);
	check(clean());
}

const struct test ccc_tests[] = {
	{ "ccc_registers", test_registers },
	{ "ccc_count", test_count },
	{ "ccc_timer", test_timer },
	{ "ccc_both", test_both },
	{ "ccc_single", test_single },
	{ NULL, NULL }
};
