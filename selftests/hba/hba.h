/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of an AHCI HBA with its disks, for tests: QEMU's vfio-user-pci shows it to a
 * guest as a PCI device.
 *
 *   main.c      command line, the loop
 *   user.c      vfio-user: the messages of QEMU
 *   pci.c       configuration space, interrupts
 *   dma.c       the guest's memory
 *   firmware.c  what firmware does: hand-off to the OS, port enables
 *   host.c      generic host control registers
 *   port.c      port registers, link
 *   link.c      power states of the link
 *   presence.c  switches and power of hot-plug ports
 *   enclosure.c enclosure management: LEDs and other messages
 *   ccc.c       command completion coalescing
 *   pmp.c       port multiplier
 *   fbs.c       FIS-based switching
 *   list.c      command list: fetch, data, FIS, interrupt
 *   disk.c      ATA disk
 *   zones.c     its zones, if it has any
 *   limits.c    its command duration limits
 *   atapi.c     CD-ROM drive
 *   identify.c  what a device says of itself, its logs
 *   lie.c       registers and FISes that are not what they are
 *   control.c   the language of tests: configuration, and what goes wrong
 *   fuzz.c      what goes wrong by chance
 *   check.c     what a driver must not do
 *   trace.c     the last register accesses
 *
 * One process is one HBA, with one thread. Time is CLOCK_MONOTONIC in nanoseconds.
 */
#ifndef HBA_H
#define HBA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ahci.h"

#define MAX_PORTS	32
#define MAX_SLOTS	32
#define SECTOR		512u
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MS		1000000ull
/* From the end of COMRESET to PhyRdy; SATA allows 10 ms, disks take less. */
#define PHY_DELAY	(1 * MS)

/* Where a command is in its life; tests name these. */
enum stage { FREE, RUNG, FETCHED, MOVED, DONE };

/* How a command ends: as the disk says, or as a test wants it. */
struct fate {
	bool	drop;		/* no FIS ever comes */
	bool	hold;		/* waits for "release" */
	uint8_t	error;		/* ATA error register, with ERR in status; 0: none */
	uint32_t is;		/* a fatal error of the HBA's: that bit of PxIS */
	uint64_t delay;		/* ns */
};

/* A slot of the command list. */
struct cmd {
	enum stage	stage;
	uint8_t		port;
	uint8_t		slot;
	uint8_t		pm;		/* port of the port multiplier; 0 without one */
	struct disk	*disk;		/* whose command it is; NULL: the multiplier's own */
	uint8_t		cfis[64];
	uint8_t		packet[16];
	uint32_t	header[4];	/* as fetched, to see whether it is changed */
	uint64_t	header_at;
	uint64_t	table_at;
	uint32_t	table_sum;
	uint32_t	prdtl;
	uint64_t	due;
	uint64_t	ordinal;	/* of the port's commands, from 0 */
	struct fate	fate;
	/* What has been moved, and where the next byte goes. */
	uint32_t	moved;
	uint32_t	prd;
	uint32_t	prd_offset;
	bool		prd_irq;	/* a descriptor with I was used up: PxIS.DPS */
	bool		bus_error;
	bool		expired;	/* its duration limit is before it would be done */
	/* The disk's answer */
	bool		pio_in;
	uint8_t		status;
	uint8_t		error;
	uint32_t	sense;		/* sense key, code and qualifier, or zero */
	uint64_t	lba;
	uint16_t	count;
	uint16_t	block;		/* bytes of a PIO block */
};

/* A drive whose tray has a medium or none. */
struct cdrom {
	uint8_t		*media;
	uint32_t	blocks;
	bool		out;		/* the medium, in somebody's hands */
	bool		open;		/* the tray */
	bool		locked;		/* the tray, by the host */
	bool		dma;		/* offered */
	bool		dmadir;		/* DMA wants its direction in the command */
	bool		writable;
	bool		notify;		/* asynchronous notification, enabled */
	bool		notification;	/* one is due */
	uint8_t		event;		/* of the medium, until it is asked for */
	uint8_t		key;		/* sense data of the last command */
	uint16_t	asc;		/* and its qualifier, in the lower byte */
	uint32_t	bad_block;	/* and which one could not be read */
	uint16_t	attention;	/* pending UNIT ATTENTION: code and qualifier */
};

/* A zone of a host-managed disk, in sectors of 512 bytes */
struct zone {
	uint64_t	start;
	uint64_t	wp;		/* write pointer */
	uint8_t		type;
	uint8_t		cond;
};

