// SPDX-License-Identifier: GPL-2.0
/*
 * ahci_split: an AHCI low-level driver that prepares commands without the port
 * lock.
 *
 * It has no PCI ids, so loading it does not take controllers from other drivers.
 * driver_override assigns it a controller by its address.
 */

#include <linux/bitfield.h>
#include <linux/module.h>
#include <linux/pci.h>
#include "ahci_split.h"

/* The SCSI midlayer prints this in the kernel log, instead of the template's name. */
static const char *ahci_split_info(struct Scsi_Host *shost)
{
	return DRV_NAME;
}

/* User tools identify AHCI hosts by the proc_name "ahci"; ahci_platform has it, too. */
__diag_push();
__diag_ignore_all("-Woverride-init", "libata's macro has a ->queuecommand");
static const struct scsi_host_template ahci_split_sht_base = {
	ATA_NCQ_SHT("ahci"),
	ATA_SPLIT_SHT_OPS,
	.info			= ahci_split_info,
	.sg_tablesize		= AHCI_MAX_PRD,
	.dma_boundary		= 0xffffffff,	/* as stock ahci: no entry crosses 4 GiB */
	.shost_groups		= ahci_split_shost_groups,
	.sdev_groups		= ahci_split_sdev_groups,
};

__diag_pop();

/*
 * One for each number of command slots, because can_queue limits the tags, and the
 * tag of a command is its slot.  Static, because a SCSI host uses its template until
 * its last user is gone, which may be long after the controller.
 */
static struct scsi_host_template ahci_split_sht[AHCI_MAX_CMDS];

static struct scsi_host_template *
ahci_split_sht_of(const struct ahci_split_host *hpriv)
{
	return &ahci_split_sht[FIELD_GET(AHCI_CAP_NCS, hpriv->cap)];
}

/* Not const: libata resolves ->inherits in place. */
static struct ata_port_operations ahci_split_ops = {
	.inherits		= &sata_port_ops,

	.qc_prep		= ahci_split_qc_prep,
	.qc_issue		= ahci_split_qc_issue,
	.qc_fill_rtf		= ahci_split_qc_fill_rtf,
	ATA_SPLIT_NCQ_FILL_RTF_OP(ahci_split_qc_ncq_fill_rtf)

	.freeze			= ahci_split_freeze,
	.thaw			= ahci_split_thaw,
	.ata_split_op_softreset	= ahci_split_softreset,
	.ata_split_op_hardreset	= ahci_split_hardreset,
	.ata_split_op_postreset	= ahci_split_postreset,
	.error_handler		= ahci_split_error_handler,
	.post_internal_cmd	= ahci_split_post_internal_cmd,
	.end_eh			= ata_split_end_eh,

	.scr_read		= ahci_split_scr_read,
	.scr_write		= ahci_split_scr_write,
	.set_lpm		= ahci_split_set_lpm,

	.em_show		= ahci_split_em_show,
	.em_store		= ahci_split_em_store,
	.sw_activity_show	= ahci_split_activity_show,
	.sw_activity_store	= ahci_split_activity_store,

	.port_suspend		= ahci_split_port_suspend,
	.port_resume		= ahci_split_port_resume,
	.port_start		= ahci_split_port_start,
	.port_stop		= ahci_split_port_stop,
};

static const struct ata_port_info ahci_split_port_info = {
	.flags			= ATA_FLAG_SATA | ATA_FLAG_PIO_DMA |
				  ATA_FLAG_ACPI_SATA | ATA_FLAG_AN,
	.pio_mask		= ATA_PIO4,
	.udma_mask		= ATA_UDMA6,
	.port_ops		= &ahci_split_ops,
};

/*
 * One vector for each port if the HBA supports it, otherwise one for all.  An HBA
 * with fewer messages than ports reverts to a single one (GHC.MRSM).
 */
static int ahci_split_init_irq(struct pci_dev *pdev, unsigned int n_ports,
			       struct ahci_split_host *hpriv)
{
	int rc;

	if (n_ports > 1) {
		rc = pci_alloc_irq_vectors(pdev, n_ports, INT_MAX,
					   PCI_IRQ_MSIX | PCI_IRQ_MSI);
		if (rc > 0) {
			if (!(readl(hpriv->mmio + AHCI_GHC) & AHCI_GHC_MRSM)) {
				hpriv->per_port_irq = true;
				return 0;
			}
			pci_free_irq_vectors(pdev);
		}
	}

	rc = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (rc < 0)
		rc = pci_alloc_irq_vectors(pdev, 1, 1,
					   PCI_IRQ_MSIX | PCI_IRQ_INTX);
	return rc < 0 ? rc : 0;
}

static const char *ahci_split_irq_mode(const struct pci_dev *pdev,
				       const struct ahci_split_host *hpriv)
{
	if (hpriv->per_port_irq)
		return pdev->msix_enabled ? "MSI-X per port" : "MSI per port";
	if (pdev->msix_enabled)
		return "one MSI-X";
	return pdev->msi_enabled ? "one MSI" : "INTx";
}

