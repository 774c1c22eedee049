// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of drives: port 3 has one instead of its disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define PORT	3
#define BLOCK	2048u
/* PACKET, feature field */
#define DMA	1
#define DMADIR	4

/* drive LINE: what the drive is. The medium's lines begin with those numbers. */
static void drive(const char *line)
{
	hba.port[PORT].disk = (struct disk){ 0 };
	check(command("cdrom %u %s", PORT, line));
	fresh();
}

static uint32_t *header(unsigned int slot)
{
	return (uint32_t *)(memory + LIST(PORT) + slot * HDR_SIZE);
}

/* A PACKET in slot 0: N bytes of memory in pieces, a limit for PIO; as libata builds it. */
static void packet(uint8_t features, const char *hex, uint32_t n, uint32_t piece, uint16_t limit)
{
	uint8_t *f = memory + TABLE(0), *to = f + TABLE_ACMD;
	uint32_t *prd = (uint32_t *)(f + TABLE_PRDT);
	uint64_t at = MEMORY + DATA;
	uint32_t prds = 0, bytes;
	char *end;

	build(PORT, 0, CMD_PACKET, 0, 0, 0);
	f[3] = features;
	f[5] = (uint8_t)limit;
	f[6] = (uint8_t)(limit >> 8);
	for (; *hex; hex = end)
		*to++ = (uint8_t)strtoul(hex, &end, 16);
	for (; n; n -= bytes, at += bytes, prd += 4, prds++) {
		bytes = n < piece ? n : piece;
		prd[0] = (uint32_t)at;
		prd[1] = (uint32_t)(at >> 32);
		prd[3] = bytes - 1;
	}
	header(0)[0] = 5 | HDR_A | HDR_P | prds << HDR_PRDTL_SHIFT;
	header(0)[1] = 0;
	memset(data(0), 0xee, 0x20000);
}

/* Carry it out; after an error go on as libata does. Returns PxTFD. */
static uint32_t run(void)
{
	uint32_t tfd;

	wr(PORT, PX_IS, ~0u);
	ring(PORT, 1);
	tfd = rd(PORT, PX_TFD);
	if (tfd & STS_ERR) {
		check(rd(PORT, PX_IS) & IS_TFES && rd(PORT, PX_CI) == 1);
		restart(PORT);
		acknowledge(PORT);
	}
	return tfd;
}

static uint32_t dma(const char *hex, uint32_t n)
{
	packet(DMA, hex, n, 4096, 0);
	return run();
}

/* What REQUEST SENSE has: key, code and qualifier */
static uint32_t sense(void)
{
	uint8_t *s = data(0);

	check(dma("03 0 0 0 60", 96) == 0x50);
	return (uint32_t)(s[2] << 16 | s[12] << 8 | s[13]);
}

/* Is that the sense key of the command, by its status and by REQUEST SENSE? */
static bool fails(const char *hex, uint32_t n, uint32_t key)
{
	return dma(hex, n) == (key << 12 | ERR_ABRT << 8 | 0x51) && sense() >> 16 == key;
}

/* After a reset there is a UNIT ATTENTION, which nobody needs. */
static void ready(void)
{
	check(dma("00", 0) == 0x6451);
	check(dma("00", 0) == 0x50);
}

/* The data in memory are line FIRST of the medium and what follows, N bytes. */
static bool has_lines(uint64_t first, uint32_t n)
{
	char line[40];
	uint32_t at;

	for (at = 0; at < n; at += 32) {
		snprintf(line, sizeof(line), "%031llu\n", (unsigned long long)(first + at / 32));
		if (memcmp(data(0) + at, line, n - at < 32 ? n - at : 32))
			return false;
	}
	return true;
}

static void test_signature(void)
{
	drive("1M");
	check(rd(PORT, PX_SIG) == SIG_ATAPI && rd(0, PX_SIG) == SIG_DISK);
	check(rd(PORT, PX_TFD) == 0x100);
	check(received(PORT, RX_RFIS)[5] == 0x14 && received(PORT, RX_RFIS)[6] == 0xeb);
	/* A drive is no disk, and says what it is. */
	build(PORT, 0, 0xec, 0, 1, SECTOR);
	check(run() == (ERR_ABRT << 8 | 0x51));
	check(received(PORT, RX_RFIS)[5] == 0x14 && received(PORT, RX_RFIS)[6] == 0xeb);
	check(received(PORT, RX_RFIS)[4] == 1 && received(PORT, RX_RFIS)[12] == 1);
	check(clean());
}

