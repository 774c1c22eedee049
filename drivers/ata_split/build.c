// SPDX-License-Identifier: GPL-2.0
/*
 * BuildIo: decide whether the split takes a command, and prepare it up to its
 * issue.
 *
 * Runs with no lock held and interrupts on, on many CPUs at once for the same
 * port.  It writes only to memory that its tag owns: the request, the
 * ata_queued_cmd of the tag and, in ->qc_prep(), the LLD's memory for the tag, such
 * as its command table.  What it reads of the port and the device may be stale, so
 * StartIo checks all of it again.  No register is accessed here and no libata
 * function is called, which selftests/host/symbols.sh verifies on this file's
 * object.
 *
 * Mirrors functions that libata calls under ap->lock: ata_scsi_rw_xlat(), the NCQ
 * branch of ata_build_rw_tf(), ata_scsi_qc_new(), ata_scsi_translate(),
 * ata_sg_setup().  selftests/host/drift.sh detects changes to them.
 */

#include <linux/ioprio.h>
#include <linux/kcsan-checks.h>
#include <linux/lockdep.h>
#include "split.h"

#ifdef CONFIG_PROVE_LOCKING
/*
 * Held across each build.  It has the class of the port locks, so lockdep
 * reports a port lock that is taken inside a build as recursion, the first
 * time it happens and on a single CPU.  It is acquired without dependency
 * checks: nothing ever waits for it, and lockdep would report an inversion,
 * because builds run with interrupts on and interrupts take the port locks.
 */
static struct lockdep_map ata_split_build_map;

/**
 * ata_split_build_init - tie the build annotation to the port locks' class
 * @name: the class's name, the same pointer as for the locks
 * @key: the class's key
 */
void ata_split_build_init(const char *name, struct lock_class_key *key)
{
	lockdep_init_map_wait(&ata_split_build_map, name, key, 0,
			      LD_WAIT_CONFIG);
}

static void ata_split_build_enter(void)
{
	lock_acquire(&ata_split_build_map, 0, 0, 0, 0, NULL, _THIS_IP_);
}

static void ata_split_build_exit(void)
{
	lock_release(&ata_split_build_map, _THIS_IP_);
}
#else
void ata_split_build_init(const char *name, struct lock_class_key *key) { }
static inline void ata_split_build_enter(void) { }
static inline void ata_split_build_exit(void) { }
#endif

/*
 * Decode a READ or WRITE.  Anything unusual is left to the core, which generates
 * the right sense data.
 */
static __always_inline enum ata_split_verdict
ata_split_decode(struct scsi_cmnd *cmd, struct ata_split_rw *rw)
{
	const u8 *cdb = cmd->cmnd;
	enum dma_data_direction dir = DMA_FROM_DEVICE;
	unsigned int cdb_len = 10;

	if (blk_rq_is_passthrough(scsi_cmd_to_rq(cmd)))
		return ATA_SPLIT_CORE_PASSTHROUGH;

	rw->tf_flags = 0;
	switch (cdb[0]) {
	case WRITE_10:
	case WRITE_16:
		rw->tf_flags = ATA_TFLAG_WRITE;
		dir = DMA_TO_DEVICE;
		break;
	case READ_10:
	case READ_16:
		break;
	default:
		return ATA_SPLIT_CORE_COMMAND;
	}

	if (cdb[0] == READ_16 || cdb[0] == WRITE_16) {
		cdb_len = 16;
		rw->lba = get_unaligned_be64(&cdb[2]);
		rw->n_block = get_unaligned_be32(&cdb[10]);
		/* SBC-5: duration limit descriptor, DLD2 and DLD1:0 */
		if (cdb[1] & 0x01 || cdb[14] & 0xc0)
			return ATA_SPLIT_CORE_CDL;
		/* libata's lba_48_ok(); READ(10) cannot ask for more */
		if (rw->n_block > ATA_MAX_SECTORS_LBA48 ||
		    rw->lba + rw->n_block - 1 >= 1ULL << 48)
			return ATA_SPLIT_CORE_LBA;
	} else {
		rw->lba = get_unaligned_be32(&cdb[2]);
		rw->n_block = get_unaligned_be16(&cdb[7]);
	}
	/* SBC: FUA */
	if (cdb[1] & 0x08)
		rw->tf_flags |= ATA_TFLAG_FUA;

	if (cmd->cmd_len != cdb_len || cmd->sc_data_direction != dir ||
	    !rw->n_block ||
	    scsi_bufflen(cmd) != (u64)rw->n_block * cmd->device->sector_size)
		return ATA_SPLIT_CORE_SHAPE;

	return ATA_SPLIT_OK;
}

/*
 * Is StartIo likely to accept a build?  Reads without the lock what StartIo checks
 * again under it, so a stale answer only wastes a build or sends a command to the
 * core.
 */
