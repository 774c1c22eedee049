// SPDX-License-Identifier: GPL-2.0
/* Ports: memory, engines, power, SCR access. */

#include <linux/dma-mapping.h>
#include <linux/moduleparam.h>
#include "ahci_split.h"

static bool ahci_split_host_lock;
module_param_named(host_lock, ahci_split_host_lock, bool, 0444);
MODULE_PARM_DESC(host_lock,
		 "Share one lock between the ports of a controller, as stock ahci does without per-port interrupts, for comparison (default: N)");

static bool ahci_split_single_doorbell;
module_param_named(single_doorbell, ahci_split_single_doorbell, bool, 0444);
MODULE_PARM_DESC(single_doorbell,
		 "Write PxSACT and PxCI once for each command, never for several at a time, to find out whether a controller fails with the latter (default: N)");

static const u8 ahci_split_scr_offset[] = {
	[SCR_STATUS]		= AHCI_PXSSTS,
	[SCR_CONTROL]		= AHCI_PXSCTL,
	[SCR_ERROR]		= AHCI_PXSERR,
	[SCR_ACTIVE]		= AHCI_PXSACT,
	[SCR_NOTIFICATION]	= AHCI_PXSNTF,
};

static void __iomem *ahci_split_scr(struct ata_link *link, unsigned int reg)
{
	const struct ahci_split_host *hpriv = link->ap->host->private_data;

	if (reg >= ARRAY_SIZE(ahci_split_scr_offset) ||
	    (reg == SCR_NOTIFICATION && !(hpriv->cap & AHCI_CAP_SSNTF)))
		return NULL;
	return ahci_split_port_mmio(link->ap) + ahci_split_scr_offset[reg];
}

/**
 * ahci_split_scr_read - ->scr_read
 * @link: host link
 * @reg: SCR_*
 * @val: where to put it
 *
 * Return: 0, or -EINVAL if the HBA lacks the register.
 */
int ahci_split_scr_read(struct ata_link *link, unsigned int reg, u32 *val)
{
	void __iomem *addr = ahci_split_scr(link, reg);

	if (!addr)
		return -EINVAL;
	*val = readl(addr);
	return 0;
}

/**
 * ahci_split_scr_write - ->scr_write
 * @link: host link
 * @reg: SCR_*
 * @val: what to write
 *
 * Return: 0, or -EINVAL if the HBA lacks the register.
 */
int ahci_split_scr_write(struct ata_link *link, unsigned int reg, u32 val)
{
	void __iomem *addr = ahci_split_scr(link, reg);

	if (!addr)
		return -EINVAL;
	writel(val, addr);
	return 0;
}

/**
 * ahci_split_start_engine - let the HBA process the command list (PxCMD.ST)
 * @ap: port
 *
 * An engine that did not stop is not started (AHCI 1.3.1, 10.3.1): it needs a reset.
 */
void ahci_split_start_engine(struct ata_port *ap)
{
	void __iomem *mmio = ahci_split_port_mmio(ap);
	u32 cmd = readl(mmio + AHCI_PXCMD);

	if (cmd & AHCI_PXCMD_CR)
		return;
	writel(cmd | AHCI_PXCMD_ST, mmio + AHCI_PXCMD);
	readl(mmio + AHCI_PXCMD);	/* flush */
}

/**
 * ahci_split_stop_engine - stop the command list and wait until it has stopped
 * @ap: port
 *
 * May sleep.
 *
 * Return: 0; -ENODEV if the HBA is gone; -EIO if it does not stop within the
 * 500 ms of AHCI 1.3.1, 10.3.2.
 */
int ahci_split_stop_engine(struct ata_port *ap)
{
	void __iomem *mmio = ahci_split_port_mmio(ap);
	u32 cmd = readl(mmio + AHCI_PXCMD);

	if (!(cmd & (AHCI_PXCMD_ST | AHCI_PXCMD_CR)))
		return 0;

	/* Unplugged: do not wait for a timeout of each port in turn. */
	if (cmd == ~0U) {
		dev_err(ap->host->dev, "controller does not answer: unplugged, or without power\n");
		return -ENODEV;
	}

	writel(cmd & ~AHCI_PXCMD_ST, mmio + AHCI_PXCMD);
	if (ata_wait_register(ap, mmio + AHCI_PXCMD, AHCI_PXCMD_CR,
			      AHCI_PXCMD_CR, 1, 500) & AHCI_PXCMD_CR)
		return -EIO;
	return 0;
}

