/* SPDX-License-Identifier: GPL-2.0 */
/* ata_split's own: what its stages hand to one another. */
#ifndef _ATA_SPLIT_SPLIT_H
#define _ATA_SPLIT_SPLIT_H

#include <linux/ata_split.h>
#include <linux/dma-mapping.h>
#include <linux/jump_label.h>

/**
 * struct ata_split_rw - a READ or WRITE CDB, decoded
 * @lba: first logical block
 * @n_block: number of logical blocks, never zero
 * @tf_flags: ATA_TFLAG_WRITE, ATA_TFLAG_FUA
 */
struct ata_split_rw {
	u64				lba;
	u32				n_block;
	unsigned int			tf_flags;
};

/* A port in one of these states takes no command. */
#define ATA_SPLIT_PFLAGS_BAD	(ATA_PFLAG_EH_PENDING | \
				 ATA_PFLAG_EH_IN_PROGRESS | ATA_PFLAG_FROZEN)

/* A device with one of these flags takes no command. */
#define ATA_SPLIT_DFLAGS_GONE	(ATA_DFLAG_SLEEPING | ATA_DFLAG_DETACH)

/* Of these, ATA_DFLAG_NCQ alone: libata's ata_ncq_enabled() */
#define ATA_SPLIT_DFLAGS_NCQ	(ATA_DFLAG_PIO | ATA_DFLAG_NCQ_OFF | \
				 ATA_DFLAG_NCQ)

/* May a device with these flags be given a queued command? */
static inline bool ata_split_queues(unsigned long dev_flags)
{
	return (dev_flags & (ATA_SPLIT_DFLAGS_GONE | ATA_SPLIT_DFLAGS_NCQ)) ==
	       ATA_DFLAG_NCQ;
}

/*
 * Read without the lock what the lock or error handling guards.  Whoever uses
 * this can stand a stale answer, as StartIo looks again.
 */
#define ata_split_peek(x)	data_race(READ_ONCE(x))

/* The way back from ata_split_map(), which see. */
static inline void ata_split_unmap(const struct ata_port *ap,
				   struct scsi_cmnd *cmd)
{
	struct scatterlist *sg = scsi_sglist(cmd);
	unsigned int count = scsi_sg_count(cmd);

	if (likely(count == 1))
		dma_unmap_page(ap->dev, sg_dma_address(sg), sg_dma_len(sg),
			       cmd->sc_data_direction);
	else
		dma_unmap_sg(ap->dev, sg, count, cmd->sc_data_direction);
}

/* One event on one port.  Safe in any context. */
static inline void ata_split_count(const struct ata_split_port *sp,
				   enum ata_split_count what)
{
	this_cpu_inc(sp->counters->n[what]);
}

/* Does anybody look on?  A no-op otherwise. */
DECLARE_STATIC_KEY_FALSE(ata_split_looking);
#define ata_split_looked_at()	static_branch_unlikely(&ata_split_looking)

/* build.c: BuildIo */
enum ata_split_count ata_split_eligible(const struct ata_port *ap,
					struct scsi_cmnd *cmd,
					struct ata_split_rw *rw);
enum ata_split_count ata_split_build(const struct ata_split_port *sp,
				     struct ata_queued_cmd *qc,
				     struct scsi_cmnd *cmd);
void ata_split_unbuild(struct ata_queued_cmd *qc, struct scsi_cmnd *cmd);
void ata_split_build_init(const char *name, struct lock_class_key *key);

/* start.c: StartIo */
enum ata_split_count ata_split_start(struct ata_split_port *sp,
				     struct ata_queued_cmd *qc, u32 epoch);
enum ata_split_count ata_split_start_seen(struct ata_split_port *sp,
					  struct ata_queued_cmd *qc, u32 epoch);
void ata_split_commit(struct ata_split_port *sp);
void ata_split_commit_rqs(struct Scsi_Host *shost, u16 hwq);
void __ata_split_flush(struct ata_split_port *sp) __in_startio;

/* Ring for the commands whose doorbell was put off, under ap->lock. */
static inline void ata_split_flush(struct ata_split_port *sp)
	__in_startio
{
	if (unlikely(sp->held))
		__ata_split_flush(sp);
}

/* complete.c: completion */
void ata_split_complete(struct ata_queued_cmd *qc)
	__in_startio;
void ata_split_done(struct scsi_cmnd *cmd) __in_startio;

/* trace.c: trace events and measured times */
enum ata_split_count ata_split_build_seen(const struct ata_split_port *sp,
					  struct ata_queued_cmd *qc,
					  struct scsi_cmnd *cmd);
void ata_split_held(const struct ata_split_port *sp, enum ata_split_time what,
		    u64 ns);
void ata_split_ended(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		     enum ata_split_count how);
void ata_split_refuse(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		      enum ata_split_count why);

/* record.c: flight recorder */
extern const char * const ata_split_count_names[ATA_SPLIT_NR_COUNTS];
void ata_split_record(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		      enum ata_split_count how);
int ata_split_record_init(struct ata_split_port *sp);
void ata_split_record_show(struct ata_split_port *sp, struct dentry *dir);

/* counters.c */
void ata_split_counters_init(void);
void ata_split_counters_exit(void);

#endif /* _ATA_SPLIT_SPLIT_H */
