// SPDX-License-Identifier: GPL-2.0
/*
 * Chips and boards that need workarounds.  They are refused, except for chips that
 * only need their ports enabled, or a capability ignored.
 *
 * The tables are derived from stock ahci's.  selftests/host/quirks.sh compares them
 * with those of each supported kernel; selftests/host/quirks/boards lists the
 * workarounds that this driver does not need.
 */

#include <linux/dmi.h>
#include <linux/pci.h>
#include "ahci_split.h"

/*
 * Chips for which stock ahci has workarounds without which data is lost or the
 * controller does not work: DMA address limits, broken NCQ or MSI, special resets.
 * Mostly whole vendors, on purpose, as we have none of these workarounds.
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
 * struct ahci_split_board - the fault of a board
 * @fault: text for the kernel log, after the board's name (its second match)
 * @fixed: date of the first BIOS without the fault as yyyymmdd, 0 if there is none
 * @bus: PCI bus of the affected controller, or PCI_ANY_ID
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

/* At power-off the BIOS spins the disk down although the kernel already has. */
#define AHCI_SPLIT_BAD_POWEROFF							\
	.fault = "spins disks up and down again at power-off",			\
	.bus = PCI_ANY_ID, .slot = 0x1f

/* A SiI5723 without a disk keeps the link up and does not respond to a reset. */
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
	/* A SiI4726 at port 1, which does not support software reset. */
	AHCI_SPLIT_SYSTEM("ASUSTEK COMPUTER INC", "P5W DH Deluxe",
			  .fault = "has a port that needs resets of its own",
			  .bus = 0, .slot = 0x1f),
	/* _GTF enables non-zero buffer offsets, with which queued commands fail. */
	AHCI_SPLIT_SYSTEM("Acer", "Aspire 3810T",
			  .fault = "has a _GTF method that breaks NCQ",
			  .bus = PCI_ANY_ID, .slot = PCI_ANY_ID),
	AHCI_SPLIT_SYSTEM("Acer", "Switch SA5-271",
			  .fault = "reports too few ports",
			  .bus = PCI_ANY_ID, .slot = PCI_ANY_ID),
	{ }
};

/* Link power management has problems, with an old BIOS or with each. */
#define AHCI_SPLIT_BAD_LPM(_fixed)						\
	.fixed = _fixed, .bus = PCI_ANY_ID, .slot = PCI_ANY_ID

#define AHCI_SPLIT_LENOVO(_name, _fixed)					\
	AHCI_SPLIT_BOARD(DMI_SYS_VENDOR, "LENOVO", DMI_PRODUCT_VERSION, _name,	\
			 AHCI_SPLIT_BAD_LPM(_fixed))

