/* SPDX-License-Identifier: GPL-2.0 */
/*
 * StartIo as a context for the compiler's context analysis (Documentation/
 * dev-tools/context-analysis.rst of kernels from 7.0 on, with Clang 23).
 *
 * The context is a token, not the lock itself, because ap->lock points to one of
 * two locks, and libata takes it on the core path.  Code that takes ap->lock here
 * acquires the token as well, and StartIo's state is guarded by the token.
 */
#ifndef _ATA_SPLIT_CONTEXT_H
#define _ATA_SPLIT_CONTEXT_H

#include <linux/compiler.h>

#ifdef token_context_lock
token_context_lock(ata_split_startio);
#else
/* Before 7.0 only sparse checks this, by balancing acquires and releases. */
#define __guarded_by(...)
#define __acquires_shared(x)	__acquires(x)
#define __releases_shared(x)	__releases(x)
#define context_unsafe(...)	({ __VA_ARGS__; })	/* nothing to opt out of */
#endif

/* For functions that run in StartIo, enter it or leave it. */
#define __in_startio		__must_hold(ata_split_startio)
#define __enters_startio	__acquires(ata_split_startio)
#define __leaves_startio	__releases(ata_split_startio)

#endif /* _ATA_SPLIT_CONTEXT_H */
