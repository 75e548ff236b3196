"""How many records a second each sink takes, from one process and from two at once.

    pip install ".[sql]" pgserver
    python benchmarks/speed/sinks.py [--records N] [--postgresql] [--write docs/trajectories.md]

``--postgresql`` starts a server of its own, for which ``pgserver`` is. Wall-clock time from the first record to the
last commit of the last process; on a machine that does other things, the figures are lower bounds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from page import write_figures

from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink, Sink
from nhb2_plugins.trajectory.sql import SqlSink, read_records_sql

BEGIN, END = "<!-- figures: written by benchmarks/speed/sinks.py -->", "<!-- end of figures -->"
GOALS = {"SQLite": 20_000, "PostgreSQL": 10_000}


def opened(target: str) -> Sink:
    """The sink of a URL or a file."""
    return SqlSink(target) if "://" in target else JsonLinesSink(target)


def write_records(target: str, run_id: str, n_records: int, start: object) -> None:
    """One process's work: records that are made beforehand, so that the sink alone is measured."""
    first = TrialRecord(
        run_id, 0, "0|10|210", 0.1, 256, 12, 12.0, "valid", 222, 80.5, 420.0, 420.0, "from_scratch", 0.0, 420.0, 0,
        "complete", 0.0, "embedded:01234567",
    )  # fmt: skip
    records = [replace(first, trial=trial) for trial in range(n_records)]
    sink = opened(target)
    start.wait()  # type: ignore[attr-defined]
    for record in records:
        sink.write(record)
    sink.close()


def records_a_second(target: str, n_processes: int, n_records: int) -> float:
    """All processes' records over the time from their common start to the end of the last."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(n_processes + 1)
    names = [f"{n_processes}-{number}" for number in range(n_processes)]
    processes = [context.Process(target=write_records, args=(target, name, n_records, start)) for name in names]
    for process in processes:
        process.start()
    start.wait()
    started = perf_counter()
    for process in processes:
        process.join()
    seconds = perf_counter() - started
    if any(process.exitcode for process in processes):
        raise SystemExit("a writer failed")
    if "://" in target and any(len(read_records_sql(target, name)) != n_records for name in names):
        raise SystemExit("records are missing")
    return n_processes * n_records / seconds


@contextmanager
def targets(*, with_postgresql: bool) -> Iterator[dict[str, str]]:
    """Where to write, by name."""
    directory = Path(tempfile.mkdtemp(prefix="nhb2-sinks-"))
    found = {"JSON lines": str(directory / "run.jsonl"), "SQLite": f"sqlite:///{directory / 'runs.db'}"}
    server = None
    if with_postgresql:
        from pgserver import get_server

        server = get_server(directory / "server")
        found["PostgreSQL"] = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        yield found
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(directory)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=50_000, help="of each process")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args(arguments)
    lines = ["| sink | one process | two processes | goal for two |", "|--|--:|--:|--:|"]
    with targets(with_postgresql=options.postgresql) as found:
        for name, target in found.items():
            one, two = (records_a_second(target, n, options.records) for n in (1, 2))
            goal = f"≥ {GOALS[name]:,} ({'met' if two >= GOALS[name] else 'MISSED'})" if name in GOALS else ""
            lines.append(f"| {name} | {one:,.0f} | {two:,.0f} | {goal} |")
    lines += [
        "",
        f"Records a second; {options.records:,} of each process, {platform.machine()}, {os.cpu_count()} cores.",
    ]
    text = "\n".join(lines)
    print(text)
    if options.write is not None:
        write_figures(options.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
