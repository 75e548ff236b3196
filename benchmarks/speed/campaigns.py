"""How campaigns scale: from one process to two, from ten runs to ten thousand, and how eight workers share one table.

    pip install ".[quickstart]"
    python benchmarks/speed/campaigns.py [--write docs/campaigns.md]

Runs the shipped ``paper`` campaign for real, with and without BOHB, on the embedded table and with the wall clock: use
a machine that does nothing else. Needs Linux (``/proc``) for the memory of the workers.
"""

from __future__ import annotations

import argparse
import os
import pickle
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from time import perf_counter, sleep

from distributed import Client, LocalCluster, Scheduler
from page import markdown_table, write_figures

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.campaign.engine import run_campaign
from nhb2_plugins.campaign.plan import RunPlan, plan_runs
from nhb2_plugins.campaign.run import RunOutcome, execute_run
from nhb2_plugins.campaign.spec import CampaignSpec, read_spec
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.table.writer import write_table

BEGIN, END = "<!-- figures: written by benchmarks/speed/campaigns.py -->", "<!-- end of figures -->"
WITHOUT_BOHB = ("random_search", "regularized_evolution", "reinforce", "random_search_then_evolution")
GOAL_WITHOUT_S, GOAL_WITH_S, GOAL_RATIO = 60, 600, 1.8
RUNS = (10, 100, 1_000, 10_000)
N_WORKERS = 8
N_TASKS = 5_000
MB = 1e6


@dataclass(frozen=True)
class Timed:
    """A campaign's seconds: the whole command, and from the first run's start to the last one's end."""

    command_s: float
    runs_s: float


def timed_command(directory: Path, n_processes: int, only: Sequence[str]) -> float:
    """Wall-clock seconds of ``nhb2 run paper``, its report included."""
    command = [sys.executable, "-m", "nhb2_plugins.cli", "run", "paper", "--out", str(directory)]
    command += ["--processes", str(n_processes), *(part for name in only for part in ("--only", name))]
    started = perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return perf_counter() - started


def timed_runs(spec: CampaignSpec, bench: Benchmark, n_processes: int, only: Sequence[str] = ()) -> float:
    """Seconds from the first outcome to the last, for as many runs as lie between them, made up to all of them."""
    seen: list[float] = []

    def on_outcome(_: RunOutcome) -> None:
        seen.append(perf_counter())

    with tempfile.TemporaryDirectory() as directory:
        run_campaign(spec, bench, Path(directory), n_processes=n_processes, only=only, on_outcome=on_outcome)
    first = seen.count(seen[0]) or 1
    return (seen[-1] - seen[0]) * len(seen) / max(len(seen) - first, 1)


def random_searches(n_runs: int) -> CampaignSpec:
    """A campaign of short runs: 20,000 simulated seconds of random search each."""
    optimizers = [{"algorithm": "random_search", "seeds": n_runs}]
    return CampaignSpec.model_validate({"name": "scale", "budget_s": 20_000, "optimizers": optimizers})


def table_memory(table_directory: str) -> tuple[int, int, int]:
    """Of this process: bytes of the table it has touched, its share of them, and bytes of its own (private)."""
    touched = share = private = 0
    of_table = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, _, rest = line.partition(":")
        if "-" in name and " " in name:  # a mapping's first line
            of_table = table_directory in line
        elif name in ("Rss", "Pss", "Private_Dirty"):
            size = int(rest.split()[0]) * 1024
            touched += size * (of_table and name == "Rss")
            share += size * (of_table and name == "Pss")
            private += size * (name == "Private_Dirty")
    return touched, share, private