static void ahci_split_start_fis_rx(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	const struct ahci_split_port *pp = to_ahci_split_port(ap);
	dma_addr_t list = pp->dma_addr + offsetof(struct ahci_split_dma, list);
	dma_addr_t rx = pp->dma_addr + offsetof(struct ahci_split_dma, rx);

	/* The upper halves are read-only without CAP.S64A. */
	if (hpriv->cap & AHCI_CAP_S64A)
		writel(upper_32_bits(list), pp->mmio + AHCI_PXCLBU);
	writel(lower_32_bits(list), pp->mmio + AHCI_PXCLB);
	if (hpriv->cap & AHCI_CAP_S64A)
		writel(upper_32_bits(rx), pp->mmio + AHCI_PXFBU);
	writel(lower_32_bits(rx), pp->mmio + AHCI_PXFB);

	writel(readl(pp->mmio + AHCI_PXCMD) | AHCI_PXCMD_FRE,
	       pp->mmio + AHCI_PXCMD);
	readl(pp->mmio + AHCI_PXCMD);	/* flush */
}

static int ahci_split_stop_fis_rx(struct ata_port *ap)
{
	void __iomem *mmio = ahci_split_port_mmio(ap);

	writel(readl(mmio + AHCI_PXCMD) & ~AHCI_PXCMD_FRE, mmio + AHCI_PXCMD);

	/* AHCI 1.3.1, 10.3.2: 500 ms; wait longer, as stock ahci does. */
	if (ata_wait_register(ap, mmio + AHCI_PXCMD, AHCI_PXCMD_FR,
			      AHCI_PXCMD_FR, 10, 1000) & AHCI_PXCMD_FR)
		return -EBUSY;
	return 0;
}

/* Spin up the device, if the HBA staggers spin-up, and wake the link. */
static void ahci_split_power_up(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	void __iomem *mmio = ahci_split_port_mmio(ap);
	u32 cmd = readl(mmio + AHCI_PXCMD) & ~(AHCI_PXCMD_ICC |
					       AHCI_PXCMD_ALPE |
					       AHCI_PXCMD_ASP);

	if (hpriv->cap & AHCI_CAP_SSS) {
		cmd |= AHCI_PXCMD_SUD;
		writel(cmd, mmio + AHCI_PXCMD);
	}
	writel(cmd | AHCI_PXCMD_ICC_ACTIVE, mmio + AHCI_PXCMD);
}

/* Listen mode, AHCI 1.3.1, 10.10.1: first PxSCTL.DET, then PxCMD.SUD. */
static void ahci_split_power_down(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	void __iomem *mmio = ahci_split_port_mmio(ap);
	u32 cmd;

	if (!(hpriv->cap & AHCI_CAP_SSS))
		return;

	writel(readl(mmio + AHCI_PXSCTL) & ~AHCI_PXSCTL_DET,
	       mmio + AHCI_PXSCTL);
	cmd = readl(mmio + AHCI_PXCMD) & ~(AHCI_PXCMD_ICC | AHCI_PXCMD_SUD);
	writel(cmd, mmio + AHCI_PXCMD);
}

/**
 * ahci_split_clear_port - clear pending errors and interrupts
 * @ap: port
 */
void ahci_split_clear_port(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	void __iomem *mmio = ahci_split_port_mmio(ap);

	writel(readl(mmio + AHCI_PXSERR), mmio + AHCI_PXSERR);
	writel(readl(mmio + AHCI_PXIS), mmio + AHCI_PXIS);
	writel(1U << ap->port_no, hpriv->mmio + AHCI_IS);
}

/**
 * ahci_split_quiesce_port - stop both of a port's engines
 * @ap: port
 *
 * May sleep.
 *
 * Return: 0, or a negative error after logging which engine did not stop.
 */
int ahci_split_quiesce_port(struct ata_port *ap)
{
	int rc;

	rc = ahci_split_stop_engine(ap);
	if (rc) {
		ata_port_warn(ap, "failed to stop engine (%d); if it recurs, leave the controller to ahci\n",
			      rc);
		return rc;
	}

	rc = ahci_split_stop_fis_rx(ap);
	if (rc)
		ata_port_warn(ap, "failed to stop FIS reception (%d); if it recurs, leave the controller to ahci\n",
			      rc);
	return rc;
}

