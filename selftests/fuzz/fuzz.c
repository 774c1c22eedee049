// SPDX-License-Identifier: GPL-2.0
/*
 * In a guest: do to a disk what a seed says, and tell in detail how it answered.
 *
 * The host asks over a virtio-serial port, one line each:
 *
 *	run DISK SEED OPS	do some of the operations of a seed, such as 0-99,340
 *	counters		the sums of the driver's counters
 *	end
 *
 * Each answer is a line "DISK LENGTH" and so many bytes: one line for each
 * operation, and as the last one what was done. An operation depends on the seed
 * and its number alone, so that it stays what it is when others are left out. Runs
 * on different disks go on at the same time.
 *
 * Nothing is generated that changes a drive for good. What QEMU's disk refuses
 * costs a pass of error handling, after too many of which libata switches NCQ off,
 * so only the last disk gets such commands.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <scsi/sg.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECTOR		512
#define MAX_DISKS	10
#define ARENA		(8 << 20)
#define MAX_SECTORS	1344	/* what AHCI drivers take at once */
#define MAX_PIECES	180	/* more than fit one command */
#define ISLAND		4096	/* sectors; all that is written is on islands */
#define MAX_BATCH	32
#define TIMEOUT_MS	30000

#ifndef RWF_DSYNC
#define RWF_DSYNC 0x00000002
#endif

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

typedef unsigned char u8;
typedef unsigned long long u64;

static const char *disks[MAX_DISKS];
static unsigned int nr_disks;
static int port;

/* The disk of this process, and what it has to tell. */
static int disk_fd, sg_fd;
static const char *disk_name;
static u64 capacity;
static int hostile;
static u8 *arena;
static FILE *record;
static char operation[16];
static unsigned long nr_block, nr_sg;

static void die(const char *what)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Chance ------------------------------------------------------------------- */

struct chance {
	u64 state;
};