static __always_inline enum ata_split_verdict
ata_split_precheck(const struct ata_port *ap)
{
	unsigned long dev_flags = ata_split_peek(ap->link.device[0].flags);

	if (unlikely(ata_split_peek(ap->pflags) & ATA_SPLIT_PFLAGS_BAD))
		return ATA_SPLIT_CORE_PORT;
	if (unlikely(!ata_split_queues(dev_flags)))
		return dev_flags & ATA_SPLIT_DFLAGS_GONE ?
		       ATA_SPLIT_CORE_DEVICE : ATA_SPLIT_CORE_NONCQ;
	/* Do not map a command that must wait: the core defers it. */
	if (unlikely(data_race(ata_split_must_defer(ap))))
		return ATA_SPLIT_CORE_DEFERRED;

	return ATA_SPLIT_OK;
}

static __always_inline enum ata_split_verdict
__ata_split_eligible(const struct ata_port *ap, struct scsi_cmnd *cmd,
		     struct ata_split_rw *rw)
{
	enum ata_split_verdict verdict = ata_split_decode(cmd, rw);

	if (unlikely(verdict != ATA_SPLIT_OK))
		return verdict;

	/* Until the first READ or WRITE on the core path, or while the split is off. */
	if (unlikely(!READ_ONCE(ata_split_core_complete)))
		return ATA_SPLIT_CORE_UNLEARNED;

	return ata_split_precheck(ap);
}

/**
 * ata_split_eligible - may the split take a command?
 * @ap: port, to read only
 * @cmd: command
 * @rw: the decoded CDB, valid if the split takes the command
 *
 * Context: BuildIo.  Takes no lock.
 *
 * Return: ATA_SPLIT_OK if the split takes it, otherwise the reason why not.
 */
enum ata_split_verdict ata_split_eligible(const struct ata_port *ap,
					  struct scsi_cmnd *cmd,
					  struct ata_split_rw *rw)
{
	return __ata_split_eligible(ap, cmd, rw);
}

/* The NCQ branch of libata's ata_build_rw_tf(). */
static void ata_split_build_tf(const struct ata_device *dev,
			       struct ata_queued_cmd *qc,
			       struct ata_split_rw rw, int ioprio_class)
{
	struct ata_taskfile *tf = &qc->tf;

	tf->flags |= ATA_TFLAG_ISADDR | ATA_TFLAG_DEVICE | ATA_TFLAG_LBA |
		     ATA_TFLAG_LBA48 | rw.tf_flags;
	tf->protocol = ATA_PROT_NCQ;
	tf->command = rw.tf_flags & ATA_TFLAG_WRITE ? ATA_CMD_FPDMA_WRITE :
						       ATA_CMD_FPDMA_READ;

	/* SATA 3.x, READ and WRITE FPDMA QUEUED: tag in COUNT 7:3 */
	tf->nsect = qc->hw_tag << 3;
	tf->hob_feature = (rw.n_block >> 8) & 0xff;
	tf->feature = rw.n_block & 0xff;

	tf->hob_lbah = (rw.lba >> 40) & 0xff;
	tf->hob_lbam = (rw.lba >> 32) & 0xff;
	tf->hob_lbal = (rw.lba >> 24) & 0xff;
	tf->lbah = (rw.lba >> 16) & 0xff;
	tf->lbam = (rw.lba >> 8) & 0xff;
	tf->lbal = rw.lba & 0xff;

	tf->device = ATA_LBA;
	if (rw.tf_flags & ATA_TFLAG_FUA)
		tf->device |= 1 << 7;

	/*
	 * sysfs changes this flag without error handling.  A command that is
	 * built at that moment may use either value.
	 */
	if (ioprio_class == IOPRIO_CLASS_RT &&
	    ata_split_peek(dev->flags) & ATA_DFLAG_NCQ_PRIO_ENABLED)
		tf->hob_nsect |= ATA_PRIO_HIGH << ATA_SHIFT_PRIO;
}

/* What libata's ata_scsi_qc_new() and ata_scsi_translate() fill in. */
static void ata_split_build_qc(struct ata_queued_cmd *qc,
			       struct scsi_cmnd *cmd)
{
	const struct request *rq = scsi_cmd_to_rq(cmd);
	/* Read all before storing: the compiler then drops ata_qc_reinit()'s zeroes. */
	enum dma_data_direction dir = cmd->sc_data_direction;
	unsigned int n_elem = scsi_sg_count(cmd);
	unsigned int nbytes = scsi_bufflen(cmd);
	struct scatterlist *sg = scsi_sglist(cmd);
	bool quiet = rq->rq_flags & RQF_QUIET;
	unsigned long flags = ATA_QCFLAG_IO;
	unsigned int tag = rq->tag;

