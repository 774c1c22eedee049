// SPDX-License-Identifier: GPL-2.0
/*
 * StartIo: what needs the port to stand still.
 *
 * Runs under ap->lock with interrupts off, so against the interrupt handler
 * and error handling.  A build may be as old as its CPU was slow: check all
 * that error handling or sysfs could have changed meanwhile, then do libata's
 * bookkeeping and ring, in one critical section.  AHCI completes by bitmap
 * difference, so a tag in ap->qc_active whose doorbell has not been rung looks
 * finished to an interrupt.
 */

#include <linux/lockdep.h>
#include <linux/pci.h>
#include "split.h"

/* libata's ata_adapter_is_online() */
static bool ata_split_offline(const struct ata_split_port *sp)
{
	return sp->pdev && pci_channel_offline(sp->pdev);
}

/*
 * libata's qc_defer functions, for a queued command on the host link of a port
 * without port multiplier: not while another command is in flight.
 */
static bool ata_split_defer(const struct ata_link *link)
	__in_startio
{
	return ata_tag_valid(link->active_tag) || ata_split_deferred_qc(link);
}

/*
 * May a command that was built in @epoch go out now?  Return
 * ATA_SPLIT_STARTED, or how the refusal is counted.
 */
static enum ata_split_count
ata_split_recheck(const struct ata_split_port *sp, struct ata_queued_cmd *qc,
		  u32 epoch)
	__in_startio
{
	struct ata_port *ap = sp->ap;
	const struct ata_device *dev = qc->dev;
	unsigned long dev_flags = dev->flags;

	/* A whole pass of error handling fits into one build. */
	if (unlikely(sp->eh_epoch != epoch) &&
	    !ata_split_fault(ATA_SPLIT_FAULT_SKIP_EPOCH))
		return ATA_SPLIT_REFUSED_EPOCH;
	if (unlikely(ap->pflags & ATA_SPLIT_PFLAGS_BAD))
		return ATA_SPLIT_REFUSED_EH;
	if (unlikely(sata_pmp_attached(ap) ||
		     ata_split_fault(ATA_SPLIT_FAULT_PRETEND_PMP)))
		return ATA_SPLIT_REFUSED_PMP;
	if (unlikely((dev->class != ATA_DEV_ATA && dev->class != ATA_DEV_ZAC) ||
		     dev->sdev != qc->scsicmd->device ||
		     dev_flags & ATA_SPLIT_DFLAGS_GONE))
		return ATA_SPLIT_REFUSED_DEVICE;
	/* sysfs queue_depth changes this without error handling. */
	if (unlikely((dev_flags & ATA_SPLIT_DFLAGS_NCQ) != ATA_DFLAG_NCQ))
		return ATA_SPLIT_REFUSED_NCQ;
	if (unlikely(ata_split_defer(&ap->link)))
		return ATA_SPLIT_REFUSED_DEFERRED;
	if (unlikely(ata_split_offline(sp) ||
		     ata_split_fault(ATA_SPLIT_FAULT_PRETEND_OFFLINE)))
		return ATA_SPLIT_REFUSED_OFFLINE;

	return ATA_SPLIT_STARTED;
}

/* The bookkeeping of libata's ata_qc_issue() for NCQ, then the doorbell. */
static void ata_split_issue(const struct ata_split_port *sp,
			    struct ata_queued_cmd *qc)
	__in_startio
{
	struct ata_port *ap = sp->ap;
	struct ata_link *link = &ap->link;
	u32 bit = 1U << qc->tag;

	WARN_ON_ONCE(link->sactive & bit);

	if (!link->sactive)
		ap->nr_active_links++;
	link->sactive |= bit;
	qc->flags |= ATA_QCFLAG_ACTIVE;
	ap->qc_active |= bit;

	if (!ata_split_fault(ATA_SPLIT_FAULT_NO_DOORBELL))
		sp->issue(qc);
}

/**
 * ata_split_start - issue a built command if the port still wants it
 * @sp: port
 * @qc: built command
 * @epoch: @sp->eh_epoch as it was before the build
 *
 * Once this returned ATA_SPLIT_STARTED the command may already be complete and
 * its memory in other use: neither @qc nor its scsi_cmnd may be touched.
 *
 * CONTEXT: StartIo, contract clauses C10, C11 and C13.
 * LOCKING: takes ap->lock, interrupts off.
 *
 * Return: ATA_SPLIT_STARTED, or the reason for the refusal; then the command
 * is as it was built and ata_split_unbuild() is due.
 */
enum ata_split_count ata_split_start(struct ata_split_port *sp,
				     struct ata_queued_cmd *qc, u32 epoch)
{
	struct ata_port *ap = sp->ap;
	enum ata_split_count verdict;
	unsigned long flags;

	spin_lock_irqsave(ap->lock, flags);
	__acquire(ata_split_startio);
	verdict = ata_split_recheck(sp, qc, epoch);
	if (likely(verdict == ATA_SPLIT_STARTED)) {
		ata_split_fault_fresh(sp, epoch);
		ata_split_issue(sp, qc);
		ata_split_fault_books(sp);
	}
	__release(ata_split_startio);
	spin_unlock_irqrestore(ap->lock, flags);

	return verdict;
}

/**
 * ata_split_end_eh - LLD's ->end_eh: builds from before this pass are void
 * @ap: port whose error handling ends
 *
 * CONTEXT: EH.
 * LOCKING: ap->lock.
 */
void ata_split_end_eh(struct ata_port *ap)
	__in_startio
{
	struct ata_split_port *sp = ata_split_port(ap);

	lockdep_assert_held(ap->lock);

	/* Pairs with the acquire in ata_split_queuecmd(). */
	smp_store_release(&sp->eh_epoch, sp->eh_epoch + 1);
	ata_std_end_eh(ap);
}
EXPORT_SYMBOL_GPL(ata_split_end_eh);