/* As ata_host_activate(), for a vector per port. */
static int ahci_split_activate_per_port(struct ata_host *host)
{
	const struct ahci_split_host *hpriv = host->private_data;
	struct pci_dev *pdev = to_pci_dev(host->dev);
	unsigned long map = hpriv->port_map;
	int i, rc;

	rc = ata_host_start(host);
	if (rc)
		return rc;

	for_each_set_bit(i, &map, host->n_ports) {
		struct ata_port *ap = host->ports[i];
		int irq = pci_irq_vector(pdev, i);

		rc = devm_request_irq(host->dev, irq, ahci_split_intr_port, 0,
				      to_ahci_split_port(ap)->irq_desc, ap);
		if (rc)
			return rc;
		ata_split_port_desc_irq(ap, irq);
	}

	return ata_host_register(host, ahci_split_sht_of(host->private_data));
}

static int ahci_split_activate(struct ata_host *host)
{
	const struct ahci_split_host *hpriv = host->private_data;

	if (hpriv->per_port_irq)
		return ahci_split_activate_per_port(host);

	return ata_host_activate(host, pci_irq_vector(to_pci_dev(host->dev), 0),
				 ahci_split_intr_host, IRQF_SHARED,
				 ahci_split_sht_of(hpriv));
}

/* Map the registers and check that the BAR has those of all ports. */
static int ahci_split_map_bar(struct pci_dev *pdev,
			      struct ahci_split_host *hpriv)
{
	resource_size_t len = pci_resource_len(pdev, AHCI_PCI_BAR);
	u32 n_ports;

	if (!(pci_resource_flags(pdev, AHCI_PCI_BAR) & IORESOURCE_MEM) ||
	    len < AHCI_PORT_BASE) {
		dev_err(&pdev->dev, "BAR %d is no AHCI register block; clear driver_override\n",
			AHCI_PCI_BAR);
		return -ENODEV;
	}

	hpriv->mmio = pcim_iomap(pdev, AHCI_PCI_BAR, 0);
	if (!hpriv->mmio)
		return -ENOMEM;

	n_ports = FIELD_GET(AHCI_CAP_NP, readl(hpriv->mmio + AHCI_CAP)) + 1;
	if (len < AHCI_PORT_BASE + n_ports * AHCI_PORT_SIZE) {
		dev_err(&pdev->dev, "BAR %d is too small for %u ports; clear driver_override and leave it to ahci\n",
			AHCI_PCI_BAR, n_ports);
		return -ENODEV;
	}
	return 0;
}

static int ahci_split_set_dma_mask(struct pci_dev *pdev,
				   const struct ahci_split_host *hpriv)
{
	int rc = -EIO;

	if (hpriv->cap & AHCI_CAP_S64A)
		rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (rc)
		rc = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (rc)
		dev_err(&pdev->dev, "no usable DMA mask; report it, with the output of lspci -vv\n");
	return rc;
}

/*
 * 6.1 marks the disks of an external port as removable.  Later kernels do not, but
 * leave its link active by default, so that the removal of a disk is noticed.
 */
static bool ahci_split_is_external(const struct ahci_split_host *hpriv, int port_no)
{
	u32 caps = hpriv->saved_port_caps[port_no];

	return (hpriv->cap & AHCI_CAP_SXS && caps & AHCI_PXCMD_ESP) ||
	       (ATA_SPLIT_HOT_PLUG_EXTERNAL && caps & AHCI_PXCMD_HPCP);
}

/* libata does not let links enter states that the HBA does not support. */
static void ahci_split_limit_lpm(struct ata_host *host)
{
	const struct ahci_split_host *hpriv = host->private_data;

	if (!(hpriv->cap & AHCI_CAP_PSC))
		host->flags |= ATA_HOST_NO_PART;
	if (!(hpriv->cap & AHCI_CAP_SSC))
		host->flags |= ATA_HOST_NO_SSC;
	if (!(hpriv->cap2 & AHCI_CAP2_SDS))
		host->flags |= ATA_HOST_NO_DEVSLP;
}

static struct ata_host *ahci_split_alloc_host(struct pci_dev *pdev,
					      struct ahci_split_host *hpriv)
{
	struct ata_port_info pi = ahci_split_port_info;
	const struct ata_port_info *ppi[] = { &pi, NULL };
	u32 not_external = ahci_split_not_external(&pdev->dev);
	struct ata_host *host;
	int i, n_ports;

	if (hpriv->cap & AHCI_CAP_SNCQ)
		pi.flags |= ATA_FLAG_NCQ | ATA_FLAG_FPDMA_AA |
			    ATA_FLAG_FPDMA_AUX;
	pi.flags |= ahci_split_em_flags(pdev, hpriv);
	if (ahci_split_has_broken_lpm(pdev)) {
		pi.flags |= ATA_FLAG_NO_LPM;
		dev_warn(&pdev->dev, "BIOS update required for Link Power Management support\n");
	}

