// SPDX-License-Identifier: GPL-2.0
/* Tests of enclosure.c. */
#include <string.h>

#include "test.h"

#define LED_HEADER	(4u << 8)

static uint32_t buffer(void)
{
	return (register_read(HBA_EM_LOC) >> EM_OFST_SHIFT) * 4;
}

static uint32_t buffer_size(void)
{
	return (register_read(HBA_EM_LOC) & 0xffff) * 4;
}

static uint32_t ctl(void)
{
	return register_read(HBA_EM_CTL);
}

static void transmit(void)
{
	register_write(HBA_EM_CTL, ctl() | EM_TM);
	check(ctl() & EM_TM);
	pass_time(MS);
	check(!(ctl() & EM_TM));
}

static void send(uint32_t header, uint32_t value)
{
	register_write(buffer(), header);
	register_write(buffer() + 4, value);
	transmit();
}

static bool leds(unsigned int port, const char *want)
{
	char line[] = "leds 0";

	line[5] = (char)('0' + port);
	return !strcmp(control_line(line) + 3, want);
}

static void test_none(void)
{
	uint32_t at = HBA_PORTS + hba.ports * HBA_PORT_SIZE;

	check(ctl() == 0 && register_read(HBA_EM_LOC) == 0 && register_read(at) == 0);
	register_write(HBA_EM_CTL, EM_TM);
	register_write(at, 1);
	check(ctl() == 0 && register_read(at) == 0);
	check(!command("reply 1") && !command("enclosure perhaps"));
	check(command("enclosure led saf-te ses-2 sgpio single transmit activity pmp"));
	check(register_read(HBA_CAP) & CAP_EMS && ctl() == 0x0f0f0000);
	check(command("enclosure none ses-2") && ctl() == EM_SES2);
}

/* Beyond the registers of any port, and within the BAR, however many ports there are. */
static void test_location(void)
{
	unsigned int ports = hba.ports, n;

	command("enclosure led");
	for (n = 1; n <= MAX_PORTS; n++) {
		check(command("ports %u", n));
		check(buffer() >= HBA_PORTS + n * HBA_PORT_SIZE);
		check(buffer() + 2 * buffer_size() <= registers_size());
	}
	/* As QEMU's, which has six ports */
	check(command("ports 6"));
	check(registers_size() == 0x1000);
	check(command("ports %u", ports));
}

static void test_leds(void)
{
	command("enclosure led");
	send(LED_HEADER, 0x00490002);
	check(leds(2, "activity=1 locate=1 fault=1"));
	check(leds(0, "activity=0 locate=0 fault=0"));
	send(LED_HEADER, 0x00080002);
	check(leds(2, "activity=0 locate=1 fault=0"));
	send(LED_HEADER, 0x01400001);
	check(leds(1, "activity=0 locate=0 fault=5") && leds(2, "activity=0 locate=1 fault=0"));
	check(clean());
	/* What a message is about is its own business, up to here. */
	send(LED_HEADER, 0x00010100);
	check(broken("EM_CTL.PM") && leds(0, "activity=0 locate=0 fault=0"));
	send(8 << 8, 0x00010000);
	check(broken("8 bytes"));
	send(LED_HEADER, 0x00010009);
	check(broken("port 9"));
	send(3u << 24 | LED_HEADER, 0);
	check(broken("type 3"));
	send(9u << 24 | LED_HEADER, 0);
	check(broken("type 9"));
	command("enclosure pmp");
	send(LED_HEADER, 0x00080100);
	check(clean() && leds(0, "activity=1 locate=0 fault=0"));
}

/* The activity LED is the HBA's with ALHD. */
static void test_activity(void)
{
	command("enclosure led activity");
	send(LED_HEADER, 0x00090000);
	check(leds(0, "activity=0 locate=1 fault=0") && clean());
}

static void test_busy(void)
{
	command("enclosure led");
	register_write(buffer(), LED_HEADER);
	register_write(HBA_EM_CTL, EM_TM);
	register_write(HBA_EM_CTL, 0);
	check(ctl() & EM_TM && clean());
	register_write(buffer() + 4, 1);
	check(broken("3.1.9"));
	/* An HBA reset ends it, and leaves the LEDs. */
	pass_time(MS);
	send(LED_HEADER, 0x00080000);
	register_write(HBA_EM_CTL, EM_TM);
	register_write(HBA_GHC, GHC_HR);
	check(!(ctl() & EM_TM) && leds(0, "activity=0 locate=1 fault=0"));
}

static void test_em_reset(void)
{
	command("enclosure led");
	send(LED_HEADER, 0x00080000);
	check(command("reply 7"));
	register_write(HBA_EM_CTL, EM_RST);
	check(ctl() == (EM_LED | EM_RST));
	pass_time(MS);
	check(ctl() == EM_LED && leds(0, "activity=0 locate=0 fault=0"));
	check(register_read(buffer()) == 0 && register_read(buffer() + buffer_size()) == 0);
	check(clean());
}

static void test_messages(void)
{
	const uint32_t *sent;
	unsigned int n = enclosure_sent(&sent);

	command("enclosure sgpio");
	n = enclosure_sent(&sent);
	send(3u << 24 | 20 << 8, 0xabcd);
	check(enclosure_sent(&sent) == n + 1 && sent[0] == 0x03001400 && sent[1] == 0xabcd);
	check(clean() && command("messages"));
}

static void test_receive(void)
{
	command("enclosure ses-2");
	check(command("reply 0x1234 0x5678") && ctl() & EM_MR);
	check(register_read(buffer() + buffer_size()) == 0x1234);
	check(register_read(buffer() + buffer_size() + 4) == 0x5678);
	check(register_read(buffer()) == 0);
	check(!command("reply 1"));
	register_write(HBA_EM_CTL, ctl() & ~EM_MR);
	check(ctl() & EM_MR);
	register_write(HBA_EM_CTL, EM_MR);
	check(!(ctl() & EM_MR) && command("reply 1") && !command("reply x"));
	register_write(HBA_EM_CTL, EM_MR);
	/* One buffer for both */
	command("enclosure single");
	register_write(HBA_EM_CTL, EM_TM);
	check(!command("reply 2"));
	pass_time(MS);
	check(broken("type 0"));
	check(command("reply 2") && register_read(buffer()) == 2);
	check(register_read(buffer() + buffer_size()) == 0);
	command("enclosure none led transmit");
	check(!command("reply 1"));
	check(clean());
}

const struct test enclosure_tests[] = {
	{ "enclosure_none", test_none },
	{ "enclosure_location", test_location },
	{ "leds", test_leds },
	{ "leds_activity", test_activity },
	{ "enclosure_busy", test_busy },
	{ "enclosure_reset", test_em_reset },
	{ "enclosure_messages", test_messages },
	{ "enclosure_receive", test_receive },
	{ NULL, NULL }
};