def memory_of_workers(bench: Benchmark) -> list[tuple[int, int, int]]:
    """:func:`table_memory` of each of eight workers after a campaign, on a table on disk."""
    with (
        tempfile.TemporaryDirectory() as copy,
        LocalCluster(n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        tempfile.TemporaryDirectory() as results,
    ):
        columns = {name: bench.table.column(name) for name in bench.table.manifest.columns}
        on_disk = Benchmark(write_table(Path(copy), columns, bench.provenance))
        run_campaign(random_searches(800), on_disk, Path(results), scheduler=cluster.scheduler_address)
        return list(client.run(table_memory, copy).values())


def scheduler_load() -> tuple[float, float]:
    """Of a scheduler with two workers: tasks a second, and bytes that it holds for a task that waits."""
    (plan,) = plan_runs(random_searches(1))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        # what waits comes first: memory that earlier tasks gave back would be taken again, unseen
        blocker = client.map(_block, range(2), pure=False)
        before = client.run_on_scheduler(_memory)
        waiting = client.map(_no_work, [[plan]] * N_TASKS, pure=False)
        while client.run_on_scheduler(_n_tasks) < N_TASKS:
            sleep(0.1)
        held = (client.run_on_scheduler(_memory) - before) / N_TASKS
        client.gather([*blocker, *waiting])
        started = perf_counter()
        client.gather(client.map(_no_work, [[plan]] * N_TASKS, pure=False))
        rate = N_TASKS / (perf_counter() - started)
    return rate, held


def _no_work(plans: list[RunPlan]) -> list[RunOutcome]:
    return [RunOutcome(plan.run_id, 0, 0.0) for plan in plans]


def _block(_: int) -> None:
    sleep(10)


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _n_tasks(dask_scheduler: Scheduler) -> int:
    return len(dask_scheduler.tasks)


def sizes(bench: Benchmark) -> dict[str, float]:
    """Bytes of what travels and of what is written, mean over the runs of the paper's campaign with seed 0."""
    plans = [plan for plan in plan_runs(read_spec("paper")) if plan.seed == 0]
    with tempfile.TemporaryDirectory() as directory:
        outcomes = [execute_run(plan, bench, directory) for plan in plans]
        files = [CampaignDirectory(Path(directory)).run_file(plan.run_id).stat().st_size for plan in plans]
    return {
        "plan": mean(len(pickle.dumps(plan)) for plan in plans),
        "outcome": mean(len(pickle.dumps(outcome)) for outcome in outcomes),
        "file": mean(files),
    }


def measured(bench: Benchmark) -> str:
    """Everything, as Markdown."""
    paper = read_spec("paper")
    sections = []
    rows = []
    for what, only, goal_s in (("without BOHB", WITHOUT_BOHB, GOAL_WITHOUT_S), ("all of it", (), GOAL_WITH_S)):
        times = {}
        for n_processes in (1, 2):
            print(f"paper, {what}, {n_processes} process(es)", file=sys.stderr)
            with tempfile.TemporaryDirectory() as directory:
                command_s = timed_command(Path(directory, "out"), n_processes, only)
            times[n_processes] = Timed(command_s, timed_runs(paper, bench, n_processes, only))
        ratio = times[1].runs_s / times[2].runs_s
        rows.append(
            (
                what,
                f"{times[1].command_s:.0f} s",
                f"{times[2].command_s:.0f} s (goal ≤ {goal_s} s: {_met(times[2].command_s <= goal_s)})",
                f"{times[1].runs_s:.1f} → {times[2].runs_s:.1f} s",
                f"{ratio:.2f}× (goal ≥ {GOAL_RATIO:g}×: {_met(ratio >= GOAL_RATIO)})",
            )
        )
    headings = ("`nhb2 run paper`", "1 process", "2 processes", "its runs alone", "ratio")
    sections.append(markdown_table(headings, rows))
    rows = []
    for n_runs in RUNS:
        print(f"{n_runs} runs", file=sys.stderr)
        seconds = timed_runs(random_searches(n_runs), bench, 2)
        rows.append((f"{n_runs:,}", f"{seconds:.2f} s", f"{1000 * seconds / n_runs:.2f} ms"))
    sections.append(markdown_table(("runs of random search, 2 processes", "seconds", "a run"), rows))
    print(f"{N_WORKERS} workers", file=sys.stderr)
    workers = memory_of_workers(bench)
    each = sizes(bench)
    touched, share, private = (mean(column) / MB for column in zip(*workers, strict=True))
    sections.append(
        f"{N_WORKERS} workers that had each touched {touched:.1f} MB of the table held {share * N_WORKERS:.1f} MB of "
        f"it together; beside it a worker had {private:.0f} MB of its own, which is Python, numpy, "
        "ConfigSpace and dask."
    )
    sections.append(
        f"A run is sent as {each['plan']:,.0f} bytes and answered with {each['outcome']:,.0f}; its file has "
        f"{each['file'] / 1000:,.0f} kB (means over the paper's seven optimizers)."
    )
    rate, held = scheduler_load()
    sections.append(
        f"A scheduler (its process holds the client too) passed {rate:,.0f} tasks a second that do nothing, and held "
        f"{held / 1000:.1f} kB for each that waits."
    )
    sections.append(
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, distributed "
        f"{version('distributed')}; wall-clock time, single runs."
    )
    return "\n\n".join(sections)


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def main() -> None:
    """Measure everything, print it, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    text = measured(open_benchmark())
    print(text)
    if options.write is not None:
        write_figures(options.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