static const struct dmi_system_id ahci_split_lpm_boards[] = {
	AHCI_SPLIT_LENOVO("ThinkPad X250", 20180406),
	AHCI_SPLIT_LENOVO("ThinkPad L450", 20180420),
	AHCI_SPLIT_LENOVO("ThinkPad T450s", 20180315),
	AHCI_SPLIT_LENOVO("ThinkPad W541", 20180409),
	AHCI_SPLIT_SYSTEM("ASUSTeK COMPUTER INC.", "ASUSPRO D840MB_M840SA",
			  AHCI_SPLIT_BAD_LPM(0)),
	AHCI_SPLIT_BOARD(DMI_BOARD_VENDOR, "ASUSTeK COMPUTER INC.",
			 DMI_BOARD_NAME, "ROG STRIX B550-F GAMING (WI-FI)",
			 AHCI_SPLIT_BAD_LPM(0)),
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
 * ahci_split_has_broken_lpm - is link power management broken on this board?
 * @pdev: PCI device
 *
 * Context: Process context.
 * Return: true if no link may leave the active state.
 */
bool ahci_split_has_broken_lpm(struct pci_dev *pdev)
{
	const struct dmi_system_id *dmi = dmi_first_match(ahci_split_lpm_boards);

	return dmi && ahci_split_board_concerns(dmi->driver_data, pdev);
}

/**
 * ahci_split_suitable - can we drive this controller as well as stock ahci?
 * @pdev: PCI device
 *
 * Context: Process context.
 * Return: 0, or -ENODEV after logging why not.
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

/* Chips that report PxSNTF, or device sleep, but do not support it. */
static const struct pci_device_id ahci_split_no_sntf[] = {
	{ PCI_VDEVICE(INTEL, 0x2822) },		/* ICH8, RAID */
	{ }
};

static const struct pci_device_id ahci_split_no_devslp[] = {
	{ PCI_VDEVICE(INTEL, 0x0f23) },		/* Bay Trail */
	{ }
};

/**
 * ahci_split_correct_caps - drop capabilities that the chip does not have
 * @pdev: PCI device
 * @hpriv: HBA with @cap and @cap2 as read; what is restored after a reset stays
 *
 * Context: Process context.
 */
void ahci_split_correct_caps(struct pci_dev *pdev, struct ahci_split_host *hpriv)
{
	if (pci_match_id(ahci_split_no_sntf, pdev))
		hpriv->cap &= ~AHCI_CAP_SSNTF;
	if (pci_match_id(ahci_split_no_devslp, pdev))
		hpriv->cap2 &= ~(AHCI_CAP2_SDS | AHCI_CAP2_SADM);
}

/*
 * Chips of mobile computers.  Before 6.9 only on these stock ahci applies a policy of
 * link power management by default.
 */
static const struct pci_device_id ahci_split_mobile[] = {
	{ PCI_VDEVICE(INTEL, 0x2929) },		/* ICH9M */
	{ PCI_VDEVICE(INTEL, 0x292a) },
	{ PCI_VDEVICE(INTEL, 0x292b) },
	{ PCI_VDEVICE(INTEL, 0x292c) },
	{ PCI_VDEVICE(INTEL, 0x292f) },
	{ PCI_VDEVICE(INTEL, 0x294e) },
	{ PCI_VDEVICE(INTEL, 0x3b29) },		/* 5 Series */
	{ PCI_VDEVICE(INTEL, 0x3b2c) },
	{ PCI_VDEVICE(INTEL, 0x1c03) },		/* Cougar Point */
	{ PCI_VDEVICE(INTEL, 0x1c05) },
	{ PCI_VDEVICE(INTEL, 0x1e03) },		/* Panther Point */
	{ PCI_VDEVICE(INTEL, 0x1e07) },
	{ PCI_VDEVICE(INTEL, 0x8c03) },		/* Lynx Point */
	{ PCI_VDEVICE(INTEL, 0x8c05) },
	{ PCI_VDEVICE(INTEL, 0x8c07) },
	{ PCI_VDEVICE(INTEL, 0x8c0f) },
	{ PCI_VDEVICE(INTEL, 0x9c02) },		/* Lynx Point-LP */
	{ PCI_VDEVICE(INTEL, 0x9c03) },
	{ PCI_VDEVICE(INTEL, 0x9c04) },
	{ PCI_VDEVICE(INTEL, 0x9c05) },
	{ PCI_VDEVICE(INTEL, 0x9c06) },
	{ PCI_VDEVICE(INTEL, 0x9c07) },
	{ PCI_VDEVICE(INTEL, 0x9c0e) },
	{ PCI_VDEVICE(INTEL, 0x9c0f) },
	{ PCI_VDEVICE(INTEL, 0x9dd3) },		/* Cannon Lake-LP */
	{ PCI_VDEVICE(INTEL, 0x9c83) },		/* Wildcat Point-LP */
	{ PCI_VDEVICE(INTEL, 0x9c85) },
	{ PCI_VDEVICE(INTEL, 0x9c87) },
	{ PCI_VDEVICE(INTEL, 0x9c8f) },
	{ PCI_VDEVICE(INTEL, 0x8c83) },		/* 9 Series */
	{ PCI_VDEVICE(INTEL, 0x8c85) },
	{ PCI_VDEVICE(INTEL, 0x8c87) },
	{ PCI_VDEVICE(INTEL, 0x8c8f) },
	{ PCI_VDEVICE(INTEL, 0x9d03) },		/* Sunrise Point-LP */
	{ PCI_VDEVICE(INTEL, 0x9d05) },
	{ PCI_VDEVICE(INTEL, 0x9d07) },
	{ PCI_VDEVICE(INTEL, 0xa103) },		/* Sunrise Point-H */
	{ PCI_VDEVICE(INTEL, 0xa107) },
	{ PCI_VDEVICE(INTEL, 0x0f22) },		/* Bay Trail */
	{ PCI_VDEVICE(INTEL, 0x0f23) },
	{ PCI_VDEVICE(INTEL, 0x22a3) },		/* Cherry Trail */
	{ PCI_VDEVICE(INTEL, 0x5ae3) },		/* Apollo Lake */
	{ PCI_VDEVICE(INTEL, 0x34d3) },		/* Ice Lake-LP */
	{ PCI_VDEVICE(INTEL, 0x02d3) },		/* Comet Lake */
	{ PCI_VDEVICE(INTEL, 0x02d7) },
	{ PCI_VDEVICE(INTEL, 0x4b63) },		/* Elkhart Lake */
	{ PCI_VDEVICE(AMD, 0x7901) },		/* Green Sardine */
	{ }
};

/**
 * ahci_split_is_mobile - is this a chip of mobile computers?
 * @pdev: PCI device
 *
 * Context: Any.
 */
bool ahci_split_is_mobile(struct pci_dev *pdev)
{
	return pci_match_id(ahci_split_mobile, pdev);
}

/*
 * Intel chips on which stock ahci enables ports that firmware has left disabled,
 * including those in RAID mode.  From Denverton on the register is a different one.
 */
static const u16 ahci_split_pcs_ids[] = {
	0x2652, 0x2653,						/* ICH6 */
	0x2681, 0x2682, 0x2683,					/* ESB2 */
	0x27c1, 0x27c3, 0x27c5, 0x27c6,				/* ICH7 */
	0x2821, 0x2822, 0x2824, 0x2829, 0x282a,			/* ICH8 */
	0x2922, 0x2923, 0x2924, 0x2925, 0x2927, 0x294d,		/* ICH9 */
	0x2929, 0x292a, 0x292b, 0x292c, 0x292f, 0x294e,		/* ICH9M */
	0x3a05, 0x3a22, 0x3a25,					/* ICH10 */
	0x502a, 0x502b,						/* Tolapai */
	0x3b22, 0x3b23, 0x3b24, 0x3b25, 0x3b29,			/* 5 Series */
	0x3b2b, 0x3b2c, 0x3b2f,
	0x1c02, 0x1c03, 0x1c04, 0x1c05, 0x1c06, 0x1c07,		/* Cougar Point */
	0x1d02, 0x1d04, 0x1d06,					/* Patsburg */
	0x2323,							/* DH89xxCC */
	0x1e02, 0x1e03, 0x1e04, 0x1e05, 0x1e06, 0x1e07, 0x1e0e,	/* Panther Point */
	0x8c02, 0x8c03, 0x8c04, 0x8c05, 0x8c06, 0x8c07,		/* Lynx Point */
	0x8c0e, 0x8c0f,
	0x9c02, 0x9c03, 0x9c04, 0x9c05, 0x9c06, 0x9c07,		/* Lynx Point-LP */
	0x9c0e, 0x9c0f,
	0x1f22, 0x1f23, 0x1f24, 0x1f25, 0x1f26, 0x1f27,		/* Avoton */
	0x1f2e, 0x1f2f,
	0x2823, 0x2826, 0x2827, 0x282f,				/* Wellsburg, Lewisburg */
	0x8d02, 0x8d04, 0x8d06, 0x8d0e,				/* Wellsburg */
	0x8d62, 0x8d64, 0x8d66, 0x8d6e,
	0x23a3,							/* Coleto Creek */
	0x9c83, 0x9c85, 0x9c87, 0x9c8f,				/* Wildcat Point-LP */
	0x8c82, 0x8c83, 0x8c84, 0x8c85, 0x8c86, 0x8c87,		/* 9 Series */
	0x8c8e, 0x8c8f,
	0x9d03, 0x9d05, 0x9d07,					/* Sunrise Point-LP */
	0xa102, 0xa103, 0xa105, 0xa106, 0xa107, 0xa10f,		/* Sunrise Point-H */
	0xa182, 0xa186, 0xa1d2, 0xa1d6,				/* Lewisburg */
	0xa202, 0xa206, 0xa252, 0xa256,
	0x9dd3,							/* Cannon Lake-LP */
	0xa356,							/* Cannon Lake-H */
	0x0f22, 0x0f23,						/* Bay Trail */
	0x22a3,							/* Cherry Trail */
	0x5ae3,							/* Apollo Lake */
	0x34d3,							/* Ice Lake-LP */
	0x02d3, 0x02d7, 0x06d6, 0x06d7, 0xa386,			/* Comet Lake */
	0x43d4, 0x43d5, 0x43d6, 0x43d7,				/* Rocket Lake */
	0x4b63,							/* Elkhart Lake */
};

/**
 * ahci_split_enable_ports - enable ports that firmware has left disabled
 * @pdev: PCI device
 * @port_map: ports to use
 *
 * Without its enable bit a port does not detect a device, even if one is attached.
 * A reset of the HBA may clear these bits.
 *
 * Context: Process context, after each reset of the HBA.
 */
void ahci_split_enable_ports(struct pci_dev *pdev, u32 port_map)
{
	u16 pcs;
	int i;

	if (pdev->vendor != PCI_VENDOR_ID_INTEL)
		return;

	for (i = 0; i < ARRAY_SIZE(ahci_split_pcs_ids); i++)
		if (ahci_split_pcs_ids[i] == pdev->device)
			break;
	if (i == ARRAY_SIZE(ahci_split_pcs_ids))
		return;

	pci_read_config_word(pdev, AHCI_INTEL_PCS, &pcs);
	if (port_map & ~pcs)
		pci_write_config_word(pdev, AHCI_INTEL_PCS, pcs | port_map);
}
