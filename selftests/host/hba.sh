#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The model HBA's own tests (selftests/hba/test.c), with sanitizers; and whether they find
# faults in the model. Each fault is a line "FILE SED-SCRIPT" and has to change the file.

# shellcheck source=selftests/host/lib.sh
. "$(dirname "$0")/lib.sh"

OUT=$BUILD/host/hba
MODEL=$TOP/selftests/hba

FAULTS='
list.c s/p->sact &= ~tags;//
control.c s/? 16 : 10)/? 16 : 0)/
control.c s/ || \*value >> (64.*$/)/
list.c s/{ FIS_D2H, c->pm, STS_DRDY }/{ FIS_D2H, FIS_I | c->pm, STS_DRDY }/
list.c s/ncq_log\[0\] = c->slot/ncq_log[0] = 0/
list.c s/(prd\[3\] & PRD_DBC) + 1 -/(prd[3] \& PRD_DBC) + 3 -/
list.c s/!p->rung || p->halted ||/!p->rung ||/
list.c s/d->queued = 0;//
list.c s/if (hba.one_by_one)/if (false)/
firmware.c s/hba.bohc & ~before & BOHC_OOS/hba.bohc \& BOHC_OOS/
firmware.c s/hba.bios == BIOS_LATER ||/false ||/
firmware.c s/hba.bohc |= BOHC_BB/hba.bohc |= 0/
firmware.c s/hba.has_enables && next_port/next_port/
host.c s/pci_reset_enables();//
port.c s/return enabled(p) &&/return/
port.c /^void port_enable/,/^}/s/p->link_due = 0;//
pci.c s/asleep && !pci_asleep()/false/
pci.c s/hba.ones || pci_asleep() ||/hba.ones ||/
pci.c s/hba.mute || pci_asleep() ||/hba.mute ||/
host.c s/hba.is && !before/hba.is/
host.c s/enabled & ~p->pending/enabled/
host.c s/hba.is && irq_single())/false)/
host.c s/p->serr & SERR_X/p->serr \& SERR_M/
port.c /^void port_signature/,/^}/s/if (!(p->cmd & CMD_FR))/if (false)/
port.c s/limit && limit < best/false/
port.c s/p->cmd & ~before & CMD_SUD/false/
disk.c s/if (fua || !d->cache)/if (!d->cache)/
disk.c /^static void flush/,/^}/s/madvise([^)]*)/false/
disk.c s/n = d->bad_lba - lba;/n = 0;/
disk.c s/if (d->ncq_error &&/if (false \&\&/
pci.c s/msi < hba.ports/false/
pci.c s/ || intx_masked//
check.c s/p->orphans >> pm & 1/false/
check.c s/value && !(p->cmd & CMD_ST)/false/
check.c s/value & p->ci && !p->lied/false/
port.c s/d->packet ? SIG_ATAPI : d->zones/d->zones/
atapi.c s/!(c->header\[0\] & HDR_A) &&/false \&\&/
atapi.c s/most = DRQ_MOST;/most = 2 * DRQ_MOST;/
atapi.c s/while (c->moved % unit/while (false/
atapi.c s/if (!(reason & REASON_CD))/if (true)/
atapi.c s/!cd->dmadir || in ==/!cd->dmadir || in !=/
atapi.c s/cd->dma && (/(/
atapi.c s/if (c->packet\[0\] != 0x03)/if (false)/
atapi.c /^static void run_request_sense/,/^}/s/cd->key = 0;//
atapi.c s/ && !(op->flags & ALWAYS)//
atapi.c s/cd->attention = MEDIUM_CHANGED;//
atapi.c s/if (!cd->attention)/if (true)/
atapi.c s/p->tfd & (STS_BSY | STS_DRQ))/false)/
atapi.c s/if (hba.cap & CAP_SSNTF)/if (true)/
atapi.c s/FIS_N | FIS_I/FIS_I/
atapi.c /^static void run_get_event/,/^}/s/cd->event = EVENT_NONE;//
atapi.c /^static void run_start_stop/,/^}/s/if (cd->locked)/if (false)/
list.c s/atapi_failed(.*;/;/
check.c s/packet != !!(dw0 & HDR_A)/false/
fuzz.c s/(uint32_t)chance & idle(p));/(uint32_t)chance);/
fuzz.c s/hba_interrupt_again();//
fuzz.c s/p->nr, c->ordinal/p->nr, now()/
link.c s/p->serr |= SERR_N;/;/
link.c s/SERR_N | SERR_W/SERR_N/
link.c s/p->sctl & SCTL_NO_SLUMBER/false/
link.c s/hba.cap & CAP_PSC &&//
link.c s/!idle(p) || //
link.c s/to == IPM_DEVSLP ? p->disk.sata_on & SATA_DEVSLP : p->disk.hipm/true/
link.c s/armed = BY_DEVICE | BY_APST/armed = BY_HOST | BY_DEVICE | BY_APST/
link.c s/armed &= ~by/armed |= by/
link.c s/if (p->cmd & CMD_ST)/if (true)/
link.c s/DEVSLP_MDAT(p->devslp) \* MS/0/
link.c s/hba.cap2 & CAP2_DESO &&/false \&\&/
link.c s/if (!port_device(p))/if (false)/
link.c s/p->link = LINK_WAKING;/link_awake(p); return;/
presence.c s/p->cmd & CMD_CPD && p->disk.present/p->cmd \& CMD_CPD/
presence.c s/has_switch(p) && p->open/p->open/
presence.c s/has_switch(p) ? IS_DMPS : 0/IS_DMPS/
presence.c s/p->open == open/false/
presence.c s/| CMD_HPCP | CMD_CPD;/| CMD_CPD;/
limits.c s/!c->disk->limits_on ||//
limits.c s/index \* 10000/index * 20000/
limits.c s/c->disk->limits == COMPLETE_UNAVAILABLE/false/
limits.c s/|= (uint8_t)(1u << c->slot % 8)/|= (uint8_t)(2u << c->slot % 8)/
limits.c s/d->limits << POLICY_ACTIVE/d->limits/
limits.c s/!d->limits || page > 1/page > 1/
list.c s/c->due <= now() + limit/true/
list.c s/p->slot\[i\].sense ? STS_SENSE : 0/0/
disk.c s/else if (c->expired)/else if (false)/
identify.c s/d->limits_on << 21/d->limits_on << 20/
zones.c s/lba != z->wp/lba < z->wp/
zones.c s/lba + n > z->start + d->zone_size/false/
zones.c s/wp == z->start + d->zone_size/false/
zones.c s/z->wp <= lba/true/
zones.c s/options & 0x80 && n > room/false/
zones.c s/if (n < room)/if (n < room - 1)/
zones.c s/z->start != lba ||//
zones.c s/disk_erase(d, z->start, z->wp - z->start);//
zones.c s/return is_open(z) || z->cond == CLOSED;/return true;/
zones.c s/if (z->cond == IMPLICIT_OPEN/if (z->cond == CLOSED/
disk.c s/!c->disk->aux || (c->cfis\[13\] & 31) != 2/(c->cfis[13] \& 31) != 2/
disk.c s/c->cfis\[13\] >> 6 == 2/c->cfis[13] >> 6 == 1/
disk.c s/return c->disk->prio &&/return/
list.c s/return cmd_urgent(a);/return false;/
identify.c s/return d->zones;/return true;/
port.c s/d->zones ? SIG_ZAC : SIG_DISK/SIG_DISK/
enclosure.c s/hba.cap & CAP_EMS;/true;/
enclosure.c s/hba.ports \* HBA_PORT_SIZE/MAX_PORTS * HBA_PORT_SIZE/
host.c s/size < enclosure_end()/size < 0x1000/
enclosure.c s/(offset - BUFFER_SIZE) \/ 4/offset \/ 4 % BUFFER_DWORDS + 1/
enclosure.c s/em.ctl &= ~(value & EM_MR);/em.ctl \&= ~EM_MR;/
enclosure.c s/buffer && em.ctl & EM_TM/false/
enclosure.c s/em.ctl & EM_ALHD ? LED_ACTIVITY : 0/0/
enclosure.c s/LED_VALUE(dw) & ~kept)/LED_VALUE(dw))/
enclosure.c s/if (!LED_PMP(dw))//
enclosure.c s/if (em.ctl & EM_RST)/if (false)/
enclosure.c s/em.ctl & (EM_XMT | EM_MR) ||/em.ctl \& EM_XMT ||/
enclosure.c s/em.ctl & EM_SMB ? em.sent : em.received/em.received/
ccc.c s/ccc.ctl & CCC_EN ? CCC_EN : CCC_EN | CCC_WRITABLE/CCC_EN | CCC_WRITABLE/
ccc.c s/ && ccc.ports >> p->nr & 1//
ccc.c s/ccc.complete += commands/ccc.complete++/
ccc.c s/CCC_CC(ccc.ctl) && //
ccc.c s/if (ccc.complete)/if (false)/
ccc.c s/ccc.since = timed() ? now() : 0;/ccc.since = now();/
ccc.c s/^\tccc.left = CCC_TV(ccc.ctl) \* MS;//
host.c s/hba.is |= 1u << nr;//
host.c s/if (!irq_single() || !before)/if (!irq_single())/
port.c s/ && p->cmd & CMD_POD;/;/
port.c s/if (!(p->disk.sata_on & SATA_SSP))/if (true)/
port.c s/if ((p->sctl ^ value) & .*/if (false)/
port.c s/p->devslp = value & writable/p->devslp = value/
disk.c s/features\[nr\] & d->sata/features[nr]/
check.c s/& DEVSLP_TIMES && p->cmd & CMD_ST/\& DEVSLP_TIMES \&\& false/
control.c s/if (back)/if (false)/
control.c s/irq_send(port/irq_port(port/
lie.c s/(value & l->and) | l->or/value \& l->and/
lie.c s/|| !l->left/|| false/
lie.c s/p->lied = true/p->lied = false/
lie.c s/p->cmd_lied = true/p->cmd_lied = false/
lie.c s/^\t\tp->cmd_lied = false;//
lie.c s/l->written = value/l->written = 0/
lie.c s/p->garbled++/i/
port.c s/if (p->garbage)/if (false)/
control.c s/++r->seen != r->nth && r->nth/false/
pmp.c s/ || p->pmp.device\[pm\].serr & SERR_X//
pmp.c s/sctl = pm ? 4 : 0/sctl = 0/
pmp.c s/if (p->pmp.aware)/if (true)/
pmp.c s/FIS_N | FIS_I | PM_CONTROL/FIS_I | PM_CONTROL/
pmp.c s/errors_before & ~before)/errors_before)/
pmp.c s/ || !(p->pmp.features & FEATURE_NOTIFY)//
pmp.c s/if (hba.cap & CAP_SSNTF)//
pmp.c /^static void device_down/,/^}/s/list_forget(p, pm);//
fbs.c s/list_flush(p, pm);//
fbs.c s/if (p->failed) {/if (false) {/
fbs.c s/if (p->fbs & FBS_SDE)$/if (false)/
port.c s/if (fbs(p))/if (false)/
port.c /^static bool unexpected/,/^}/s/p->cmd & CMD_PMA/false/
list.c s/if (p->target\[i\] == pm)/if (true)/
list.c s/if (p->slot\[i\].pm == pm)/if (true)/
list.c s/!pmp_blocked(p, pm)/true/
list.c s/(p->fbs & FBS_DEV) >> FBS_DEV_SHIFT/(uint8_t)header_pm(p, i)/
check.c s/!fbs(p) && of_others(p, pm)/false/
check.c s/fbs(p) && header_pm(p, slot) != pm/false/
control.c s/return pm < 0 || c->pm == pm/return true/
'

# tests FOLDER: build and run those of the sources there; CFLAGS as given. They take a
# second; a fault may make them run forever, which finds it as well.
tests() {
	: >"$OUT/test.log"
	make -s -C "$1" OUT="$1/out" "$1/out/hba-test" >"$OUT/build.log" 2>&1 || return
	timeout 60 "$1/out/hba-test" >"$OUT/test.log" 2>&1 ||
		echo "not ok status $?" >>"$OUT/test.log"
	! grep -q '^not ok' "$OUT/test.log"
}

copy() {
	mkdir -p "$OUT/$1"
	cp "$MODEL"/*.[ch] "$MODEL/Makefile" "$OUT/$1/"
}

# What a compiler says of a fault is not what finds it.
find_faults() {
	local file script n=0
	copy fault
	export CFLAGS=-O1 WARNINGS=
	tests "$OUT/fault" || { bad "the copy fails: $(tail -n 1 "$OUT/build.log" "$OUT/test.log")"; return; }
	while read -r file script; do
		[ -n "$file" ] || continue
		sed -i "$script" "$OUT/fault/$file"
		if cmp -s "$MODEL/$file" "$OUT/fault/$file"; then
			bad "nothing to change: $file $script"
		elif tests "$OUT/fault"; then
			bad "not found: $file $script"
		elif ! grep -q '^not ok' "$OUT/test.log"; then
			bad "does not build or run: $file $script"
		else
			n=$((n + 1))
		fi
		cp "$MODEL/$file" "$OUT/fault/$file"
	done <<<"$FAULTS"
	good "$n faults of the model are found"
}

copy clean
if tests "$OUT/clean"; then
	good "$(grep -c '^ok' "$OUT/test.log") tests of the model"
else
	cat "$OUT/build.log"
	grep -v '^ok' "$OUT/test.log"
	bad "tests of the model"
fi
find_faults
exit $BAD
