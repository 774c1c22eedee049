// SPDX-License-Identifier: GPL-2.0
/*
 * vfio-user, the protocol by which QEMU has a device in another process (QEMU,
 * docs/interop/vfio-user.rst). QEMU is the client; it maps the guest's memory here, and
 * BARs and configuration space are read and written by messages. A write may want no
 * reply: then it is posted, as on PCI, and any read behind it comes after it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hba.h"

enum {
	VERSION		= 1,
	DMA_MAP		= 2,
	DMA_UNMAP	= 3,
	DEVICE_INFO	= 4,
	REGION_INFO	= 5,
	IRQ_INFO	= 7,
	SET_IRQS	= 8,
	REGION_READ	= 9,
	REGION_WRITE	= 10,
	DEVICE_RESET	= 13,
};

#define REGIONS		9
#define REGION_CONFIG	7
#define FLAG_REPLY	0x01u
#define FLAG_NO_REPLY	0x10u
#define FLAG_ERROR	0x20u
#define MAX_FDS		16
#define MAX_ACCESS	512

/* linux/vfio.h */
#define DEVICE_IS_PCI	BIT(1)
#define DEVICE_CAN_RESET BIT(0)
#define REGION_RW	3u
#define IRQ_EVENTFD	BIT(0)
#define IRQ_MASKABLE	BIT(1)
#define IRQ_AUTOMASKED	BIT(2)
#define IRQ_NORESIZE	BIT(3)
#define SET_DATA_NONE	BIT(0)
#define SET_DATA_FD	BIT(2)
#define SET_MASK	BIT(3)
#define SET_UNMASK	BIT(4)
#define SET_TRIGGER	BIT(5)

struct message {
	uint16_t	id;
	uint16_t	command;
	uint32_t	size;
	uint32_t	flags;
	uint32_t	error;
};

/* A message from QEMU, with what it has brought. */
struct request {
	struct message	head;
	uint32_t	n;			/* of the body */
	int		fds[MAX_FDS];
	unsigned int	nfds;
	union {
		uint8_t		byte[4096];
		uint32_t	word[1024];
	} body;
};

static int listener = -1, client = -1;

int socket_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		fail("the path of a socket is too long: %s", path);
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		fail("cannot listen on %s: %s", path, strerror(errno));
	return fd;
}

void user_listen(const char *path)
{
	listener = socket_listen(path);
}

int user_fd(void)
{
	return client >= 0 ? client : listener;
}

static int read_all(void *buf, size_t n)
{
	uint8_t *p = buf;
	ssize_t got;

	for (; n; n -= (size_t)got, p += got) {
		got = recv(client, p, n, 0);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			return -1;
	}
	return 0;
}

/* File descriptors come along with the head. */
static int receive(struct request *r)
{
	struct iovec part = { &r->head, sizeof(r->head) };
	union {
		char		bytes[CMSG_SPACE(MAX_FDS * sizeof(int))];
		struct cmsghdr	align;
	} control;
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(client, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;

	r->nfds = 0;
	if (got <= 0)
		return -1;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_type == SCM_RIGHTS) {
			r->nfds = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(r->fds, CMSG_DATA(c), r->nfds * sizeof(int));
		}
	if (read_all((uint8_t *)&r->head + got, sizeof(r->head) - (size_t)got))
		return -1;
	r->n = r->head.size - (uint32_t)sizeof(r->head);
	if (r->head.size < sizeof(r->head) || r->n > sizeof(r->body))
		return -1;
	memset(&r->body, 0, 64);
	return read_all(&r->body, r->n);
}

/* A message that wants no reply must not get one: QEMU would take it for another's. */
static int reply(const struct request *r, int error, const void *body, uint32_t n)
{
	struct message head = { r->head.id, r->head.command, 0, FLAG_REPLY, (uint32_t)error };
	uint8_t buf[sizeof(head) + 64 + MAX_ACCESS];

	if (r->head.flags & FLAG_NO_REPLY)
		return 0;
	if (error) {
		head.flags |= FLAG_ERROR;
		n = 0;
	}
	head.size = (uint32_t)sizeof(head) + n;
	memcpy(buf, &head, sizeof(head));
	if (n)
		memcpy(buf + sizeof(head), body, n);
	return send(client, buf, head.size, MSG_NOSIGNAL) == (ssize_t)head.size ? 0 : -1;
}

