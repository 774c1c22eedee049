// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the model itself: they are its driver, register by register, with a clock and a
 * memory of their own. selftests/host/hba.sh runs them, and again with faults in the model.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

uint8_t *memory;
static uint64_t time_is = 1;
static int vectors[MAX_VECTORS];
static unsigned int failures;
static const char *test_name;

uint64_t now(void)
{
	return time_is;
}

/* What the model says is what a test provokes; a test that fails says so itself. */
void say(const char *format, ...)
{
	(void)format;
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	exit(1);
}

void check_that(bool holds, const char *what, int line)
{
	if (holds)
		return;
	printf("not ok %s: line %d: %s\n", test_name, line, what);
	failures++;
}

/* command LINE: of the language of tests; true if it is taken */
bool command(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return !strncmp(control_line(line), "ok", 2);
}

unsigned int broken(const char *section)
{
	char first[160];
	unsigned int n = breaches(first, sizeof(first));

	return strstr(first, section) ? n : 0;
}

bool clean(void)
{
	char first[160];

	if (!breaches(first, sizeof(first)))
		return true;
	printf("# %s\n", first);
	return false;
}

void pass_time(uint64_t ns)
{
	uint64_t next = 0;

	time_is += ns;
	hba_run(&next);
}

uint32_t rd(unsigned int port, uint32_t reg)
{
	return register_read(HBA_PORTS + port * HBA_PORT_SIZE + reg);
}

void wr(unsigned int port, uint32_t reg, uint32_t value)
{
	register_write(HBA_PORTS + port * HBA_PORT_SIZE + reg, value);
}

/* How many interrupts since the last question. */
uint64_t came(unsigned int vector)
{
	uint64_t n = 0;

	return read(vectors[vector], &n, sizeof(n)) == sizeof(n) ? n : 0;
}

void use_vectors(enum irq_index index, unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < IRQ_INDEXES; i++)
		for (j = 0; j < MAX_VECTORS; j++)
			irq_set_fd(i, j, -1);
	for (i = 0; i < n; i++) {
		vectors[i] = eventfd(0, EFD_NONBLOCK);
		irq_set_fd(index, i, vectors[i]);
	}
}

