/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stock ahci's tables and functions and the driver's quirks.c need of the kernel,
 * for a program: match.c makes the machine up.
 */
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENODEV			19
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(nr)			(1u << (nr))
#define PCI_SLOT(devfn)		(((devfn) >> 3) & 0x1f)
#define PCI_DEVFN(slot, func)	((((slot) & 0x1f) << 3) | ((func) & 0x07))
#define ATA_ACPI_FILTER_FPDMA_OFFSET	8

#define u8			__u8
#define u16			__u16
#define u32			__u32
#define kernel_ulong_t		unsigned long

/* from the kernel's sources: pci_device_id, dmi_system_id and their macros */
#include "pci_ids.h"
#include "ids.h"

struct device {
	int unused;
};

struct pci_bus {
	u8 number;
};

struct pci_dev {
	struct device dev;
	struct pci_bus *bus;
	u32 devfn, class, vendor, device, subsystem_vendor, subsystem_device;
	/* word 0x92 of its configuration space, and how often that was looked at */
	u16 pcs;
	int reads;
};

/* What quirks.c may change of the driver's. */
struct ahci_split_host {
	u32 cap, cap2;
};

#define dev_err(dev, ...)	((void)(dev))
#define dev_warn(dev, ...)	((void)(dev))

const struct pci_device_id *pci_match_id(const struct pci_device_id *list, struct pci_dev *pdev);
const struct dmi_system_id *dmi_first_match(const struct dmi_system_id *list);
void dmi_get_date(int field, int *year, int *month, int *day);
void pci_read_config_word(struct pci_dev *pdev, int where, u16 *val);
void pci_write_config_word(struct pci_dev *pdev, int where, u16 val);
