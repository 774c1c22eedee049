// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the port multiplier and of FIS-based switching, on port 3: devices 0, 1, 2 and
 * 4 have a disk, device 3 does not.
 */
#include <string.h>

#include "test.h"

#define NR		3
#define AREAS		0xa000ull	/* of received FISes, with FBS */
#define DEVICES		5u
#define CONTROL_SLOT	31u
#define IE		0x7dc000ffu

static struct port *const port = &hba.port[NR];

static uint8_t *area(unsigned int pm, unsigned int offset)
{
	return memory + AREAS + (fbs(port) ? pm * RX_SIZE : 0) + offset;
}

/* Build a command for a device; the sectors of slot N are at data(N). */
static void build_for(unsigned int slot, unsigned int pm, uint8_t op, uint64_t lba,
		      uint32_t count)
{
	build(NR, slot, op, lba, count, 4096);
	memory[TABLE(slot) + 1] |= pm;
	*(uint32_t *)(memory + LIST(NR) + slot * HDR_SIZE) |= pm << HDR_PMP_SHIFT;
}

/* Issue it, as PxFBS.DEV wants it. */
static void issue(unsigned int slot, unsigned int pm)
{
	if (fbs(port))
		wr(NR, PX_FBS, FBS_EN | pm << FBS_DEV_SHIFT);
	ring(NR, 1u << slot);
}

static void read_or_write(unsigned int slot, unsigned int pm, uint8_t op, uint64_t lba)
{
	build_for(slot, pm, op, lba, 1);
	issue(slot, pm);
}

/* The two FISes of a software reset */
static void software_reset(unsigned int pm)
{
	uint8_t *f = memory + TABLE(0);
	uint32_t *header = (uint32_t *)(memory + LIST(NR));

	build_for(0, pm, 0, 0, 0);
	f[1] = (uint8_t)pm;
	f[15] = CTL_SRST;
	*header |= HDR_R | HDR_C;
	issue(0, pm);
	f[15] = 0;
	*header &= ~(HDR_R | HDR_C);
	issue(0, pm);
}

/* READ or WRITE PORT MULTIPLIER; true if it was not aborted */
static bool access_pm(uint8_t op, unsigned int pm, unsigned int reg, uint32_t value)
{
	uint8_t *f = memory + TABLE(CONTROL_SLOT);
	bool done;

	build_for(CONTROL_SLOT, PM_CONTROL, op, value >> 8, 0);
	f[3] = (uint8_t)reg;
	f[7] = (uint8_t)pm;
	f[11] = (uint8_t)(reg >> 8);
	f[12] = (uint8_t)value;
	issue(CONTROL_SLOT, PM_CONTROL);
	done = !(rd(NR, PX_TFD) & STS_ERR);
	if (!done) {
		check(rd(NR, PX_TFD) == (ERR_ABRT << 8 | 0x51));
		restart(NR);
	}
	acknowledge(NR);
	return done;
}

static uint32_t get(unsigned int pm, unsigned int reg)
{
	const uint8_t *f = area(PM_CONTROL, RX_RFIS);

	check(access_pm(0xe4, pm, reg, 0));
	check(f[0] == FIS_D2H && f[1] == (FIS_I | PM_CONTROL));
	return f[12] | f[4] << 8 | f[5] << 16 | (uint32_t)f[6] << 24;
}

static void set(unsigned int pm, unsigned int reg, uint32_t value)
{
	check(access_pm(0xe8, pm, reg, value));
}

/* COMRESET, and X is cleared */
static void link_device(unsigned int pm)
{
	set(pm, 2, 0x301);
	set(pm, 2, 0x300);
	pass_time(2 * MS);
	set(pm, 1, ~0u);
}

static void start_port(void)
{
	wr(NR, PX_CLB, (uint32_t)(MEMORY + LIST(NR)));
	wr(NR, PX_CLBU, MEMORY >> 32);
	wr(NR, PX_FB, (uint32_t)(MEMORY + AREAS));
	wr(NR, PX_FBU, MEMORY >> 32);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD);
	pass_time(10 * MS);
	wr(NR, PX_SERR, ~0u);
	wr(NR, PX_IS, ~0u);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
	wr(NR, PX_IE, IE);
}

