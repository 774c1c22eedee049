// SPDX-License-Identifier: GPL-2.0
/*
 * PCI configuration space (PCI Local Bus 3.0, section 6; AHCI 1.3.1, section 2), and how
 * interrupts get to the guest. BARs are QEMU's: it asks user.c how large they are.
 */
#include <string.h>
#include <unistd.h>

#include "hba.h"

enum {
	PCI_COMMAND	= 0x04,
	PCI_CLASS	= 0x08,
	PCI_SUBSYSTEM	= 0x2c,
	PCI_CAP_POINTER	= 0x34,
	PCI_INT_LINE	= 0x3c,
	PCI_INT_PIN	= 0x3d,
	PM_CAP		= 0x40,
	MSI_CAP		= 0x50,
	MSIX_CAP	= 0x70,
	/* Intel's port enables ("PCS") */
	PORT_ENABLES	= 0x92,
};

#define STATUS_CAPS	0x10
#define POWER_STATE	0x03	/* of the capability's control register */
#define D3HOT		0x03
#define INTX_DISABLE	0x04	/* of the upper byte of Command */

uint8_t config[CONFIG_SIZE];
uint8_t msix_table[BAR_MSIX_SIZE];
/* Bits that the guest may write */
static uint8_t writable[CONFIG_SIZE];

static int fds[IRQ_INDEXES][MAX_VECTORS];
static bool fds_ready;
static uint64_t raised[MAX_VECTORS];
/* INTx is level-triggered: QEMU masks it when it comes, and unmasks it at the end. */
static bool intx_masked;

static void put16(unsigned int offset, uint32_t value)
{
	config[offset] = (uint8_t)value;
	config[offset + 1] = (uint8_t)(value >> 8);
}

static void put32(unsigned int offset, uint32_t value)
{
	put16(offset, value);
	put16(offset + 2, value >> 16);
}

static void allow(unsigned int offset, const char *mask, unsigned int n)
{
	memcpy(writable + offset, mask, n);
}

/* add CAPABILITY: at the end of the list */
static void add(unsigned int *last, unsigned int offset, uint8_t id)
{
	config[*last] = (uint8_t)offset;
	config[offset] = id;
	*last = offset + 1;
}

/* Order 2 of vectors, as MSI has it (PCI, MSI). */
static uint32_t order(unsigned int vectors)
{
	uint32_t n = 0;

	while (1u << n < vectors)
		n++;
	return n;
}