static void test_identify_packet(void)
{
	uint16_t *w = (uint16_t *)data(0);

	drive("1M");
	build(PORT, 0, 0xa1, 0, 1, SECTOR);
	check(run() == 0x50 && rd(PORT, PX_IS) == IS_PSS && header(0)[1] == 512);
	check(w[0] == 0x85c0 && w[49] & 1 << 8 && w[63] && w[88] && !w[62] && !(w[76] & 1 << 8));
	check(w[78] == 1 << 5 && !w[79]);
	drive("1M dma=off");
	build(PORT, 0, 0xa1, 0, 1, SECTOR);
	check(run() == 0x50 && !(w[49] & 1 << 8) && !w[63] && !w[88]);
	drive("1M dmadir=on");
	build(PORT, 0, 0xa1, 0, 1, SECTOR);
	check(run() == 0x50 && w[62] & 1 << 15 && w[80] & 0x80);
	check(clean());
}

static void test_packet_dma(void)
{
	drive("1M first=7");
	ready();
	packet(DMA, "28 0 0 0 0 3 0 0 10 0", 16 * BLOCK, 1022, 0);
	check(run() == 0x50 && rd(PORT, PX_IS) == IS_DHRS);
	check(has_lines(7 + 3 * 64, 16 * BLOCK) && header(0)[1] == 16 * BLOCK);
	check(received(PORT, RX_RFIS)[12] == 3);
	/* The FIS for the packet has no I, and is to the device. */
	check(received(PORT, RX_PSFIS)[0] == FIS_PIO_SETUP && !received(PORT, RX_PSFIS)[1]);
	check(received(PORT, RX_PSFIS)[12] == 1 && received(PORT, RX_PSFIS)[16] == 12);
	check(dma("a8 0 0 0 0 3 0 0 0 10 0 0", 16 * BLOCK) == 0x50);
	check(has_lines(7 + 3 * 64, 16 * BLOCK));
	/* The last block, and one more. */
	check(dma("28 0 0 0 1 ff 0 0 1 0", BLOCK) == 0x50 && has_lines(7 + 511 * 64, BLOCK));
	check(fails("28 0 0 0 1 ff 0 0 2 0", 2 * BLOCK, 5));
	check(clean());
}

static void test_packet_pio(void)
{
	drive("1M first=7 dma=off");
	packet(0, "00", 0, 0, 0);
	check(run() == 0x6451);
	/* 63 KiB is what the host allows; a Data FIS has 8 KiB. */
	packet(0, "28 0 0 0 0 3 0 0 10 0", 16 * BLOCK, 4096, 63 * 1024);
	came(0);
	register_write(HBA_IS, ~0u);
	check(run() == 0x50 && rd(PORT, PX_IS) == (IS_PSS | IS_DHRS));
	check(has_lines(7 + 3 * 64, 16 * BLOCK) && header(0)[1] == 16 * BLOCK);
	check(received(PORT, RX_PSFIS)[1] == (FIS_D | FIS_I) && received(PORT, RX_PSFIS)[12] == 2);
	check(received(PORT, RX_PSFIS)[5] == 0 && received(PORT, RX_PSFIS)[6] == 0x20);
	check(received(PORT, RX_PSFIS)[16] == 0 && received(PORT, RX_PSFIS)[17] == 0x20);
	check(received(PORT, RX_RFIS)[12] == 3);
	/* Blocks of 1000 bytes, the last of 48. */
	packet(0, "28 0 0 0 0 3 0 0 1 0", BLOCK, 4096, 1001);
	check(run() == 0x50 && has_lines(7 + 3 * 64, BLOCK));
	check(received(PORT, RX_PSFIS)[5] == 48 && received(PORT, RX_PSFIS)[6] == 0);
	/* Data, but no room for a block */
	packet(0, "28 0 0 0 0 3 0 0 1 0", BLOCK, 4096, 0);
	check(run() >> 12 == 5);
	packet(DMA, "28 0 0 0 0 3 0 0 1 0", BLOCK, 4096, 0);
	check(run() >> 12 == 5);
	check(clean());
}