/* splitmix64 */
static u64 draw(struct chance *c)
{
	u64 x = c->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static unsigned int below(struct chance *c, unsigned int n)
{
	return draw(c) % n;
}

static int percent(struct chance *c, unsigned int n)
{
	return below(c, 100) < n;
}

/* Mostly small, since what counts is the number of commands. */
static unsigned int any_size(struct chance *c)
{
	unsigned int p = below(c, 100);

	return 1 + below(c, p < 80 ? 8 : p < 97 ? 64 : MAX_SECTORS);
}

/*
 * Islands lie where an address takes another byte of the taskfile, and at the
 * end of the disk.
 */
static u64 any_island(struct chance *c)
{
	switch (below(c, 4)) {
	case 0: return 0;
	case 1: return (1ULL << 28) - ISLAND / 2;
	case 2: return (1ULL << 32) - ISLAND / 2;
	default: return capacity - ISLAND;
	}
}

static u64 any_place(struct chance *c, unsigned int sectors)
{
	return any_island(c) + below(c, ISLAND - sectors + 1);
}

/* Memory ------------------------------------------------------------------- */

/* Pieces of memory, their gaps included, at the arena's begin. */
struct layout {
	struct iovec iov[MAX_PIECES];
	unsigned int pieces;
	size_t span;
};

static void fill(u8 *p, size_t length, u64 x)
{
	for (; length >= sizeof(x); p += sizeof(x), length -= sizeof(x)) {
		memcpy(p, &x, sizeof(x));
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	}
	memcpy(p, &x, length);
}

static u64 hash(const u8 *p, size_t length)
{
	u64 h = length, x = 0;

	for (; length >= sizeof(x); p += sizeof(x), length -= sizeof(x)) {
		memcpy(&x, p, sizeof(x));
		h = (h ^ x) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	x = 0;
	memcpy(&x, p, length);
	return (h ^ x) * 0x9e3779b97f4a7c15ULL;
}

/*
 * Cut a buffer of @length bytes in up to @max pieces, each a multiple of @unit and
 * aligned to it, and fill it and what lies between with data of this operation.
 */
static void lay_out(struct chance *c, struct layout *l, size_t length,
		    unsigned int unit, unsigned int max)
{
	size_t units = length / unit, at = below(c, 8) * unit;
	unsigned int i;

	l->pieces = max > 1 && units > 1 ?
		1 + below(c, max < units ? max : units) : 1;
	for (i = 0; i < l->pieces; i++) {
		size_t n = units, left = l->pieces - 1 - i;

		if (left)
			n = 1 + below(c, 1 + (units - left) * 2 / (left + 1));
		if (n > units - left)
			n = units - left;
		l->iov[i].iov_base = arena + at;
		l->iov[i].iov_len = n * unit + (left ? 0 : length % unit);
		at += l->iov[i].iov_len + (percent(c, 50) ? below(c, 8) * unit : 0);
		units -= n;
	}
	l->span = at + 64;
	if (l->span > ARENA)
		die("arena");
	fill(arena, l->span, draw(c));
}

/* The block layer's requests ------------------------------------------------ */

/* As for ioprio_set(): class and level. */
static int any_priority(struct chance *c)
{
	return percent(c, 80) ? 0 : (1 + below(c, 3)) << 13 | below(c, 8);
}

static void one_request(struct chance *c, const char *name)
{
	unsigned int sectors = any_size(c);
	u64 offset = any_place(c, sectors) * SECTOR;
	int write = percent(c, 50), dsync = percent(c, 5), prio = any_priority(c);
	struct layout l;
	ssize_t rc;

	if (percent(c, 1))	/* beyond the end */
		offset = (capacity - below(c, sectors)) * SECTOR;
	if (percent(c, 1))
		offset += 1 + below(c, SECTOR - 1);
	lay_out(c, &l, sectors * SECTOR, SECTOR,
		percent(c, 50) ? 1 : percent(c, 90) ? 8 : MAX_PIECES);
	syscall(SYS_ioprio_set, 1, 0, prio);
	errno = 0;
	if (write)
		rc = pwritev2(disk_fd, l.iov, l.pieces, offset, dsync ? RWF_DSYNC : 0);
	else
		rc = preadv(disk_fd, l.iov, l.pieces, offset);
	fprintf(record, "%s %s%s %llu+%u pieces=%u prio=%x = %zd errno=%d data=%llx\n", name,
		write ? "write" : "read", dsync ? "-dsync" : "", offset / SECTOR, sectors,
		l.pieces, prio, rc, errno, hash(arena, l.span));
	syscall(SYS_ioprio_set, 1, 0, 0);
	nr_block++;
}

static void block_io(struct chance *c)
{
	one_request(c, "io");
}

static void set_attribute(const char *attribute, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/block/%s/%s", disk_name, attribute);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

/* Without NCQ for a moment: sysfs switches it off and on. */
static void block_io_unqueued(struct chance *c)
{
	set_attribute("device/queue_depth", "1");
	one_request(c, "unqueued");
	set_attribute("device/queue_depth", "32");
}

/* All of them, up to so many at a time. */
static void submit_aio(struct iocb *cb, unsigned int n, unsigned int depth, long long *result)
{
	struct io_event events[MAX_BATCH];
	struct iocb *cbs[MAX_BATCH];
	aio_context_t ctx = 0;
	unsigned int i, sent = 0, got = 0;

	for (i = 0; i < n; i++)
		cbs[i] = &cb[i];
	if (syscall(SYS_io_setup, n, &ctx))
		die("io_setup");
	while (got < n) {
		unsigned int some = depth < n - sent ? depth : n - sent;
		/* What is left of an io_uring may have cut the wait short. */
		long more = sent > got ? 0 : syscall(SYS_io_submit, ctx, some, cbs + sent);

		if (more < 0)
			die("io_submit");
		sent += more;
		more = syscall(SYS_io_getevents, ctx, sent - got, sent - got, events, NULL);
		if (more < 0 && errno != EINTR)
			die("io_getevents");
		for (i = 0; more > 0 && i < more; i++)
			result[events[i].data] = events[i].res;
		got += more > 0 ? more : 0;
	}
	syscall(SYS_io_destroy, ctx);
}

static void describe(struct io_uring_sqe *sqe, const struct iocb *cb, int fixed)
{
	int write = cb->aio_lio_opcode == IOCB_CMD_PWRITE;

	memset(sqe, 0, sizeof(*sqe));
	if (fixed)
		sqe->opcode = write ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;
	else
		sqe->opcode = write ? IORING_OP_WRITE : IORING_OP_READ;
	sqe->fd = cb->aio_fildes;
	sqe->addr = cb->aio_buf;
	sqe->len = cb->aio_nbytes;
	sqe->off = cb->aio_offset;
	sqe->ioprio = cb->aio_reqprio;
	sqe->rw_flags = cb->aio_rw_flags;
	sqe->user_data = cb->aio_data;
}

static void ring(const struct iocb *cb, unsigned int n, unsigned int depth, int fixed,
		 long long *result)
{
	const struct iovec all = { arena, ARENA };
	struct io_uring_params p = {};
	int fd = syscall(SYS_io_uring_setup, n, &p), rw = PROT_READ | PROT_WRITE;
	size_t sq = p.sq_off.array + p.sq_entries * sizeof(unsigned int);
	size_t cq = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	size_t size = sq > cq ? sq : cq;
	unsigned int i, got = 0, *array, *tail, *head, *done;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	u8 *rings;

	if (fd < 0 || !(p.features & IORING_FEAT_SINGLE_MMAP))
		die("io_uring_setup");
	rings = mmap(NULL, size, rw, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, p.sq_entries * sizeof(*sqes), rw, MAP_SHARED, fd, IORING_OFF_SQES);
	if (rings == MAP_FAILED || sqes == MAP_FAILED)
		die("mmap");
	if (fixed && syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &all, 1))
		die("io_uring_register");
	array = (void *)(rings + p.sq_off.array);
	tail = (void *)(rings + p.sq_off.tail);
	head = (void *)(rings + p.cq_off.head);
	done = (void *)(rings + p.cq_off.tail);
	cqes = (void *)(rings + p.cq_off.cqes);

	while (got < n) {
		unsigned int some = depth < n - got ? depth : n - got;

		for (i = got; i < got + some; i++) {
			describe(&sqes[i], &cb[i], fixed);
			array[i] = i;	/* each index is used once */
		}
		__atomic_store_n(tail, got + some, __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, fd, some, some, IORING_ENTER_GETEVENTS, NULL, 0) !=
		    some)
			die("io_uring_enter");
		while (__atomic_load_n(done, __ATOMIC_ACQUIRE) < got + some)
			syscall(SYS_io_uring_enter, fd, 0, some, IORING_ENTER_GETEVENTS, NULL, 0);
		for (i = got; i < got + some; i++)
			result[cqes[i].user_data] = cqes[i].res;
		__atomic_store_n(head, got + some, __ATOMIC_RELEASE);
		got += some;
	}
}

/*
 * The same by io_uring, with the buffers registered or not. In a process of its own:
 * what a ring leaves to do behind would interrupt a later SG_IO by sg, which is then
 * sent twice.
 */
static void submit_ring(const struct iocb *cb, unsigned int n, unsigned int depth, int fixed,
			long long *result)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ring(cb, n, depth, fixed, (long long *)(arena + ARENA));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("io_uring's process");
	memcpy(result, arena + ARENA, n * sizeof(*result));
}