struct disk {
	bool		present;
	bool		packet;		/* the device is a drive and no disk: */
	struct cdrom	cdrom;
	uint64_t	sectors;
	uint32_t	logical;	/* bytes of a logical sector */
	uint32_t	physical;	/* bytes of a physical sector */
	uint8_t		*media;		/* what is read */
	uint8_t		*stable;	/* what a power cut brings back, of dirty sectors */
	uint8_t		*dirty;		/* a bit for each sector */
	bool		cache;		/* volatile write cache, enabled */
	bool		sense;		/* sense data reporting, enabled */
	bool		hipm;		/* takes the host's requests for a low power state */
	uint16_t	sata;		/* Serial ATA features, as in IDENTIFY word 78 */
	uint16_t	sata_on;	/* those that are enabled, as in word 79 */
	bool		aux;		/* takes SEND, RECEIVE FPDMA QUEUED and NCQ NON-DATA */
	bool		prio;		/* knows NCQ priority */
	uint64_t	commands[2];	/* queued ones, of normal and of high priority */
	uint32_t	limits;		/* policy of the command duration limits; 0: has none */
	bool		limits_on;
	bool		success_sense;	/* sense data of successful queued commands, enabled */
	uint8_t		success_log[2 * SECTOR];
	struct zone	*zones;		/* NULL: a disk without zones */
	unsigned int	n_zones;
	uint64_t	zone_size;
	bool		ncq_error;	/* only the NCQ error log is answered */
	uint8_t		ncq_log[SECTOR];
	uint32_t	queued;		/* tags of NCQ commands that the disk has */
	uint32_t	depth;
	uint64_t	bad_lba;	/* a sector that cannot be read */
	bool		bad;
	char		serial[21];
	uint16_t	wwn;		/* the part that differs between disks */
};

enum link { LINK_DOWN, LINK_RESET, LINK_COMING, LINK_UP, LINK_LOW, LINK_WAKING };

/* What link.c remembers; the state itself is in PxSSTS.IPM. */
struct link_power {
	bool		busy;		/* there were commands when it last looked */
	unsigned int	armed;		/* transitions that were not tried since */
	uint64_t	idle_since;
	uint64_t	low_since;
	unsigned int	entered[IPM_DEVSLP + 1];
	unsigned int	woken;
	unsigned int	refused;
};

#define PM_CONTROL	15u		/* the port multiplier itself */
#define MAX_DEVICES	15u		/* behind one */

/* A device port of a port multiplier; PSCR registers (pmp.c). */
struct device_port {
	struct disk	disk;
	uint32_t	ssts;
	uint32_t	sctl;
	uint32_t	serr;
	uint64_t	link_due;
	bool		hold;		/* of commands to come */
};

struct pmp {
	unsigned int	ports;		/* 0: there is no port multiplier */
	bool		present;
	bool		aware;		/* a FIS came for the control port: no legacy mode */
	uint32_t	errors_before;	/* GSCR[32], as last notified */
	uint32_t	error_enable;	/* GSCR[33] */
	uint32_t	features;	/* GSCR[96] */
	struct device_port device[MAX_DEVICES];
};

struct port {
	uint8_t		nr;
	uint64_t	clb;
	uint64_t	fb;
	uint32_t	is;
	uint32_t	ie;
	uint32_t	cmd;
	uint32_t	tfd;
	uint32_t	sig;
	uint32_t	ssts;
	uint32_t	sctl;
	uint32_t	serr;
	uint32_t	sact;
	uint32_t	ci;
	uint32_t	sntf;
	uint32_t	rung;		/* in CI, and not fetched yet */
	uint8_t		target[MAX_SLOTS]; /* of those rung: port of the multiplier */
	uint8_t		last;		/* slot that was fetched last */
	bool		halted;		/* by a fatal error, until ST is cleared */
	uint16_t	srst;		/* devices that are held in software reset */
	uint16_t	orphans;	/* those whose commands ST was cleared under: reset first */
	uint8_t		asked;		/* without FBS: the device of the last command */
	uint32_t	fbs;
	uint32_t	device_tfd[16];	/* with FBS; PxTFD is that of PxFBS.DEV */
	uint16_t	failed;		/* with FBS: devices with errors that DEC has to clear */
	bool		lied;		/* about SACT or CI: what it says is no promise */
	bool		cmd_lied;	/* about PxCMD, when it was read last */
	bool		d2h_waits;	/* the first FIS, until FRE is set */
	bool		ack_due;	/* IS was read with this bit, and PxIS not written since */
	uint32_t	pending;	/* enabled causes that an interrupt was raised for */
	uint32_t	devslp;
	bool		open;		/* the mechanical presence switch */
	enum link	link;
	uint64_t	link_due;
	struct link_power power;
	struct cmd	slot[MAX_SLOTS];
	uint64_t	ordinal;
	struct disk	disk;
	struct pmp	pmp;
	struct fate	fate;		/* of the commands to come */
	bool		garbage;	/* FISes arrive as noise */
	uint64_t	garbled;	/* bytes of them so far */
	uint32_t	stuck;		/* PxCMD bits that do not clear: CR, FR */
	uint64_t	phy_delay;
};