/* INQUIRY of 5 and of 35 bytes: by PIO there is one more, by DMA as many as make dwords. */
static void test_odd_lengths(void)
{
	drive("1M");
	packet(0, "12 0 0 0 5 0", 36, 36, 6);
	check(run() == 0x50 && header(0)[1] == 6 && data(0)[4] == 31);
	check(data(0)[5] == 0 && data(0)[6] == 0xee);
	check(received(PORT, RX_PSFIS)[5] == 5 && received(PORT, RX_PSFIS)[16] == 6);
	check(dma("12 0 0 0 5 0", 36) == 0x50 && header(0)[1] == 8);
	check(data(0)[4] == 31 && data(0)[5] == 0 && data(0)[7] == 0 && data(0)[8] == 0xee);
	/* Not behind the end of the table, which is no overflow. */
	check(dma("12 0 0 0 23 0", 36) == 0x50 && header(0)[1] == 36 && data(0)[36] == 0xee);
	check(dma("12 0 0 0 5 0", 6) == 0x50 && header(0)[1] == 6 && !(rd(PORT, PX_IS) & IS_OFS));
	/* More data than the table has room for, and a table that has none. */
	check(dma("12 0 0 0 24 0", 8) == 0x50 && rd(PORT, PX_IS) == (IS_OFS | IS_DHRS));
	check(header(0)[1] == 8 && data(0)[8] == 0xee);
	check(dma("12 0 0 0 24 0", 0) == 0x50 && header(0)[1] == 0);
	check(rd(PORT, PX_IS) & IS_OFS);
	check(clean());
}

static void test_dmadir(void)
{
	drive("1M dmadir=on write=on");
	packet(DMA | DMADIR, "25", 8, 8, 0);
	check(run() == 0x6451);
	packet(DMA | DMADIR, "25", 8, 8, 0);
	check(run() == 0x50);
	packet(DMA, "2a 0 0 0 0 2 0 0 1 0", BLOCK, 4096, 0);
	header(0)[0] |= HDR_W;
	memset(data(0), 0x5a, BLOCK);
	check(run() == 0x50 && hba.port[PORT].disk.cdrom.media[2 * BLOCK] == 0x5a);
	check(hba.port[PORT].disk.cdrom.media[3 * BLOCK - 1] == 0x5a);
	packet(DMA, "25", 8, 8, 0);
	check(run() >> 12 == 5);
	packet(DMA | DMADIR, "2a 0 0 0 0 2 0 0 1 0", BLOCK, 4096, 0);
	check(run() >> 12 == 5);
	check(clean());
}

static void test_write(void)
{
	drive("1M write=on");
	ready();
	packet(0, "2a 0 0 0 0 2 0 0 8 0", 8 * BLOCK, 4096, 63 * 1024);
	memset(data(0), 0x5a, 8 * BLOCK);
	check(run() == 0x50 && rd(PORT, PX_IS) == (IS_PSS | IS_DHRS));
	check(received(PORT, RX_PSFIS)[1] == FIS_I && received(PORT, RX_PSFIS)[12] == 0);
	check(hba.port[PORT].disk.cdrom.media[10 * BLOCK - 1] == 0x5a);
	check(hba.port[PORT].disk.cdrom.media[10 * BLOCK] == '0');
	/* The feature, and the current profile */
	check(dma("46 02 0 20 0 0 0 0 80", 128) == 0x50);
	check(data(0)[7] == 0x12 && data(0)[3] == 20 && data(0)[9] == 0x20);
	check(dma("51 0 0 0 0 0 0 0 22 0", 34) == 0x50 && data(0)[2] == 0x1e);
	drive("1M");
	ready();
	check(fails("2a 0 0 0 0 2 0 0 1 0", BLOCK, 5));
	check(dma("46 02 0 20 0 0 0 0 80", 128) == 0x50 && data(0)[7] == 0x10 && data(0)[3] == 4);
	check(clean());
}

