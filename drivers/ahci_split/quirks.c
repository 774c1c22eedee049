// SPDX-License-Identifier: GPL-2.0
/*
 * Which chips and boards need more than the specification says.  They are refused.
 *
 * The facts are stock ahci's.  selftests/host/quirks.sh compares them with each
 * supported kernel's, and has the workarounds that this driver does not need.
 */

#include <linux/dmi.h>
#include <linux/pci.h>
#include "ahci_split.h"

/*
 * Vendors whose chips stock ahci drives with workarounds that are a matter of
 * data or of life: DMA address limits, NCQ or MSI that does not work, resets
 * of their own.  Coarse on purpose, as we have none of these workarounds.
 */
static const struct pci_device_id ahci_split_needs_quirks[] = {
	{ PCI_VDEVICE(ATI, PCI_ANY_ID) },	/* SB600 to SB800: DMA, MSI */
	{ PCI_VDEVICE(NVIDIA, PCI_ANY_ID) },	/* MCP6x to MCP89: NCQ */
	{ PCI_VDEVICE(VIA, PCI_ANY_ID) },	/* VT8251: NCQ, reset */
	{ PCI_VDEVICE(MARVELL, PCI_ANY_ID) },	/* 88SE61xx: PATA port, NCQ */
	{ PCI_VDEVICE(MARVELL_EXT, 0x9215) },	/* 88SE9215: ATAPI DMA */
	{ PCI_VDEVICE(JMICRON, PCI_ANY_ID) },	/* IFS, 32-bit DMA */
	{ PCI_VDEVICE(ASMEDIA, PCI_ANY_ID) },	/* 43-bit DMA */
	{ PCI_VDEVICE(SAMSUNG, PCI_ANY_ID) },	/* MSI */
	{ PCI_DEVICE(0x1c36, PCI_ANY_ID) },	/* Annapurna Labs: MSI */
	{ PCI_VDEVICE(AL, 0x5288) },		/* ULi M5288: IFS */
	/* Avoton: hardreset */
	{ PCI_VDEVICE(INTEL, 0x1f32) },
	{ PCI_VDEVICE(INTEL, 0x1f33) },
	{ PCI_VDEVICE(INTEL, 0x1f34) },
	{ PCI_VDEVICE(INTEL, 0x1f35) },
	{ PCI_VDEVICE(INTEL, 0x1f36) },
	{ PCI_VDEVICE(INTEL, 0x1f37) },
	{ PCI_VDEVICE(INTEL, 0x1f3e) },
	{ PCI_VDEVICE(INTEL, 0x1f3f) },
	{ }
};

/**
 * struct ahci_split_board - what is wrong with a board
 * @fault: for the kernel log, after the name that the second match has
 * @fixed: date of the first BIOS without the fault as yyyymmdd, 0 if there is none
 * @bus: PCI bus of the controller that is concerned, or PCI_ANY_ID
 * @slot: its slot, or PCI_ANY_ID; no slot has two AHCI controllers
 */
struct ahci_split_board {
	const char			*fault;
	unsigned int			fixed;
	int				bus;
	int				slot;
};

#define AHCI_SPLIT_BOARD(_vendor_field, _vendor, _name_field, _name, ...)	\
	{									\
		.matches = {							\
			DMI_MATCH(_vendor_field, _vendor),			\
			DMI_MATCH(_name_field, _name),				\
		},								\
		.driver_data = (void *)&(const struct ahci_split_board) {	\
			__VA_ARGS__						\
		},								\
	}

#define AHCI_SPLIT_SYSTEM(_vendor, _name, ...)					\
	AHCI_SPLIT_BOARD(DMI_SYS_VENDOR, _vendor, DMI_PRODUCT_NAME, _name,	\
			 __VA_ARGS__)

/* The link of the disk stays down after suspend to RAM. */
#define AHCI_SPLIT_BAD_SUSPEND(_fixed)						\
	.fault = "needs a newer BIOS to resume from suspend",			\
	.fixed = _fixed, .bus = 0, .slot = 0x1f

/* The BIOS spins the disk down at power-off when the kernel has done so already. */
#define AHCI_SPLIT_BAD_POWEROFF							\
	.fault = "spins disks up and down again at power-off",			\
	.bus = PCI_ANY_ID, .slot = 0x1f

/* A SiI5723 without a disk behind it keeps the link up and answers no reset. */
#define AHCI_SPLIT_BAD_ONLINE(_bus)						\
	.fault = "reports a link without a disk", .bus = _bus, .slot = 0