/* What becomes of a request to leave the HBA to the OS */
enum bios { BIOS_AT_ONCE, BIOS_LATER, BIOS_BUSY, BIOS_DEAD };

struct hba {
	/* configuration */
	unsigned int	ports;
	unsigned int	msi;
	unsigned int	msix;
	bool		intx;
	bool		one_by_one;	/* of several bits of PxCI only the lowest counts */
	uint32_t	cap;
	uint32_t	cap2;
	uint32_t	pi;
	bool		pi_empty;	/* PI reads zero all the same, as before AHCI 1.3 */
	uint32_t	vs;
	uint16_t	vendor;
	uint16_t	device;
	uint32_t	class;
	enum bios	bios;
	bool		has_enables;	/* ports have to be enabled in config space */
	uint16_t	enables;	/* those that are so after a reset */
	uint64_t	seed;
	uint64_t	delay_min;
	uint64_t	delay_max;
	/* registers */
	uint32_t	ghc;
	uint32_t	is;
	uint32_t	bohc;
	uint64_t	bios_due;	/* when it does something about that */
	struct port	port[MAX_PORTS];
	uint64_t	reset_due;
	/* what a test does to all of it */
	bool		ones;		/* gone: registers read ones, and nothing is done */
	bool		excused;	/* what the driver does now comes of a lie */
	bool		mute;		/* causes without interrupts */
	uint64_t	mute_until;	/* by chance, until then */
	bool		fuzz;		/* misbehaves by chance */
	bool		stuck_reset;
	uint64_t	reads;
	uint64_t	writes;
	unsigned int	d3;		/* how often it was put into D3hot */
	unsigned int	resets;		/* by GHC.HR */
};

extern struct hba hba;

