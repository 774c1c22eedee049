// SPDX-License-Identifier: GPL-2.0
/*
 * Link power management: which states a link may enter (PxSCTL.IPM), by whose
 * request, and device sleep.  libata decides on a policy, and applies it in error
 * handling, before the next command.  A command in the command list wakes the link,
 * so StartIo does not need to know of any of this.
 */

#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/suspend.h>
#include "ahci_split.h"

/*
 * As a link goes to sleep and wakes, PhyRdy changes, which is not to be taken for a
 * hot-plug event (AHCI 1.3.1, 7.3.1).  Stock ahci writes PxIE of a frozen port, too,
 * and thereby enables its interrupts; here a thaw does.
 */
static void ahci_split_report_phy_rdy(struct ata_port *ap, bool report)
{
	struct ahci_split_port *pp = to_ahci_split_port(ap);
	unsigned long flags;

	spin_lock_irqsave(ap->lock, flags);
	if (report)
		pp->irq_mask |= AHCI_PXI_PRCS;
	else
		pp->irq_mask &= ~AHCI_PXI_PRCS;
	if (!(ap->pflags & ATA_PFLAG_FROZEN))
		writel(pp->irq_mask, pp->mmio + AHCI_PXIE);
	spin_unlock_irqrestore(ap->lock, flags);
}

/*
 * Aggressive link power management (AHCI 1.3.1, 8.3.1.3): when the last command is
 * done, the HBA requests Partial or, with PxCMD.ASP, Slumber.  The device has to
 * accept such requests (HIPM).
 */
static void ahci_split_set_alpm(struct ata_port *ap, enum ata_lpm_policy policy,
				bool hipm)
{
	void __iomem *mmio = ahci_split_port_mmio(ap);
	u32 cmd = readl(mmio + AHCI_PXCMD);

	if (policy == ATA_LPM_MAX_POWER || !hipm) {
		cmd &= ~(AHCI_PXCMD_ASP | AHCI_PXCMD_ALPE);
		writel(cmd | AHCI_PXCMD_ICC_ACTIVE, mmio + AHCI_PXCMD);
		readl(mmio + AHCI_PXCMD);	/* flush */
		ata_msleep(ap, 10);		/* until the link is active */
		return;
	}

	cmd |= AHCI_PXCMD_ALPE;
	if (policy == ATA_LPM_MIN_POWER)
		cmd |= AHCI_PXCMD_ASP;
	else if (policy == ATA_LPM_MIN_POWER_WITH_PARTIAL)
		cmd &= ~AHCI_PXCMD_ASP;
	writel(cmd, mmio + AHCI_PXCMD);
}

static void ahci_split_set_devslp_feature(struct ata_device *dev, bool enable)
{
	unsigned int err_mask;

	err_mask = ata_dev_set_feature(dev, enable ? SETFEATURES_SATA_ENABLE :
				       SETFEATURES_SATA_DISABLE, SATA_DEVSLP);
	/* A device may reject it. */
	if (err_mask && err_mask != AC_ERR_DEV)
		ata_dev_warn(dev, "failed to %s device sleep\n",
			     enable ? "enable" : "disable");
}

/*
 * Times of PxDEVSLP (AHCI 1.3.1, 3.3.17) by the device's own, or the nominal 10 and
 * 20 ms, and with the idle time-out of the parameter.
 */
static u32 ahci_split_devslp_times(const struct ata_device *dev, u32 devslp)
{
	const u8 *timing = dev->devslp_timing;
	u32 mdat = 0, deto = 0, dito;

	if (timing[ATA_LOG_DEVSLP_VALID] & ATA_LOG_DEVSLP_VALID_MASK) {
		mdat = timing[ATA_LOG_DEVSLP_MDAT] & ATA_LOG_DEVSLP_MDAT_MASK;
		deto = timing[ATA_LOG_DEVSLP_DETO];
	}
	/* In units of (DM + 1) ms. */
	dito = READ_ONCE(ahci_split_devslp_idle_timeout) /
	       (FIELD_GET(AHCI_PXDEVSLP_DM, devslp) + 1);
	return FIELD_PREP(AHCI_PXDEVSLP_MDAT, mdat ?: 10) |
	       FIELD_PREP(AHCI_PXDEVSLP_DETO, deto ?: 20) |
	       FIELD_PREP(AHCI_PXDEVSLP_DITO,
			  min(dito, FIELD_MAX(AHCI_PXDEVSLP_DITO)));
}