void pci_init(void)
{
	unsigned int last = PCI_CAP_POINTER;

	memset(config, 0, sizeof(config));
	memset(writable, 0, sizeof(writable));
	memset(msix_table, 0, sizeof(msix_table));
	put16(0, hba.vendor);
	put16(2, hba.device);
	put16(PCI_COMMAND + 2, STATUS_CAPS);
	allow(PCI_COMMAND, "\x47\x05", 2);
	put32(PCI_CLASS, hba.class << 8 | 1);
	put32(PCI_SUBSYSTEM, 0x11001b36);
	config[PCI_INT_PIN] = hba.intx;
	allow(PCI_INT_LINE, "\xff", 1);
	add(&last, PM_CAP, 0x01);
	put16(PM_CAP + 2, 0x0003);
	allow(PM_CAP + 4, "\x03", 1);
	if (hba.msi) {
		add(&last, MSI_CAP, 0x05);
		put16(MSI_CAP + 2, 0x80 | order(hba.msi) << 1);
		allow(MSI_CAP + 2, "\x71", 1);
		allow(MSI_CAP + 4, "\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10);
	}
	if (hba.msix) {
		add(&last, MSIX_CAP, 0x11);
		put16(MSIX_CAP + 2, hba.msix - 1);
		put32(MSIX_CAP + 4, BAR_MSIX);
		put32(MSIX_CAP + 8, 0x800 | BAR_MSIX);
		allow(MSIX_CAP + 3, "\xc0", 1);
	}
	allow(PORT_ENABLES, "\xff\xff", 2);
	pci_reset_enables();
}

uint16_t pci_enables(void)
{
	return (uint16_t)(config[PORT_ENABLES] | config[PORT_ENABLES + 1] << 8);
}

/* As firmware has left them */
void pci_reset_enables(void)
{
	put16(PORT_ENABLES, hba.enables);
}

/* 8.3.3: in D3hot there are neither registers nor interrupts. */
bool pci_asleep(void)
{
	return (config[PM_CAP + 4] & POWER_STATE) == D3HOT;
}

/* PCI PM 1.2, 5.4.1: back from D3hot the function is reset. Its header is QEMU's to keep. */
void pci_write(uint32_t offset, const uint8_t *data, uint32_t n)
{
	uint16_t enables = pci_enables();
	bool asleep = pci_asleep();

	for (; n-- && offset < CONFIG_SIZE; offset++, data++)
		config[offset] = (config[offset] & ~writable[offset]) | (*data & writable[offset]);
	hba.d3 += !asleep && pci_asleep();
	if (asleep && !pci_asleep())
		hba_reset();
	else
		enables_changed(enables);
}

static void init_fds(void)
{
	if (!fds_ready)
		memset(fds, -1, sizeof(fds));
	fds_ready = true;
}

unsigned int irq_count(enum irq_index index)
{
	unsigned int n = MAX_VECTORS;

	init_fds();
	while (n && fds[index][n - 1] < 0)
		n--;
	return n;
}

/* fd -1 disables the vector. */
int irq_set_fd(enum irq_index index, unsigned int vector, int fd)
{
	init_fds();
	if (index >= IRQ_INDEXES || vector >= MAX_VECTORS)
		return -1;
	if (fds[index][vector] >= 0)
		close(fds[index][vector]);
	fds[index][vector] = fd;
	return 0;
}

void irq_trigger(enum irq_index index, unsigned int vector)
{
	static const uint64_t one = 1;

	if (index >= IRQ_INDEXES || vector >= MAX_VECTORS || fds[index][vector] < 0)
		return;
	raised[vector]++;
	if (write(fds[index][vector], &one, sizeof(one)) != sizeof(one))
		say("an interrupt is lost");
}

/* QEMU is done with INTx, or begins: then it comes again if its cause is still there. */
void irq_mask(bool masked)
{
	intx_masked = masked;
	irq_level();
}

/*
 * 3.1.2 MRSM: with fewer MSI vectors than ports there is one. MSI-X
 * is no part of AHCI; drivers use it as real HBAs do, a vector for each port.
 */
bool irq_single(void)
{
	unsigned int msix = irq_count(IRQ_MSIX), msi = irq_count(IRQ_MSI);

	return msix ? msix == 1 : msi == 1 || msi < hba.ports;
}

/* 10.7.1.1: the level of INTx is that of IS. */
void irq_level(void)
{
	if (irq_count(IRQ_MSI) || irq_count(IRQ_MSIX) || !irq_count(IRQ_INTX))
		return;
	if (hba.mute || pci_asleep() || intx_masked || !hba.is || !(hba.ghc & GHC_IE) ||
	    config[PCI_COMMAND + 1] & INTX_DISABLE)
		return;
	intx_masked = true;
	irq_trigger(IRQ_INTX, 0);
}

/* An interrupt of a port's, whether or not it has a cause. */
void irq_send(unsigned int port)
{
	unsigned int vector = irq_single() ? 0 : port;

	if (irq_count(IRQ_MSIX))
		irq_trigger(IRQ_MSIX, vector);
	else if (irq_count(IRQ_MSI))
		irq_trigger(IRQ_MSI, vector);
	else
		irq_trigger(IRQ_INTX, 0);
}

/* A message for a port's cause; INTx follows its level. */
void irq_port(unsigned int port)
{
	if (hba.mute || hba.ones || pci_asleep() || !(hba.ghc & GHC_IE))
		return;
	if (irq_count(IRQ_MSIX) || irq_count(IRQ_MSI))
		irq_send(port);
}

uint64_t irqs(unsigned int vector)
{
	return raised[vector];
}

/* The guest is gone. What it will find is what power-on leaves. */
void pci_disconnect(void)
{
	unsigned int index, vector;

	for (index = 0; index < IRQ_INDEXES; index++)
		for (vector = 0; vector < MAX_VECTORS; vector++)
			irq_set_fd(index, vector, -1);
	intx_masked = false;
	pci_init();
}
