// SPDX-License-Identifier: GPL-2.0
/*
 * Enclosure management (AHCI 1.3.1, section 12): messages to and from an enclosure by a buffer
 * in the HBA. Of their types only that for LEDs (12.2.1) is AHCI's own; the LEDs are here, and
 * of others the last message is kept for the test to look at.
 */
#include <string.h>

#include "hba.h"

#define BUFFER_DWORDS	64u
#define BUFFER_SIZE	(4 * BUFFER_DWORDS)
#define BUSY_TIME	(MS / 10)

/* The header of a message */
#define MSG_TYPE(dw)	((dw) >> 24 & 15)
#define MSG_SIZE(dw)	((dw) >> 8 & 255)
/* 12.2.1: which LEDs of what, in the dword that follows */
#define LED_PORT(dw)	((dw) & 31)
#define LED_PMP(dw)	((dw) >> 8 & 255)
#define LED_VALUE(dw)	((dw) >> 16)

static struct {
	uint32_t	ctl;		/* EM_CTL */
	uint32_t	sent[BUFFER_DWORDS];
	uint32_t	received[BUFFER_DWORDS];
	uint64_t	due;		/* TM and RST are done */
	unsigned int	messages;
	uint16_t	led[MAX_PORTS];
} em;

static bool there(void)
{
	return hba.cap & CAP_EMS;
}

/* led, saf-te, ses-2, sgpio: types of messages; single, transmit, activity, pmp: attributes */
bool enclosure_option(const char *word)
{
	static const struct {
		const char	*name;
		uint32_t	bit;
	} options[] = {
		{ "led", EM_LED }, { "saf-te", EM_SAFTE }, { "ses-2", EM_SES2 },
		{ "sgpio", EM_SGPIO }, { "single", EM_SMB }, { "transmit", EM_XMT },
		{ "activity", EM_ALHD }, { "pmp", EM_PM },
	};
	unsigned int i;

	if (!strcmp(word, "none")) {
		hba.cap &= ~CAP_EMS;
		memset(&em, 0, sizeof(em));
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(word, options[i].name)) {
			hba.cap |= CAP_EMS;
			em.ctl |= options[i].bit;
			return true;
		}
	return false;
}

/* The buffers are beyond the registers of the ports: for what is sent, then for the rest. */
static uint32_t buffers(void)
{
	return HBA_PORTS + hba.ports * HBA_PORT_SIZE;
}

uint32_t enclosure_end(void)
{
	return buffers() + 2 * BUFFER_SIZE;
}

/* 3.1.8 EM_LOC: where the buffers are, and how large each is */
static uint32_t location(void)
{
	return buffers() / 4 << EM_OFST_SHIFT | BUFFER_DWORDS;
}

/* A dword of one of the buffers, of which there is only the first with EM_CTL.SMB or XMT. */
static uint32_t *dword(uint32_t offset)
{
	bool both = !(em.ctl & (EM_SMB | EM_XMT));

	if (!there() || offset < buffers() || offset >= buffers() + (both ? 2 : 1) * BUFFER_SIZE)
		return NULL;
	offset -= buffers();
	return offset < BUFFER_SIZE ? &em.sent[offset / 4] :
				      &em.received[(offset - BUFFER_SIZE) / 4];
}

bool enclosure_read(uint32_t offset, uint32_t *value)
{
	uint32_t *buffer = dword(offset);

	if (buffer)
		*value = *buffer;
	else if (offset == HBA_EM_LOC && there())
		*value = location();
	else if (offset == HBA_EM_CTL && there())
		*value = em.ctl;
	else
		return false;
	return true;
}

/* 3.1.9: MR is cleared by a one, TM and RST are set by one and clear when they are done. */
static void control(uint32_t value)
{
	em.ctl &= ~(value & EM_MR);
	if (!(value & (EM_TM | EM_RST)))
		return;
	if (value & EM_RST)
		em.ctl &= ~(EM_MR | EM_TM);
	em.ctl |= value & (EM_TM | EM_RST);
	em.due = now() + BUSY_TIME;
}

void enclosure_write(uint32_t offset, uint32_t value)
{
	uint32_t *buffer = dword(offset);

	if (buffer && em.ctl & EM_TM)
		breach("EM buffer, dword %u, is written while EM_CTL.TM is set (3.1.9)",
		       (offset - buffers()) / 4);
	if (buffer)
		*buffer = value;
	else if (offset == HBA_EM_CTL && there())
		control(value);
}

/* With EM_CTL.ALHD the activity LED is the HBA's own. */
static void set_leds(uint32_t header, uint32_t dw)
{
	uint32_t kept = em.ctl & EM_ALHD ? LED_ACTIVITY : 0;
	uint16_t *led = &em.led[LED_PORT(dw)];

	if (MSG_SIZE(header) != 4)
		breach("an LED message of %u bytes (12.2.1)", MSG_SIZE(header));
	if (!(hba.pi >> LED_PORT(dw) & 1))
		breach("an LED message for port %u (12.2.1)", LED_PORT(dw));
	if (LED_PMP(dw) && !(em.ctl & EM_PM)) {
		breach("an LED message for a port multiplier, without EM_CTL.PM (12.2.1)");
		return;
	}
	/* The model's ports have no port multipliers: nobody has these LEDs. */
	if (!LED_PMP(dw))
		*led = (uint16_t)((*led & kept) | (LED_VALUE(dw) & ~kept));
}

static void transmit(void)
{
	uint32_t header = em.sent[0];

	em.messages++;
	if (!(em.ctl & EM_LED << MSG_TYPE(header)) || MSG_TYPE(header) > 3)
		breach("EM message of type %u, which EM_CTL does not have (3.1.9)",
		       MSG_TYPE(header));
	else if (!MSG_TYPE(header))
		set_leds(header, em.sent[1]);
}

/* A reset takes all back: the enclosure's LEDs are off. */
static void reset(void)
{
	memset(em.sent, 0, sizeof(em.sent));
	memset(em.received, 0, sizeof(em.received));
	memset(em.led, 0, sizeof(em.led));
}

void enclosure_run(uint64_t *next)
{
	if (!em.due)
		return;
	if (em.due > now()) {
		sooner(next, em.due);
		return;
	}
	em.due = 0;
	if (em.ctl & EM_RST)
		reset();
	else if (em.ctl & EM_TM)
		transmit();
	em.ctl &= ~(EM_TM | EM_RST);
}

/* 10.4.3: a message under way is lost; an enclosure is not reset by that. */
void enclosure_stop(void)
{
	em.ctl &= ~(EM_MR | EM_TM | EM_RST);
	em.due = 0;
}

/*
 * A message comes from the enclosure. There may be none with EM_CTL.XMT, and the one before
 * has to be read first; with a single buffer also what is being sent is in the way.
 */
bool enclosure_receive(const uint32_t *message, unsigned int dwords)
{
	uint32_t *buffer = em.ctl & EM_SMB ? em.sent : em.received;

	if (!there() || dwords > BUFFER_DWORDS || em.ctl & (EM_XMT | EM_MR) ||
	    (em.ctl & EM_SMB && em.ctl & EM_TM))
		return false;
	memcpy(buffer, message, dwords * sizeof(*message));
	em.ctl |= EM_MR;
	return true;
}

unsigned int enclosure_leds(const struct port *p)
{
	return em.led[p->nr];
}

/* What was sent last, and how many messages there were */
unsigned int enclosure_sent(const uint32_t **message)
{
	*message = em.sent;
	return em.messages;
}
