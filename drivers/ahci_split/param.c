// SPDX-License-Identifier: GPL-2.0
/*
 * Load-time parameters of stock ahci and libahci, with their names and meaning.  Each
 * kernel has all of them, unlike stock's.
 */

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "ahci_split.h"

static char *ahci_split_mask_port_map;
module_param_named(mask_port_map, ahci_split_mask_port_map, charp, 0444);
MODULE_PARM_DESC(mask_port_map,
		 "Ports to use: a mask for all controllers, or ADDRESS=MASK,... as in 0000:00:1f.2=0x3 (default: all)");

static char *ahci_split_mask_port_ext;
module_param_named(mask_port_ext, ahci_split_mask_port_ext, charp, 0444);
MODULE_PARM_DESC(mask_port_ext,
		 "Ports that are not external although the controller says so, in the same form (default: none)");

bool ahci_split_skip_host_reset;
module_param_named(skip_host_reset, ahci_split_skip_host_reset, bool, 0444);
MODULE_PARM_DESC(skip_host_reset, "Do not reset the controller (default: N)");

bool ahci_split_ignore_sss;
module_param_named(ignore_sss, ahci_split_ignore_sss, bool, 0444);
MODULE_PARM_DESC(ignore_sss,
		 "Probe all ports at a time also where disks spin up one after the other (default: N)");

unsigned int ahci_split_devslp_idle_timeout = 1000;
module_param_named(devslp_idle_timeout, ahci_split_devslp_idle_timeout, uint, 0644);
MODULE_PARM_DESC(devslp_idle_timeout,
		 "Time until an idle link enters device sleep, in ms (default: 1000)");

static int ahci_split_set_policy(const char *value, const struct kernel_param *kp)
{
	int policy;

	if (kstrtoint(value, 0, &policy) || policy < -1 || policy > ATA_LPM_MIN_POWER) {
		pr_err(DRV_NAME ": mobile_lpm_policy=%.*s is rejected: write a number from -1 to %d\n",
		       (int)strcspn(value, "\n"), value, ATA_LPM_MIN_POWER);
		return -EINVAL;
	}
	return param_set_int(value, kp);
}

static const struct kernel_param_ops ahci_split_policy_ops = {
	.set			= ahci_split_set_policy,
	.get			= param_get_int,
};

int ahci_split_mobile_lpm_policy = -1;
module_param_cb(mobile_lpm_policy, &ahci_split_policy_ops,
		&ahci_split_mobile_lpm_policy, 0644);
MODULE_PARM_DESC(mobile_lpm_policy,
		 "Link power policy at first: -1 as the kernel is configured, 0 as firmware leaves it, 1 max_performance, 2 medium_power, 3 med_power_with_dipm, 4 min_power_with_partial, 5 min_power (default: -1)");

static bool ahci_split_is_address(const char *text)
{
	unsigned int domain, bus, slot, function;
	char rest;

	return sscanf(text, "%4x:%2x:%2x.%1x%c", &domain, &bus, &slot, &function,
		      &rest) == 4;
}

/*
 * The mask in one item, MASK or ADDRESS=MASK, if that concerns @dev.  Only one item
 * may be without an address.
 */
static int ahci_split_parse_item(struct device *dev, char *item, bool only,
				 u32 *mask)
{
	char *text = strchr(item, '=');

	if (text) {
		*text++ = '\0';
		if (!ahci_split_is_address(item))
			return -EINVAL;
		if (strcmp(item, dev_name(dev)))
			return 0;
	} else if (!only) {
		return -EINVAL;
	}
	return kstrtou32(text ?: item, 0, mask);
}

static u32 ahci_split_parse_mask(struct device *dev, const char *name,
				 const char *value)
{
	char *copy, *rest, *item;
	u32 mask = 0;

	if (!value || !*value)
		return 0;

	copy = kstrdup(value, GFP_KERNEL);
	for (rest = copy; (item = strsep(&rest, ",")); ) {
		if (!ahci_split_parse_item(dev, item, item == copy && !rest, &mask))
			continue;
		dev_err(dev, "%s=%s is ignored: write MASK or ADDRESS=MASK,... as in 0000:00:1f.2=0x3\n",
			name, value);
		mask = 0;
		break;
	}
	kfree(copy);
	return mask;
}

/**
 * ahci_split_ports_wanted - the parameter mask_port_map
 * @dev: PCI device
 *
 * Context: Process context.
 * Return: a mask, or 0 if all ports are to be used.
 */
u32 ahci_split_ports_wanted(struct device *dev)
{
	return ahci_split_parse_mask(dev, "mask_port_map", ahci_split_mask_port_map);
}

/**
 * ahci_split_not_external - the parameter mask_port_ext
 * @dev: PCI device
 *
 * Context: Process context.
 * Return: a mask of ports.
 */
u32 ahci_split_not_external(struct device *dev)
{
	return ahci_split_parse_mask(dev, "mask_port_ext", ahci_split_mask_port_ext);
}
