/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between ata_split, the port driver's half of the BuildIo and
 * StartIo split, and a libata low-level driver (LLD) that adopts it.
 *
 * A request goes three ways:
 *
 *	BuildIo		->queuecommand(), no lock, interrupts on, many at once:
 *			CDB to taskfile, DMA mapping, ->qc_prep()
 *	StartIo		ap->lock, interrupts off: check again, libata's
 *			bookkeeping, the LLD's ring()
 *	completion	ap->lock: find out what is done; then, with no lock:
 *			unmap and scsi_done()
 *
 * An LLD adopts it with these lines:
 *
 *  - the port's private structure begins with a struct ata_split_port, is
 *    allocated by ata_split_devm_zalloc(), and ->port_start() calls
 *    ata_split_port_init() once ap->lock is final;
 *  - a function that issues queued commands which the split has built, one or
 *    more at a time, where ->qc_issue() has to ask what it is;
 *  - ATA_SPLIT_SHT_OPS in its scsi_host_template, and ata_split_show_host()
 *    once the host is registered;
 *  - .end_eh = ata_split_end_eh in its port operations;
 *  - ->qc_prep() writes nothing but the command table of the qc's own tag, and
 *    an internal command has a table that no tag shares;
 *  - ->qc_issue() calls ata_split_learn() and fills whatever the HBA shares
 *    between tags, such as AHCI's command header;
 *  - its ports have ATA_FLAG_PIO_DMA, so that every command with data is mapped;
 *  - ->qc_defer() is ata_std_qc_defer(), or libata's for port multipliers;
 *  - the interrupt handler calls ata_split_complete_multiple() for queued
 *    commands, and brackets whatever completes commands with
 *    ata_split_complete_begin() and ata_split_complete_end();
 *  - an error is noted with ata_split_note(), and ->error_handler() begins with
 *    ata_split_begin_eh().
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
 * enum ata_split_verdict - does a command take the split, and if not, why
 * @ATA_SPLIT_OK: it does: the build, or StartIo, succeeded
 * @ATA_SPLIT_CORE_OFF: the split parameter is off
 * @ATA_SPLIT_CORE_COMMAND: neither READ nor WRITE (10 or 16), such as a flush
 *	or a discard
 * @ATA_SPLIT_CORE_PASSTHROUGH: not the block layer's own I/O, but a CDB from
 *	user space or from the SCSI midlayer
 * @ATA_SPLIT_CORE_SHAPE: length, direction and buffer disagree
 * @ATA_SPLIT_CORE_LBA: beyond 48 bits, or too many blocks
 * @ATA_SPLIT_CORE_CDL: asks for a command duration limit
 * @ATA_SPLIT_CORE_PORT: frozen or recovering port
 * @ATA_SPLIT_CORE_DEVICE: device asleep or about to go
 * @ATA_SPLIT_CORE_NONCQ: NCQ not available or switched off, as on an ATAPI
 *	device
 * @ATA_SPLIT_CORE_DEFERRED: a non-NCQ command is in flight or waits to be
 * @ATA_SPLIT_CORE_UNLEARNED: libata's completion function is not yet known
 * @ATA_SPLIT_CORE_PREP: the LLD's ->qc_prep() refused
 * @ATA_SPLIT_CORE_MAP: DMA mapping has failed for too long
 * @ATA_SPLIT_MAP_BUSY: DMA mapping failed, request handed back as busy
 * @ATA_SPLIT_REFUSED_EPOCH: built, but error handling ran meanwhile
 * @ATA_SPLIT_REFUSED_EH: built, but the port is frozen or recovering
 * @ATA_SPLIT_REFUSED_PMP: built, but the port has a port multiplier
 * @ATA_SPLIT_REFUSED_DEVICE: built, but the device is disabled, another one, or
 *	has gone to sleep
 * @ATA_SPLIT_REFUSED_NCQ: built, but NCQ was switched off
 * @ATA_SPLIT_REFUSED_DEFERRED: built, but a non-NCQ command comes first
 * @ATA_SPLIT_REFUSED_OFFLINE: built, but the PCI channel is offline
 * @ATA_SPLIT_NR_VERDICTS: how many there are
 *
 * With all of them but ATA_SPLIT_OK and ATA_SPLIT_MAP_BUSY libata's core gets
 * the command.
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
 * @ATA_SPLIT_NOT_DONE: it has not
 * @ATA_SPLIT_DONE_DEFERRED: unmapped and completed after the lock was dropped
 * @ATA_SPLIT_DONE_LOCKED: completed with no batch open, under the lock
 * @ATA_SPLIT_DONE_TIMEDOUT: the SCSI timeout had already claimed the command
 * @ATA_SPLIT_DONE_EH: handed back by error handling
 * @ATA_SPLIT_NR_ENDS: how many there are
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
 * enum ata_split_time - what is measured, while the parameter measure is set
 * @ATA_SPLIT_TIME_BUILD: a build
 * @ATA_SPLIT_TIME_SUBMIT: StartIo's hold of the port lock
 * @ATA_SPLIT_TIME_INTERRUPT: the interrupt handler's hold of the port lock
 * @ATA_SPLIT_NR_TIMES: how many there are
 */
