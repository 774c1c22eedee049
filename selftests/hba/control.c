// SPDX-License-Identifier: GPL-2.0
/*
 * The language of tests. A line is a command; those of the command line come before the
 * guest, those of the control socket while it runs. The answer is "ok TEXT" or
 * "error TEXT", and when it comes the command has taken effect. The commands are in the
 * table at the end; Documentation/hba.rst describes them.
 *
 * "when EVENT [KEY=VALUE...] do COMMAND" has a command carried out when something happens:
 *
 *   doorbell   PxCI is written
 *   fetch      a command has been fetched
 *   moved      its data are moved
 *   fis        its FIS has been posted, no interrupt yet
 *   sctl       PxSCTL.DET has changed
 *
 * with the keys port, pm (port of a port multiplier), op (opcode), packet (that of a
 * PACKET), tag (slot), lba, nth (only the nth such event, from 1).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hba.h"

#define MAX_WORDS	40
#define MAX_LINE	512

static char answer[MAX_LINE];

/* The command that an event is about, for "drop", "error" and so on. */
static struct cmd *current;

struct rule {
	struct rule	*next;
	char		event[16];
	long		port;
	long		pm;
	long		op;
	long		tag;
	long		packet;
	long long	lba;
	unsigned long	nth;
	unsigned long	seen;
	char		action[MAX_LINE];
};

static struct rule *rules;

static const char *ok(void)
{
	return "ok";
}

static const char *error(const char *text, const char *word)
{
	snprintf(answer, sizeof(answer), "error %s: %s", text, word);
	return answer;
}

/* Decimal, or hexadecimal after 0x. There is none if END is WORD. */
static uint64_t digits(const char *word, char **end)
{
	*end = (char *)word;
	errno = 0;
	return *word < '0' || *word > '9' ? 0 :
	       strtoull(word, end, !strncmp(word, "0x", 2) ? 16 : 10);
}

/* A number, and nothing after it */
static bool number(const char *word, uint64_t *value)
{
	char *end;

	*value = digits(word, &end);
	return !errno && end != word && !*end;
}

/* 512, 64M, 3T */
static bool size(const char *word, uint64_t *value)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	*value = digits(word, &end);
	if (errno || end == word || !*value)
		return false;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1] || *value >> (64 - 10 * (unit - units + 1)))
			return false;
		*value <<= 10 * (unit - units + 1);
	}
	return *value % 4096 == 0;
}

/* port WORD: PORT, or PORT.DEVICE behind a port multiplier; the device is -1 if there is none */
static struct port *port_and_device(const char *word, int *device)
{
	uint64_t n, pm;
	char *end;

	n = digits(word, &end);
	if (end == word || n >= hba.ports)
		return NULL;
	*device = -1;
	if (!*end)
		return &hba.port[n];
	if (*end++ != '.' || !*end)
		return NULL;
	pm = digits(end, &end);
	if (*end || pm >= hba.port[n].pmp.ports)
		return NULL;
	*device = (int)pm;
	return &hba.port[n];
}

static struct port *port(const char *word)
{
	int device;

	return port_and_device(word, &device);
}

static int device(const char *word)
{
	int n = -1;

	port_and_device(word, &n);
	return n;
}

/* The disk that a word names; NULL for a port with a port multiplier */
static struct disk *disk(const char *word)
{
	struct port *p = port(word);
	int pm = device(word);

	if (p->pmp.ports && pm < 0)
		return NULL;
	return pmp_disk(p, pm < 0 ? 0 : (unsigned int)pm);
}

static bool is_on(const char *word, bool *value)
{
	*value = !strcmp(word, "on");
	return *value || !strcmp(word, "off");
}

/* Configuration ------------------------------------------------------------- */

static uint32_t all_ports(void)
{
	return hba.ports == 32 ? ~0u : (1u << hba.ports) - 1;
}

static const char *do_ports(char **w)
{
	uint64_t n;
	unsigned int i;

	if (!number(w[1], &n) || !n || n > MAX_PORTS)
		return error("a number from 1 to 32 is wanted", w[1]);
	hba.ports = (unsigned int)n;
	hba.pi = all_ports();
	hba.cap = (hba.cap & ~CAP_NP) | (uint32_t)(n - 1);
	for (i = 0; i < n; i++)
		hba.port[i].nr = (uint8_t)i;
	return ok();
}

static const char *do_vectors(char **w)
{
	uint64_t n;

	if (!number(w[1], &n) || n > 32)
		return error("a number from 0 to 32 is wanted", w[1]);
	if (!strcmp(w[0], "msi"))
		hba.msi = (unsigned int)n;
	else
		hba.msix = (unsigned int)n;
	return ok();
}

static const char *do_register(char **w)
{
	uint64_t n;

	if (!number(w[1], &n) || n > 0xffffffff)
		return error("a register's value is wanted", w[1]);
	if (!strcmp(w[0], "pi")) {
		hba.pi_empty = !n;
		hba.pi = n ? (uint32_t)n : all_ports();
	} else if (!strcmp(w[0], "vs")) {
		hba.vs = (uint32_t)n;
	} else if (!strcmp(w[0], "class")) {
		hba.class = (uint32_t)n;
	} else {
		hba.seed = n;
	}
	return ok();
}

