// SPDX-License-Identifier: GPL-2.0
/*
 * A flight recorder for each port: its last commands, what is in flight, and the
 * registers at the last errors.  debugfs shows it as ata_split/ata<N>/commands.
 * An extract is printed to the kernel log after error handling that had commands
 * to recover.
 *
 * It is always on, because the first occurrence of an error matters most.  So it
 * must be cheap: a command that simply succeeds is not recorded under ap->lock, and
 * no clock is read for a command.  The midlayer has the time when it was allocated,
 * and jiffies give the time when it ended.
 *
 * All times are printed by the kernel log's clock, local_clock().
 */

#include <linux/debugfs.h>
#include <linux/devm-helpers.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include "record.h"
#include <trace/events/ata_split.h>

#define EM(value, name) \
	[value] = name,
#define EMe(value, name) \
	[value] = name

const char * const ata_split_verdict_names[ATA_SPLIT_NR_VERDICTS] = {
	ATA_SPLIT_VERDICT_NAMES
};

const char * const ata_split_end_names[ATA_SPLIT_NR_ENDS] = {
	ATA_SPLIT_END_NAMES
};

#undef EM
#undef EMe

/* Without the prefix, such as "ata1: ". */
#define LINE_SIZE		224

/* At most one report a minute for each port, each shorter than a screen. */
#define REPORT_INTERVAL		(60 * HZ)
#define REPORT_RECORDS		8
#define REPORT_FLYING		8

/**
 * ata_split_record - record a command that was not completed in a batch
 * @sp: port
 * @cmd: command, before it is passed to libata or before its scsi_done()
 * @verdict: why the split did not take it, or ATA_SPLIT_OK
 * @end: how it ended, if the split took it
 *
 * Context: Any context.  Takes no lock.
 */
void ata_split_record(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		      enum ata_split_verdict verdict, enum ata_split_end end)
{
	struct ata_split_recorder *rec = sp->recorder;

	ata_split_record_at(rec, atomic_fetch_inc(&rec->next), cmd, verdict,
			    end);
}

/**
 * ata_split_note - record the registers of a port at an error
 * @sp: port
 * @fmt: its registers, on one line
 *
 * The last two notes are kept: usually those of the error interrupt, if there was
 * one, and of the start of error handling.
 *
 * Context: Completion or EH.  Caller holds ap->lock.
 */
void ata_split_note(struct ata_split_port *sp, const char *fmt, ...)
{
	struct ata_split_recorder *rec = sp->recorder;
	struct ata_split_note *note;
	va_list args;

	lockdep_assert_held(sp->ap->lock);

	note = &rec->note[rec->n_notes++ % ARRAY_SIZE(rec->note)];
	note->at = local_clock();
	va_start(args, fmt);
	vscnprintf(note->text, sizeof(note->text), fmt, args);
	va_end(args);
}
EXPORT_SYMBOL_GPL(ata_split_note);

/* Copy the state of an active command, including the core's and internal ones. */
static void ata_split_copy_flying(struct ata_split_flying *fly,
				  const struct ata_queued_cmd *qc,
				  unsigned int tag, unsigned long qc_flags)
{
	memset(fly, 0, sizeof(*fly));
	fly->tag = tag;
	fly->command = qc->tf.command;
	fly->err_mask = qc->err_mask;
	fly->internal = !qc->scsicmd;
	fly->failed = qc_flags & ATA_SPLIT_QCFLAG_EH;
	if (fly->internal)
		return;
	fly->alloc = qc->scsicmd->jiffies_at_alloc;
	memcpy(fly->cdb, qc->scsicmd->cmnd, sizeof(fly->cdb));
}

static void ata_split_snapshot(const struct ata_split_port *sp,
			       struct ata_split_snapshot *snap)
{
	struct ata_split_recorder *rec = sp->recorder;
	struct ata_port *ap = sp->ap;
	unsigned long flags;
	unsigned int tag;

	snap->n_flying = 0;
	spin_lock_irqsave(ap->lock, flags);
	memcpy(snap->note, rec->note, sizeof(snap->note));
	snap->n_notes = rec->n_notes;
	snap->next = atomic_read(&rec->next);
	for (tag = 0; tag < ARRAY_SIZE(snap->flying); tag++) {
		const struct ata_queued_cmd *qc = &ap->qcmd[tag];
		unsigned long qc_flags = ata_split_peek(qc->flags);

		/* A command that is being built has neither flag. */
		if (qc_flags & (ATA_QCFLAG_ACTIVE | ATA_SPLIT_QCFLAG_EH))
			ata_split_copy_flying(&snap->flying[snap->n_flying++],
					      qc, tag, qc_flags);
	}
	spin_unlock_irqrestore(ap->lock, flags);
}

/* Convert @then from jiffies to the kernel log's clock. */
static u64 log_time(unsigned long then)
{
	u64 now = local_clock(), ago = jiffies_to_nsecs(jiffies - then);

	return now > ago ? now - ago : 0;
}

