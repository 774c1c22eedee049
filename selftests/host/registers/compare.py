#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Compare what two drivers wrote to an AHCI controller's registers and configuration space.

    compare.py STOCK SPLIT

Both are logs of QEMU's with its trace events ahci_mem_write and pci_cfg_write, of a
guest that ran job.sh. Prints what differs, by phase and port, and exits with 1 if anything does.
"""

import re
import sys

WRITE = re.compile(r"ahci_mem_write ahci\((0x\w+)\): write4 @ (0x\w+): (0x\w{16})"
                   # of the controller that guest_registers adds
                   r"|pci_cfg_write \S+ 00:08\.0 @(0x\w+) <- (0x\w+)")
# QEMU says so itself, sometimes in the middle of a line.
NOISE = re.compile(r"ahci: IRQ#\d+ level:[01]\n?")

# AHCI 1.3.1, 3.1 and 3.3
HOST = {0x00: "CAP", 0x04: "GHC", 0x08: "IS", 0x0c: "PI", 0x10: "VS", 0x24: "CAP2", 0x28: "BOHC"}
PORT = {0x00: "CLB", 0x04: "CLBU", 0x08: "FB", 0x0c: "FBU", 0x10: "IS", 0x14: "IE", 0x18: "CMD",
        0x2c: "SCTL", 0x30: "SERR", 0x34: "SACT", 0x38: "CI"}
# PCI 3.0, 6.1 and 6.8.1; the BARs and the message of MSI are the PCI core's alone.
CONFIG = {0x04: "command", 0x0d: "latency", 0x3c: "interrupt", 0x82: "MSI", 0x92: "PCS"}
CORE = (*range(0x10, 0x34), *range(0x84, 0x90))
GHC_HR = 1
# PxIS: errors and changes of the link, which is all but the kinds of FIS
EVENTS = 0xfd800050

# What stock's writes match, what is compared in its place, and why. Nothing of ours is
# replaced.
KNOWN = [
    (r"\bCMD=4011 CMD=c011\b", "CMD=4011", "a port multiplier that is not there is switched off"),
]


def writes(path):
    """(controller, address, value) of each; it is "config" for configuration space."""
    with open(path, encoding="ascii", errors="replace") as file:
        text = NOISE.sub("", file.read())
    return [(who or "config", int(address or where, 16), int(value or config, 16))
            for who, address, value, where, config in WRITE.findall(text)]


def streams(path):
    """{(phase, port): writes}, of registers from the driver's first reset of the HBA on."""
    found = {}
    log = writes(path)
    marks = [who for who, address, _ in log if address == 0x10 and who != "config"]
    phase = began = 0
    for who, address, value in log:
        if who == marks[-1]:
            if address == 0x10:
                phase = value
            continue
        if who == "config":
            port, register = "host", CONFIG.get(address, f"config-{address:#x}")
            if address in CORE:
                continue
        else:
            began = began or address == 4 and value & GHC_HR
            if not began:
                continue
            if address < 0x100:
                port, register = "host", HOST.get(address, hex(address))
            else:
                port, register = divmod(address - 0x100, 0x80)
                register = PORT.get(register, hex(register))
        found.setdefault((phase, port), []).append((register, value))
    return found


def words(port, stream):
    """What can be compared: not doorbells, and of acknowledgements those of no FIS."""
    result = []
    for at, (register, value) in enumerate(stream):
        following, with_value = stream[at + 1] if at + 1 < len(stream) else ("", 0)
        if register in ("CI", "SACT") or port == "host" and register == "IS":
            continue
        # A message is written again when its vector moves, which is chance.
        if register == "MSI" and result and result[-1] == f"MSI={value:x}":
            continue
        if register == "IS":
            # Before a reset and before interrupts are on again, whatever there is.
            if following == "IE" and with_value:
                result.append("IS")
            elif value & EVENTS:
                result.append(f"IS={value & EVENTS:x}")
        elif register in ("CLB", "FB"):
            result.append(f"{register}=memory")
        else:
            result.append(f"{register}={value:x}")
    return " ".join(result)


def main(stock_log, split_log):
    stock, split = streams(stock_log), streams(split_log)
    count = bad = 0
    for key in sorted(set(stock) | set(split), key=str):
        phase, port = key
        old, new = (words(port, found.get(key, [])) for found in (stock, split))
        for theirs, ours, _ in KNOWN:
            old = re.sub(theirs, ours, old).strip()
        count += len(new.split())
        if old != new:
            bad = 1
            print(f"not ok phase {phase} of job.sh, port {port}:\n  stock: {old}\n  split: {new}")
    if not bad:
        print(f"ok {count} register writes are stock's")
    return bad


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