/*
 * Several at once, each in its own stretch of an island, since which of two that
 * overlap comes first is nobody's business.
 */
static void block_batch(struct chance *c)
{
	const unsigned int stretch = ISLAND / MAX_BATCH;
	unsigned int n = 2 + below(c, MAX_BATCH - 1), first = below(c, MAX_BATCH - n + 1), i;
	unsigned int depth = getenv("FUZZ_DEPTH") ? 1 : n;
	int by_ring = percent(c, 50), fixed = percent(c, 50);
	struct iocb cb[MAX_BATCH] = {};
	long long result[MAX_BATCH];
	u64 island = any_island(c);
	size_t span = 0;

	for (i = 0; i < n; i++) {
		/* whole stretches one after the other are merged */
		unsigned int size = percent(c, 30) ? stretch : 1 + below(c, 16);
		unsigned int at = (first + i) * stretch + below(c, stretch - size + 1);

		cb[i].aio_data = i;
		cb[i].aio_fildes = disk_fd;
		cb[i].aio_lio_opcode = percent(c, 50) ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE;
		cb[i].aio_buf = (unsigned long)(arena + span);
		cb[i].aio_nbytes = size * SECTOR;
		cb[i].aio_offset = (island + at) * SECTOR;
		cb[i].aio_reqprio = any_priority(c);
		if (cb[i].aio_reqprio)
			cb[i].aio_flags = IOCB_FLAG_IOPRIO;
		if (cb[i].aio_lio_opcode == IOCB_CMD_PWRITE && percent(c, 3))
			cb[i].aio_rw_flags = RWF_DSYNC;
		span += cb[i].aio_nbytes;
	}
	fill(arena, span, draw(c));
	if (by_ring)
		submit_ring(cb, n, depth, fixed, result);
	else
		submit_aio(cb, n, depth, result);
	fprintf(record, "%s of %u at %llu", !by_ring ? "batch" : fixed ? "fixed ring" : "ring", n,
		island + first * stretch);
	for (i = 0; i < n; i++)
		fprintf(record, " %c%llu+%llu=%lld",
			cb[i].aio_lio_opcode == IOCB_CMD_PREAD ? 'r' : 'w',
			cb[i].aio_offset / SECTOR, cb[i].aio_nbytes / SECTOR, result[i]);
	fprintf(record, " data=%llx\n", hash(arena, span));
	nr_block += n;
}

static void block_range(struct chance *c)
{
	unsigned int sectors = 1 + below(c, 512);
	u64 range[2] = { any_place(c, sectors) * SECTOR, sectors * SECTOR };
	int discard = percent(c, 50), rc;

	errno = 0;
	rc = ioctl(disk_fd, discard ? BLKDISCARD : BLKZEROOUT, range);
	fprintf(record, "%s %llu+%u = %d errno=%d\n", discard ? "discard" : "zeroout",
		range[0] / SECTOR, sectors, rc, errno);
	nr_block++;
}

static void block_sync(struct chance *c)
{
	int rc = percent(c, 50) ? fsync(disk_fd) : fdatasync(disk_fd);

	fprintf(record, "sync = %d\n", rc);
	nr_block++;
}

/* SCSI commands -------------------------------------------------------------- */

struct command {
	u8 cdb[32];
	unsigned int cdb_len;
	int dir;		/* SG_DXFER_* */
	size_t need;		/* bytes that it moves */
	size_t length;		/* of the buffer */
	const u8 *payload;	/* to send, or NULL for whatever the chance gives */
};

static void put(u8 *p, unsigned int bytes, u64 value)
{
	while (bytes--) {
		p[bytes] = value;
		value >>= 8;
	}
}

static void print_hex(const char *what, const u8 *p, unsigned int n)
{
	fprintf(record, "%s", what);
	while (n--)
		fprintf(record, "%02x", *p++);
}

static void send_command(struct chance *c, const struct command *cmd)
{
	int use_sg = percent(c, 50), vector = percent(c, 30), rc;
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = cmd->dir,
		.cmd_len = cmd->cdb_len,
		.cmdp = (u8 *)cmd->cdb,
		.dxfer_len = cmd->length,
		.timeout = TIMEOUT_MS,
	};
	u8 sense[64] = {};
	struct layout l;
	const u8 *at;
	unsigned int i;

	hdr.sbp = sense;
	hdr.mx_sb_len = sizeof(sense);
	lay_out(c, &l, cmd->length, percent(c, 50) ? SECTOR : 1, vector ? 16 : 1);
	for (i = 0, at = cmd->payload; at && i < l.pieces; at += l.iov[i++].iov_len)
		memcpy(l.iov[i].iov_base, at, l.iov[i].iov_len);
	hdr.dxferp = vector ? (void *)l.iov : l.iov[0].iov_base;
	hdr.iovec_count = vector ? l.pieces : 0;
	if (use_sg && percent(c, 30))
		hdr.flags |= SG_FLAG_DIRECT_IO;

	errno = 0;
	rc = ioctl(use_sg ? sg_fd : disk_fd, SG_IO, &hdr);
	print_hex(use_sg ? "sg " : "sd ", cmd->cdb, cmd->cdb_len);
	fprintf(record, " dir=%d length=%zu pieces=%u = %d", cmd->dir, cmd->length,
		hdr.iovec_count, rc);
	nr_sg++;
	if (rc) {
		fprintf(record, " errno=%d\n", errno);
		return;
	}
	fprintf(record, " status=%x host=%x driver=%x info=%x residual=%d", hdr.status,
		hdr.host_status, hdr.driver_status, hdr.info, hdr.resid);
	print_hex(" sense=", sense, hdr.sb_len_wr);
	fprintf(record, " data=%llx\n", hash(arena, l.span));
}