enum ata_split_time {
	ATA_SPLIT_TIME_BUILD,
	ATA_SPLIT_TIME_SUBMIT,
	ATA_SPLIT_TIME_INTERRUPT,
	ATA_SPLIT_NR_TIMES,
};

/* Classes of how many commands an interrupt found done: 1, 2 or 3, up to 32. */
#define ATA_SPLIT_NR_BATCHES		6

/**
 * struct ata_split_counters - one CPU's share of a port's counters
 * @queued: commands that entered ata_split_queuecmd()
 * @built: builds that were completed
 * @started: commands issued by the split
 * @db_deferred: of these, issued with a doorbell that was deferred
 * @refused: commands not taken, by &enum ata_split_verdict
 * @done: commands of the split that ended, by &enum ata_split_end
 * @batch: interrupts that found 2^i to 2^(i+1)-1 commands done
 * @longest: times in nanoseconds, by &enum ata_split_time
 *
 * At rest ``queued == core_* + map_busy + built``, ``built == refused_* +
 * started`` and ``started == done_*``; the tests rely on it.
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
 * @nr: how many
 * @since: when the lock was taken, by local_clock() in ns; 0 if nothing traces
 * @cmd: the commands
 *
 * Lives on the interrupt handler's stack, from ata_split_complete_begin() to
 * ata_split_complete_end().  A tag is not given to a new request before its
 * scsi_done(), so a batch holds each tag at most once.
 */
struct ata_split_batch {
	unsigned int			nr;
	u64				since;
	struct scsi_cmnd		*cmd[ATA_MAX_QUEUE];
};

/**
 * struct ata_split_port - what ata_split keeps for a port
 * @ap: the port; constant
 * @pdev: its PCI device, or NULL; constant
 * @ring: LLD's: issue commands of the split, all READ or WRITE FPDMA QUEUED,
 *	by their tags; cannot fail.  Constant
 * @counters: per-CPU counters; the pointer is constant
 * @recorder: its flight recorder; the pointer is constant
 * @eh_epoch: counts passes of error handling.  Written under ap->lock by
 *	ata_split_end_eh(); a build reads it without the lock, before it looks
 *	at anything else of the port
 * @led_jiffies: when the disk activity LED was last told of a READ and of a
 *	WRITE.  Only in the interrupt handler, which does not run on two CPUs
 * @db_pending: tags that libata counts as in flight and whose doorbell has not
 *	been rung yet.  Only under ap->lock
 * @batch: where completions collect, or NULL outside an interrupt.
 *	Only under ap->lock
 *
 * ap->private_data of an LLD that adopts the split points to one of these,
 * usually the first member of its own structure, in memory from
 * ata_split_devm_zalloc().
 *
 * What every build reads has cache lines of its own: interrupts on another CPU
 * write to the rest for each command.
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
 * to_ata_split_port - the split's half of a port
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
 * ata_split_n_elem - DMA segments of a prepared command
 * @qc: command, in ->qc_prep() or ->qc_issue()
 *
 * ATA_QCFLAG_DMAMAP does not answer this: the split owns its mappings and
 * never sets it.  For an LLD with ATA_FLAG_PIO_DMA every data command is
 * mapped, whichever way it came.
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
 * ->queuecommand() it replaces.
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
