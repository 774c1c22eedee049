// SPDX-License-Identifier: GPL-2.0
/* StartIo: the command header and the doorbell. */

#include <linux/lockdep.h>
#include "ahci_split.h"

/**
 * ahci_split_fill_header - copy what was built to the command header of a slot
 * @pp: port
 * @slot: slot of the command list
 * @nr: number of the command table; slot 0 may point to one of two
 *
 * Context: StartIo; or EH, for a polled command.  Caller holds ap->lock, or
 * error handling has frozen the port.
 */
void ahci_split_fill_header(struct ahci_split_port *pp, unsigned int slot,
			    unsigned int nr)
{
	pp->dma->list[slot].info = pp->build.info[nr].cmd;
}

/**
 * ahci_split_ring - fill the headers and ring the doorbell for built commands
 * @ap: port
 * @tags: queued commands, built and in flight for libata; at least one
 *
 * writel() orders tables and headers before the doorbell.  That includes tables
 * that other CPUs wrote, as each of them held ap->lock after its build.
 *
 * Context: StartIo or completion.  Caller holds ap->lock.
 */
void ahci_split_ring(struct ata_port *ap, u32 tags)
{
	struct ahci_split_port *pp = to_ahci_split_port(ap);
	void __iomem *mmio = pp->mmio;
	u32 left = tags;

	lockdep_assert_held(ap->lock);

	do {
		unsigned int tag = __ffs(left);

		ahci_split_fill_header(pp, tag, tag);
		ata_split_fault_issue(&ap->qcmd[tag], pp->dma->table[tag].cfis);
		left &= left - 1;
	} while (unlikely(left));

	/*
	 * AHCI 1.3.1, 5.5.1: for a queued command PxSACT before PxCI.  Bits
	 * written as zero have no effect (3.3.13, 3.3.14).
	 */
	writel(tags, mmio + AHCI_PXSACT);
	writel(tags, mmio + AHCI_PXCI);
}

/**
 * ahci_split_ring_each - as ahci_split_ring(), with a doorbell for each command
 * @ap: port
 * @tags: as for ahci_split_ring()
 *
 * Context: StartIo or completion.  Caller holds ap->lock.
 */
void ahci_split_ring_each(struct ata_port *ap, u32 tags)
{
	for (; tags; tags &= tags - 1)
		ahci_split_ring(ap, tags & -tags);
}

/**
 * ahci_split_qc_issue - ->qc_issue: fill the header and ring the doorbell
 * @qc: prepared command of libata's core, which counts it as in flight
 *
 * Context: StartIo.  Caller holds ap->lock.
 *
 * Return: 0.
 */
unsigned int ahci_split_qc_issue(struct ata_queued_cmd *qc)
{
	struct ahci_split_port *pp = to_ahci_split_port(qc->ap);
	unsigned int nr = ahci_split_table_nr(qc);
	u32 bit = 1U << qc->hw_tag;

	lockdep_assert_held(qc->ap->lock);
	ata_split_learn(qc);

	ahci_split_fill_header(pp, qc->hw_tag, nr);
	ata_split_fault_issue(qc, pp->dma->table[nr].cfis);

	/* AHCI 1.3.1, 5.5.1: for a queued command PxSACT before PxCI */
	if (ata_is_ncq(qc->tf.protocol))
		writel(bit, pp->mmio + AHCI_PXSACT);
	writel(bit, pp->mmio + AHCI_PXCI);
	if (pp->em)
		ahci_split_note_activity(qc->ap);

	return 0;
}
