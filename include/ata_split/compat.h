/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All differences between kernels 6.1 to 7.3 are handled here.
 *
 * compat.mk derives ATA_SPLIT_HAVE_* from the kernel's headers.  Version numbers
 * do not suffice, because stable kernels carry backports.  ATA_SPLIT_SINCE_* is for
 * what stock ahci does, which is in no header.
 */
#ifndef _ATA_SPLIT_COMPAT_H
#define _ATA_SPLIT_COMPAT_H

#ifndef ATA_SPLIT_COMPAT
#error "add $(ata-split-compat-y) of include/ata_split/compat.mk to the compiler's flags"
#endif

#include <linux/kconfig.h>
#include <linux/libata.h>
#include <linux/pci.h>
#include <scsi/scsi_host.h>

/* Moved in 6.12. */
#ifdef ATA_SPLIT_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* The return type of ->queuecommand(): an enum since 7.1. */
#ifdef ATA_SPLIT_HAVE_SCSI_QC_STATUS
#define ata_split_qc_status		enum scsi_qc_status
#else
#define ata_split_qc_status		int
#endif

/* The reset methods moved into struct ata_reset_operations. */
#ifdef ATA_SPLIT_HAVE_RESET_OPS
#define ata_split_op_softreset		reset.softreset
#define ata_split_op_hardreset		reset.hardreset
#define ata_split_op_postreset		reset.postreset
#else
#define ata_split_op_softreset		softreset
#define ata_split_op_hardreset		hardreset
#define ata_split_op_postreset		postreset
#endif

/* ->qc_fill_rtf() used to return whether it had filled the taskfile. */
#ifdef ATA_SPLIT_HAVE_BOOL_FILL_RTF
#define ata_split_rtf_ret		bool
#define ATA_SPLIT_RTF_FILLED		true
#else
#define ata_split_rtf_ret		void
#define ATA_SPLIT_RTF_FILLED
#endif

/* Set while error handling owns a command; renamed in 6.3. */
#ifdef ATA_SPLIT_HAVE_QCFLAG_EH
#define ATA_SPLIT_QCFLAG_EH		ATA_QCFLAG_EH
#else
#define ATA_SPLIT_QCFLAG_EH		ATA_QCFLAG_FAILED
#endif

/*
 * 6.1 has no ->qc_ncq_fill_rtf() to save the result of several commands at once.
 * It also takes the status in a result taskfile for that command's own, though
 * queued commands share it: after an error it would blame each of them.
 */
#ifdef ATA_SPLIT_HAVE_NCQ_FILL_RTF
#define ATA_SPLIT_NCQ_FILL_RTF_OP(fn)	.qc_ncq_fill_rtf = fn,
#define ATA_SPLIT_QCFLAG_RTF_FILLED	ATA_QCFLAG_RTF_FILLED
#define ATA_SPLIT_SHARED_STATUS		true
#else
#define ATA_SPLIT_NCQ_FILL_RTF_OP(fn)
#define ATA_SPLIT_QCFLAG_RTF_FILLED	0
#define ATA_SPLIT_SHARED_STATUS		false
#endif

/* The sysfs attribute that says if link power management is supported, since 6.12. */
#ifdef ATA_SPLIT_HAVE_LPM_SUPPORTED
#define ATA_SPLIT_LPM_SUPPORTED_ATTR \
	(&dev_attr_link_power_management_supported.attr)
#else
#define ATA_SPLIT_LPM_SUPPORTED_ATTR	NULL
#endif

/*
 * What stock ahci does about link power management.  Before 6.9 only the links of
 * mobile chips get a policy by default, and a port that supports hot plug is not an
 * external one.  By 6.17 external ports reject policies.
 */
#define ATA_SPLIT_LPM_MOBILE_ONLY	(!__is_defined(ATA_SPLIT_SINCE_6_9))
#define ATA_SPLIT_HOT_PLUG_EXTERNAL	__is_defined(ATA_SPLIT_SINCE_6_9)
#define ATA_SPLIT_LPM_REJECTED_EXTERNALLY __is_defined(ATA_SPLIT_SINCE_6_17)

/* The kernel has it only with stock ahci. */
#ifdef CONFIG_SATA_MOBILE_LPM_POLICY
#define ATA_SPLIT_DEFAULT_LPM_POLICY	CONFIG_SATA_MOBILE_LPM_POLICY
#else
#define ATA_SPLIT_DEFAULT_LPM_POLICY	ATA_LPM_UNKNOWN
#endif

/* Exported for libahci, but declared in a header of libata's own. */
unsigned int ata_dev_set_feature(struct ata_device *dev, u8 subcmd, u8 action);

#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX			PCI_IRQ_LEGACY
#endif

/**
 * ata_split_deferred_qc - is a non-NCQ command deferred until the link drains?
 * @ap: port
 *
 * libata keeps it per link, 6.1 per port; older stable kernels do not have it.
 *
 * Context: Caller holds ap->lock, or tolerates a stale answer.
 *
 * Return: true if so; NCQ commands must wait then.
 */
static inline bool ata_split_deferred_qc(const struct ata_port *ap)
{
#if defined(ATA_SPLIT_HAVE_LINK_DEFERRED_QC)
	return ap->link.deferred_qc;
#elif defined(ATA_SPLIT_HAVE_PORT_DEFERRED_QC)
	return ap->deferred_qc;
#else
	return false;
#endif
}

/**
 * ata_split_port_desc_irq - add the interrupt to the port's description
 * @ap: port
 * @irq: Linux interrupt number
 */
static inline void ata_split_port_desc_irq(struct ata_port *ap, int irq)
{
#ifdef ATA_SPLIT_HAVE_PORT_DESC_MISC
	ata_port_desc_misc(ap, irq);
#else
	ata_port_desc(ap, "irq %d", irq);
#endif
}

/**
 * ata_split_request_regions - claim all BARs of a device until it is unbound
 * @pdev: device, enabled with pcim_enable_device()
 * @name: owner for /proc/iomem
 *
 * Return: 0 or a negative error.
 */
static inline int ata_split_request_regions(struct pci_dev *pdev,
					    const char *name)
{
#ifdef ATA_SPLIT_HAVE_PCIM_REQUEST_ALL
	return pcim_request_all_regions(pdev, name);
#else
	/* Managed, because of pcim_enable_device(). */
	return pci_request_regions(pdev, name);
#endif
}

#endif /* _ATA_SPLIT_COMPAT_H */
