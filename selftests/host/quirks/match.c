// SPDX-License-Identifier: GPL-2.0
/*
 * Stock ahci's tables and functions against the driver's quirks.c, both compiled as
 * they are. Prints a line for each chip that the driver takes, BOARD VENDOR:DEVICE;
 * for each board that it takes with a controller that stock has a workaround for,
 * FUNCTION NAME; and for what only the driver does, "needless". With a table's name
 * and a number, that entry of it is ignored.
 *
 * The included files are made by quirks.sh from the sources of the kernel and of the
 * driver.
 */
#include "kernel.h"
#include "boards.h"
#include "ours.h"

static const char * const names[] = {
#include "names.h"
};

/* Does stock enable the ports of such a board? */
static const bool pcs_boards[ARRAY_SIZE(names)] = {
#include "pcs.h"
};

/* What do they report without having it? */
static const bool no_sntf_boards[ARRAY_SIZE(names)] = {
#include "no_sntf.h"
};

static const bool no_devslp_boards[ARRAY_SIZE(names)] = {
#include "no_devslp.h"
};

#include "stock.h"
#include "dmi.h"
#include "devslp.h"

static const struct {
	const char *name;
	bool (*needed)(struct pci_dev *pdev);
	/* Does it look at the address itself? */
	bool address;
} workarounds[] = {
#include "functions.h"
};

/* The machine: strings by the match that wants them, and the date of its BIOS. */
static const struct dmi_system_id *machine;
static int date;
static const struct dmi_system_id *last_list;
static const void *ignored_table;
static int ignored;

static bool is_ignored(const void *table, int nr)
{
	return table == ignored_table && nr == ignored;
}

static bool in_id(u32 wanted, u32 value)
{
	return wanted == (u32)PCI_ANY_ID || wanted == value;
}

const struct pci_device_id *pci_match_id(const struct pci_device_id *list, struct pci_dev *pdev)
{
	const struct pci_device_id *id;

	for (id = list; id->vendor || id->subvendor || id->class_mask; id++)
		if (in_id(id->vendor, pdev->vendor) && in_id(id->device, pdev->device) &&
		    in_id(id->subvendor, pdev->subsystem_vendor) &&
		    in_id(id->subdevice, pdev->subsystem_device) &&
		    !((id->class ^ pdev->class) & id->class_mask) &&
		    !is_ignored(list, id - list))
			return id;
	return NULL;
}

static bool machine_says(const struct dmi_strmatch *wanted)
{
	int i;

	for (i = 0; i < 4; i++)
		if (machine->matches[i].slot == wanted->slot)
			return strstr(machine->matches[i].substr, wanted->substr);
	return false;
}

const struct dmi_system_id *dmi_first_match(const struct dmi_system_id *list)
{
	const struct dmi_system_id *dmi;
	int i;

	last_list = list;
	if (!machine)
		return NULL;
	for (dmi = list; dmi->matches[0].slot; dmi++) {
		for (i = 0; i < 4 && dmi->matches[i].slot; i++)
			if (!machine_says(&dmi->matches[i]))
				break;
		if ((i == 4 || !dmi->matches[i].slot) && !is_ignored(list, dmi - list))
			return dmi;
	}
	return NULL;
}

void dmi_get_date(int field, int *year, int *month, int *day)
{
	if (field != DMI_BIOS_DATE)
		abort();
	*year = date / 10000;
	*month = date / 100 % 100;
	*day = date % 100;
}

static void at_pcs(int where)
{
	if (where != 0x92)
		abort();
}

void pci_read_config_word(struct pci_dev *pdev, int where, u16 *val)
{
	at_pcs(where);
	*val = pdev->pcs;
	pdev->reads++;
}

void pci_write_config_word(struct pci_dev *pdev, int where, u16 val)
{
	at_pcs(where);
	pdev->pcs = val;
}

static struct pci_bus bus;

static struct pci_dev chip(u32 vendor, u32 device)
{
	struct pci_dev pdev = {
		.bus = &bus, .vendor = vendor & 0xffff, .device = device & 0xffff,
		.class = PCI_CLASS_STORAGE_SATA_AHCI,
	};

	return pdev;
}

/* By an id of a table of stock's, as far as that says anything. */
static struct pci_dev chip_of(const struct pci_device_id *id)
{
	struct pci_dev pdev = chip(id->vendor, id->device);

	if (id->class_mask)
		pdev.class = id->class;
	pdev.subsystem_vendor = id->subvendor & 0xffff;
	pdev.subsystem_device = id->subdevice & 0xffff;
	return pdev;
}

static void chips(void)
{
	const struct pci_device_id *id;

	for (id = ahci_pci_tbl; id->vendor; id++) {
		struct pci_dev pdev = chip_of(id);

		if (!ahci_split_suitable(&pdev))
			printf("%s %04x:%04x\n", names[id->driver_data], pdev.vendor, pdev.device);
	}
}

/* Which chips have a policy by default? Later kernels have one for all. */
static void mobile(void)
{
#ifdef LINUX_6_1
	const struct pci_device_id *id;

	for (id = ahci_pci_tbl; id->vendor; id++) {
		bool is_low_power = id->driver_data == board_ahci_low_power;
		struct pci_dev pdev = chip_of(id);

		if (!ahci_split_suitable(&pdev) &&
		    ahci_split_is_mobile(&pdev) != is_low_power)
			printf("mobile %04x:%04x\n", pdev.vendor, pdev.device);
	}
#endif
}

