// SPDX-License-Identifier: GPL-2.0
/*
 * Enclosure management (AHCI 1.3.1, 12): LED messages, and SGPIO messages as user
 * space writes them.  Attributes, formats and register writes are stock ahci's.
 *
 * The registers belong to the HBA and only process context accesses them.  So a mutex
 * serializes them, and no port lock is held meanwhile; stock ahci holds a port's lock,
 * which does not exclude other ports if each has its own.
 */

#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>
#include <linux/nospec.h>
#include <linux/pci.h>
#include "ahci_split.h"

static bool ahci_split_em_messages = true;
module_param_named(ahci_em_messages, ahci_split_em_messages, bool, 0444);
MODULE_PARM_DESC(ahci_em_messages,
		 "Let user space set the LEDs of an enclosure (default: Y)");

/* How often to try, a millisecond apart, while another message is on its way */
#define AHCI_SPLIT_EM_TRIES		5

#define AHCI_SPLIT_BLINK_DELAY		msecs_to_jiffies(10)
#define AHCI_SPLIT_BLINK_PERIOD		msecs_to_jiffies(100)

/**
 * struct ahci_split_em - the LEDs of a port
 * @ap: the port
 * @ring: issues its commands while the activity LED does not blink
 * @led: last LED message for each device behind the port; under the host's em_mutex
 * @policy: what the activity LED does; written under em_mutex
 * @activity: commands issued while it blinks; written under ap->lock
 * @seen: @activity when the LED was changed last; only for @blink
 * @blink: changes the LED while there is activity, then sets it as it is when idle
 */
struct ahci_split_em {
	struct ata_port			*ap;
	void				(*ring)(struct ata_port *ap, u32 tags);
	u32				led[SATA_PMP_MAX_PORTS];
	enum sw_activity		policy;
	unsigned int			activity;
	unsigned int			seen;
	struct delayed_work		blink;
};

/**
 * ahci_split_em_flags - find out what the HBA has of enclosure management
 * @pdev: PCI device
 * @hpriv: HBA with @cap and @mmio
 *
 * Context: Process context.
 * Return: flags for its ports.
 */
unsigned long ahci_split_em_flags(struct pci_dev *pdev,
				  struct ahci_split_host *hpriv)
{
	resource_size_t len = pci_resource_len(pdev, AHCI_PCI_BAR);
	u32 loc, ctl, size;

	mutex_init(&hpriv->em_mutex);
	if (!ahci_split_em_messages || !(hpriv->cap & AHCI_CAP_EMS))
		return 0;

	loc = readl(hpriv->mmio + AHCI_EM_LOC);
	ctl = readl(hpriv->mmio + AHCI_EM_CTL);
	if (!(ctl & AHCI_EM_CTL_TYPES))
		return 0;

	hpriv->em_loc = FIELD_GET(AHCI_EM_LOC_OFST, loc) * 4;
	hpriv->em_size = FIELD_GET(AHCI_EM_LOC_SZ, loc) * 4;
	/* It holds an LED message at least.  Without SMB the receive buffer follows. */
	size = max(hpriv->em_size, AHCI_EM_LED_SIZE);
	if (hpriv->em_loc + (ctl & AHCI_EM_CTL_SMB ? 1 : 2) * size > len) {
		dev_warn(&pdev->dev, "enclosure messages are behind the end of BAR %d (EM_LOC 0x%x), not using them\n",
			 AHCI_PCI_BAR, loc);
		return 0;
	}
	hpriv->em_types = FIELD_GET(AHCI_EM_CTL_TYPES, ctl);
	return ATA_FLAG_EM | (ctl & AHCI_EM_CTL_ALHD ? 0 : ATA_FLAG_SW_ACTIVITY);
}

/**
 * ahci_split_em_reset - reset the enclosure's message unit (AHCI 1.3.1, 3.1.9)
 * @host: ATA host
 *
 * Context: Process context.
 */
