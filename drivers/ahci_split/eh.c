// SPDX-License-Identifier: GPL-2.0
/*
 * Error handling: decoding of error interrupts, freeze, thaw and resets.
 *
 * All but ahci_split_error_intr() and ahci_split_freeze() run only in libata's
 * error handling thread, which owns the port meanwhile.  Builds may still be
 * running, but they write to the tags' tables; polled commands use the internal
 * one.
 */

#include <linux/delay.h>
#include <linux/lockdep.h>
#include "ahci_split.h"

/*
 * Record the port's registers in the flight recorder.  The caller passes PxIS,
 * because the interrupt handler clears it before it handles an error.
 */
static void ahci_split_note(struct ata_port *ap, const char *when, u32 status)
{
	void __iomem *mmio = ahci_split_port_mmio(ap);

	ata_split_note(to_ata_split_port(ap),
		       "%s: PxIS %08x PxCMD %08x PxTFD %08x PxSSTS %08x PxSERR %08x PxSACT %08x PxCI %08x",
		       when, status, readl(mmio + AHCI_PXCMD),
		       readl(mmio + AHCI_PXTFD), readl(mmio + AHCI_PXSSTS),
		       readl(mmio + AHCI_PXSERR), readl(mmio + AHCI_PXSACT),
		       readl(mmio + AHCI_PXCI));
}

/**
 * ahci_split_error_intr - decode an error interrupt and schedule error handling
 * @ap: port; commands that succeeded have already been completed
 * @status: PxIS
 *
 * Context: Completion.  Caller holds ap->lock.
 */
void ahci_split_error_intr(struct ata_port *ap, u32 status)
	__in_startio
{
	const struct ahci_split_port *pp = to_ahci_split_port(ap);
	struct ata_eh_info *ehi = &ap->link.eh_info;
	struct ata_queued_cmd *qc = ata_qc_from_tag(ap, ap->link.active_tag);
	u32 serror;

	lockdep_assert_held(ap->lock);

	ahci_split_note(ap, "error interrupt", status);
	ata_ehi_clear_desc(ehi);
	ata_ehi_push_desc(ehi, "irq_stat 0x%08x", status);

	/* AHCI needs SError cleared; otherwise, it might lock up. */
	ahci_split_scr_read(&ap->link, SCR_ERROR, &serror);
	ahci_split_scr_write(&ap->link, SCR_ERROR, serror);
	ehi->serror |= serror;

	if (status & AHCI_PXI_TFES) {
		/*
		 * No queued command is blamed here: error handling finds the
		 * one that failed in the device's NCQ command error log.
		 */
		if (qc)
			qc->err_mask |= AC_ERR_DEV;
		else
			ehi->err_mask |= AC_ERR_DEV;
	}

	if (status & AHCI_PXI_UFS) {
		const u8 *unk = pp->dma->rx.unknown;

		ehi->err_mask |= AC_ERR_HSM;
		ehi->action |= ATA_EH_RESET;
		ata_ehi_push_desc(ehi, "unknown FIS %16ph", unk);
	}

	if (status & (AHCI_PXI_HBFS | AHCI_PXI_HBDS)) {
		ehi->err_mask |= AC_ERR_HOST_BUS;
		ehi->action |= ATA_EH_RESET;
		ata_ehi_push_desc(ehi, "host bus error");
	}

	if (status & AHCI_PXI_IFS) {
		ehi->err_mask |= AC_ERR_ATA_BUS;
		ehi->action |= ATA_EH_RESET;
		ata_ehi_push_desc(ehi, "interface fatal error");
	}

	if (status & (AHCI_PXI_PCS | AHCI_PXI_PRCS)) {
		ata_ehi_hotplugged(ehi);
		ata_ehi_push_desc(ehi, "%s", status & AHCI_PXI_PCS ?
				  "connection status changed" :
				  "PHY RDY changed");
	}

	if (status & AHCI_PXI_FREEZE)
		ata_port_freeze(ap);
	else
		ata_port_abort(ap);
}

/**
 * ahci_split_freeze - ->freeze: disable the port's interrupts
 * @ap: port
 *
 * Context: Completion or EH.  Caller holds ap->lock, except at shutdown.
 */
void ahci_split_freeze(struct ata_port *ap)
{
	writel(0, ahci_split_port_mmio(ap) + AHCI_PXIE);
}

/**
 * ahci_split_thaw - ->thaw: clear pending events, enable the port's interrupts
 * @ap: port
 *
 * Context: EH.  Caller holds ap->lock.
 */
void ahci_split_thaw(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	const struct ahci_split_port *pp = to_ahci_split_port(ap);

	writel(readl(pp->mmio + AHCI_PXIS), pp->mmio + AHCI_PXIS);
	writel(1U << ap->port_no, hpriv->mmio + AHCI_IS);
	writel(pp->irq_mask, pp->mmio + AHCI_PXIE);
}

