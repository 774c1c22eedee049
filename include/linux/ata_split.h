/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between ata_split, the port driver's half of the BuildIo and
 * StartIo split, and a libata low-level driver (LLD) that adopts it.
 *
 * A request passes through three stages:
 *
 *	BuildIo		->queuecommand(), no lock held, interrupts on, concurrent:
 *			CDB to taskfile, DMA mapping, ->qc_prep()
 *	StartIo		ap->lock held, interrupts off: check again, libata's
 *			bookkeeping, the LLD's ring()
 *	completion	ap->lock held: find the commands that are done; then,
 *			with no lock held: unmap and scsi_done()
 *
 * An LLD adopts the split as follows:
 *
 *  - the port's private structure begins with a struct ata_split_port, is
 *    allocated by ata_split_devm_zalloc(), and ->port_start() calls
 *    ata_split_port_init() once ap->lock is final;
 *  - a ring() function issues queued commands that the split has built, one or
 *    more at a time; unlike ->qc_issue(), it need not check their protocol;
 *  - its scsi_host_template has ATA_SPLIT_SHT_OPS, and it calls
 *    ata_split_show_host() once the host is registered;
 *  - its port operations have .end_eh = ata_split_end_eh;
 *  - ->qc_prep() writes only to memory owned by the qc's tag, such as its command
 *    table, and internal commands do not share a command table with any tag;
 *  - ->qc_issue() calls ata_split_learn() and fills in whatever the HBA shares
 *    between tags, such as AHCI's command header;
 *  - its ports have ATA_FLAG_PIO_DMA, so that every data command is mapped;
 *  - ->qc_defer() is ata_std_qc_defer(), or libata's for port multipliers;
 *  - the interrupt handler calls ata_split_complete_multiple() for queued
 *    commands, and completes commands only between ata_split_complete_begin()
 *    and ata_split_complete_end();
 *  - errors are recorded with ata_split_note(), and ->error_handler() calls
 *    ata_split_begin_eh() before it changes the state of the port.
 */
#ifndef _LINUX_ATA_SPLIT_H
#define _LINUX_ATA_SPLIT_H

#include <linux/cache.h>
#include <linux/libata.h>
#include <scsi/scsi_cmnd.h>
#include <ata_split/compat.h>
#include <ata_split/context.h>
#include <ata_split/fault.h>

/**
 * enum ata_split_verdict - whether the split takes a command, and if not, why
 * @ATA_SPLIT_OK: taken: the build, or StartIo, succeeded
 * @ATA_SPLIT_CORE_OFF: the split parameter is off
 * @ATA_SPLIT_CORE_COMMAND: neither READ nor WRITE (10 or 16), such as a flush
 *	or a discard
 * @ATA_SPLIT_CORE_PASSTHROUGH: a CDB from user space or from the SCSI midlayer,
 *	not block layer I/O
 * @ATA_SPLIT_CORE_SHAPE: CDB length, data direction, block count and buffer
 *	length are inconsistent
 * @ATA_SPLIT_CORE_LBA: LBA beyond 48 bits, or too many blocks
 * @ATA_SPLIT_CORE_CDL: a command duration limit is requested
 * @ATA_SPLIT_CORE_PORT: the port is frozen or recovering
 * @ATA_SPLIT_CORE_DEVICE: the device is asleep or about to be detached
 * @ATA_SPLIT_CORE_NONCQ: NCQ is not available, as on an ATAPI device, or
 *	switched off
 * @ATA_SPLIT_CORE_DEFERRED: a non-NCQ command is in flight or deferred
 * @ATA_SPLIT_CORE_UNLEARNED: libata's completion function is not yet known
 * @ATA_SPLIT_CORE_PREP: the LLD's ->qc_prep() failed
 * @ATA_SPLIT_CORE_MAP: DMA mapping has failed for as long as the midlayer allows
 * @ATA_SPLIT_MAP_BUSY: DMA mapping failed; the request is requeued
 * @ATA_SPLIT_REFUSED_EPOCH: built, but error handling ran meanwhile
 * @ATA_SPLIT_REFUSED_EH: built, but the port is frozen or recovering
 * @ATA_SPLIT_REFUSED_PMP: built, but the port has a port multiplier
 * @ATA_SPLIT_REFUSED_DEVICE: built, but the device is disabled, asleep, about to
 *	be detached, or another one
 * @ATA_SPLIT_REFUSED_NCQ: built, but NCQ was switched off
 * @ATA_SPLIT_REFUSED_DEFERRED: built, but a non-NCQ command is in flight or
 *	deferred
 * @ATA_SPLIT_REFUSED_OFFLINE: built, but the PCI channel is offline
 * @ATA_SPLIT_NR_VERDICTS: number of verdicts
 *
 * For all of them but ATA_SPLIT_OK and ATA_SPLIT_MAP_BUSY the command is passed
 * to libata's core.
 */