/* An HBA as a driver has it once it is initialised: ports 0 to 3 with a disk of 8 MiB. */
void fresh(void)
{
	unsigned int i, slot;
	char first[160];

	command("forget");
	command("enclosure none");
	command("honest");
	command("bios at-once");
	command("enables none");
	hba.cap = CAP_S64A | CAP_SNCQ | CAP_SCLO | CAP_SAM | 3u << CAP_ISS_SHIFT |
		  31u << CAP_NCS_SHIFT | 3;
	hba.cap2 = 0;
	hba.ones = false;
	hba.mute = false;
	hba.mute_until = 0;
	hba.fuzz = false;
	hba.one_by_one = false;
	hba.delay_min = 0;
	hba.delay_max = 0;
	memset(memory, 0, MEMORY_SIZE);
	use_vectors(IRQ_MSI, 1);
	for (i = 0; i < 4; i++) {
		struct disk *d = &hba.port[i].disk;

		hba.port[i].fate = (struct fate){ 0 };
		hba.port[i].stuck = 0;
		hba.port[i].open = false;
		command("presence %u none", i);
		hba.port[i].garbage = false;
		d->present = true;
		d->bad = false;
		d->cache = true;
		d->sense = false;
		d->aux = false;
		d->prio = false;
		d->limits = 0;
		d->limits_on = false;
		memset(d->commands, 0, sizeof(d->commands));
		d->hipm = false;
		d->sata = 0;
		d->sata_on = 0;
		d->logical = SECTOR;
	}
	register_write(HBA_GHC, GHC_HR);
	pass_time(10 * MS);
	for (i = 0; i < 4; i++) {
		wr(i, PX_CLB, (uint32_t)(MEMORY + LIST(i)));
		wr(i, PX_CLBU, MEMORY >> 32);
		wr(i, PX_FB, (uint32_t)(MEMORY + RECEIVED(i)));
		wr(i, PX_FBU, MEMORY >> 32);
		wr(i, PX_CMD, CMD_FRE | CMD_SUD);
		pass_time(10 * MS);
		wr(i, PX_SERR, ~0u);
		wr(i, PX_IS, ~0u);
		wr(i, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
		wr(i, PX_IE, 0x7dc000ff);
		for (slot = 0; slot < MAX_SLOTS; slot++) {
			uint32_t *header = (uint32_t *)(memory + LIST(i) + slot * HDR_SIZE);

			header[2] = (uint32_t)(MEMORY + TABLE(slot));
			header[3] = MEMORY >> 32;
		}
	}
	register_write(HBA_IS, ~0u);
	register_write(HBA_GHC, GHC_AE | GHC_IE);
	came(0);
	breaches(first, sizeof(first));
}

/* Build a command in a slot: COUNT sectors from LBA, in pieces of PIECE bytes of memory. */
void build(unsigned int port, unsigned int slot, uint8_t op, uint64_t lba, uint32_t count,
	   uint32_t piece)
{
	uint8_t *f = memory + TABLE(slot);
	uint32_t *header = (uint32_t *)(memory + LIST(port) + slot * HDR_SIZE);
	uint32_t *prd = (uint32_t *)(f + TABLE_PRDT);
	uint32_t left = count * SECTOR, n = 0;
	uint64_t at = MEMORY + DATA + slot * 0x10000;
	bool queued = op >= 0x60 && op <= 0x65;
	unsigned int i;

	memset(f, 0, TABLE_PRDT);
	f[0] = FIS_H2D;
	f[1] = FIS_C;
	f[2] = op;
	f[7] = 0x40;
	for (i = 0; i < 3; i++) {
		f[4 + i] = (uint8_t)(lba >> (8 * i));
		f[8 + i] = (uint8_t)(lba >> (24 + 8 * i));
	}
	f[queued ? 3 : 12] = (uint8_t)count;
	f[queued ? 11 : 13] = (uint8_t)(count >> 8);
	if (queued)
		f[12] = (uint8_t)(slot << 3);
	for (; piece && left; n++, prd += 4) {
		uint32_t bytes = left < piece ? left : piece;

		prd[0] = (uint32_t)at;
		prd[1] = (uint32_t)(at >> 32);
		prd[2] = 0;
		prd[3] = bytes - 1;
		at += bytes;
		left -= bytes;
	}
	header[0] = 5 | n << HDR_PRDTL_SHIFT | (op == 0x35 || op == 0x61 ? HDR_W : 0);
	header[1] = 0;
}

void ring(unsigned int port, uint32_t slots)
{
	unsigned int i;
	uint32_t queued = 0;

	for (i = 0; i < 32; i++) {
		uint8_t op = memory[TABLE(i) + 2];

		if (slots >> i & 1 && op >= 0x60 && op <= 0x65)
			queued |= 1u << i;
	}
	if (queued)
		wr(port, PX_SACT, queued);
	wr(port, PX_CI, slots);
	pass_time(1);
}

uint32_t acknowledge(unsigned int port)
{
	uint32_t is = rd(port, PX_IS);

	wr(port, PX_SERR, rd(port, PX_SERR));
	wr(port, PX_IS, is);
	register_write(HBA_IS, register_read(HBA_IS));
	return is;
}

uint8_t *received(unsigned int port, unsigned int offset)
{
	return memory + RECEIVED(port) + offset;
}

uint8_t *data(unsigned int slot)
{
	return memory + DATA + slot * 0x10000;
}

static void fill(uint8_t *p, size_t n, unsigned int seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(hash(seed, i, i / 7) * 2654435761u >> 8);
}

void restart(unsigned int port)
{
	wr(port, PX_CMD, rd(port, PX_CMD) & ~CMD_ST & ~CMD_ICC);
	wr(port, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
}

/* Tests --------------------------------------------------------------------- */

static void test_registers(void)
{
	check(register_read(HBA_CAP) == hba.cap);
	check(register_read(HBA_PI) == 0xf);
	command("pi 0");
	check(register_read(HBA_PI) == 0 && rd(0, PX_SSTS) == 0x133);
	command("pi 0xf");
	check(register_read(HBA_VS) == 0x10301);
	check(register_read(HBA_GHC) == (GHC_AE | GHC_IE));
	register_write(HBA_GHC, GHC_HR | GHC_AE);
	check(register_read(HBA_GHC) & GHC_HR);
	check(rd(0, PX_IE) == 0 && !(rd(0, PX_CMD) & (CMD_ST | CMD_FRE | CMD_CR | CMD_FR)));
	pass_time(10 * MS);
	check(!(register_read(HBA_GHC) & (GHC_HR | GHC_IE)));
	check(rd(0, PX_SSTS) == 0x133);
	check(rd(9, PX_SSTS) == 0);
	check(clean());
}

static void test_comreset(void)
{
	wr(1, PX_CMD, CMD_FRE | CMD_SUD);
	check(!(rd(1, PX_CMD) & CMD_CR));
	wr(1, PX_SCTL, 0x301);
	pass_time(1 * MS);
	check(rd(1, PX_SSTS) == 0);
	memset(received(1, RX_RFIS), 0, 20);
	wr(1, PX_SCTL, 0x300);
	check(rd(1, PX_SSTS) == 0);
	pass_time(2 * MS);
	check(rd(1, PX_SSTS) == 0x133);
	check(rd(1, PX_SIG) == SIG_DISK);
	check(rd(1, PX_TFD) == 0x150);
	check(received(1, RX_RFIS)[0] == FIS_D2H && received(1, RX_RFIS)[12] == 1);
	check(rd(1, PX_SERR) & SERR_X && rd(1, PX_IS) & IS_PCS);
	/* PxIS.PCS is PxSERR.DIAG.X: it clears only there. */
	wr(1, PX_IS, IS_PCS);
	check(rd(1, PX_IS) & IS_PCS);
	wr(1, PX_SERR, SERR_X);
	check(!(rd(1, PX_IS) & IS_PCS));
	check(clean());
}

/* PxSIG and PxTFD are not known before FRE is set. */
static void test_signature_waits(void)
{
	wr(1, PX_CMD, CMD_SUD);
	wr(1, PX_SCTL, 0x301);
	wr(1, PX_SCTL, 0x300);
	pass_time(2 * MS);
	check(rd(1, PX_SIG) == SIG_NONE && rd(1, PX_TFD) & STS_BSY);
	wr(1, PX_CMD, CMD_SUD | CMD_FRE);
	check(rd(1, PX_SIG) == SIG_DISK && rd(1, PX_TFD) == 0x150);
	check(clean());
}

static void test_speed_limit(void)
{
	wr(0, PX_CMD, CMD_FRE | CMD_SUD);
	wr(0, PX_SCTL, 0x321);
	wr(0, PX_SCTL, 0x320);
	pass_time(2 * MS);
	check(rd(0, PX_SSTS) == 0x123);
}

static void test_softreset(void)
{
	uint8_t *f = memory + TABLE(0);
	uint32_t *header = (uint32_t *)(memory + LIST(0));

	build(0, 0, 0, 0, 0, 0);
	f[1] = 0;
	f[15] = CTL_SRST;
	header[0] = 5 | HDR_R | HDR_C;
	ring(0, 1);
	check(rd(0, PX_CI) == 0 && rd(0, PX_TFD) == 0x150);
	memset(received(0, RX_RFIS), 0, 20);
	f[15] = 0;
	header[0] = 5;
	ring(0, 1);
	check(rd(0, PX_CI) == 0 && rd(0, PX_TFD) == 0x150);
	check(received(0, RX_RFIS)[0] == FIS_D2H);
	check(clean());
}

static void test_identify(void)
{
	uint16_t *w = (uint16_t *)data(0);

	build(0, 0, 0xec, 0, 1, SECTOR);
	ring(0, 1);
	check(rd(0, PX_CI) == 0);
	check(rd(0, PX_IS) == IS_PSS && came(0) == 1);
	check(received(0, RX_PSFIS)[0] == FIS_PIO_SETUP && received(0, RX_PSFIS)[15] == 0x50);
	check(rd(0, PX_TFD) == 0x50);
	check(((uint32_t *)(memory + LIST(0)))[1] == 512);
	check(w[0] == 0x40 && w[100] == 0x4000 && w[10] == ('H' << 8 | 'B'));
	check(clean());
}

static void test_dma(void)
{
	uint8_t want[64 * SECTOR];

	fill(want, sizeof(want), 3);
	memcpy(data(2), want, sizeof(want));
	build(0, 2, 0x35, 1000, 64, 4096);
	ring(0, 4);
	check(acknowledge(0) == IS_DHRS && rd(0, PX_CI) == 0);
	check(((uint32_t *)(memory + LIST(0) + 2 * HDR_SIZE))[1] == sizeof(want));
	build(0, 3, 0x25, 1000, 64, 1022);
	ring(0, 8);
	check(!memcmp(data(3), want, sizeof(want)));
	check(acknowledge(0) == IS_DHRS);
	/* A count of 0 is 256 sectors of a 28-bit command. */
	build(0, 4, 0xc8, 1000, 0, 4096);
	ring(0, 16);
	check(rd(0, PX_IS) == (IS_OFS | IS_DHRS));
	check(clean());
}

static void test_out_of_range(void)
{
	build(0, 0, 0x25, 0x4000 - 1, 2, SECTOR);
	ring(0, 1);
	check(rd(0, PX_TFD) == (ERR_IDNF << 8 | 0x51));
	check(rd(0, PX_IS) == (IS_TFES | IS_DHRS) && rd(0, PX_CI) == 1);
	/* Nothing is fetched until ST has been cleared. */
	build(0, 1, 0xec, 0, 1, SECTOR);
	ring(0, 2);
	check(rd(0, PX_CI) == 3);
	restart(0);
	check(rd(0, PX_CI) == 0);
	acknowledge(0);
	ring(0, 2);
	check(rd(0, PX_CI) == 0 && rd(0, PX_TFD) == 0x50);
	check(clean());
}

static void test_ncq_order(void)
{
	static const unsigned int order[] = { 31, 0, 17, 4, 30, 1 };
	uint32_t left = ~0u;
	unsigned int i;

	for (i = 0; i < 32; i++)
		build(0, i, 0x60, i * 8, 8, 4096);
	check(command("hold 0"));
	ring(0, ~0u);
	check(rd(0, PX_CI) == 0 && rd(0, PX_SACT) == ~0u && rd(0, PX_TFD) == STS_DRDY);
	check(received(0, RX_RFIS)[0] == FIS_D2H && !(received(0, RX_RFIS)[1] & FIS_I));
	check(!rd(0, PX_IS) && !came(0));
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		check(command("release 0 0x%x", 1u << order[i]));
		left &= ~(1u << order[i]);
		check(rd(0, PX_SACT) == left);
		check(acknowledge(0) == IS_SDBS && came(0) == 1);
	}
	check(command("release 0 0x%x", left & 0xffff00));
	check(rd(0, PX_SACT) == (left & 0xff0000ff) && came(0) == 1);
	check(*(uint32_t *)(received(0, RX_SDBFIS) + 4) == (left & 0xffff00));
	check(command("resume 0"));
	pass_time(1);
	check(rd(0, PX_SACT) == 0);
	check(clean());
}

static void test_ncq_error(void)
{
	uint8_t *log = data(5), sum = 0;
	unsigned int i;

	check(command("bad 0 83"));
	for (i = 0; i < 32; i++)
		build(0, i, 0x60, i * 8, 8, 4096);
	check(command("hold 0"));
	ring(0, ~0u);
	check(command("release 0 0x%x", 1u << 10));
	check(rd(0, PX_IS) == (IS_TFES | IS_SDBS));
	check(rd(0, PX_TFD) == (ERR_UNC << 8 | 0x41));
	check(rd(0, PX_SACT) == ~0u);
	check(command("resume 0"));
	restart(0);
	check(rd(0, PX_SACT) == 0);
	acknowledge(0);
	/* Only the log is answered. */
	build(0, 6, 0x25, 0, 8, 4096);
	ring(0, 1u << 6);
	check(rd(0, PX_TFD) == (ERR_ABRT << 8 | 0x51));
	restart(0);
	acknowledge(0);
	build(0, 5, 0x2f, 0x10, 1, SECTOR);
	ring(0, 1u << 5);
	check(rd(0, PX_TFD) == 0x50);
	for (i = 0; i < SECTOR; i++)
		sum += log[i];
	check(sum == 0 && log[0] == 10 && log[2] == 0x41 && log[3] == ERR_UNC && log[4] == 83);
	acknowledge(0);
	build(0, 6, 0x25, 0, 8, 4096);
	ring(0, 1u << 6);
	check(rd(0, PX_TFD) == 0x50);
	check(clean());
}

/* Data before a sector that cannot be read have come. */
static void test_unreadable(void)
{
	uint8_t want[3 * SECTOR];

	fill(want, sizeof(want), 5);
	memcpy(data(0), want, sizeof(want));
	build(0, 0, 0x35, 100, 3, 4096);
	ring(0, 1);
	acknowledge(0);
	command("bad 0 103");
	build(0, 1, 0x25, 100, 8, 4096);
	ring(0, 2);
	check(rd(0, PX_TFD) == (ERR_UNC << 8 | 0x51));
	check(received(0, RX_RFIS)[4] == 103);
	check(!memcmp(data(1), want, sizeof(want)));
}

static void test_trim(void)
{
	uint64_t *entry = (uint64_t *)data(0);
	struct disk *d = &hba.port[0].disk;

	d->aux = true;
	memset(d->media, 0xaa, 64 * SECTOR);
	memset(entry, 0, SECTOR);
	entry[0] = 8 | 16ull << 48;
	build(0, 0, 0x64, 0, 1, SECTOR);
	ring(0, 1);
	check(rd(0, PX_SACT) == 0 && rd(0, PX_IS) == IS_SDBS);
	check(d->media[8 * SECTOR - 1] == 0xaa && d->media[8 * SECTOR] == 0);
	check(d->media[24 * SECTOR - 1] == 0 && d->media[24 * SECTOR] == 0xaa);
	acknowledge(0);
	build(0, 1, 0x06, 0, 1, SECTOR);
	memory[TABLE(1) + 3] = 1;
	memcpy(data(1), &(uint64_t){ 32 | 1ull << 48 }, 8);
	ring(0, 2);
	check(rd(0, PX_TFD) == 0x50 && d->media[32 * SECTOR] == 0);
	check(clean());
}

/* write SLOT LBA VALUE: a sector */
static void put(unsigned int slot, uint8_t op, uint64_t lba, uint8_t value, uint8_t device)
{
	memset(data(slot), value, SECTOR);
	build(0, slot, op, lba, 1, SECTOR);
	memory[TABLE(slot) + 7] |= device;
	ring(0, 1u << slot);
	acknowledge(0);
}

static void test_power_cut(void)
{
	struct disk *d = &hba.port[0].disk;

	put(0, 0x61, 10, 1, 0);
	put(1, 0x61, 11, 1, 0);
	build(0, 2, 0xea, 0, 0, 0);
	ring(0, 4);
	acknowledge(0);
	put(3, 0x61, 10, 2, 0);		/* lost: 1 is what was flushed */
	put(4, 0x61, 11, 2, 0x80);	/* FUA */
	put(5, 0x3d, 12, 3, 0);		/* WRITE DMA FUA EXT */
	put(6, 0x61, 13, 4, 0);
	put(7, 0x61, 13, 5, 0x80);	/* FUA after a cached write of the same */
	check(command("cut 0 100"));
	check(d->media[10 * SECTOR] == 1 && d->media[11 * SECTOR] == 2);
	check(d->media[12 * SECTOR] == 3 && d->media[13 * SECTOR] == 5);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133 && rd(0, PX_IS) & IS_PRCS);
	check(clean());
}

