// SPDX-License-Identifier: GPL-2.0
/*
 * Generic host control registers (AHCI 1.3.1, 3.1), the reset of the HBA (10.4.3), and
 * what makes an interrupt (10.7).
 */
#include "hba.h"

struct hba hba;

/* PxIS with the bits that follow PxSERR.DIAG (3.3.5). */
static uint32_t causes(const struct port *p)
{
	uint32_t is = p->is & ~IS_DERIVED;

	if (p->serr & SERR_F)
		is |= IS_UFS;
	if (p->serr & SERR_X)
		is |= IS_PCS;
	if (p->serr & SERR_N)
		is |= IS_PRCS;
	return is;
}

/*
 * 10.7.1.1: IS has a bit for each port with an enabled cause. A vector of the port's own is
 * signalled for each new cause; a shared one when IS becomes nonzero, and again when a
 * write to IS leaves bits.
 */
void hba_interrupt(struct port *p)
{
	uint32_t enabled, before = hba.is;

	p->is = causes(p);
	enabled = p->is & p->ie;
	if (enabled)
		hba.is |= 1u << p->nr;
	if (!irq_single()) {
		if (enabled & ~p->pending)
			irq_port(p->nr);
	} else if (hba.is && !before) {
		irq_port(p->nr);
	}
	p->pending = enabled;
	irq_level();
}

/* For causes that no interrupt could be raised for: there were none, or no vectors. */
void hba_interrupt_again(void)
{
	struct port *p = NULL;

	while (next_port(&p)) {
		p->pending = 0;
		hba_interrupt(p);
	}
	if (hba.is && irq_single())
		irq_port((unsigned int)__builtin_ctz(hba.is));
}

/* An interrupt that is no port's: a bit of IS, which software clears, and its vector. */
void hba_signal(unsigned int nr)
{
	uint32_t before = hba.is;

	hba.is |= 1u << nr;
	if (!irq_single() || !before)
		irq_port(nr);
	irq_level();
}

void hba_event(struct port *p, uint32_t bits)
{
	p->is |= bits;
	hba_interrupt(p);
}

void hba_reset(void)
{
	struct port *p = NULL;

	hba.ghc = GHC_AE;
	hba.is = 0;
	enclosure_stop();
	ccc_reset();
	pci_reset_enables();
	while (next_port(&p))
		port_reset(p);
	irq_level();
}

static void write_ghc(uint32_t value)
{
	uint32_t before = hba.ghc;

	if (value & GHC_HR) {
		hba.resets++;
		hba_reset();
		hba.ghc |= GHC_HR;
		hba.reset_due = now() + 1 * MS;
		return;
	}
	/* 3.1.2 AE: read only where there is nothing but AHCI (CAP.SAM). */
	hba.ghc = (hba.ghc & (GHC_HR | GHC_MRSM)) | (value & GHC_IE) | GHC_AE;
	if (hba.ghc & ~before & GHC_IE)
		hba_interrupt_again();
}

static void write_is(uint32_t value)
{
	struct port *p = NULL;

	check_acknowledge(value);
	hba.is &= ~value;
	while (next_port(&p))
		if (p->is & p->ie)
			hba.is |= 1u << p->nr;
	if (hba.is && irq_single())
		irq_port((unsigned int)__builtin_ctz(hba.is));
	irq_level();
}

static uint32_t read_is(void)
{
	struct port *p = NULL;

	while (next_port(&p))
		p->ack_due = hba.is >> p->nr & 1;
	return hba.is;
}

static uint32_t read_host(uint32_t offset)
{
	switch (offset) {
	case HBA_CAP:
		return hba.cap;
	case HBA_GHC:
		return hba.ghc | (irq_single() && irq_count(IRQ_MSI) > 1 ? GHC_MRSM : 0);
	case HBA_IS:
		return read_is();
	case HBA_PI:
		return hba.pi_empty ? 0 : hba.pi;
	case HBA_VS:
		return hba.vs;
	case HBA_CAP2:
		return hba.cap2;
	case HBA_BOHC:
		return hba.bohc;
	default:
		return 0;
	}
}

static struct port *port_of(uint32_t offset)
{
	uint32_t nr = (offset - HBA_PORTS) / HBA_PORT_SIZE;

	return offset >= HBA_PORTS && nr < MAX_PORTS && hba.pi >> nr & 1 ? &hba.port[nr] : NULL;
}

/* A page at least, and no more than is needed, in powers of two as BARs are. */
uint32_t registers_size(void)
{
	uint32_t size = 0x1000;

	while (size < enclosure_end())
		size *= 2;
	return size;
}

/* No register, for now or for good */
static bool gone(uint32_t offset)
{
	if (pci_asleep())
		breach("register 0x%x is accessed in D3 (8.3.3)", offset);
	return hba.ones || pci_asleep();
}

uint32_t register_read(uint32_t offset)
{
	struct port *p = port_of(offset);
	uint32_t value;

	hba.reads++;
	if (gone(offset))
		return ~0u;
	if (p)
		value = port_read(p, offset % HBA_PORT_SIZE);
	else if (!enclosure_read(offset, &value) && !ccc_read(offset, &value))
		value = read_host(offset);
	value = lie_read(p, offset, value);
	trace(false, offset, value);
	return value;
}

void register_write(uint32_t offset, uint32_t value)
{
	struct port *p = port_of(offset);

	hba.writes++;
	if (gone(offset))
		return;
	trace(true, offset, value);
	lie_written(offset, value);
	if (p)
		port_write(p, offset % HBA_PORT_SIZE, value);
	else if (offset == HBA_GHC)
		write_ghc(value);
	else if (offset == HBA_IS)
		write_is(value);
	else if (offset == HBA_BOHC)
		bios_write(value);
	else if (offset == HBA_CCC_CTL || offset == HBA_CCC_PORTS)
		ccc_write(offset, value);
	else
		enclosure_write(offset, value);
}

/* What time brings. The loop comes back when the earliest of all is due. */
void hba_run(uint64_t *next)
{
	struct port *p = NULL;

	if (hba.ones || pci_asleep())
		return;
	fuzz_run(next);
	bios_run(next);
	if (hba.ghc & GHC_HR && !hba.stuck_reset) {
		if (hba.reset_due <= now())
			hba.ghc &= ~GHC_HR;
		else
			sooner(next, hba.reset_due);
	}
	enclosure_run(next);
	while (next_port(&p))
		port_run(p, next);
	ccc_run(next);
}
