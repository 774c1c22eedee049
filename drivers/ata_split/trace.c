// SPDX-License-Identifier: GPL-2.0
/*
 * Looking on: trace events and measured times.
 *
 * While nobody looks, one static key keeps all of it out of the way: it costs a
 * no-op at each of four places, one of them under ap->lock (in the interrupt
 * handler).  It is on while a trace event of the ordinary way is enabled or the
 * parameter measure is set.
 */

#include <linux/module.h>
#include <linux/sched/clock.h>
#include "split.h"

#define CREATE_TRACE_POINTS
#include <trace/events/ata_split.h>

DEFINE_STATIC_KEY_FALSE(ata_split_looking);

/**
 * ata_split_look - somebody enables a trace event
 *
 * Return: 0.
 */
int ata_split_look(void)
{
	static_branch_inc(&ata_split_looking);
	return 0;
}

/**
 * ata_split_look_away - nobody has that trace event enabled any more
 */
void ata_split_look_away(void)
{
	static_branch_dec(&ata_split_looking);
}

static bool ata_split_measure;

static int ata_split_measure_set(const char *val, const struct kernel_param *kp)
{
	bool was = ata_split_measure;
	int rc;

	/* The kernel's lock of parameters is held, so nobody else is here. */
	rc = param_set_bool(val, kp);
	if (rc || was == ata_split_measure)
		return rc;
	if (ata_split_measure)
		static_branch_inc(&ata_split_looking);
	else
		static_branch_dec(&ata_split_looking);
	return 0;
}

static const struct kernel_param_ops ata_split_measure_ops = {
	.set	= ata_split_measure_set,
	.get	= param_get_bool,
};

module_param_cb(measure, &ata_split_measure_ops, &ata_split_measure, 0644);
MODULE_PARM_DESC(measure,
		 "Keep the longest build and the longest holds of the port lock in the counters of each port (default: N); may be changed at any time");

/* This CPU's share may be written on another one: it was preempted. */
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
 * ata_split_build_seen - ata_split_build() while somebody looks
 * @sp: port
 * @qc: the ata_queued_cmd of the request's tag
 * @cmd: command
 *
 * Context: BuildIo.  Takes no lock.
 *
 * Return: as ata_split_build().
 */
enum ata_split_count ata_split_build_seen(const struct ata_split_port *sp,
					  struct ata_queued_cmd *qc,
					  struct scsi_cmnd *cmd)
{
	unsigned int tag = scsi_cmd_to_rq(cmd)->tag;
	enum ata_split_count verdict;
	struct ata_split_rw rw;
	u64 ns;

	/* The build asks again: what is no build is not to look like one. */
	verdict = ata_split_eligible(sp->ap, cmd, &rw);
	if (verdict != ATA_SPLIT_BUILT)
		return verdict;

	trace_ata_split_build_begin(sp->ap, tag, rw.lba, rw.n_block,
				    rw.tf_flags);
	ns = local_clock();
	verdict = ata_split_build(sp, qc, cmd);
	ns = local_clock() - ns;
	ata_split_longest(sp, ATA_SPLIT_TIME_BUILD, ns);
	trace_ata_split_build_end(sp->ap, tag, verdict,
				  verdict == ATA_SPLIT_BUILT ? qc->n_elem : 0,
				  ns);
	return verdict;
}

/**
 * ata_split_held - the lock was held for so long
 * @sp: port
 * @what: by whom
 * @ns: nanoseconds
 *
 * Context: ap->lock is not held.
 */
void ata_split_held(const struct ata_split_port *sp, enum ata_split_time what,
		    u64 ns)
{
	ata_split_longest(sp, what, ns);
	trace_ata_split_hold(sp->ap, what == ATA_SPLIT_TIME_INTERRUPT, ns);
}

/**
 * ata_split_ended - count, show and remember a command's end out of the ordinary
 * @sp: port
 * @cmd: command, before its scsi_done()
 * @how: counter
 *
 * Context: Completion or EH.  Caller holds ap->lock.
 */
void ata_split_ended(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		     enum ata_split_count how)
{
	ata_split_count(sp, how);
	trace_ata_split_complete(sp->ap, scsi_cmd_to_rq(cmd)->tag, how,
				 cmd->result);
	ata_split_record(sp, cmd, how);
}

/**
 * ata_split_refuse - count, show and remember why the core gets a command
 * @sp: port
 * @cmd: command
 * @why: counter
 *
 * Context: BuildIo.  Takes no lock.
 */
void ata_split_refuse(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		      enum ata_split_count why)
{
	ata_split_count(sp, why);
	trace_ata_split_refuse(sp->ap, scsi_cmd_to_rq(cmd)->tag, cmd->cmnd[0],
			       why);
	ata_split_record(sp, cmd, why);
}