static void test_single_message(void)
{
	build(0, 0, 0xec, 0, 1, SECTOR);
	build(1, 1, 0xec, 0, 1, SECTOR);
	ring(0, 1);
	check(came(0) == 1 && register_read(HBA_IS) == 1);
	/* IS is not zero, so there is no message for the second, until IS is written. */
	ring(1, 2);
	check(came(0) == 0 && register_read(HBA_IS) == 3);
	wr(0, PX_IS, ~0u);
	register_write(HBA_IS, 1);
	check(came(0) == 1 && register_read(HBA_IS) == 2);
	wr(1, PX_IS, ~0u);
	register_write(HBA_IS, 2);
	check(came(0) == 0 && register_read(HBA_IS) == 0);
	check(clean());
}

static void test_vector_per_port(void)
{
	use_vectors(IRQ_MSI, 4);
	check(!(register_read(HBA_GHC) & GHC_MRSM));
	build(2, 0, 0xec, 0, 1, SECTOR);
	ring(2, 1);
	check(came(2) == 1 && !came(0) && !came(1) && !came(3));
	/* Each new cause signals, and only a new one. */
	hba_event(&hba.port[2], IS_PSS);
	check(!came(2));
	hba_event(&hba.port[2], IS_SDBS);
	check(came(2) == 1);
	/* Fewer than there are ports: one (3.1.2 MRSM). */
	use_vectors(IRQ_MSI, 2);
	check(register_read(HBA_GHC) & GHC_MRSM);
	wr(2, PX_IS, ~0u);
	register_write(HBA_IS, ~0u);
	hba_event(&hba.port[2], IS_SDBS);
	check(came(0) == 1 && !came(1));
	use_vectors(IRQ_MSIX, 4);
	hba_event(&hba.port[3], IS_SDBS);
	check(came(3) == 1);
	check(clean());
}