static int put_time(char *line, u64 ns)
{
	u32 rest;
	u64 s = div_u64_rem(ns, NSEC_PER_SEC, &rest);

	return scnprintf(line, LINE_SIZE, "%5llu.%03lu ", s,
			 rest / NSEC_PER_MSEC);
}

static int put_cdb(char *line, size_t size, const u8 *cdb)
{
	return scnprintf(line, size, "%*ph",
			 min_t(int, COMMAND_SIZE(cdb[0]), ATA_SPLIT_CDB_LEN),
			 cdb);
}

static void format_record(char *line, const struct ata_split_record *r)
{
	int n = put_time(line, log_time(r->alloc));

	n += scnprintf(line + n, LINE_SIZE - n, "tag %2u ", r->tag);
	if (r->end == ATA_SPLIT_NOT_DONE)
		n += scnprintf(line + n, LINE_SIZE - n, "%s ",
			       ata_split_verdict_names[r->verdict]);
	else
		n += scnprintf(line + n, LINE_SIZE - n, "%s 0x%x %u ms ",
			       ata_split_end_names[r->end], r->result,
			       jiffies_to_msecs(r->jiffies - r->alloc));
	put_cdb(line + n, LINE_SIZE - n, (const u8 *)r->cdb);
}

static void format_flying(char *line, const struct ata_split_flying *fly)
{
	int n = put_time(line, fly->internal ? local_clock() :
					       log_time(fly->alloc));

	n += scnprintf(line + n, LINE_SIZE - n, "tag %2u %s 0x%x ", fly->tag,
		       fly->failed ? "failed" : "in_flight", fly->err_mask);
	if (fly->internal) {
		scnprintf(line + n, LINE_SIZE - n, "internal %02x",
			  fly->command);
		return;
	}
	n += scnprintf(line + n, LINE_SIZE - n, "%u ms ",
		       jiffies_to_msecs(jiffies - fly->alloc));
	put_cdb(line + n, LINE_SIZE - n, fly->cdb);
}

static void put_notes(const struct ata_split_snapshot *snap,
		      void (*put)(void *to, const char *line), void *to)
{
	char line[LINE_SIZE];
	unsigned int i;
	int n;

	for (i = 0; i < ARRAY_SIZE(snap->note); i++) {
		const struct ata_split_note *note =
			&snap->note[(snap->n_notes + i) %
				    ARRAY_SIZE(snap->note)];

		if (!note->at)
			continue;
		n = put_time(line, note->at);
		scnprintf(line + n, sizeof(line) - n, "%s", note->text);
		put(to, line);
	}
}

static void put_records(const struct ata_split_recorder *rec,
			const struct ata_split_snapshot *snap,
			unsigned int limit,
			void (*put)(void *to, const char *line), void *to)
{
	char line[LINE_SIZE];
	unsigned int i;

	for (i = snap->next - limit; i != snap->next; i++) {
		struct ata_split_record r;

		/*
		 * It may be overwritten while it is copied.  One line is wrong
		 * then, but the checks below keep it safe to print.
		 */
		data_race(memcpy(&r, &rec->record[i % ATA_SPLIT_N_RECORDS],
				 sizeof(r)));
		if (r.verdict >= ATA_SPLIT_NR_VERDICTS ||
		    r.end >= ATA_SPLIT_NR_ENDS ||
		    (r.verdict == ATA_SPLIT_OK && r.end == ATA_SPLIT_NOT_DONE))
			continue;
		format_record(line, &r);
		put(to, line);
	}
}

/* Print at most @limit of the commands with an error of their own, or without. */
static unsigned int put_flying(const struct ata_split_snapshot *snap,
			       bool errors, unsigned int limit,
			       void (*put)(void *to, const char *line),
			       void *to)
{
	unsigned int i, n = 0;
	char line[LINE_SIZE];

	for (i = 0; i < snap->n_flying && n < limit; i++) {
		if (!snap->flying[i].err_mask == errors)
			continue;
		format_flying(line, &snap->flying[i]);
		put(to, line);
		n++;
	}
	return n;
}

static void put_seq(void *to, const char *line)
{
	seq_printf(to, "%s\n", line);
}

