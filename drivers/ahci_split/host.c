// SPDX-License-Identifier: GPL-2.0
/* The HBA: handoff from firmware, reset, initialization. */

#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include "ahci_split.h"

/* Set GHC.AE unless it is set; return true if it is set afterwards. */
static bool ahci_split_set_ae(const struct ahci_split_host *hpriv)
{
	void __iomem *ghc = hpriv->mmio + AHCI_GHC;
	u32 val = readl(ghc);

	if (val & AHCI_GHC_AE)
		return true;
	writel(val | AHCI_GHC_AE, ghc);
	return readl(ghc) & AHCI_GHC_AE;
}

/* Some HBAs need several writes until GHC.AE sticks. */
static int ahci_split_enable(struct device *dev,
			     const struct ahci_split_host *hpriv)
{
	bool on;

	if (!read_poll_timeout(ahci_split_set_ae, on, on, 10 * USEC_PER_MSEC,
			       40 * USEC_PER_MSEC, false, hpriv))
		return 0;
	dev_err(dev, "AHCI mode cannot be enabled (GHC 0x%x)\n",
		readl(hpriv->mmio + AHCI_GHC));
	return -EIO;
}

/**
 * ahci_split_handoff - take the HBA from the BIOS (AHCI 1.3.1, 10.6.3)
 * @dev: PCI device, for messages
 * @hpriv: HBA
 *
 * The BIOS has 25 ms to respond; if it reports that it is busy, two seconds more.
 * A BIOS that does not respond is overruled, as the specification allows.
 *
 * Context: Process context.
 */
void ahci_split_handoff(struct device *dev, struct ahci_split_host *hpriv)
{
	void __iomem *bohc = hpriv->mmio + AHCI_BOHC;
	u32 val;

	if (!(hpriv->cap2 & AHCI_CAP2_BOH))
		return;

	val = readl(bohc);
	if (!(val & AHCI_BOHC_BOS))
		return;

	writel(val | AHCI_BOHC_OOS, bohc);
	if (!readl_poll_timeout(bohc, val, !(val & AHCI_BOHC_BOS),
				USEC_PER_MSEC, 25 * USEC_PER_MSEC))
		return;
	if (val & AHCI_BOHC_BB &&
	    !readl_poll_timeout(bohc, val, !(val & AHCI_BOHC_BOS),
				10 * USEC_PER_MSEC, 2 * USEC_PER_SEC))
		return;

	dev_warn(dev, "BIOS does not release the controller (BOHC 0x%x), taking it\n",
		 val);
}

/* Ports whose registers are within the BAR; ahci_split_map_bar() found at least one. */
static u32 ahci_split_mapped_ports(struct device *dev)
{
	resource_size_t len = pci_resource_len(to_pci_dev(dev), AHCI_PCI_BAR);
	u64 n_ports = (len - AHCI_PORT_BASE) / AHCI_PORT_SIZE;

	return GENMASK(min_t(u64, n_ports, AHCI_MAX_PORTS) - 1, 0);
}

/*
 * Which ports are implemented?  PI is ignored if it has more ports than CAP.NP.
 * Ports beyond the end of the BAR are not used.
 */
static void ahci_split_save_port_map(struct device *dev,
				     struct ahci_split_host *hpriv)
{
	unsigned int n_ports = FIELD_GET(AHCI_CAP_NP, hpriv->cap) + 1;
	u32 mapped = ahci_split_mapped_ports(dev);
	u32 map = readl(hpriv->mmio + AHCI_PI);
	u32 wanted = ahci_split_ports_wanted(dev);

	hpriv->saved_port_map = map;
	if (wanted) {
		dev_info(dev, "using ports 0x%x of 0x%x (mask_port_map)\n",
			 map & wanted, map);
		map &= wanted;
	}
	if (hweight32(map) > n_ports) {
		dev_warn(dev, "PI 0x%x has more ports than CAP.NP (%u), ignoring it\n",
			 map, n_ports);
		map = 0;
	}
	/* Before AHCI 1.3 PI was often left empty; as stock ahci, also restore this. */
	if (!map && hpriv->version < AHCI_VS_1_3) {
		map = GENMASK(n_ports - 1, 0);
		hpriv->saved_port_map = map;
		dev_warn(dev, "forcing PI to 0x%x\n", map);
		/* Stock ahci ignores the parameter here. */
		if (wanted)
			map &= wanted;
	}
	if (map & ~mapped) {
		dev_warn(dev, "PI 0x%x has ports behind the end of BAR %d\n",
			 map, AHCI_PCI_BAR);
		map &= mapped;
	}
	hpriv->port_map = map;
}

/**
 * ahci_split_save_config - read the HBA's capabilities and firmware's settings
 * @dev: PCI device, for messages
 * @hpriv: HBA with @mmio set
 *
 * Context: Process context.
 * Return: 0 or a negative error.
 */
int ahci_split_save_config(struct device *dev, struct ahci_split_host *hpriv)
{
	unsigned long map;
	int i, rc;

	/* CAP may be read in AHCI mode only. */
	rc = ahci_split_enable(dev, hpriv);
	if (rc)
		return rc;

	hpriv->saved_cap = readl(hpriv->mmio + AHCI_CAP);
	hpriv->version = readl(hpriv->mmio + AHCI_VS);
	if (hpriv->version >= AHCI_VS_1_2)
		hpriv->saved_cap2 = readl(hpriv->mmio + AHCI_CAP2);
	hpriv->cap = hpriv->saved_cap;
	hpriv->cap2 = hpriv->saved_cap2;
	ahci_split_correct_caps(to_pci_dev(dev), hpriv);

	ahci_split_save_port_map(dev, hpriv);

	map = hpriv->port_map;
	for_each_set_bit(i, &map, AHCI_MAX_PORTS)
		hpriv->saved_port_caps[i] =
			readl(hpriv->mmio + AHCI_PORT_BASE +
			      i * AHCI_PORT_SIZE + AHCI_PXCMD) & AHCI_PXCMD_CAPS;
	return 0;
}

