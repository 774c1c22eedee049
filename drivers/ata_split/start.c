// SPDX-License-Identifier: GPL-2.0
/*
 * StartIo: check that a build is still valid, and issue it.
 *
 * Runs under ap->lock with interrupts off, which excludes the interrupt handler
 * and error handling.  Error handling and sysfs may have changed anything since
 * the build, so all of it is checked again.  The checks, libata's bookkeeping and
 * the doorbell form one critical section: completions are found by comparing
 * bitmaps, so a tag in ap->qc_active whose doorbell has not been rung looks
 * completed to the interrupt handler.  For that reason sp->db_pending holds the
 * tags whose doorbell is deferred.
 *
 * Mirrors libata, which has no entry point for a command that is already
 * prepared: ata_qc_issue()'s bookkeeping, ata_std_qc_defer(),
 * ata_adapter_is_online() and the device checks of ata_scsi_find_dev().
 * selftests/host/drift.sh detects changes to them.
 */

#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/sched/clock.h>
#include "split.h"
#include <trace/events/ata_split.h>

/* libata's ata_adapter_is_online() */
static bool ata_split_offline(const struct ata_split_port *sp)
{
	return sp->pdev && (pci_channel_offline(sp->pdev) ||
			    ata_split_fault(ATA_SPLIT_FAULT_PRETEND_OFFLINE));
}

/* May a command that was built in @epoch be issued now? */
static __always_inline enum ata_split_verdict
ata_split_recheck(const struct ata_split_port *sp, struct ata_port *ap,
		  const struct scsi_cmnd *cmd, u32 epoch)
	__in_startio
{
	const struct ata_device *dev = &ap->link.device[0];

	/* Error handling may have started and finished during the build. */
	if (unlikely(sp->eh_epoch != epoch) &&
	    !ata_split_fault(ATA_SPLIT_FAULT_SKIP_EPOCH))
		return ATA_SPLIT_REFUSED_EPOCH;
	if (unlikely(ap->pflags & ATA_SPLIT_PFLAGS_BAD))
		return ATA_SPLIT_REFUSED_EH;
	if (unlikely(sata_pmp_attached(ap) ||
		     ata_split_fault(ATA_SPLIT_FAULT_PRETEND_PMP)))
		return ATA_SPLIT_REFUSED_PMP;
	if (unlikely((dev->class != ATA_DEV_ATA && dev->class != ATA_DEV_ZAC) ||
		     dev->sdev != cmd->device))
		return ATA_SPLIT_REFUSED_DEVICE;
	/* sysfs queue_depth changes this without error handling. */
	if (unlikely(!ata_split_queues(dev->flags)))
		return dev->flags & ATA_SPLIT_DFLAGS_GONE ?
		       ATA_SPLIT_REFUSED_DEVICE : ATA_SPLIT_REFUSED_NCQ;
	if (unlikely(ata_split_must_defer(ap)))
		return ATA_SPLIT_REFUSED_DEFERRED;
	if (unlikely(ata_split_offline(sp)))
		return ATA_SPLIT_REFUSED_OFFLINE;

	return ATA_SPLIT_OK;
}

/* The bookkeeping of libata's ata_qc_issue(), for a queued command. */
static __always_inline void
ata_split_account_issue(struct ata_port *ap, struct ata_queued_cmd *qc)
	__in_startio
{
	struct ata_link *link = &ap->link;
	u32 bit = 1U << qc->tag;

	WARN_ON_ONCE(link->sactive & bit);

	if (!link->sactive)
		ap->nr_active_links++;
	link->sactive |= bit;
	qc->flags |= ATA_QCFLAG_ACTIVE;
	ap->qc_active |= bit;
}

/*
 * May the doorbell for @tags be deferred?  Only if the block layer announced more
 * commands, and the HBA is executing another command of this port.  That command's
 * interrupt rings the deferred doorbell at the latest, so no command is stranded
 * if the announced one does not arrive.
 */
