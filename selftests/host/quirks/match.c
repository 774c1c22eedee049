// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what stock ahci's table has and ours does not refuse, an entry a line:
 * BOARD VENDOR:DEVICE. The included files are made by quirks.sh from the sources of
 * the kernel and of the driver.
 */
#include <linux/types.h>
#include <stdio.h>
#include "pci_ids.h"
#include "pci.h"
#include "boards.h"

static const char * const names[] = {
#include "names.h"
};

#include "stock.h"
#include "ours.h"

static int refused(const struct pci_device_id *id)
{
	const struct pci_device_id *our;

	for (our = ahci_split_needs_quirks; our->vendor; our++)
		if (our->vendor == id->vendor &&
		    (our->device == PCI_ANY_ID || our->device == id->device))
			return 1;
	return 0;
}

int main(void)
{
	const struct pci_device_id *id;

	for (id = ahci_pci_tbl; id->vendor; id++)
		if (!refused(id))
			printf("%s %04x:%04x\n", names[id->driver_data],
			       id->vendor & 0xffff, id->device & 0xffff);
	return 0;
}