/* Firmware sets CAP, PI and the ports' capabilities, and a reset clears them. */
static void ahci_split_restore_config(const struct ahci_split_host *hpriv)
{
	unsigned long map = hpriv->port_map;
	int i;

	writel(hpriv->saved_cap, hpriv->mmio + AHCI_CAP);
	if (hpriv->saved_cap2)
		writel(hpriv->saved_cap2, hpriv->mmio + AHCI_CAP2);
	writel(hpriv->saved_port_map, hpriv->mmio + AHCI_PI);
	readl(hpriv->mmio + AHCI_PI);	/* flush */

	for_each_set_bit(i, &map, AHCI_MAX_PORTS)
		writel(hpriv->saved_port_caps[i],
		       hpriv->mmio + AHCI_PORT_BASE + i * AHCI_PORT_SIZE +
		       AHCI_PXCMD);
}

/* AHCI 1.3.1, 10.4.3: the HBA has a second for it. */
static int ahci_split_do_reset(struct device *dev,
			       const struct ahci_split_host *hpriv)
{
	u32 ghc = readl(hpriv->mmio + AHCI_GHC);
	int rc;

	writel(ghc | AHCI_GHC_HR, hpriv->mmio + AHCI_GHC);
	rc = readl_poll_timeout(hpriv->mmio + AHCI_GHC, ghc, !(ghc & AHCI_GHC_HR),
				10 * USEC_PER_MSEC, USEC_PER_SEC);
	if (rc) {
		dev_err(dev, "controller reset failed (GHC 0x%x)\n", ghc);
		return -EIO;
	}

	rc = ahci_split_enable(dev, hpriv);
	if (!rc)
		ahci_split_restore_config(hpriv);
	return rc;
}

/**
 * ahci_split_reset_host - reset the HBA, unless a parameter forbids it; enable ports
 * @host: ATA host
 *
 * Context: Process context.
 * Return: 0, or -EIO if it does not finish within a second, or AHCI mode cannot be
 * enabled.
 */
int ahci_split_reset_host(struct ata_host *host)
{
	const struct ahci_split_host *hpriv = host->private_data;
	int rc;

	rc = ahci_split_enable(host->dev, hpriv);
	if (!rc && ahci_split_skip_host_reset)
		dev_info(host->dev, "not reset (skip_host_reset)\n");
	else if (!rc)
		rc = ahci_split_do_reset(host->dev, hpriv);
	if (rc)
		return rc;

	ahci_split_enable_ports(to_pci_dev(host->dev), hpriv->port_map);
	return 0;
}

/**
 * ahci_split_init_host - stop all ports, enable interrupts
 * @host: ATA host, reset
 *
 * Context: Process context.
 */
void ahci_split_init_host(struct ata_host *host)
{
	const struct ahci_split_host *hpriv = host->private_data;
	unsigned long map = hpriv->port_map;
	int i;

	for_each_set_bit(i, &map, host->n_ports) {
		ahci_split_quiesce_port(host->ports[i]);
		ahci_split_clear_port(host->ports[i]);
	}

	writel(readl(hpriv->mmio + AHCI_GHC) | AHCI_GHC_IE,
	       hpriv->mmio + AHCI_GHC);
	readl(hpriv->mmio + AHCI_GHC);	/* flush */
}

/**
 * ahci_split_irq_off - disable the HBA's interrupts
 * @host: ATA host
 *
 * AHCI 1.3.1, 8.3.3: required before D3.
 *
 * Context: Any.
 */
void ahci_split_irq_off(struct ata_host *host)
{
	const struct ahci_split_host *hpriv = host->private_data;

	writel(readl(hpriv->mmio + AHCI_GHC) & ~AHCI_GHC_IE,
	       hpriv->mmio + AHCI_GHC);
	readl(hpriv->mmio + AHCI_GHC);	/* flush */
}

/**
 * ahci_split_print_info - log the properties of the HBA
 * @host: ATA host
 * @irq_mode: description of the interrupt mode
 *
 * Context: Any.
 */
void ahci_split_print_info(struct ata_host *host, const char *irq_mode)
{
	static const char * const speeds[] = { "?", "1.5", "3", "6" };
	const struct ahci_split_host *hpriv = host->private_data;
	unsigned int iss = FIELD_GET(AHCI_CAP_ISS, hpriv->cap);

	dev_info(host->dev, "AHCI %x.%x, %s, %u ports (0x%x), %u slots, %s Gb/s, %s\n",
		 hpriv->version >> 16, (hpriv->version & 0xffff) >> 8, irq_mode,
		 hweight32(hpriv->port_map), hpriv->port_map,
		 (u32)FIELD_GET(AHCI_CAP_NCS, hpriv->cap) + 1,
		 speeds[iss < ARRAY_SIZE(speeds) ? iss : 0],
		 !(hpriv->cap & AHCI_CAP_SNCQ) ? "no NCQ" :
		 ata_split_on() ? "NCQ, split" : "NCQ");
	if (hpriv->cap & AHCI_CAP_SPM)
		dev_info(host->dev, "port multipliers are not supported: of one, only the device at device port 0 is used\n");
}
