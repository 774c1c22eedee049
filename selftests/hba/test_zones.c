// SPDX-License-Identifier: GPL-2.0
/* Tests of zones.c, of limits.c, and of priorities. */
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Port 3's disk of 8 MiB has eight zones, of which the first two are conventional. */
#define PORT	3
#define ZONE	2048u		/* sectors */
#define FIRST	(2 * ZONE)	/* sector of the first zone with a write pointer */

enum { EMPTY = 1, IMPLICIT_OPEN = 2, EXPLICIT_OPEN = 3, CLOSED = 4, FULL = 14 };
enum { CLOSE = 1, FINISH = 2, OPEN = 3, RESET = 4 };

static struct disk *d;

static void zoned(void)
{
	d = &hba.port[PORT].disk;
	zones_create(d, ZONE * SECTOR, 2);
}

static void plain(void)
{
	free(d->zones);
	d->zones = NULL;
	d->n_zones = 0;
}

static bool done(void)
{
	uint32_t is = acknowledge(PORT), tfd = rd(PORT, PX_TFD);

	if (is & IS_TFES) {
		build(PORT, 0, 0x2f, 0x10, 1, SECTOR);
		restart(PORT);
		ring(PORT, 1);
		acknowledge(PORT);
	}
	return !(tfd & STS_ERR);
}

static bool write_at(uint64_t lba, uint32_t n)
{
	memset(data(1), 0x55, n * SECTOR);
	build(PORT, 1, 0x61, lba, n, 4096);
	ring(PORT, 2);
	return done();
}

/* Sense key, code and qualifier of the last queued error */
static uint32_t sense(void)
{
	return (uint32_t)(d->ncq_log[14] << 16 | d->ncq_log[15] << 8 | d->ncq_log[16]);
}

static bool manage(unsigned int action, bool all, uint64_t lba)
{
	build(PORT, 1, 0x9f, lba, 0, 0);
	memory[TABLE(1) + 3] = (uint8_t)action;
	memory[TABLE(1) + 11] = all;
	ring(PORT, 2);
	return done();
}

static bool report(unsigned int options, uint64_t lba, unsigned int pages)
{
	build(PORT, 1, 0x4a, lba, pages, 4096);
	memory[TABLE(1) + 11] = (uint8_t)options;
	memset(data(1), 0xee, 4 * SECTOR);
	ring(PORT, 2);
	return done();
}

static uint64_t field(unsigned int zone, unsigned int offset)
{
	uint64_t value;

	memcpy(&value, data(1) + 64 * (zone + 1) + offset, 8);
	return value;
}

static unsigned int cond(unsigned int zone)
{
	return data(1)[64 * (zone + 1) + 1] >> 4;
}

static uint32_t length(void)
{
	uint32_t value;

	memcpy(&value, data(1), 4);
	return value;
}

static void test_report(void)
{
	unsigned int i;

	zoned();
	check(report(0, 0, 2) && length() == 8 * 64);
	check(data(1)[4] == 3);		/* of one length, of two types */
	memcpy(&i, data(1) + 8, 4);
	check(i == 8 * ZONE - 1);
	for (i = 0; i < 8; i++) {
		check(data(1)[64 * (i + 1)] == (i < 2 ? 1 : 2) && cond(i) == (i < 2 ? 0 : EMPTY));
		check(field(i, 8) == ZONE && field(i, 16) == i * ZONE);
		check(field(i, 24) == (i < 2 ? ~0ull : i * ZONE));
	}
	/* From the zone of an LBA; PARTIAL counts those that there is room for. */
	check(report(0, 3 * ZONE + 5, 1) && length() == 5 * 64 && field(0, 16) == 3 * ZONE);
	check(report(0, 0, 1) && length() == 8 * 64);
	check(report(0x80, 0, 1) && length() == 7 * 64 && field(6, 16) == 6 * ZONE);
	check(report(0x3f, 0, 1) && length() == 2 * 64);
	check(report(5, 0, 1) && length() == 0);
	check(!report(0, 8 * ZONE, 1) && !report(8, 0, 1));
	check(clean());
	plain();
	check(!report(0, 0, 1) && !manage(RESET, true, 0));
}