static void test_intx(void)
{
	use_vectors(IRQ_INTX, 1);
	irq_mask(false);
	build(0, 0, 0xec, 0, 1, SECTOR);
	ring(0, 1);
	check(came(0) == 1);
	/* Masked by QEMU until the end of the interrupt, then again while it is asserted. */
	hba_event(&hba.port[1], IS_SDBS);
	check(!came(0));
	irq_mask(false);
	check(came(0) == 1);
	wr(0, PX_IS, ~0u);
	wr(1, PX_IS, ~0u);
	register_write(HBA_IS, register_read(HBA_IS));
	irq_mask(false);
	check(!came(0));
	check(clean());
}

static void test_interrupt_enable(void)
{
	register_write(HBA_GHC, GHC_AE);
	hba_event(&hba.port[0], IS_SDBS);
	check(!came(0));
	register_write(HBA_GHC, GHC_AE | GHC_IE);
	check(came(0) == 1);
	acknowledge(0);
	came(0);
	wr(0, PX_IE, 0);
	hba_event(&hba.port[0], IS_SDBS);
	check(!came(0) && register_read(HBA_IS) == 0);
	wr(0, PX_IE, IS_SDBS);
	check(came(0) == 1);
	command("mute on");
	hba_event(&hba.port[1], IS_SDBS);
	check(!came(0));
}