/* A buffer that mostly fits what the command says. */
static void any_length(struct chance *c, struct command *cmd)
{
	unsigned int p = below(c, 100);

	cmd->length = cmd->need;
	if (p < 8)
		cmd->length += SECTOR * (1 + below(c, 8));
	else if (p < 16)
		cmd->length += 1 + below(c, SECTOR);
	else if (p < 24)
		cmd->length = below(c, cmd->need + 1);
	else if (p < 26)
		cmd->length = 0;
	if (p >= 95)
		cmd->dir = SG_DXFER_NONE - below(c, 4);
	if (cmd->dir == SG_DXFER_NONE)
		cmd->length = 0;
}

static void encode_rw(struct chance *c, struct command *cmd, int write, u64 lba,
		      unsigned int sectors)
{
	static const u8 group[] = { 6, 10, 10, 10, 12, 16, 16, 16, 32 };
	unsigned int size = group[below(c, ARRAY_SIZE(group))];
	u8 *cdb = cmd->cdb;

	if (size == 6 && (lba >> 21 || sectors > 256))
		size = 10;
	if (size < 16 && lba >> 32)
		size = 16;
	cmd->cdb_len = size;
	switch (size) {
	case 6:
		put(cdb, 4, lba);
		cdb[0] = write ? 0x0a : 0x08;
		cdb[4] = sectors;
		return;
	case 10:
		cdb[0] = write ? 0x2a : 0x28;
		put(cdb + 2, 4, lba);
		put(cdb + 7, 2, sectors);
		break;
	case 12:
		cdb[0] = write ? 0xaa : 0xa8;
		put(cdb + 2, 4, lba);
		put(cdb + 6, 4, sectors);
		break;
	case 16:
		cdb[0] = write ? 0x8a : 0x88;
		put(cdb + 2, 8, lba);
		put(cdb + 10, 4, sectors);
		cdb[14] = percent(c, 20) ? draw(c) : 0;	/* DLD, group */
		break;
	case 32:
		cdb[0] = 0x7f;
		cdb[7] = 0x18;
		cdb[9] = write ? 0x0b : 0x09;
		put(cdb + 12, 8, lba);
		put(cdb + 28, 4, sectors);
		break;
	}
	/* FUA, DPO, protection, DLD2 */
	cdb[size == 32 ? 10 : 1] = percent(c, 50) ? draw(c) : 0;
}

static void scsi_rw(struct chance *c)
{
	unsigned int sectors = percent(c, 5) ? 0 : any_size(c);
	int write = percent(c, 50);
	struct command cmd = {
		.dir = write ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV,
		.need = sectors * SECTOR,
	};

	encode_rw(c, &cmd, write, any_place(c, sectors), sectors);
	if (cmd.cdb_len == 6 && !sectors)
		cmd.need = 256 * SECTOR;
	any_length(c, &cmd);
	if (percent(c, 3))	/* too short for its opcode, or too long */
		cmd.cdb_len = 6 + below(c, 27);
	send_command(c, &cmd);
}

/* One of the commands that libata answers, with some of its bits changed. */
static void scsi_known(struct chance *c)
{
	static const struct {
		u8 cdb[16];
		u8 cdb_len;
		u8 length_at;	/* of the allocation length, two bytes; 0: none */
	} known[] = {
		{ { 0x00 }, 6 },				/* TEST UNIT READY */
		{ { 0x03 }, 6, 3 },				/* REQUEST SENSE */
		{ { 0x12 }, 6, 3 },				/* INQUIRY */
		{ { 0x12, 1, 0x00 }, 6, 3 },
		{ { 0x12, 1, 0x80 }, 6, 3 },
		{ { 0x12, 1, 0x83 }, 6, 3 },
		{ { 0x12, 1, 0x89 }, 6, 3 },
		{ { 0x12, 1, 0xb0 }, 6, 3 },
		{ { 0x12, 1, 0xb1 }, 6, 3 },
		{ { 0x12, 1, 0xb2 }, 6, 3 },
		{ { 0x12, 1, 0xb9 }, 6, 3 },
		{ { 0x1a, 0, 0x3f }, 6, 3 },			/* MODE SENSE */
		{ { 0x1a, 8, 0x08 }, 6, 3 },
		{ { 0x1a, 0, 0x0a, 0xf2 }, 6, 3 },
		{ { 0x5a, 0, 0x3f }, 10, 7 },
		{ { 0x5a, 0x10, 0x0a }, 10, 7 },
		{ { 0x1d, 4 }, 6 },				/* SEND DIAGNOSTIC */
		{ { 0x1b, 0, 0, 0, 1 }, 6 },			/* START STOP: start */
		{ { 0x25 }, 10 },				/* READ CAPACITY */
		{ { 0x9e, 0x10 }, 16, 12 },
		{ { 0x2f, 0, 0, 0, 0, 9, 0, 0, 7 }, 10 },	/* VERIFY */
		{ { 0x8f, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 64 }, 16 },
		{ { 0x35 }, 10 },				/* SYNCHRONIZE CACHE */
		{ { 0x91 }, 16 },
		{ { 0x42, 0, 0, 0, 0, 0, 0, 0, 24 }, 10 },	/* UNMAP */
		{ { 0x93, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8 }, 16 }, /* WRITE SAME */
		{ { 0x4d, 0, 0x40 }, 10, 7 },			/* LOG SENSE */
		{ { 0xa0 }, 12, 8 },				/* REPORT LUNS */
		{ { 0xa3, 0x0c }, 12, 8 },			/* supported opcodes */
		{ { 0xa3, 0x0c, 1, 0x88 }, 12, 8 },
	};
	unsigned int which = below(c, ARRAY_SIZE(known)), at = known[which].length_at;
	struct command cmd = {
		.cdb_len = known[which].cdb_len,
		.dir = SG_DXFER_FROM_DEV,
		.need = 64,
	};

	memcpy(cmd.cdb, known[which].cdb, cmd.cdb_len);
	if (at) {
		cmd.need = percent(c, 80) ? 1 + below(c, 600) : 0;
		put(cmd.cdb + at, 2, cmd.need);
	}
	while (percent(c, 30) && cmd.cdb[0] != 0x1b)
		cmd.cdb[1 + below(c, cmd.cdb_len - 1)] ^= 1 << below(c, 8);
	if (cmd.cdb[0] == 0x42 || cmd.cdb[0] == 0x93)
		cmd.dir = SG_DXFER_TO_DEV;
	if (cmd.cdb[0] == 0x93)
		cmd.need = SECTOR;
	any_length(c, &cmd);
	send_command(c, &cmd);
}