void ahci_split_em_reset(struct ata_host *host)
{
	const struct ahci_split_host *hpriv = host->private_data;
	u32 ctl = readl(hpriv->mmio + AHCI_EM_CTL);

	if (!(ctl & (AHCI_EM_CTL_TM | AHCI_EM_CTL_RST)))
		writel(ctl | AHCI_EM_CTL_RST, hpriv->mmio + AHCI_EM_CTL);
}

/* An LED message, 12.2.1: the header has its size, which is four bytes. */
static int ahci_split_send_led(struct ata_port *ap, u32 state)
{
	struct ahci_split_host *hpriv = ap->host->private_data;
	struct ahci_split_em *em = to_ahci_split_port(ap)->em;
	unsigned int slot = FIELD_GET(AHCI_EM_LED_PMP, state);
	u32 ctl;

	lockdep_assert_held(&hpriv->em_mutex);

	if (slot >= ARRAY_SIZE(em->led))
		return -EINVAL;

	ctl = readl(hpriv->mmio + AHCI_EM_CTL);
	if (ctl & AHCI_EM_CTL_TM)
		return -EBUSY;

	if (hpriv->em_types & AHCI_EM_TYPE_LED) {
		writel(4 << 8, hpriv->mmio + hpriv->em_loc);
		writel((state & ~AHCI_EM_LED_PORT) | ap->port_no,
		       hpriv->mmio + hpriv->em_loc + 4);
		writel(ctl | AHCI_EM_CTL_TM, hpriv->mmio + AHCI_EM_CTL);
	}
	WRITE_ONCE(em->led[array_index_nospec(slot, ARRAY_SIZE(em->led))], state);
	return 0;
}

/* Toggle the activity LED if there was activity since, otherwise it is idle. */
static void ahci_split_blink(struct work_struct *work)
{
	struct ahci_split_em *em = container_of(to_delayed_work(work),
						struct ahci_split_em, blink);
	struct ahci_split_host *hpriv = em->ap->host->private_data;
	unsigned int activity = READ_ONCE(em->activity);
	bool on;
	u32 led;

	mutex_lock(&hpriv->em_mutex);
	led = em->led[0] & AHCI_EM_LED_VALUE;
	if (em->seen != activity) {
		em->seen = activity;
		on = !(led & AHCI_EM_LED_ON);
		schedule_delayed_work(&em->blink, AHCI_SPLIT_BLINK_PERIOD);
	} else {
		on = em->policy == BLINK_OFF;
	}
	led &= ~AHCI_EM_LED_ACTIVITY;
	ahci_split_send_led(em->ap, led | (on ? AHCI_EM_LED_ON : 0) | em->ap->port_no);
	mutex_unlock(&hpriv->em_mutex);
}

/**
 * ahci_split_note_activity - a command is issued, and the LED may have to blink
 * @ap: port with LEDs
 *
 * Context: StartIo.  Caller holds ap->lock.
 */
void ahci_split_note_activity(struct ata_port *ap)
{
	struct ahci_split_em *em = to_ahci_split_port(ap)->em;

	lockdep_assert_held(ap->lock);

	if (READ_ONCE(em->policy) == OFF)
		return;
	WRITE_ONCE(em->activity, em->activity + 1);
	schedule_delayed_work(&em->blink, AHCI_SPLIT_BLINK_DELAY);
}

/* Takes the place of @ring while the activity LED blinks. */
static void ahci_split_ring_and_blink(struct ata_port *ap, u32 tags)
{
	ahci_split_note_activity(ap);
	to_ahci_split_port(ap)->em->ring(ap, tags);
}

/**
 * ahci_split_em_start - allocate the state of a port's LEDs
 * @ap: port, initialized for the split
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int ahci_split_em_start(struct ata_port *ap)
{
	struct ahci_split_em *em;

	if (!(ap->flags & ATA_FLAG_EM))
		return 0;

	em = devm_kzalloc(ap->host->dev, sizeof(*em), GFP_KERNEL);
	if (!em)
		return -ENOMEM;

	em->ap = ap;
	em->ring = to_ata_split_port(ap)->ring;
	INIT_DELAYED_WORK(&em->blink, ahci_split_blink);
	to_ahci_split_port(ap)->em = em;
	return 0;
}

/**
 * ahci_split_em_resume - set the LEDs as they were
 * @ap: port
 *
 * Another port's message may be on its way.
 *
 * Context: EH, or process context before the port is registered.
 */