static void test_write_pointer(void)
{
	zoned();
	d->sense = true;
	/* Anywhere in conventional zones, over their boundary as well */
	check(write_at(ZONE - 8, 16) && write_at(7, 1));
	check(write_at(FIRST, 8) && write_at(FIRST + 8, 8));
	check(report(0, FIRST, 1) && cond(0) == IMPLICIT_OPEN && field(0, 24) == FIRST + 16);
	check(!write_at(FIRST + 8, 8) && sense() == 0x052104);
	check(!write_at(FIRST + 24, 8) && sense() == 0x052104);
	check(!write_at(FIRST + ZONE + 8, 8) && sense() == 0x052104);
	check(report(2, 0, 1) && length() == 64 && field(0, 24) == FIRST + 16);
	check(write_at(FIRST + 16, 120));
	d->zones[2].wp = FIRST + ZONE - 8;
	check(!write_at(FIRST + ZONE - 8, 16) && sense() == 0x052105);
	check(write_at(FIRST + ZONE - 8, 8));
	check(report(0, FIRST, 1) && cond(0) == FULL && field(0, 24) == ~0ull);
	check(!write_at(FIRST + ZONE - 8, 8) && sense() == 0x052104);
	check(clean());
	plain();
}

static void test_manage(void)
{
	zoned();
	memset(d->media + FIRST * SECTOR, 0xaa, ZONE * SECTOR);
	check(write_at(FIRST, 8) && manage(CLOSE, false, FIRST));
	check(report(0, FIRST, 1) && cond(0) == CLOSED && field(0, 24) == FIRST + 8);
	check(manage(OPEN, false, FIRST) && write_at(FIRST + 8, 8));
	check(report(0, FIRST, 1) && cond(0) == EXPLICIT_OPEN && field(0, 24) == FIRST + 16);
	check(manage(FINISH, false, FIRST) && report(0, FIRST, 1) && cond(0) == FULL);
	d->zones[2].wp = FIRST + 16;
	check(manage(RESET, false, FIRST));
	check(report(0, FIRST, 1) && cond(0) == EMPTY && field(0, 24) == FIRST);
	check(d->media[FIRST * SECTOR] == 0 && d->media[(FIRST + 15) * SECTOR] == 0);
	check(d->media[(FIRST + 16) * SECTOR] == 0xaa);
	/* Not in the middle of a zone, not a conventional one, nothing unknown */
	check(!manage(RESET, false, FIRST + 1) && !manage(RESET, false, 0));
	check(!manage(RESET, false, 8 * ZONE) && !manage(5, false, FIRST) && !manage(0, true, 0));
	/* All */
	check(write_at(FIRST, 8) && write_at(FIRST + ZONE, 8) && manage(CLOSE, true, 5));
	check(report(4, 0, 1) && length() == 2 * 64);
	check(manage(OPEN, true, 0) && report(3, 0, 1) && length() == 2 * 64);
	check(manage(FINISH, true, 0) && report(5, 0, 1) && length() == 2 * 64);
	check(manage(RESET, true, 0) && report(1, 0, 1) && length() == 6 * 64);
	check(clean());
	plain();
}

/* The same as queued commands */
static void test_queued(void)
{
	zoned();
	build(PORT, 2, 0x65, FIRST, 1, SECTOR);
	memory[TABLE(2) + 13] = 2;
	ring(PORT, 4);
	check(!done());
	d->aux = true;
	ring(PORT, 4);
	check(done() && *(uint32_t *)data(2) == 6 * 64);
	check(write_at(FIRST, 8));
	build(PORT, 2, 0x63, FIRST, 0, 0);
	memory[TABLE(2) + 3] = 7;
	memory[TABLE(2) + 16] = FINISH;
	ring(PORT, 4);
	check(done() && report(5, 0, 1) && length() == 64);
	memory[TABLE(2) + 3] = 6;
	ring(PORT, 4);
	check(!done());
	check(clean());
	plain();
}

static void test_power_cut(void)
{
	zoned();
	check(write_at(FIRST, 8) && write_at(FIRST + 3 * ZONE, 8));
	build(PORT, 2, 0xea, 0, 0, 0);
	ring(PORT, 4);
	check(done() && write_at(FIRST + 8, 8) && write_at(FIRST + ZONE, 8));
	check(manage(OPEN, false, FIRST + 2 * ZONE));
	check(command("cut %u 100", PORT));
	check(d->zones[2].wp == FIRST + 8 && d->zones[2].cond == CLOSED);
	check(d->zones[3].wp == FIRST + ZONE && d->zones[3].cond == EMPTY);
	pass_time(10 * MS);
	check(d->zones[4].cond == EMPTY && d->zones[5].cond == CLOSED);
	check(clean());
	plain();
}

static void test_identity(void)
{
	uint8_t *log = data(0);

	zoned();
	command("unplug %u", PORT);
	command("plug %u", PORT);
	pass_time(10 * MS);
	check(rd(PORT, PX_SIG) == SIG_ZAC);
	acknowledge(PORT);
	restart(PORT);
	build(PORT, 0, 0x2f, 0x30 | 9 << 8, 1, SECTOR);
	ring(PORT, 1);
	check(done() && log[2] == 9 && log[8] == 1 && log[15] == 0x80);
	plain();
	ring(PORT, 1);
	check(!done());
	check(clean());
}