static const char *do_id(char **w)
{
	unsigned int vendor, device;

	if (sscanf(w[1], "%4x:%4x", &vendor, &device) != 2)
		return error("VENDOR:DEVICE is wanted", w[1]);
	hba.vendor = (uint16_t)vendor;
	hba.device = (uint16_t)device;
	return ok();
}

static const char *do_ncs(char **w)
{
	uint64_t n;

	if (!number(w[1], &n) || !n || n > 32)
		return error("a number from 1 to 32 is wanted", w[1]);
	hba.cap = (hba.cap & ~(31u << CAP_NCS_SHIFT)) | (uint32_t)(n - 1) << CAP_NCS_SHIFT;
	return ok();
}

static const struct {
	const char	*name;
	uint32_t	bit;
	bool		second;		/* of CAP2 */
} cap_names[] = {
	{ "SXS", CAP_SXS, false }, { "EMS", CAP_EMS, false }, { "CCCS", CAP_CCCS, false },
	{ "PSC", CAP_PSC, false }, { "SSC", CAP_SSC, false }, { "PMD", CAP_PMD, false },
	{ "FBSS", CAP_FBSS, false }, { "SPM", CAP_SPM, false }, { "SAM", CAP_SAM, false },
	{ "SCLO", CAP_SCLO, false }, { "SAL", CAP_SAL, false }, { "SALP", CAP_SALP, false },
	{ "SSS", CAP_SSS, false }, { "SMPS", CAP_SMPS, false }, { "SSNTF", CAP_SSNTF, false },
	{ "SNCQ", CAP_SNCQ, false }, { "S64A", CAP_S64A, false },
	{ "BOH", CAP2_BOH, true }, { "APST", CAP2_APST, true }, { "SDS", CAP2_SDS, true },
	{ "SADM", CAP2_SADM, true }, { "DESO", CAP2_DESO, true },
};

/* cap +SSS -S64A ... */
static const char *do_cap(char **w)
{
	unsigned int i;

	while (*++w) {
		for (i = 0; i < ARRAY_SIZE(cap_names); i++)
			if (!strcmp(*w + 1, cap_names[i].name))
				break;
		if (i == ARRAY_SIZE(cap_names) || (**w != '+' && **w != '-'))
			return error("+NAME or -NAME of a bit of CAP or CAP2 is wanted", *w);
		uint32_t *reg = cap_names[i].second ? &hba.cap2 : &hba.cap;

		*reg = **w == '+' ? *reg | cap_names[i].bit : *reg & ~cap_names[i].bit;
	}
	bios_init();
	return ok();
}

/* bios at-once|later|busy|dead: what it makes of a request, with cap +BOH */
static const char *do_bios(char **w)
{
	return bios_option(w[1]) ? ok() : error("at-once, later, busy or dead is wanted", w[1]);
}

/* enables MASK|none: of ports, in PCI configuration space, as firmware has left them */
static const char *do_enables(char **w)
{
	bool has = strcmp(w[1], "none");
	uint64_t mask = 0;

	if (has && (!number(w[1], &mask) || mask > 0xffff))
		return error("a mask of 16 bits or none is wanted", w[1]);
	hba.has_enables = has;
	hba.enables = (uint16_t)mask;
	return ok();
}

/* What the disk supports of link power management, and of queued commands */
static bool feature_option(struct disk *d, const char *word)
{
	if (!strcmp(word, "hipm"))
		d->hipm = true;
	else if (!strcmp(word, "dipm"))
		d->sata |= SATA_DIPM | SATA_SSP;
	else if (!strcmp(word, "devslp"))
		d->sata |= SATA_DEVSLP | SATA_SSP;
	else if (!strcmp(word, "aux"))
		d->aux = true;
	else if (!strcmp(word, "prio"))
		d->prio = true;
	else
		return false;
	return true;
}

/* pmp PORT DEVICES: a port multiplier, whose device ports are PORT.0, PORT.1 and so on */
static const char *do_pmp(char **w)
{
	struct port *p = port(w[1]);
	uint64_t n;

	if (p->pmp.ports || p->disk.media)
		return error("a port without a device is wanted", w[1]);
	if (!number(w[2], &n) || !n || n > MAX_DEVICES)
		return error("a number from 1 to 15 is wanted", w[2]);
	p->pmp.ports = (unsigned int)n;
	p->pmp.present = true;
	return ok();
}

/* Its serial number, by which tests find it, and its WWN */
static void name_disk(struct disk *d, unsigned int nr, int pm)
{
	snprintf(d->serial, sizeof(d->serial), pm < 0 ? "HBA-%u" : "HBA-%u.%d", nr, pm);
	d->wwn = (uint16_t)(nr | (unsigned int)(pm + 1) << 8);
}

/*
 * disk PORT SIZE [file=PATH] [logical=N] [physical=N] [depth=N] [serial=TEXT]
 *                [zones=SIZE] [conventional=N] [cdl=POLICY]
 *                [hipm] [dipm] [devslp] [aux] [prio]
 */
