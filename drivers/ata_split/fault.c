// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection.  Built into the test variant only.
 *
 * /sys/module/ata_split/parameters/fault selects the violation to commit.
 *
 * /sys/kernel/debug/ata_split/window/<name> is a window.  Writing "PORT" or
 * "PORT TAG" arms it for the next command of port ata<PORT> (with that tag; 32
 * is an internal command); "open" releases the command that it holds.  Reading
 * returns "open", "armed" or "held TAG".
 *
 * /sys/kernel/debug/ata_split/fail_map is a fault attribute that fails mappings.
 */

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fault-inject.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/wait.h>
#include "split.h"

MODULE_INFO(test, "Y");

/* Violations ---------------------------------------------------------------- */

static const char * const ata_split_fault_names[ATA_SPLIT_NR_FAULTS] = {
	[ATA_SPLIT_FAULT_NONE]			= "none",
	[ATA_SPLIT_FAULT_LOCK_IN_BUILD]		= "lock_in_build",
	[ATA_SPLIT_FAULT_SLEEP_IN_BUILD]	= "sleep_in_build",
	[ATA_SPLIT_FAULT_SACTIVE_IN_BUILD]	= "sactive_in_build",
	[ATA_SPLIT_FAULT_DOORBELL_UNLOCKED]	= "doorbell_unlocked",
	[ATA_SPLIT_FAULT_LEAK_ON_REFUSAL]	= "leak_on_refusal",
	[ATA_SPLIT_FAULT_SHARED_TABLE]		= "shared_table",
	[ATA_SPLIT_FAULT_SKIP_EPOCH]		= "skip_epoch",
	[ATA_SPLIT_FAULT_DONE_OUTSIDE_RCU]	= "done_outside_rcu",
	[ATA_SPLIT_FAULT_NO_DOORBELL]		= "no_doorbell",
	[ATA_SPLIT_FAULT_MISCOUNT]		= "miscount",
	[ATA_SPLIT_FAULT_PHANTOM]		= "phantom",
	[ATA_SPLIT_FAULT_STRAND]		= "strand",
	[ATA_SPLIT_FAULT_RING_STALE]		= "ring_stale",
	[ATA_SPLIT_FAULT_NO_LAST]		= "no_last",
	[ATA_SPLIT_FAULT_SHORT_WRITE]		= "short_write",
	[ATA_SPLIT_FAULT_STRAY_FUA]		= "stray_fua",
	[ATA_SPLIT_FAULT_PRETEND_PMP]		= "pretend_pmp",
	[ATA_SPLIT_FAULT_PRETEND_OFFLINE]	= "pretend_offline",
	[ATA_SPLIT_FAULT_WRONG_DIRECTION]	= "wrong_direction",
};

static enum ata_split_fault ata_split_fault_now;

static int ata_split_fault_set(const char *val, const struct kernel_param *kp)
{
	int which = sysfs_match_string(ata_split_fault_names, val);

	if (which < 0)
		return which;
	WRITE_ONCE(ata_split_fault_now, which);
	return 0;
}

static int ata_split_fault_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n",
			  ata_split_fault_names[READ_ONCE(ata_split_fault_now)]);
}

static const struct kernel_param_ops ata_split_fault_ops = {
	.set	= ata_split_fault_set,
	.get	= ata_split_fault_get,
};

module_param_cb(fault, &ata_split_fault_ops, NULL, 0644);
MODULE_PARM_DESC(fault, "Violation to commit (test variant)");

/**
 * ata_split_fault - is this violation selected?
 * @which: violation
 *
 * Return: true if the test selected it.
 */
bool ata_split_fault(enum ata_split_fault which)
{
	return READ_ONCE(ata_split_fault_now) == which;
}
EXPORT_SYMBOL_GPL(ata_split_fault);

/* Windows ------------------------------------------------------------------- */

enum ata_split_window_state { WINDOW_OPEN, WINDOW_ARMED, WINDOW_HELD };

#define WINDOW_ANY_TAG		(-1)
/* If a test does not open a window, it must fail and not hang the guest. */
#define WINDOW_LIMIT_MS		20000

struct ata_split_window_ctl {
	const char			*name;
	spinlock_t			lock;	/* protects all below */
	enum ata_split_window_state	state;
	unsigned int			port;
	int				tag;
};

