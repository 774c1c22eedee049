/* SPDX-License-Identifier: GPL-2.0 */
/*
 * StartIo as a context that the compiler knows (Documentation/dev-tools/
 * context-analysis.rst of kernels from 7.0 on, with Clang 23).
 *
 * A token and not the lock itself: ap->lock is a pointer to one of two locks, and
 * libata takes it for us on the core path.  Whoever takes it here acquires the
 * token along with it, and what is StartIo's is guarded by the token.
 */
#ifndef _ATA_SPLIT_CONTEXT_H
#define _ATA_SPLIT_CONTEXT_H

#include <linux/compiler.h>

#ifdef token_context_lock
token_context_lock(ata_split_startio);
#else
/* Before 7.0 there is sparse, which counts what is acquired and released. */
#define __guarded_by(...)
#define __acquires_shared(x)	__acquires(x)
#define __releases_shared(x)	__releases(x)
#define context_unsafe(...)	({ __VA_ARGS__; })	/* nothing to opt out of */
#endif

/* A function that runs in StartIo, enters or leaves it. */
#define __in_startio		__must_hold(ata_split_startio)
#define __enters_startio	__acquires(ata_split_startio)
#define __leaves_startio	__releases(ata_split_startio)

#endif /* _ATA_SPLIT_CONTEXT_H */