static bool stock_enables_ports(const struct pci_device_id *id)
{
#ifdef LINUX_6_1
	return id->vendor == PCI_VENDOR_ID_INTEL && id->driver_data < board_ahci_pcs7;
#else
	return pcs_boards[id->driver_data];
#endif
}

/* Which of these capabilities are left? */
static void caps(void)
{
	const u32 all2 = AHCI_CAP2_SDS | AHCI_CAP2_SADM;
	const struct pci_device_id *id;

	for (id = ahci_pci_tbl; id->vendor; id++) {
		struct ahci_split_host host = { .cap = ~0u, .cap2 = ~0u };
		struct pci_dev pdev = chip_of(id);
		bool no_devslp = no_devslp_boards[id->driver_data];

#ifdef LINUX_6_1
		no_devslp = ahci_broken_devslp(&pdev);
#endif
		if (ahci_split_suitable(&pdev))
			continue;
		ahci_split_correct_caps(&pdev, &host);
		if (host.cap != (no_sntf_boards[id->driver_data] ? ~AHCI_CAP_SSNTF : ~0u))
			printf("sntf %04x:%04x\n", pdev.vendor, pdev.device);
		if (host.cap2 != (no_devslp ? ~all2 : ~0u))
			printf("devslp %04x:%04x\n", pdev.vendor, pdev.device);
	}
}

/* All of a vendor's, as those that no table names match by their class. */
static void port_enables(u32 vendor)
{
	u32 device;

	for (device = 0; device <= 0xffff; device++) {
		struct pci_dev pdev = chip(vendor, device);
		bool stock = stock_enables_ports(pci_match_id(ahci_pci_tbl, &pdev));

		if (ahci_split_suitable(&pdev))
			continue;
		pdev.pcs = 0x8001;
		ahci_split_enable_ports(&pdev, 0x3f);
		if (stock && pdev.pcs != 0x803f)
			printf("port_enables %04x:%04x\n", vendor, device);
		else if (!stock && (pdev.pcs != 0x8001 || pdev.reads))
			printf("needless: port_enables %04x:%04x\n", vendor, device);
	}
}

static const char *name_of(const struct dmi_system_id *dmi)
{
	/* Some have no name, but each has that of its product or board. */
	return dmi->ident ?: dmi->matches[1].substr;
}

/* One machine with a controller at one address: the same answer by both? */
static bool differs(int nr, struct pci_dev *pdev)
{
	bool lpm = !strcmp(workarounds[nr].name, "ahci_broken_lpm");
	bool stock = workarounds[nr].needed(pdev);
	bool ours = lpm ? ahci_split_has_broken_lpm(pdev) : ahci_split_suitable(pdev);

#ifndef NEWEST
	/* Some of these boards were found later. */
	if (lpm && ours)
		return false;
#endif
	if (stock != ours)
		printf("%s%s %s, BIOS of %d, %02x:%02x.%x\n", ours ? "needless: " : "",
		       workarounds[nr].name, name_of(machine), date, bus.number,
		       PCI_SLOT(pdev->devfn), pdev->devfn & 7);
	return stock != ours;
}

static void board(int nr)
{
	struct pci_dev pdev = chip(PCI_VENDOR_ID_INTEL, 0x2922);
	int slot;

	for (bus.number = 0; bus.number < 16; bus.number++) {
		for (slot = 0; slot < 32; slot++) {
			/* Intel's on-board controller is function 2 of slot 31. */
			bool onboard = !bus.number && slot == 0x1f;

			if (!workarounds[nr].address && !onboard)
				continue;
			pdev.devfn = PCI_DEVFN(slot, slot == 0x1f ? 2 : 0);
			/* Each month of these years has 31 days. */
			for (date = 20040101; date < 20300101; date++) {
				if (date % 100 > 31)
					date += 100 - date % 100;
				if (date / 100 % 100 > 12)
					date += 10000 - date % 10000;
				if (differs(nr, &pdev))
					return;
				/* Elsewhere it is the address that counts. */
				if (!onboard)
					break;
			}
		}
	}
}

static void boards(void)
{
	size_t nr;

	for (nr = 0; nr < ARRAY_SIZE(workarounds); nr++) {
		struct pci_dev pdev = chip(PCI_VENDOR_ID_INTEL, 0x2922);
		const struct dmi_system_id *dmi;

		machine = NULL;
		workarounds[nr].needed(&pdev);
		for (dmi = last_list; dmi->matches[0].slot; dmi++) {
			machine = dmi;
			board(nr);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		ignored = atoi(argv[2]);
		if (!strcmp(argv[1], "chips"))
			ignored_table = ahci_split_needs_quirks;
		else if (!strcmp(argv[1], "boards"))
			ignored_table = ahci_split_boards;
		else if (!strcmp(argv[1], "lpm"))
			ignored_table = ahci_split_lpm_boards;
		else
			return 2;
	}
	chips();
	caps();
	mobile();
	port_enables(PCI_VENDOR_ID_INTEL);
	port_enables(PCI_VENDOR_ID_AMD);
	boards();
	return 0;
}