/*
 * libata tells sd of a change of the write cache in its own time, and sd the block
 * layer, last of all and after some commands. Wait until they agree.
 */
static void settle(void)
{
	u8 cdb[6] = { 0x1a, 8, 0x08, 0, 64 }, page[64], sense[64];	/* MODE SENSE: caching */
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = SG_DXFER_FROM_DEV,
		.cmd_len = sizeof(cdb),
		.cmdp = cdb,
		.dxfer_len = sizeof(page),
		.dxferp = page,
		.mx_sb_len = sizeof(sense),
		.sbp = sense,
		.timeout = TIMEOUT_MS,
	};
	char name[128], type[64] = "";
	unsigned int tries;
	FILE *file;

	snprintf(name, sizeof(name), "/sys/block/%s/queue/write_cache", disk_name);
	if (ioctl(disk_fd, SG_IO, &hdr) || hdr.status)
		die("write cache");
	for (tries = 0; tries < 10000; tries++) {
		file = fopen(name, "r");
		if (!file || !fgets(type, sizeof(type), file))
			die(name);
		fclose(file);
		if (!strncmp(type, "write back", 10) == !!(page[6] & 4))
			return;
		usleep(1000);
	}
	die("the write cache changes and nobody notices");
}

/* The two pages that libata lets be changed: write cache, and the sense format. */
static void select_mode(struct chance *c, int page, int bit, int wrong)
{
	u8 payload[64] = {};
	struct command cmd = {
		.cdb = { 0x15, 0x10 },
		.cdb_len = 6,
		.dir = SG_DXFER_TO_DEV,
		.payload = payload,
	};
	unsigned int header = 4, size = page == 0x08 ? 0x12 : 0x0a;

	if (percent(c, 50)) {
		cmd.cdb[0] = 0x55;
		cmd.cdb_len = 10;
		header = 8;
	}
	payload[header] = page;
	payload[header + 1] = size;
	payload[header + 2] = bit ? 4 : 0;	/* WCE or D_SENSE */
	if (page == 0x08)
		payload[header + 12] = 0x20;	/* no read look-ahead */
	if (page == 0x0a) {
		payload[header + 4] = 0x00;
		payload[header + 8] = 0xff;	/* busy timeout, two bytes */
		payload[header + 9] = 0xff;
		payload[header + 11] = 30;	/* extended self-test, two bytes */
	}
	cmd.length = header + 2 + size;
	cmd.cdb[cmd.cdb_len - 2] = cmd.length;
	if (wrong)
		payload[below(c, cmd.length)] ^= 1 << below(c, 8);
	if (wrong && percent(c, 30))
		cmd.cdb[1 + below(c, cmd.cdb_len - 1)] ^= 1 << below(c, 8);
	send_command(c, &cmd);
	settle();
}

static void scsi_mode_select(struct chance *c)
{
	select_mode(c, percent(c, 50) ? 0x08 : 0x0a, percent(c, 50), percent(c, 40));
}

/* What random CDBs may not be. */
static int forbidden(u8 opcode)
{
	static const u8 opcodes[] = {
		0x08, 0x0a, 0x28, 0x2a, 0x88, 0x8a,	/* scsi_rw() knows where */
		0x85, 0xa1, 0x7f,			/* scsi_ata() knows which */
		0x94, 0x95,				/* QEMU's disk refuses them */
		0x1b,					/* STOP */
		0x04, 0x3b, 0x48,	/* FORMAT, WRITE BUFFER, SANITIZE */
		0xa2, 0xb5,		/* SECURITY PROTOCOL */
	};

	return !!memchr(opcodes, opcode, sizeof(opcodes));
}

