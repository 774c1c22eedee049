// SPDX-License-Identifier: GPL-2.0
/*
 * Completion: find out under ap->lock which commands are done, unmap and finish
 * them without it.
 *
 * ata_split_complete_multiple() retires commands that succeeded and have nothing
 * else to report: it removes them from libata's bookkeeping and adds them to the
 * batch, which ata_split_complete_end() unmaps and passes to scsi_done() once
 * the lock is dropped.
 *
 * All others complete as libata's commands do: ->complete_fn() and then
 * ->scsidone() are called under ap->lock.  Both are functions of the split.
 * ata_split_done() adds a command to the batch as well.  Error handling replaces
 * ->scsidone of a command that it owns; such a command is unmapped at once.
 *
 * Mirrors functions that finish each command under the lock in libata:
 * ata_qc_complete_multiple(), ata_qc_complete(), __ata_qc_complete(),
 * ata_qc_free().  selftests/host/drift.sh detects changes to them.
 */

#include <linux/leds.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include "record.h"
#include <trace/events/ata_split.h>

/*
 * libata's ata_scsi_qc_complete(), which is static.  It is the same for all READs
 * and WRITEs to ATA disks, and constant, because libata cannot be unloaded while
 * we use its symbols.  Written under a port's lock, possibly by several ports but
 * always with the same value; read without a lock.  NULL until the first such
 * command on the core path, or if the split is off.
 */
ata_qc_cb_t ata_split_core_complete __read_mostly;

/**
 * ata_split_learn - learn libata's completion function from a command
 * @qc: command that ->qc_issue() is issuing
 *
 * libata's completion of SCSI commands generates sense data and issues deferred
 * commands, so the split's commands must call it, too.  It is taken from a READ
 * or WRITE to a disk on the core path.  Commands to ATAPI devices and internal
 * commands have other completion functions.
 *
 * Context: StartIo.  Caller holds ap->lock.
 */
void ata_split_learn(struct ata_queued_cmd *qc)
{
	lockdep_assert_held(qc->ap->lock);

	if (likely(READ_ONCE(ata_split_core_complete)) || !ata_split_on())
		return;
	if (!qc->scsicmd || ata_tag_internal(qc->tag) ||
	    ata_is_atapi(qc->tf.protocol))
		return;

	switch (qc->scsicmd->cmnd[0]) {
	case READ_10:
	case READ_16:
	case WRITE_10:
	case WRITE_16:
		WRITE_ONCE(ata_split_core_complete, qc->complete_fn);
		break;
	}
}
EXPORT_SYMBOL_GPL(ata_split_learn);

/**
 * ata_split_complete - ->complete_fn of the split's commands
 * @qc: command that is done, successfully or not
 *
 * Context: Completion or EH.  Caller holds ap->lock.
 */
void ata_split_complete(struct ata_queued_cmd *qc)
	__in_startio
{
	struct ata_split_port *sp = to_ata_split_port(qc->ap);

	lockdep_assert_held(qc->ap->lock);

	/* EH may complete a command whose doorbell was never rung. */
	sp->db_pending &= ~(1U << qc->tag);

	if (unlikely(qc->scsidone != ata_split_done)) {
		/* Owned by error handling; the midlayer retries or finishes it later. */
		ata_split_unmap(qc->ap, qc->scsicmd);
		ata_split_account_end(sp, qc->scsicmd, ATA_SPLIT_DONE_EH);
	}
	READ_ONCE(ata_split_core_complete)(qc);
}

/**
 * ata_split_done - ->scsidone of the split's commands
 * @cmd: command that libata has completed; its qc is already free
 *
 * The request keeps its tag until scsi_done(), so no other command is built in
 * its qc before that.
 *
 * Context: Completion.  Caller holds ap->lock.
 */
void ata_split_done(struct scsi_cmnd *cmd)
	__in_startio
{
	struct ata_port *ap = ata_shost_to_port(cmd->device->host);
	struct ata_split_port *sp = to_ata_split_port(ap);
	struct ata_split_batch *batch = sp->batch;

	lockdep_assert_held(ap->lock);

	/*
	 * A timeout that has claimed the command passes it to error handling,
	 * which may finish and free it as soon as we drop the lock: unmap now.
	 * If the timeout claims it later, error handling cannot finish it before
	 * ata_split_complete_end() leaves its RCU section, because
	 * scsi_eh_scmd_add() waits for a grace period.
	 */
	if (unlikely(test_bit(SCMD_STATE_COMPLETE, &cmd->state))) {
		ata_split_unmap(ap, cmd);
		ata_split_account_end(sp, cmd, ATA_SPLIT_DONE_TIMEDOUT);
		return;
	}

	if (unlikely(!batch)) {
		ata_split_unmap(ap, cmd);
		ata_split_account_end(sp, cmd, ATA_SPLIT_DONE_LOCKED);
		scsi_done(cmd);
		return;
	}

	batch->cmd[batch->nr++] = cmd;
}

