"""How fast the lookup engine is, against the reference package and against what the machine allows.

    pip install . nashpobench2api==1.0.0 pytest
    python benchmarks/speed/lookup.py [--repetitions N] [--clock wall|cpu] [--write docs/speed.md]

Writes full-size pickles of the published format, with generated numbers, imports them as a table, and measures both
packages on them: every figure in fresh processes, the processes of one repetition after another, medians over
repetitions. Nothing is read from the user's directories. On a machine that does other things at the same time,
``--clock cpu`` counts the processes' own work alone; on an idle one it equals the wall clock, since nothing here waits.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from page import markdown_table, write_figures

ROOT = Path(__file__).resolve().parents[2]
PROBES = Path(__file__).with_name("probes.py")
N_SHARING = 4
BEGIN, END = "<!-- figures: written by benchmarks/speed/lookup.py -->", "<!-- end of figures -->"

Figures = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A figure beside its goal, the reference's figure, and the machine's limit.

    Attributes:
        what: what is measured.
        measured: in the row's unit.
        unit: of all the numbers.
        goal: the largest value that is good.
        reference: the reference package's figure, where it has one.
        goal_ratio: how many times better than the reference it must be at least.
        limit: the same without what is this package's own, measured in the same run.
    """

    what: str
    measured: float
    unit: str
    goal: float | None = None
    reference: float | None = None
    goal_ratio: float | None = None
    limit: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times better than the reference."""
        return None if self.reference is None else self.reference / self.measured

    @property
    def is_met(self) -> bool:
        """Whether every goal of the row is met."""
        enough = self.goal_ratio is None or (self.ratio or 0) >= self.goal_ratio
        return enough and (self.goal is None or self.measured <= self.goal)

    def cells(self) -> list[str]:
        """The row as texts."""
        goals = [f"≤ {_number(self.goal)} {self.unit}"] if self.goal is not None else []
        goals += [f"≥ {self.goal_ratio:,.0f}×"] if self.goal_ratio is not None else []
        mark = ("yes" if self.is_met else "NO") if goals else ""
        return [
            self.what,
            "" if self.reference is None else f"{_number(self.reference)} {self.unit}",
            f"{_number(self.measured)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:,.0f}×",
            ", ".join(goals),
            mark,
            "" if self.limit is None else f"{_number(self.limit)} {self.unit}",
        ]


HEADER = ["what", "reference", "measured", "ratio", "goal", "met", "limit"]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class Workspace:
    """A directory with the data, and processes that see nothing else of this machine.

    Args:
        directory: where to keep everything.
        clock: ``wall`` or ``cpu``.
    """

    def __init__(self, directory: Path, clock: str) -> None:
        self.clock = clock
        self.pickles = directory / "published"
        self.table = directory / "table"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            # Installed packages have compiled bytecode: a checkout gets it here, whatever the caller's settings.
            "PYTHONPYCACHEPREFIX": str(directory / "bytecode"),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "XDG_DATA_HOME": str(directory / "data"),
            "OPENBLAS_NUM_THREADS": "1",  # nothing here multiplies matrices
            "NHB2_SPEED_CLOCK": clock,
        }
        for name in ("PYTHONDONTWRITEBYTECODE", "NHB2_DATA"):
            self.environment.pop(name, None)

    def python(self, *arguments: str) -> str:
        """What a Python process prints."""
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def probe(self, name: str, *arguments: str | Path) -> Figures:
        """The figures of one probe."""
        figures: Figures = json.loads(self.python(str(PROBES), name, *map(str, arguments)))
        return figures

    def seconds(self, *arguments: str) -> float:
        """Time of a whole Python process."""
        start = self._now()
        self.python(*arguments)
        return self._now() - start

    def _now(self) -> float:
        if self.clock == "wall":
            return perf_counter()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    def prepare(self) -> None:
        """Write the pickles and the table."""
        self.probe("prepare", f"{self.pickles}:{self.table}")

    def shared_memory(self) -> Figures:
        """Proportional share of each of several processes that have the table open at once, medians."""
        command = [sys.executable, str(PROBES), "shared", str(self.table)]
        processes = [
            subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(N_SHARING)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        shares = [_proportional_share(process.pid) for process in processes]
        for process in processes:
            process.communicate()
        return {"proportional": median(shares)}


def _proportional_share(process: int) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("Pss:")))


def measure(workspace: Workspace, n_repetitions: int) -> dict[str, Figures]:
    """Medians over repetitions, by probe and figure."""
    found: dict[str, list[Figures]] = defaultdict(list)
    table = workspace.table
    for repetition in range(n_repetitions + 1):
        print(f"repetition {repetition} of {n_repetitions}", file=sys.stderr, flush=True)
        figures = {
            "imports": workspace.probe("imports"),
            "opening": workspace.probe("opening", table),
            "embedded": workspace.probe("opening"),
            "memory": workspace.probe("memory", table),
            "shared": workspace.shared_memory(),
            "scalar": workspace.probe("scalar", table),
            "drop_in": workspace.probe("drop_in", table),
            "many": workspace.probe("many", table),
            "whole_space": workspace.probe("whole_space", table),
            "shell": {
                "query": workspace.seconds("-m", "nhb2_plugins.cli", "query", "010210", "0.1", "256"),
                "numpy": workspace.seconds(str(PROBES), "nothing"),
            },
        }
        # The reference takes long to open; three processes of it are enough.
        if repetition <= 3:
            figures["reference"] = workspace.probe("reference", workspace.pickles)
        if repetition > 0:  # the first compiles bytecode
            for name, each in figures.items():
                found[name].append(each)
    return {name: _medians(each) for name, each in found.items()}


def _medians(figures: list[Figures]) -> Figures:
    return {name: median(each[name] for each in figures) for name in figures[0]}


def rows_of(figures: dict[str, Figures]) -> list[Row]:
    """The table."""
    us, ms, mb = 1e6, 1e3, 1e-6
    reference, scalar, whole = figures["reference"], figures["scalar"], figures["whole_space"]
    opening, embedded, memory = figures["opening"], figures["embedded"], figures["memory"]
    drop_in, many, imports = figures["drop_in"], figures["many"], figures["imports"]
    shell = figures["shell"]
    return [
        Row("open a table", ms * opening["open"], "ms", 5, ms * reference["open"], 1000, ms * opening["bare"]),
        Row("open the embedded table", ms * embedded["open"], "ms", 5, limit=ms * embedded["bare"]),
        Row("open a table and answer", ms * opening["first_answer"], "ms", reference=ms * reference["open"]),
        Row(
            "memory after 20,000 queries", mb * memory["resident"], "MB", 70, mb * reference["resident"],
            limit=mb * memory["numpy"],
        ),
        Row(f"the same, share of each of {N_SHARING} processes", mb * figures["shared"]["proportional"], "MB"),
        Row(
            "bench.evaluate(cfg)", us * scalar["evaluate"], "µs", 1.2, us * reference["query"], 37,
            us * scalar["bare_call"],
        ),
        Row("bench.evaluate(cfg, 6)", us * scalar["evaluate_6"], "µs", reference=us * reference["query_6"]),
        Row("Configuration(...)", us * scalar["configuration"], "µs", 2, limit=us * scalar["bare_object"]),
        Row("bench.curve(cfg), 12 points", us * scalar["curve"], "µs"),
        Row(
            "compat query_by_key, logged", us * drop_in["query_logged"], "µs", 3, us * reference["query_logged"], 15,
            us * drop_in["bare"],
        ),
        Row(
            "evaluate_many, 2 million", ms * many["evaluate_many"], "ms", 1.5 * ms * many["bare"],
            limit=ms * many["bare"],
        ),
        Row("oracle, any question", ms * whole["oracle"], "ms", 20, limit=ms * whole["bare_oracle"]),
        Row("ranks of all 196,608", ms * whole["ranks"], "ms", 20, limit=ms * whole["bare_ranks"]),
        Row("regrets of all 196,608", ms * whole["regrets"], "ms", 20, limit=ms * whole["bare_regrets"]),
        Row("import nhb2_plugins, after numpy", ms * imports["nhb2_plugins"], "ms", 60),
        Row("nhb2 query, from the shell", ms * shell["query"], "ms", 300, limit=ms * shell["numpy"]),
    ]  # fmt: skip


def aligned(rows: Iterable[list[str]]) -> str:
    """Rows as lines of a Markdown table whose columns are aligned."""
    return markdown_table(HEADER, rows)


def conditions(agreement: Figures, n_repetitions: int, clock: str) -> str:
    """What the figures were measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "nashpobench2api"))
    counted = "CPU time" if clock == "cpu" else "wall-clock time"
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {versions}; medians of "
        f"{n_repetitions} processes, {counted}. {agreement['asked']:,.0f} answers were compared with the reference's "
        f"on the same files: {agreement['differing']:,.0f} differ."
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=9, help="processes of each kind (default: 9)")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="what is counted (default: wall)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page to write the figures to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        workspace = Workspace(Path(directory), options.clock)
        print("writing full-size pickles and importing them", file=sys.stderr, flush=True)
        workspace.prepare()
        agreement = workspace.probe("agreement", f"{workspace.pickles}:{workspace.table}")
        rows = rows_of(measure(workspace, options.repetitions))
    text = f"{aligned(row.cells() for row in rows)}\n\n{conditions(agreement, options.repetitions, options.clock)}"
    print(text)
    if options.write is not None:
        write_figures(options.write, text, BEGIN, END)
    if agreement["differing"] or not all(row.is_met for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