void ahci_split_em_resume(struct ata_port *ap)
{
	struct ahci_split_host *hpriv = ap->host->private_data;
	struct ahci_split_em *em = to_ahci_split_port(ap)->em;
	int i;

	if (!em)
		return;

	mutex_lock(&hpriv->em_mutex);
	for (i = 0; i < AHCI_SPLIT_EM_TRIES; i++) {
		if (ahci_split_send_led(ap, em->led[0]) != -EBUSY)
			break;
		usleep_range(USEC_PER_MSEC, 2 * USEC_PER_MSEC);
	}
	mutex_unlock(&hpriv->em_mutex);
}

/**
 * ahci_split_em_suspend - leave the registers alone from now on
 * @ap: port without commands
 *
 * Context: EH, or process context.
 */
void ahci_split_em_suspend(struct ata_port *ap)
{
	struct ahci_split_em *em = to_ahci_split_port(ap)->em;

	if (em)
		cancel_delayed_work_sync(&em->blink);
}

/* StartIo has nothing to do with a LED that does not blink. */
static void ahci_split_set_policy(struct ahci_split_em *em, enum sw_activity policy)
{
	struct ata_port *ap = em->ap;
	unsigned long flags;

	WRITE_ONCE(em->policy, policy);
	spin_lock_irqsave(ap->lock, flags);
	to_ata_split_port(ap)->ring = policy == OFF ? em->ring :
						      ahci_split_ring_and_blink;
	spin_unlock_irqrestore(ap->lock, flags);
}

/**
 * ahci_split_em_stop - the port's LEDs do not blink any more
 * @ap: port without commands
 *
 * Context: Process context.
 */
void ahci_split_em_stop(struct ata_port *ap)
{
	struct ahci_split_host *hpriv = ap->host->private_data;
	struct ahci_split_em *em = to_ahci_split_port(ap)->em;

	if (!em)
		return;

	mutex_lock(&hpriv->em_mutex);
	ahci_split_set_policy(em, OFF);
	mutex_unlock(&hpriv->em_mutex);
	cancel_delayed_work_sync(&em->blink);
}

/**
 * ahci_split_em_show - ->em_show: the last LED message
 * @ap: port
 * @buf: of sysfs
 *
 * Return: its length.
 */
ssize_t ahci_split_em_show(struct ata_port *ap, char *buf)
{
	return sysfs_emit(buf, "%x\n", READ_ONCE(to_ahci_split_port(ap)->em->led[0]));
}

/**
 * ahci_split_em_store - ->em_store: send an LED message
 * @ap: port
 * @buf: a number, the second dword of the message
 * @size: its length
 *
 * The activity LED is not user space's while it blinks.
 *
 * Return: @size or a negative error.
 */
ssize_t ahci_split_em_store(struct ata_port *ap, const char *buf, size_t size)
{
	struct ahci_split_host *hpriv = ap->host->private_data;
	struct ahci_split_em *em = to_ahci_split_port(ap)->em;
	u32 state;
	int rc;

	rc = kstrtou32(buf, 0, &state);
	if (rc)
		return -EINVAL;

	mutex_lock(&hpriv->em_mutex);
	if (em->policy != OFF)
		state &= ~AHCI_EM_LED_ACTIVITY;
	rc = ahci_split_send_led(ap, state);
	mutex_unlock(&hpriv->em_mutex);
	return rc ?: size;
}

/**
 * ahci_split_activity_show - ->sw_activity_show
 * @dev: ATA device
 * @buf: of sysfs
 *
 * Return: its length.
 */
