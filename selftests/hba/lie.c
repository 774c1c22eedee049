// SPDX-License-Identifier: GPL-2.0
/*
 * An HBA that lies: registers read as what they are not, as often as a test wants, and the
 * FISes of a port arrive with other bytes than the device has sent.
 */
#include <stdio.h>
#include <string.h>

#include "hba.h"

struct lie {
	uint32_t	offset;
	uint32_t	and;
	uint32_t	or;
	uint32_t	written;	/* the last value meanwhile */
	uint32_t	left;		/* reads */
};

static struct lie lies[MAX_LIES];
static size_t count;

/* The next LEFT reads of the register answer (value & AND) | OR. */
bool lie_add(uint32_t offset, uint32_t and, uint32_t or, uint32_t left)
{
	if (count == MAX_LIES)
		return false;
	lies[count++] = (struct lie){ offset, and, or, 0, left };
	return true;
}

void lie_end(void)
{
	count = 0;
}

/* For each: its offset, what was written, how many reads are left. */
void lie_list(char *text, size_t n)
{
	size_t i, end = 0;

	*text = 0;
	for (i = 0; i < count && end < n; i++)
		end += (size_t)snprintf(text + end, n - end, "%s0x%x 0x%x %u", i ? ", " : "",
					lies[i].offset, lies[i].written, lies[i].left);
}

/* What a read of the register answers; p is its port, if it is one's. */
uint32_t lie_read(struct port *p, uint32_t offset, uint32_t value)
{
	bool command = p && offset % HBA_PORT_SIZE == PX_CMD;
	struct lie *l;

	if (command)
		p->cmd_lied = false;
	for (l = lies; l < lies + count; l++) {
		if (l->offset != offset || !l->left)
			continue;
		value = (value & l->and) | l->or;
		l->left--;
		/* A driver may issue again what it was told is done. */
		if (p && (offset % HBA_PORT_SIZE == PX_SACT || offset % HBA_PORT_SIZE == PX_CI))
			p->lied = true;
		if (command)
			p->cmd_lied = true;
	}
	return value;
}

void lie_written(uint32_t offset, uint32_t value)
{
	struct lie *l;

	for (l = lies; l < lies + count; l++)
		if (l->offset == offset)
			l->written = value;
}

/* Bytes of chance in place of a FIS; the same seed makes the same. */
void lie_fis(struct port *p, uint8_t *fis, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fis[i] = (uint8_t)hash(hba.seed, p->nr, p->garbled++);
}