static void scsi_random(struct chance *c)
{
	static const u8 size_of_group[] = { 6, 10, 10, 16, 16, 12, 10, 10 };
	struct command cmd = { .dir = SG_DXFER_NONE - below(c, 4) };

	do
		fill(cmd.cdb, sizeof(cmd.cdb), draw(c));
	while (forbidden(cmd.cdb[0]));
	cmd.cdb_len = percent(c, 90) ? size_of_group[cmd.cdb[0] >> 5] : 6 + below(c, 27);
	cmd.length = cmd.dir == SG_DXFER_NONE ? 0 : below(c, 4097);
	send_command(c, &cmd);
}

/* ATA commands ----------------------------------------------------------------- */

enum { NODATA = 3, PIO_IN = 4, PIO_OUT = 5, DMA = 6, FPDMA = 12 };

struct ata_command {
	u8 opcode;
	u8 protocol;
	u8 ext;
	u8 write;
	u8 range;	/* it is about sectors, whose number tells the length */
	u8 feature;
	u8 count;	/* if not about sectors */
	u8 data;	/* sectors that it moves, if not about sectors */
};

/*
 * What changes a drive for good, or its mode of transfer, is not among them: no
 * SECURITY, SET MAX, DEVICE CONFIGURATION, DOWNLOAD, SLEEP, SET FEATURES 03h ...
 */
static const struct ata_command ata_commands[] = {
	{ 0xec, PIO_IN, .data = 1 },			/* IDENTIFY */
	{ 0x20, PIO_IN, .range = 1 },			/* READ SECTORS */
	{ 0x24, PIO_IN, 1, .range = 1 },
	{ 0x29, PIO_IN, 1, .range = 1 },		/* READ MULTIPLE */
	{ 0xc4, PIO_IN, .range = 1 },
	{ 0xc8, DMA, .range = 1 },			/* READ DMA */
	{ 0x25, DMA, 1, .range = 1 },
	{ 0x60, FPDMA, 1, .range = 1 },			/* READ FPDMA QUEUED */
	{ 0x30, PIO_OUT, 0, 1, .range = 1 },		/* and the same to write */
	{ 0x34, PIO_OUT, 1, 1, .range = 1 },
	{ 0x39, PIO_OUT, 1, 1, .range = 1 },
	{ 0xc5, PIO_OUT, 0, 1, .range = 1 },
	{ 0xca, DMA, 0, 1, .range = 1 },
	{ 0x35, DMA, 1, 1, .range = 1 },
	{ 0x61, FPDMA, 1, 1, .range = 1 },
	{ 0x40, NODATA, .range = 1 },			/* READ VERIFY */
	{ 0x42, NODATA, 1, .range = 1 },
	{ 0xe7, NODATA }, { 0xea, NODATA, 1 },		/* FLUSH CACHE */
	{ 0xe5, NODATA }, { 0xe1, NODATA },		/* CHECK POWER MODE, IDLE */
	{ 0xf8, NODATA }, { 0x27, NODATA, 1 },		/* READ NATIVE MAX ADDRESS */
	{ 0xc6, NODATA, .count = 16 },			/* SET MULTIPLE MODE */
	{ 0xef, NODATA, .feature = 0x02 },		/* SET FEATURES: write cache */
	{ 0xef, NODATA, .feature = 0x82 },
	{ 0xef, NODATA, .feature = 0xaa },		/* read look-ahead */
	{ 0xef, NODATA, .feature = 0x55 },
	{ 0xb0, PIO_IN, .feature = 0xd0, .data = 1 },	/* SMART READ DATA */
	{ 0xb0, PIO_IN, .feature = 0xd1, .data = 1 },
	{ 0xb0, NODATA, .feature = 0xd8 },
	{ 0xb0, NODATA, .feature = 0xda },
	{ 0x06, DMA, 1, 1, .feature = 1, .count = 1, .data = 1 }, /* TRIM */
};

/* What QEMU's disk aborts. Not NCQ NON-DATA, which it never answers. */
static const struct ata_command ata_refused[] = {
	{ 0x00, NODATA },				/* NOP */
	{ 0x2f, PIO_IN, 1, .count = 1, .data = 1 },	/* READ LOG */
	{ 0x47, DMA, 1, .count = 1, .data = 1 },
	{ 0x3d, DMA, 1, 1, .range = 1 },		/* WRITE DMA FUA */
	{ 0xef, NODATA, .feature = 0x77 },
};

/* Of one TRIM: up to 64 ranges. */
static void fill_trim(struct chance *c, u8 *payload)
{
	unsigned int n = 1 + below(c, 64), i, k;

	for (i = 0; i < n; i++) {
		unsigned int sectors = 1 + below(c, 256);
		u64 range = any_place(c, sectors) | (u64)sectors << 48;

		for (k = 0; k < sizeof(range); k++)
			payload[i * sizeof(range) + k] = range >> (k * 8);
	}
}