static void test_hotplug(void)
{
	build(3, 0, 0x60, 0, 8, 4096);
	command("hold 3");
	ring(3, 1);
	check(command("unplug 3") && !command("unplug 3"));
	check(rd(3, PX_SSTS) == 0 && rd(3, PX_IS) & IS_PRCS && rd(3, PX_TFD) == 0x7f);
	command("resume 3");
	pass_time(100 * MS);
	check(rd(3, PX_SACT) == 1);
	wr(3, PX_CMD, CMD_FRE | CMD_SUD);
	wr(3, PX_SERR, ~0u);
	check(command("plug 3"));
	pass_time(10 * MS);
	check(rd(3, PX_SSTS) == 0x133 && rd(3, PX_SIG) == SIG_DISK);
	check(rd(3, PX_IS) & IS_PCS);
	check(command("flap 3 5"));
	pass_time(10 * MS);
	check(rd(3, PX_SSTS) == 0x133);
	/* It goes before its link is there. */
	command("unplug 3");
	command("plug 3");
	command("unplug 3");
	pass_time(10 * MS);
	check(rd(3, PX_SSTS) == 0);
}

static void test_spin_up(void)
{
	hba.cap |= CAP_SSS;
	register_write(HBA_GHC, GHC_HR);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0 && !(rd(0, PX_CMD) & CMD_SUD));
	wr(0, PX_CMD, CMD_SUD);
	pass_time(10 * MS);
	check(rd(0, PX_SSTS) == 0x133);
}

static void test_unmapped(void)
{
	uint32_t *prd = (uint32_t *)(memory + TABLE(0) + TABLE_PRDT);

	build(0, 0, 0x25, 0, 8, 4096);
	prd[1] = 7;
	ring(0, 1);
	check(rd(0, PX_IS) == IS_HBFS && rd(0, PX_CI) == 1);
	check(broken("not mapped"));
}

