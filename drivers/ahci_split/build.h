/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that BuildIo knows of an AHCI port: command tables, and the contents of
 * command headers.  build.c includes no other header of this driver, so that it
 * cannot access a register, a command header or the port's state.  Section
 * numbers are those of the AHCI specification, revision 1.3.1.
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
 * Entries of a PRD table.  The HBA allows 65535; 168 suffice for a full-size
 * request of 4 KiB pages and keep tables 128-byte aligned (as in stock ahci).
 */
#define AHCI_MAX_PRD			168

/**
 * struct ahci_cmd_table - 4.2.3, the command of one tag
 * @cfis: command FIS
 * @acmd: ATAPI command
 * @reserved: zero
 * @prdt: PRD table, the addresses of the data
 *
 * Written without a lock by the owner of the tag.
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
#define AHCI_CMD_PMP_SHIFT		12	/* port of a port multiplier */
#define AHCI_CMD_PRDTL_SHIFT		16

/*
 * libata's internal commands and our polled ones use slot 0, while a build may be
 * writing the table of tag 0.  So they have a table of their own after those of
 * the tags.
 */
#define AHCI_SPLIT_TABLE_INTERNAL	AHCI_MAX_CMDS
#define AHCI_SPLIT_NR_TABLES		(AHCI_MAX_CMDS + 1)

/**
 * struct ahci_split_info - contents of a command header, for StartIo to copy
 * @cmd: the contents; a build fills in @cmd.opts, the rest is constant
 *
 * Builds on different CPUs write to those of different tags, so each has a cache
 * line of its own.
 */
struct ahci_split_info {
	struct ahci_cmd_info		cmd;
} ____cacheline_aligned_in_smp;

/**
 * struct ahci_split_build - BuildIo's view of a port; constant
 * @split: the port driver's half; ap->private_data points to it
 * @table: AHCI_SPLIT_NR_TABLES command tables; each is owned by its tag's owner
 * @info: one for each table; StartIo copies it into the header
 */
struct ahci_split_build {
	struct ata_split_port		split;
	struct ahci_cmd_table		*table;
	struct ahci_split_info		*info;
};

/* Number of a command's command table; see AHCI_SPLIT_TABLE_INTERNAL. */
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
