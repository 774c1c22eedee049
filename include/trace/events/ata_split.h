/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of a command's stages in the split.  Names and fields are stable;
 * Documentation/tracing.rst explains them.
 *
 * port is the N of ataN and tag that of the command, as in libata's own events.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ata_split

#if !defined(_TRACE_ATA_SPLIT_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_ATA_SPLIT_H

#include <linux/ata_split.h>
#include <linux/tracepoint.h>

#ifndef ATA_SPLIT_VERDICT_NAMES
/* Names of counters, and of reasons and ends in the events below. */
#define ATA_SPLIT_VERDICT_NAMES						\
	EM(ATA_SPLIT_OK,		"built")			\
	EM(ATA_SPLIT_CORE_OFF,		"core_off")			\
	EM(ATA_SPLIT_CORE_COMMAND,	"core_command")			\
	EM(ATA_SPLIT_CORE_PASSTHROUGH,	"core_passthrough")		\
	EM(ATA_SPLIT_CORE_SHAPE,	"core_shape")			\
	EM(ATA_SPLIT_CORE_LBA,		"core_lba")			\
	EM(ATA_SPLIT_CORE_CDL,		"core_cdl")			\
	EM(ATA_SPLIT_CORE_PORT,		"core_port")			\
	EM(ATA_SPLIT_CORE_DEVICE,	"core_device")			\
	EM(ATA_SPLIT_CORE_NONCQ,	"core_noncq")			\
	EM(ATA_SPLIT_CORE_DEFERRED,	"core_deferred")		\
	EM(ATA_SPLIT_CORE_UNLEARNED,	"core_unlearned")		\
	EM(ATA_SPLIT_CORE_PREP,		"core_prep")			\
	EM(ATA_SPLIT_CORE_MAP,		"core_map")			\
	EM(ATA_SPLIT_MAP_BUSY,		"map_busy")			\
	EM(ATA_SPLIT_REFUSED_EPOCH,	"refused_epoch")		\
	EM(ATA_SPLIT_REFUSED_EH,	"refused_eh")			\
	EM(ATA_SPLIT_REFUSED_PMP,	"refused_pmp")			\
	EM(ATA_SPLIT_REFUSED_DEVICE,	"refused_device")		\
	EM(ATA_SPLIT_REFUSED_NCQ,	"refused_ncq")			\
	EM(ATA_SPLIT_REFUSED_DEFERRED,	"refused_deferred")		\
	EMe(ATA_SPLIT_REFUSED_OFFLINE,	"refused_offline")

#define ATA_SPLIT_END_NAMES						\
	EM(ATA_SPLIT_NOT_DONE,		"in_flight")			\
	EM(ATA_SPLIT_DONE_DEFERRED,	"done_deferred")		\
	EM(ATA_SPLIT_DONE_LOCKED,	"done_locked")			\
	EM(ATA_SPLIT_DONE_TIMEDOUT,	"done_timedout")		\
	EMe(ATA_SPLIT_DONE_EH,		"done_eh")
#endif

/* Export the values to user space (perf, bpftrace). */
#undef EM
#undef EMe
#define EM(value, name)		TRACE_DEFINE_ENUM(value);
#define EMe(value, name)	TRACE_DEFINE_ENUM(value);
ATA_SPLIT_VERDICT_NAMES
ATA_SPLIT_END_NAMES
#undef EM
#undef EMe
#define EM(value, name)		{ value, name },
#define EMe(value, name)	{ value, name }

/* Enabling any event that every command emits enables ata_split_tracing(). */
#ifndef ATA_SPLIT_TRACE_REG_DECLARED
#define ATA_SPLIT_TRACE_REG_DECLARED
int ata_split_trace_reg(void);
void ata_split_trace_unreg(void);
#endif

TRACE_EVENT_FN(ata_split_build_begin,
	TP_PROTO(const struct ata_port *ap, unsigned int tag, u64 lba,
		 u32 n_block, unsigned int tf_flags),
	TP_ARGS(ap, tag, lba, n_block, tf_flags),
	TP_STRUCT__entry(
		__field(unsigned int,	port)
		__field(unsigned int,	tag)
		__field(u64,		lba)
		__field(u32,		n_block)
		__field(bool,		write)
		__field(bool,		fua)
	),
	TP_fast_assign(
		__entry->port		= ap->print_id;
		__entry->tag		= tag;
		__entry->lba		= lba;
		__entry->n_block	= n_block;
		__entry->write		= tf_flags & ATA_TFLAG_WRITE;
		__entry->fua		= tf_flags & ATA_TFLAG_FUA;
	),
	TP_printk("ata%u tag=%u %s%s lba=%llu n_block=%u",
		  __entry->port, __entry->tag,
		  __entry->write ? "write" : "read",
		  __entry->fua ? " fua" : "", __entry->lba, __entry->n_block),
	ata_split_trace_reg, ata_split_trace_unreg
);