/**
 * ahci_split_port_resume - ->port_resume
 * @ap: port
 *
 * Return: 0.
 */
int ahci_split_port_resume(struct ata_port *ap)
{
	ahci_split_power_up(ap);
	ahci_split_start_fis_rx(ap);
	ahci_split_start_engine(ap);
	ahci_split_em_resume(ap);
	return 0;
}

/**
 * ahci_split_port_suspend - ->port_suspend
 * @ap: port
 * @mesg: unused
 *
 * Context: EH.  Takes ap->lock.
 *
 * Return: 0, or a negative error; libata then resets the port and does not mark
 * it as suspended.
 */
int ahci_split_port_suspend(struct ata_port *ap, pm_message_t mesg)
{
	unsigned long flags;
	int rc;

	rc = ahci_split_quiesce_port(ap);
	if (!rc) {
		ahci_split_em_suspend(ap);
		ahci_split_power_down(ap);
		return 0;
	}

	/* libata resets a frozen port.  Stock ahci freezes it without the lock. */
	spin_lock_irqsave(ap->lock, flags);
	ata_port_freeze(ap);
	spin_unlock_irqrestore(ap->lock, flags);
	return rc;
}

/*
 * Physically contiguous if possible.  With an IOMMU the pages may be scattered,
 * which does not matter to a real HBA.  But QEMU's, behind an emulated IOMMU, fails
 * a command whose table it cannot map in one piece.
 */
static struct ahci_split_dma *ahci_split_alloc_dma(struct device *dev,
						   dma_addr_t *addr)
{
	struct ahci_split_dma *dma;

	dma = dmam_alloc_attrs(dev, sizeof(*dma), addr,
			       GFP_KERNEL | __GFP_NOWARN,
			       DMA_ATTR_FORCE_CONTIGUOUS);
	if (!dma)
		dma = dmam_alloc_coherent(dev, sizeof(*dma), addr, GFP_KERNEL);
	return dma;
}

/**
 * ahci_split_port_start - ->port_start: set up memory and lock, start the port
 * @ap: port
 *
 * The memory is device-managed, so it lives until the host is released.
 *
 * Return: 0 or -ENOMEM.
 */
int ahci_split_port_start(struct ata_port *ap)
{
	struct device *dev = ap->host->dev;
	struct ahci_split_port *pp;
	unsigned int nr;
	int rc;

	pp = ata_split_devm_zalloc(dev, sizeof(*pp));
	if (!pp)
		return -ENOMEM;

	pp->dma = ahci_split_alloc_dma(dev, &pp->dma_addr);
	if (!pp->dma)
		return -ENOMEM;

	pp->build.table = pp->dma->table;
	pp->build.info = pp->info;
	for (nr = 0; nr < AHCI_SPLIT_NR_TABLES; nr++) {
		u64 addr = ahci_split_table_addr(pp, nr);

		pp->info[nr].cmd.ctba = cpu_to_le32(lower_32_bits(addr));
		pp->info[nr].cmd.ctbau = cpu_to_le32(upper_32_bits(addr));
	}
	pp->mmio = ahci_split_port_mmio(ap);
	pp->irq_mask = AHCI_PXI_ENABLED;
	snprintf(pp->irq_desc, sizeof(pp->irq_desc), DRV_NAME "%u",
		 ap->port_no);

	/*
	 * libata uses only ap->lock, and our handler of a shared vector takes
	 * the ports' locks one after the other.  So ports need not share a lock
	 * in any interrupt mode.
	 */
	if (!ahci_split_host_lock) {
		spin_lock_init(&pp->lock);
		ap->lock = &pp->lock;
	}

	rc = ata_split_port_init(&pp->build.split, ap,
				 ahci_split_single_doorbell ?
				 ahci_split_ring_each : ahci_split_ring);
	if (!rc)
		rc = ahci_split_em_start(ap);
	if (rc)
		return rc;

	return ahci_split_port_resume(ap);
}

/**
 * ahci_split_port_stop - ->port_stop
 * @ap: port; also called at shutdown, when nothing is freed
 */
void ahci_split_port_stop(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;

	ahci_split_quiesce_port(ap);
	ahci_split_em_stop(ap);

	/* A stale bit would keep INTx asserted for the next driver. */
	writel(1U << ap->port_no, hpriv->mmio + AHCI_IS);
}