static bool ata_split_may_defer_db(const struct ata_port *ap, u32 tags, bool last)
	__in_startio
{
	if (ata_split_fault(ATA_SPLIT_FAULT_STRAND))
		return true;
	if (likely(last) && !ata_split_fault(ATA_SPLIT_FAULT_NO_LAST))
		return false;
	return ap->link.sactive & ~tags;
}

/* Emit one event for each command that a doorbell covers. */
static noinline void ata_split_trace_doorbell(const struct ata_split_port *sp,
					      u32 tags)
{
	for (; tags; tags &= tags - 1)
		trace_ata_split_doorbell(sp->ap, __ffs(tags));
}

/* Ring the doorbell for @tags; @left remain pending. */
static __always_inline void
ata_split_ring(struct ata_split_port *sp, struct ata_port *ap, u32 tags,
	       u32 left, bool traced)
	__in_startio
{
	sp->db_pending = left;
	if (!ata_split_fault(ATA_SPLIT_FAULT_NO_DOORBELL))
		sp->ring(ap, tags);
	if (traced)
		ata_split_trace_doorbell(sp, tags);
}

/*
 * Issue a command.  Deferred doorbells are rung together with the next one that is
 * not deferred.
 */
static __always_inline void
ata_split_issue(struct ata_split_port *sp, struct ata_port *ap,
		struct ata_queued_cmd *qc, bool last, bool traced)
	__in_startio
{
	u32 tags = sp->db_pending | 1U << qc->tag;

	ata_split_account_issue(ap, qc);
	if (unlikely(ata_split_may_defer_db(ap, tags, last))) {
		sp->db_pending = tags;
		this_cpu_inc(sp->counters->db_deferred);
	} else {
		ata_split_ring(sp, ap, tags, 0, traced);
	}
}

/**
 * __ata_split_flush - ring the deferred doorbells
 * @sp: port, with at least one deferred doorbell
 *
 * On a frozen port all of them are left to error handling.  A command that error
 * handling owns must not be issued.
 *
 * Context: StartIo or completion.  Caller holds ap->lock.
 */
void __ata_split_flush(struct ata_split_port *sp)
{
	struct ata_port *ap = sp->ap;
	u32 left = sp->db_pending;
	u32 tags = 0;

	lockdep_assert_held(ap->lock);

	if (ap->pflags & ATA_PFLAG_FROZEN)
		return;

	while (left) {
		unsigned int tag = __ffs(left);

		left &= left - 1;
		if (!(ap->qcmd[tag].flags & ATA_SPLIT_QCFLAG_EH) ||
		    ata_split_fault(ATA_SPLIT_FAULT_RING_STALE))
			tags |= 1U << tag;
	}
	if (tags)
		ata_split_ring(sp, ap, tags, sp->db_pending & ~tags,
			       trace_ata_split_doorbell_enabled());
}

/**
 * ata_split_commit - no more commands follow: ring the deferred doorbells
 * @sp: port
 *
 * db_pending is first read without the lock.  A stale value can only concern
 * another CPU's commands, which that CPU commits itself.
 *
 * Context: StartIo.  Takes ap->lock, interrupts off, if a doorbell is deferred.
 */
void ata_split_commit(struct ata_split_port *sp)
{
	/* Only a hint: __ata_split_flush() reads it again under the lock. */
	u32 pending = context_unsafe(ata_split_peek(sp->db_pending));

	lockdep_assert_irqs_enabled();

	if (likely(!pending) || ata_split_fault(ATA_SPLIT_FAULT_NO_LAST))
		return;

	spin_lock_irq(sp->ap->lock);
	__acquire(ata_split_startio);
	ata_split_flush(sp);
	ata_split_fault_check(sp);
	__release(ata_split_startio);
	spin_unlock_irq(sp->ap->lock);
}

/**
 * ata_split_commit_rqs - ->commit_rqs: no request of the batch was marked as last
 * @shost: SCSI host of the port
 * @hwq: the only hardware queue
 *
 * Context: StartIo.  Takes ap->lock, interrupts off, if a doorbell is deferred.
 */
