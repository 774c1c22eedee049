// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU TCG plugin: how many instructions a guest executes with a lock held.
 *
 *   -plugin hold.so,commands=FILE[,devices=slow] -d plugin
 *
 * A section runs from the return of a lock function to the call of an unlock
 * function.  Both calls are looked for in the functions that the section
 * consists of, as the guest's code is translated, so nobody needs to disassemble
 * anything.  The guest says at run time where these functions are, see mark.c:
 *
 *   forget               all that was said before
 *   lock START           a function that takes a lock
 *   unlock START         one that releases it
 *   section NAME         begin a section, with the functions that follow:
 *   function START END
 *   driver START END     code that is the driver's, to count apart
 *   begin                begin to count
 *   end LABEL            print what was counted since
 *
 * Addresses are hexadecimal.  What is printed is a line in QEMU's log, "hold begin"
 * or "hold " and a JSON object, so that events which QEMU traces into the same log
 * lie between the two.  Counting instructions one by one is slower than block by block,
 * and right: under -icount a block that touches a device register is left in the
 * middle and what was left of it comes again as another block.
 *
 * One virtual CPU at work: what is counted is not told apart by CPU.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mark.h"
#include "qemu-plugin.h"

/* Buckets of a histogram: 2^SUB to a power of two. */
#define SUB		3
#define N_BUCKETS	((64 - SUB) << SUB)

#define MAX_SECTIONS	4
#define MAX_FUNCTIONS	16
#define MAX_DRIVERS	8
/* The longest instruction of an x86. */
#define MAX_INSN	15

struct section {
	char name[64];
	bool inside;
	uint64_t start;
	uint64_t count, sum, min, max;
	uint64_t hist[N_BUCKETS];
};

struct function {
	uint64_t start, end;
	struct section *section;
};

/* A module's code. */
struct range {
	uint64_t start, end;
};

struct targets {
	uint64_t start[MAX_FUNCTIONS];
	unsigned int nr;
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static uint64_t self;
static FILE *commands;

static struct section sections[MAX_SECTIONS];
static struct function functions[MAX_FUNCTIONS];
static struct targets lock_targets, unlock_targets;
static struct range drivers[MAX_DRIVERS];
static unsigned int n_sections, n_functions, n_drivers;

/*
 * Instructions executed since the beginning; until the window's begin, the first
 * entry of a section in it, and the last exit.
 */
static struct counter all;
static uint64_t window, first, last;

/* Of all these the driver's own, and how many there were at the window's begin. */
static struct counter own;
static uint64_t own_window;

static void fail(const char *what, const char *line)
{
	fprintf(stderr, "hold: %s: %s\n", what, line);
	exit(1);
}

/* Small values one by one, then 2^SUB buckets to each power of two. */
static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < 1 << SUB)
		return value;
	shift = 63 - __builtin_clzll(value) - SUB;
	return ((shift + 1) << SUB) + ((value >> shift) & ((1 << SUB) - 1));
}

/* The largest value of a bucket. */
static uint64_t bucket_top(unsigned int bucket)
{
	unsigned int shift = bucket >> SUB;
	uint64_t mantissa = bucket & ((1 << SUB) - 1);

	if (!shift)
		return bucket;
	return (((1 << SUB) + mantissa + 1) << (shift - 1)) - 1;
}

static void on_enter(unsigned int vcpu, void *data)
{
	struct section *section = data;

	if (vcpu)
		fail("more than one CPU at work, in", section->name);
	section->inside = true;
	section->start = counter_get(&all);
	if (!first)
		first = section->start;
}

static void on_leave(unsigned int vcpu, void *data)
{
	struct section *section = data;
	uint64_t now = counter_get(&all), length = now - section->start;

	/* The window began inside. */
	if (!section->inside)
		return;
	section->inside = false;
	section->count++;
	section->sum += length;
	if (length > section->max)
		section->max = length;
	if (length < section->min)
		section->min = length;
	section->hist[bucket_of(length)]++;
	last = now;
}

static void begin(void)
{
	struct section *section;

	for (section = sections; section < sections + n_sections; section++) {
		memset(&section->inside, 0,
		       sizeof(*section) - offsetof(struct section, inside));
		section->min = UINT64_MAX;
	}
	window = counter_get(&all);
	own_window = counter_get(&own);
	first = 0;
	last = 0;
	qemu_plugin_outs("hold begin\n");
}