static unsigned int ahci_split_classify(struct ata_port *ap)
{
	u32 sig = readl(ahci_split_port_mmio(ap) + AHCI_PXSIG);
	struct ata_taskfile tf = {
		.lbah	= sig >> 24,
		.lbam	= sig >> 16,
		.lbal	= sig >> 8,
		.nsect	= sig,
	};

	return ata_port_classify(ap, &tf);
}

static int ahci_split_check_ready(struct ata_link *link)
{
	return ata_check_ready(readl(ahci_split_port_mmio(link->ap) +
				     AHCI_PXTFD) & 0xff);
}

/*
 * Restart the command engine, so that the HBA drops its commands.  If the device
 * hangs in BSY or DRQ, override it, if the HBA can (AHCI 1.3.1, 3.3.7 CLO).
 */
static int ahci_split_kick_engine(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	void __iomem *mmio = ahci_split_port_mmio(ap);
	u32 tfd = readl(mmio + AHCI_PXTFD);
	int rc;

	rc = ahci_split_stop_engine(ap);
	if (rc || !(tfd & (ATA_BUSY | ATA_DRQ)))
		goto restart;

	if (!(hpriv->cap & AHCI_CAP_SCLO)) {
		rc = -EOPNOTSUPP;
		goto restart;
	}

	writel(readl(mmio + AHCI_PXCMD) | AHCI_PXCMD_CLO, mmio + AHCI_PXCMD);
	if (ata_wait_register(ap, mmio + AHCI_PXCMD, AHCI_PXCMD_CLO,
			      AHCI_PXCMD_CLO, 1, 500) & AHCI_PXCMD_CLO)
		rc = -EIO;
restart:
	ahci_split_start_engine(ap);
	return rc;
}

/* Send a FIS in slot 0 from the internal table; poll for its end, if @timeout_ms. */
static int ahci_split_exec_polled(struct ata_port *ap, u8 pmp,
				  const struct ata_taskfile *tf, u32 opts,
				  unsigned int timeout_ms)
{
	struct ahci_split_port *pp = to_ahci_split_port(ap);

	ata_tf_to_fis(tf, pmp, 0, (u8 *)pp->dma->table[AHCI_SPLIT_TABLE_INTERNAL].cfis);
	pp->info[AHCI_SPLIT_TABLE_INTERNAL].cmd.opts =
		cpu_to_le32(AHCI_CMD_CFL | pmp << AHCI_CMD_PMP_SHIFT | opts);
	ahci_split_fill_header(pp, 0, AHCI_SPLIT_TABLE_INTERNAL);
	writel(1, pp->mmio + AHCI_PXCI);

	if (!timeout_ms) {
		readl(pp->mmio + AHCI_PXCI);	/* flush */
		return 0;
	}
	if (ata_wait_register(ap, pp->mmio + AHCI_PXCI, 1, 1, 1,
			      timeout_ms) & 1) {
		ahci_split_kick_engine(ap);
		return -EBUSY;
	}
	return 0;
}

/* SRST on, SRST off (AHCI 1.3.1, 10.4.1), for a port of a port multiplier, or 0. */
static int ahci_split_srst(struct ata_link *link, u8 pmp, unsigned int *class,
			   unsigned long deadline)
{
	struct ata_port *ap = link->ap;
	const char *reason = "1st FIS failed";
	unsigned int timeout_ms = 0;
	struct ata_taskfile tf;
	int rc;

	rc = ahci_split_kick_engine(ap);
	if (rc && rc != -EOPNOTSUPP)
		ata_link_warn(link, "failed to reset engine (errno=%d)\n", rc);

	if (time_after(deadline, jiffies))
		timeout_ms = jiffies_to_msecs(deadline - jiffies);

	ata_tf_init(link->device, &tf);
	tf.ctl |= ATA_SRST;
	rc = ahci_split_exec_polled(ap, pmp, &tf,
				    AHCI_CMD_RESET | AHCI_CMD_CLEAR_BUSY,
				    timeout_ms);
	if (rc) {
		rc = -EIO;
		goto fail;
	}

	/* ATA requires at least 5 us between the two; sleep instead of spinning. */
	ata_msleep(ap, 1);

	tf.ctl &= ~ATA_SRST;
	ahci_split_exec_polled(ap, pmp, &tf, 0, 0);

	reason = "device not ready";
	rc = ata_wait_after_reset(link, deadline, ahci_split_check_ready);
	if (rc)
		goto fail;

	*class = ahci_split_classify(ap);
	return 0;
fail:
	ata_link_err(link, "softreset failed (%s)\n", reason);
	return rc;
}

/**
 * ahci_split_softreset - ->softreset
 * @link: host link
 * @class: device class by its signature
 * @deadline: in jiffies
 *
 * Context: EH.
 *
 * Return: 0 or a negative error.
 */