static struct ata_split_window_ctl ata_split_windows[ATA_SPLIT_NR_WINDOWS] = {
	[ATA_SPLIT_WINDOW_BUILDING]	= { "building" },
	[ATA_SPLIT_WINDOW_BUILT]	= { "built" },
	[ATA_SPLIT_WINDOW_ISSUE]	= { "issue" },
	[ATA_SPLIT_WINDOW_DONE]		= { "done" },
};

static DECLARE_WAIT_QUEUE_HEAD(ata_split_window_wait);

/* Is the window armed for this command?  If so, it holds it from now on. */
static bool window_catch(struct ata_split_window_ctl *win, unsigned int port,
			 int tag)
{
	unsigned long flags;
	bool caught = false;

	spin_lock_irqsave(&win->lock, flags);
	if (win->state == WINDOW_ARMED && win->port == port &&
	    (win->tag == WINDOW_ANY_TAG || win->tag == tag)) {
		win->state = WINDOW_HELD;
		win->tag = tag;
		caught = true;
	}
	spin_unlock_irqrestore(&win->lock, flags);
	return caught;
}

static void window_expired(struct ata_split_window_ctl *win)
{
	pr_err("ata_split: window %s was not opened in %d ms\n", win->name,
	       WINDOW_LIMIT_MS);
	WRITE_ONCE(win->state, WINDOW_OPEN);
}

static bool window_is_open(struct ata_split_window_ctl *win)
{
	return READ_ONCE(win->state) != WINDOW_HELD;
}

/*
 * Hold a command in BuildIo.  This models a CPU that was delayed before the command
 * counted as in flight, when neither error handling nor a grace period waits for
 * it.  So leave both states while it is held.
 */
static void window_hold_build(enum ata_split_window which,
			      struct ata_queued_cmd *qc)
{
	struct ata_split_window_ctl *win = &ata_split_windows[which];
	struct scsi_cmnd *cmd = qc->scsicmd;

	if (!window_catch(win, qc->ap->print_id, qc->tag))
		return;

	clear_bit(SCMD_STATE_INFLIGHT, &cmd->state);
	rcu_read_unlock();
	if (!wait_event_timeout(ata_split_window_wait, window_is_open(win),
				msecs_to_jiffies(WINDOW_LIMIT_MS)))
		window_expired(win);
	rcu_read_lock();
	set_bit(SCMD_STATE_INFLIGHT, &cmd->state);
}

/* Hold a CPU that must not sleep: spin. */
static void window_hold_cpu(enum ata_split_window which, unsigned int port,
			    int tag)
{
	struct ata_split_window_ctl *win = &ata_split_windows[which];
	unsigned int ms;

	if (!window_catch(win, port, tag))
		return;

	for (ms = 0; ms < WINDOW_LIMIT_MS && !window_is_open(win); ms++)
		mdelay(1);
	if (ms == WINDOW_LIMIT_MS)
		window_expired(win);
}

/*
 * Hold error handling, which is about to issue an internal command.  It may
 * sleep, and the lock can be dropped, because no other command is issued meanwhile.
 */
static void window_hold_eh(enum ata_split_window which,
			   struct ata_queued_cmd *qc)
{
	struct ata_split_window_ctl *win = &ata_split_windows[which];

	if (!ata_tag_internal(qc->tag) ||
	    !window_catch(win, qc->ap->print_id, qc->tag))
		return;

	spin_unlock_irq(qc->ap->lock);
	if (!wait_event_timeout(ata_split_window_wait, window_is_open(win),
				msecs_to_jiffies(WINDOW_LIMIT_MS)))
		window_expired(win);
	spin_lock_irq(qc->ap->lock);
}

static int window_show(struct seq_file *m, void *v)
{
	struct ata_split_window_ctl *win = m->private;

	spin_lock_irq(&win->lock);
	switch (win->state) {
	case WINDOW_OPEN:
		seq_puts(m, "open\n");
		break;
	case WINDOW_ARMED:
		seq_puts(m, "armed\n");
		break;
	case WINDOW_HELD:
		seq_printf(m, "held %d\n", win->tag);
		break;
	}
	spin_unlock_irq(&win->lock);
	return 0;
}

static int window_open(struct inode *inode, struct file *file)
{
	return single_open(file, window_show, inode->i_private);
}

