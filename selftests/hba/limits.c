// SPDX-License-Identifier: GPL-2.0
/*
 * Command duration limits (ACS-5): how long reads and writes may take, and what becomes of
 * those that take longer. Layouts of the logs are those that Linux expects of them.
 */
#include <string.h>

#include "hba.h"

/* A log has a set of limits for reads and one for writes; an index of zero is no limit. */
#define LIMITS		7u
#define READ_LIMITS	64u		/* offsets in log 18h */
#define WRITE_LIMITS	288u
#define LIMIT_SIZE	32u
#define LIMIT_ACTIVE	4u		/* maximum active time, in microseconds */
#define POLICY_ACTIVE	4u		/* of which this is the shift of the policy in dword 0 */

/* Policies: an error, or success that says there are no data */
enum { COMPLETE_UNAVAILABLE = 0xd, ABORT = 0xf };

/* SPC-6: COMPLETED, DATA CURRENTLY UNAVAILABLE; ABORTED COMMAND, COMMAND TIMEOUT */
#define DATA_UNAVAILABLE	0x0f550au
#define COMMAND_TIMEOUT		0x0b2e02u

/* Log 0Fh: sense data of queued commands that were successful, by their tags */
#define SENSE_VALID	8u
#define SENSE		32u
#define SENSE_SIZE	24u

/* Each limit is ten milliseconds longer than the one before. */
static uint32_t limit_us(unsigned int index)
{
	return index * 10000;
}

/* From when it arrives, or zero: there is no limit, as for a disk that has them disabled. */
uint64_t limit_of(const struct cmd *c)
{
	unsigned int index = c->cfis[16] & 7;

	if (!c->disk->limits_on || (c->cfis[2] != 0x60 && c->cfis[2] != 0x61))
		return 0;
	return limit_us(index) * (MS / 1000);
}

/* The command has taken too long, and moves no data. */
void limit_expired(struct cmd *c)
{
	if (c->disk->limits == COMPLETE_UNAVAILABLE) {
		c->sense = DATA_UNAVAILABLE;
	} else {
		c->error = ERR_ABRT;
		c->sense = COMMAND_TIMEOUT;
	}
}

/* A queued command that is successful has sense data, for the host to fetch. */
void limit_remember(const struct cmd *c)
{
	uint8_t *log = c->disk->success_log, *to = log + SENSE + SENSE_SIZE * c->slot;
	unsigned int i;

	log[SENSE_VALID + c->slot / 8] &= (uint8_t)~(1u << c->slot % 8);
	if (!c->sense)
		return;
	log[SENSE_VALID + c->slot / 8] |= (uint8_t)(1u << c->slot % 8);
	for (i = 0; i < 3; i++)
		to[i] = (uint8_t)(c->sense >> (16 - 8 * i));
}

/* Log 18h */
bool limits_log(const struct disk *d, uint8_t *buf)
{
	uint32_t policy = d->limits << POLICY_ACTIVE;
	unsigned int i;

	memcpy(buf, &policy, sizeof(policy));
	for (i = 0; i < LIMITS; i++) {
		uint32_t us = limit_us(i + 1);

		memcpy(buf + READ_LIMITS + i * LIMIT_SIZE + LIMIT_ACTIVE, &us, sizeof(us));
		memcpy(buf + WRITE_LIMITS + i * LIMIT_SIZE + LIMIT_ACTIVE, &us, sizeof(us));
	}
	return d->limits;
}

/* Log 0Fh, two pages */
bool success_log(const struct disk *d, uint16_t page, uint8_t *buf)
{
	if (!d->limits || page > 1)
		return false;
	memcpy(buf, d->success_log + page * SECTOR, SECTOR);
	if (!page) {
		buf[0] = 1;
		buf[2] = 0x0f;
	}
	return true;
}

/* As "cdl" wants it: 13 or 15 */
bool limits_policy(struct disk *d, uint64_t policy)
{
	if (policy != COMPLETE_UNAVAILABLE && policy != ABORT)
		return false;
	d->limits = (uint32_t)policy;
	return true;
}