static int version(const struct request *r)
{
	static const char can[] = "{\"capabilities\":{\"max_msg_fds\":16,\"max_dma_maps\":65535}}";
	uint8_t buf[4 + sizeof(can)];

	memcpy(buf, r->body.byte, 4);
	memcpy(buf + 4, can, sizeof(can));
	return reply(r, 0, buf, sizeof(buf));
}

/* { argsz, flags, offset, address, size } */
static int map(const struct request *r)
{
	uint64_t v[3];
	int prot = (r->body.word[1] & 1 ? PROT_READ : 0) | (r->body.word[1] & 2 ? PROT_WRITE : 0);

	memcpy(v, r->body.byte + 8, sizeof(v));
	return reply(r, -dma_map(v[1], v[2], v[0], prot, r->nfds ? r->fds[0] : -1), NULL, 0);
}

/* { argsz, flags, address, size }; flag 2: everything */
static int unmap(const struct request *r)
{
	uint64_t v[2];

	memcpy(v, r->body.byte + 8, sizeof(v));
	if (r->body.word[1] & 2)
		dma_unmap_all();
	else
		dma_unmap(v[0], v[1]);
	return reply(r, 0, r->body.byte, r->n);
}

static int device_info(const struct request *r)
{
	uint32_t v[4] = { 16, DEVICE_IS_PCI | DEVICE_CAN_RESET, REGIONS, IRQ_INDEXES };

	return reply(r, 0, v, sizeof(v));
}

static int region_info(const struct request *r)
{
	uint32_t region = r->body.word[2], size = 0;
	uint32_t v[8] = { 32, 0, region };

	if (region == BAR_REGISTERS)
		size = registers_size();
	else if (region == BAR_MSIX && hba.msix)
		size = BAR_MSIX_SIZE;
	else if (region == REGION_CONFIG)
		size = CONFIG_SIZE;
	v[1] = size ? REGION_RW : 0;
	v[4] = size;
	return reply(r, 0, v, sizeof(v));
}

static int irq_info(const struct request *r)
{
	uint32_t index = r->body.word[2], flags = IRQ_EVENTFD | IRQ_NORESIZE, n = 0;
	uint32_t v[4] = { 16, 0, index };

	switch (index) {
	case IRQ_INTX:
		flags = IRQ_EVENTFD | IRQ_MASKABLE | IRQ_AUTOMASKED;
		n = hba.intx;
		break;
	case IRQ_MSI:
		n = hba.msi;
		break;
	case IRQ_MSIX:
		n = hba.msix;
		break;
	case IRQ_ERR:
	case IRQ_REQ:
		n = 1;
		break;
	}
	v[1] = n ? flags : 0;
	v[3] = n;
	return reply(r, 0, v, sizeof(v));
}

/* { argsz, flags, index, start, count }, and eventfds, in chunks of MAX_FDS */
static int set_irqs(struct request *r)
{
	uint32_t flags = r->body.word[1], index = r->body.word[2];
	uint32_t start = r->body.word[3], count = r->body.word[4], i;

	if (index >= IRQ_INDEXES || start > MAX_VECTORS || count > MAX_VECTORS - start ||
	    r->nfds > count)
		return reply(r, EINVAL, NULL, 0);
	if (flags & SET_TRIGGER && flags & SET_DATA_FD) {
		for (i = 0; i < count; i++)
			irq_set_fd(index, start + i, i < r->nfds ? r->fds[i] : -1);
		r->nfds = 0;
		if (index == IRQ_INTX)
			irq_mask(false);
	} else if (flags & SET_TRIGGER && flags & SET_DATA_NONE && !count) {
		for (i = 0; i < MAX_VECTORS; i++)
			irq_set_fd(index, i, -1);
	} else if (index == IRQ_INTX && flags & (SET_MASK | SET_UNMASK)) {
		irq_mask(flags & SET_MASK);
	}
	/* MSI-X vectors go and come back one by one: a cause meanwhile is not lost. */
	hba_interrupt_again();
	return reply(r, 0, NULL, 0);
}