static const char *do_disk(char **w)
{
	uint64_t bytes, n, logical = SECTOR, physical = 0, depth = 32, zones = 0, conventional = 0;
	struct disk *d = disk(w[1]);
	const char *file = NULL;
	char **option;

	if (!d || d->media || d->packet)
		return error("a port without a device is wanted", w[1]);
	if (!size(w[2], &bytes))
		return error("a multiple of 4096 is wanted, or with K, M, G, T", w[2]);
	name_disk(d, port(w[1])->nr, device(w[1]));
	for (option = w + 3; *option; option++) {
		char *value = strchr(*option, '=');

		if (feature_option(d, *option))
			continue;
		if (value)
			*value++ = 0;
		if (value && !strcmp(*option, "file"))
			file = value;
		else if (value && !strcmp(*option, "serial"))
			snprintf(d->serial, sizeof(d->serial), "%s", value);
		else if (value && !strcmp(*option, "zones") && size(value, &n) && !(bytes % n))
			zones = n;
		else if (!value || !number(value, &n) || !n)
			return error("OPTION=VALUE is wanted", *option);
		else if (!strcmp(*option, "logical") && (n == 512 || n == 4096))
			logical = n;
		else if (!strcmp(*option, "physical") && (n == 512 || n == 4096))
			physical = n;
		else if (!strcmp(*option, "depth") && n <= 32)
			depth = n;
		else if (!strcmp(*option, "cdl") && limits_policy(d, n))
			continue;
		else if (!strcmp(*option, "conventional") && n <= 0xffff)
			conventional = n;
		else
			return error("there is no such option, or not with that value", *option);
	}
	disk_create(d, bytes, file);
	d->logical = (uint32_t)logical;
	d->physical = (uint32_t)(physical > logical ? physical : logical);
	d->depth = (uint32_t)depth;
	if (zones)
		zones_create(d, zones, (unsigned int)conventional);
	disk_defaults(d);
	return ok();
}

/* An option of a medium; false if there is no such option, or not with that value. */
static bool medium_option(char *option, const char **file, uint64_t *first)
{
	char *value = strchr(option, '=');
	bool is_file = !strncmp(option, "file=", 5);

	if (is_file)
		*file = value + 1;
	return is_file || (!strncmp(option, "first=", 6) && number(value + 1, first));
}

static bool drive_option(struct disk *d, char *option)
{
	struct cdrom *cd = &d->cdrom;
	char *value = strchr(option, '=');

	if (!value)
		return false;
	*value++ = 0;
	if (!strcmp(option, "dma"))
		return is_on(value, &cd->dma);
	if (!strcmp(option, "dmadir"))
		return is_on(value, &cd->dmadir);
	if (!strcmp(option, "write"))
		return is_on(value, &cd->writable);
	return !strcmp(option, "serial") &&
	       snprintf(d->serial, sizeof(d->serial), "%s", value) > 0;
}

static bool medium_size(const char *word, uint64_t *bytes)
{
	return size(word, bytes) && *bytes <= 1u << 30;
}

/*
 * cdrom PORT SIZE|empty [file=PATH] [first=N] [dma=off] [dmadir=on] [write=on] [serial=TEXT]
 */
static const char *do_cdrom(char **w)
{
	struct disk *d = &port(w[1])->disk;
	uint64_t bytes = 0, first = 0;
	const char *file = NULL;
	char **option;

	if (d->media || d->packet)
		return error("a port without a device is wanted", w[1]);
	if (strcmp(w[2], "empty") && !medium_size(w[2], &bytes))
		return error("empty is wanted, or a multiple of 4096 up to 1G", w[2]);
	d->packet = true;
	d->cdrom.dma = true;
	d->logical = SECTOR;
	snprintf(d->serial, sizeof(d->serial), "HBA-%u", port(w[1])->nr);
	for (option = w + 3; *option; option++)
		if (!medium_option(*option, &file, &first) && !drive_option(d, *option))
			return error("there is no such option, or not with that value", *option);
	atapi_medium(&d->cdrom, bytes, file, first);
	d->present = true;
	return ok();
}

static const char *do_path(char **w)
{
	if (!strcmp(w[0], "socket"))
		user_listen(w[1]);
	else if (!strcmp(w[0], "control"))
		control_listen(w[1]);
	else
		trace_to(w[1]);
	return ok();
}

/* What is switched on and off --------------------------------------------- */

/* An HBA that was away comes back as power-on leaves it: what it had is in no memory. */
static void put_away(bool away)
{
	bool back = hba.ones && !away;

	hba.ones = away;
	if (back)
		hba_reset();
}

static const char *do_switch(char **w)
{
	bool value;

	if (!is_on(w[1], &value))
		return error("on or off is wanted", w[1]);
	if (!strcmp(w[0], "intx"))
		hba.intx = value;
	else if (!strcmp(w[0], "onebyone"))
		hba.one_by_one = value;
	else if (!strcmp(w[0], "mute"))
		hba.mute = value;
	else if (!strcmp(w[0], "ones"))
		put_away(value);
	else if (!strcmp(w[0], "fuzz"))
		hba.fuzz = value;
	else
		trace_on(value);
	if (!hba.mute && !hba.ones)
		hba_interrupt_again();
	return ok();
}

