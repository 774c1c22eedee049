// SPDX-License-Identifier: GPL-2.0
/*
 * A flight recorder for each port: its last commands, what is in flight, and the
 * registers at the last errors.  debugfs shows it as ata_split/ata<N>/commands,
 * and the kernel log when error handling gets commands.
 *
 * It is always on, as nobody switches one on before the accident.  So nothing is
 * written under ap->lock but for errors, and no clock is read: the block layer
 * knows when a request began, and when it ended jiffies are good enough for.
 */

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>
#include "record.h"
#include <trace/events/ata_split.h>

#define NAME(value, name) \
	[value] = name,
#define LAST(value, name) \
	[value] = name

const char * const ata_split_count_names[ATA_SPLIT_NR_COUNTS] = {
	ATA_SPLIT_COUNT_NAMES
};

#undef NAME
#undef LAST

/* "ata1.00" and so on is printed before. */
#define LINE_SIZE		224

/* A command that takes its time need not report more often than that. */
#define REPORT_INTERVAL		(60 * HZ)

/**
 * ata_split_record - remember one command that does not go the ordinary way
 * @sp: port
 * @cmd: command, before libata gets it or before its scsi_done()
 * @how: which way it goes, or how it ended
 *
 * Context: Any context.  Takes no lock.
 */
void ata_split_record(const struct ata_split_port *sp, struct scsi_cmnd *cmd,
		      enum ata_split_count how)
{
	struct ata_split_recorder *rec = sp->recorder;

	ata_split_record_at(rec, atomic_fetch_inc(&rec->next), cmd, how);
}

/**
 * ata_split_note - remember what the hardware said of an error
 * @sp: port
 * @fmt: its registers, on one line
 *
 * The last two are kept: usually that of the error interrupt, if there was one,
 * and that of the begin of error handling.
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
	note->at = ktime_get_ns();
	va_start(args, fmt);
	vscnprintf(note->text, sizeof(note->text), fmt, args);
	va_end(args);
}
EXPORT_SYMBOL_GPL(ata_split_note);

/* Whatever is in libata's books, the core's and internal commands as well. */
static void ata_split_snapshot(const struct ata_split_port *sp)
{
	struct ata_split_recorder *rec = sp->recorder;
	struct ata_port *ap = sp->ap;
	unsigned long flags;
	unsigned int tag;

	rec->n_flying = 0;
	rec->n_failed = 0;
	spin_lock_irqsave(ap->lock, flags);
	memcpy(rec->note_seen, rec->note, sizeof(rec->note));
	rec->n_notes_seen = rec->n_notes;
	for (tag = 0; tag < ARRAY_SIZE(rec->flying); tag++) {
		const struct ata_queued_cmd *qc = &ap->qcmd[tag];
		unsigned long qc_flags = ata_split_peek(qc->flags);
		struct ata_split_flying *fly = &rec->flying[rec->n_flying];

		/* One that is being built is nobody else's business. */
		if (!(qc_flags & (ATA_QCFLAG_ACTIVE | ATA_SPLIT_QCFLAG_EH)))
			continue;
		memset(fly, 0, sizeof(*fly));
		fly->tag = tag;
		fly->command = qc->tf.command;
		fly->err_mask = qc->err_mask;
		fly->failed = qc_flags & ATA_SPLIT_QCFLAG_EH;
		if (qc->scsicmd) {
			fly->start = scsi_cmd_to_rq(qc->scsicmd)->start_time_ns;
			memcpy(fly->cdb, qc->scsicmd->cmnd, sizeof(fly->cdb));
		}
		rec->n_flying++;
		rec->n_failed += fly->failed;
	}
	spin_unlock_irqrestore(ap->lock, flags);
}

static int put_time(char *line, u64 ns)
{
	u64 us = div_u64(ns, NSEC_PER_USEC);
	u32 rest;

	us = div_u64_rem(us, USEC_PER_SEC, &rest);
	return scnprintf(line, LINE_SIZE, "%5llu.%06u ", us, rest);
}

static int put_cdb(char *line, size_t size, const u8 *cdb)
{
	return scnprintf(line, size, "%*ph",
			 min_t(int, COMMAND_SIZE(cdb[0]), ATA_SPLIT_CDB_LEN),
			 cdb);
}

/* How long it took, as far as jiffies tell. */
static u64 took_ms(const struct ata_split_record *r, u64 now)
{
	u64 done = now - jiffies_to_nsecs(jiffies - r->jiffies);

	return done > r->start ? div_u64(done - r->start, NSEC_PER_MSEC) : 0;
}

static void format_record(char *line, const struct ata_split_record *r, u64 now)
{
	int n = put_time(line, r->start);

	n += scnprintf(line + n, LINE_SIZE - n, "tag %2u %s ", r->tag,
		       ata_split_count_names[r->how]);
	if (r->how > ATA_SPLIT_STARTED)
		n += scnprintf(line + n, LINE_SIZE - n, "0x%x %llu ms ",
			       r->result, took_ms(r, now));
	put_cdb(line + n, LINE_SIZE - n, (const u8 *)r->cdb);
}

