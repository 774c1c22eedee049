/* SPDX-License-Identifier: GPL-2.0 */
/* Internal to ahci_split: an AHCI HBA, its ports, and the functions of each file. */
#ifndef _AHCI_SPLIT_AHCI_SPLIT_H
#define _AHCI_SPLIT_AHCI_SPLIT_H

#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include "ahci_regs.h"
#include "build.h"

#define DRV_NAME			"ahci_split"

/**
 * struct ahci_split_host - an HBA; constant once it is probed, but for @em_mutex
 * @mmio: ABAR
 * @cap: CAP as used
 * @cap2: CAP2 as used, zero before AHCI 1.2
 * @version: VS
 * @port_map: ports to use
 * @saved_cap: CAP as firmware left it, to restore after a reset
 * @saved_cap2: CAP2 as firmware left it
 * @saved_port_map: PI to restore after a reset, firmware's unless it was forced
 * @saved_port_caps: AHCI_PXCMD_CAPS of each port as firmware left them
 * @em_loc: offset of the enclosure's message buffer in @mmio
 * @em_size: its size, in bytes
 * @em_types: message types that the enclosure supports, AHCI_EM_TYPE_*
 * @em_mutex: serializes the enclosure's registers; taken in process context only
 * @per_port_irq: does each port have a vector of its own?
 */
struct ahci_split_host {
	void __iomem			*mmio;
	u32				cap;
	u32				cap2;
	u32				version;
	u32				port_map;
	u32				saved_cap;
	u32				saved_cap2;
	u32				saved_port_map;
	u32				saved_port_caps[AHCI_MAX_PORTS];
	u32				em_loc;
	u32				em_size;
	u32				em_types;
	struct mutex			em_mutex;	/* EM_CTL and the buffer */
	bool				per_port_irq;
};

/**
 * struct ahci_split_dma - memory that a port shares with the HBA, one allocation
 * @list: command headers; owned by StartIo
 * @rx: received FISes, written by the HBA
 * @table: command tables; each is owned by the owner of its tag
 */
struct ahci_split_dma {
	struct ahci_cmd_header		list[AHCI_MAX_CMDS];	/* 1 KiB aligned */
	struct ahci_rx_fis		rx;			/* 256 aligned */
	struct ahci_cmd_table		table[AHCI_SPLIT_NR_TABLES];
};

static_assert(offsetof(struct ahci_split_dma, rx) % 256 == 0);
static_assert(offsetof(struct ahci_split_dma, table) % 128 == 0);

/**
 * struct ahci_split_port - a port; constant once it is started, but for @irq_mask
 * @build: BuildIo's view of it
 * @mmio: the port's registers
 * @dma: memory shared with the HBA
 * @dma_addr: its bus address
 * @em: its LEDs, or NULL
 * @irq_mask: its interrupts that are enabled unless it is frozen; guarded by ap->lock
 * @irq_desc: name of its interrupt, if it has its own
 * @lock: becomes ap->lock, unless the parameter host_lock is set
 * @info: what @build.info points to
 *
 * Nothing here tells which commands are in flight: that is in the bitmaps of libata
 * and of the HBA.  The lock and each tag's @info have cache lines of their own,
 * because builds write @info without the lock.
 */
struct ahci_split_port {
	struct ahci_split_build		build;
	void __iomem			*mmio;
	struct ahci_split_dma		*dma;
	dma_addr_t			dma_addr;
	struct ahci_split_em		*em;
	u32				irq_mask;
	char				irq_desc[16];
	spinlock_t			lock ____cacheline_aligned_in_smp; /* ap->lock */
	struct ahci_split_info		info[AHCI_SPLIT_NR_TABLES];
};

static inline struct ahci_split_port *to_ahci_split_port(const struct ata_port *ap)
{
	return container_of(to_ata_split_port(ap), struct ahci_split_port,
			    build.split);
}

/* Usable before ->port_start(), and for ports that never start. */
static inline void __iomem *ahci_split_port_mmio(const struct ata_port *ap)
{
	const struct ahci_split_host *hpriv = ap->host->private_data;

	return hpriv->mmio + AHCI_PORT_BASE + ap->port_no * AHCI_PORT_SIZE;
}

static inline dma_addr_t
ahci_split_table_addr(const struct ahci_split_port *pp, unsigned int nr)
{
	return pp->dma_addr + offsetof(struct ahci_split_dma, table[nr]);
}

/* start.c: StartIo */
void ahci_split_fill_header(struct ahci_split_port *pp, unsigned int slot,
			    unsigned int nr);