/* SAT: the taskfile in a CDB of 12, 16 or 32 bytes. */
static void encode_ata(struct chance *c, struct command *cmd, const struct ata_command *ata,
		       u64 lba, unsigned int count, unsigned int feature)
{
	u8 *cdb = cmd->cdb, device = 0x40, mode = ata->protocol << 1 | ata->ext;
	u8 flags = (percent(c, 30) ? 0x20 : 0) | (ata->write ? 0 : 0x08) |
		   (cmd->need ? 0x06 : 0);
	unsigned int size = ata->ext || percent(c, 50) ? 16 : 12;

	/* BYT_BLOK and T_LENGTH: in sectors, told by COUNT or FEATURES */
	if (cmd->need && ata->protocol == FPDMA)
		flags ^= 0x03;
	if (ata->opcode == 0x29 || ata->opcode == 0x39 || ata->opcode == 0xc4 ||
	    ata->opcode == 0xc5)
		mode |= 4 << 5;	/* 16 sectors */
	if (!ata->ext)
		device |= lba >> 24 & 0x0f;
	if (percent(c, 5))
		size = 32;

	cmd->cdb_len = size;
	cdb[0] = size == 12 ? 0xa1 : size == 16 ? 0x85 : 0x7f;
	switch (size) {
	case 12:
		cdb[1] = mode;
		cdb[2] = flags;
		cdb[3] = feature;
		cdb[4] = count;
		cdb[5] = lba;
		cdb[6] = lba >> 8;
		cdb[7] = lba >> 16;
		cdb[8] = device;
		cdb[9] = ata->opcode;
		break;
	case 16:
		cdb[1] = mode;
		cdb[2] = flags;
		put(cdb + 3, 2, feature);
		put(cdb + 5, 2, count);
		cdb[7] = lba >> 24;
		cdb[8] = lba;
		cdb[9] = lba >> 32;
		cdb[10] = lba >> 8;
		cdb[11] = lba >> 40;
		cdb[12] = lba >> 16;
		cdb[13] = device;
		cdb[14] = ata->opcode;
		break;
	case 32:
		cdb[7] = 0x18;
		put(cdb + 8, 2, 0x1ff0);
		cdb[10] = mode;
		cdb[11] = flags;
		put(cdb + 14, 6, lba);
		put(cdb + 20, 2, feature);
		put(cdb + 22, 2, count);
		cdb[24] = device;
		cdb[25] = ata->opcode;
		break;
	}
}

static void send_ata(struct chance *c, const struct ata_command *ata, u64 lba,
		     unsigned int sectors)
{
	unsigned int count = ata->count, feature = ata->feature;
	u8 payload[SECTOR] = {};
	struct command cmd = {};

	if (ata->range && ata->protocol == FPDMA)
		feature = sectors;
	else if (ata->range)
		count = sectors;
	cmd.dir = SG_DXFER_NONE;
	if (ata->protocol != NODATA)
		cmd.need = (ata->range ? sectors : ata->data) * SECTOR;
	if (cmd.need)
		cmd.dir = ata->write ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV;
	cmd.length = cmd.need;
	/* A DMA buffer that is too short would hang QEMU's disk, a long one is fine. */
	if (cmd.need && percent(c, 10))
		cmd.length += SECTOR * (1 + below(c, 4));
	if (ata->opcode == 0x06) {
		fill_trim(c, payload);
		cmd.payload = payload;
		cmd.length = SECTOR;
	}
	encode_ata(c, &cmd, ata, lba, count, feature);
	send_command(c, &cmd);
	if (ata->opcode == 0xef)
		settle();
}

static void scsi_ata(struct chance *c)
{
	const struct ata_command *ata = &ata_commands[below(c, ARRAY_SIZE(ata_commands))];
	unsigned int sectors = 1 + below(c, 32);
	u64 lba = any_place(c, sectors);

	if (ata->opcode == 0xb0)
		lba = 0xc24f00;	/* SMART wants to be called by its name */
	else if (!ata->ext && ata->range)
		lba = below(c, ISLAND - sectors);
	else if (!ata->range)
		lba = 0;
	send_ata(c, ata, lba, sectors);
}

/* A command that the disk refuses. Its next one would find the error once more. */
static void scsi_refused(struct chance *c)
{
	static const struct ata_command check_power = { 0xe5, NODATA };
	unsigned int sectors = 1 + below(c, 32);
	struct command cmd = { .dir = SG_DXFER_FROM_DEV, .need = sectors * SECTOR };
	u64 lba = capacity - below(c, sectors);

	switch (below(c, 3)) {
	case 0:
		send_ata(c, &ata_refused[below(c, ARRAY_SIZE(ata_refused))], 0, sectors);
		break;
	case 1:
		send_ata(c, &ata_commands[percent(c, 50) ? 2 : 6], lba, sectors);
		break;
	default:
		encode_rw(c, &cmd, 0, lba, sectors);
		cmd.length = cmd.need;
		send_command(c, &cmd);
	}
	fprintf(record, "%s ", operation);
	send_ata(c, &check_power, 0, 0);
}

/* One run ------------------------------------------------------------------------ */

static const struct {
	unsigned int weight;
	void (*run)(struct chance *c);
} operations[] = {
	{ 500, block_io },
	{ 60, block_batch },
	{ 10, block_range },
	{ 10, block_sync },
	{ 10, block_io_unqueued },
	{ 190, scsi_rw },
	{ 80, scsi_known },
	{ 10, scsi_mode_select },
	{ 60, scsi_random },
	{ 70, scsi_ata },
};