void ata_split_commit_rqs(struct Scsi_Host *shost, u16 hwq)
{
	struct ata_split_port *sp = to_ata_split_port(ata_shost_to_port(shost));

	if (sp)
		ata_split_commit(sp);
}
EXPORT_SYMBOL_GPL(ata_split_commit_rqs);

/*
 * Compiled twice, with and without tracing.  A single function that tests
 * ata_split_tracing() would execute five more instructions under the lock for
 * every command.
 */
static __always_inline enum ata_split_verdict
__ata_split_start(struct ata_split_port *sp, struct ata_queued_cmd *qc,
		  const struct scsi_cmnd *cmd, u32 epoch, bool traced)
{
	bool last = cmd->flags & SCMD_LAST;
	struct ata_port *ap = sp->ap;
	enum ata_split_verdict verdict;
	u64 ns = 0;

	lockdep_assert_irqs_enabled();

	if (traced)
		trace_ata_split_start(ap, qc->tag);
	spin_lock_irq(ap->lock);
	__acquire(ata_split_startio);
	if (traced)
		ns = local_clock();
	verdict = ata_split_recheck(sp, ap, cmd, epoch);
	if (likely(verdict == ATA_SPLIT_OK)) {
		ata_split_fault_fresh(sp, epoch);
		ata_split_issue(sp, ap, qc, last, traced);
		ata_split_fault_check(sp);
	}
	if (traced)
		ns = local_clock() - ns;
	__release(ata_split_startio);
	spin_unlock_irq(ap->lock);
	if (traced)
		ata_split_trace_hold(sp, ATA_SPLIT_TIME_SUBMIT, ns);

	return verdict;
}

/**
 * ata_split_start - issue a built command if it is still valid
 * @sp: port
 * @qc: built command
 * @cmd: its SCSI command
 * @epoch: @sp->eh_epoch as it was before the build
 *
 * Once this has returned ATA_SPLIT_OK the command may already be complete and
 * its memory reused: the caller must not access @qc or @cmd.
 *
 * Context: StartIo, contract clauses C10, C11 and C13.  Takes ap->lock,
 * interrupts off.
 *
 * Return: ATA_SPLIT_OK, or the reason for the refusal; the command is unchanged
 * then, and the caller must call ata_split_unbuild().
 */
enum ata_split_verdict ata_split_start(struct ata_split_port *sp,
				       struct ata_queued_cmd *qc,
				       const struct scsi_cmnd *cmd, u32 epoch)
{
	return __ata_split_start(sp, qc, cmd, epoch, false);
}

/**
 * ata_split_start_traced - ata_split_start() with trace events and times
 * @sp: port
 * @qc: built command
 * @cmd: its SCSI command
 * @epoch: @sp->eh_epoch as it was before the build
 *
 * Context: StartIo.  Takes ap->lock, interrupts off.
 *
 * Return: as ata_split_start().
 */
enum ata_split_verdict ata_split_start_traced(struct ata_split_port *sp,
					      struct ata_queued_cmd *qc,
					      const struct scsi_cmnd *cmd,
					      u32 epoch)
{
	return __ata_split_start(sp, qc, cmd, epoch, true);
}

/**
 * ata_split_end_eh - LLD's ->end_eh: invalidate builds from before this pass
 * @ap: port whose error handling ends
 *
 * Context: EH.  Caller holds ap->lock.
 */
void ata_split_end_eh(struct ata_port *ap)
	__in_startio
{
	struct ata_split_port *sp = to_ata_split_port(ap);

	lockdep_assert_held(ap->lock);

	/* Pairs with the acquire in ata_split_queuecmd(). */
	smp_store_release(&sp->eh_epoch, sp->eh_epoch + 1);
	ata_std_end_eh(ap);
	ata_split_report(sp);
}
EXPORT_SYMBOL_GPL(ata_split_end_eh);