static void format_flying(char *line, const struct ata_split_flying *fly,
			  u64 now)
{
	int n = put_time(line, fly->start ?: now);

	n += scnprintf(line + n, LINE_SIZE - n, "tag %2u %s 0x%x ", fly->tag,
		       fly->failed ? "failed" : "in_flight", fly->err_mask);
	if (!fly->start) {
		scnprintf(line + n, LINE_SIZE - n, "internal %02x",
			  fly->command);
		return;
	}
	n += scnprintf(line + n, LINE_SIZE - n, "%llu ms ",
		       div_u64(now - fly->start, NSEC_PER_MSEC));
	put_cdb(line + n, LINE_SIZE - n, fly->cdb);
}

/* Give @put each line, of at most @limit records. */
static void ata_split_tell(const struct ata_split_port *sp, unsigned int limit,
			   void (*put)(void *to, const char *line), void *to)
{
	struct ata_split_recorder *rec = sp->recorder;
	unsigned int next = atomic_read(&rec->next), i;
	u64 now = ktime_get_ns();
	char line[LINE_SIZE];
	int n;

	for (i = 0; i < ARRAY_SIZE(rec->note_seen); i++) {
		const struct ata_split_note *note =
			&rec->note_seen[(rec->n_notes_seen + i) %
					ARRAY_SIZE(rec->note_seen)];

		if (!note->at)
			continue;
		n = put_time(line, note->at);
		scnprintf(line + n, sizeof(line) - n, "%s", note->text);
		put(to, line);
	}
	for (i = next - limit; i != next; i++) {
		struct ata_split_record r;

		/* May be overwritten meanwhile: a line of nonsense at worst. */
		data_race(memcpy(&r, &rec->record[i % ATA_SPLIT_N_RECORDS],
				 sizeof(r)));
		if (r.how == ATA_SPLIT_QUEUED || r.how >= ATA_SPLIT_NR_COUNTS)
			continue;
		format_record(line, &r, now);
		put(to, line);
	}
	for (i = 0; i < rec->n_flying; i++) {
		format_flying(line, &rec->flying[i], now);
		put(to, line);
	}
}

static void put_seq(void *to, const char *line)
{
	seq_printf(to, "%s\n", line);
}

static int commands_show(struct seq_file *m, void *v)
{
	const struct ata_split_port *sp = m->private;

	mutex_lock(&sp->recorder->lock);
	ata_split_snapshot(sp);
	ata_split_tell(sp, ATA_SPLIT_N_RECORDS, put_seq, m);
	mutex_unlock(&sp->recorder->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(commands);

static void put_log(void *to, const char *line)
{
	struct ata_port *ap = to;

	ata_port_info(ap, "%s\n", line);
}

/**
 * ata_split_report - print the recorder, if error handling was given commands
 * @sp: port
 *
 * At most once a minute for each port; debugfs has it at any time.
 *
 * Context: EH, at its begin.  Takes ap->lock; may sleep.
 */
void ata_split_report(struct ata_split_port *sp)
{
	struct ata_split_recorder *rec = sp->recorder;

	mutex_lock(&rec->lock);
	ata_split_snapshot(sp);
	if (rec->n_failed && __ratelimit(&rec->ratelimit)) {
		ata_port_info(sp->ap,
			      "registers, last commands and commands in flight (seconds, tag, how, result, time taken, CDB):\n");
		ata_split_tell(sp, ATA_SPLIT_N_RECORDS - rec->n_flying,
			       put_log, sp->ap);
	}
	mutex_unlock(&rec->lock);
}
EXPORT_SYMBOL_GPL(ata_split_report);

/**
 * ata_split_record_show - make the file of a port
 * @sp: port
 * @dir: its directory in debugfs
 */
void ata_split_record_show(struct ata_split_port *sp, struct dentry *dir)
{
	debugfs_create_file("commands", 0400, dir, sp, &commands_fops);
}

/**
 * ata_split_record_init - give a port its recorder
 * @sp: port
 *
 * Return: 0 or -ENOMEM.  Nothing to undo: it is device-managed.
 */
int ata_split_record_init(struct ata_split_port *sp)
{
	struct ata_split_recorder *rec;

	rec = devm_kzalloc(sp->ap->host->dev, sizeof(*rec), GFP_KERNEL);
	if (!rec)
		return -ENOMEM;
	mutex_init(&rec->lock);
	ratelimit_state_init(&rec->ratelimit, REPORT_INTERVAL, 1);
	ratelimit_set_flags(&rec->ratelimit, RATELIMIT_MSG_ON_RELEASE);
	sp->recorder = rec;
	return 0;
}