/**
 * ata_split_complete_begin - lock a port to complete commands
 * @sp: port
 * @batch: batch to collect them in, on the caller's stack
 *
 * Context: Completion, in the interrupt handler.  Takes ap->lock and enters an
 * RCU read-side section.
 */
void ata_split_complete_begin(struct ata_split_port *sp,
			      struct ata_split_batch *batch)
	__acquires_shared(RCU) __acquires(sp->ap->lock) __enters_startio
{
	batch->nr = 0;
	batch->since = 0;
	rcu_read_lock();
	spin_lock(sp->ap->lock);
	__acquire(ata_split_startio);
	sp->batch = batch;
	if (ata_split_tracing())
		batch->since = local_clock();
}
EXPORT_SYMBOL_GPL(ata_split_complete_begin);

/*
 * May this command be retired?  Only if it is the split's, in flight, successful,
 * not owned by error handling and not claimed by a timeout, and its caller does
 * not want the result taskfile.
 */
static bool ata_split_qc_retirable(const struct ata_queued_cmd *qc)
{
	return qc->scsidone == ata_split_done &&
	       (qc->flags & ~ATA_QCFLAG_QUIET) ==
			(ATA_QCFLAG_IO | ATA_QCFLAG_ACTIVE) &&
	       !qc->err_mask &&
	       !test_bit(SCMD_STATE_COMPLETE, &qc->scsicmd->state);
}

/* May commands of this port be retired without libata's completion functions? */
static bool ata_split_port_retires(const struct ata_split_port *sp)
	__in_startio
{
	struct ata_port *ap = sp->ap;

	return !(ap->pflags & ATA_SPLIT_PFLAGS_BAD) &&
	       !sata_pmp_attached(ap) && !ata_split_deferred_qc(ap) &&
	       !(ap->link.device[0].flags & ATA_DFLAG_DUBIOUS_XFER);
}

/*
 * Remove commands from libata's bookkeeping, as ata_qc_complete(),
 * __ata_qc_complete() and ata_qc_free() do for a queued command for which
 * ata_split_qc_retirable() and ata_split_port_retires() are true.
 */
static void ata_split_retire(struct ata_split_port *sp, u32 done)
	__in_startio
{
	struct ata_port *ap = sp->ap;
	struct ata_link *link = &ap->link;
	struct ata_split_batch *batch = sp->batch;
	unsigned int nr = batch->nr;
	u32 retired = 0;

	while (done) {
		unsigned int tag = __ffs(done);
		struct ata_queued_cmd *qc = &ap->qcmd[tag];

		done &= done - 1;
		if (unlikely(!ata_split_qc_retirable(qc)))
			continue;
		retired |= 1U << tag;
		qc->flags = 0;
		qc->tag = ATA_TAG_POISON;
		batch->cmd[nr++] = qc->scsicmd;
	}
	batch->nr = nr;

	ap->qc_active &= ~(u64)retired;
	link->sactive &= ~retired;
	if (retired && !link->sactive &&
	    !ata_split_fault(ATA_SPLIT_FAULT_MISCOUNT))
		ap->nr_active_links--;
}

/**
 * ata_split_complete_multiple - complete queued commands that are no longer active
 * @sp: port, with queued commands in flight
 * @active: tags that the HBA still has in flight
 *
 * As libata's ata_qc_complete_multiple(), which completes those that cannot be
 * retired here.
 *
 * Context: Completion, after ata_split_complete_begin().  Caller holds
 * ap->lock.
 *
 * Return: 0, or -EINVAL if @active names a tag that is not in flight.
 */
int ata_split_complete_multiple(struct ata_split_port *sp, u32 active)
	__in_startio
{
	struct ata_port *ap = sp->ap;
	u32 sactive = ap->link.sactive;

	lockdep_assert_held(ap->lock);

	/* In flight for libata, but the HBA has not been told of them yet. */
	if (!ata_split_fault(ATA_SPLIT_FAULT_PHANTOM))
		active |= sp->db_pending;

	if (likely(!(active & ~sactive) && ata_split_port_retires(sp)))
		ata_split_retire(sp, sactive & ~active);
	if (likely(ap->qc_active == active))
		return 0;

	return min(ata_qc_complete_multiple(ap, active), 0);
}
EXPORT_SYMBOL_GPL(ata_split_complete_multiple);

