#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Compare the register accesses of stock ahci on QEMU's AHCI and on the model HBA.

    compare.py QEMU-LOG MODEL-TRACE

The first has QEMU's trace events ahci_mem_read and ahci_mem_write, the second is the
model's trace, both of guests that ran job.sh. Accesses that repeat are folded into one.
Prints what differs, by phase and port, and exits with 1 if anything does.
"""

import difflib
import re
import sys

ACCESS = re.compile(r"ahci_mem_(read|write) ahci\((0x\w+)\): (?:read|write)4 @ (0x\w+): (0x\w+)")
TRACED = re.compile(r"([rw]) (?:P(\d+))?(\w+) (\w{8})")
MARK = re.compile(r"# seed (\d+)")
# QEMU says so itself, sometimes in the middle of a line.
NOISE = re.compile(r"ahci: IRQ#\d+ level:[01]\n?")

# AHCI 1.3.1, 3.1 and 3.3
HOST = {0x00: "CAP", 0x04: "GHC", 0x08: "IS", 0x0c: "PI", 0x10: "VS", 0x1c: "EM_LOC",
        0x20: "EM_CTL", 0x24: "CAP2", 0x28: "BOHC"}
PORT = {0x00: "CLB", 0x04: "CLBU", 0x08: "FB", 0x0c: "FBU", 0x10: "IS", 0x14: "IE", 0x18: "CMD",
        0x20: "TFD", 0x24: "SIG", 0x28: "SSTS", 0x2c: "SCTL", 0x30: "SERR", 0x34: "SACT",
        0x38: "CI", 0x3c: "SNTF"}
# What is not compared, and why: bits of a register.
IGNORED = {
    "CAP": 0x00f00000,      # 3.1.1 ISS: the speed of the links is the HBA's own
    "SSTS": 0x000000f0,     # 3.3.10 SPD: the same
    # 3.3.7 SUD and POD: read only, and set, where CAP.SSS and CPD are not; QEMU has zero.
    # And CCS, the current slot, is chance; QEMU has zero.
    "CMD": 0x00001f06,
    "SERR": 0x04010000,     # 3.3.12 X and N: the device came, and PhyRdy; not in QEMU
}

# What QEMU's matches, what is compared in its place, and why.
KNOWN = [
    (r"GHC=80000003 GHC:80000000", "GHC=80000003 GHC:80000001 GHC:80000000",
     "10.4.3: the reset of the HBA takes a millisecond"),
    (r"IS:1 IS=1 (?=SCTL:0 SCTL=301)", "IS:0 ", "3.3.5 DHRS: a signature's FIS has no I"),
    (r"IS:1 IS=1 (?=IE=7840007f)", "IS:0 IS=0 ", "the same"),
    (r"TFD:130", "TFD:150", "a signature's status is 50h (ATA, device signature)"),
    (r"IS:3 IS=3", "IS:2 IS=2", "3.3.5: a PIO read ends with a PIO Setup FIS alone"),
    (r"IS:40000000 IS=40000000", "IS:40000001 IS=40000001",
     "3.3.5: a command that fails ends with a D2H FIS with I, too"),
    (r"queued IS:40000001 IS=40000001", "queued IS:40000008 IS=40000008",
     "3.3.5 SDBS: a queued one with a Set Device Bits FIS with I"),
]

# Phases of job.sh in which the disks differ, not the HBAs. They are compared up to the
# first command of error handling's.
CUT = {
    7: r"CI=tags .*",           # QEMU's disk has no NCQ command error log
    8: r"SSTS:103 CI=tags .*",  # its error is ABRT instead of UNC, so libata tries again
}

# A doorbell of queued commands, and the interrupt of a Set Device Bits FIS for some.
QUEUED = re.compile(r"((SACT=tags CI=tags|IS:8 IS=8 SACT:(0|tags)) )+")


def name(address):
    """(port or "host", register)"""
    if address < 0x100:
        return "host", HOST.get(address, hex(address))
    port, register = divmod(address - 0x100, 0x80)
    return port, PORT.get(register, hex(register))


def of_qemu(path):
    """(phase, port, read or write, register, value) of each access."""
    with open(path, encoding="ascii", errors="replace") as file:
        found = ACCESS.findall(NOISE.sub("", file.read()))
    marker = [who for kind, who, address, _ in found
              if kind == "write" and int(address, 16) == 0x10][-1]
    phase = 0
    for kind, who, address, value in found:
        if who != marker and phase:
            yield (phase, *name(int(address, 16)), kind[0], int(value, 16))
        elif who == marker and kind == "write" and int(address, 16) == 0x10:
            phase = int(value, 16)


def of_model(path):
    phase = 0
    with open(path, encoding="ascii") as file:
        for line in file:
            mark, access = MARK.match(line), TRACED.match(line)
            if mark:
                phase = int(mark[1])
            elif access and phase:
                kind, port, register, value = access.groups()
                yield phase, int(port) if port else "host", register, kind, int(value, 16)


def word(register, kind, value):
    """One word for an access: "CI=tags" is written, "CI:0" is read."""
    sign = "=" if kind == "w" else ":"
    value &= ~IGNORED.get(register, 0)
    # Where memory is, and which tags a command got, is chance.
    if register in ("CLB", "CLBU", "FB", "FBU"):
        return f"{register}{sign}memory"
    if register in ("CI", "SACT") and value:
        return f"{register}{sign}tags"
    return f"{register}{sign}{value:x}"


def folded(accesses):
    """{(phase, port): words}, none like the one before it; queued commands are one word."""
    streams = {}
    for phase, port, register, kind, value in accesses:
        words = streams.setdefault((phase, port), [])
        # Ports are probed in parallel; the PxIS of each is compared.
        if port == "host" and register == "IS":
            continue
        # Later kernels than 6.1, for ten seconds after they set a link power policy.
        if (register, kind, value) == ("SERR", "w", 0x10000):
            continue
        text = word(register, kind, value)
        if not words or words[-1] != text:
            words.append(text)
    # How many are in flight at a time, and how many one interrupt completes, is chance.
    return {key: QUEUED.sub("queued ", " ".join(words) + " ").split()
            for key, words in streams.items()}


def main(qemu_log, model_trace):
    qemu, model = folded(of_qemu(qemu_log)), folded(of_model(model_trace))
    count = bad = 0
    for key in sorted(set(qemu) | set(model), key=str):
        old, new = qemu.get(key, []), model.get(key, [])
        for theirs, ours, _ in KNOWN:
            old = re.sub(theirs, ours, " ".join(old)).split()
        if key[0] in CUT:
            old, new = (re.sub(CUT[key[0]], "", " ".join(words)).split() for words in (old, new))
        count += len(new)
        if old == new:
            continue
        bad = 1
        print(f"not ok phase {key[0]} of job.sh, port {key[1]}, QEMU's (-) and the model (+):")
        for line in difflib.unified_diff(old, new, lineterm="", n=2):
            if not line.startswith(("---", "+++")):
                print(f"  {line}")
    if not bad:
        print(f"ok {count} register accesses are those on QEMU's AHCI")
    return bad


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
