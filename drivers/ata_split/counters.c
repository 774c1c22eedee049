// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of each port, in debugfs: ata_split/ata<N>/counters, one "name
 * value" a line.  Names are stable.
 */

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include "split.h"

static const char * const ata_split_count_names[ATA_SPLIT_NR_COUNTS] = {
	[ATA_SPLIT_QUEUED]		= "queued",
	[ATA_SPLIT_CORE_OFF]		= "core_off",
	[ATA_SPLIT_CORE_COMMAND]	= "core_command",
	[ATA_SPLIT_CORE_PASSTHROUGH]	= "core_passthrough",
	[ATA_SPLIT_CORE_SHAPE]		= "core_shape",
	[ATA_SPLIT_CORE_LBA]		= "core_lba",
	[ATA_SPLIT_CORE_CDL]		= "core_cdl",
	[ATA_SPLIT_CORE_PORT]		= "core_port",
	[ATA_SPLIT_CORE_DEVICE]		= "core_device",
	[ATA_SPLIT_CORE_NONCQ]		= "core_noncq",
	[ATA_SPLIT_CORE_UNLEARNED]	= "core_unlearned",
	[ATA_SPLIT_CORE_PREP]		= "core_prep",
	[ATA_SPLIT_MAP_BUSY]		= "map_busy",
	[ATA_SPLIT_BUILT]		= "built",
	[ATA_SPLIT_REFUSED_EPOCH]	= "refused_epoch",
	[ATA_SPLIT_REFUSED_EH]		= "refused_eh",
	[ATA_SPLIT_REFUSED_PMP]		= "refused_pmp",
	[ATA_SPLIT_REFUSED_DEVICE]	= "refused_device",
	[ATA_SPLIT_REFUSED_NCQ]		= "refused_ncq",
	[ATA_SPLIT_REFUSED_DEFERRED]	= "refused_deferred",
	[ATA_SPLIT_REFUSED_OFFLINE]	= "refused_offline",
	[ATA_SPLIT_STARTED]		= "split",
	[ATA_SPLIT_HELD]		= "held",
	[ATA_SPLIT_DONE_DEFERRED]	= "done_deferred",
	[ATA_SPLIT_DONE_LOCKED]		= "done_locked",
	[ATA_SPLIT_DONE_TIMEDOUT]	= "done_timedout",
	[ATA_SPLIT_DONE_EH]		= "done_eh",
};

static struct dentry *ata_split_debugfs;

static int counters_show(struct seq_file *m, void *v)
{
	const struct ata_split_port *sp = m->private;
	unsigned int what, cpu;

	for (what = 0; what < ATA_SPLIT_NR_COUNTS; what++) {
		unsigned long sum = 0;

		for_each_possible_cpu(cpu)
			sum += ata_split_peek(per_cpu_ptr(sp->counters, cpu)->n[what]);
		seq_printf(m, "%s %lu\n", ata_split_count_names[what], sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static void ata_split_counters_remove(void *dir)
{
	debugfs_remove_recursive(dir);
}

/**
 * ata_split_show_host - show the counters of a host's ports in debugfs
 * @host: registered, as libata numbers its ports no sooner in all kernels
 *
 * CONTEXT: probe.
 *
 * Return: 0 or -ENOMEM.  Nothing to undo: it goes with the device's binding.
 */
int ata_split_show_host(struct ata_host *host)
{
	struct ata_split_port *sp;
	struct dentry *dir;
	char name[16];
	int i, rc;

	for (i = 0; i < host->n_ports; i++) {
		sp = ata_split_port(host->ports[i]);
		if (!sp)
			continue;

		snprintf(name, sizeof(name), "ata%u", sp->ap->print_id);
		dir = debugfs_create_dir(name, ata_split_debugfs);
		debugfs_create_file("counters", 0444, dir, sp, &counters_fops);
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
