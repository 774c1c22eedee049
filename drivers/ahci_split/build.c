// SPDX-License-Identifier: GPL-2.0
/*
 * BuildIo: the command table of a command's own tag, and the contents of its
 * command header.
 *
 * Called without a lock for the split's commands and under ap->lock for those of
 * libata's core.  No register is accessed here, nor the command header itself:
 * an internal command may be using that of slot 0.
 */

#include <linux/kcsan-checks.h>
#include "build.h"

/*
 * SATA, Register Host to Device FIS: libata's ata_tf_to_fis(), by dwords instead of
 * bytes, for a device that is not behind a port multiplier.  The test variant
 * compares the FIS of each command with libata's.
 */
static void ahci_split_fill_cfis(__le32 *fis, const struct ata_taskfile *tf)
{
	fis[0] = cpu_to_le32(AHCI_FIS_H2D | AHCI_FIS_C | tf->command << 16 |
			     (u32)tf->feature << 24);
	fis[1] = cpu_to_le32(tf->lbal | tf->lbam << 8 | tf->lbah << 16 |
			     (u32)tf->device << 24);
	fis[2] = cpu_to_le32(tf->hob_lbal | tf->hob_lbam << 8 |
			     tf->hob_lbah << 16 | (u32)tf->hob_feature << 24);
	fis[3] = cpu_to_le32(tf->nsect | tf->hob_nsect << 8 |
			     (u32)tf->ctl << 24);
	fis[4] = cpu_to_le32(tf->auxiliary);
}

static void ahci_split_fill_prd(struct ahci_prd *prd, struct scatterlist *sg)
{
	u64 addr = sg_dma_address(sg);

	prd->dba = cpu_to_le32(lower_32_bits(addr));
	prd->dbau = cpu_to_le32(upper_32_bits(addr));
	prd->dbc = cpu_to_le32(sg_dma_len(sg) - 1);
}

/* Most commands have one segment, so sg_next() is not called for the last one. */
static void ahci_split_fill_prdt(struct ahci_prd *prd, struct scatterlist *sg,
				 unsigned int n_elem)
{
	if (!n_elem)
		return;

	ahci_split_fill_prd(prd, sg);
	while (--n_elem) {
		sg = sg_next(sg);
		ahci_split_fill_prd(++prd, sg);
	}
}

/**
 * ahci_split_qc_prep - ->qc_prep: command FIS, ATAPI command, PRD table, header
 * @qc: command, its buffer mapped
 *
 * Context: BuildIo; or StartIo, for commands of the core path.  Needs no lock:
 * the caller owns @qc's tag.
 *
 * Return: AC_ERR_OK.
 */
enum ata_completion_errors ahci_split_qc_prep(struct ata_queued_cmd *qc)
{
	const struct ahci_split_build *port =
		container_of(to_ata_split_port(qc->ap), struct ahci_split_build,
			     split);
	unsigned int nr = ahci_split_table_nr(qc);
	struct ahci_cmd_table *table = &port->table[nr];
	struct ahci_cmd_info *info = &port->info[nr].cmd;
	unsigned int n_elem = ata_split_n_elem(qc);
	u32 opts;

	ASSERT_EXCLUSIVE_ACCESS_SCOPED(*table);
	ASSERT_EXCLUSIVE_ACCESS_SCOPED(*info);
	ahci_split_fill_cfis(table->cfis, &qc->tf);

	opts = AHCI_CMD_CFL | n_elem << AHCI_CMD_PRDTL_SHIFT;
	if (qc->tf.flags & ATA_TFLAG_WRITE)
		opts |= AHCI_CMD_WRITE;
	if (unlikely(ata_is_atapi(qc->tf.protocol))) {
		opts |= AHCI_CMD_ATAPI | AHCI_CMD_PREFETCH;
		memset(table->acmd, 0, sizeof(table->acmd));
		memcpy(table->acmd, qc->cdb,
		       min_t(size_t, qc->dev->cdb_len, sizeof(table->acmd)));
	}
	info->opts = cpu_to_le32(opts);

	ahci_split_fill_prdt(table->prdt, qc->sg, n_elem);
	return AC_ERR_OK;
}
