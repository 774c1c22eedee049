// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events and measured times.
 *
 * One static key, ata_split_tracing(), guards all of it.  It is enabled while an
 * event that every command emits is enabled, or the parameter measure is set.
 * While disabled it costs a no-op in four places, one of them under ap->lock (in
 * the interrupt handler).
 */

#include <linux/module.h>
#include <linux/sched/clock.h>
#include "split.h"

#define CREATE_TRACE_POINTS
#include <trace/events/ata_split.h>

DEFINE_STATIC_KEY_FALSE(ata_split_tracing_key);

/**
 * ata_split_trace_reg - a trace event is being enabled
 *
 * Return: 0.
 */
int ata_split_trace_reg(void)
{
	static_branch_inc(&ata_split_tracing_key);
	return 0;
}

/**
 * ata_split_trace_unreg - a trace event is being disabled
 */
void ata_split_trace_unreg(void)
{
	static_branch_dec(&ata_split_tracing_key);
}

static bool ata_split_measure;

static int ata_split_measure_set(const char *val, const struct kernel_param *kp)
{
	bool was = ata_split_measure;
	int rc;

	/* Serialized by kernel_param_lock(). */
	rc = param_set_bool(val, kp);
	if (rc || was == ata_split_measure)
		return rc;
	if (ata_split_measure)
		static_branch_inc(&ata_split_tracing_key);
	else
		static_branch_dec(&ata_split_tracing_key);
	return 0;
}

static const struct kernel_param_ops ata_split_measure_ops = {
	.set	= ata_split_measure_set,
	.get	= param_get_bool,
};

module_param_cb(measure, &ata_split_measure_ops, &ata_split_measure, 0644);
MODULE_PARM_DESC(measure,
		 "Keep the longest build and the longest holds of the port lock in the counters of each port (default: N); may be changed at any time");

static void ata_split_longest(const struct ata_split_port *sp,
			      enum ata_split_time what, u64 ns)
{
	u64 *longest;

	if (!ata_split_peek(ata_split_measure))
		return;
	longest = &get_cpu_ptr(sp->counters)->longest[what];
	if (ns > ata_split_peek(*longest))
		WRITE_ONCE(*longest, ns);
	put_cpu_ptr(sp->counters);
}

/**
 * ata_split_build_traced - ata_split_build() with trace events and times
 * @sp: port
 * @qc: the ata_queued_cmd of the request's tag
 * @cmd: command
 *
 * Context: BuildIo.  Takes no lock.
 *
 * Return: as ata_split_build().
 */
enum ata_split_verdict ata_split_build_traced(const struct ata_split_port *sp,
					      struct ata_queued_cmd *qc,
					      struct scsi_cmnd *cmd)
{
	unsigned int tag = scsi_cmd_to_rq(cmd)->tag;
	enum ata_split_verdict verdict;
	struct ata_split_rw rw;
	u64 ns;

	/* No build events for a command that the split does not take. */
	verdict = ata_split_eligible(sp->ap, cmd, &rw);
	if (verdict != ATA_SPLIT_OK)
		return verdict;

	trace_ata_split_build_begin(sp->ap, tag, rw.lba, rw.n_block,
				    rw.tf_flags);
	ns = local_clock();
	verdict = ata_split_build(sp, qc, cmd);
	ns = local_clock() - ns;
	ata_split_longest(sp, ATA_SPLIT_TIME_BUILD, ns);
	trace_ata_split_build_end(sp->ap, tag, verdict,
				  verdict == ATA_SPLIT_OK ? qc->n_elem : 0,
				  ns);
	return verdict;
}

/**
 * ata_split_trace_hold - account how long the port lock was held
 * @sp: port
 * @what: which hold, StartIo's or the interrupt handler's
 * @ns: nanoseconds
 *
 * Context: StartIo or completion, after ap->lock was dropped.
 */
void ata_split_trace_hold(const struct ata_split_port *sp,
			  enum ata_split_time what, u64 ns)
{
	ata_split_longest(sp, what, ns);
	trace_ata_split_hold(sp->ap, what == ATA_SPLIT_TIME_INTERRUPT, ns);
}

/**
 * ata_split_account_end - count, trace and record a command that was not deferred
 * @sp: port
 * @cmd: command, before its scsi_done()
 * @end: how it ended
 *
 * Context: Completion or EH.  Caller holds ap->lock.
 */
void ata_split_account_end(const struct ata_split_port *sp,
			   struct scsi_cmnd *cmd, enum ata_split_end end)
{
	this_cpu_inc(sp->counters->done[end]);
	trace_ata_split_complete(sp->ap, scsi_cmd_to_rq(cmd)->tag, end,
				 cmd->result);
	ata_split_record(sp, cmd, ATA_SPLIT_OK, end);
}

/**
 * ata_split_account_refusal - count, trace and record a command not taken
 * @sp: port
 * @cmd: command
 * @why: reason
 *
 * Context: BuildIo.  Takes no lock.
 */
void ata_split_account_refusal(const struct ata_split_port *sp,
			       struct scsi_cmnd *cmd,
			       enum ata_split_verdict why)
{
	this_cpu_inc(sp->counters->refused[why]);
	trace_ata_split_refuse(sp->ap, scsi_cmd_to_rq(cmd)->tag, cmd->cmnd[0],
			       why);
	ata_split_record(sp, cmd, why, ATA_SPLIT_NOT_DONE);
}
