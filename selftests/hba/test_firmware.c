// SPDX-License-Identifier: GPL-2.0
/* Tests of firmware.c, and of what the function's power state does. */
#include "test.h"

#define PMCSR	0x44
#define ENABLES	0x92

static uint32_t bohc(void)
{
	return register_read(HBA_BOHC);
}

/* The BIOS owns it, and is asked for it. */
static void ask(const char *bios)
{
	check(command("bios %s", bios) && command("cap +BOH") && bohc() == BOHC_BOS);
	register_write(HBA_BOHC, bohc() | BOHC_OOS);
}

static void test_handoff(void)
{
	/* There is no such register. */
	register_write(HBA_BOHC, BOHC_OOS);
	check(bohc() == 0 && !command("bios perhaps"));
	ask("at-once");
	check(bohc() == BOHC_OOS);

	ask("later");
	check(bohc() == (BOHC_BOS | BOHC_OOS));
	pass_time(4 * MS);
	check(bohc() == (BOHC_BOS | BOHC_OOS));
	/* It is asked once. */
	register_write(HBA_BOHC, BOHC_OOS);
	pass_time(2 * MS);
	check(bohc() == BOHC_OOS);

	ask("busy");
	pass_time(5 * MS);
	check(bohc() == (BOHC_BOS | BOHC_OOS | BOHC_BB));
	pass_time(99 * MS);
	check(bohc() & BOHC_BOS);
	pass_time(2 * MS);
	check(bohc() == BOHC_OOS);

	ask("dead");
	pass_time(10000 * MS);
	check(bohc() == (BOHC_BOS | BOHC_OOS) && clean());
}

static void write_enables(uint16_t value)
{
	pci_write(ENABLES, (const uint8_t []){ (uint8_t)value, (uint8_t)(value >> 8) }, 2);
}

static void reset(void)
{
	register_write(HBA_GHC, GHC_HR);
	pass_time(10 * MS);
}

static void test_enables(void)
{
	/* Another chip's register, which does nothing. */
	write_enables(3);
	check(rd(1, PX_SSTS) == 0x133);
	check(command("enables 0x2") && !command("enables x") && !command("enables 0x10000"));
	reset();
	check(rd(0, PX_SSTS) == 0 && rd(1, PX_SSTS) == 0x133 && pci_enables() == 2);
	/* COMRESET does not help, nor does another disk. */
	wr(0, PX_SCTL, 1);
	wr(0, PX_SCTL, 0);
	command("unplug 0");
	command("plug 0");
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0);
	wr(0, PX_SERR, ~0u);
	write_enables(3);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133 && rd(0, PX_SERR) & SERR_X && rd(1, PX_SSTS) == 0x133);
	wr(1, PX_SERR, ~0u);
	write_enables(1);
	check(rd(1, PX_SSTS) == 0 && rd(1, PX_SERR) & SERR_N && rd(0, PX_SSTS) == 0x133);
	reset();
	check(rd(0, PX_SSTS) == 0 && rd(1, PX_SSTS) == 0x133);
	/* On its way up */
	write_enables(3);
	write_enables(2);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0 && clean());
}

static void set_power(uint8_t state)
{
	pci_write(PMCSR, &state, 1);
}

static void test_power(void)
{
	unsigned int before = hba.d3;

	set_power(3);
	set_power(3);
	check(hba.d3 == before + 1);
	check(rd(0, PX_SSTS) == ~0u && broken("8.3.3") == 1);
	wr(0, PX_IE, 0);
	check(broken("8.3.3") == 1);
	/* Neither time nor interrupts */
	hba_event(&hba.port[0], IS_SDBS);
	pass_time(100 * MS);
	check(!came(0));
	set_power(0);
	pass_time(10 * MS);
	check(register_read(HBA_GHC) == GHC_AE && register_read(HBA_IS) == 0);
	check(rd(0, PX_IE) == 0 && rd(0, PX_CLB) == 0 && rd(0, PX_SSTS) == 0x133);
	/* Others keep all. */
	wr(0, PX_IE, IS_SDBS);
	set_power(1);
	set_power(0);
	check(rd(0, PX_IE) == IS_SDBS && clean());
	/* INTx has a level, and none in D3. */
	use_vectors(IRQ_INTX, 1);
	irq_mask(false);
	register_write(HBA_GHC, GHC_AE | GHC_IE);
	set_power(3);
	hba_event(&hba.port[0], IS_SDBS);
	check(!came(0));
	set_power(0);
}

const struct test firmware_tests[] = {
	{ "handoff", test_handoff },
	{ "enables", test_enables },
	{ "power", test_power },
	{ NULL, NULL }
};