static void test_sense(void)
{
	drive("1M");
	ready();
	check(dma("ff", 0) == 0x5451 && sense() == 0x052000);
	/* Told once. */
	check(sense() == 0);
	check(dma("28 0 ff 0 0 0 0 0 1 0", BLOCK) == 0x5451 && sense() == 0x052100);
	/* Another command's outcome takes its place. */
	check(dma("ff", 0) == 0x5451 && dma("00", 0) == 0x50 && sense() == 0);
	check(dma("5a 0 0e 0 0 0 0 0 80", 128) == 0x5451 && sense() == 0x052400);
	check(dma("12 1 b0 0 80 0", 128) == 0x5451 && sense() == 0x052400);
	check(command("bad %u 5", PORT));
	check(dma("28 0 0 0 0 3 0 0 8 0", 8 * BLOCK) == 0x3451 && header(0)[1] == 2 * BLOCK);
	check(has_lines(3 * 64, 2 * BLOCK) && data(0)[2 * BLOCK] == 0xee);
	check(sense() == 0x031105 && data(0)[0] == 0xf0 && data(0)[6] == 5);
	check(command("bad %u none", PORT));
	check(clean());
}

static void test_replies(void)
{
	drive("1M serial=ABC");
	ready();
	check(dma("12 0 0 0 24 0", 36) == 0x50 && data(0)[0] == 5 && data(0)[1] == 0x80);
	check(!memcmp(data(0) + 16, "HBA CD-ROM ", 11));
	check(dma("12 1 80 0 ff 0", 256) == 0x50 && !memcmp(data(0) + 4, "ABC", 4));
	check(dma("5a 0 2a 0 0 0 0 0 80", 128) == 0x50 && data(0)[8] == 0x2a && data(0)[1] == 26);
	check(dma("25", 8) == 0x50 && data(0)[2] == 1 && data(0)[3] == 0xff && data(0)[6] == 8);
	check(dma("43 0 0 0 0 0 0 0 14 0", 20) == 0x50 && data(0)[1] == 18 && data(0)[6] == 1);
	check(data(0)[14] == 0xaa && data(0)[18] == 2 && data(0)[19] == 0);
	check(dma("43 2 0 0 0 0 0 0 14 0", 20) == 0x50 && data(0)[10] == 2 && data(0)[11] == 0);
	check(dma("43 0 1 0 0 0 0 0 14 0", 20) == 0x50 && data(0)[1] == 10);
	check(fails("43 0 5 0 0 0 0 0 14 0", 20, 5));
	check(dma("51 0 0 0 0 0 0 0 22 0", 34) == 0x50 && data(0)[1] == 32 && data(0)[2] == 0x0e);
	check(dma("46 0 0 0 0 0 0 0 80", 128) == 0x50 && data(0)[7] == 0x10 && data(0)[9] == 0);
	check(clean());
}

/* The event and status that GET EVENT STATUS NOTIFICATION has */
static uint32_t event(void)
{
	check(dma("4a 1 0 0 10 0 0 0 8 0", 8) == 0x50);
	check(data(0)[1] == 6 && data(0)[2] == 4);
	return (uint32_t)(data(0)[4] << 4 | data(0)[5]);
}

