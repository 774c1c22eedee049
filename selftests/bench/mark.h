/* SPDX-License-Identifier: GPL-2.0 */
/* What mark.c, in the guest, and hold.c, in QEMU, have agreed on. */
#ifndef _BENCH_MARK_H
#define _BENCH_MARK_H

/* An instruction that nobody else executes: movabs $MARK_MAGIC, %rax */
#define MARK_MAGIC 0x61746173706c6974

/* Bytes written to this port end up in the file that the plugin reads. */
#define MARK_PORT 0xe9

#endif /* _BENCH_MARK_H */
