"""What keeping a million records takes: as columns, as the logger keeps them, and as a list of their objects.

    pip install .
    python benchmarks/speed/records.py [--records N] [--repetitions N] [--clock wall|cpu] [--write docs/trajectories.md]

Every figure comes from a fresh process and is the median over repetitions. The records are those of a random search on
the embedded table with 64 simulated workers; memory is resident memory, less what the process had before.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from page import markdown_table, write_figures
from probes import resident_bytes
from simulation import CLOCKS, Limited

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord

BEGIN, END = "<!-- memory: written by benchmarks/speed/records.py -->", "<!-- end of memory -->"
N_WORKERS = 64
WAYS = {"columns": "columns (`TrajectoryLogger`)", "objects": "a list of objects"}


class Objects(TrajectoryLogger):
    """A logger that keeps objects instead."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: list[TrialRecord] = []

    def log(self, record: TrialRecord) -> None:
        """Keep the object; the columns stay empty."""
        self.objects.append(record)


def measure(way: str, n_records: int, clock_name: str) -> dict[str, float]:
    """Seconds of a simulated evaluation and of reading a record back, and bytes of a record."""
    clock, bench = CLOCKS[clock_name], open_benchmark()
    simulate(Limited(RandomSearch(1), 1000), bench, budget_s=math.inf)  # what the first evaluations load is not theirs
    gc.collect()
    logger = Objects() if way == "objects" else TrajectoryLogger()
    before = resident_bytes()
    started = clock()
    simulate(Limited(RandomSearch(0), n_records), bench, budget_s=math.inf, n_workers=N_WORKERS, logger=logger)
    made = clock()
    used = resident_bytes() - before
    n_read = sum(1 for _ in (logger.objects if isinstance(logger, Objects) else logger.records))
    read = clock()
    if n_read != n_records:
        raise SystemExit(f"{n_read} records of {n_records}")
    return {"evaluation": (made - started) / n_records, "read": (read - made) / n_records, "bytes": used / n_records}


def in_a_fresh_process(way: str, n_records: int, clock_name: str) -> dict[str, float]:
    """What :func:`measure` finds there."""
    command = [sys.executable, __file__, "--clock", clock_name, "--records", str(n_records), "--way", way]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both ways, print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.way is not None:
        print(json.dumps(measure(options.way, options.records, options.clock)))
        return
    found = {way: [] for way in WAYS}
    for _ in range(options.repetitions):
        for way in WAYS:
            found[way].append(in_a_fresh_process(way, options.records, options.clock))
    rows = []
    for way, name in WAYS.items():
        of = {key: median(each[key] for each in found[way]) for key in found[way][0]}
        rows.append([name, f"{of['bytes']:.0f}", f"{1e6 * of['evaluation']:.2f} µs", f"{1e6 * of['read']:.2f} µs"])
    headings = ["records kept as", "bytes a record", "a simulated evaluation", "reading a record back"]
    counted = "CPU time" if options.clock == "cpu" else "wall-clock time"
    text = (
        f"{markdown_table(headings, rows)}\n\n{options.records:,} records, {N_WORKERS} simulated workers; "
        f"{platform.machine()}, Python {platform.python_version()}; median of {options.repetitions}, {counted}."
    )
    print(text)
    if options.write is not None:
        write_figures(options.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