/* Registers are dwords (AHCI 3); a larger or unaligned access is split. */
static void read_registers(uint64_t offset, uint8_t *to, uint32_t n)
{
	uint32_t value, piece;

	for (; n; n -= piece, offset += piece, to += piece) {
		piece = 4 - (uint32_t)(offset & 3);
		if (piece > n)
			piece = n;
		value = register_read((uint32_t)offset & ~3u) >> (8 * (offset & 3));
		memcpy(to, &value, piece);
	}
}

static void write_registers(uint64_t offset, const uint8_t *from, uint32_t n)
{
	uint32_t value;

	if (n % 4 || offset % 4) {
		breach("%u bytes are written to register %llx (3)", n, (unsigned long long)offset);
		return;
	}
	for (; n; n -= 4, offset += 4, from += 4) {
		memcpy(&value, from, 4);
		register_write((uint32_t)offset, value);
	}
}

/* { offset, region, count }, then the data */
static int region_read(const struct request *r)
{
	uint32_t region = r->body.word[2], n = r->body.word[3];
	uint8_t buf[16 + MAX_ACCESS] = { 0 };
	uint64_t offset;

	memcpy(&offset, r->body.byte, 8);
	if (n > MAX_ACCESS || offset > registers_size())
		return reply(r, EINVAL, NULL, 0);
	memcpy(buf, r->body.byte, 16);
	if (region == BAR_REGISTERS)
		read_registers(offset, buf + 16, n);
	else if (region == REGION_CONFIG && offset + n <= CONFIG_SIZE)
		memcpy(buf + 16, config + offset, n);
	else if (region == BAR_MSIX && offset + n <= BAR_MSIX_SIZE)
		memcpy(buf + 16, msix_table + offset, n);
	return reply(r, 0, buf, 16 + n);
}

static int region_write(struct request *r)
{
	uint32_t region = r->body.word[2], n = r->body.word[3];
	uint64_t offset;

	memcpy(&offset, r->body.byte, 8);
	if (n > MAX_ACCESS || n + 16 > r->n || offset > registers_size())
		return reply(r, EINVAL, NULL, 0);
	if (region == BAR_REGISTERS)
		write_registers(offset, r->body.byte + 16, n);
	else if (region == REGION_CONFIG)
		pci_write((uint32_t)offset, r->body.byte + 16, n);
	else if (region == BAR_MSIX && offset + n <= BAR_MSIX_SIZE)
		memcpy(msix_table + offset, r->body.byte + 16, n);
	return reply(r, 0, r->body.byte, 16);
}

static int handle(struct request *r)
{
	switch (r->head.command) {
	case VERSION:
		return version(r);
	case DMA_MAP:
		return map(r);
	case DMA_UNMAP:
		return unmap(r);
	case DEVICE_INFO:
		return device_info(r);
	case REGION_INFO:
		return region_info(r);
	case IRQ_INFO:
		return irq_info(r);
	case SET_IRQS:
		return set_irqs(r);
	case REGION_READ:
		return region_read(r);
	case REGION_WRITE:
		return region_write(r);
	case DEVICE_RESET:
		hba_reset();
		return reply(r, 0, NULL, 0);
	}
	return reply(r, EINVAL, NULL, 0);
}

/* QEMU is gone, and with it power. Disks keep what they have. */
static void disconnect(void)
{
	close(client);
	client = -1;
	dma_unmap_all();
	pci_disconnect();
	hba_reset();
}

void user_ready(void)
{
	static struct request r;

	if (client < 0) {
		client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		return;
	}
	if (receive(&r) || handle(&r)) {
		disconnect();
		r.nfds = 0;
	}
	while (r.nfds)
		close(r.fds[--r.nfds]);
}