int ahci_split_softreset(struct ata_link *link, unsigned int *class,
			 unsigned long deadline)
{
	return ahci_split_srst(link, 0, class, deadline);
}

/*
 * A port multiplier without a device at its device port 0 sends no FIS after
 * COMRESET, but its control port answers SRST.
 */
static bool ahci_split_is_multiplier(struct ata_link *link)
{
	const struct ahci_split_host *hpriv = link->ap->host->private_data;
	unsigned int class = ATA_DEV_UNKNOWN;

	return hpriv->cap & AHCI_CAP_SPM && ata_link_online(link) &&
	       !ahci_split_srst(link, SATA_PMP_CTRL_PORT, &class,
				ata_deadline(jiffies, 1000)) &&
	       class == ATA_DEV_PMP;
}

/**
 * ahci_split_hardreset - ->hardreset: COMRESET (AHCI 1.3.1, 10.4.2)
 * @link: host link
 * @class: device class by its signature, if the link is up
 * @deadline: in jiffies
 *
 * Port multipliers are not supported: of one, the device at device port 0 is used,
 * which appears to be the only one.
 *
 * Context: EH.
 *
 * Return: 0, -EAGAIN if a softreset should follow, or a negative error.
 */
int ahci_split_hardreset(struct ata_link *link, unsigned int *class,
			 unsigned long deadline)
{
	struct ata_port *ap = link->ap;
	struct ahci_split_port *pp = to_ahci_split_port(ap);
	struct ata_taskfile tf;
	bool online;
	int rc;

	ahci_split_stop_engine(ap);

	/* Set BSY in memory, until the first Register FIS overwrites it. */
	ata_tf_init(link->device, &tf);
	tf.status = ATA_BUSY;
	ata_tf_to_fis(&tf, 0, 0, pp->dma->rx.d2h_reg);

	ahci_split_clear_port(ap);

	rc = sata_link_hardreset(link, sata_ehc_deb_timing(&link->eh_context),
				 deadline, &online, ahci_split_check_ready);

	ahci_split_start_engine(ap);

	if (online)
		*class = ahci_split_classify(ap);

	/* Not to be reset for a minute, while other ports wait to be scanned. */
	if (rc == -EBUSY && ahci_split_is_multiplier(link)) {
		ata_link_warn(link, "port multiplier with nothing at device port 0, and others are not supported\n");
		*class = ATA_DEV_NONE;
		rc = 0;
	}
	return rc;
}

/**
 * ahci_split_postreset - ->postreset: set PxCMD.ATAPI for an ATAPI device
 * @link: host link
 * @class: device class
 *
 * Context: EH.
 */
void ahci_split_postreset(struct ata_link *link, unsigned int *class)
{
	void __iomem *mmio = ahci_split_port_mmio(link->ap);
	u32 old, new;

	ata_std_postreset(link, class);

	old = readl(mmio + AHCI_PXCMD);
	new = old & ~AHCI_PXCMD_ATAPI;
	if (*class == ATA_DEV_ATAPI)
		new |= AHCI_PXCMD_ATAPI;
	if (new != old) {
		writel(new, mmio + AHCI_PXCMD);
		readl(mmio + AHCI_PXCMD);	/* flush */
	}
}

/**
 * ahci_split_error_handler - ->error_handler
 * @ap: port
 *
 * Context: EH.  Caller holds host->eh_mutex.
 */
void ahci_split_error_handler(struct ata_port *ap)
	__must_hold(&ap->host->eh_mutex)
{
	unsigned long flags;

	spin_lock_irqsave(ap->lock, flags);
	ahci_split_note(ap, "error handling",
			readl(ahci_split_port_mmio(ap) + AHCI_PXIS));
	spin_unlock_irqrestore(ap->lock, flags);
	ata_split_begin_eh(to_ata_split_port(ap));

	/*
	 * A fatal error stops the engine: restart it, as libata reads logs first.
	 * If it cannot be restarted, a reset is needed, and a frozen port gets it.
	 */
	if (!(ap->pflags & ATA_PFLAG_FROZEN)) {
		if (ahci_split_stop_engine(ap))
			ata_eh_freeze_port(ap);
		else
			ahci_split_start_engine(ap);
	}

	ata_std_error_handler(ap);

	if (!ata_dev_enabled(ap->link.device))
		ahci_split_stop_engine(ap);
}

/**
 * ahci_split_post_internal_cmd - ->post_internal_cmd
 * @qc: internal command that is done
 *
 * Context: EH.
 */
void ahci_split_post_internal_cmd(struct ata_queued_cmd *qc)
{
	/* Restart the engine to drop a command that failed or timed out. */
	if (qc->flags & ATA_SPLIT_QCFLAG_EH)
		ahci_split_kick_engine(qc->ap);
}