/*
 * Trigger the disk activity LED, as libata's ata_qc_complete(), but at most once
 * per jiffy and direction: a blink lasts 60 ms and is not restarted before it ends.
 */
static void ata_split_trigger_led(struct ata_split_port *sp,
				  unsigned int directions)
{
	unsigned long now = jiffies;

	/* Each direction is a separate bit. */
	BUILD_BUG_ON(DMA_TO_DEVICE != 1 || DMA_FROM_DEVICE != 2);
	if (directions & DMA_FROM_DEVICE && sp->led_jiffies[READ] != now) {
		sp->led_jiffies[READ] = now;
		ledtrig_disk_activity(false);
	}
	if (directions & DMA_TO_DEVICE && sp->led_jiffies[WRITE] != now) {
		sp->led_jiffies[WRITE] = now;
		ledtrig_disk_activity(true);
	}
}

/* Compiled twice, see __ata_split_start(). */
static __always_inline void
__ata_split_finish(struct ata_split_port *sp,
		   const struct ata_split_batch *batch, bool traced)
{
	struct ata_split_recorder *rec = sp->recorder;
	unsigned int nr = batch->nr;
	unsigned int at = atomic_fetch_add(nr, &rec->next);
	unsigned int i, directions = 0;

	for (i = 0; i < nr; i++) {
		struct scsi_cmnd *cmd = batch->cmd[i];
		unsigned int tag = scsi_cmd_to_rq(cmd)->tag;

		if (traced)
			trace_ata_split_complete(sp->ap, tag,
						 ATA_SPLIT_DONE_DEFERRED,
						 cmd->result);
		ata_split_record_at(rec, at + i, cmd, ATA_SPLIT_OK,
				    ATA_SPLIT_DONE_DEFERRED);
		directions |= cmd->sc_data_direction;
		ata_split_unmap(sp->ap, cmd);
		scsi_done(cmd);
		if (traced)
			trace_ata_split_done(sp->ap, tag);
	}
	ata_split_trigger_led(sp, directions);
}

static noinline void ata_split_finish_traced(struct ata_split_port *sp,
					     const struct ata_split_batch *batch)
{
	u64 now = local_clock();

	/* Tracing may have been enabled after the lock was taken. */
	if (batch->since)
		ata_split_trace_hold(sp, ATA_SPLIT_TIME_INTERRUPT,
				     now - batch->since);
	__ata_split_finish(sp, batch, true);
}

/*
 * Unmap and finish a batch.  Not inlined, because ata_split_complete_end() would
 * save registers for it under the lock.
 */
static noinline void ata_split_finish(struct ata_split_port *sp,
				      const struct ata_split_batch *batch)
	__releases_shared(RCU)
{
	/* Before scsi_done(), after which a waiter may read the counters. */
	if (batch->nr) {
		this_cpu_add(sp->counters->done[ATA_SPLIT_DONE_DEFERRED],
			     batch->nr);
		this_cpu_inc(sp->counters->batch[__fls(batch->nr)]);
	}
	ata_split_fault_done_begin(sp);
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(),
			 "deferred scsi_done() outside an RCU section");
	if (ata_split_tracing())
		ata_split_finish_traced(sp, batch);
	else
		__ata_split_finish(sp, batch, false);
	ata_split_fault_done_end();
	rcu_read_unlock();
}

/**
 * ata_split_complete_end - unlock the port, then unmap and finish the batch
 * @sp: port
 * @batch: as given to ata_split_complete_begin()
 *
 * Each command is unmapped before its scsi_done(), because unmapping copies
 * bounced data to the buffer.  Neither may be deferred beyond the end of this
 * function, see ata_split_done().
 *
 * Context: Completion, in the interrupt handler; contract clause C17.  Drops
 * ap->lock, and leaves the RCU read-side section after the last scsi_done().
 */
void ata_split_complete_end(struct ata_split_port *sp,
			    struct ata_split_batch *batch)
	__leaves_startio __releases(sp->ap->lock) __releases_shared(RCU)
{
	lockdep_assert_held(sp->ap->lock);
	ata_split_flush(sp);
	ata_split_fault_check(sp);
	sp->batch = NULL;
	__release(ata_split_startio);
	spin_unlock(sp->ap->lock);

	ata_split_finish(sp, batch);
}
EXPORT_SYMBOL_GPL(ata_split_complete_end);