static void test_4kn(void)
{
	uint16_t *w = (uint16_t *)data(0);

	hba.port[0].disk.logical = 4096;
	hba.port[0].disk.physical = 4096;
	build(0, 0, 0xec, 0, 1, SECTOR);
	ring(0, 1);
	check(w[106] == 0x5000 && w[117] == 2048 && w[100] == 0x800);
	acknowledge(0);
	hba.port[0].disk.media[3 * 4096] = 0x5a;
	build(0, 1, 0x25, 3, 1, SECTOR);
	((uint32_t *)(memory + TABLE(1) + TABLE_PRDT))[3] = 4095;
	ring(0, 2);
	check(rd(0, PX_TFD) == 0x50 && data(1)[0] == 0x5a);
	check(((uint32_t *)(memory + LIST(0) + HDR_SIZE))[1] == 4096);
}

static void test_engine_stuck(void)
{
	command("stuck 0 cr");
	wr(0, PX_CMD, CMD_FRE | CMD_SUD);
	check(rd(0, PX_CMD) & CMD_CR);
	command("stuck 0 none");
	check(!(rd(0, PX_CMD) & CMD_CR));
	wr(0, PX_CMD, CMD_SUD);
	check(!(rd(0, PX_CMD) & CMD_FR));
	hba.port[0].tfd = STS_BSY;
	wr(0, PX_CMD, CMD_SUD | CMD_CLO);
	check(!(rd(0, PX_TFD) & STS_BSY) && !(rd(0, PX_CMD) & CMD_CLO));
}

static void test_rules(void)
{
	unsigned int i;

	check(command("when fetch port=0 op=0x60 nth=2 do error 0x40"));
	check(command("when fetch tag=3 do drop"));
	check(command("when fetch lba=40 do delay 5000"));
	build(0, 0, 0x60, 0, 8, 4096);
	ring(0, 1);
	check(acknowledge(0) == IS_SDBS);
	ring(0, 1);
	check(rd(0, PX_IS) == (IS_SDBS | IS_TFES));
	restart(0);
	acknowledge(0);
	hba.port[0].disk.ncq_error = false;
	for (i = 3; i < 6; i++)
		build(0, i, 0x60, i * 8, 8, 4096);
	ring(0, 0x38);
	check(rd(0, PX_SACT) == 0x28);
	pass_time(5 * MS);
	check(rd(0, PX_SACT) == 0x08);
	check(command("when moved do hold") && command("forget"));
	check(command("when moved tag=7 do hold"));
	build(0, 7, 0x60, 56, 1, SECTOR);
	hba.port[0].disk.media[56 * SECTOR] = 0x77;
	ring(0, 0x80);
	check(rd(0, PX_SACT) == 0x88 && data(7)[0] == 0x77);
	check(command("release 0 0x80") && rd(0, PX_SACT) == 0x08);
	check(clean());
}

static void test_delays_replay(void)
{
	uint64_t first = 0, second = 0;
	unsigned int i, round;

	command("delay 0 1000");
	for (round = 0; round < 2; round++) {
		hba.port[0].ordinal = 0;
		for (i = 0; i < 32; i++)
			build(0, i, 0x60, 0, 1, SECTOR);
		ring(0, ~0u);
		for (i = 0; i < 1000; i++) {
			pass_time(1000);
			if (round)
				second = second * 31 + rd(0, PX_SACT);
			else
				first = first * 31 + rd(0, PX_SACT);
		}
		pass_time(MS);
		check(rd(0, PX_SACT) == 0);
		acknowledge(0);
	}
	check(first == second);
}

/* recover PORT: as a driver does after an error, or after too long a wait */
static void recover(unsigned int port)
{
	wr(port, PX_CMD, rd(port, PX_CMD) & ~CMD_ST & ~CMD_ICC);
	wr(port, PX_SCTL, 1);
	pass_time(1 * MS);
	wr(port, PX_SCTL, 0);
	pass_time(10 * MS);
	acknowledge(port);
	restart(port);
}

/*
 * Fuzzed commands, of which each batch is waited for. Returns how many have not been
 * reported done; what is, has been done.
 */
static unsigned int fuzz_commands(unsigned int batches, bool write_too)
{
	unsigned int slot, i, lost = 0;

	for (; batches; batches--) {
		for (slot = 0; slot < MAX_SLOTS; slot++) {
			build(0, slot, write_too && slot & 1 ? 0x61 : 0x60, slot, 1, SECTOR);
			fill(data(slot), SECTOR, write_too && slot & 1 ? slot : ~slot);
		}
		ring(0, ~0u);
		for (i = 0; i < 100 && rd(0, PX_SACT) && !hba.port[0].halted; i++) {
			uint32_t busy = rd(0, PX_SACT) | rd(0, PX_CI);

			for (slot = 0; slot < MAX_SLOTS; slot++)
				if (!(busy >> slot & 1) && !(write_too && slot & 1))
					check(!memcmp(data(slot), hba.port[0].disk.media +
						      slot * SECTOR, SECTOR));
			pass_time(1 * MS);
		}
		if (rd(0, PX_SACT) || hba.port[0].halted) {
			lost += !hba.port[0].halted;
			recover(0);
		}
		acknowledge(0);
	}
	return lost;
}

