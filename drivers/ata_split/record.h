/* SPDX-License-Identifier: GPL-2.0 */
/* The flight recorder's memory, and what completion writes there. */
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
 * struct ata_split_record - a command that is done, or that the core was given
 * @cdb: its first sixteen bytes
 * @alloc: when it was allocated, in jiffies
 * @jiffies: when it was done, or given to the core
 * @result: of the SCSI command
 * @tag: tag
 * @verdict: &enum ata_split_verdict
 * @end: &enum ata_split_end; with ATA_SPLIT_OK and ATA_SPLIT_NOT_DONE there is
 *	no record here yet
 *
 * A cache line of its own: each command fills one, on any CPU.
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
 * @cdb: its CDB, unless it is libata's own
 * @alloc: when it was allocated, in jiffies, unless it is libata's own
 * @err_mask: AC_ERR_*
 * @tag: tag
 * @command: ATA command
 * @internal: is it libata's own?
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
 * struct ata_split_note - what the hardware said
 * @at: when, by local_clock(), as the kernel log; zero if never
 * @text: registers
 */
struct ata_split_note {
	u64				at;
	char				text[192];
};

/**
 * struct ata_split_snapshot - a port at one moment
 * @note: its notes
 * @n_notes: how many there have been
 * @next: where the next record was to go
 * @n_flying: commands in @flying
 * @flying: what was in flight, or owned by error handling
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
 * @record: the ring; whoever incremented @next owns the place.  First, which
 *	saves instructions
 * @next: where the next record goes, modulo their number
 * @sp: port
 * @note: errors, under ap->lock
 * @n_notes: how many there were, under ap->lock
 * @lock: one reader of debugfs at a time
 * @read: what that reader prints
 * @report_due: who owns @eh: @report while set, else error handling
 * @eh: what @report prints
 * @ratelimit: of reports
 * @report: prints @eh to the kernel log
 */
struct ata_split_recorder {
	struct ata_split_record		record[ATA_SPLIT_N_RECORDS];
	atomic_t			next;

	struct ata_split_port		*sp ____cacheline_aligned_in_smp;
	struct ata_split_note		note[2];
	unsigned int			n_notes;

	struct mutex			lock;	/* of @read */
	struct ata_split_snapshot	read;

	bool				report_due;
	struct ata_split_snapshot	eh;
	struct ratelimit_state		ratelimit;
	struct work_struct		report;
};

/* Into the place @at, which is the caller's. */
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
