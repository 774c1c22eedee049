/* SPDX-License-Identifier: GPL-2.0 */
/* The flight recorder's data, and how completion writes to it. */
#ifndef _ATA_SPLIT_RECORD_H
#define _ATA_SPLIT_RECORD_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/workqueue.h>
#include "split.h"

#define ATA_SPLIT_N_RECORDS	64	/* a power of two */
#define ATA_SPLIT_CDB_LEN	16

/**
 * struct ata_split_record - a command that is done or was passed to the core
 * @cdb: the first sixteen bytes of its CDB
 * @alloc: when it was allocated, in jiffies
 * @jiffies: when it was done, or passed to the core
 * @result: of the SCSI command
 * @tag: tag
 * @verdict: &enum ata_split_verdict
 * @end: &enum ata_split_end; ATA_SPLIT_OK with ATA_SPLIT_NOT_DONE means that
 *	this record is unused
 *
 * Each has a cache line of its own, because any CPU writes one for each command.
 */
struct ata_split_record {
	u64				cdb[ATA_SPLIT_CDB_LEN / 8];
	unsigned long			alloc;
	unsigned long			jiffies;
	u32				result;
	u16				tag;
	u8				verdict;
	u8				end;
} ____cacheline_aligned_in_smp;

/**
 * struct ata_split_flying - a command in flight, or owned by error handling
 * @cdb: its CDB, unless it is internal
 * @alloc: when it was allocated, in jiffies, unless it is internal
 * @err_mask: AC_ERR_*
 * @tag: tag
 * @command: ATA command
 * @internal: is it an internal command of libata's?
 * @failed: does error handling own it?
 */
struct ata_split_flying {
	u8				cdb[ATA_SPLIT_CDB_LEN];
	unsigned long			alloc;
	unsigned int			err_mask;
	u8				tag;
	u8				command;
	bool				internal;
	bool				failed;
};

/**
 * struct ata_split_note - the registers at an error
 * @at: time by local_clock(), as in the kernel log; zero if unused
 * @text: registers
 */
struct ata_split_note {
	u64				at;
	char				text[192];
};

/**
 * struct ata_split_snapshot - state of a port at one point in time
 * @note: its notes
 * @n_notes: number of notes so far
 * @next: index of the next record
 * @n_flying: number of commands in @flying
 * @flying: commands in flight, or owned by error handling
 */
struct ata_split_snapshot {
	struct ata_split_note		note[2];
	unsigned int			n_notes;
	unsigned int			next;
	unsigned int			n_flying;
	struct ata_split_flying		flying[ATA_MAX_QUEUE + 1];
};

/**
 * struct ata_split_recorder - the flight recorder of a port
 * @record: ring buffer; incrementing @next makes the caller owner of the old
 *	index.  First member, which saves instructions
 * @next: index of the next record, modulo ATA_SPLIT_N_RECORDS
 * @sp: port
 * @note: last errors, protected by ap->lock
 * @n_notes: number of errors so far, protected by ap->lock
 * @lock: serializes readers in debugfs
 * @read: snapshot for such a reader, protected by @lock
 * @report_due: owner of @eh: @report while set, otherwise error handling
 * @eh: snapshot that @report prints
 * @ratelimit: rate limit of reports
 * @report: work item that prints @eh to the kernel log
 */
struct ata_split_recorder {
	struct ata_split_record		record[ATA_SPLIT_N_RECORDS];
	atomic_t			next;

	struct ata_split_port		*sp ____cacheline_aligned_in_smp;
	struct ata_split_note		note[2];
	unsigned int			n_notes;

	struct mutex			lock;	/* protects @read */
	struct ata_split_snapshot	read;

	bool				report_due;
	struct ata_split_snapshot	eh;
	struct ratelimit_state		ratelimit;
	struct work_struct		report;
};

/* Fill the record at index @at, which the caller owns. */
static __always_inline void ata_split_record_at(struct ata_split_recorder *rec,
						unsigned int at,
						struct scsi_cmnd *cmd,
						enum ata_split_verdict verdict,
						enum ata_split_end end)
{
	struct ata_split_record *r = &rec->record[at % ATA_SPLIT_N_RECORDS];

	memcpy(r->cdb, cmd->cmnd, sizeof(r->cdb));
	r->alloc = cmd->jiffies_at_alloc;
	r->jiffies = jiffies;
	r->result = cmd->result;
	r->tag = scsi_cmd_to_rq(cmd)->tag;
	r->verdict = verdict;
	r->end = end;
}

#endif /* _ATA_SPLIT_RECORD_H */
