// SPDX-License-Identifier: GPL-2.0
/* StartIo: the command header and the doorbell. */

#include <linux/lockdep.h>
#include "ahci_split.h"

/**
 * ahci_split_fill_header - point a slot at a command table
 * @pp: port
 * @slot: slot of the command list
 * @table: number of the table; slot 0 has two that it may point at
 * @opts: AHCI_CMD_*
 *
 * CONTEXT: StartIo; or EH, for a polled command.
 * LOCKING: ap->lock, or a port that is frozen by error handling.
 */
void ahci_split_fill_header(struct ahci_split_port *pp, unsigned int slot,
			    unsigned int table, u32 opts)
{
	struct ahci_cmd_header *header = &pp->dma->list[slot];
	u64 addr = ahci_split_table_addr(pp, table);

	header->opts = cpu_to_le32(opts);
	header->prdbc = 0;
	header->ctba = cpu_to_le32(lower_32_bits(addr));
	header->ctbau = cpu_to_le32(upper_32_bits(addr));
}

/**
 * ahci_split_qc_issue - ->qc_issue: fill the header and ring
 * @qc: prepared command, in libata's books
 *
 * writel() orders table and header, whichever CPU wrote them, before the
 * doorbell.
 *
 * CONTEXT: StartIo.
 * LOCKING: ap->lock.
 *
 * Return: 0.
 */
unsigned int ahci_split_qc_issue(struct ata_queued_cmd *qc)
{
	struct ahci_split_port *pp = ahci_split_port(qc->ap);
	unsigned int table = ahci_split_table_nr(qc);
	u32 opts = AHCI_CMD_CFL |
		   qc->dev->link->pmp << AHCI_CMD_PMP_SHIFT |
		   ata_split_n_elem(qc) << AHCI_CMD_PRDTL_SHIFT;

	lockdep_assert_held(qc->ap->lock);
	ata_split_learn(qc);

	if (qc->tf.flags & ATA_TFLAG_WRITE)
		opts |= AHCI_CMD_WRITE;
	if (ata_is_atapi(qc->tf.protocol))
		opts |= AHCI_CMD_ATAPI | AHCI_CMD_PREFETCH;

	ahci_split_fill_header(pp, qc->hw_tag, table, opts);
	ata_split_fault_issue(qc, pp->dma->table[table].cfis);

	/* AHCI 1.3.1, 5.5.1: for a queued command PxSACT before PxCI */
	if (ata_is_ncq(qc->tf.protocol))
		writel(1U << qc->hw_tag, pp->mmio + AHCI_PXSACT);
	writel(1U << qc->hw_tag, pp->mmio + AHCI_PXCI);

	return 0;
}