TRACE_EVENT_FN(ata_split_build_end,
	TP_PROTO(const struct ata_port *ap, unsigned int tag,
		 enum ata_split_verdict verdict, unsigned int n_elem, u64 ns),
	TP_ARGS(ap, tag, verdict, n_elem, ns),
	TP_STRUCT__entry(
		__field(unsigned int,	port)
		__field(unsigned int,	tag)
		__field(unsigned int,	verdict)
		__field(unsigned int,	n_elem)
		__field(u64,		ns)
	),
	TP_fast_assign(
		__entry->port		= ap->print_id;
		__entry->tag		= tag;
		__entry->verdict	= verdict;
		__entry->n_elem		= n_elem;
		__entry->ns		= ns;
	),
	TP_printk("ata%u tag=%u %s n_elem=%u ns=%llu",
		  __entry->port, __entry->tag, __print_symbolic(__entry->verdict,
						ATA_SPLIT_VERDICT_NAMES),
		  __entry->n_elem, __entry->ns),
	ata_split_trace_reg, ata_split_trace_unreg
);

TRACE_EVENT(ata_split_refuse,
	TP_PROTO(const struct ata_port *ap, unsigned int tag,
		 unsigned int opcode, enum ata_split_verdict reason),
	TP_ARGS(ap, tag, opcode, reason),
	TP_STRUCT__entry(
		__field(unsigned int,	port)
		__field(unsigned int,	tag)
		__field(unsigned int,	opcode)
		__field(unsigned int,	reason)
	),
	TP_fast_assign(
		__entry->port		= ap->print_id;
		__entry->tag		= tag;
		__entry->opcode		= opcode;
		__entry->reason		= reason;
	),
	TP_printk("ata%u tag=%u opcode=0x%02x %s",
		  __entry->port, __entry->tag, __entry->opcode,
		  __print_symbolic(__entry->reason, ATA_SPLIT_VERDICT_NAMES))
);

DECLARE_EVENT_CLASS(ata_split_tag,
	TP_PROTO(const struct ata_port *ap, unsigned int tag),
	TP_ARGS(ap, tag),
	TP_STRUCT__entry(
		__field(unsigned int,	port)
		__field(unsigned int,	tag)
	),
	TP_fast_assign(
		__entry->port		= ap->print_id;
		__entry->tag		= tag;
	),
	TP_printk("ata%u tag=%u", __entry->port, __entry->tag)
);

DEFINE_EVENT_FN(ata_split_tag, ata_split_start,
	TP_PROTO(const struct ata_port *ap, unsigned int tag),
	TP_ARGS(ap, tag),
	ata_split_trace_reg, ata_split_trace_unreg
);

DEFINE_EVENT_FN(ata_split_tag, ata_split_doorbell,
	TP_PROTO(const struct ata_port *ap, unsigned int tag),
	TP_ARGS(ap, tag),
	ata_split_trace_reg, ata_split_trace_unreg
);

DEFINE_EVENT_FN(ata_split_tag, ata_split_done,
	TP_PROTO(const struct ata_port *ap, unsigned int tag),
	TP_ARGS(ap, tag),
	ata_split_trace_reg, ata_split_trace_unreg
);

TRACE_EVENT_FN(ata_split_complete,
	TP_PROTO(const struct ata_port *ap, unsigned int tag,
		 enum ata_split_end how, int result),
	TP_ARGS(ap, tag, how, result),
	TP_STRUCT__entry(
		__field(unsigned int,	port)
		__field(unsigned int,	tag)
		__field(unsigned int,	how)
		__field(int,		result)
	),
	TP_fast_assign(
		__entry->port		= ap->print_id;
		__entry->tag		= tag;
		__entry->how		= how;
		__entry->result		= result;
	),
	TP_printk("ata%u tag=%u %s result=0x%x",
		  __entry->port, __entry->tag, __print_symbolic(__entry->how, ATA_SPLIT_END_NAMES),
		  __entry->result),
	ata_split_trace_reg, ata_split_trace_unreg
);

TRACE_EVENT_FN(ata_split_hold,
	TP_PROTO(const struct ata_port *ap, bool interrupt, u64 ns),
	TP_ARGS(ap, interrupt, ns),
	TP_STRUCT__entry(
		__field(unsigned int,	port)
		__field(bool,		interrupt)
		__field(u64,		ns)
	),
	TP_fast_assign(
		__entry->port		= ap->print_id;
		__entry->interrupt	= interrupt;
		__entry->ns		= ns;
	),
	TP_printk("ata%u %s ns=%llu", __entry->port,
		  __entry->interrupt ? "interrupt" : "submit", __entry->ns),
	ata_split_trace_reg, ata_split_trace_unreg
);

#undef EM
#undef EMe

#endif /* _TRACE_ATA_SPLIT_H */

/* Must be outside of the guard. */
#include <trace/define_trace.h>
