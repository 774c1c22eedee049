/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that BuildIo knows of an AHCI port: its command tables.  build.c includes
 * nothing else of this driver, so that it cannot name a register, a command
 * header or the port's state.  Section numbers are those of the AHCI
 * specification, revision 1.3.1.
 */
#ifndef _AHCI_SPLIT_BUILD_H
#define _AHCI_SPLIT_BUILD_H

#include <linux/ata_split.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#define AHCI_MAX_CMDS			32	/* 3.1.1 CAP.NCS */

/**
 * struct ahci_prd - 4.2.3.3, one entry of the PRD table
 * @dba: address of the data
 * @dbau: its upper half
 * @reserved: zero
 * @dbc: bytes - 1, at most 4 MiB
 */
struct ahci_prd {
	__le32				dba;
	__le32				dbau;
	__le32				reserved;
	__le32				dbc;
};

static_assert(sizeof(struct ahci_prd) == 16);

/*
 * Entries of a PRD table.  The HBA allows 65535; 168 give a full-size request
 * of 4 KiB pages and keep tables 128-byte aligned (as in stock ahci).
 */
#define AHCI_MAX_PRD			168

/**
 * struct ahci_cmd_table - 4.2.3, what one tag's command consists of
 * @cfis: command FIS
 * @acmd: ATAPI command
 * @reserved: zero
 * @prdt: where the data is
 *
 * Built without a lock by whoever owns the tag.
 */
struct ahci_cmd_table {
	__le32				cfis[16];
	u8				acmd[16];
	u8				reserved[48];
	struct ahci_prd			prdt[AHCI_MAX_PRD];
};

static_assert(sizeof(struct ahci_cmd_table) % 128 == 0);

/**
 * struct ahci_cmd_info - 4.2.2, DW 0 to 3 of a command header
 * @opts: AHCI_CMD_* below
 * @prdbc: bytes transferred, counted by the HBA; zero to begin with
 * @ctba: address of the command table, 128-byte aligned
 * @ctbau: its upper half
 */
struct ahci_cmd_info {
	__le32				opts;
	__le32				prdbc;
	__le32				ctba;
	__le32				ctbau;
};

#define AHCI_FIS_H2D			0x27	/* SATA, FIS type */
#define AHCI_FIS_C			BIT(15)	/* SATA, it is a command */
#define AHCI_CMD_CFL			5	/* dwords of a Register FIS */
#define AHCI_CMD_ATAPI			BIT(5)
#define AHCI_CMD_WRITE			BIT(6)
#define AHCI_CMD_PREFETCH		BIT(7)
#define AHCI_CMD_RESET			BIT(8)
#define AHCI_CMD_CLEAR_BUSY		BIT(10)
#define AHCI_CMD_PRDTL_SHIFT		16

/*
 * libata's internal commands and our polled ones go out in slot 0, whose table
 * may be in the hands of a build at that moment.  They have a table of their
 * own behind the tags'.
 */
#define AHCI_SPLIT_TABLE_INTERNAL	AHCI_MAX_CMDS
#define AHCI_SPLIT_NR_TABLES		(AHCI_MAX_CMDS + 1)

/**
 * struct ahci_split_info - a command header that waits for StartIo
 * @cmd: what the header is to contain; a build fills in @cmd.opts, the rest is
 *	constant
 *
 * Builds write to the tags' on different CPUs, so each has a cache line.
 */
struct ahci_split_info {
	struct ahci_cmd_info		cmd;
} ____cacheline_aligned_in_smp;

/**
 * struct ahci_split_build - BuildIo's view of a port; constant
 * @split: the port driver's half; ap->private_data points to it
 * @table: AHCI_SPLIT_NR_TABLES command tables; a tag's is its owner's
 * @info: one for each table; StartIo copies it into the header
 */
struct ahci_split_build {
	struct ata_split_port		split;
	struct ahci_cmd_table		*table;
	struct ahci_split_info		*info;
};

/* Which command table a command is built in; see AHCI_SPLIT_TABLE_INTERNAL. */
static inline unsigned int
ahci_split_table_nr(const struct ata_queued_cmd *qc)
{
	if (ata_tag_internal(qc->tag) &&
	    !ata_split_fault(ATA_SPLIT_FAULT_SHARED_TABLE))
		return AHCI_SPLIT_TABLE_INTERNAL;
	return qc->hw_tag;
}

enum ata_completion_errors ahci_split_qc_prep(struct ata_queued_cmd *qc);

#endif /* _AHCI_SPLIT_BUILD_H */