static void put(unsigned int slot, unsigned int priority)
{
	build(PORT, slot, 0x60, slot, 1, SECTOR);
	memory[TABLE(slot) + 13] |= (uint8_t)(priority << 6);
}

/* Three commands are due, and that of tag 1 stops the port: which have been completed? */
static uint32_t left_by_fatal(void)
{
	uint32_t left;

	command("hold %u", PORT);
	command("when fetch port=%u tag=1 do fatal 0x20000000", PORT);
	put(0, 0);
	put(1, 2);
	put(2, 1);
	ring(PORT, 7);
	command("forget");
	command("resume %u", PORT);
	pass_time(1);
	left = rd(PORT, PX_SACT);
	restart(PORT);
	acknowledge(PORT);
	return left;
}

static void test_priority(void)
{
	d = &hba.port[PORT].disk;
	check(left_by_fatal() == 6);
	d->prio = true;
	check(left_by_fatal() == 7);
	check(!strcmp(control_line((char []){ "priorities 3" }), "ok normal=5 high=1"));
	check(!command("priorities 9") && clean());
}

static bool set_feature(uint8_t feature, uint8_t value)
{
	build(PORT, 0, 0xef, 0, value, 0);
	memory[TABLE(0) + 3] = feature;
	ring(PORT, 1);
	return done();
}

/* A read with a limit, of which a disk that takes 30 ms makes what the policy says */
static void read_with_limit(unsigned int limit)
{
	command("delay 30000 30000");
	memset(data(3), 0xee, SECTOR);
	build(PORT, 3, 0x60, 8, 1, SECTOR);
	memory[TABLE(3) + 16] = (uint8_t)limit;
	ring(PORT, 8);
	pass_time(20 * MS);
}

static bool log_page_is(uint8_t log, unsigned int page)
{
	command("delay 0 0");
	build(PORT, 0, 0x2f, log | page << 8, 1, SECTOR);
	ring(PORT, 1);
	return done();
}

static void test_limits(void)
{
	d = &hba.port[PORT].disk;
	check(!set_feature(0x0d, 1) && !set_feature(0xc4, 1));
	check(!log_page_is(0x18, 0) && !log_page_is(0x0f, 0));
	d->limits = 13;
	check(set_feature(0x0d, 1) && set_feature(0xc4, 1));
	check(log_page_is(0x30, 4) && data(0)[10] == 0x24);
	check(log_page_is(0x18, 0) && data(0)[0] == 0xd0 && *(uint32_t *)(data(0) + 68) == 10000);
	/* It is done in time, or without a limit at all. */
	read_with_limit(3);
	check(rd(PORT, PX_SACT) == 8);
	pass_time(11 * MS);
	check(rd(PORT, PX_SACT) == 0 && (rd(PORT, PX_TFD) & 0xff) == 0x40 && data(3)[0] != 0xee);
	acknowledge(PORT);
	read_with_limit(0);
	check(rd(PORT, PX_SACT) == 8);
	pass_time(11 * MS);
	check((rd(PORT, PX_TFD) & 0xff) == 0x40 && done());
	/* It is not: success, without data */
	read_with_limit(2);
	check(rd(PORT, PX_SACT) == 0 && (rd(PORT, PX_TFD) & 0xff) == 0x42 && data(3)[0] == 0xee);
	check(done() && log_page_is(0x0f, 0));
	check(data(0)[0] == 1 && data(0)[2] == 0x0f && data(0)[8] == 8);
	check(!memcmp(data(0) + 32 + 3 * 24, "\x0f\x55\x0a", 3));
	/* or an error */
	d->limits = 15;
	d->sense = true;
	read_with_limit(2);
	command("delay 0 0");
	check(rd(PORT, PX_TFD) == (ERR_ABRT << 8 | 0x43) && !done() && sense() == 0x0b2e02);
	/* Disabled, there are none. */
	check(set_feature(0x0d, 0));
	read_with_limit(1);
	check(rd(PORT, PX_SACT) == 8);
	pass_time(11 * MS);
	command("delay 0 0");
	check(done() && clean());
}

const struct test zones_tests[] = {
	{ "zones_report", test_report },
	{ "zones_write_pointer", test_write_pointer },
	{ "zones_manage", test_manage },
	{ "zones_queued", test_queued },
	{ "zones_power_cut", test_power_cut },
	{ "zones_identity", test_identity },
	{ "priority", test_priority },
	{ "limits", test_limits },
	{ NULL, NULL }
};