	/* CAP.NP may be the number of ports, or the index of the last one. */
	n_ports = max_t(int, FIELD_GET(AHCI_CAP_NP, hpriv->cap) + 1,
			fls(hpriv->port_map));
	host = ata_host_alloc_pinfo(&pdev->dev, ppi, n_ports);
	if (!host)
		return NULL;
	host->private_data = hpriv;
	if (pi.flags & ATA_FLAG_EM)
		ahci_split_em_reset(host);
	ahci_split_limit_lpm(host);

	/* With staggered spin-up, probe the ports one after the other. */
	if (!(hpriv->cap & AHCI_CAP_SSS) || ahci_split_ignore_sss)
		host->flags |= ATA_HOST_PARALLEL_SCAN;

	for (i = 0; i < host->n_ports; i++) {
		struct ata_port *ap = host->ports[i];

		ap->em_message_type = hpriv->em_types;
		if (ahci_split_is_external(hpriv, i) && !(not_external & (1U << i)))
			ap->pflags |= ATA_PFLAG_EXTERNAL;
		ahci_split_init_lpm(ap);
		ata_port_pbar_desc(ap, AHCI_PCI_BAR, -1, "abar");
		ata_port_pbar_desc(ap, AHCI_PCI_BAR,
				   AHCI_PORT_BASE + i * AHCI_PORT_SIZE, "port");
		if (!(hpriv->port_map & (1U << i)))
			ap->ops = &ata_dummy_port_ops;
	}
	return host;
}

static int ahci_split_probe(struct pci_dev *pdev,
			    const struct pci_device_id *id)
{
	struct ahci_split_host *hpriv;
	struct ata_host *host;
	int rc;

	rc = ahci_split_suitable(pdev);
	if (rc)
		return rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;

	/* All BARs, because many HBAs have a legacy interface to the same ports. */
	rc = ata_split_request_regions(pdev, DRV_NAME);
	if (rc) {
		if (rc == -EBUSY)
			pcim_pin_device(pdev);
		return rc;
	}

	hpriv = devm_kzalloc(&pdev->dev, sizeof(*hpriv), GFP_KERNEL);
	if (!hpriv)
		return -ENOMEM;

	rc = ahci_split_map_bar(pdev, hpriv);
	if (rc)
		return rc;

	rc = ahci_split_save_config(&pdev->dev, hpriv);
	if (rc)
		return rc;
	ahci_split_handoff(&pdev->dev, hpriv);

	host = ahci_split_alloc_host(pdev, hpriv);
	if (!host)
		return -ENOMEM;

	rc = ahci_split_init_irq(pdev, host->n_ports, hpriv);
	if (rc)
		return rc;

	rc = ahci_split_set_dma_mask(pdev, hpriv);
	if (rc)
		return rc;

	rc = ahci_split_reset_host(host);
	if (rc)
		return rc;
	ahci_split_init_host(host);
	ahci_split_print_info(host, ahci_split_irq_mode(pdev, hpriv));

	pci_set_master(pdev);
	rc = ahci_split_activate(host);
	if (rc)
		return rc;

	/* The driver works without its counters. */
	if (ata_split_show_host(host))
		dev_warn(&pdev->dev, "out of memory: no counters in debugfs until bound again\n");
	return 0;
}

#ifdef CONFIG_PM_SLEEP
static int ahci_split_suspend(struct device *dev)
{
	struct ata_host *host = dev_get_drvdata(dev);

	ahci_split_irq_off(host);
	ata_host_suspend(host, PMSG_SUSPEND);
	return 0;
}

static int ahci_split_resume(struct device *dev)
{
	struct ata_host *host = dev_get_drvdata(dev);
	int rc;

	/* Set by ata_host_suspend(); the HBA may have lost its configuration. */
	if (dev->power.power_state.event == PM_EVENT_SUSPEND) {
		rc = ahci_split_reset_host(host);
		if (rc)
			return rc;
		ahci_split_init_host(host);
	}
	ata_host_resume(host);
	return 0;
}
#endif /* CONFIG_PM_SLEEP */

/* The older macro, because libata declares ata_host_suspend() only with CONFIG_PM. */
static const struct dev_pm_ops ahci_split_pm_ops = {
	SET_SYSTEM_SLEEP_PM_OPS(ahci_split_suspend, ahci_split_resume)
};

static struct pci_driver ahci_split_driver = {
	.name			= DRV_NAME,
	.probe			= ahci_split_probe,
	.remove			= ata_pci_remove_one,
	.shutdown		= ata_pci_shutdown_one,
	.driver.pm		= &ahci_split_pm_ops,
};

static int __init ahci_split_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ahci_split_sht); i++) {
		ahci_split_sht[i] = ahci_split_sht_base;
		ahci_split_sht[i].can_queue = i + 1;
	}
	return pci_register_driver(&ahci_split_driver);
}
module_init(ahci_split_init);

static void __exit ahci_split_exit(void)
{
	pci_unregister_driver(&ahci_split_driver);
}
module_exit(ahci_split_exit);

MODULE_AUTHOR("The ata_split maintainers");
MODULE_DESCRIPTION("AHCI SATA driver that prepares commands without the port lock");
MODULE_LICENSE("GPL");
MODULE_VERSION(ATA_SPLIT_VERSION);
