// SPDX-License-Identifier: GPL-2.0
/* Completion: interrupt handlers, finding completed commands, result taskfiles. */

#include <linux/lockdep.h>
#include "ahci_split.h"

/* Complete the commands that the HBA no longer lists as active. */
static __always_inline void ahci_split_complete_active(struct ata_port *ap)
	__in_startio
{
	struct ahci_split_port *pp = to_ahci_split_port(ap);
	struct ata_eh_info *ehi = &ap->link.eh_info;
	/* NCQ and other commands are never in flight together. */
	bool queued = ap->link.sactive;
	u32 active;
	int rc;

	lockdep_assert_held(ap->lock);

	active = readl(pp->mmio + (queued ? AHCI_PXSACT : AHCI_PXCI));

	/*
	 * Nothing is completed here on a frozen port.  Either error handling
	 * owns its commands, or the system is shutting down:
	 * ata_pci_shutdown_one() freezes ports, without the lock and without
	 * waiting for commands, and then stops the HBA, which clears PxSACT and
	 * PxCI.  So test the flag after reading the register, not before.
	 */
	if (unlikely(ap->pflags & ATA_PFLAG_FROZEN))
		return;

	if (queued)
		rc = ata_split_complete_multiple(&pp->build.split, active);
	else
		rc = ata_qc_complete_multiple(ap, active);

	if (unlikely(rc < 0) &&
	    !(ap->pflags & ATA_PFLAG_RESETTING)) {
		ehi->err_mask |= AC_ERR_HSM;
		ehi->action |= ATA_EH_RESET;
		ata_port_freeze(ap);
	}
}

/*
 * A Set Device Bits FIS may carry a notification (SATA, asynchronous
 * notification).  Only an ATAPI device for which libata enabled it sends one, so
 * two register accesses per interrupt are skipped for disks.
 */
static void ahci_split_notification(struct ata_port *ap)
	__in_startio
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	const struct ahci_split_port *pp = to_ahci_split_port(ap);

	if (likely(!(ap->link.device[0].flags & ATA_DFLAG_AN)))
		return;

	/* Without PxSNTF check the FIS itself: N is bit 15 of its first dword. */
	if (hpriv->cap & AHCI_CAP_SSNTF || pp->dma->rx.sdb[1] & BIT(7))
		sata_async_notification(ap);
}

static __always_inline void ahci_split_handle(struct ata_port *ap, u32 status)
	__in_startio
{
	/* PRCS reflects SError's bit N (AHCI 1.3.1, 3.3.5): clear that only if set. */
	if (unlikely(status & AHCI_PXI_PRCS) &&
	    sata_lpm_ignore_phy_events(&ap->link)) {
		status &= ~AHCI_PXI_PRCS;
		ahci_split_scr_write(&ap->link, SCR_ERROR, SERR_PHYRDY_CHG);
	}

	/*
	 * Completions come before the error: a command that succeeded must not
	 * be retried.  But a non-queued command is in flight alone, so a task
	 * file error means that it has failed, even if the HBA clears its bit
	 * in PxCI (which AHCI 1.3.1, 3.3.14 does not allow, but some HBAs do).
	 */
	if (unlikely(status & AHCI_PXI_ERROR)) {
		if (ap->link.sactive || !(status & AHCI_PXI_TFES))
			ahci_split_complete_active(ap);
		ahci_split_error_intr(ap, status);
		return;
	}

	if (status & AHCI_PXI_SDBS)
		ahci_split_notification(ap);
	ahci_split_complete_active(ap);
}

static __always_inline void ahci_split_port_intr(struct ata_port *ap)
{
	struct ahci_split_port *pp = to_ahci_split_port(ap);
	/* Written before it is read, so skip automatic initialization. */
	struct ata_split_batch batch __uninitialized;
	u32 status;

	/* No lock: the handler of a vector does not run concurrently with itself. */
	status = readl(pp->mmio + AHCI_PXIS);
	writel(status, pp->mmio + AHCI_PXIS);

	ata_split_complete_begin(&pp->build.split, &batch);
	ahci_split_handle(ap, status);
	ata_split_complete_end(&pp->build.split, &batch);
}

