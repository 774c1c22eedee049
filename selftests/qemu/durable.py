#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Was anything lost that a guest was told is stable?

    durable.py FOLDER SEED

FOLDER holds what is left of a guest that was killed: acks, what its writers
(selftests/durable.c) said was stable, as far as the host got it; and for each disk
diskN.writes, QEMU's log of what reached the disk, flushes among it (blklogwrites; the
format is that of the kernel's dm-log-writes).

A disk is put together from its log as after a loss of power: all that came before
the last flush, and of the rest each 4 KiB with even odds, by SEED. Each sector on it
must be whole and in its place and not older than what was acknowledged. The file
system must come to order from its journal alone.

Prints "lost: ..." and fails, or prints what it has compared.
"""

import os
import random
import struct
import subprocess
import sys
import zlib

SECTOR = 512
LOG_MAGIC = 0x6A736677736872
FLUSH, DISCARD = 1, 4
MAGIC = 0x656C626172756421
AREAS = 4                       # writers of a disk; whoever is left writes files
RAW_DISKS = 2
AHEAD = 16                      # pieces that a writer may have under way
SHOWN = 5


class Lost(Exception):
    """What should be there is not."""


def entries(name):
    """What is in a log, as it came: (flags, offset, data)."""
    with open(name, "rb") as log:
        magic, _, wanted, size = struct.unpack_from("<QQQI", log.read(SECTOR))
        # Written by the first flush.
        assert (magic, size) in ((LOG_MAGIC, SECTOR), (0, 0)), f"{name} is no log"
        count = 0
        while len(header := log.read(SECTOR)) == SECTOR:
            sector, sectors, flags = struct.unpack_from("<QQQ", header)
            length = sectors * SECTOR
            data = bytes(length) if flags & DISCARD else log.read(length)
            # The last one may have been cut off.
            if len(data) != length or not (flags & FLUSH or length):
                break
            count += 1
            yield flags, sector * SECTOR, data
        assert count >= wanted, f"{name} has {count} entries of {wanted}"


def after_power_loss(name, size, seed):
    """The disk's contents, and how many flushes, writes and dropped pages made it."""
    disk, pending = bytearray(size), []
    chance = random.Random(seed)
    flushes = writes = dropped = 0
    for flags, offset, data in entries(name):
        if flags & FLUSH:
            flushes += 1
            for at, piece in pending:
                disk[at:at + len(piece)] = piece
            pending = []
        else:
            writes += 1
            pending.append((offset, data))
    for offset, data in pending:
        for at in range(0, len(data), 4096):
            if chance.random() < 0.5:
                dropped += 1
            else:
                piece = data[at:at + 4096]
                disk[offset + at:offset + at + len(piece)] = piece
    return disk, (flushes, writes, dropped)


def acknowledged(name):
    """{(who, file): {place: generation}}, {who: last generation}, how many pieces."""
    acks, last, count = {}, {}, 0
    with open(name, encoding="ascii") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break
            who, file, place, sectors, generation = line.split()
            who, generation = int(who), int(generation)
            where = acks.setdefault((who, file), {})
            if file != "-":
                where.clear()
            for sector in range(int(place), int(place) + int(sectors)):
                where[sector] = max(generation, where.get(sector, 0))
            last[who] = max(generation, last.get(who, 0))
            count += 1
    return acks, last, count


def generation_of(sector, seed, who, place):
    """A sector's generation; 0 if nothing was ever written there."""
    if not any(sector):
        return 0
    magic, s_seed, s_who, s_place, generation = struct.unpack_from("<QIIQQ", sector)
    crc, = struct.unpack_from("<I", sector, SECTOR - 4)
    if magic != MAGIC or crc != zlib.crc32(sector[:-4]):
        raise Lost(f"sector {place} is torn or foreign")
    if (s_seed, s_who, s_place) != (seed, who, place):
        raise Lost(f"sector {place} of writer {who} is {s_place} of {s_who}, seed {s_seed}")
    return generation


def check_sectors(data, start, seed, who, acks, last):
    """Yields what is wrong with a writer's sectors, the first of which is START."""
    for at in range(0, len(data), SECTOR):
        place = start + at // SECTOR
        try:
            have = generation_of(data[at:at + SECTOR], seed, who, place)
        except Lost as e:
            yield str(e)
            continue
        if have < acks.get(place, 0):
            yield f"sector {place} is generation {have}, acknowledged {acks[place]}"
        elif have > last.get(who, 0) + AHEAD:
            yield f"sector {place} is generation {have}, of {last.get(who, 0)}"


def check_disk(disk, number, seed, acks, last):
    """Yields what is wrong with a disk without file system."""
    area = 1024 * 4096
    for who in range(number * AREAS, (number + 1) * AREAS):
        start = who % AREAS * area
        yield from (f"disk {number}: writer {who}: {what}" for what in check_sectors(
            disk[start:start + area], start // SECTOR, seed, who, acks.get((who, "-"), {}), last))


def check_files(image, seed, acks, last):
    """Yields what is wrong with the file system."""
    out = image + ".files"
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    os.makedirs(out, exist_ok=True)
    for command in (["e2fsck", "-p", image], ["e2fsck", "-fn", image],
                    ["debugfs", "-R", f"rdump / {out}", image]):
        run = subprocess.run(command, capture_output=True, text=True, check=False,
                             env=dict(os.environ, PATH=path))
        # e2fsck -p says 1 when it was the journal or what the journal lists
        if run.returncode > (command[1] == "-p"):
            yield f"{' '.join(command[:2])}: {run.stdout.strip()}"
            return
    for (who, file), places in acks.items():
        if file == "-":
            continue
        try:
            with open(os.path.join(out, file), "rb") as f:
                data = f.read()
        except FileNotFoundError:
            yield f"{file} is missing"
            continue
        newest = max(places.values())
        first = data[:SECTOR]
        # a later one may have replaced it, and have another length
        if len(first) == SECTOR and struct.unpack_from("<Q", first, 24)[0] > newest:
            places = {}
        elif len(data) != len(places) * SECTOR:
            yield f"{file} has {len(data)} bytes instead of {len(places) * SECTOR}"
        yield from (f"{file}: {what}" for what in
                    check_sectors(data, 0, seed, who, places, last))


def main(folder, seed):
    """Compare all disks; 0 if nothing was lost."""
    acks, last, count = acknowledged(os.path.join(folder, "acks"))
    lost, totals = [], [0, 0, 0]
    for number in range(RAW_DISKS + 1):
        image = os.path.join(folder, f"disk{number}.img")
        disk, figures = after_power_loss(os.path.join(folder, f"disk{number}.writes"),
                                         os.path.getsize(image), f"{seed}.{number}")
        totals = [a + b for a, b in zip(totals, figures)]
        if number < RAW_DISKS:
            lost += check_disk(disk, number, seed, acks, last)
        else:
            with open(image, "wb") as f:
                f.write(disk)
            lost += check_files(image, seed, acks, last)
    if len(last) != RAW_DISKS * AREAS + 2:
        lost.append(f"only {len(last)} writers acknowledged anything")
    figures = "{} acknowledged, {} flushes, {} writes, {} pages dropped".format(count, *totals)
    if lost:
        print(f"lost: {len(lost)} of {figures}:", "; ".join(lost[:SHOWN]))
        return 1
    print(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