static void test_medium_change(void)
{
	drive("1M");
	ready();
	check(event() == 0x02);
	check(command("eject %u", PORT) && event() == 0x31 && event() == 0x01);
	/* The tray is closed, but the medium is not in it. */
	check(dma("1b 0 0 0 3", 0) == 0x50 && event() == 0x00);
	check(dma("00", 0) == 0x2451 && sense() == 0x023a00);
	check(dma("28 0 0 0 0 3 0 0 1 0", BLOCK) == 0x2451);
	check(dma("46 0 0 0 0 0 0 0 80", 128) == 0x50 && data(0)[7] == 0);
	check(command("insert %u 2M first=1000000", PORT) && !command("insert %u", PORT));
	check(event() == 0x22 && event() == 0x02);
	check(dma("12 0 0 0 24 0", 36) == 0x50);
	check(dma("28 0 0 0 0 3 0 0 1 0", BLOCK) == 0x6451 && sense() == 0x062800);
	check(dma("28 0 0 0 0 3 0 0 1 0", BLOCK) == 0x50 && has_lines(1000000 + 3 * 64, BLOCK));
	check(dma("25", 8) == 0x50 && data(0)[2] == 3);
	/* By the host: out, and in again. */
	check(dma("1b 0 0 0 2", 0) == 0x50 && event() == 0x31 && dma("00", 0) == 0x2451);
	check(dma("1b 0 0 0 3", 0) == 0x50 && event() == 0x22 && sense() == 0x062800);
	check(dma("00", 0) == 0x50);
	/* A locked tray stays where it is. */
	check(dma("1e 0 0 0 1", 0) == 0x50 && dma("1b 0 0 0 2", 0) == 0x5451);
	check(sense() == 0x055302);
	check(command("eject %u", PORT) && event() == 0x12 && dma("00", 0) == 0x50);
	check(dma("1e 0 0 0 0", 0) == 0x50 && command("eject %u", PORT) && event() == 0x31);
	drive("empty");
	check(!command("insert %u", PORT));
	check(dma("00", 0) == 0x6451 && dma("00", 0) == 0x2451);
	/* Without asking for media events there are none to have. */
	check(dma("4a 1 0 0 40 0 0 0 8 0", 8) == 0x50 && data(0)[1] == 2 && data(0)[2] == 0x80);
	check(fails("4a 0 0 0 10 0 0 0 8 0", 8, 5));
	check(clean());
}

static void set_notification(bool on)
{
	build(PORT, 0, 0xef, 0, 5, 0);
	memory[TABLE(0) + 3] = on ? 0x10 : 0x90;
	check(run() == 0x50);
	acknowledge(PORT);
	came(0);
}

static void test_notification(void)
{
	drive("1M");
	hba.cap |= CAP_SSNTF;
	ready();
	acknowledge(PORT);
	check(command("eject %u", PORT) && !rd(PORT, PX_IS) && !rd(PORT, PX_SNTF));
	set_notification(true);
	/* The status may be that of a command that failed: this is not told again. */
	check(command("insert %u", PORT));
	check(rd(PORT, PX_IS) == IS_SDBS && rd(PORT, PX_SNTF) == 1 && came(0) == 1);
	check(received(PORT, RX_SDBFIS)[0] == FIS_SDB && received(PORT, RX_SDBFIS)[1] == 0xc0);
	wr(PORT, PX_SNTF, 1);
	check(rd(PORT, PX_SNTF) == 0);
	acknowledge(PORT);
	/* Not while a command is under way. */
	command("hold %u", PORT);
	packet(DMA, "4a 1 0 0 10 0 0 0 8 0", 8, 8, 0);
	ring(PORT, 1);
	check(command("eject %u", PORT) && !rd(PORT, PX_IS));
	command("resume %u", PORT);
	pass_time(1);
	check(rd(PORT, PX_IS) == (IS_DHRS | IS_SDBS));
	acknowledge(PORT);
	/* Without SNotification there is the FIS. */
	hba.cap &= ~CAP_SSNTF;
	wr(PORT, PX_SNTF, 1);
	memset(received(PORT, RX_SDBFIS), 0, 8);
	check(command("insert %u", PORT) && rd(PORT, PX_IS) == IS_SDBS && !rd(PORT, PX_SNTF));
	check(received(PORT, RX_SDBFIS)[1] == 0xc0);
	acknowledge(PORT);
	set_notification(false);
	check(command("eject %u", PORT) && !rd(PORT, PX_IS));
	check(clean());
}

/* What tests do to a disk's commands they do to a drive's. */
static void test_fates(void)
{
	drive("1M");
	ready();
	check(command("when fetch packet=0x28 lba=3 nth=2 do error 0x30"));
	check(dma("28 0 0 0 0 3 0 0 1 0", BLOCK) == 0x50);
	check(dma("28 0 0 0 0 4 0 0 1 0", BLOCK) == 0x50);
	check(dma("28 0 0 0 0 3 0 0 1 0", BLOCK) == 0x3051 && sense() == 0x030000);
	check(command("when fetch packet=0x25 do delay 5000"));
	check(dma("25", 8) == (STS_DRDY | STS_BSY));
	pass_time(5 * MS);
	check(rd(PORT, PX_TFD) == 0x50 && data(0)[6] == 8);
	check(command("forget") && command("when moved packet=0x25 do hold"));
	check(dma("25", 8) != 0x50 && data(0)[6] == 8 && command("release %u 1", PORT));
	check(rd(PORT, PX_TFD) == 0x50);
	/* Of a disk, the byte is no packet. */
	check(command("forget") && command("when fetch packet=0 do error 4"));
	build(PORT, 0, 0xa1, 0, 1, SECTOR);
	check(run() == 0x50);
	check(clean());
}