void ahci_split_ring(struct ata_port *ap, u32 tags);
void ahci_split_ring_each(struct ata_port *ap, u32 tags);
unsigned int ahci_split_qc_issue(struct ata_queued_cmd *qc);

/* complete.c: interrupts and results */
irqreturn_t ahci_split_intr_host(int irq, void *dev_id);
irqreturn_t ahci_split_intr_port(int irq, void *dev_id);
ata_split_rtf_ret ahci_split_qc_fill_rtf(struct ata_queued_cmd *qc);
void ahci_split_qc_ncq_fill_rtf(struct ata_port *ap, u64 done_mask);

/* eh.c: freeze, thaw, resets */
void ahci_split_error_intr(struct ata_port *ap, u32 status)
	__in_startio;
void ahci_split_freeze(struct ata_port *ap);
void ahci_split_thaw(struct ata_port *ap);
int ahci_split_softreset(struct ata_link *link, unsigned int *class,
			 unsigned long deadline);
int ahci_split_hardreset(struct ata_link *link, unsigned int *class,
			 unsigned long deadline);
void ahci_split_postreset(struct ata_link *link, unsigned int *class);
void ahci_split_error_handler(struct ata_port *ap);
void ahci_split_post_internal_cmd(struct ata_queued_cmd *qc);

/* port.c: engines, power, SCR access */
void ahci_split_start_engine(struct ata_port *ap);
int ahci_split_stop_engine(struct ata_port *ap);
void ahci_split_clear_port(struct ata_port *ap);
int ahci_split_quiesce_port(struct ata_port *ap);
int ahci_split_port_start(struct ata_port *ap);
void ahci_split_port_stop(struct ata_port *ap);
int ahci_split_port_resume(struct ata_port *ap);
int ahci_split_port_suspend(struct ata_port *ap, pm_message_t mesg);
int ahci_split_scr_read(struct ata_link *link, unsigned int reg, u32 *val);
int ahci_split_scr_write(struct ata_link *link, unsigned int reg, u32 val);

/* lpm.c: link power management */
int ahci_split_set_lpm(struct ata_link *link, enum ata_lpm_policy policy,
		       unsigned int hints);
void ahci_split_init_lpm(struct ata_port *ap);

/* enclosure.c: LEDs and other messages */
unsigned long ahci_split_em_flags(struct pci_dev *pdev, struct ahci_split_host *hpriv);
void ahci_split_em_reset(struct ata_host *host);
int ahci_split_em_start(struct ata_port *ap);
void ahci_split_em_resume(struct ata_port *ap);
void ahci_split_em_suspend(struct ata_port *ap);
void ahci_split_em_stop(struct ata_port *ap);
void ahci_split_note_activity(struct ata_port *ap);
ssize_t ahci_split_em_show(struct ata_port *ap, char *buf);
ssize_t ahci_split_em_store(struct ata_port *ap, const char *buf, size_t size);
ssize_t ahci_split_em_receive(struct ata_port *ap, char *buf);
ssize_t ahci_split_em_transmit(struct ata_port *ap, const char *buf, size_t size);
ssize_t ahci_split_activity_show(struct ata_device *dev, char *buf);
ssize_t ahci_split_activity_store(struct ata_device *dev, enum sw_activity policy);

/* param.c: parameters of stock ahci */
extern bool ahci_split_skip_host_reset;
extern bool ahci_split_ignore_sss;
extern unsigned int ahci_split_devslp_idle_timeout;
extern int ahci_split_mobile_lpm_policy;
u32 ahci_split_ports_wanted(struct device *dev);
u32 ahci_split_not_external(struct device *dev);

/* sysfs.c */
extern const struct attribute_group *ahci_split_shost_groups[];
extern const struct attribute_group *ahci_split_sdev_groups[];

/* quirks.c: chips and boards that need workarounds */
int ahci_split_suitable(struct pci_dev *pdev);
void ahci_split_correct_caps(struct pci_dev *pdev, struct ahci_split_host *hpriv);
bool ahci_split_is_mobile(struct pci_dev *pdev);
bool ahci_split_has_broken_lpm(struct pci_dev *pdev);
void ahci_split_enable_ports(struct pci_dev *pdev, u32 port_map);

/* host.c: reset and initialization of the HBA */
void ahci_split_handoff(struct device *dev, struct ahci_split_host *hpriv);
int ahci_split_save_config(struct device *dev, struct ahci_split_host *hpriv);
int ahci_split_reset_host(struct ata_host *host);
void ahci_split_init_host(struct ata_host *host);
void ahci_split_irq_off(struct ata_host *host);
void ahci_split_print_info(struct ata_host *host, const char *irq_mode);

#endif /* _AHCI_SPLIT_AHCI_SPLIT_H */
