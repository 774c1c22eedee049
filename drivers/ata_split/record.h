/* SPDX-License-Identifier: GPL-2.0 */
/* The flight recorder's memory, and what completion writes there. */
#ifndef _ATA_SPLIT_RECORD_H
#define _ATA_SPLIT_RECORD_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include "split.h"

#define ATA_SPLIT_N_RECORDS	64	/* a power of two */
#define ATA_SPLIT_CDB_LEN	16

/**
 * struct ata_split_record - a command that is done, or that the core was given
 * @cdb: its first sixteen bytes
 * @start: when the block layer began it, in ktime; zero without iostats
 * @jiffies: when it was done, or given to the core
 * @result: of the SCSI command
 * @tag: tag
 * @how: &enum ata_split_count; zero if there is nothing here yet
 */
struct ata_split_record {
	u64				cdb[ATA_SPLIT_CDB_LEN / 8];
	u64				start;
	unsigned long			jiffies;
	u32				result;
	u16				tag;
	u16				how;
} __aligned(64);

/**
 * struct ata_split_flying - a command in flight, or with error handling
 * @cdb: its CDB
 * @start: when the block layer began it; zero for an internal one
 * @err_mask: AC_ERR_*
 * @tag: tag
 * @command: ATA command
 * @failed: does error handling have it?
 */
struct ata_split_flying {
	u8				cdb[ATA_SPLIT_CDB_LEN];
	u64				start;
	unsigned int			err_mask;
	u8				tag;
	u8				command;
	bool				failed;
};

/**
 * struct ata_split_note - what the hardware said
 * @at: when, in ktime; zero if never
 * @text: registers
 */
struct ata_split_note {
	u64				at;
	char				text[192];
};

/**
 * struct ata_split_recorder - the flight recorder of a port
 * @record: the ring; whoever counted @next up owns the place.  At the beginning,
 *	which saves instructions
 * @next: where the next record goes, modulo their number
 * @note: errors, under ap->lock
 * @n_notes: how many there were, under ap->lock
 * @lock: of all below: one reader at a time
 * @ratelimit: for the kernel log
 * @note_seen: copy of @note
 * @n_notes_seen: copy of @n_notes
 * @flying: what was in flight
 * @n_flying: how many
 * @n_failed: how many of them error handling had
 */
struct ata_split_recorder {
	struct ata_split_record		record[ATA_SPLIT_N_RECORDS];
	atomic_t			next;
	struct ata_split_note		note[2];
	unsigned int			n_notes;

	struct mutex			lock;	/* of the copies below */
	struct ratelimit_state		ratelimit;
	struct ata_split_note		note_seen[2];
	unsigned int			n_notes_seen;
	struct ata_split_flying		flying[ATA_MAX_QUEUE + 1];
	unsigned int			n_flying;
	unsigned int			n_failed;
};

/* Into the place @at, which is the caller's. */
static __always_inline void ata_split_record_at(struct ata_split_recorder *rec,
						unsigned int at,
						struct scsi_cmnd *cmd,
						enum ata_split_count how)
{
	struct ata_split_record *r = &rec->record[at % ATA_SPLIT_N_RECORDS];
	const struct request *rq = scsi_cmd_to_rq(cmd);

	memcpy(r->cdb, cmd->cmnd, sizeof(r->cdb));
	r->start = rq->start_time_ns;
	r->jiffies = jiffies;
	r->result = cmd->result;
	r->tag = rq->tag;
	r->how = how;
}

#endif /* _ATA_SPLIT_RECORD_H */