static const char *do_delay(char **w)
{
	uint64_t least, most;

	/* delay US: of the command that an event is about */
	if (!w[2]) {
		if (!current || !number(w[1], &least))
			return error("delay MIN MAX is wanted, in microseconds", w[1]);
		current->fate.delay = least * 1000;
		return ok();
	}
	if (!number(w[1], &least) || !number(w[2], &most) || most < least)
		return error("delay MIN MAX is wanted, in microseconds", w[1]);
	hba.delay_min = least * 1000;
	hba.delay_max = most * 1000;
	return ok();
}

/* Commands in flight -------------------------------------------------------- */

/* Is the command one of the device's, or of any if there is no device? */
static bool is_of(const struct cmd *c, int pm)
{
	return pm < 0 || c->pm == pm;
}

static uint32_t waiting(const struct port *p, int pm)
{
	uint32_t tags = 0;
	unsigned int i;

	for (i = 0; i < MAX_SLOTS; i++)
		if (p->slot[i].stage >= FETCHED && is_of(&p->slot[i], pm))
			tags |= 1u << i;
	return tags;
}

static void set_hold(const char *word, bool yes)
{
	struct port *p = port(word);
	int pm = device(word);

	if (pm < 0)
		p->fate.hold = yes;
	else
		p->pmp.device[pm].hold = yes;
}

/* hold [PORT]: commands to come wait; or the one that an event is about */
static const char *do_hold(char **w)
{
	if (!w[1]) {
		if (!current)
			return error("a port is wanted", w[0]);
		current->fate.hold = true;
		return ok();
	}
	set_hold(w[1], true);
	return ok();
}

/* release PORT TAGS...: each word completes at once, as a mask of tags in one FIS */
static const char *do_release(char **w)
{
	struct port *p = port(w[1]);
	uint64_t tags;
	char **word;

	for (word = w + 2; *word; word++)
		if (!number(*word, &tags) || tags > 0xffffffff || tags & ~waiting(p, device(w[1])))
			return error("a mask of waiting commands is wanted", *word);
	for (word = w + 2; *word; word++) {
		number(*word, &tags);
		list_complete(p, (uint32_t)tags);
	}
	return ok();
}

/* resume PORT: nothing waits any more */
static const char *do_resume(char **w)
{
	struct port *p = port(w[1]);
	unsigned int i;

	set_hold(w[1], false);
	for (i = 0; i < MAX_SLOTS; i++)
		if (is_of(&p->slot[i], device(w[1])))
			p->slot[i].fate.hold = false;
	return ok();
}

static const char *do_waiting(char **w)
{
	snprintf(answer, sizeof(answer), "ok 0x%08x", waiting(port(w[1]), device(w[1])));
	return answer;
}

/* drop, error ERROR, fatal BITS: of the command that an event is about */
static const char *do_fate(char **w)
{
	uint64_t n = 0;

	if (!current)
		return error("this is for an event's command", w[0]);
	if (w[1] && !number(w[1], &n))
		return error("a number is wanted", w[1]);
	if (!strcmp(w[0], "drop"))
		current->fate.drop = true;
	else if (!strcmp(w[0], "error"))
		current->fate.error = (uint8_t)n;
	else
		current->fate.is = (uint32_t)n;
	return ok();
}

/* Ports --------------------------------------------------------------------- */

/* What a word names: a disk, or a port multiplier with all that is behind it */
static bool exists(const char *word)
{
	struct disk *d = disk(word);

	return !d || d->media || d->packet;
}

static bool present(const char *word)
{
	struct disk *d = disk(word);

	return d ? d->present : port(word)->pmp.present;
}

static void plug(const char *word)
{
	if (device(word) < 0)
		port_plug(port(word));
	else
		pmp_plug(port(word), (unsigned int)device(word));
}

static void unplug(const char *word)
{
	if (device(word) < 0)
		port_unplug(port(word));
	else
		pmp_unplug(port(word), (unsigned int)device(word));
}

static const char *do_plug(char **w)
{
	if (!exists(w[1]))
		return error("there is no such disk", w[1]);
	if (!strcmp(w[0], "plug") == present(w[1]))
		return error("it is so already", w[1]);
	if (present(w[1]))
		unplug(w[1]);
	else
		plug(w[1]);
	return ok();
}

/* flap PORT N: the link goes and comes, so many times */
static const char *do_flap(char **w)
{
	uint64_t n;

	if (!present(w[1]))
		return error("there is no such disk", w[1]);
	if (!number(w[2], &n))
		return error("a number is wanted", w[2]);
	while (n--) {
		unplug(w[1]);
		plug(w[1]);
	}
	return ok();
}

/* presence PORT none|hotplug|external|switch|cold...: what the port is */
static const char *do_presence(char **w)
{
	struct port *p = port(w[1]);
	char **word;

	for (word = w + 2; *word; word++)
		if (!presence_option(p, *word))
			return error("none, hotplug, external, switch or cold is wanted", *word);
	return ok();
}

