/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection, for the test variant (make ATA_SPLIT_TEST=1) only: windows that
 * hold a command at a named point until the test opens them, and violations of the
 * rules, which a checker must report.  In the normal modules all of this is empty.
 */
#ifndef _ATA_SPLIT_FAULT_H
#define _ATA_SPLIT_FAULT_H

#include <linux/libata.h>
#include <ata_split/context.h>

struct ata_split_port;

/**
 * enum ata_split_fault - faults that a test can inject
 * @ATA_SPLIT_FAULT_NONE: none
 * @ATA_SPLIT_FAULT_LOCK_IN_BUILD: take the port lock in a build
 * @ATA_SPLIT_FAULT_SLEEP_IN_BUILD: sleep in a build
 * @ATA_SPLIT_FAULT_SACTIVE_IN_BUILD: write StartIo's state in a build
 * @ATA_SPLIT_FAULT_DOORBELL_UNLOCKED: ring the doorbell without the lock
 * @ATA_SPLIT_FAULT_LEAK_ON_REFUSAL: do not unmap what StartIo refused
 * @ATA_SPLIT_FAULT_SHARED_TABLE: internal commands use tag 0's table
 * @ATA_SPLIT_FAULT_SKIP_EPOCH: do not compare the epoch of error handling
 * @ATA_SPLIT_FAULT_DONE_OUTSIDE_RCU: defer scsi_done() past the RCU section
 * @ATA_SPLIT_FAULT_NO_DOORBELL: do the bookkeeping but do not ring the doorbell
 * @ATA_SPLIT_FAULT_MISCOUNT: retire commands but leave the link counted as active
 * @ATA_SPLIT_FAULT_PHANTOM: treat a command whose doorbell is deferred as done
 * @ATA_SPLIT_FAULT_STRAND: defer a doorbell with nothing else in flight
 * @ATA_SPLIT_FAULT_RING_STALE: ring for commands that error handling owns
 * @ATA_SPLIT_FAULT_NO_LAST: ignore the end of a batch (SCMD_LAST, ->commit_rqs())
 * @ATA_SPLIT_FAULT_SHORT_WRITE: large writes omit their last sector
 * @ATA_SPLIT_FAULT_STRAY_FUA: writes have FUA set without a request for it
 * @ATA_SPLIT_FAULT_PRETEND_PMP: StartIo sees a port multiplier
 * @ATA_SPLIT_FAULT_PRETEND_OFFLINE: StartIo sees the PCI channel offline
 * @ATA_SPLIT_FAULT_WRONG_DIRECTION: reads arrive with DMA_TO_DEVICE
 * @ATA_SPLIT_NR_FAULTS: number of faults
 */
enum ata_split_fault {
	ATA_SPLIT_FAULT_NONE,
	ATA_SPLIT_FAULT_LOCK_IN_BUILD,
	ATA_SPLIT_FAULT_SLEEP_IN_BUILD,
	ATA_SPLIT_FAULT_SACTIVE_IN_BUILD,
	ATA_SPLIT_FAULT_DOORBELL_UNLOCKED,
	ATA_SPLIT_FAULT_LEAK_ON_REFUSAL,
	ATA_SPLIT_FAULT_SHARED_TABLE,
	ATA_SPLIT_FAULT_SKIP_EPOCH,
	ATA_SPLIT_FAULT_DONE_OUTSIDE_RCU,
	ATA_SPLIT_FAULT_NO_DOORBELL,
	ATA_SPLIT_FAULT_MISCOUNT,
	ATA_SPLIT_FAULT_PHANTOM,
	ATA_SPLIT_FAULT_STRAND,
	ATA_SPLIT_FAULT_RING_STALE,
	ATA_SPLIT_FAULT_NO_LAST,
	ATA_SPLIT_FAULT_SHORT_WRITE,
	ATA_SPLIT_FAULT_STRAY_FUA,
	ATA_SPLIT_FAULT_PRETEND_PMP,
	ATA_SPLIT_FAULT_PRETEND_OFFLINE,
	ATA_SPLIT_FAULT_WRONG_DIRECTION,
	ATA_SPLIT_NR_FAULTS,
};

/**
 * enum ata_split_window - where a command can be held
 * @ATA_SPLIT_WINDOW_BUILDING: in a build, between mapping and ->qc_prep()
 * @ATA_SPLIT_WINDOW_BUILT: between BuildIo and StartIo
 * @ATA_SPLIT_WINDOW_ISSUE: an internal command, before ->qc_issue() rings; the
 *	lock is dropped meanwhile
 * @ATA_SPLIT_WINDOW_DONE: in the interrupt handler, after it dropped the lock
 * @ATA_SPLIT_NR_WINDOWS: number of windows
 */
enum ata_split_window {
	ATA_SPLIT_WINDOW_BUILDING,
	ATA_SPLIT_WINDOW_BUILT,
	ATA_SPLIT_WINDOW_ISSUE,
	ATA_SPLIT_WINDOW_DONE,
	ATA_SPLIT_NR_WINDOWS,
};

#ifdef ATA_SPLIT_TEST

bool ata_split_fault(enum ata_split_fault which);
bool ata_split_fault_map(void);
void ata_split_fault_queued(struct scsi_cmnd *cmd);
void ata_split_fault_building(struct ata_queued_cmd *qc);
void ata_split_fault_built(struct ata_queued_cmd *qc);
void ata_split_fault_fresh(const struct ata_split_port *sp, u32 epoch)
	__in_startio;
void ata_split_fault_check(const struct ata_split_port *sp);
void ata_split_fault_issue(struct ata_queued_cmd *qc, const void *cfis);
void ata_split_fault_done_begin(const struct ata_split_port *sp);
void ata_split_fault_done_end(void);
void ata_split_fault_init(struct dentry *dir);

#else

static inline bool ata_split_fault(enum ata_split_fault which)
{
	return false;
}

static inline bool ata_split_fault_map(void)
{
	return false;
}

static inline void ata_split_fault_queued(struct scsi_cmnd *cmd) { }
static inline void ata_split_fault_building(struct ata_queued_cmd *qc) { }
static inline void ata_split_fault_built(struct ata_queued_cmd *qc) { }
static inline void ata_split_fault_fresh(const struct ata_split_port *sp,
					 u32 epoch) { }
static inline void ata_split_fault_check(const struct ata_split_port *sp) { }
static inline void ata_split_fault_issue(struct ata_queued_cmd *qc,
					 const void *cfis) { }
static inline void ata_split_fault_done_begin(const struct ata_split_port *sp) { }
static inline void ata_split_fault_done_end(void) { }
static inline void ata_split_fault_init(struct dentry *dir) { }

#endif /* ATA_SPLIT_TEST */
#endif /* _ATA_SPLIT_FAULT_H */
