// SPDX-License-Identifier: GPL-2.0
/*
 * Register accesses: the last ones are kept for whoever has to explain a breach, and all
 * of them go to a file between "trace on" and "trace off".
 */
#include <stdio.h>
#include <string.h>

#include "hba.h"

struct access {
	bool		write;
	uint32_t	offset;
	uint32_t	value;
	unsigned int	times;
};

#define KEPT 64
static struct access last[KEPT];
static unsigned int kept;
static FILE *file;
static bool on;

static const char *const host_names[] = {
	"CAP", "GHC", "IS", "PI", "VS", "CCC_CTL", "CCC_PORTS", "EM_LOC", "EM_CTL", "CAP2", "BOHC",
};

static const char *const port_names[] = {
	"CLB", "CLBU", "FB", "FBU", "IS", "IE", "CMD", "?", "TFD", "SIG", "SSTS", "SCTL", "SERR",
	"SACT", "CI", "SNTF", "FBS", "DEVSLP",
};

/* "P3IS" or "GHC" */
static void name_of(uint32_t offset, char *name, size_t n)
{
	uint32_t reg = offset % HBA_PORT_SIZE / 4;

	if (offset >= HBA_PORTS && reg < ARRAY_SIZE(port_names))
		snprintf(name, n, "P%u%s", (offset - HBA_PORTS) / HBA_PORT_SIZE, port_names[reg]);
	else if (offset / 4 < ARRAY_SIZE(host_names))
		snprintf(name, n, "%s", host_names[offset / 4]);
	else
		snprintf(name, n, "%x", offset);
}

static void describe(const struct access *a, char *text, size_t n)
{
	char name[16];

	name_of(a->offset, name, sizeof(name));
	snprintf(text, n, "%c %s %08x", a->write ? 'w' : 'r', name, a->value);
	if (a->times > 1)
		snprintf(text + strlen(text), n - strlen(text), ", %u times", a->times);
}

void trace(bool write, uint32_t offset, uint32_t value)
{
	struct access *a = &last[(kept + KEPT - 1) % KEPT];
	char text[40];

	/* A driver that polls would drive all else out. */
	if (kept && a->write == write && a->offset == offset && a->value == value) {
		a->times++;
		return;
	}
	a = &last[kept++ % KEPT];
	*a = (struct access){ write, offset, value, 1 };
	if (on && file) {
		describe(a, text, sizeof(text));
		fprintf(file, "%s\n", text);
	}
}

void trace_to(const char *path)
{
	file = fopen(path, "w");
	if (!file)
		fail("trace: cannot write %s", path);
	setvbuf(file, NULL, _IOLBF, 0);
}

void trace_on(bool yes)
{
	on = yes;
}

/* A line of a test's among the accesses, to find one's way. */
void trace_note(const char *line)
{
	if (file)
		fprintf(file, "# %s\n", line);
}

void trace_dump(void)
{
	unsigned int i;
	char text[40];

	for (i = kept > KEPT ? kept - KEPT : 0; i < kept; i++) {
		describe(&last[i % KEPT], text, sizeof(text));
		say("  trace: %s", text);
	}
}