/* The first time it is made by the lines that a guest has it from. */
static void make_multiplier(void)
{
	uint8_t *disk = port->disk.media;

	if (port->pmp.device[0].disk.media)
		return;
	port->disk.media = NULL;
	check(!command("pmp 3 0") && !command("pmp 3 16") && command("pmp 3 5"));
	check(command("disk 3.0 1M") && command("disk 3.1 1M") && command("disk 3.2 1M"));
	check(command("disk 3.4 1M") && !command("disk 3 1M") && !command("disk 3.5 1M"));
	port->disk.media = disk;
}

/* The multiplier as it is after a reset of the HBA that can do what CAP says */
static void attach(uint32_t cap)
{
	unsigned int pm;

	make_multiplier();
	port->pmp.ports = DEVICES;
	port->pmp.present = true;
	for (pm = 0; pm < DEVICES; pm++) {
		port->pmp.device[pm].disk.present = pm != 3;
		port->pmp.device[pm].disk.bad = false;
		port->pmp.device[pm].hold = false;
	}
	fresh();
	hba.cap |= cap;
	register_write(HBA_GHC, GHC_HR);
	pass_time(10 * MS);
	start_port();
	register_write(HBA_IS, ~0u);
	register_write(HBA_GHC, GHC_AE | GHC_IE);
	came(0);
}

static void set_fbs(bool on)
{
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_PMA);
	wr(NR, PX_FBS, on ? FBS_EN : 0);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_PMA | CMD_ST);
}

/* and as a driver has it once it has found the disks */
static void enumerate(uint32_t cap)
{
	attach(cap);
	software_reset(PM_CONTROL);
	set_fbs(cap & CAP_FBSS);
	link_device(0);
	link_device(1);
	link_device(2);
	link_device(4);
	came(0);
}

static void detach(void)
{
	port->pmp.ports = 0;
	memset(port->target, 0, sizeof(port->target));
}

static void legacy(void)
{
	attach(CAP_SPM);
	check(rd(NR, PX_SSTS) == 0x133 && rd(NR, PX_SIG) == SIG_DISK && rd(NR, PX_TFD) == 0x150);
	memset(port->pmp.device[0].disk.media + 7 * SECTOR, 0x70, SECTOR);
	read_or_write(0, 0, 0x25, 7);
	check(data(0)[0] == 0x70 && acknowledge(NR) == IS_DHRS);
	/* The device is pulled and put back as if it were the port's own. */
	check(command("unplug 3.0") && command("plug 3.0"));
	memset(area(0, RX_RFIS), 0, 20);
	pass_time(2 * MS);
	check(area(0, RX_RFIS)[0] == FIS_D2H && area(0, RX_RFIS)[12] == 1);
	/* The others are not spun up, and get nothing. */
	read_or_write(1, 1, 0x25, 7);
	pass_time(1000 * MS);
	check(rd(NR, PX_CI) == 2);
	check(clean());
	detach();
}

/* With nothing at its first port nobody answers until the control port is asked. */
static void empty_first(void)
{
	attach(CAP_SPM);
	port->pmp.device[0].disk.present = false;
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD);
	wr(NR, PX_SCTL, 0x301);
	wr(NR, PX_SCTL, 0x300);
	pass_time(1000 * MS);
	check(rd(NR, PX_SSTS) == 0x133 && rd(NR, PX_SIG) == SIG_NONE && rd(NR, PX_TFD) == STS_BSY);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_CLO);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
	software_reset(PM_CONTROL);
	check(rd(NR, PX_SIG) == SIG_PM);
	check(clean());
	detach();
}

static void control_reset(void)
{
	attach(CAP_SPM);
	software_reset(PM_CONTROL);
	check(rd(NR, PX_CI) == 0 && rd(NR, PX_SIG) == 0x96690101 && rd(NR, PX_TFD) == 0x150);
	check(area(0, RX_RFIS)[1] == PM_CONTROL && area(0, RX_RFIS)[6] == 0x96);
	check(clean());
	detach();
}