enum ata_split_verdict {
	ATA_SPLIT_OK,
	ATA_SPLIT_CORE_OFF,
	ATA_SPLIT_CORE_COMMAND,
	ATA_SPLIT_CORE_PASSTHROUGH,
	ATA_SPLIT_CORE_SHAPE,
	ATA_SPLIT_CORE_LBA,
	ATA_SPLIT_CORE_CDL,
	ATA_SPLIT_CORE_PORT,
	ATA_SPLIT_CORE_DEVICE,
	ATA_SPLIT_CORE_NONCQ,
	ATA_SPLIT_CORE_DEFERRED,
	ATA_SPLIT_CORE_UNLEARNED,
	ATA_SPLIT_CORE_PREP,
	ATA_SPLIT_CORE_MAP,
	ATA_SPLIT_MAP_BUSY,
	ATA_SPLIT_REFUSED_EPOCH,
	ATA_SPLIT_REFUSED_EH,
	ATA_SPLIT_REFUSED_PMP,
	ATA_SPLIT_REFUSED_DEVICE,
	ATA_SPLIT_REFUSED_NCQ,
	ATA_SPLIT_REFUSED_DEFERRED,
	ATA_SPLIT_REFUSED_OFFLINE,
	ATA_SPLIT_NR_VERDICTS,
};

/**
 * enum ata_split_end - how a command of the split ended
 * @ATA_SPLIT_NOT_DONE: it is in flight, or the split did not take it
 * @ATA_SPLIT_DONE_DEFERRED: unmapped and completed after the lock was dropped
 * @ATA_SPLIT_DONE_LOCKED: completed under the lock, as no batch was open
 * @ATA_SPLIT_DONE_TIMEDOUT: the SCSI timeout had already claimed the command
 * @ATA_SPLIT_DONE_EH: completed by error handling, to be finished or retried
 * @ATA_SPLIT_NR_ENDS: number of ends
 */
enum ata_split_end {
	ATA_SPLIT_NOT_DONE,
	ATA_SPLIT_DONE_DEFERRED,
	ATA_SPLIT_DONE_LOCKED,
	ATA_SPLIT_DONE_TIMEDOUT,
	ATA_SPLIT_DONE_EH,
	ATA_SPLIT_NR_ENDS,
};

/**
 * enum ata_split_time - times measured while the parameter measure is set
 * @ATA_SPLIT_TIME_BUILD: duration of a build
 * @ATA_SPLIT_TIME_SUBMIT: StartIo's hold of the port lock
 * @ATA_SPLIT_TIME_INTERRUPT: the interrupt handler's hold of the port lock
 * @ATA_SPLIT_NR_TIMES: number of times
 */
enum ata_split_time {
	ATA_SPLIT_TIME_BUILD,
	ATA_SPLIT_TIME_SUBMIT,
	ATA_SPLIT_TIME_INTERRUPT,
	ATA_SPLIT_NR_TIMES,
};

/* Buckets of the commands completed by one interrupt: 1, 2-3, 4-7, ... 32. */
#define ATA_SPLIT_NR_BATCHES		6

/**
 * struct ata_split_counters - one CPU's share of a port's counters
 * @queued: commands that entered ata_split_queuecmd()
 * @built: builds that succeeded
 * @started: commands issued by the split
 * @db_deferred: of these, commands whose doorbell was deferred
 * @refused: commands not taken, by &enum ata_split_verdict
 * @done: commands of the split that ended, by &enum ata_split_end
 * @batch: interrupts that found 2^i to 2^(i+1)-1 commands done
 * @longest: longest times in nanoseconds, by &enum ata_split_time
 *
 * While the port is idle ``queued == core_* + map_busy + built``, ``built ==
 * refused_* + started`` and ``started == done_*``; the tests rely on it.
 */
struct ata_split_counters {
	unsigned long			queued;
	unsigned long			built;
	unsigned long			started;
	unsigned long			db_deferred;
	unsigned long			refused[ATA_SPLIT_NR_VERDICTS];
	unsigned long			done[ATA_SPLIT_NR_ENDS];
	unsigned long			batch[ATA_SPLIT_NR_BATCHES];
	u64				longest[ATA_SPLIT_NR_TIMES];
};

/**
 * struct ata_split_batch - commands that one interrupt found done
 * @nr: number of commands
 * @since: local_clock() when the lock was taken; 0 if tracing was disabled then
 * @cmd: the commands
 *
 * Lives on the interrupt handler's stack, from ata_split_complete_begin() to
 * ata_split_complete_end().  A tag is not reused before scsi_done() of its
 * request, so a batch holds each tag at most once and cannot overflow.
 */