static void test_drive_reset(void)
{
	drive("1M");
	ready();
	check(dma("1e 0 0 0 1", 0) == 0x50);
	set_notification(true);
	check(command("unplug %u", PORT) && command("plug %u", PORT));
	wr(PORT, PX_CMD, CMD_FRE | CMD_SUD);
	pass_time(10 * MS);
	check(rd(PORT, PX_SIG) == SIG_ATAPI);
	acknowledge(PORT);
	wr(PORT, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
	check(sense() == 0x062900);
	acknowledge(PORT);
	check(command("eject %u", PORT) && !rd(PORT, PX_IS) && event() == 0x31);
	/* The news of a medium outlives a reset. */
	check(command("insert %u", PORT));
	restart(PORT);
	wr(PORT, PX_CMD, CMD_FRE | CMD_SUD);
	wr(PORT, PX_SCTL, 0x301);
	wr(PORT, PX_SCTL, 0x300);
	pass_time(10 * MS);
	acknowledge(PORT);
	wr(PORT, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
	check(sense() == 0x062800);
	check(clean());
}

static void test_packet_rules(void)
{
	drive("1M");
	ready();
	/* Without A the packet is where data are. */
	packet(DMA, "00", BLOCK, 4096, 0);
	header(0)[0] &= ~HDR_A;
	memcpy(data(0), "\x25\0\0\0\0\0\0\0\0\0\0\0", 12);
	check(run() == 0x50 && data(0)[12 + 6] == 8 && broken("4.2.2"));
	build(PORT, 0, 0xa1, 0, 1, SECTOR);
	header(0)[0] |= HDR_A;
	check(run() == 0x50 && broken("4.2.2"));
	build(PORT, 0, 0xe5, 0, 0, 0);
	header(0)[0] |= HDR_P;
	check(run() == 0x50 && broken("4.2.2 P"));
	/* The packet belongs to the HBA as the FIS does. */
	command("hold %u", PORT);
	packet(DMA, "25", 8, 8, 0);
	ring(PORT, 1);
	memory[TABLE(0) + TABLE_ACMD] = 0;
	check(command("release %u 1", PORT) && broken("5.5.1"));
}

static void test_drive_language(void)
{
	drive("1M");
	check(!command("cdrom %u 1M", PORT) && !command("disk %u 1M", PORT));
	check(!command("cut %u 50", PORT) && !command("insert %u 1M", PORT));
	check(!command("eject 0") && !command("insert 0") && command("flap %u 1", PORT));
	check(command("eject %u", PORT) && !command("insert %u 2G", PORT));
	check(!command("insert %u 1M last=1", PORT) && !command("insert %u 1M first=x", PORT));
	hba.port[PORT].disk = (struct disk){ 0 };
	check(!command("cdrom %u 2G", PORT) && !command("cdrom %u full", PORT));
	check(!command("cdrom %u 1M dma=maybe", PORT));
}

static const struct test tests[] = {
	{ "signature", test_signature },
	{ "identify_packet", test_identify_packet },
	{ "packet_dma", test_packet_dma },
	{ "packet_pio", test_packet_pio },
	{ "odd_lengths", test_odd_lengths },
	{ "dmadir", test_dmadir },
	{ "write", test_write },
	{ "sense", test_sense },
	{ "replies", test_replies },
	{ "medium_change", test_medium_change },
	{ "notification", test_notification },
	{ "fates", test_fates },
	{ "drive_reset", test_drive_reset },
	{ "packet_rules", test_packet_rules },
	{ "drive_language", test_drive_language },
	{ NULL, NULL }
};

void test_atapi(void)
{
	struct disk disk = hba.port[PORT].disk;

	run_tests(tests);
	hba.port[PORT].disk = disk;
}