/* Aggressive device sleep (AHCI 1.3.1, 8.5.1): the HBA asserts DEVSLP after DITO. */
static void ahci_split_set_devslp(struct ata_port *ap, bool enable)
{
	void __iomem *mmio = ahci_split_port_mmio(ap);
	struct ata_device *dev = ap->link.device;
	u32 devslp = readl(mmio + AHCI_PXDEVSLP), times;

	if (!(devslp & AHCI_PXDEVSLP_DSP)) {
		ata_port_info(ap, "port does not support device sleep\n");
		return;
	}

	if (!enable) {
		if (!(devslp & AHCI_PXDEVSLP_ADSE))
			return;
		writel(devslp & ~AHCI_PXDEVSLP_ADSE, mmio + AHCI_PXDEVSLP);
		ahci_split_set_devslp_feature(dev, false);
		return;
	}

	times = ahci_split_devslp_times(dev, devslp);
	if (devslp & AHCI_PXDEVSLP_ADSE &&
	    !((devslp ^ times) & AHCI_PXDEVSLP_DITO))
		return;

	/* Times may only be changed while PxCMD.ST is 0. */
	if (ahci_split_stop_engine(ap))
		return;
	devslp &= ~AHCI_PXDEVSLP_TIMES;
	writel(devslp | times | AHCI_PXDEVSLP_ADSE, mmio + AHCI_PXDEVSLP);
	ahci_split_start_engine(ap);

	ahci_split_set_devslp_feature(dev, true);
}

/**
 * ahci_split_set_lpm - ->set_lpm
 * @link: host link
 * @policy: policy to apply
 * @hints: ATA_LPM_HIPM if the device accepts requests of the HBA
 *
 * Context: EH.  Takes ap->lock.  May sleep.
 *
 * Return: 0.
 */
int ahci_split_set_lpm(struct ata_link *link, enum ata_lpm_policy policy,
		       unsigned int hints)
{
	struct ata_port *ap = link->ap;
	const struct ahci_split_host *hpriv = ap->host->private_data;

	if (policy != ATA_LPM_MAX_POWER) {
		ahci_split_report_phy_rdy(ap, false);
		/* Of an empty port it may disable the Phy, only without PxCMD.ST (3.3.11). */
		if (!ata_dev_enabled(link->device))
			ahci_split_stop_engine(ap);
		sata_link_scr_lpm(link, policy, false);
	}

	if (hpriv->cap & AHCI_CAP_SALP)
		ahci_split_set_alpm(ap, policy, hints & ATA_LPM_HIPM);
	if (hpriv->cap2 & AHCI_CAP2_SDS && hpriv->cap2 & AHCI_CAP2_SADM &&
	    link->device->flags & ATA_DFLAG_DEVSLP)
		ahci_split_set_devslp(ap, policy >= ATA_LPM_MIN_POWER_WITH_PARTIAL);

	if (policy == ATA_LPM_MAX_POWER) {
		sata_link_scr_lpm(link, policy, false);
		ahci_split_report_phy_rdy(ap, true);
	}
	return 0;
}

/* By the parameter, or the kernel's configuration as stock ahci interprets it. */
static enum ata_lpm_policy
ahci_split_default_policy(const struct ahci_split_host *hpriv)
{
	int policy = READ_ONCE(ahci_split_mobile_lpm_policy);

	if (policy >= 0)
		return policy;

	policy = ATA_SPLIT_DEFAULT_LPM_POLICY;
	if (policy > ATA_LPM_MED_POWER && pm_suspend_default_s2idle()) {
		if (hpriv->cap & AHCI_CAP_PSC)
			return ATA_LPM_MIN_POWER_WITH_PARTIAL;
		if (hpriv->cap & AHCI_CAP_SSC)
			return ATA_LPM_MIN_POWER;
	}
	return policy;
}

/**
 * ahci_split_init_lpm - which policy does a port begin with?
 * @ap: port that is not registered yet; external ports are marked
 *
 * ATA_LPM_UNKNOWN, which is 0, leaves a link as it is.  A port without any states
 * gets ATA_FLAG_NO_LPM, with which libata rejects policies.
 *
 * Context: Process context.
 */
void ahci_split_init_lpm(struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;
	const u32 states = hpriv->cap & (AHCI_CAP_PSC | AHCI_CAP_SSC);

	if (ATA_SPLIT_LPM_MOBILE_ONLY) {
		if (ahci_split_is_mobile(to_pci_dev(ap->host->dev)))
			ap->target_lpm_policy = ahci_split_default_policy(hpriv);
		return;
	}

	/* A link that is asleep does not notice a removal (AHCI 1.3.1, 7.3.1). */
	if (ap->pflags & ATA_PFLAG_EXTERNAL) {
		if (ATA_SPLIT_LPM_REJECTED_EXTERNALLY) {
			ap->flags |= ATA_FLAG_NO_LPM;
			ap->target_lpm_policy = ATA_LPM_MAX_POWER;
		}
		return;
	}

	/* A device may misbehave if its requests are rejected. */
	if (states != (AHCI_CAP_PSC | AHCI_CAP_SSC))
		ap->flags |= ATA_FLAG_NO_DIPM;
	if (!states && !(hpriv->cap2 & AHCI_CAP2_SDS)) {
		ap->flags |= ATA_FLAG_NO_LPM;
		ap->target_lpm_policy = ATA_LPM_MAX_POWER;
		return;
	}
	ap->target_lpm_policy = ahci_split_default_policy(hpriv);
}