static ssize_t window_write(struct file *file, const char __user *ubuf,
			    size_t len, loff_t *ppos)
{
	struct ata_split_window_ctl *win =
		((struct seq_file *)file->private_data)->private;
	int tag = WINDOW_ANY_TAG;
	unsigned int port = 0;
	char buf[32] = "";
	bool arm;

	if (len >= sizeof(buf) || copy_from_user(buf, ubuf, len))
		return -EINVAL;
	arm = !sysfs_streq(buf, "open");
	if (arm && sscanf(buf, "%u %d", &port, &tag) < 1)
		return -EINVAL;

	spin_lock_irq(&win->lock);
	if (arm && win->state == WINDOW_HELD) {
		spin_unlock_irq(&win->lock);
		return -EBUSY;
	}
	win->port = port;
	win->tag = tag;
	WRITE_ONCE(win->state, arm ? WINDOW_ARMED : WINDOW_OPEN);
	spin_unlock_irq(&win->lock);

	wake_up_all(&ata_split_window_wait);
	return len;
}

static const struct file_operations window_fops = {
	.owner		= THIS_MODULE,
	.open		= window_open,
	.read		= seq_read,
	.write		= window_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* Hooks, in the order in which a command passes them ------------------------- */

#ifdef CONFIG_FAULT_INJECTION
static DECLARE_FAULT_ATTR(ata_split_fail_map);

/**
 * ata_split_fault_map - should this mapping fail?
 *
 * Context: BuildIo.
 *
 * Return: true if so.
 */
bool ata_split_fault_map(void)
{
	return should_fail(&ata_split_fail_map, 1);
}
#else
bool ata_split_fault_map(void)
{
	return false;
}
#endif

/* No checker in the kernel can detect these, only a comparison with stock ahci. */
static void fault_taskfile(struct ata_taskfile *tf)
{
	if (!(tf->flags & ATA_TFLAG_WRITE))
		return;
	if (ata_split_fault(ATA_SPLIT_FAULT_SHORT_WRITE) &&
	    tf->hob_feature && tf->feature)
		tf->feature--;
	if (ata_split_fault(ATA_SPLIT_FAULT_STRAY_FUA))
		tf->device |= 1 << 7;
}

/**
 * ata_split_fault_queued - a command has arrived
 * @cmd: command
 *
 * Context: BuildIo.
 */
void ata_split_fault_queued(struct scsi_cmnd *cmd)
{
	if (ata_split_fault(ATA_SPLIT_FAULT_WRONG_DIRECTION) &&
	    (cmd->cmnd[0] == READ_10 || cmd->cmnd[0] == READ_16) &&
	    !blk_rq_is_passthrough(scsi_cmd_to_rq(cmd)))
		cmd->sc_data_direction = DMA_TO_DEVICE;
}

/**
 * ata_split_fault_building - in a build, between mapping and ->qc_prep()
 * @qc: command
 *
 * Context: BuildIo.
 */
void ata_split_fault_building(struct ata_queued_cmd *qc)
{
	u32 *sactive = &qc->dev->link->sactive;
	u32 bit = 1U << qc->hw_tag;
	unsigned long flags;

	window_hold_build(ATA_SPLIT_WINDOW_BUILDING, qc);
	fault_taskfile(&qc->tf);

	if (ata_split_fault(ATA_SPLIT_FAULT_LOCK_IN_BUILD)) {
		spin_lock_irqsave(qc->ap->lock, flags);
		spin_unlock_irqrestore(qc->ap->lock, flags);
	}
	if (ata_split_fault(ATA_SPLIT_FAULT_SLEEP_IN_BUILD))
		might_sleep();
	if (ata_split_fault(ATA_SPLIT_FAULT_SACTIVE_IN_BUILD)) {
		*sactive |= bit;
		mdelay(1);
		*sactive &= ~bit;
	}
}

/**
 * ata_split_fault_built - between BuildIo and StartIo
 * @qc: command
 *
 * Context: BuildIo.
 */
void ata_split_fault_built(struct ata_queued_cmd *qc)
{
	window_hold_build(ATA_SPLIT_WINDOW_BUILT, qc);

	if (ata_split_fault(ATA_SPLIT_FAULT_DOORBELL_UNLOCKED))
		to_ata_split_port(qc->ap)->ring(qc->ap, 1U << qc->tag);
}

/**
 * ata_split_fault_fresh - is the build that StartIo is about to issue valid?
 * @sp: port
 * @epoch: as it was before the build
 *
 * Repeats two of StartIo's checks, to detect a StartIo that omits them: the build
 * is of the current epoch, and error handling is neither pending nor in progress.
 *
 * Context: StartIo.  Caller holds ap->lock.
 */
void ata_split_fault_fresh(const struct ata_split_port *sp, u32 epoch)
	__in_startio
{
	WARN_ONCE(sp->eh_epoch != epoch,
		  "ata_split: issuing a build from before error handling\n");
	WARN_ONCE(sp->ap->pflags & (ATA_PFLAG_EH_PENDING |
				    ATA_PFLAG_EH_IN_PROGRESS |
				    ATA_PFLAG_FROZEN),
		  "ata_split: issuing to a port of error handling's\n");
}

/**
 * ata_split_fault_check - is libata's bookkeeping of a port consistent?
 * @sp: port, without port multiplier
 *
 * The split updates it itself, and most errors in it would only show much later or
 * with other hardware.
 *
 * Context: StartIo or completion, before the lock is dropped.  Caller holds
 * ap->lock.
 */
void ata_split_fault_check(const struct ata_split_port *sp)
{
	const struct ata_port *ap = sp->ap;
	const struct ata_link *link = &ap->link;
	u64 active = link->sactive;

	if (ata_tag_valid(link->active_tag))
		active |= 1ULL << link->active_tag;
	WARN_ONCE(ap->qc_active != active || ap->nr_active_links != !!active,
		  "ata_split: bookkeeping: qc_active %llx, link %llx, %u links\n",
		  ap->qc_active, active, ap->nr_active_links);

	/* Error handling clears the bitmaps for its own internal commands. */
	if (!sp->db_pending || ap->pflags & ATA_SPLIT_PFLAGS_BAD)
		return;
	WARN_ONCE(sp->db_pending & ~link->sactive,
		  "ata_split: bookkeeping: tags %x have a deferred doorbell and are not in flight\n",
		  sp->db_pending & ~link->sactive);
	WARN_ONCE(sp->db_pending == link->sactive,
		  "ata_split: bookkeeping: tags %x have a deferred doorbell and nothing in flight rings for them\n",
		  sp->db_pending);
}

/**
 * ata_split_fault_issue - check a command before the LLD rings the doorbell
 * @qc: command
 * @cfis: command FIS in the table that the header points at
 *
 * The device executes the FIS, so it must be that of this command.
 *
 * Context: StartIo.  Caller holds ap->lock.
 */
void ata_split_fault_issue(struct ata_queued_cmd *qc, const void *cfis)
{
	u8 fis[20];	/* SATA, Register - Host to Device FIS */

	window_hold_eh(ATA_SPLIT_WINDOW_ISSUE, qc);

	WARN_ONCE(!(qc->flags & ATA_QCFLAG_ACTIVE) ||
		  qc->flags & ATA_SPLIT_QCFLAG_EH,
		  "ata_split: ringing for tag %u, which is not to be issued\n",
		  qc->tag);
	ata_tf_to_fis(&qc->tf, qc->dev->link->pmp, 1, fis);
	WARN_ONCE(memcmp(fis, cfis, sizeof(fis)),
		  "ata_split: command table does not hold the command of tag %u\n",
		  qc->tag);
}
EXPORT_SYMBOL_GPL(ata_split_fault_issue);

/**
 * ata_split_fault_done_begin - in the interrupt handler, after it dropped the lock
 * @sp: port
 *
 * Context: Completion.
 */
void ata_split_fault_done_begin(const struct ata_split_port *sp)
{
	if (ata_split_fault(ATA_SPLIT_FAULT_DONE_OUTSIDE_RCU))
		rcu_read_unlock();
	window_hold_cpu(ATA_SPLIT_WINDOW_DONE, sp->ap->print_id, WINDOW_ANY_TAG);
}

/**
 * ata_split_fault_done_end - in the interrupt handler, after the last scsi_done()
 *
 * Context: Completion.
 */
void ata_split_fault_done_end(void)
{
	if (ata_split_fault(ATA_SPLIT_FAULT_DONE_OUTSIDE_RCU))
		rcu_read_lock();
}

/**
 * ata_split_fault_init - create the debugfs files
 * @dir: ata_split's directory in debugfs
 */
void ata_split_fault_init(struct dentry *dir)
{
	struct dentry *windows = debugfs_create_dir("window", dir);
	unsigned int i;

	for (i = 0; i < ATA_SPLIT_NR_WINDOWS; i++) {
		spin_lock_init(&ata_split_windows[i].lock);
		debugfs_create_file(ata_split_windows[i].name, 0600, windows,
				    &ata_split_windows[i], &window_fops);
	}
#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
	fault_create_debugfs_attr("fail_map", dir, &ata_split_fail_map);
#endif
	pr_warn("ata_split: this is the test variant, not for use\n");
}