/* switch PORT open|closed */
static const char *do_presence_switch(char **w)
{
	bool open = !strcmp(w[2], "open");

	if (!open && strcmp(w[2], "closed"))
		return error("open or closed is wanted", w[2]);
	presence_switch(port(w[1]), open);
	return ok();
}

/* enclosure none|led|saf-te|ses-2|sgpio|single|transmit|activity|pmp...: what there is */
static const char *do_enclosure(char **w)
{
	char **word;

	for (word = w + 1; *word; word++)
		if (!enclosure_option(*word))
			return error("there is no such thing in EM_CTL", *word);
	return ok();
}

/* leds PORT: each as its three bits, 0 is off and 1 is on */
static const char *do_leds(char **w)
{
	unsigned int leds = enclosure_leds(port(w[1]));

	snprintf(answer, sizeof(answer), "ok activity=%u locate=%u fault=%u", leds & LED_ACTIVITY,
		 (leds & LED_LOCATE) / (LED_LOCATE & -LED_LOCATE),
		 (leds & LED_FAULT) / (LED_FAULT & -LED_FAULT));
	return answer;
}

/* messages: how many the enclosure has got, and the first dwords of the last */
static const char *do_messages(char **w)
{
	const uint32_t *m;
	unsigned int n = enclosure_sent(&m);

	(void)w;
	snprintf(answer, sizeof(answer), "ok %u 0x%08x 0x%08x 0x%08x 0x%08x", n, m[0], m[1],
		 m[2], m[3]);
	return answer;
}

/* reply DWORD...: the enclosure sends a message */
static const char *do_reply(char **w)
{
	uint32_t message[MAX_WORDS];
	unsigned int n;
	uint64_t value;

	for (n = 0; w[n + 1]; n++) {
		if (!number(w[n + 1], &value) || value > 0xffffffff)
			return error("a dword is wanted", w[n + 1]);
		message[n] = (uint32_t)value;
	}
	return enclosure_receive(message, n) ? ok() : error("no message can be received", w[0]);
}

/* power PORT: the state of the link, how often it entered each, woke, and was refused; PxDEVSLP */
static const char *do_power(char **w)
{
	static const char *const names[] = {
		[0] = "none", [IPM_ACTIVE] = "active", [IPM_PARTIAL] = "partial",
		[IPM_SLUMBER] = "slumber", [IPM_DEVSLP] = "devsleep",
	};
	struct port *p = port(w[1]);
	const unsigned int *n = p->power.entered;

	snprintf(answer, sizeof(answer),
		 "ok %s partial=%u slumber=%u devsleep=%u woken=%u refused=%u dito=%u mdat=%u deto=%u",
		 names[link_state(p)], n[IPM_PARTIAL], n[IPM_SLUMBER], n[IPM_DEVSLP],
		 p->power.woken, p->power.refused, DEVSLP_DITO(p->devslp),
		 DEVSLP_MDAT(p->devslp), DEVSLP_DETO(p->devslp));
	return answer;
}

/* priorities PORT: queued commands by their priority */
static const char *do_priorities(char **w)
{
	const struct disk *d = disk(w[1]);

	if (!d || d->packet)
		return error("there is no such disk", w[1]);
	snprintf(answer, sizeof(answer), "ok normal=%llu high=%llu",
		 (unsigned long long)d->commands[0], (unsigned long long)d->commands[1]);
	return answer;
}

/* wake PORT: the device does */
static const char *do_wake(char **w)
{
	struct port *p = port(w[1]);

	if (p->link != LINK_LOW)
		return error("a link in a low power state is wanted", w[1]);
	link_wake(p);
	return ok();
}

/* bad PORT LBA|none: a sector that cannot be read */
static const char *do_bad(char **w)
{
	struct disk *d = disk(w[1]);
	bool bad = strcmp(w[2], "none");
	uint64_t lba = 0;

	if (!d)
		return error("a disk is wanted", w[1]);
	if (bad && !number(w[2], &lba))
		return error("a sector or none is wanted", w[2]);
	d->bad = bad;
	d->bad_lba = lba;
	return ok();
}

/* eject PORT: the button of a drive, and its medium is taken out */
static const char *do_eject(char **w)
{
	struct port *p = port(w[1]);

	if (!p->disk.packet)
		return error("there is no such drive", w[1]);
	return atapi_eject(p) ? ok() : "ok locked";
}

/* insert PORT [SIZE [file=PATH] [first=N]]: a medium; or the one that was taken out */
static const char *do_insert(char **w)
{
	struct port *p = port(w[1]);
	uint64_t bytes = 0, first = 0;
	const char *file = NULL;
	char **option;

	if (!p->disk.packet || (p->disk.cdrom.media && !p->disk.cdrom.out))
		return error("a drive without a medium is wanted", w[1]);
	if (w[2] && !medium_size(w[2], &bytes))
		return error("a multiple of 4096 up to 1G is wanted", w[2]);
	for (option = w + 3; w[2] && *option; option++)
		if (!medium_option(*option, &file, &first))
			return error("file or first is wanted, with a value", *option);
	if (w[2])
		atapi_medium(&p->disk.cdrom, bytes, file, first);
	return atapi_insert(p) ? ok() : error("there is no medium", w[1]);
}