static void operate(u64 seed, unsigned int nr)
{
	struct chance c = { seed << 32 ^ nr };
	unsigned int p, i, sum = 0;

	c.state = draw(&c);
	snprintf(operation, sizeof(operation), "%u", nr);
	fprintf(record, "%s ", operation);
	if (percent(&c, 1) && hostile) {
		scsi_refused(&c);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		sum += operations[i].weight;
	p = below(&c, sum);
	for (i = 0; p >= operations[i].weight; i++)
		p -= operations[i].weight;
	operations[i].run(&c);
}

/* Whatever runs before have left, drive and driver begin alike. */
static void begin(void)
{
	static const struct ata_command look_ahead = { 0xef, NODATA, .feature = 0xaa };
	struct chance c = { 0 };

	set_attribute("device/queue_depth", "1");
	set_attribute("device/queue_depth", "32");
	fputs("begin ", record);
	select_mode(&c, 0x08, 1, 0);
	fputs("begin ", record);
	select_mode(&c, 0x0a, 0, 0);
	fputs("begin ", record);
	send_ata(&c, &look_ahead, 0, 0);
}

static void open_disk(const char *disk)
{
	char pattern[128], path[160];
	glob_t found;

	disk_name = strrchr(disk, '/') + 1;
	snprintf(pattern, sizeof(pattern), "/sys/block/%s/device/scsi_generic/sg*", disk_name);
	if (glob(pattern, 0, NULL, &found) || found.gl_pathc != 1)
		die(pattern);
	snprintf(path, sizeof(path), "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
	disk_fd = open(disk, O_RDWR | O_DIRECT);
	sg_fd = open(path, O_RDWR);
	if (disk_fd < 0 || sg_fd < 0 || ioctl(disk_fd, BLKGETSIZE64, &capacity))
		die(disk);
	capacity /= SECTOR;
	/* behind it the results of submit_ring() */
	arena = mmap(NULL, ARENA + MAX_BATCH * sizeof(long long), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		die("memory");
}

static void send_all(const char *p, size_t length)
{
	while (length) {
		ssize_t n = write(port, p, length);

		if (n < 0)
			die("port");
		p += n;
		length -= n;
	}
}

/* Answers of several disks must not get into each other. */
static void answer(const char *whose, const char *text, size_t length)
{
	int lock = open("/tmp/fuzz.lock", O_RDWR | O_CREAT, 0600);
	char head[64];

	if (lock < 0 || flock(lock, LOCK_EX))
		die("lock");
	snprintf(head, sizeof(head), "%s %zu\n", whose, length);
	send_all(head, strlen(head));
	send_all(text, length);
	close(lock);
}

static void run(unsigned int disk, u64 seed, const char *ops)
{
	char *text, whose[16];
	size_t length;

	open_disk(disks[disk]);
	if (disk % 2)
		set_attribute("queue/scheduler", "none");
	hostile = disk == nr_disks - 1;
	record = open_memstream(&text, &length);
	begin();
	while (*ops) {
		char *end;
		unsigned int first = strtoul(ops, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last; first++)
			operate(seed, first);
		ops = end + (*end == ',');
	}
	fprintf(record, "end block=%lu scsi=%lu\n", nr_block, nr_sg);
	fclose(record);
	snprintf(whose, sizeof(whose), "%u", disk);
	answer(whose, text, length);
}

static void counters(void)
{
	char line[128], *text;
	size_t length, i;
	FILE *file;
	glob_t found;

	record = open_memstream(&text, &length);
	if (!glob("/sys/kernel/debug/ata_split/ata*/counters", 0, NULL, &found)) {
		for (i = 0; i < found.gl_pathc; i++) {
			file = fopen(found.gl_pathv[i], "r");
			while (file && fgets(line, sizeof(line), file))
				fputs(line, record);
			if (file)
				fclose(file);
		}
	}
	fclose(record);
	answer("counters", text, length);
}

static int open_port(void)
{
	char path[160], name[64] = "";
	glob_t found;
	size_t i;
	FILE *file;

	if (glob("/sys/class/virtio-ports/*", 0, NULL, &found))
		die("no virtio ports");
	for (i = 0; i < found.gl_pathc; i++) {
		snprintf(path, sizeof(path), "%s/name", found.gl_pathv[i]);
		file = fopen(path, "r");
		if (file && fgets(name, sizeof(name), file) && !strcmp(name, "ata_split.fuzz\n")) {
			fclose(file);
			snprintf(path, sizeof(path), "/dev/%s",
				 strrchr(found.gl_pathv[i], '/') + 1);
			return open(path, O_RDWR);
		}
		if (file)
			fclose(file);
	}
	return -1;
}

/* The kernel may name disks in any order; the number ends their serial number. */
static void number_disk(const char *disk)
{
	char path[128], serial[64];
	unsigned int nr;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/%s/device/vpd_pg80", strrchr(disk, '/') + 1);
	file = fopen(path, "r");
	length = file ? fread(serial, 1, sizeof(serial), file) : 0;
	while (length && serial[length - 1] == ' ')
		length--;
	nr = length ? serial[length - 1] - '0' : MAX_DISKS;
	if (nr >= MAX_DISKS)
		die(path);
	fclose(file);
	disks[nr] = disk;
	nr_disks++;
}

int main(void)
{
	static char ops[1 << 16], line[sizeof(ops) + 64];
	char *list = getenv("ATA_SPLIT_DISKS"), *disk;
	unsigned int which;
	FILE *requests;
	u64 seed;

	for (disk = strtok(list, " "); disk; disk = strtok(NULL, " "))
		number_disk(disk);
	port = open_port();
	if (port < 0 || !nr_disks)
		die("port or disks");
	signal(SIGCHLD, SIG_IGN);
	requests = fdopen(dup(port), "r");
	while (fgets(line, sizeof(line), requests)) {
		if (!strcmp(line, "end\n"))
			return 0;
		if (!strcmp(line, "counters\n")) {
			counters();
		} else if (sscanf(line, "run %u %llu %65535s", &which, &seed, ops) == 3 &&
			   which < nr_disks) {
			if (!fork()) {
				signal(SIGCHLD, SIG_DFL);
				run(which, seed, ops);
				_exit(0);
			}
		} else {
			die(line);
		}
	}
	die("the host has gone");
}
