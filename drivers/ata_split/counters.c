// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of each port, in debugfs: ata_split/ata<N>/counters, one "name
 * value" per line.  Names are stable.
 */

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include "split.h"

static struct dentry *ata_split_debugfs;

static const char * const ata_split_time_names[ATA_SPLIT_NR_TIMES] = {
	[ATA_SPLIT_TIME_BUILD]		= "build",
	[ATA_SPLIT_TIME_SUBMIT]		= "submit",
	[ATA_SPLIT_TIME_INTERRUPT]	= "interrupt",
};

/* The sum over all CPUs of the counter at @offset. */
static unsigned long ata_split_sum(const struct ata_split_port *sp,
				   size_t offset)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += ata_split_peek(*(unsigned long *)
			((void *)per_cpu_ptr(sp->counters, cpu) + offset));
	return sum;
}

static u64 ata_split_longest_of(const struct ata_split_port *sp,
				enum ata_split_time what)
{
	u64 longest = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		longest = max_t(u64, longest,
				ata_split_peek(per_cpu_ptr(sp->counters, cpu)->longest[what]));
	return longest;
}

#define ata_split_sum_of(sp, member) \
	ata_split_sum(sp, offsetof(struct ata_split_counters, member))

static int counters_show(struct seq_file *m, void *v)
{
	const struct ata_split_port *sp = m->private;
	/* The epoch is the number of passes; a stale value is good enough. */
	u32 passes = context_unsafe(ata_split_peek(sp->eh_epoch));
	unsigned int i;

	seq_printf(m, "queued %lu\n", ata_split_sum_of(sp, queued));
	seq_printf(m, "built %lu\n", ata_split_sum_of(sp, built));
	seq_printf(m, "split %lu\n", ata_split_sum_of(sp, started));
	seq_printf(m, "held %lu\n", ata_split_sum_of(sp, db_deferred));
	for (i = ATA_SPLIT_OK + 1; i < ATA_SPLIT_NR_VERDICTS; i++)
		seq_printf(m, "%s %lu\n", ata_split_verdict_names[i],
			   ata_split_sum_of(sp, refused[i]));
	for (i = ATA_SPLIT_NOT_DONE + 1; i < ATA_SPLIT_NR_ENDS; i++)
		seq_printf(m, "%s %lu\n", ata_split_end_names[i],
			   ata_split_sum_of(sp, done[i]));
	for (i = 0; i < ATA_SPLIT_NR_BATCHES; i++)
		seq_printf(m, "batch_%u %lu\n", 1 << i,
			   ata_split_sum_of(sp, batch[i]));
	seq_printf(m, "eh_passes %u\n", passes);
	for (i = 0; i < ATA_SPLIT_NR_TIMES; i++)
		seq_printf(m, "longest_%s_ns %llu\n", ata_split_time_names[i],
			   ata_split_longest_of(sp, i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static void ata_split_counters_remove(void *dir)
{
	debugfs_remove_recursive(dir);
}

/**
 * ata_split_show_host - show the counters of a host's ports in debugfs
 * @host: registered host; not all kernels number the ports before that
 *
 * Context: Probe.  May sleep.  Takes no lock.
 *
 * Return: 0 or -ENOMEM.  Nothing to undo: the files are device-managed.
 */
int ata_split_show_host(struct ata_host *host)
{
	struct ata_split_port *sp;
	struct dentry *dir;
	char name[16];
	int i, rc;

	for (i = 0; i < host->n_ports; i++) {
		sp = to_ata_split_port(host->ports[i]);
		if (!sp)
			continue;

		snprintf(name, sizeof(name), "ata%u", sp->ap->print_id);
		dir = debugfs_create_dir(name, ata_split_debugfs);
		debugfs_create_file("counters", 0444, dir, sp, &counters_fops);
		ata_split_record_show(sp, dir);
		rc = devm_add_action_or_reset(host->dev,
					      ata_split_counters_remove, dir);
		if (rc)
			return rc;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(ata_split_show_host);

void ata_split_counters_init(void)
{
	ata_split_debugfs = debugfs_create_dir("ata_split", NULL);
	ata_split_fault_init(ata_split_debugfs);
}

void ata_split_counters_exit(void)
{
	debugfs_remove_recursive(ata_split_debugfs);
}