/*
 * cut PORT PERCENT: the disk loses power, and so much of what was only in its cache. It
 * comes back as after a hot-plug.
 */
static const char *do_cut(char **w)
{
	struct disk *d = disk(w[1]);
	uint64_t n;

	if (!d || !d->present || d->packet)
		return error("there is no such disk", w[1]);
	if (!number(w[2], &n) || n > 100)
		return error("a percentage is wanted", w[2]);
	unplug(w[1]);
	n = disk_power_cut(d, port(w[1])->ordinal, (unsigned int)n);
	say("port %s: power cut, %llu sectors lost", w[1], (unsigned long long)n);
	plug(w[1]);
	return ok();
}

/* event, fatal, sdb, serr PORT BITS: of PxIS, of an SDB FIS that lies, of PxSERR */
static const char *do_bits(char **w)
{
	struct port *p = port(w[1]);
	uint64_t n;

	if (!number(w[2], &n) || n > 0xffffffff)
		return error("a register's value is wanted", w[2]);
	if (!strcmp(w[0], "event")) {
		hba_event(p, (uint32_t)n);
	} else if (!strcmp(w[0], "sdb")) {
		sdb_fis(p, 0, STS_DRDY, 0, (uint32_t)n);
	} else if (!strcmp(w[0], "sact")) {
		p->sact = (uint32_t)n;
		p->lied = true;
	} else if (!strcmp(w[0], "ci")) {
		p->ci = (uint32_t)n;
		p->lied = true;
	} else if (!strcmp(w[0], "tfd")) {
		p->tfd = (uint32_t)n;
	} else {
		p->serr |= (uint32_t)n;
		hba_event(p, 0);
	}
	return ok();
}

/* irq PORT: an interrupt without a cause, from an HBA that is gone, too */
static const char *do_irq(char **w)
{
	irq_send(port(w[1])->nr);
	return ok();
}

/* stuck PORT cr|fr|none: bits of PxCMD that stay when they should clear */
static const char *do_stuck(char **w)
{
	struct port *p = port(w[1]);

	if (!strcmp(w[2], "cr"))
		p->stuck = CMD_CR;
	else if (!strcmp(w[2], "fr"))
		p->stuck = CMD_FR;
	else if (!strcmp(w[2], "none"))
		p->stuck = 0;
	else
		return error("cr, fr or none is wanted", w[2]);
	if (!p->stuck && !(p->cmd & CMD_ST))
		p->cmd &= ~CMD_CR;
	if (!p->stuck && !(p->cmd & CMD_FRE))
		p->cmd &= ~CMD_FR;
	return ok();
}

/* Lies ---------------------------------------------------------------------- */

/* lie OFFSET AND OR COUNT: so many reads of the register answer (value & AND) | OR */
static const char *do_lie(char **w)
{
	uint64_t n[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(n); i++)
		if (!number(w[1 + i], &n[i]) || n[i] > 0xffffffff)
			return error("OFFSET AND OR COUNT is wanted", w[1 + i]);
	if (n[0] % 4 || n[0] >= registers_size())
		return error("there is no such register", w[1]);
	if (!lie_add((uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2], (uint32_t)n[3]))
		return error("too many lies", w[0]);
	return ok();
}

static const char *do_honest(char **w)
{
	(void)w;
	lie_end();
	return ok();
}

static const char *do_lies(char **w)
{
	char text[MAX_LINE - sizeof("ok ")];

	(void)w;
	lie_list(text, sizeof(text));
	snprintf(answer, sizeof(answer), "ok %s", text);
	return answer;
}

/* garbage PORT on|off: received FISes are noise; the registers are as ever */
static const char *do_garbage(char **w)
{
	bool value;

	if (!is_on(w[2], &value))
		return error("on or off is wanted", w[2]);
	port(w[1])->garbage = value;
	return ok();
}

/* Rules --------------------------------------------------------------------- */

static bool match(const struct rule *r, const char *event, const struct port *p,
		  const struct cmd *c)
{
	if (strcmp(r->event, event) || (r->port >= 0 && r->port != p->nr))
		return false;
	if (!c)
		return r->pm < 0 && r->op < 0 && r->tag < 0 && r->lba < 0 && r->packet < 0;
	if (r->packet >= 0 && (c->cfis[2] != CMD_PACKET || r->packet != c->packet[0]))
		return false;
	return (r->pm < 0 || r->pm == c->pm) && (r->op < 0 || r->op == c->cfis[2]) &&
	       (r->tag < 0 || r->tag == c->slot) &&
	       (r->lba < 0 || (uint64_t)r->lba == cmd_lba(c));
}

/* Something happens, to a command or to a port. An action may not cause events. */
void control_event(const char *event, struct port *p, struct cmd *c)
{
	static bool inside;
	char line[MAX_LINE];
	struct rule *r;

	if (inside)
		return;
	inside = true;
	current = c;
	for (r = rules; r; r = r->next) {
		const char *result;

		if (!match(r, event, p, c) || (++r->seen != r->nth && r->nth))
			continue;
		strcpy(line, r->action);
		result = control_line(line);
		if (strncmp(result, "ok", 2))
			say("when %s do %s: %s", event, r->action, result);
	}
	current = NULL;
	inside = false;
}

