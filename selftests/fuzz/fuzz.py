#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Two guests, the same commands: stock ahci and ahci_split must answer alike.

	fuzz.py KIT COMMANDS SECONDS SEED [OPS]

The guests run fuzz.c, which generates what a seed stands for. Seed after seed, from
SEED on, goes to both until there were COMMANDS commands or SECONDS have passed,
whichever comes last; disk N gets the seeds that leave N when divided by the number of
disks. All lines that they print about each operation and then the images of the disks
are compared. With OPS, such as 0-99,340, only those operations of SEED are run.

What differs is reduced to the fewest operations that still differ, and printed.
"""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

DRIVERS = ("ahci", "ahci_split")
DISKS = 6
OPS = 1000              # of a seed
ANSWER_SECONDS = 300    # for all operations of a seed
HERE = os.path.dirname(os.path.abspath(__file__))


class Failure(Exception):
    pass


def say(text):
    print("  " + text, file=sys.stderr, flush=True)


class Guest:
    """One of the two, booted by guest.sh with fuzz.c as its job."""

    def __init__(self, kit, kind, driver, program):
        self.driver = driver
        self.dir = f"{kit}/guest-{kind}-{driver}"
        self.answers = {name: queue.Queue() for name in
                        [str(disk) for disk in range(DISKS)] + ["counters"]}
        self.lock = threading.Lock()
        self.requests = None
        for fifo in ("in", "out"):
            if os.path.exists(f"{self.dir}/fuzz.{fifo}"):
                os.unlink(f"{self.dir}/fuzz.{fifo}")
        self.process = subprocess.Popen(
            [f"{HERE}/../qemu/guest.sh", kit, f"{kind}-{driver}", program],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def fail(self, what):
        raise Failure(f"the guest with {self.driver} {what}; "
                      f"log: {self.dir}/{{test,console,qemu}}.log")

    def connect(self):
        """The FIFOs are there before QEMU is."""
        while not os.path.exists(f"{self.dir}/fuzz.out"):
            if self.process.poll() is not None:
                self.fail("does not start")
            time.sleep(0.1)
        self.requests = os.open(f"{self.dir}/fuzz.in", os.O_RDWR)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with open(f"{self.dir}/fuzz.out", "rb") as answers:
            for head in answers:
                whose, length = head.decode().split()
                self.answers[whose].put(answers.read(int(length)).decode())

    def ask(self, request):
        with self.lock:
            os.write(self.requests, (request + "\n").encode())

    def answer(self, whose):
        for _ in range(ANSWER_SECONDS):
            try:
                return self.answers[str(whose)].get(timeout=1).splitlines()
            except queue.Empty:
                if self.process.poll() is not None:
                    self.fail("has died")
        return self.fail("does not answer")

    def image(self, disk):
        return f"{self.dir}/ahci0-{disk}.img"

    def clear(self, disk):
        """Whoever tests a driver should not leave this to it."""
        size = os.path.getsize(self.image(disk))
        os.truncate(self.image(disk), 0)
        os.truncate(self.image(disk), size)

    def end(self):
        """The guest's own verdict: kernel log, counters, unloading, QEMU's complaints."""
        self.ask("end")
        verdict = self.process.communicate()[0].splitlines()[-1:]
        if verdict != ["ok guest "]:
            self.fail(f"says {' '.join(verdict)}")


def extents(file):
    """Where a sparse file has data."""
    at, size = 0, os.fstat(file.fileno()).st_size
    while at < size:
        try:
            at = os.lseek(file.fileno(), at, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
        yield at, end
        at = end


def first_difference(names):
    """The first sector in which two images differ, or None."""
    files = [open(name, "rb") for name in names]
    step = 1 << 20
    sectors = []
    for start, end in [e for f in files for e in extents(f)]:
        for at in range(start, end, step):
            a, b = (os.pread(f.fileno(), min(step, end - at), at) for f in files)
            if a != b:
                sectors.append((at + next(i for i in range(len(a)) if a[i] != b[i])) // 512)
                break
    for file in files:
        file.close()
    return min(sectors, default=None)


def parse_ops(text):
    ops = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        ops += range(int(first), int(last or first) + 1)
    return ops


def format_ops(ops):
    parts = []
    for op in ops:
        if parts and parts[-1][1] == op - 1:
            parts[-1][1] = op
        else:
            parts.append([op, op])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def right_differences(series):
    with open(f"{HERE}/differences", encoding="ascii") as file:
        lines = [line.split(None, 1) for line in file if line.strip() and line[0] != "#"]
    return [re.compile(pattern.rstrip("\n")) for which, pattern in lines
            if which in ("*", series)]


class Fuzz:
    def __init__(self, guests, right):
        self.guests = guests
        self.right = right
        self.block = self.scsi = self.seeds = 0
        self.lock = threading.Lock()
        self.found = None
        self.failed = None

    def run(self, seed, ops):
        """Both guests' records of some operations, and what differs, if anything."""
        disk = seed % DISKS
        for guest in self.guests:
            guest.clear(disk)
            guest.ask(f"run {disk} {seed} {format_ops(ops)}")
        records = [guest.answer(disk) for guest in self.guests]
        for guest, lines in zip(self.guests, records):
            if not lines or not re.match(r"end block=\d+ scsi=\d+$", lines[-1]):
                guest.fail(f"gave up on seed {seed}")
        for ours in zip(*records):
            if ours[0] != ours[1] and self.common(ours[0]) != self.common(ours[1]):
                return records, ours
        sector = first_difference([guest.image(disk) for guest in self.guests])
        if sector is not None:
            return records, (f"the disk differs from sector {sector} on", "")
        return records, None

    def common(self, line):
        """What both drivers must say."""
        for pattern in self.right:
            line = pattern.sub(lambda match: "".join(match.groups()), line)
        return line

    def shrink(self, seed, ops, records, difference):
        """Leave out as much as the difference survives (delta debugging)."""
        def differs(some):
            nonlocal ops, records, difference
            now, found = self.run(seed, some) if some else (None, None)
            if found:
                ops, records, difference = list(some), now, found
            return found

        say(f"seed {seed} differs, reducing it: {' <> '.join(difference)}")
        if not differs(ops):
            say("run again it does not: there is more to it than this seed")
            return seed, ops, records, difference
        # Nothing after the first operation with another answer matters.
        nr = difference[0].split()[0]
        if nr.isdigit():
            differs(ops[:ops.index(int(nr)) + 1])
        parts = 2
        while len(ops) > 1:
            size = -(-len(ops) // parts)
            if any(differs(ops[:at] + ops[at + size:]) for at in range(0, len(ops), size)):
                parts = max(parts - 1, 2)
            elif size == 1:
                break
            else:
                parts = min(parts * 2, len(ops))
        return seed, ops, records, difference

    def count(self, records):
        block, scsi = map(int, re.findall(r"=(\d+)", records[0][-1]))
        with self.lock:
            self.block += block
            self.scsi += scsi
            self.seeds += 1

    def disk(self, seed, ops, more):
        """One disk's share: every so many seeds, until it is enough."""
        try:
            while more() and not self.found and not self.failed:
                records, difference = self.run(seed, ops)
                if difference:
                    self.found = self.found or (seed, ops, records, difference)
                    return
                self.count(records)
                seed += DISKS
        except Failure as failure:
            self.failed = f"{failure} (seed {seed})"

    def all_disks(self, seed, ops, more):
        """The disks one beside the other, until there are no more() seeds to try."""
        threads = [threading.Thread(target=self.disk, args=(seed + i, ops, more))
                   for i in range(DISKS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failed:
            raise Failure(self.failed)


def report(seed, ops, records, difference):
    print(f"not ok seed {seed}: {len(ops)} operations, and the answers differ:")
    for name, line in zip(DRIVERS, difference):
        print(f"  {name + ':':<12}{line}")
    print("the operations, as ahci answered them:")
    for line in records[0]:
        print(f"  {line[:300]}")
    print(f"again: make fuzz SEED={seed} OPS={format_ops(ops)}")


def took_the_split(guest, block):
    """Without that nothing was compared."""
    guest.ask("counters")
    n = {}
    for line in guest.answer("counters"):
        name, value = line.split()
        n[name] = n.get(name, 0) + int(value)
    eligible = n["queued"] - n["core_command"] - n["core_passthrough"]
    print(f"  ahci_split: {n['queued']} commands queued, {n['core_passthrough']} of them "
          f"passthrough; of {eligible} reads and writes {n['split']} took the split")
    if n["split"] < 0.9 * eligible or n["split"] < 0.5 * block:
        raise Failure("too few commands took the split")


def fis_streams(log):
    """The command FISes of each port, as QEMU's trace has them, in order."""
    streams = {}
    with open(log, encoding="ascii", errors="replace") as lines:
        for line in lines:
            head = re.match(r"handle_cmd_fis_dump ahci\(\w+\)\[(\d+)\]", line)
            if not head:
                continue
            fis = bytearray.fromhex("".join(next(lines)[6:].strip() for _ in range(2)))[:20]
            # SATA: the tag of a queued command, where blk-mq begins at random
            if 0x60 <= fis[2] <= 0x65:
                fis[12] &= 0x07
            streams.setdefault(int(head.group(1)), []).append(fis.hex(" "))
    return streams


def compare_fis(guests):
    """Was each command the same down to its FIS, from the first at probe on?"""
    streams = [fis_streams(f"{guest.dir}/qemu.log") for guest in guests]
    if not streams[0] or streams[0].keys() != streams[1].keys():
        raise Failure(f"FISes of ports {[list(ports) for ports in streams]}")
    for port in streams[0]:
        both = [ports[port] + ["none"] for ports in streams]
        for nr, fises in enumerate(zip(*both)):
            if fises[0] != fises[1]:
                raise Failure(f"port {port}, command FIS {nr} is another one:\n" + "\n".join(
                    f"  {name + ':':<12}{fis}" for name, fis in zip(DRIVERS, fises)))
    print(f"ok {sum(map(len, streams[0].values()))} command FISes of {len(streams[0])} ports: the same")


def main():
    kit, kind, commands, seconds, seed = *sys.argv[1:3], *map(int, sys.argv[3:6])
    ops = parse_ops(sys.argv[6]) if len(sys.argv) > 6 else None
    program = os.environ["FUZZ_PROGRAM"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    guests = [Guest(kit, kind, driver, program) for driver in DRIVERS]
    try:
        for guest in guests:
            guest.connect()
        fuzz = Fuzz(guests, right_differences(os.path.basename(kit).split("-")[0]))
        until = time.monotonic() + seconds
        if ops:
            fuzz.disk(seed, ops, lambda: not fuzz.seeds)
        else:
            fuzz.all_disks(seed, range(OPS), lambda: (fuzz.block + fuzz.scsi < commands
                                                      or time.monotonic() < until))
        if fuzz.failed:
            raise Failure(fuzz.failed)
        if fuzz.found:
            report(*fuzz.found if ops else fuzz.shrink(*fuzz.found))
            return 1
        took_the_split(guests[1], fuzz.block)
        for guest in guests:
            guest.end()
        if kind == "fis":
            compare_fis(guests)
        print(f"ok {fuzz.block} block requests and {fuzz.scsi} SCSI commands of "
              f"{fuzz.seeds} seeds from {seed} on: same answers, same disks")
        return 0
    except Failure as failure:
        print(f"not ok {failure}")
        return 1
    finally:
        for guest in guests:
            guest.process.terminate()
            guest.process.wait()


sys.exit(main())