static void print_section(FILE *out, const struct section *section)
{
	const char *comma = "";
	unsigned int i;

	fprintf(out, ", \"%s\": {\"count\": %lu, \"sum\": %lu",
		section->name, section->count, section->sum);
	fprintf(out, ", \"min\": %lu, \"max\": %lu, \"histogram\": [",
		section->count ? section->min : 0, section->max);
	for (i = 0; i < N_BUCKETS; i++) {
		if (!section->hist[i])
			continue;
		fprintf(out, "%s[%lu, %lu]", comma, bucket_top(i), section->hist[i]);
		comma = ", ";
	}
	fputs("]}", out);
}

static void end(const char *label)
{
	unsigned int i;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "hold {\"label\": \"%s\", \"window\": %lu, \"path\": %lu, \"own\": %lu",
		label, counter_get(&all) - window, last - first,
		counter_get(&own) - own_window);
	for (i = 0; i < n_sections; i++)
		print_section(out, &sections[i]);
	fputs("}\n", out);
	fclose(out);
	qemu_plugin_outs(text);
	free(text);
}

static void add_target(struct targets *targets, uint64_t start, const char *line)
{
	if (targets->nr == MAX_FUNCTIONS)
		fail("too many", line);
	targets->start[targets->nr++] = start;
}

static void add_section(const char *name, const char *line)
{
	if (n_sections == MAX_SECTIONS)
		fail("too many", line);
	snprintf(sections[n_sections].name, sizeof(sections[0].name), "%s", name);
	n_sections++;
}

static void add_function(uint64_t start, uint64_t end, const char *line)
{
	if (n_functions == MAX_FUNCTIONS || !n_sections)
		fail("too many, or of no section", line);
	functions[n_functions].start = start;
	functions[n_functions].end = end;
	functions[n_functions++].section = &sections[n_sections - 1];
}

static void add_driver(uint64_t start, uint64_t end, const char *line)
{
	if (n_drivers == MAX_DRIVERS)
		fail("too many", line);
	drivers[n_drivers].start = start;
	drivers[n_drivers++].end = end;
}

static void forget(void)
{
	n_sections = 0;
	n_functions = 0;
	n_drivers = 0;
	lock_targets.nr = 0;
	unlock_targets.nr = 0;
}

/* Returns whether code that is already translated must be looked at again. */
static bool obey(const char *line)
{
	unsigned long start, end_;
	char name[64];

	if (sscanf(line, "end %63s", name) == 1)
		end(name);
	else if (!strcmp(line, "begin\n"))
		begin();
	else if (!strcmp(line, "forget\n"))
		forget();
	else if (sscanf(line, "lock %lx", &start) == 1)
		add_target(&lock_targets, start, line);
	else if (sscanf(line, "unlock %lx", &start) == 1)
		add_target(&unlock_targets, start, line);
	else if (sscanf(line, "section %63s", name) == 1)
		add_section(name, line);
	else if (sscanf(line, "function %lx %lx", &start, &end_) == 2)
		add_function(start, end_, line);
	else if (sscanf(line, "driver %lx %lx", &start, &end_) == 2)
		add_driver(start, end_, line);
	else
		fail("unknown", line);
	return line[0] != 'e' && line[0] != 'b';
}

static void install(void *data);

static void on_mark(unsigned int vcpu, void *data)
{
	bool again = false;
	char line[256];

	clearerr(commands);
	while (fgets(line, sizeof(line), commands))
		again |= obey(line);
	if (again)
		qemu_plugin_reset(self, install, NULL);
}

static const struct function *function_at(uint64_t address)
{
	unsigned int i;

	for (i = 0; i < n_functions; i++)
		if (address >= functions[i].start && address < functions[i].end)
			return &functions[i];
	return NULL;
}

static bool is_driver(uint64_t address)
{
	unsigned int i;

	for (i = 0; i < n_drivers; i++)
		if (address >= drivers[i].start && address < drivers[i].end)
			return true;
	return false;
}