ssize_t ahci_split_activity_show(struct ata_device *dev, char *buf)
{
	struct ahci_split_em *em = to_ahci_split_port(dev->link->ap)->em;

	return sysfs_emit(buf, "%d\n", READ_ONCE(em->policy));
}

/**
 * ahci_split_activity_store - ->sw_activity_store: shall the activity LED blink?
 * @dev: ATA device
 * @policy: OFF, BLINK_ON (off when idle) or BLINK_OFF (on when idle)
 *
 * Return: 0.
 */
ssize_t ahci_split_activity_store(struct ata_device *dev, enum sw_activity policy)
{
	struct ata_port *ap = dev->link->ap;
	struct ahci_split_host *hpriv = ap->host->private_data;
	struct ahci_split_em *em = to_ahci_split_port(ap)->em;
	u32 led;

	mutex_lock(&hpriv->em_mutex);
	led = (em->led[0] & AHCI_EM_LED_OTHERS) | ap->port_no;
	if (policy == BLINK_OFF)
		led |= AHCI_EM_LED_ON;
	if (policy != BLINK_ON)
		ahci_split_send_led(ap, led);
	ahci_split_set_policy(em, policy);
	mutex_unlock(&hpriv->em_mutex);
	return 0;
}

/**
 * ahci_split_em_receive - read a message of the enclosure's
 * @ap: port
 * @buf: of sysfs
 *
 * Context: Process context.
 * Return: its length, -EINVAL if the HBA cannot receive SGPIO messages, or -EAGAIN if
 * there is none.
 */
ssize_t ahci_split_em_receive(struct ata_port *ap, char *buf)
{
	struct ahci_split_host *hpriv = ap->host->private_data;
	size_t i, size = min_t(size_t, hpriv->em_size, PAGE_SIZE);
	const void __iomem *from = hpriv->mmio + hpriv->em_loc;
	ssize_t rc = size;
	u32 ctl;

	if (!(ap->flags & ATA_FLAG_EM) || !(hpriv->em_types & AHCI_EM_TYPE_SGPIO))
		return -EINVAL;

	mutex_lock(&hpriv->em_mutex);
	ctl = readl(hpriv->mmio + AHCI_EM_CTL);
	if (ctl & AHCI_EM_CTL_XMT)
		rc = -EINVAL;
	else if (!(ctl & AHCI_EM_CTL_MR))
		rc = -EAGAIN;
	if (!(ctl & AHCI_EM_CTL_SMB))
		from += hpriv->em_size;
	for (i = 0; rc > 0 && i < size; i += 4)
		put_unaligned_le32(readl(from + i), buf + i);
	mutex_unlock(&hpriv->em_mutex);
	return rc;
}

/**
 * ahci_split_em_transmit - send a message to the enclosure
 * @ap: port
 * @buf: SGPIO message
 * @size: its length, whole dwords
 *
 * Context: Process context.
 * Return: @size, -EINVAL if the HBA does not take such a message, or -EBUSY while
 * another is on its way.
 */
ssize_t ahci_split_em_transmit(struct ata_port *ap, const char *buf, size_t size)
{
	struct ahci_split_host *hpriv = ap->host->private_data;
	void __iomem *to = hpriv->mmio + hpriv->em_loc;
	size_t i;
	u32 ctl;

	if (!(ap->flags & ATA_FLAG_EM) || !(hpriv->em_types & AHCI_EM_TYPE_SGPIO) ||
	    size % 4 || size > hpriv->em_size)
		return -EINVAL;

	mutex_lock(&hpriv->em_mutex);
	ctl = readl(hpriv->mmio + AHCI_EM_CTL);
	if (!(ctl & AHCI_EM_CTL_TM)) {
		for (i = 0; i < size; i += 4)
			writel(get_unaligned_le32(buf + i), to + i);
		writel(ctl | AHCI_EM_CTL_TM, hpriv->mmio + AHCI_EM_CTL);
	}
	mutex_unlock(&hpriv->em_mutex);
	return ctl & AHCI_EM_CTL_TM ? -EBUSY : size;
}