static void registers(void)
{
	attach(CAP_SPM);
	check(get(PM_CONTROL, 0) == 0x0a5d1b36 && get(PM_CONTROL, 1) == 0x10e);
	check(get(PM_CONTROL, 2) == DEVICES && get(PM_CONTROL, 64) == 8);
	check(get(PM_CONTROL, 33) == 0x0400ffff && get(PM_CONTROL, 96) == 0);
	set(PM_CONTROL, 33, 0x89abcdef);
	set(PM_CONTROL, 96, ~0u);
	check(get(PM_CONTROL, 33) == 0x89abcdef && get(PM_CONTROL, 96) == 8);
	check(!access_pm(0xe4, PM_CONTROL, 3, 0) && !access_pm(0xe4, PM_CONTROL, 256, 0));
	check(!access_pm(0xe8, PM_CONTROL, 0, 1) && !access_pm(0xec, PM_CONTROL, 0, 0));
	check(get(0, 0) == 0x133 && get(0, 2) == 0);
	check(get(1, 0) == 4 && get(1, 1) == 0 && get(1, 2) == 4);
	check(!access_pm(0xe4, 1, 3, 0) && !access_pm(0xe8, 1, 0, 0));
	check(!access_pm(0xe4, DEVICES, 0, 0) && !access_pm(0xe8, DEVICES, 2, 0));
	/* COMRESET gives all of them their values again. */
	link_device(1);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD);
	wr(NR, PX_SCTL, 0x301);
	wr(NR, PX_SCTL, 0x300);
	pass_time(2 * MS);
	pass_time(2 * MS);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
	check(get(PM_CONTROL, 33) == 0x0400ffff && get(PM_CONTROL, 96) == 0 && get(1, 0) == 4);
	check(clean());
	detach();
}

static void spin_up(void)
{
	attach(CAP_SPM);
	set(1, 2, 0x301);
	check(get(1, 0) == 0);
	pass_time(10 * MS);
	check(get(1, 0) == 0);
	set(1, 2, 0x300);
	pass_time(2 * MS);
	check(get(1, 0) == 0x133 && get(1, 1) == (SERR_N | SERR_X) && get(PM_CONTROL, 32) == 2);
	/* Nothing is delivered before X is cleared. */
	build_for(0, 1, 0xec, 0, 1);
	issue(0, 1);
	check(rd(NR, PX_CI) == 1);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
	set(1, 1, SERR_N);
	check(get(1, 1) == SERR_X);
	set(1, 1, SERR_X);
	check(get(1, 1) == 0 && get(PM_CONTROL, 32) == 0);
	issue(0, 1);
	check(rd(NR, PX_CI) == 0 && rd(NR, PX_TFD) == 0x50);
	/* "HBA-3.1", two characters a word */
	check(!memcmp(data(0) + 20, "BH-A.3 1", 8));
	set(1, 2, 0x304);
	check(get(1, 0) == 4);
	set(1, 2, 0x320);
	pass_time(2 * MS);
	check(get(1, 0) == 0x123);
	/* Without a disk there is no link. */
	link_device(3);
	check(get(3, 0) == 0 && get(3, 1) == 0);
	check(clean());
	detach();
}

static void device_reset(void)
{
	enumerate(CAP_SPM);
	memset(area(0, RX_RFIS), 0, 20);
	software_reset(2);
	check(rd(NR, PX_SIG) == SIG_DISK && rd(NR, PX_TFD) == 0x150);
	check(area(0, RX_RFIS)[1] == 2);
	check(clean());
	detach();
}