	qc->tag = tag;
	qc->hw_tag = tag;
	ata_qc_reinit(qc);

	/* Set after qc->dev, which error handling may use once this matches. */
	qc->scsicmd = cmd;
	qc->scsidone = ata_split_done;
	qc->complete_fn = ata_split_complete;
	qc->dma_dir = dir;
	qc->nbytes = nbytes;
	qc->sg = sg;
	qc->cursg = sg;
	qc->orig_n_elem = n_elem;

	if (quiet)
		flags |= ATA_QCFLAG_QUIET;

	/*
	 * A single store, because error handling reads the flags of commands
	 * that it does not own.  Never ATA_QCFLAG_DMAMAP: the split owns the
	 * mapping.
	 */
	WRITE_ONCE(qc->flags, flags);
}

/*
 * Map the buffer, as libata's ata_sg_setup().  Most requests have one segment, for
 * which dma_map_page() is cheaper than dma_map_sg(), as in nvme-pci.
 */
static int ata_split_map(struct ata_queued_cmd *qc)
{
	struct device *dev = qc->ap->dev;
	struct scatterlist *sg = qc->sg;

	if (ata_split_fault_map())
		return -ENOMEM;

	if (likely(qc->orig_n_elem == 1)) {
		qc->n_elem = 1;
		sg_dma_len(sg) = sg->length;
		sg_dma_address(sg) = dma_map_page(dev, sg_page(sg), sg->offset,
						  sg->length, qc->dma_dir);
		return dma_mapping_error(dev, sg_dma_address(sg));
	}
	qc->n_elem = dma_map_sg(dev, sg, qc->orig_n_elem, qc->dma_dir);
	return qc->n_elem ? 0 : -ENOMEM;
}

/* As libata's ata_qc_free(), because a requeued request may get another tag. */
static void ata_split_free_qc(struct ata_queued_cmd *qc)
{
	WRITE_ONCE(qc->flags, 0);
	qc->tag = ATA_TAG_POISON;
}

/**
 * ata_split_build - prepare a command up to, but not including, its issue
 * @sp: port, to read only
 * @qc: the ata_queued_cmd of the request's tag
 * @cmd: command
 *
 * Context: BuildIo, contract clauses C2 to C9.  No lock held, interrupts on;
 * must not sleep.
 *
 * Return: ATA_SPLIT_OK; ATA_SPLIT_MAP_BUSY when the buffer cannot be mapped
 * now; ATA_SPLIT_CORE_PREP when the LLD's ->qc_prep() failed; otherwise the reason
 * why the split does not take the command.  Unless the build succeeded, no state
 * of the command is left behind.
 */
enum ata_split_verdict ata_split_build(const struct ata_split_port *sp,
				       struct ata_queued_cmd *qc,
				       struct scsi_cmnd *cmd)
{
	const struct ata_port *ap = sp->ap;
	enum ata_split_verdict verdict;
	/* Written before it is read, so skip automatic initialization. */
	struct ata_split_rw rw __uninitialized;

	verdict = __ata_split_eligible(ap, cmd, &rw);
	if (verdict != ATA_SPLIT_OK)
		return verdict;

	lockdep_assert_irqs_enabled();
	lockdep_assert_not_held(ap->lock);
	ata_split_build_enter();
	/* Error handling may read the flags, but there is no other writer. */
	ASSERT_EXCLUSIVE_WRITER_SCOPED(*qc);

	qc->ap = sp->ap;
	qc->dev = &sp->ap->link.device[0];
	ata_split_build_qc(qc, cmd);
	ata_split_build_tf(qc->dev, qc, rw,
			   IOPRIO_PRIO_CLASS(req_get_ioprio(scsi_cmd_to_rq(cmd))));
	if (unlikely(ata_split_map(qc))) {
		ata_split_free_qc(qc);
		verdict = ATA_SPLIT_MAP_BUSY;
		goto out;
	}

	ata_split_fault_building(qc);
	if (unlikely(ap->ops->qc_prep(qc) != AC_ERR_OK)) {
		ata_split_unbuild(qc, cmd);
		verdict = ATA_SPLIT_CORE_PREP;
	}
out:
	ata_split_build_exit();
	return verdict;
}

/**
 * ata_split_unbuild - undo a build that will not be issued
 * @qc: command, mapped and not issued
 * @cmd: its SCSI command
 *
 * A refused request may be requeued and get another tag, so no state may be left
 * under this one: contract clause C12.
 *
 * Context: BuildIo.  Takes no lock.
 */
void ata_split_unbuild(struct ata_queued_cmd *qc, struct scsi_cmnd *cmd)
{
	if (!ata_split_fault(ATA_SPLIT_FAULT_LEAK_ON_REFUSAL))
		ata_split_unmap(qc->ap, cmd);
	ata_split_free_qc(qc);
}
