// SPDX-License-Identifier: GPL-2.0
/*
 * ->queuecommand(): BuildIo, then StartIo.  A command that the split does not take
 * is passed to libata's ata_scsi_queuecmd() and handled as by stock ahci.
 */

#include <linux/device.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
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
 * Return: the value of the parameter.
 */
bool ata_split_on(void)
{
	return ata_split_enabled;
}
EXPORT_SYMBOL_GPL(ata_split_on);

/* One class for all port locks; lockdep requires the same pointer as its name. */
static struct lock_class_key ata_split_lock_key;
static const char ata_split_lock_name[] = "ata_split_port";

/*
 * A request whose mapping fails is requeued: a shortage is temporary, and error
 * handling would not help.  A failure that lasts longer than the total time that
 * the midlayer allows a command (scsi_cmd_runtime_exceeded()) is not a shortage:
 * the command is left to libata's core.
 */
static bool ata_split_overdue(struct scsi_cmnd *cmd)
{
	unsigned long limit = (cmd->allowed + 1) * scsi_cmd_to_rq(cmd)->timeout;

	/* -1 means no limit, see max_retries of a scsi_disk in sysfs. */
	return cmd->allowed >= 0 &&
	       time_after(jiffies, cmd->jiffies_at_alloc + limit);
}

/* Commands that the split does not take.  Not inlined into the fast path. */
static noinline ata_split_qc_status
ata_split_fall_back(struct ata_split_port *sp, struct scsi_cmnd *cmd,
		    enum ata_split_verdict verdict)
{
	if (verdict == ATA_SPLIT_MAP_BUSY) {
		if (!ata_split_overdue(cmd)) {
			ata_split_account_refusal(sp, cmd, verdict);
			return SCSI_MLQUEUE_HOST_BUSY;
		}
		verdict = ATA_SPLIT_CORE_MAP;
	}
	/* With the split off libata's completion function is never learned. */
	if (verdict == ATA_SPLIT_CORE_UNLEARNED && !ata_split_enabled)
		verdict = ATA_SPLIT_CORE_OFF;

	ata_split_account_refusal(sp, cmd, verdict);
	/* This may end a batch, and the core does not ring deferred doorbells. */
	ata_split_commit(sp);
	return ata_scsi_queuecmd(sp->ap->scsi_host, cmd);
}

/* Undo a build that StartIo refused. */
static noinline ata_split_qc_status
ata_split_refuse(struct ata_split_port *sp, struct ata_queued_cmd *qc,
		 struct scsi_cmnd *cmd, enum ata_split_verdict verdict)
{
	ata_split_unbuild(qc, cmd);
	return ata_split_fall_back(sp, cmd, verdict);
}

/**
 * ata_split_queuecmd - ->queuecommand of an LLD that adopted the split
 * @shost: SCSI host of the port
 * @cmd: command
 *
 * Context: BuildIo, then StartIo, inside the block layer's RCU section.  No
 * lock held, interrupts on.
 *
 * Return: 0 if the command was taken; it may already be complete.  A SCSI_MLQUEUE
 * code if it is to be requeued; no state of it is left behind then.
 */
ata_split_qc_status ata_split_queuecmd(struct Scsi_Host *shost,
				       struct scsi_cmnd *cmd)
{
	struct ata_port *ap = ata_shost_to_port(shost);
	struct ata_split_port *sp = to_ata_split_port(ap);
	enum ata_split_verdict verdict;
	struct ata_queued_cmd *qc;
	u32 epoch;

	/* A dummy port has no device: let the core report that. */
	if (unlikely(!sp))
		return ata_scsi_queuecmd(shost, cmd);

	ata_split_fault_queued(cmd);
	this_cpu_inc(sp->counters->queued);

	/*
	 * Sample the epoch before any other state of the port is read.  Pairs
	 * with the release in ata_split_end_eh(): nothing that is read below is
	 * older than this epoch.
	 */
	epoch = context_unsafe(smp_load_acquire(&sp->eh_epoch));

	qc = &ap->qcmd[scsi_cmd_to_rq(cmd)->tag];
	verdict = ata_split_tracing() ? ata_split_build_traced(sp, qc, cmd) :
					ata_split_build(sp, qc, cmd);
	if (unlikely(verdict != ATA_SPLIT_OK))
		return ata_split_fall_back(sp, cmd, verdict);
	this_cpu_inc(sp->counters->built);
	ata_split_fault_built(qc);

	verdict = ata_split_tracing() ?
		  ata_split_start_traced(sp, qc, cmd, epoch) :
		  ata_split_start(sp, qc, cmd, epoch);
	if (unlikely(verdict != ATA_SPLIT_OK))
		return ata_split_refuse(sp, qc, cmd, verdict);

	/*
	 * The command may be complete, but @sp is still valid: removal of the
	 * queue waits for our RCU section.
	 */
	this_cpu_inc(sp->counters->started);
	return 0;
}
EXPORT_SYMBOL_GPL(ata_split_queuecmd);

static void ata_split_kfree(void *p)
{
	kfree(p);
}

/**
 * ata_split_devm_zalloc - allocate zeroed, device-managed, cache line aligned memory
 * @dev: device
 * @size: bytes
 *
 * devm_kzalloc() puts a header in front of the memory, so that members that the
 * compiler aligns within a structure would be misaligned.  kmalloc() aligns
 * power-of-two sizes to their size.
 *
 * Context: Probe.  May sleep.
 *
 * Return: the memory, or NULL.
 */
void *ata_split_devm_zalloc(struct device *dev, size_t size)
{
	void *p = kzalloc(roundup_pow_of_two(max_t(size_t, size,
						   SMP_CACHE_BYTES)),
			  GFP_KERNEL);

	if (!p || devm_add_action_or_reset(dev, ata_split_kfree, p))
		return NULL;
	return p;
}
EXPORT_SYMBOL_GPL(ata_split_devm_zalloc);

/**
 * ata_split_port_init - set up the split's state of a port
 * @sp: zeroed state, which to_ata_split_port() returns from now on
 * @ap: port, with its final ap->lock, not yet in use
 * @ring: see &struct ata_split_port
 *
 * Context: The LLD's ->port_start().
 *
 * Return: 0 or -ENOMEM.  Nothing to undo: all of it is device-managed.
 */
int ata_split_port_init(struct ata_split_port *sp, struct ata_port *ap,
			void (*ring)(struct ata_port *ap, u32 tags))
{
	/* The cache line layout of struct ata_split_port relies on this. */
	WARN_ON_ONCE(!IS_ALIGNED((unsigned long)sp, SMP_CACHE_BYTES));

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
