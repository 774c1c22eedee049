// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a request: is it one for the split?  Then BuildIo, StartIo, and
 * out.  When in doubt, libata's core gets it and gives the stock answer.
 */

#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/pci.h>
#include "split.h"

static bool ata_split_enabled = true;
module_param_named(split, ata_split_enabled, bool, 0444);
MODULE_PARM_DESC(split,
		 "Build commands without the port lock (default: Y). With N each command takes libata's own path under the lock, for comparison");

/**
 * ata_split_on - is the split on?
 *
 * Context: Any context.  Takes no lock: the parameter is set when the module
 * is loaded.
 *
 * Return: what the parameter says.
 */
bool ata_split_on(void)
{
	return ata_split_enabled;
}
EXPORT_SYMBOL_GPL(ata_split_on);

/* One class for the port locks, and its name the same string wherever used. */
static struct lock_class_key ata_split_lock_key;
static const char ata_split_lock_name[] = "ata_split_port";

/*
 * A shortage passes, and error handling would not help: a request whose mapping
 * fails comes again.  If it has done so for as long as the midlayer gives a command
 * in all (scsi_cmd_runtime_exceeced()), it was no shortage, and the core answers.
 */
static bool ata_split_overdue(struct scsi_cmnd *cmd)
{
	unsigned long limit = (cmd->allowed + 1) * scsi_cmd_to_rq(cmd)->timeout;

	/* -1 is no limit, see max_retries of a scsi_disk in sysfs. */
	return cmd->allowed >= 0 &&
	       time_after(jiffies, cmd->jiffies_at_alloc + limit);
}

/**
 * ata_split_queuecmd - ->queuecommand of an LLD that adopted the split
 * @shost: SCSI host of the port
 * @cmd: command
 *
 * Context: BuildIo, then StartIo, inside the block layer's RCU section.  No
 * lock held, interrupts on.
 *
 * Return: 0 if the command was taken (it may be complete by now), a
 * SCSI_MLQUEUE code if it is to be queued again; then nothing of it is left.
 */
ata_split_qc_status ata_split_queuecmd(struct Scsi_Host *shost,
				       struct scsi_cmnd *cmd)
{
	struct ata_port *ap = ata_shost_to_port(shost);
	struct ata_split_port *sp = to_ata_split_port(ap);
	enum ata_split_count verdict;
	struct ata_queued_cmd *qc;
	u32 epoch;

	/* A dummy port has no device; libata says so. */
	if (unlikely(!sp))
		return ata_scsi_queuecmd(shost, cmd);

	ata_split_count(sp, ATA_SPLIT_QUEUED);

	/*
	 * Before anything of the port is looked at.  Pairs with the release in
	 * ata_split_end_eh(): what is read below is not older than this epoch.
	 */
	epoch = context_unsafe(smp_load_acquire(&sp->eh_epoch));

	if (unlikely(!ata_split_enabled)) {
		verdict = ATA_SPLIT_CORE_OFF;
		goto core;
	}

	qc = &ap->qcmd[scsi_cmd_to_rq(cmd)->tag];
	verdict = ata_split_looked_at() ? ata_split_build_seen(sp, qc, cmd) :
					  ata_split_build(sp, qc, cmd);
	if (unlikely(verdict != ATA_SPLIT_BUILT))
		goto not_built;
	ata_split_count(sp, verdict);
	ata_split_fault_built(qc);

	verdict = ata_split_looked_at() ?
		  ata_split_start_seen(sp, qc, epoch) :
		  ata_split_start(sp, qc, epoch);
	if (likely(verdict == ATA_SPLIT_STARTED)) {
		/* @sp outlives the command: the queue waits for our RCU section. */
		ata_split_count(sp, verdict);
		return 0;
	}

	ata_split_unbuild(qc, cmd);
	goto core;

not_built:
	if (verdict == ATA_SPLIT_MAP_BUSY) {
		if (!ata_split_overdue(cmd)) {
			ata_split_refuse(sp, cmd, verdict);
			return SCSI_MLQUEUE_HOST_BUSY;
		}
		verdict = ATA_SPLIT_CORE_MAP;
	}
core:
	ata_split_refuse(sp, cmd, verdict);
	/* This one may be the last, and the core does not know what that means. */
	ata_split_commit(sp);
	return ata_scsi_queuecmd(shost, cmd);
}
EXPORT_SYMBOL_GPL(ata_split_queuecmd);

/**
 * ata_split_init_sht - send an LLD's commands through the split
 * @sht: template made with libata's ATA_*_SHT() macros, before any host uses it
 *
 * Context: Module init.  Takes no lock.
 */
void ata_split_init_sht(struct scsi_host_template *sht)
{
	sht->queuecommand = ata_split_queuecmd;
	sht->commit_rqs = ata_split_commit_rqs;
}
EXPORT_SYMBOL_GPL(ata_split_init_sht);

/**
 * ata_split_port_init - set up the split's half of a port
 * @sp: zeroed; becomes what to_ata_split_port() finds
 * @ap: port, with its final ap->lock, not yet in use
 * @ring: the LLD's function of that name
 *
 * Context: The LLD's ->port_start().
 *
 * Return: 0 or -ENOMEM.  Nothing to undo: all of it is device-managed.
 */
int ata_split_port_init(struct ata_split_port *sp, struct ata_port *ap,
			void (*ring)(struct ata_port *ap, u32 tags))
{
	sp->ap = ap;
	sp->ring = ring;
	sp->pdev = dev_is_pci(ap->dev) ? to_pci_dev(ap->dev) : NULL;
	sp->counters = devm_alloc_percpu(ap->host->dev,
					 struct ata_split_counters);
	if (!sp->counters || ata_split_record_init(sp))
		return -ENOMEM;

	lockdep_set_class_and_name(ap->lock, &ata_split_lock_key,
				   ata_split_lock_name);
	ap->private_data = sp;
	return 0;
}
EXPORT_SYMBOL_GPL(ata_split_port_init);

static int __init ata_split_module_init(void)
{
	ata_split_build_init(ata_split_lock_name, &ata_split_lock_key);
	ata_split_counters_init();
	return 0;
}

static void __exit ata_split_module_exit(void)
{
	ata_split_counters_exit();
}

module_init(ata_split_module_init);
module_exit(ata_split_module_exit);

MODULE_AUTHOR("The ata_split maintainers");
MODULE_DESCRIPTION("BuildIo/StartIo split for libata low-level drivers");
MODULE_LICENSE("GPL");
MODULE_VERSION(ATA_SPLIT_VERSION);