/* Each device is a disk of its own. */
static void disks(uint32_t cap)
{
	unsigned int pm;

	enumerate(cap);
	for (pm = 0; pm < DEVICES; pm++) {
		if (pm == 3)
			continue;
		memset(data(pm), 0x50 + (int)pm, SECTOR);
		read_or_write(pm, pm, pm % 2 ? 0x61 : 0x35, 9);
		check(acknowledge(NR) == (pm % 2 ? IS_SDBS : IS_DHRS));
		check(area(pm, pm % 2 ? RX_SDBFIS : RX_RFIS)[1] == (FIS_I | pm));
		check(port->pmp.device[pm].disk.media[9 * SECTOR] == 0x50 + pm);
	}
	for (pm = 0; pm < DEVICES; pm++) {
		if (pm == 3)
			continue;
		memset(data(8), 0, SECTOR);
		read_or_write(8, pm, 0x24, 9);
		check(acknowledge(NR) == IS_PSS && data(8)[SECTOR - 1] == 0x50 + pm);
		check(area(pm, RX_PSFIS)[1] == (FIS_D | FIS_I | pm));
	}
	check(clean());
	detach();
}

static void disks_by_command(void)
{
	disks(CAP_SPM);
}

static void disks_by_fis(void)
{
	disks(CAP_SPM | CAP_FBSS);
}

/* Without FBS commands are for one device at a time. */
static void one_at_a_time(void)
{
	enumerate(CAP_SPM);
	check(command("hold 3"));
	read_or_write(0, 1, 0x60, 0);
	read_or_write(1, 1, 0x60, 8);
	check(clean());
	read_or_write(2, 2, 0x60, 0);
	check(broken("9.1") == 1);
	check(!(rd(NR, PX_IS) & IS_IPMS));
	/* An answer that does not come from the device that was asked last */
	check(command("release 3 1") && rd(NR, PX_IS) & IS_IPMS);
	enumerate(CAP_SPM);
	check(clean());
	build_for(0, 1, 0x60, 0, 1);
	build_for(1, 2, 0x60, 0, 1);
	ring(NR, 3);
	check(broken("9.1") == 2);
	detach();
}

static void all_at_once(void)
{
	enumerate(CAP_SPM | CAP_FBSS);
	check(rd(NR, PX_CMD) & CMD_FBSCP && rd(NR, PX_FBS) >> FBS_ADO_SHIFT == 4);
	memset(area(0, 0), 0, 16 * RX_SIZE);
	check(command("hold 3"));
	read_or_write(0, 1, 0x60, 0);
	read_or_write(1, 2, 0x25, 0);
	read_or_write(2, 4, 0x60, 0);
	read_or_write(3, 1, 0x60, 8);
	check(rd(NR, PX_CI) == 2 && rd(NR, PX_SACT) == 0xd);
	/* PxTFD is that of the device that PxFBS.DEV names. */
	check(rd(NR, PX_TFD) == STS_DRDY);
	wr(NR, PX_FBS, FBS_EN | 2 << FBS_DEV_SHIFT);
	check(rd(NR, PX_TFD) == (STS_DRDY | STS_BSY));
	/* A device that is busy takes nothing, the others do. */
	read_or_write(4, 2, 0x25, 8);
	check(command("waiting 3.2") && rd(NR, PX_CI) == 0x12);
	read_or_write(5, 0, 0x25, 0);
	check(rd(NR, PX_CI) == 0x32);
	check(!command("release 3.1 4"));
	check(command("release 3.4 4") && rd(NR, PX_SACT) == 9 && acknowledge(NR) == IS_SDBS);
	check(area(4, RX_SDBFIS)[4] == 4 && !area(1, RX_SDBFIS)[0]);
	/* One FIS for each device */
	check(command("release 3 0x2b") && rd(NR, PX_SACT) == 0);
	check(area(1, RX_SDBFIS)[4] == 9 && area(2, RX_RFIS)[1] == (FIS_I | 2));
	check(area(0, RX_RFIS)[1] == FIS_I && acknowledge(NR) == (IS_SDBS | IS_DHRS));
	pass_time(1);
	check(command("release 3.2 0x10") && rd(NR, PX_CI) == 0);
	check(clean());
	detach();
}

