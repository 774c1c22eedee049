// SPDX-License-Identifier: GPL-2.0
/*
 * What a platform knows of a port without its link (AHCI 1.3.1, 3.3.7): that it is meant for
 * hot-plug, by a connector with or without power; a mechanical switch at it; and cold
 * presence, where the port has no power until software switches that on.
 */
#include <string.h>

#include "hba.h"

/*
 * The bits of PxCMD are the BIOS' to set. External and hot-plug exclude each other, and a
 * switch or cold presence detection are for hot-plug.
 */
bool presence_option(struct port *p, const char *word)
{
	if (!strcmp(word, "none")) {
		p->cmd &= ~(CMD_HPCP | CMD_MPSP | CMD_CPD | CMD_ESP);
	} else if (!strcmp(word, "hotplug")) {
		p->cmd = (p->cmd & ~CMD_ESP) | CMD_HPCP;
	} else if (!strcmp(word, "external")) {
		hba.cap |= CAP_SXS;
		p->cmd = (p->cmd & ~(CMD_HPCP | CMD_MPSP | CMD_CPD)) | CMD_ESP;
	} else if (!strcmp(word, "switch")) {
		hba.cap |= CAP_SMPS;
		p->cmd = (p->cmd & ~CMD_ESP) | CMD_HPCP | CMD_MPSP;
	} else if (!strcmp(word, "cold")) {
		p->cmd = (p->cmd & ~CMD_ESP) | CMD_HPCP | CMD_CPD;
	} else {
		return false;
	}
	return true;
}

static bool has_switch(const struct port *p)
{
	return hba.cap & CAP_SMPS && p->cmd & CMD_MPSP;
}

/* 3.3.7 MPSS, CPS: an open switch, a device that is there. */
uint32_t presence_status(const struct port *p)
{
	return (has_switch(p) && p->open ? CMD_MPSS : 0) |
	       (p->cmd & CMD_CPD && p->disk.present ? CMD_CPS : 0);
}

/* 3.3.6 DMPE, CPDE: read only where there is nothing to tell. */
uint32_t presence_causes(const struct port *p)
{
	return (has_switch(p) ? IS_DMPS : 0) | (p->cmd & CMD_CPD ? IS_CPDS : 0);
}

/* 3.3.5 CPDS: a device came or went. */
void presence_changed(struct port *p)
{
	if (p->cmd & CMD_CPD)
		hba_event(p, IS_CPDS);
}

/* 3.3.5 DMPS: what that means for the device is not the switch's to say. */
void presence_switch(struct port *p, bool open)
{
	if (p->open == open)
		return;
	p->open = open;
	if (has_switch(p))
		hba_event(p, IS_DMPS);
}
