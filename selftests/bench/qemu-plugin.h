/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of version 7 of QEMU's TCG plugin API (11.1) that hold.c calls.  Debian does
 * not package the header.  To a callback QEMU passes what was registered with it.
 */
#ifndef _BENCH_QEMU_PLUGIN_H
#define _BENCH_QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_VERSION 7
#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;

struct qemu_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	struct {
		int smp_vcpus;
		int max_vcpus;
	} system;
};

enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
};

enum qemu_plugin_op {
	QEMU_PLUGIN_INLINE_ADD_U64,
};

/* Called in the thread that runs a CPU, as that comes up. */
void qemu_plugin_register_vcpu_init_cb(uint64_t id,
				       void (*cb)(unsigned int vcpu, void *data),
				       void *data);

/* Called for each block of guest code as it is translated. */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(struct qemu_plugin_tb *tb,
						      void *data),
					   void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/* Before each execution of the instruction: call, or add to a number. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu,
						       void *data),
					    enum qemu_plugin_cb_flags flags,
					    void *data);

/* A number for each CPU, of which the first is meant here. */
struct qemu_plugin_scoreboard;

struct counter {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
uint64_t qemu_plugin_u64_get(struct counter counter, unsigned int vcpu);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
							 enum qemu_plugin_op op,
							 struct counter counter,
							 uint64_t addend);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *copy,
			     size_t size);

static inline void counter_init(struct counter *counter)
{
	counter->score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
}

static inline uint64_t counter_get(const struct counter *counter)
{
	return qemu_plugin_u64_get(*counter, 0);
}

static inline void counter_count(struct counter *counter,
				 struct qemu_plugin_insn *insn)
{
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn,
							    QEMU_PLUGIN_INLINE_ADD_U64,
							    *counter, 1);
}

/* Forget all translations and callbacks, then call. */
void qemu_plugin_reset(uint64_t id, void (*cb)(void *data), void *data);

/* Into QEMU's log, with -d plugin. */
void qemu_plugin_outs(const char *text);

#endif /* _BENCH_QEMU_PLUGIN_H */