/* What one device reports leaves the commands of others alone. */
static void error_of_one(void)
{
	const uint32_t failed = FBS_EN | FBS_SDE | 4 << FBS_ADO_SHIFT | 1 << FBS_DWE_SHIFT;

	enumerate(CAP_SPM | CAP_FBSS);
	check(command("bad 3.1 40") && command("hold 3"));
	read_or_write(0, 1, 0x60, 0);
	read_or_write(1, 1, 0x60, 40);
	read_or_write(2, 2, 0x60, 40);
	read_or_write(3, 4, 0x25, 8);
	check(command("release 3 2"));
	check(acknowledge(NR) == (IS_TFES | IS_SDBS) && came(0) == 1);
	check((rd(NR, PX_FBS) & ~FBS_DEV) == failed);
	check(area(1, RX_SDBFIS)[2] == 0x41 && area(1, RX_SDBFIS)[3] == ERR_UNC);
	check(rd(NR, PX_SACT) == 7);
	/* The other goes on, this one does not. */
	check(command("release 3 4") && rd(NR, PX_SACT) == 3 && acknowledge(NR) == IS_SDBS);
	read_or_write(4, 1, 0x60, 0);
	check(rd(NR, PX_CI) == 0x18 && rd(NR, PX_SACT) == 0x13);
	wr(NR, PX_FBS, (rd(NR, PX_FBS) & ~FBS_DEV) | FBS_DEC);
	check(!(rd(NR, PX_FBS) & (FBS_DEC | FBS_SDE)));
	check(rd(NR, PX_SACT) == 0 && rd(NR, PX_CI) == 8);
	check(command("resume 3"));
	pass_time(1);
	check(rd(NR, PX_CI) == 0 && acknowledge(NR) == IS_DHRS);
	/* Only the log is answered. */
	read_or_write(5, 1, 0x25, 0);
	check(rd(NR, PX_TFD) == (ERR_ABRT << 8 | 0x51));
	wr(NR, PX_FBS, rd(NR, PX_FBS) | FBS_DEC);
	acknowledge(NR);
	read_or_write(6, 1, 0x2f, 0x10);
	check(data(6)[0] == 1 && data(6)[4] == 40);
	check(clean());
	detach();
}

static void errors_of_two(void)
{
	enumerate(CAP_SPM | CAP_FBSS);
	check(command("when fetch pm=1 do error 0x84") && command("when fetch pm=2 do error 0x84"));
	read_or_write(0, 1, 0x25, 0);
	acknowledge(NR);
	/* The second is told of when the first is cleared. */
	read_or_write(1, 2, 0x25, 0);
	check((rd(NR, PX_FBS) & FBS_DWE) >> FBS_DWE_SHIFT == 1 && rd(NR, PX_IS) == IS_DHRS);
	acknowledge(NR);
	wr(NR, PX_FBS, rd(NR, PX_FBS) | FBS_DEC);
	check((rd(NR, PX_FBS) & FBS_DWE) >> FBS_DWE_SHIFT == 2 && rd(NR, PX_FBS) & FBS_SDE);
	check(rd(NR, PX_IS) == IS_TFES && rd(NR, PX_CI) == 2);
	/* So does a start of the list clear it. */
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_PMA);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_PMA | CMD_ST);
	check(!(rd(NR, PX_FBS) & FBS_SDE) && rd(NR, PX_CI) == 0);
	check(command("forget"));
	read_or_write(1, 2, 0x25, 0);
	check(rd(NR, PX_CI) == 0);
	check(clean());
	detach();
}

/* An error of the HBA's is none of a device. */
static void error_of_all(void)
{
	enumerate(CAP_SPM | CAP_FBSS);
	check(command("when fetch pm=1 do fatal 0x20000000"));
	read_or_write(0, 1, 0x25, 0);
	check(rd(NR, PX_IS) == IS_HBFS && !(rd(NR, PX_FBS) & FBS_SDE));
	read_or_write(1, 2, 0x25, 0);
	check(rd(NR, PX_CI) == 3);
	detach();
}