/* A number that depends on nothing else: splitmix64's finalizer over all three. */
static inline uint64_t hash(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t z = a + 0x9e3779b97f4a7c15 * (b * 0x100000001b3 + c + 1);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* The ports that are implemented: struct port *p = NULL; while (next_port(&p)) */
static inline bool next_port(struct port **p)
{
	struct port *next = *p ? *p + 1 : hba.port;

	while (next < hba.port + hba.ports && !(hba.pi >> next->nr & 1))
		next++;
	*p = next;
	return next < hba.port + hba.ports;
}

/* main.c */
uint64_t now(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* due WHEN: the loop comes back by then. Zero is never. */
static inline void sooner(uint64_t *next, uint64_t due)
{
	if (due && (!*next || due < *next))
		*next = due;
}

/* user.c */
int socket_listen(const char *path);
void user_listen(const char *path);
int user_fd(void);
void user_ready(void);

/* pci.c */
enum irq_index { IRQ_INTX, IRQ_MSI, IRQ_MSIX, IRQ_ERR, IRQ_REQ, IRQ_INDEXES };
#define MAX_VECTORS	64
#define CONFIG_SIZE	256
#define BAR_REGISTERS	5
#define BAR_MSIX	4
#define BAR_MSIX_SIZE	0x1000
extern uint8_t config[CONFIG_SIZE];
extern uint8_t msix_table[BAR_MSIX_SIZE];
void pci_init(void);
void pci_disconnect(void);
void pci_write(uint32_t offset, const uint8_t *data, uint32_t n);
uint16_t pci_enables(void);
void pci_reset_enables(void);
bool pci_asleep(void);
unsigned int irq_count(enum irq_index index);
int irq_set_fd(enum irq_index index, unsigned int vector, int fd);
void irq_trigger(enum irq_index index, unsigned int vector);
void irq_mask(bool masked);
void irq_send(unsigned int port);
void irq_port(unsigned int port);
void irq_level(void);
uint64_t irqs(unsigned int vector);
bool irq_single(void);

/* dma.c */
int dma_map(uint64_t iova, uint64_t size, uint64_t offset, int prot, int fd);
void dma_unmap(uint64_t iova, uint64_t size);
void dma_unmap_all(void);
int dma_read(uint64_t iova, void *buf, uint64_t n);
int dma_write(uint64_t iova, const void *buf, uint64_t n);

/* host.c */
uint32_t registers_size(void);
uint32_t register_read(uint32_t offset);
void register_write(uint32_t offset, uint32_t value);
void hba_reset(void);
void hba_run(uint64_t *next);
void hba_event(struct port *p, uint32_t bits);
void hba_interrupt(struct port *p);
void hba_interrupt_again(void);
void hba_signal(unsigned int nr);

/* firmware.c */
bool bios_option(const char *word);
void bios_init(void);
void bios_write(uint32_t value);
void bios_run(uint64_t *next);
bool enabled(const struct port *p);
void enables_changed(uint16_t before);

/* port.c */
uint32_t port_read(struct port *p, uint32_t offset);
void port_write(struct port *p, uint32_t offset, uint32_t value);
void port_reset(struct port *p);
void port_run(struct port *p, uint64_t *next);
void port_plug(struct port *p);
void port_unplug(struct port *p);
void port_enable(struct port *p);
void port_fatal(struct port *p, uint32_t bits);
void port_signature(struct port *p, unsigned int pm);
bool port_fis(struct port *p, uint32_t offset, const void *fis, size_t n);
uint32_t link_speed(uint32_t sctl);
void port_lost(struct port *p);
bool port_device(const struct port *p);

/* link.c */
void link_idle(struct port *p);
void link_icc(struct port *p, uint32_t to);
void link_wake(struct port *p);
void link_awake(struct port *p);
void link_run(struct port *p);
void link_rest(struct port *p, uint64_t *next);
uint32_t link_state(const struct port *p);

/* presence.c */
bool presence_option(struct port *p, const char *word);
uint32_t presence_status(const struct port *p);
uint32_t presence_causes(const struct port *p);
void presence_changed(struct port *p);
void presence_switch(struct port *p, bool open);

/* enclosure.c */
#define LED_ACTIVITY	0x007u	/* 12.2.1, three bits for each LED */
#define LED_LOCATE	0x038u
#define LED_FAULT	0x1c0u
bool enclosure_option(const char *word);
uint32_t enclosure_end(void);
bool enclosure_read(uint32_t offset, uint32_t *value);
void enclosure_write(uint32_t offset, uint32_t value);
void enclosure_run(uint64_t *next);
void enclosure_stop(void);
bool enclosure_receive(const uint32_t *message, unsigned int dwords);
unsigned int enclosure_leds(const struct port *p);
unsigned int enclosure_sent(const uint32_t **message);

/* ccc.c */
void ccc_reset(void);
bool ccc_read(uint32_t offset, uint32_t *value);
void ccc_write(uint32_t offset, uint32_t value);
void ccc_complete(const struct port *p, unsigned int commands);
void ccc_run(uint64_t *next);

/* list.c */
void list_ring(struct port *p, uint32_t value);
void list_stop(struct port *p);
void list_run(struct port *p, uint64_t *next);
void list_complete(struct port *p, uint32_t slots);
void list_forget(struct port *p, unsigned int pm);
void list_flush(struct port *p, unsigned int pm);
unsigned int header_pm(const struct port *p, unsigned int slot);
int cmd_move(struct cmd *c, void *buf, uint32_t n, bool to_host);
void sdb_fis(struct port *p, unsigned int pm, uint8_t status, uint8_t error, uint32_t tags);
void pio_setup_fis(struct port *p, const struct cmd *c, uint8_t flags, uint8_t e_status);

/* pmp.c */
bool pmp_ready(const struct port *p, unsigned int pm);
bool pmp_blocked(const struct port *p, unsigned int pm);
struct disk *pmp_disk(struct port *p, unsigned int pm);
void pmp_reset(struct port *p);
void pmp_up(struct port *p);
void pmp_run(struct port *p, uint64_t *next);
void pmp_plug(struct port *p, unsigned int pm);
void pmp_unplug(struct port *p, unsigned int pm);
void pmp_execute(struct port *p, struct cmd *c);

/* fbs.c */
bool fbs_capable(void);
uint32_t fbs_read(const struct port *p);
void fbs_write(struct port *p, uint32_t value);
void fbs_stop(struct port *p);
void device_fatal(struct port *p, unsigned int pm, uint32_t bits);

static inline bool fbs(const struct port *p)
{
	return p->fbs & FBS_EN;
}

/* The task file of a device: with FBS each has its own. */
static inline uint32_t *task_file(struct port *p, unsigned int pm)
{
	return fbs(p) ? &p->device_tfd[pm] : &p->tfd;
}

/* disk.c */
/* Features of Serial ATA, as IDENTIFY words 78 and 79 have them */
enum { SATA_DIPM = BIT(3), SATA_SSP = BIT(6), SATA_DEVSLP = BIT(8) };
#define DEVSLP_MS_DETO	30	/* of the model's disks */
#define DEVSLP_MS_MDAT	5
enum { ERR_ABRT = 0x04, ERR_IDNF = 0x10, ERR_UNC = 0x40, ERR_ICRC = 0x80 };
bool cmd_queued(const struct cmd *c);
bool cmd_urgent(const struct cmd *c);
uint8_t *disk_memory(uint64_t bytes, const char *file);
void disk_create(struct disk *d, uint64_t bytes, const char *file);
void disk_execute(struct cmd *c);
void disk_reset(struct disk *d);
void disk_defaults(struct disk *d);
void disk_erase(struct disk *d, uint64_t lba, uint64_t n);
uint64_t disk_power_cut(struct disk *d, uint64_t salt, unsigned int percent);
uint64_t cmd_lba(const struct cmd *c);

/* zones.c */
void zones_create(struct disk *d, uint64_t bytes, unsigned int conventional);
bool zones_write(struct disk *d, struct cmd *c, uint64_t lba, uint64_t n);
void zones_lost(struct disk *d, uint64_t lba);
void zones_power_on(struct disk *d);
bool zones_report(struct disk *d, struct cmd *c, unsigned int options, unsigned int pages);
bool zones_manage(struct disk *d, struct cmd *c, unsigned int action, bool all);

/* limits.c */
uint64_t limit_of(const struct cmd *c);
void limit_expired(struct cmd *c);
void limit_remember(const struct cmd *c);
bool limits_log(const struct disk *d, uint8_t *buf);
bool success_log(const struct disk *d, uint16_t page, uint8_t *buf);
bool limits_policy(struct disk *d, uint64_t policy);

/* atapi.c */
#define CMD_PACKET	0xa0
void atapi_medium(struct cdrom *cd, uint64_t bytes, const char *file, uint64_t first);
bool atapi_eject(struct port *p);
bool atapi_insert(struct port *p);
void atapi_notify(struct port *p);
void atapi_reset(struct cdrom *cd);
void atapi_execute(struct port *p, struct cmd *c);
void atapi_failed(struct cdrom *cd, uint8_t error);
uint32_t atapi_lba(const struct cmd *c);

/* identify.c */
void identify(const struct disk *d, uint16_t *w);
void identify_packet(const struct port *p, uint16_t *w);
bool log_page(struct disk *d, uint8_t log, uint16_t page, uint8_t *buf);

/* lie.c */
#define MAX_LIES	8
bool lie_add(uint32_t offset, uint32_t and, uint32_t or, uint32_t left);
void lie_end(void);
void lie_list(char *text, size_t n);
uint32_t lie_read(struct port *p, uint32_t offset, uint32_t value);
void lie_written(uint32_t offset, uint32_t value);
void lie_fis(struct port *p, uint8_t *fis, size_t n);

/* control.c */
const char *control_line(char *line);
void control_listen(const char *path);
int control_fd(void);
void control_ready(void);
void control_event(const char *event, struct port *p, struct cmd *c);

/* fuzz.c */
void fuzz_fetched(struct port *p, struct cmd *c);
void fuzz_done(struct port *p, struct cmd *c);
void fuzz_run(uint64_t *next);
void fuzz_count(char *text, size_t n);

/* check.c */
void breach(const char *format, ...) __attribute__((format(printf, 1, 2)));
void check_doorbell(struct port *p, uint32_t value);
void check_devices(struct port *p, uint32_t value);
void check_fbs(struct port *p, uint32_t value);
void check_active(struct port *p, uint32_t value);
void check_fetched(struct port *p, struct cmd *c);
void check_unchanged(struct cmd *c);
void check_moving(struct port *p, uint32_t offset, uint32_t value);
void check_start(struct port *p);
void check_devslp(struct port *p, uint32_t value);
void check_acknowledge(uint32_t value);
unsigned int breaches(char *first, size_t n);

/* trace.c */
void trace(bool write, uint32_t offset, uint32_t value);
void trace_to(const char *path);
void trace_on(bool on);
void trace_note(const char *line);
void trace_dump(void);

#endif
