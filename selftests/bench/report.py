#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Results of the bench: collect runs, compare with ceilings, make tables and pictures.

    report.py begin OUT KEY=VALUE...   new results in OUT/bench.json
    report.py fact OUT KEY=VALUE...    to be remembered with them
    report.py add-hold OUT QEMU_LOG    add what OUT/rows and the plugin say
    report.py add OUT KIND             add what OUT/rows says, of another job
    report.py report OUT               OUT/bench.md and the pictures
    report.py check OUT CEILINGS SERIES    the split's figures against recorded ones
    report.py record OUT SERIES        lines for the file of ceilings
"""

import json
import math
import random
import subprocess
import sys
import time
from statistics import mean, median

STOCK = "ahci"
SPLIT = "ahci_split"
# 5 % above what was recorded is a regression.
TOLERANCE = 1.05

# What a regression would show in.
GUARDED = [("4k-huge/qd1-1", ("submit", "interrupt", "path", "own", "reads", "writes")),
           ("128k-scattered/qd1-1", ("submit", "interrupt", "path")),
           ("4k-huge/qd32-32", ("submit", "interrupt", "path", "reads", "writes"))]


def load(out):
    with open(f"{out}/bench.json", encoding="ascii") as file:
        return json.load(file)


def save(out, results):
    with open(f"{out}/bench.json", "w", encoding="ascii") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def begin(out, *facts):
    save(out, {"date": time.strftime("%Y-%m-%d"), "runs": []})
    fact(out, *facts)


def fact(out, *facts):
    save(out, dict(item.split("=", 1) for item in facts) | load(out))


# Collect -----------------------------------------------------------------


def read_rows(out, names):
    """Lines "A/B/C KEY=VALUE...", where names say what A, B and C are."""
    rows = {}
    with open(f"{out}/rows", encoding="ascii") as file:
        for line in file:
            label, *values = line.split()
            rows[label] = dict(zip(names, label.split("/"))) | {
                key: float(number) for key, number in (value.split("=") for value in values)}
    return rows


def read_log(path):
    """What the plugin says of each window, with the register accesses in it."""
    windows = {}
    reads = writes = 0
    with open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("ahci_mem_read"):
                reads += 1
            elif line.startswith("ahci_mem_write"):
                writes += 1
            elif line.startswith("hold begin"):
                reads = writes = 0
            elif line.startswith("hold {"):
                window = json.loads(line[len("hold "):])
                window["reads"] = reads
                window["writes"] = writes
                windows[window.pop("label")] = window
    return windows


def add_hold(out, log):
    results = load(out)
    windows = read_log(log)
    for label, row in read_rows(out, ("mode", "driver", "buffer", "queue")).items():
        run = {"kind": "hold"} | row | windows[label]
        for section in "submit", "interrupt":
            if not run[section]["count"]:
                sys.exit(f"error: {label}: the plugin saw no {section} section")
        results["runs"].append(run)
    save(out, results)


def add(out, kind):
    results = load(out)
    rows = read_rows(out, ("load", "driver", "round"))
    results["runs"] += [{"kind": kind} | row for row in rows.values()]
    save(out, results)


# Figures -----------------------------------------------------------------


def figures(run):
    """Per completed request: interrupts take several when the queue is deep."""
    requests = run["requests"]
    return {
        "submit": run["submit"]["sum"] / requests,
        "interrupt": run["interrupt"]["sum"] / requests,
        "path": run["path"] / run["ios"],
        "own": run["own"] / run["ios"],
        "reads": run["reads"] / requests,
        "writes": run["writes"] / requests,
    }


def percentile(histogram, share):
    """The top of the bucket in which that share of the sections is reached."""
    left = share * sum(count for _, count in histogram)
    for top, count in histogram:
        left -= count
        if left <= 0:
            return top
    return 0


def interval(ratios):
    """Of the geometric mean, 95 %, by drawing from the ratios again."""
    logs = [math.log(ratio) for ratio in ratios]
    draw = random.Random(1)
    means = sorted(mean(draw.choices(logs, k=len(logs))) for _ in range(4000))
    return [math.exp(value) for value in (mean(logs), means[100], means[-101])]


def verdict(low, high, more_is_better):
    if low <= 1 <= high:
        return "no difference"
    return "better" if (low > 1) == more_is_better else "worse"


def split_figures(out):
    return {f"{run['buffer']}/{run['queue']}": figures(run)
            for run in load(out)["runs"] if run["driver"] == SPLIT}


def check(out, path, series):
    rows = split_figures(out)
    known = bad = 0
    with open(path, encoding="ascii") as file:
        for line in file:
            of_series, row, figure, ceiling = line.split()
            if of_series != series:
                continue
            known += 1
            value = rows[row][figure]
            good = value <= float(ceiling) * TOLERANCE
            bad += not good
            print(f"{'ok' if good else 'not ok'} {row} {figure}: {value:.2f},"
                  f" recorded {ceiling}")
    if not known:
        print(f"SKIP no ceilings are recorded for {series}")
        sys.exit(4)
    sys.exit(bad > 0)


def record(out, series):
    rows = split_figures(out)
    for row, guarded in GUARDED:
        for figure in guarded:
            print(series, row, figure, f"{rows[row][figure]:.2f}")


# Tables ------------------------------------------------------------------


def unique(items):
    return list(dict.fromkeys(items))


class Table:
    """Markdown; numbers to the right."""

    def __init__(self, *heads):
        self.lines = [heads, ["---"] + ["---:"] * (len(heads) - 1)]

    def add(self, *cells):
        self.lines.append(cells)

    def __str__(self):
        return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in self.lines)


def of_kind(results, kind):
    if kind == "lock_stat":
        return [run for run in results["runs"] if "acquisitions" in run]
    return [run for run in results["runs"] if run["kind"] == kind]


def request_of(run):
    size, memory = run["buffer"].split("-")
    depth, batch = run["queue"][2:].split("-")
    pieces = {"scattered": f" in {int(size[:-1]) // 4} pieces", "ring": " io_uring"}.get(memory, "")
    return f"{size}{pieces}, QD{depth}" + (f" by {batch}" if batch != "1" else "")


def by_row(runs):
    """Of each row, {driver: run}, in the order they were measured."""
    rows = {}
    for run in runs:
        rows.setdefault((run["mode"], request_of(run)), {})[run["driver"]] = run
    return rows


def table_hold(runs):
    drivers = unique(run["driver"] for run in runs)
    table = Table("DMA, request", *drivers, "ratio")
    for (mode, request), row in by_row(runs).items():
        sums = {driver: figures(run)["submit"] + figures(run)["interrupt"]
                for driver, run in row.items()}
        table.add(f"{mode}, {request}",
                  *(f"{figures(row[d])['submit']:.0f} + {figures(row[d])['interrupt']:.0f}"
                    for d in drivers),
                  f"{sums[STOCK] / sums[SPLIT]:.1f}")
    return table


def table_longest(runs):
    table = Table("DMA, driver", "sections", "p50", "p99", "p99.9", "longest")
    for mode in unique(run["mode"] for run in runs):
        for driver in unique(run["driver"] for run in runs):
            these = [run for run in runs if (run["mode"], run["driver"]) == (mode, driver)]
            histogram = merged(these)
            longest = max(run[section]["max"] for run in these
                          for section in ("submit", "interrupt"))
            table.add(f"{mode}, {driver}", sum(count for _, count in histogram),
                      *(min(longest, percentile(histogram, share))
                        for share in (.5, .99, .999)), longest)
    return table


def merged(runs):
    histogram = {}
    for run in runs:
        for section in "submit", "interrupt":
            for top, count in run[section]["histogram"]:
                histogram[top] = histogram.get(top, 0) + count
    return sorted(histogram.items())


def table_cost(runs):
    drivers = unique(run["driver"] for run in runs)
    table = Table("DMA, request", *drivers, "the driver's: " + STOCK, SPLIT,
                  "registers: " + STOCK, SPLIT)
    for (mode, request), row in by_row(runs).items():
        table.add(f"{mode}, {request}",
                  *(f"{figures(row[d])['path']:.0f}" for d in drivers),
                  *(f"{figures(row[d])['own']:.0f}" for d in (STOCK, SPLIT)),
                  *(f"{figures(row[d])['reads']:.2f} + {figures(row[d])['writes']:.2f}"
                    for d in (STOCK, SPLIT)))
    return table


# What fio says of a load, and whether more of it is better. Bandwidth has the same
# ratio as IOPS.
METRICS = {"iops": True, "p50/us": False, "p99/us": False,
           "p99.9/us": False, "cpu-us/io": False}


def pairs(runs):
    """(load, metric, median of stock, of the split, [ratio, low, high]), a line each."""
    for name in unique(run["load"] for run in runs):
        for metric in METRICS:
            values = {driver: [run[metric] for run in runs
                               if (run["load"], run["driver"]) == (name, driver)]
                      for driver in (STOCK, SPLIT)}
            ratios = [split / stock for stock, split in zip(values[STOCK], values[SPLIT])
                      if stock and split]
            if len(ratios) > 1:
                yield (name, metric, median(values[STOCK]), median(values[SPLIT]),
                       interval(ratios))


def table_pairs(runs):
    table = Table("load", "figure", STOCK, SPLIT, "ratio", "95 %", "verdict")
    for name, metric, stock, split, (ratio, low, high) in pairs(runs):
        table.add(name, metric, f"{stock:.1f}", f"{split:.1f}", f"{ratio:.3f}",
                  f"{low:.3f} to {high:.3f}", verdict(low, high, METRICS[metric]))
    return table


def table_lock_stat(runs):
    table = Table("load, driver", "acquisitions/io", "contended %", "wait us/io",
                  "longest hold/us", "mean hold/us")
    for name in unique(run["load"] for run in runs):
        for driver in unique(run["driver"] for run in runs):
            rows = [run for run in runs if (run["load"], run["driver"]) == (name, driver)]
            table.add(f"{name}, {driver}", *(
                f"{median(run[key] for run in rows):.2f}" for key in (
                    "acquisitions", "contended", "wait", "hold-max", "hold-avg")))
    return table


def table_hold_time(runs):
    table = Table("load, driver", "submit/ns", "interrupt/ns", "longest/ns")
    for name in unique(run["load"] for run in runs):
        for driver in unique(run["driver"] for run in runs):
            rows = [run for run in runs if (run["load"], run["driver"]) == (name, driver)]
            table.add(f"{name}, {driver}", *(
                f"{figure(run[key] for run in rows):.0f}" for figure, key in (
                    (median, "submit-ns"), (median, "interrupt-ns"), (max, "longest-ns"))))
    return table


SECTIONS = [
    ("hold", "Instructions with the lock held, per command",
     "Submit + interrupt; the ratio is of the sums, stock to split.", table_hold),
    ("hold", "Sections with the lock held and interrupts off",
     "Length in instructions, all requests of the table above together.", table_longest),
    ("hold", "Cost",
     "Instructions per I/O over the whole path, fio included; those of them in the "
     "driver's and libata's own code; register reads + writes per request.", table_cost),
    ("pair", "Throughput and latency",
     "Medians, and the ratio split to stock from pairs of runs one after the other. "
     "Emulated: only the ratio says something.", table_pairs),
    ("vectors", "A vector for each port",
     "The same with six disks of the model HBA, each with an interrupt vector of its own.",
     table_pairs),
    ("lock_stat", "lock_stat",
     "Of the port locks, with LOCK_STAT in the kernel. With more virtual CPUs than real "
     "ones, waiting and holding include the time in which the holder did not run.",
     table_lock_stat),
    ("hold_time", "Time with the lock held, by bpftrace",
     "Means, and the longest; of all disks on stock ahci, whose figures hold the time of "
     "a probe.", table_hold_time),
]


# Pictures ----------------------------------------------------------------


def block(name, lines):
    return f"${name} << END\n" + "\n".join(lines) + "\nEND\n"


def plot_hold(runs):
    """Hold time against the request, a panel for each way of mapping."""
    shallow = [run for run in runs if run["queue"] == "qd1-1"]
    modes = unique(run["mode"] for run in shallow)
    most = max(sum(run[section]["sum"] for section in ("submit", "interrupt"))
               / run["requests"] for run in shallow)
    text = (f"set multiplot layout 1,{len(modes)} title "
            "'instructions with the lock held, per command, queue depth 1'\n"
            f"set logscale y\nset yrange [100:{2 * most}]\n"
            "set format y '%.0f'\nset xtics rotate by 45 right\nset xrange [-0.5:4.5]\n"
            "set key top left\nset lmargin 8\nset rmargin 1\nset bmargin 10\n")
    for mode in modes:
        for driver in STOCK, SPLIT:
            text += block(driver, (
                f'"{request_of(run).removesuffix(", QD1")}" '
                f"{figures(run)['submit'] + figures(run)['interrupt']}"
                for run in shallow if (run["mode"], run["driver"]) == (mode, driver)))
        text += f"set title '{mode}'\nplot " + ", ".join(
            f"${driver} using 0:2:xtic(1) with linespoints linewidth 2 title '{driver}'"
            for driver in (STOCK, SPLIT)) + "\nunset key\n"
    return text


def plot_sections(runs):
    """Which share of the sections is longer than so many instructions."""
    text = ("set logscale xy\nset xlabel 'instructions with the lock held, interrupts off'\n"
            "set ylabel 'share of the sections that are longer'\nset key bottom left\n")
    curves = []
    for color, mode in enumerate(unique(run["mode"] for run in runs), 1):
        for dash, driver in enumerate((STOCK, SPLIT), 1):
            histogram = merged([run for run in runs
                                if (run["mode"], run["driver"]) == (mode, driver)])
            total = left = sum(count for _, count in histogram)
            lines = []
            for top, count in histogram:
                lines.append(f"{top} {left / total}")
                left -= count
            name = f"{mode}_{driver}"
            text += block(name, lines)
            curves.append(f"${name} with steps linecolor {color} dashtype {dash} "
                          f"linewidth 2 title '{mode}, {driver}'")
    return text + "plot " + ", ".join(curves) + "\n"


def plot_latency(runs):
    """From the median to 99.9 % of the requests, with a mark at 99 %."""
    loads = unique(run["load"] for run in runs)
    text = ("set logscale y\nset ylabel 'latency/us: half, 99 %, 99.9 % of the requests'\n"
            "set key top left\nset boxwidth 0.25\nset style fill solid 0.3\n"
            f"set xrange [-0.5:{len(loads) - 0.5}]\nset xtics ("
            + ", ".join(f"'{name}' {at}" for at, name in enumerate(loads)) + ")\n")
    for shift, driver in ((-0.15, STOCK), (0.15, SPLIT)):
        text += block(driver, (
            f"{at + shift} " + " ".join(
                str(median(run[key] for run in runs
                           if (run["load"], run["driver"]) == (name, driver)))
                for key in ("p50/us", "p99/us", "p99.9/us"))
            for at, name in enumerate(loads)))
    return text + "plot " + ", ".join(
        f"${driver} using 1:2:2:4:3 with candlesticks linewidth 2 title '{driver}'"
        for driver in (STOCK, SPLIT)) + "\n"


def plot_pairs(runs):
    lines = [f'"{name}, {metric}" {" ".join(map(str, found))}'
             for name, metric, _, _, found in pairs(runs)]
    return (block("ratios", lines) +
            "set xlabel 'ratio split to stock, 95 % interval'\nset logscale x 2\n"
            f"set yrange [{len(lines)}:-1]\nset arrow from 1, graph 0 to 1, graph 1 nohead\n"
            "plot $ratios using 2:0:3:4:ytic(1) with xerrorbars notitle\n")


PICTURES = [("hold", "hold", plot_hold), ("hold", "sections", plot_sections),
            ("pair", "latency", plot_latency), ("pair", "ratios", plot_pairs)]


def draw(out, name, text):
    subprocess.run(["gnuplot"], check=True, encoding="ascii", input=(
        f"set terminal svg size 1100,600 background 'white'\nset output '{out}/{name}.svg'\n"
        "set termoption noenhanced\nset grid\n" + text))


def report(out):
    results = load(out)
    facts = (f"{key}: {value}" for key, value in results.items() if key != "runs")
    text = "# Stock ahci against ahci_split\n\n" + ", ".join(facts) + "\n"
    for kind, title, words, table in SECTIONS:
        runs = of_kind(results, kind)
        if runs:
            text += f"\n## {title}\n\n{words}\n\n{table(runs)}\n"
    if of_kind(results, "pair") and not of_kind(results, "lock_stat"):
        text += "\nNo table of lock_stat: the kernel does not have it.\n"
        if not of_kind(results, "hold_time"):
            text += "Nor of the time with the lock held: bpftrace is missing or does not work.\n"
    for kind, name, plot in PICTURES:
        runs = of_kind(results, kind)
        if runs:
            draw(out, name, plot(runs))
            text += f"\n![{name}]({name}.svg)\n"
    with open(f"{out}/bench.md", "w", encoding="ascii") as file:
        file.write(text)


COMMANDS = {"begin": begin, "fact": fact, "add-hold": add_hold, "add": add,
            "report": report, "check": check, "record": record}


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