static void rules(void)
{
	enumerate(CAP_SPM | CAP_FBSS);
	wr(NR, PX_FBS, 0);
	check(broken("3.3.16"));
	enumerate(CAP_SPM | CAP_FBSS);
	wr(NR, PX_FBS, FBS_EN | FBS_DEC);
	check(broken("3.3.16"));
	build_for(0, 1, 0x25, 0, 1);
	issue(0, 2);
	check(broken("3.3.16"));
	build_for(1, 1, 0x25, 0, 1);
	build_for(2, 2, 0x25, 0, 1);
	wr(NR, PX_FBS, FBS_EN | 1 << FBS_DEV_SHIFT);
	ring(NR, 6);
	check(broken("3.3.16") == 1);
	software_reset(1);
	check(broken("9.3"));
	software_reset(PM_CONTROL);
	check(clean());
	detach();
}

/* Who cannot do it has no such register, and no PxCMD.PMA. */
static void incapable(void)
{
	attach(CAP_FBSS);
	set_fbs(true);
	check(rd(NR, PX_FBS) == 0 && !(rd(NR, PX_CMD) & (CMD_PMA | CMD_FBSCP)));
	attach(CAP_SPM);
	set_fbs(true);
	check(rd(NR, PX_FBS) == 0 && (rd(NR, PX_CMD) & (CMD_PMA | CMD_FBSCP)) == CMD_PMA);
	check(clean());
	detach();
}

static void hotplug(uint32_t cap)
{
	enumerate(CAP_SPM | cap);
	set(PM_CONTROL, 33, SERR_N);
	check(command("unplug 3.2") && !command("unplug 3.2"));
	check(!rd(NR, PX_IS) && !rd(NR, PX_SNTF));
	check(get(2, 0) == 0 && get(2, 1) == SERR_N && get(PM_CONTROL, 32) == 4);
	set(2, 1, ~0u);
	check(get(PM_CONTROL, 32) == 0);
	/* Once it is enabled there is a FIS, */
	set(PM_CONTROL, 96, 8);
	check(command("plug 3.2"));
	pass_time(2 * MS);
	check(rd(NR, PX_IS) == IS_SDBS && came(0) && !(rd(NR, PX_IS) & IS_IPMS));
	check(area(PM_CONTROL, RX_SDBFIS)[1] == (FIS_N | FIS_I | PM_CONTROL));
	check(rd(NR, PX_SNTF) == (cap & CAP_SSNTF ? 0x8000 : 0));
	wr(NR, PX_SNTF, 0x8000);
	check(!rd(NR, PX_SNTF));
	acknowledge(NR);
	check(get(2, 0) == 0x133 && get(2, 1) == (SERR_N | SERR_X));
	/* but not for what the host knows. */
	check(command("unplug 3.2") && !rd(NR, PX_IS));
	set(2, 1, ~0u);
	check(command("unplug 3.1") && rd(NR, PX_IS) == IS_SDBS);
	check(!command("plug 3.3") && clean());
	detach();
}

static void hotplug_by_command(void)
{
	hotplug(CAP_SSNTF);
}

static void hotplug_unnotified(void)
{
	hotplug(0);
}

static void hotplug_by_fis(void)
{
	hotplug(CAP_SSNTF | CAP_FBSS);
}

/* COMRESET of one device, and a device that is pulled: the others go on. */
static void reset_of_one(void)
{
	enumerate(CAP_SPM | CAP_FBSS);
	check(command("hold 3"));
	read_or_write(0, 1, 0x60, 0);
	read_or_write(1, 2, 0x60, 0);
	read_or_write(2, 4, 0x60, 0);
	check(command("resume 3.1") && command("hold 3.1") && command("resume 3"));
	pass_time(1);
	check(rd(NR, PX_SACT) == 0 && acknowledge(NR));
	check(command("hold 3.1") && command("hold 3.2"));
	read_or_write(0, 1, 0x60, 0);
	read_or_write(1, 2, 0x60, 0);
	read_or_write(2, 4, 0x60, 0);
	check(rd(NR, PX_SACT) == 3);
	set(1, 2, 0x301);
	set(1, 2, 0x300);
	check(command("unplug 3.4"));
	pass_time(2 * MS);
	set(1, 1, ~0u);
	check(command("resume 3.1") && command("resume 3.2"));
	pass_time(1);
	check(rd(NR, PX_SACT) == 1);
	read_or_write(3, 1, 0x25, 0);
	check(rd(NR, PX_CI) == 0);
	check(clean());
	detach();
}

