// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of hosts and disks in sysfs, with the names and formats of stock ahci's.
 */

#include <linux/bitfield.h>
#include <linux/device.h>
#include <scsi/scsi_host.h>
#include "ahci_split.h"

static struct ata_port *ahci_split_to_port(struct device *dev)
{
	return ata_shost_to_port(class_to_shost(dev));
}

static ssize_t ahci_host_caps_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	const struct ahci_split_host *hpriv =
		ahci_split_to_port(dev)->host->private_data;

	return sysfs_emit(buf, "%x\n", hpriv->cap);
}
static DEVICE_ATTR_RO(ahci_host_caps);

static ssize_t ahci_host_cap2_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	const struct ahci_split_host *hpriv =
		ahci_split_to_port(dev)->host->private_data;

	return sysfs_emit(buf, "%x\n", hpriv->cap2);
}
static DEVICE_ATTR_RO(ahci_host_cap2);

static ssize_t ahci_host_version_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	const struct ahci_split_host *hpriv =
		ahci_split_to_port(dev)->host->private_data;

	return sysfs_emit(buf, "%x\n", hpriv->version);
}
static DEVICE_ATTR_RO(ahci_host_version);

static ssize_t ahci_port_cmd_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	const void __iomem *mmio = ahci_split_port_mmio(ahci_split_to_port(dev));

	return sysfs_emit(buf, "%x\n", readl(mmio + AHCI_PXCMD));
}
static DEVICE_ATTR_RO(ahci_port_cmd);

static ssize_t em_buffer_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return ahci_split_em_receive(ahci_split_to_port(dev), buf);
}

static ssize_t em_buffer_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t size)
{
	return ahci_split_em_transmit(ahci_split_to_port(dev), buf, size);
}
static DEVICE_ATTR_RW(em_buffer);

static ssize_t em_message_supported_show(struct device *dev,
					 struct device_attribute *attr, char *buf)
{
	const struct ahci_split_host *hpriv =
		ahci_split_to_port(dev)->host->private_data;
	u32 types = FIELD_GET(AHCI_EM_CTL_TYPES, readl(hpriv->mmio + AHCI_EM_CTL));

	return sysfs_emit(buf, "%s%s%s%s\n",
			  types & AHCI_EM_TYPE_LED ? "led " : "",
			  types & AHCI_EM_TYPE_SAFTE ? "saf-te " : "",
			  types & AHCI_EM_TYPE_SES2 ? "ses-2 " : "",
			  types & AHCI_EM_TYPE_SGPIO ? "sgpio " : "");
}
static DEVICE_ATTR_RO(em_message_supported);

static struct attribute *ahci_split_shost_attrs[] = {
	&dev_attr_link_power_management_policy.attr,
	&dev_attr_ahci_host_caps.attr,
	&dev_attr_ahci_host_cap2.attr,
	&dev_attr_ahci_host_version.attr,
	&dev_attr_ahci_port_cmd.attr,
	&dev_attr_em_message_type.attr,
	&dev_attr_em_message.attr,
	&dev_attr_em_message_supported.attr,
	&dev_attr_em_buffer.attr,
	ATA_SPLIT_LPM_SUPPORTED_ATTR,	/* NULL in older kernels */
	NULL
};

static const struct attribute_group ahci_split_shost_group = {
	.attrs = ahci_split_shost_attrs,
};

const struct attribute_group *ahci_split_shost_groups[] = {
	&ahci_split_shost_group,
	NULL
};

static struct attribute *ahci_split_sdev_attrs[] = {
	&dev_attr_sw_activity.attr,
	&dev_attr_unload_heads.attr,
	&dev_attr_ncq_prio_supported.attr,
	&dev_attr_ncq_prio_enable.attr,
	NULL
};

static const struct attribute_group ahci_split_sdev_group = {
	.attrs = ahci_split_sdev_attrs,
};

const struct attribute_group *ahci_split_sdev_groups[] = {
	&ahci_split_sdev_group,
	NULL
};
