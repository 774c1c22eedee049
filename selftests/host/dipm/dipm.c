// SPDX-License-Identifier: GPL-2.0
/*
 * For a guest of dipm.sh: disks that have device-initiated power management, which
 * QEMU's have not.  While this is loaded their IDENTIFY data says so.
 */

#include <linux/ata.h>
#include <linux/bits.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static bool enabled;
module_param(enabled, bool, 0444);
MODULE_PARM_DESC(enabled, "Is it also enabled?");

static int dipm_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(__le16 **)ri->data = (__le16 *)regs_get_kernel_argument(regs, 2);
	return 0;
}

static int dipm_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	__le16 *id = *(__le16 **)ri->data;

	if (regs_return_value(regs))
		return 0;
	id[ATA_ID_FEATURE_SUPP] |= cpu_to_le16(BIT(3));
	if (enabled)
		id[ATA_ID_FEATURE_SUPP + 1] |= cpu_to_le16(BIT(3));
	return 0;
}

static struct kretprobe dipm_probe = {
	.kp.symbol_name		= "ata_do_dev_read_id",
	.entry_handler		= dipm_entry,
	.handler		= dipm_return,
	.data_size		= sizeof(__le16 *),
};

static int __init dipm_init(void)
{
	return register_kretprobe(&dipm_probe);
}

static void __exit dipm_exit(void)
{
	unregister_kretprobe(&dipm_probe);
}

module_init(dipm_init);
module_exit(dipm_exit);

MODULE_DESCRIPTION("Disks that have device-initiated power management");
MODULE_LICENSE("GPL");