/* Whose commands were taken away has to be reset, and nobody else. */
static void orphans(void)
{
	enumerate(CAP_SPM | CAP_FBSS);
	check(command("hold 3.1"));
	read_or_write(0, 1, 0x60, 0);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_PMA);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_PMA | CMD_ST);
	check(command("resume 3.1"));
	read_or_write(1, 2, 0x60, 0);
	check(clean());
	read_or_write(0, 1, 0x60, 0);
	check(broken("10.3.1"));
	link_device(1);
	read_or_write(0, 1, 0x60, 0);
	check(clean());
	detach();
}

/* The multiplier itself is pulled, with all that is behind it. */
static void pulled(void)
{
	enumerate(CAP_SPM);
	check(command("unplug 3") && rd(NR, PX_SSTS) == 0 && !command("unplug 3"));
	check(command("plug 3"));
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD);
	pass_time(2 * MS);
	pass_time(2 * MS);
	check(rd(NR, PX_SSTS) == 0x133 && rd(NR, PX_SIG) == SIG_DISK);
	wr(NR, PX_CMD, CMD_FRE | CMD_SUD | CMD_ST);
	check(get(0, 0) == 0x133 && get(1, 0) == 4);
	detach();
}

static void cut_of_one(void)
{
	struct disk *d = &port->pmp.device[1].disk, *other = &port->pmp.device[2].disk;

	enumerate(CAP_SPM);
	memset(d->media, 0, SECTOR);
	memset(other->media, 0, SECTOR);
	memset(data(0), 1, SECTOR);
	read_or_write(0, 1, 0x35, 0);
	read_or_write(0, 2, 0x35, 0);
	check(command("cut 3.1 100") && d->media[0] == 0 && other->media[0] == 1);
	pass_time(2 * MS);
	check(get(1, 0) == 0x133 && get(1, 1) == (SERR_N | SERR_X) && get(2, 1) == 0);
	check(!command("cut 3 100") && !command("cut 3.3 100"));
	detach();
}

static void language(void)
{
	attach(CAP_SPM);
	check(!command("pmp 0 5") && !command("pmp 3 5") && !command("pmp 3.1 5"));
	check(!command("hold 3.5") && !command("hold 3.") && !command("hold 3.x"));
	check(!command("hold 0.0") && !command("event 3.1 1") && !command("bad 3 1"));
	check(!command("unplug 3.3") && command("flap 3.1 2") && !command("release 3.1 1"));
	detach();
}

const struct test pmp_tests[] = {
	{ "pmp_legacy", legacy },
	{ "pmp_empty_first", empty_first },
	{ "pmp_control_reset", control_reset },
	{ "pmp_registers", registers },
	{ "pmp_spin_up", spin_up },
	{ "pmp_device_reset", device_reset },
	{ "pmp_disks_by_command", disks_by_command },
	{ "pmp_disks_by_fis", disks_by_fis },
	{ "pmp_one_at_a_time", one_at_a_time },
	{ "pmp_all_at_once", all_at_once },
	{ "pmp_error_of_one", error_of_one },
	{ "pmp_errors_of_two", errors_of_two },
	{ "pmp_error_of_all", error_of_all },
	{ "pmp_rules", rules },
	{ "pmp_incapable", incapable },
	{ "pmp_hotplug_by_command", hotplug_by_command },
	{ "pmp_hotplug_unnotified", hotplug_unnotified },
	{ "pmp_hotplug_by_fis", hotplug_by_fis },
	{ "pmp_reset_of_one", reset_of_one },
	{ "pmp_orphans", orphans },
	{ "pmp_pulled", pulled },
	{ "pmp_cut_of_one", cut_of_one },
	{ "pmp_language", language },
	{ NULL, NULL }
};