static int commands_show(struct seq_file *m, void *v)
{
	const struct ata_split_port *sp = m->private;
	struct ata_split_recorder *rec = sp->recorder;
	struct ata_split_snapshot *snap = &rec->read;

	mutex_lock(&rec->lock);
	ata_split_snapshot(sp, snap);
	put_notes(snap, put_seq, m);
	put_records(rec, snap, ATA_SPLIT_N_RECORDS, put_seq, m);
	put_flying(snap, true, snap->n_flying, put_seq, m);
	put_flying(snap, false, snap->n_flying, put_seq, m);
	mutex_unlock(&rec->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(commands);

static void put_log(void *to, const char *line)
{
	struct ata_port *ap = to;

	ata_port_info(ap, "%s\n", line);
}

/*
 * Is error handling of this command worth a report?  Not in cases where libata
 * prints one line or nothing: a device rejects a command from user space, or
 * returns sense data, as ATAPI devices do; or a command waits for a sleeping
 * device to wake up.
 */
static bool ata_split_qc_reportable(const struct ata_port *ap,
				    const struct ata_queued_cmd *qc)
{
	const struct ata_eh_info *ehi = &ap->link.eh_context.i;
	unsigned int err_mask = qc->err_mask | ehi->err_mask;

	if (!(ata_split_peek(qc->flags) & ATA_SPLIT_QCFLAG_EH))
		return false;
	if (err_mask & ~AC_ERR_DEV || ehi->serror)
		return true;
	return err_mask && !(qc->flags & ATA_QCFLAG_QUIET) &&
	       !ata_is_atapi(qc->tf.protocol) && qc->scsicmd &&
	       !blk_rq_is_passthrough(scsi_cmd_to_rq(qc->scsicmd));
}

static bool ata_split_reportable(struct ata_port *ap)
{
	bool reportable = false;
	unsigned long flags;
	unsigned int tag;

	spin_lock_irqsave(ap->lock, flags);
	for (tag = 0; tag <= ATA_MAX_QUEUE && !reportable; tag++)
		reportable = ata_split_qc_reportable(ap, &ap->qcmd[tag]);
	spin_unlock_irqrestore(ap->lock, flags);
	return reportable;
}

/**
 * ata_split_begin_eh - take a snapshot of a port at the start of error handling
 * @sp: port
 *
 * If the port has commands to recover from an error, a report is printed to the
 * kernel log once this pass is over, at most once a minute for each port.  debugfs
 * shows all of it at any time.
 *
 * Context: EH, at the start of ->error_handler().  Takes ap->lock.
 */
void ata_split_begin_eh(struct ata_split_port *sp)
{
	struct ata_split_recorder *rec = sp->recorder;

	/* Pairs with the release in ata_split_print_report(). */
	if (smp_load_acquire(&rec->report_due) ||
	    !ata_split_reportable(sp->ap) || !__ratelimit(&rec->ratelimit))
		return;

	ata_split_snapshot(sp, &rec->eh);
	WRITE_ONCE(rec->report_due, true);
}
EXPORT_SYMBOL_GPL(ata_split_begin_eh);

/**
 * ata_split_report - schedule the report of this pass, if there is one
 * @sp: port
 *
 * A slow console must not delay recovery, so a work item prints the report without
 * a lock, when the port is back in operation.
 *
 * Context: EH, at the end.  Caller holds ap->lock.
 */
void ata_split_report(struct ata_split_port *sp)
{
	struct ata_split_recorder *rec = sp->recorder;

	if (READ_ONCE(rec->report_due))
		schedule_work(&rec->report);
}

static void ata_split_print_report(struct work_struct *work)
{
	struct ata_split_recorder *rec =
		container_of(work, struct ata_split_recorder, report);
	const struct ata_split_snapshot *snap = &rec->eh;
	struct ata_port *ap = rec->sp->ap;
	unsigned int n;

	if (!READ_ONCE(rec->report_due))
		return;

	ata_port_info(ap, "registers, last commands and commands in flight when error handling began (log time, tag, how, result, time taken, CDB):\n");
	put_notes(snap, put_log, ap);
	put_records(rec, snap, REPORT_RECORDS, put_log, ap);
	n = put_flying(snap, true, REPORT_FLYING, put_log, ap);
	n += put_flying(snap, false, REPORT_FLYING - n, put_log, ap);
	if (n < snap->n_flying)
		ata_port_info(ap, "and %u more; debugfs has the last %u commands\n",
			      snap->n_flying - n, ATA_SPLIT_N_RECORDS);

	/* Pairs with the acquire in ata_split_begin_eh(). */
	smp_store_release(&rec->report_due, false);
}

/**
 * ata_split_record_show - create the debugfs file of a port
 * @sp: port
 * @dir: its directory in debugfs
 */
void ata_split_record_show(struct ata_split_port *sp, struct dentry *dir)
{
	debugfs_create_file("commands", 0400, dir, sp, &commands_fops);
}

/**
 * ata_split_record_init - allocate a port's recorder
 * @sp: port
 *
 * Return: 0 or -ENOMEM.  Nothing to undo: it is device-managed.
 */
int ata_split_record_init(struct ata_split_port *sp)
{
	struct device *dev = sp->ap->host->dev;
	struct ata_split_recorder *rec;

	rec = ata_split_devm_zalloc(dev, sizeof(*rec));
	if (!rec)
		return -ENOMEM;
	/* Or an entry would span two cache lines. */
	WARN_ON_ONCE(!IS_ALIGNED((unsigned long)rec, SMP_CACHE_BYTES));
	rec->sp = sp;
	mutex_init(&rec->lock);
	ratelimit_state_init(&rec->ratelimit, REPORT_INTERVAL, 1);
	ratelimit_set_flags(&rec->ratelimit, RATELIMIT_MSG_ON_RELEASE);
	sp->recorder = rec;
	return devm_work_autocancel(dev, &rec->report, ata_split_print_report);
}
