// SPDX-License-Identifier: GPL-2.0
//
// What a build must not do, as far as its text shows it. Names and not types
// decide: a member is StartIo's wherever it was reached through. What a build
// calls is within its file or on the list of symbols.sh, so the files are all
// there is to read.
//
// Patterns of names are Python's. Coccinelle's own are PCRE's or OCaml's, depending on
// how it was built, and those of the other kind match nothing.

@initialize:python@
@@
import re

MMIO = re.compile("^(__raw_)?(io)?(read|write)(s?[bwlq]|8|16|32|64)(be|_relaxed|_rep)?$")
LOCK = re.compile("^(raw_|_raw_)?(spin|read|write|mutex|rt_mutex)_(try|un)?lock"
                  "|^(down|up)(_read|_write|_interruptible|_trylock)?$"
                  "|^local_(irq|bh)_(disable|enable|save|restore)$|^preempt_(disable|enable)")

@mmio@
identifier f;
expression list es;
position p;
@@
f@p(es)

@script:python@
p << mmio.p;
f << mmio.f;
@@
if MMIO.search(f):
    print("%s:%s: a build accesses a register: %s()" % (p[0].file, p[0].line, f))

@lock@
identifier f;
expression list es;
position p;
@@
f@p(es)

@script:python@
p << lock.p;
f << lock.f;
@@
if LOCK.search(f):
    print("%s:%s: a build locks: %s()" % (p[0].file, p[0].line, f))

@state@
identifier m = {sactive, active_tag, qc_active, nr_active_links, excl_link, deferred_qc, pflags, eh_info, eh_context, eh_epoch, db_pending, batch, list, fbs_enabled};
expression x, y, z;
identifier n;
assignment operator op;
position p;
@@
(
  x->m@p op y
|
  x.m@p op y
|
  x->m[z]@p op y
|
  x->m[z].n@p op y
|
  x->m@p++
|
  x.m@p++
|
  x->m@p--
|
  x.m@p--
|
  &x->m@p
|
  &x.m@p
)

@script:python@
p << state.p;
m << state.m;
@@
print("%s:%s: a build writes StartIo's state: %s" % (p[0].file, p[0].line, m))

@writeonce@
identifier m = {sactive, active_tag, qc_active, nr_active_links, excl_link, deferred_qc, pflags, eh_info, eh_context, eh_epoch, db_pending, batch, list, fbs_enabled};
identifier f = {WRITE_ONCE, smp_store_release, xchg, cmpxchg, set_bit, __set_bit, clear_bit, __clear_bit};
expression x;
expression list es;
position p;
@@
(
  f@p(x->m, es)
|
  f@p(x.m, es)
)

@script:python@
p << writeonce.p;
m << writeonce.m;
@@
print("%s:%s: a build writes StartIo's state: %s" % (p[0].file, p[0].line, m))