static bool set_key(struct rule *r, const char *key, uint64_t value)
{
	if (!strcmp(key, "port"))
		r->port = (long)value;
	else if (!strcmp(key, "pm"))
		r->pm = (long)value;
	else if (!strcmp(key, "op"))
		r->op = (long)value;
	else if (!strcmp(key, "packet"))
		r->packet = (long)value;
	else if (!strcmp(key, "tag"))
		r->tag = (long)value;
	else if (!strcmp(key, "lba"))
		r->lba = (long long)value;
	else if (!strcmp(key, "nth"))
		r->nth = (unsigned long)value;
	else
		return false;
	return true;
}

static const char *do_when(char **w)
{
	static const char *const events[] = { "doorbell", "fetch", "moved", "fis", "sctl" };
	struct rule *r = calloc(1, sizeof(*r)), **end = &rules;
	unsigned int i;
	uint64_t n;

	for (i = 0; i < ARRAY_SIZE(events) && strcmp(events[i], w[1]); i++)
		;
	if (!r || i == ARRAY_SIZE(events)) {
		free(r);
		return error("doorbell, fetch, moved, fis or sctl is wanted", w[1]);
	}
	snprintf(r->event, sizeof(r->event), "%s", w[1]);
	r->port = -1;
	r->pm = -1;
	r->op = -1;
	r->tag = -1;
	r->packet = -1;
	r->lba = -1;
	for (w += 2; *w && strcmp(*w, "do"); w++) {
		char *value = strchr(*w, '=');

		if (value)
			*value++ = 0;
		if (!value || !number(value, &n) || !set_key(r, *w, n)) {
			free(r);
			return error("a key is wanted, with a value", *w);
		}
	}
	if (!*w || !w[1]) {
		free(r);
		return error("do COMMAND is missing", "when");
	}
	for (w++; *w; w++)
		snprintf(r->action + strlen(r->action), sizeof(r->action) - strlen(r->action),
			 "%s%s", *r->action ? " " : "", *w);
	while (*end)
		end = &(*end)->next;
	*end = r;
	return ok();
}

static const char *do_forget(char **w)
{
	struct rule *r;

	(void)w;
	while (rules) {
		r = rules;
		rules = r->next;
		free(r);
	}
	return ok();
}

/* Questions ----------------------------------------------------------------- */

static const char *do_breaches(char **w)
{
	char first[160];
	unsigned int n = breaches(first, sizeof(first));

	(void)w;
	snprintf(answer, sizeof(answer), "ok %u%s%s", n, n ? " " : "", first);
	return answer;
}

/* reads, writes of registers; interrupts of each vector */
static const char *do_stats(char **w)
{
	unsigned int i, n;

	(void)w;
	n = (unsigned int)snprintf(answer, sizeof(answer),
				   "ok reads=%llu writes=%llu d3=%u resets=%u irqs=",
				   (unsigned long long)hba.reads, (unsigned long long)hba.writes,
				   hba.d3, hba.resets);
	for (i = 0; i < 32 && n < sizeof(answer); i++)
		n += (unsigned int)snprintf(answer + n, sizeof(answer) - n, "%s%llu", i ? "," : "",
					    (unsigned long long)irqs(i));
	return answer;
}

/* How often what has happened by chance. */
static const char *do_fuzzed(char **w)
{
	(void)w;
	strcpy(answer, "ok ");
	fuzz_count(answer + 3, sizeof(answer) - 3);
	return answer;
}

enum { DEVICE = 2 };