/* Each misbehaviour comes about, and none of them is a lie about data. */
static void test_fuzz(void)
{
	char first[400];
	unsigned int i;

	for (i = 0; i < MAX_SLOTS; i++)
		fill(hba.port[0].disk.media + i * SECTOR, SECTOR, i);
	check(command("fuzz on"));
	check(fuzz_commands(1000, false) > 0);
	fuzz_count(first, sizeof(first));
	check(atol(first) > 20000);
	check(!strstr(first, "=0"));
	check(clean());
}

static void test_fuzz_replays(void)
{
	unsigned long n[4];
	unsigned int i;
	char text[400];

	command("fuzz on");
	for (i = 0; i < 4; i++) {
		fuzz_count(text, sizeof(text));
		n[i] = strtoul(text, NULL, 10);
		hba.port[0].ordinal = 0;
		hba.port[0].last = 0;
		hba.seed = i < 2 ? 7 : 8;
		fuzz_commands(20, true);
	}
	check(n[2] - n[1] == n[1] - n[0]);
	check(n[3] - n[2] != n[1] - n[0]);
	hba.seed = 1;
}

/* Interrupts that are late come. */
static void test_fuzz_mute(void)
{
	hba.mute = true;
	hba.mute_until = now() + 2 * MS;
	build(0, 0, 0x60, 0, 1, SECTOR);
	ring(0, 1);
	pass_time(1 * MS);
	check(rd(0, PX_SACT) == 0 && came(0) == 0);
	pass_time(1 * MS);
	check(came(0) == 1);
	acknowledge(0);
}

static void test_one_by_one(void)
{
	command("onebyone on");
	build(0, 3, 0xec, 0, 1, SECTOR);
	build(0, 4, 0xec, 0, 1, SECTOR);
	ring(0, 0x18);
	check(hba.port[0].ordinal && ((uint32_t *)(memory + LIST(0) + 4 * HDR_SIZE))[1] == 0);
	check(((uint32_t *)(memory + LIST(0) + 3 * HDR_SIZE))[1] == 512);
}

static void test_ones(void)
{
	command("ones on");
	check(register_read(HBA_CAP) == ~0u && rd(0, PX_IS) == ~0u);
	wr(0, PX_CI, 1);
	register_write(HBA_GHC, GHC_HR);
	command("ones off");
	check(rd(0, PX_CI) == 0 && !(register_read(HBA_GHC) & GHC_HR));
	check(clean());
}

/* Each rule fires, and names its section. */
static void test_breaches(void)
{
	uint32_t *header = (uint32_t *)(memory + LIST(0));

	wr(0, PX_CMD, CMD_FRE | CMD_SUD);
	wr(0, PX_CI, 1);
	check(broken("3.3.14"));
	wr(0, PX_SACT, 1);
	check(broken("3.3.13"));
	wr(0, PX_FB, 0x1000);
	check(broken("10.3.2"));
	wr(0, PX_CMD, CMD_SUD);
	wr(0, PX_CMD, CMD_SUD | CMD_ST);
	check(broken("10.3.1"));
	fresh();
	wr(0, PX_CLB, 0x1000);
	check(broken("10.3.1"));
	fresh();
	wr(0, PX_SCTL, 0x301);
	check(broken("3.3.11"));
	fresh();
	wr(0, PX_CMD, CMD_SUD | CMD_ST);
	check(broken("10.3.2"));
	fresh();
	command("hold 0");
	build(0, 0, 0x60, 0, 8, 4096);
	ring(0, 1);
	wr(0, PX_SACT, 1);
	check(broken("3.3.13"));
	memory[TABLE(0) + 4] = 9;
	command("release 0 1");
	check(broken("5.5.1"));
	ring(0, 1);
	header[0] |= 1u << 18;
	command("release 0 1");
	check(broken("5.5.1"));
	fresh();
	build(0, 0, 0x25, 0, 8, 4096);
	command("hold 0");
	ring(0, 1);
	wr(0, PX_CI, 1);
	check(broken("3.3.14"));
	restart(0);
	command("resume 0");
	ring(0, 1);
	check(broken("10.3.1"));
	fresh();
	hba.cap = (hba.cap & ~(31u << CAP_NCS_SHIFT)) | 3u << CAP_NCS_SHIFT;
	build(0, 4, 0xec, 0, 1, SECTOR);
	ring(0, 0x10);
	check(broken("NCS"));
	fresh();
	build(0, 1, 0x60, 0, 8, 4096);
	wr(0, PX_CI, 2);
	pass_time(1);
	check(broken("5.5.1"));
	fresh();
	build(0, 1, 0x60, 0, 8, 4096);
	memory[TABLE(1) + 12] = 0;
	ring(0, 2);
	check(broken("5.5.1"));
	fresh();
	command("hold 0");
	build(0, 1, 0x60, 0, 8, 4096);
	build(0, 2, 0xec, 0, 1, SECTOR);
	ring(0, 2);
	ring(0, 4);
	check(broken("NCQ"));
	fresh();
	build(0, 0, 0x25, 0, 8, 4096);
	((uint32_t *)(memory + TABLE(0) + TABLE_PRDT))[3]--;
	ring(0, 1);
	check(broken("4.2.3.3"));
	fresh();
	build(0, 0, 0xec, 0, 1, SECTOR);
	header[0] = (header[0] & ~HDR_CFL) | 17;
	ring(0, 1);
	check(broken("4.2.2"));
	fresh();
	hba.cap &= ~CAP_S64A;
	build(0, 0, 0xec, 0, 1, SECTOR);
	ring(0, 1);
	check(broken("S64A"));
	fresh();
	build(0, 0, 0xec, 0, 1, SECTOR);
	ring(0, 1);
	register_write(HBA_IS, register_read(HBA_IS));
	check(broken("5.5.3"));
	fresh();
	build(0, 0, 0xec, 0, 1, SECTOR);
	header[2] += 4;
	ring(0, 1);
	check(broken("CTBA"));
	fresh();
	wr(0, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST | CMD_CLO);
	check(broken("3.3.7"));
}

