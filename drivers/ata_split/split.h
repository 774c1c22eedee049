/* SPDX-License-Identifier: GPL-2.0 */
/* Internal to ata_split: declarations that its stages share. */
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

/* A port in one of these states accepts no command. */
#define ATA_SPLIT_PFLAGS_BAD	(ATA_PFLAG_EH_PENDING | \
				 ATA_PFLAG_EH_IN_PROGRESS | ATA_PFLAG_FROZEN)

/* A device with one of these flags accepts no command. */
#define ATA_SPLIT_DFLAGS_GONE	(ATA_DFLAG_SLEEPING | ATA_DFLAG_DETACH)

/* libata's ata_ncq_enabled() requires ATA_DFLAG_NCQ and none of the others. */
#define ATA_SPLIT_DFLAGS_NCQ	(ATA_DFLAG_PIO | ATA_DFLAG_NCQ_OFF | \
				 ATA_DFLAG_NCQ)

/* May a queued command be issued to a device with these flags? */
static inline bool ata_split_queues(unsigned long dev_flags)
{
	return (dev_flags & (ATA_SPLIT_DFLAGS_GONE | ATA_SPLIT_DFLAGS_NCQ)) ==
	       ATA_DFLAG_NCQ;
}

/*
 * Lockless read of state that ap->lock or error handling protects.  The caller
 * must tolerate a stale value: StartIo checks again, and statistics may lag.
 */
#define ata_split_peek(x)	data_race(READ_ONCE(x))

/*
 * Must a queued command wait?  As libata's ->qc_defer() functions for a port without
 * a port multiplier: NCQ and non-NCQ commands are never in flight together.
 */
static inline bool ata_split_must_defer(const struct ata_port *ap)
{
	return ata_tag_valid(ap->link.active_tag) || ata_split_deferred_qc(ap);
}

/* Undo ata_split_map(). */
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

/* True while a trace event is enabled or times are measured; otherwise a no-op. */
DECLARE_STATIC_KEY_FALSE(ata_split_tracing_key);
#define ata_split_tracing()	static_branch_unlikely(&ata_split_tracing_key)

/* build.c: BuildIo */
enum ata_split_verdict ata_split_eligible(const struct ata_port *ap,
					  struct scsi_cmnd *cmd,
					  struct ata_split_rw *rw);
enum ata_split_verdict ata_split_build(const struct ata_split_port *sp,
				       struct ata_queued_cmd *qc,
				       struct scsi_cmnd *cmd);
void ata_split_unbuild(struct ata_queued_cmd *qc, struct scsi_cmnd *cmd);
void ata_split_build_init(const char *name, struct lock_class_key *key);

/* start.c: StartIo */
enum ata_split_verdict ata_split_start(struct ata_split_port *sp,
				       struct ata_queued_cmd *qc,
				       const struct scsi_cmnd *cmd, u32 epoch);
enum ata_split_verdict ata_split_start_traced(struct ata_split_port *sp,
					      struct ata_queued_cmd *qc,
					      const struct scsi_cmnd *cmd,
					      u32 epoch);
void ata_split_commit(struct ata_split_port *sp);
void __ata_split_flush(struct ata_split_port *sp) __in_startio;

/* Ring the deferred doorbells, if any.  Caller holds ap->lock. */
static inline void ata_split_flush(struct ata_split_port *sp)
	__in_startio
{
	if (unlikely(sp->db_pending))
		__ata_split_flush(sp);
}

/* complete.c: completion */
extern ata_qc_cb_t ata_split_core_complete;
void ata_split_complete(struct ata_queued_cmd *qc)
	__in_startio;
void ata_split_done(struct scsi_cmnd *cmd) __in_startio;

/* trace.c: trace events and measured times */
enum ata_split_verdict ata_split_build_traced(const struct ata_split_port *sp,
					      struct ata_queued_cmd *qc,
					      struct scsi_cmnd *cmd);
void ata_split_trace_hold(const struct ata_split_port *sp,
			  enum ata_split_time what, u64 ns);
void ata_split_account_end(const struct ata_split_port *sp,
			   struct scsi_cmnd *cmd, enum ata_split_end end);
void ata_split_account_refusal(const struct ata_split_port *sp,
			       struct scsi_cmnd *cmd,
			       enum ata_split_verdict why);

/* record.c: flight recorder */
extern const char * const ata_split_verdict_names[ATA_SPLIT_NR_VERDICTS];
extern const char * const ata_split_end_names[ATA_SPLIT_NR_ENDS];
void ata_split_record(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		      enum ata_split_verdict verdict, enum ata_split_end end);
int ata_split_record_init(struct ata_split_port *sp);
void ata_split_record_show(struct ata_split_port *sp, struct dentry *dir);
void ata_split_report(struct ata_split_port *sp);

/* counters.c */
void ata_split_counters_init(void);
void ata_split_counters_exit(void);

#endif /* _ATA_SPLIT_SPLIT_H */