static const struct dmi_system_id ahci_split_boards[] = {
	AHCI_SPLIT_SYSTEM("Hewlett-Packard", "HP Pavilion dv4 Notebook PC",
			  AHCI_SPLIT_BAD_SUSPEND(20090105)),
	AHCI_SPLIT_SYSTEM("Hewlett-Packard", "HP Pavilion dv5 Notebook PC",
			  AHCI_SPLIT_BAD_SUSPEND(20090506)),
	AHCI_SPLIT_SYSTEM("Hewlett-Packard", "HP Pavilion dv6 Notebook PC",
			  AHCI_SPLIT_BAD_SUSPEND(20090423)),
	AHCI_SPLIT_SYSTEM("Hewlett-Packard", "HP HDX18 Notebook PC",
			  AHCI_SPLIT_BAD_SUSPEND(20090430)),
	AHCI_SPLIT_SYSTEM("eMachines", "eMachines G725",
			  AHCI_SPLIT_BAD_SUSPEND(20091216)),
	AHCI_SPLIT_SYSTEM("Hewlett-Packard", "HP Compaq nx6310",
			  AHCI_SPLIT_BAD_POWEROFF),
	AHCI_SPLIT_SYSTEM("Hewlett-Packard", "HP Compaq 6720s",
			  AHCI_SPLIT_BAD_POWEROFF),
	AHCI_SPLIT_BOARD(DMI_BOARD_VENDOR, "Gigabyte Technology Co., Ltd.",
			 DMI_BOARD_NAME, "EP45-DQ6", AHCI_SPLIT_BAD_ONLINE(0x0a)),
	AHCI_SPLIT_BOARD(DMI_BOARD_VENDOR, "Gigabyte Technology Co., Ltd.",
			 DMI_BOARD_NAME, "EP45-DS5", AHCI_SPLIT_BAD_ONLINE(0x03)),
	/* A SiI4726 at port 1 that takes no software reset. */
	AHCI_SPLIT_SYSTEM("ASUSTEK COMPUTER INC", "P5W DH Deluxe",
			  .fault = "has a port that needs resets of its own",
			  .bus = 0, .slot = 0x1f),
	/* _GTF switches on non-zero offsets, which fail queued commands. */
	AHCI_SPLIT_SYSTEM("Acer", "Aspire 3810T",
			  .fault = "has a _GTF method that breaks NCQ",
			  .bus = PCI_ANY_ID, .slot = PCI_ANY_ID),
	AHCI_SPLIT_SYSTEM("Acer", "Switch SA5-271",
			  .fault = "reports too few ports",
			  .bus = PCI_ANY_ID, .slot = PCI_ANY_ID),
	{ }
};

static bool ahci_split_board_concerns(const struct ahci_split_board *board,
				      const struct pci_dev *pdev)
{
	int year, month, day;

	if (board->bus != PCI_ANY_ID && board->bus != pdev->bus->number)
		return false;
	if (board->slot != PCI_ANY_ID && board->slot != PCI_SLOT(pdev->devfn))
		return false;
	if (!board->fixed)
		return true;

	dmi_get_date(DMI_BIOS_DATE, &year, &month, &day);
	return year * 10000 + month * 100 + day < board->fixed;
}

/**
 * ahci_split_suitable - is this a controller that we can drive as well as stock ahci?
 * @pdev: PCI device
 *
 * Context: Process context.
 * Return: 0, or -ENODEV after the kernel log says why not.
 */
int ahci_split_suitable(struct pci_dev *pdev)
{
	const struct ahci_split_board *board;
	const struct dmi_system_id *dmi;

	if (pdev->class != PCI_CLASS_STORAGE_SATA_AHCI) {
		dev_err(&pdev->dev,
			"class 0x%06x is not an AHCI controller (0x%06x); clear driver_override\n",
			pdev->class, PCI_CLASS_STORAGE_SATA_AHCI);
		return -ENODEV;
	}
	if (pci_match_id(ahci_split_needs_quirks, pdev)) {
		dev_err(&pdev->dev,
			"this chip may need workarounds that only ahci has; clear driver_override and leave it to ahci\n");
		return -ENODEV;
	}
	/* No board has more than one entry. */
	dmi = dmi_first_match(ahci_split_boards);
	board = dmi ? dmi->driver_data : NULL;
	if (board && ahci_split_board_concerns(board, pdev)) {
		dev_err(&pdev->dev,
			"%s %s, which only ahci works around; clear driver_override and leave it to ahci\n",
			dmi->matches[1].substr, board->fault);
		return -ENODEV;
	}
	return 0;
}