static void test_language(void)
{
	uint8_t *media = hba.port[0].disk.media;

	check(!command("nonsense") && !command("hold 99") && !command("release 0 1"));
	check(!command("ports 33") && !command("disk 0 1M") && !command("when never do drop"));
	check(!command("drop") && !command("mute perhaps") && !command("plug"));
	check(!command("when fetch port=x do drop") && !command("when fetch port=0"));
	check(!command("cap +NOTHING") && !command("bad 0 x") && !command("cut 0 101"));
	check(!hba.port[0].disk.bad);
	check(command("bad 0 010") && hba.port[0].disk.bad_lba == 10);
	check(command("bad 0 0x10") && hba.port[0].disk.bad_lba == 16);
	check(command("bad 0 none") && !hba.port[0].disk.bad);
	check(!command("bad 0 -1") && !command("bad 0 0x") && !command("bad 0 1 2"));
	check(!command("bad 0 99999999999999999999"));
	check(!command("bad 0x 1") && !command("bad -1 1"));
	hba.port[0].disk.media = NULL;
	check(!command("disk 0 16777216T") && !command("disk 0 1"));
	hba.port[0].disk.media = media;
	check(command("stats") && command("waiting 0"));
}

static const struct test tests[] = {
	{ "registers", test_registers },
	{ "comreset", test_comreset },
	{ "signature_waits", test_signature_waits },
	{ "speed_limit", test_speed_limit },
	{ "softreset", test_softreset },
	{ "identify", test_identify },
	{ "dma", test_dma },
	{ "out_of_range", test_out_of_range },
	{ "ncq_order", test_ncq_order },
	{ "ncq_error", test_ncq_error },
	{ "unreadable", test_unreadable },
	{ "trim", test_trim },
	{ "power_cut", test_power_cut },
	{ "single_message", test_single_message },
	{ "vector_per_port", test_vector_per_port },
	{ "intx", test_intx },
	{ "interrupt_enable", test_interrupt_enable },
	{ "hotplug", test_hotplug },
	{ "spin_up", test_spin_up },
	{ "unmapped", test_unmapped },
	{ "4kn", test_4kn },
	{ "engine_stuck", test_engine_stuck },
	{ "rules", test_rules },
	{ "delays_replay", test_delays_replay },
	{ "fuzz", test_fuzz },
	{ "fuzz_replays", test_fuzz_replays },
	{ "fuzz_mute", test_fuzz_mute },
	{ "one_by_one", test_one_by_one },
	{ "ones", test_ones },
	{ "breaches", test_breaches },
	{ "language", test_language },
	{ NULL, NULL }
};

void run_tests(const struct test *test)
{
	for (; test->name; test++) {
		unsigned int before = failures;

		test_name = test->name;
		fresh();
		test->run();
		if (failures == before)
			printf("ok %s\n", test_name);
	}
}

int main(void)
{
	int fd = memfd_create("memory", MFD_CLOEXEC);
	unsigned int i;

	if (fd < 0 || ftruncate(fd, MEMORY_SIZE) ||
	    dma_map(MEMORY, MEMORY_SIZE, 0, PROT_READ | PROT_WRITE, fd))
		fail("no memory\n");
	memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		fail("no memory\n");
	hba.vs = 0x10301;
	command("ports 4");
	for (i = 0; i < 4; i++)
		command("disk %u 8M", i);
	pci_init();
	run_tests(tests);
	run_tests(link_tests);
	run_tests(presence_tests);
	run_tests(firmware_tests);
	run_tests(enclosure_tests);
	run_tests(ccc_tests);
	run_tests(pmp_tests);
	run_tests(lie_tests);
	run_tests(zones_tests);
	test_atapi();
	return failures != 0;
}