/**
 * ahci_split_intr_port - handler of a port's own vector
 * @irq: Linux interrupt number
 * @dev_id: the port
 *
 * Context: Completion.
 *
 * Return: IRQ_HANDLED, as the vector is not shared.
 */
irqreturn_t ahci_split_intr_port(int irq, void *dev_id)
{
	ahci_split_port_intr(dev_id);
	return IRQ_HANDLED;
}

/**
 * ahci_split_intr_host - handler of a vector or line that all ports share
 * @irq: Linux interrupt number
 * @dev_id: the ATA host
 *
 * Context: Completion.  Takes one port's lock at a time.
 *
 * Return: IRQ_NONE if the HBA raised nothing.
 */
irqreturn_t ahci_split_intr_host(int irq, void *dev_id)
{
	struct ata_host *host = dev_id;
	const struct ahci_split_host *hpriv = host->private_data;
	u32 status, pending, left;

	status = readl(hpriv->mmio + AHCI_IS);
	if (!status)
		return IRQ_NONE;

	pending = status & hpriv->port_map;
	for (left = pending; left; left &= left - 1)
		ahci_split_port_intr(host->ports[__ffs(left)]);

	/*
	 * IS behaves as a level-triggered latch of PxIS, so clear it after PxIS
	 * (AHCI 1.1, 10.6.2).  Clear all bits that were read: otherwise an event
	 * on a port that we do not use would keep the interrupt asserted.
	 */
	writel(status, hpriv->mmio + AHCI_IS);

	return IRQ_RETVAL(pending);
}

/**
 * ahci_split_qc_fill_rtf - ->qc_fill_rtf: save the result registers of a command
 * @qc: command that failed, or whose caller wants the result taskfile
 *
 * Context: Completion or EH.  Caller holds ap->lock.
 *
 * Return: true, in kernels that expect a value.
 */
ata_split_rtf_ret ahci_split_qc_fill_rtf(struct ata_queued_cmd *qc)
{
	const struct ahci_rx_fis *rx = &to_ahci_split_port(qc->ap)->dma->rx;

	if (qc->tf.protocol == ATA_PROT_PIO &&
	    qc->dma_dir == DMA_FROM_DEVICE &&
	    !(qc->flags & ATA_SPLIT_QCFLAG_EH)) {
		/*
		 * A PIO read that succeeds ends with a PIO Setup FIS, whose
		 * E_Status (SATA, PIO Setup FIS) is the final status.
		 */
		ata_tf_from_fis(rx->pio_setup, &qc->result_tf);
		qc->result_tf.status = rx->pio_setup[15];
	} else if (ATA_SPLIT_SHARED_STATUS && ata_is_ncq(qc->tf.protocol)) {
		/* These end without a Register FIS; the last one is stale. */
		qc->result_tf.status = rx->sdb[2];
		qc->result_tf.error = rx->sdb[3];
	} else {
		ata_tf_from_fis(rx->d2h_reg, &qc->result_tf);
	}

	return ATA_SPLIT_RTF_FILLED;
}

/**
 * ahci_split_qc_ncq_fill_rtf - ->qc_ncq_fill_rtf: save the status of NCQ commands
 * @ap: port
 * @done_mask: tags that are done
 *
 * NCQ commands share one status.  It is read now, because the next FIS overwrites
 * it, and only for commands whose caller wants it, unlike plain READs and WRITEs.
 *
 * Context: Completion.  Caller holds ap->lock.
 */
void ahci_split_qc_ncq_fill_rtf(struct ata_port *ap, u64 done_mask)
{
	const struct ahci_rx_fis *rx = &to_ahci_split_port(ap)->dma->rx;

	lockdep_assert_held(ap->lock);

	if (!ap->link.sactive)
		return;

	while (done_mask) {
		unsigned int tag = __ffs64(done_mask);
		struct ata_queued_cmd *qc = ata_qc_from_tag(ap, tag);

		done_mask &= ~(1ULL << tag);
		if (!qc || !(qc->flags & ATA_QCFLAG_RESULT_TF) ||
		    !ata_is_ncq(qc->tf.protocol))
			continue;
		qc->result_tf.status = rx->sdb[2];
		qc->result_tf.error = rx->sdb[3];
		qc->result_tf.flags = qc->tf.flags;
		qc->flags |= ATA_SPLIT_QCFLAG_RTF_FILLED;
	}
}