/* With indirect branch tracking a call may go past the function's ENDBR. */
static bool calls(const struct targets *targets, uint64_t target)
{
	unsigned int i;

	for (i = 0; i < targets->nr; i++)
		if (target - targets->start[i] <= 4)
			return true;
	return false;
}

/* Does the instruction, 5 bytes at @address, call or jump to one of these? */
static bool goes_to(const uint8_t *code, size_t size, uint64_t address,
		    const struct targets *targets)
{
	int32_t distance;

	if (size != 5 || (code[0] != 0xe8 && code[0] != 0xe9))
		return false;
	memcpy(&distance, code + 1, sizeof(distance));
	return calls(targets, address + size + distance);
}

static bool is_mark(const uint8_t *code, size_t size)
{
	static const uint64_t magic = MARK_MAGIC;

	return size == 10 && code[0] == 0x48 && code[1] == 0xb8 &&
	       !memcmp(code + 2, &magic, sizeof(magic));
}

/*
 * Where the calls of lock functions return to.  A call is translated, and so
 * noted here, before the code after it, which nobody else jumps to.
 */
static uint64_t returns[MAX_FUNCTIONS];
static unsigned int n_returns;

static bool is_return(uint64_t address)
{
	unsigned int i;

	for (i = 0; i < n_returns; i++)
		if (returns[i] == address)
			return true;
	return false;
}

static void add_return(uint64_t address)
{
	if (is_return(address))
		return;
	if (n_returns == MAX_FUNCTIONS)
		fail("too many", "calls of lock functions");
	returns[n_returns++] = address;
}

static void translate_insn(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	size_t size = qemu_plugin_insn_size(insn);
	const struct function *function = function_at(address);
	uint8_t code[MAX_INSN];

	qemu_plugin_insn_data(insn, code, sizeof(code));
	if (is_mark(code, size))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (function) {
		if (goes_to(code, size, address, &lock_targets))
			add_return(address + size);
		if (is_return(address))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_enter,
							       QEMU_PLUGIN_CB_NO_REGS,
							       function->section);
		if (goes_to(code, size, address, &unlock_targets))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_leave,
							       QEMU_PLUGIN_CB_NO_REGS,
							       function->section);
	}
	counter_count(&all, insn);
	if (is_driver(address))
		counter_count(&own, insn);
}

static void translate(struct qemu_plugin_tb *tb, void *data)
{
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		translate_insn(qemu_plugin_tb_get_insn(tb, i));
}

static void install(void *data)
{
	n_returns = 0;
	qemu_plugin_register_vcpu_tb_trans_cb(self, translate, NULL);
}

/*
 * QEMU's main thread, which this is, does the devices' work while another one runs
 * the guest.  How many commands the guest can issue until the first is complete,
 * and hence how many share an interrupt, would be up to the host.  Both on the same
 * processor, and one of them in front of the other, it is not:
 *
 * fast devices		complete a command before the guest's next instruction
 * slow devices		complete it when the guest has nothing else to do
 */
static void share_processor(void)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		fail("cannot stay on one processor", strerror(errno));
}

static void fast_devices(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		qemu_plugin_outs("hold not root: figures at depth depend on the host\n");
}

/* In the guest's thread. */
static void slow_devices(unsigned int vcpu, void *data)
{
	const struct sched_param param = { .sched_priority = 0 };

	if (sched_setscheduler(getpid(), SCHED_IDLE, &param))
		fail("cannot put the main thread last", strerror(errno));
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(uint64_t id,
					   const struct qemu_info *info,
					   int argc, char **argv)
{
	if (argc < 1 || argc > 2 || strncmp(argv[0], "commands=", 9) ||
	    (argc == 2 && strcmp(argv[1], "devices=slow"))) {
		fprintf(stderr, "hold: usage: -plugin hold.so,commands=FILE[,devices=slow]\n");
		return 1;
	}
	if (!info->system_emulation) {
		fprintf(stderr, "hold: a machine, please, not a process\n");
		return 1;
	}
	commands = fopen(argv[0] + 9, "r");
	if (!commands) {
		perror(argv[0]);
		return 1;
	}
	self = id;
	counter_init(&all);
	counter_init(&own);
	share_processor();
	if (argc == 1)
		fast_devices();
	else
		qemu_plugin_register_vcpu_init_cb(id, slow_devices, NULL);
	install(NULL);
	return 0;
}