struct ata_split_batch {
	unsigned int			nr;
	u64				since;
	struct scsi_cmnd		*cmd[ATA_MAX_QUEUE];
};

/**
 * struct ata_split_port - per-port state of ata_split
 * @ap: the port; constant
 * @pdev: its PCI device, or NULL; constant
 * @ring: the LLD's function to issue commands of the split by their tags; all
 *	are READ or WRITE FPDMA QUEUED, and it cannot fail.  The LLD may replace it
 *	while it holds ap->lock
 * @counters: per-CPU counters; the pointer is constant
 * @recorder: its flight recorder; the pointer is constant
 * @eh_epoch: number of error handling passes.  Written under ap->lock by
 *	ata_split_end_eh(); read without the lock before a build reads any
 *	other state of the port
 * @led_jiffies: when the disk activity LED was last triggered for a READ and
 *	for a WRITE.  Used only by the interrupt handler, which does not run
 *	concurrently with itself
 * @db_pending: tags that libata counts as in flight and whose doorbell has not
 *	been rung yet.  Protected by ap->lock
 * @batch: batch that completions are added to, NULL outside the interrupt
 *	handler.  Protected by ap->lock
 *
 * ap->private_data of an LLD that adopts the split points to one of these,
 * usually the first member of its own structure, in memory from
 * ata_split_devm_zalloc().
 *
 * The members that every build reads have cache lines of their own, because
 * interrupts on other CPUs write to the rest for each command.
 */
struct ata_split_port {
	struct ata_port			*ap;
	struct pci_dev			*pdev;
	void				(*ring)(struct ata_port *ap, u32 tags);
	struct ata_split_counters __percpu *counters;
	struct ata_split_recorder	*recorder;

	u32				eh_epoch __guarded_by(ata_split_startio);

	unsigned long			led_jiffies[2] ____cacheline_aligned_in_smp;

	u32				db_pending __guarded_by(ata_split_startio);
	struct ata_split_batch		*batch __guarded_by(ata_split_startio);
};

/**
 * to_ata_split_port - the split's state of a port
 * @ap: port, of an LLD that adopted the split
 *
 * Context: Any context.  Takes no lock.
 *
 * Return: the structure, or NULL for a dummy port.
 */
static inline struct ata_split_port *to_ata_split_port(const struct ata_port *ap)
{
	return ap->private_data;
}

/**
 * ata_split_n_elem - number of DMA segments of a prepared command
 * @qc: command, in ->qc_prep() or ->qc_issue()
 *
 * Do not test ATA_QCFLAG_DMAMAP instead: the split owns its mappings and never
 * sets that flag.  With ATA_FLAG_PIO_DMA every data command is mapped, on the
 * split's path and on the core's.
 *
 * Context: BuildIo or StartIo.  Takes no lock: the caller owns the command.
 *
 * Return: number of mapped segments, zero if the command moves no data.
 */
static inline unsigned int ata_split_n_elem(const struct ata_queued_cmd *qc)
{
	return ata_is_data(qc->tf.protocol) ? qc->n_elem : 0;
}

/*
 * For an LLD's scsi_host_template, after libata's ATA_*_SHT(), whose
 * ->queuecommand() it overrides.
 */
#define ATA_SPLIT_SHT_OPS						\
	.queuecommand		= ata_split_queuecmd,			\
	.commit_rqs		= ata_split_commit_rqs

int ata_split_port_init(struct ata_split_port *sp, struct ata_port *ap,
			void (*ring)(struct ata_port *ap, u32 tags));
int ata_split_show_host(struct ata_host *host);
bool ata_split_on(void);
void *ata_split_devm_zalloc(struct device *dev, size_t size);
ata_split_qc_status ata_split_queuecmd(struct Scsi_Host *shost,
				       struct scsi_cmnd *cmd);
void ata_split_commit_rqs(struct Scsi_Host *shost, u16 hwq);
void ata_split_learn(struct ata_queued_cmd *qc);
void ata_split_begin_eh(struct ata_split_port *sp);
void ata_split_end_eh(struct ata_port *ap) __in_startio;
void ata_split_complete_begin(struct ata_split_port *sp,
			      struct ata_split_batch *batch)
	__enters_startio;
int ata_split_complete_multiple(struct ata_split_port *sp, u32 active)
	__in_startio;
void ata_split_complete_end(struct ata_split_port *sp,
			    struct ata_split_batch *batch)
	__leaves_startio;
__printf(2, 3)
void ata_split_note(struct ata_split_port *sp, const char *fmt, ...);

#endif /* _LINUX_ATA_SPLIT_H */