static const struct {
	const char	*name;
	int		least;		/* words */
	int		most;
	bool		early;		/* only before the guest */
	unsigned int	port;		/* the second word is a port, or with DEVICE a disk */
	const char	*(*run)(char **w);
} commands[] = {
	{ "socket", 2, 2, true, false, do_path },
	{ "control", 2, 2, true, false, do_path },
	{ "tracefile", 2, 2, true, false, do_path },
	{ "ports", 2, 2, true, false, do_ports },
	{ "pi", 2, 2, false, false, do_register },
	{ "vs", 2, 2, false, false, do_register },
	{ "class", 2, 2, true, false, do_register },
	{ "id", 2, 2, true, false, do_id },
	{ "msi", 2, 2, true, false, do_vectors },
	{ "msix", 2, 2, true, false, do_vectors },
	{ "intx", 2, 2, true, false, do_switch },
	{ "ncs", 2, 2, false, false, do_ncs },
	{ "cap", 2, MAX_WORDS, false, false, do_cap },
	{ "bios", 2, 2, false, false, do_bios },
	{ "enables", 2, 2, false, false, do_enables },
	{ "pmp", 3, 3, true, true, do_pmp },
	{ "disk", 3, MAX_WORDS, true, DEVICE, do_disk },
	{ "cdrom", 3, MAX_WORDS, true, true, do_cdrom },
	{ "seed", 2, 2, false, false, do_register },
	{ "onebyone", 2, 2, false, false, do_switch },
	{ "delay", 2, 3, false, false, do_delay },
	{ "hold", 1, 2, false, DEVICE, do_hold },
	{ "release", 3, MAX_WORDS, false, DEVICE, do_release },
	{ "resume", 2, 2, false, DEVICE, do_resume },
	{ "waiting", 2, 2, false, DEVICE, do_waiting },
	{ "drop", 1, 1, false, false, do_fate },
	{ "error", 2, 2, false, false, do_fate },
	{ "fatal", 2, 2, false, false, do_fate },
	{ "plug", 2, 2, false, DEVICE, do_plug },
	{ "unplug", 2, 2, false, DEVICE, do_plug },
	{ "flap", 3, 3, false, DEVICE, do_flap },
	{ "enclosure", 2, MAX_WORDS, false, false, do_enclosure },
	{ "leds", 2, 2, false, true, do_leds },
	{ "messages", 1, 1, false, false, do_messages },
	{ "reply", 2, MAX_WORDS, false, false, do_reply },
	{ "presence", 3, MAX_WORDS, false, true, do_presence },
	{ "switch", 3, 3, false, true, do_presence_switch },
	{ "power", 2, 2, false, true, do_power },
	{ "priorities", 2, 2, false, DEVICE, do_priorities },
	{ "wake", 2, 2, false, true, do_wake },
	{ "eject", 2, 2, false, true, do_eject },
	{ "insert", 2, MAX_WORDS, false, true, do_insert },
	{ "bad", 3, 3, false, DEVICE, do_bad },
	{ "cut", 3, 3, false, DEVICE, do_cut },
	{ "event", 3, 3, false, true, do_bits },
	{ "serr", 3, 3, false, true, do_bits },
	{ "sdb", 3, 3, false, true, do_bits },
	{ "sact", 3, 3, false, true, do_bits },
	{ "ci", 3, 3, false, true, do_bits },
	{ "tfd", 3, 3, false, true, do_bits },
	{ "irq", 2, 2, false, true, do_irq },
	{ "stuck", 3, 3, false, true, do_stuck },
	{ "lie", 5, 5, false, false, do_lie },
	{ "honest", 1, 1, false, false, do_honest },
	{ "lies", 1, 1, false, false, do_lies },
	{ "garbage", 3, 3, false, true, do_garbage },
	{ "mute", 2, 2, false, false, do_switch },
	{ "ones", 2, 2, false, false, do_switch },
	{ "fuzz", 2, 2, false, false, do_switch },
	{ "fuzzed", 1, 1, false, false, do_fuzzed },
	{ "trace", 2, 2, false, false, do_switch },
	{ "when", 4, MAX_WORDS, false, false, do_when },
	{ "forget", 1, 1, false, false, do_forget },
	{ "breaches", 1, 1, false, false, do_breaches },
	{ "stats", 1, 1, false, false, do_stats },
};

static bool running;

/* Carries out a line, and returns the answer, which is good until the next line. */
const char *control_line(char *line)
{
	char *words[MAX_WORDS + 1] = { NULL }, *save = NULL, *word;
	int n = 0;
	unsigned int i;

	trace_note(line);
	for (word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (n == MAX_WORDS)
			return error("too many words", word);
		words[n++] = word;
	}
	if (!n)
		return error("a command is wanted", "");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, words[0]))
			break;
	if (i == ARRAY_SIZE(commands))
		return error("there is no such command", words[0]);
	if (n < commands[i].least || n > commands[i].most)
		return error("wrong number of words", words[0]);
	if (commands[i].port && n > 1 && !port(words[1]))
		return error("there is no such port", words[1]);
	if (commands[i].port && commands[i].port != DEVICE && n > 1 && device(words[1]) >= 0)
		return error("this is for a port as a whole", words[1]);
	if (commands[i].early && running)
		return error("that is for the command line", words[0]);
	return commands[i].run(words);
}

/* The control socket -------------------------------------------------------- */

static int listener = -1, client = -1;
static char buffer[2 * MAX_LINE];
static size_t filled;

void control_listen(const char *path)
{
	listener = socket_listen(path);
}

int control_fd(void)
{
	return client >= 0 ? client : listener;
}

static void lines(void)
{
	char *end;

	while ((end = memchr(buffer, '\n', filled))) {
		char line[MAX_LINE + 2];
		size_t n = (size_t)(end + 1 - buffer);

		if (n > MAX_LINE)
			n = MAX_LINE;
		memcpy(line, buffer, n - 1);
		line[n - 1] = 0;
		filled -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, filled);
		n = (size_t)snprintf(line, sizeof(line), "%s\n", control_line(line));
		if (send(client, line, n < sizeof(line) ? n : sizeof(line) - 1, MSG_NOSIGNAL) < 0)
			say("control: an answer is lost");
	}
}

void control_ready(void)
{
	ssize_t got;

	running = true;
	if (client < 0) {
		client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		filled = 0;
		return;
	}
	got = recv(client, buffer + filled, sizeof(buffer) - filled, 0);
	if (got <= 0 || filled + (size_t)got == sizeof(buffer)) {
		close(client);
		client = -1;
		return;
	}
	filled += (size_t)got;
	lines();
}
