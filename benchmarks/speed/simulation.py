"""How fast simulated time runs: random search on the embedded table, by evaluations and by workers.

    pip install .
    python benchmarks/speed/simulation.py [--repetitions N] [--clock wall|cpu] [--write docs/simulation.md]

Every figure comes from a fresh process and is the median over repetitions. On a machine that does other things at the
same time, ``--clock cpu`` counts the process's own work alone; on an idle one it equals the wall clock, since nothing
here waits.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from page import write_figures

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Benchmark, Observation, open_benchmark
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.record import checked_record

EVALUATIONS = (10_000, 100_000, 1_000_000)
WORKERS = (1, 4, 16, 64)
GOAL_S = 20.0
GOAL_RECORD_US = 4.0
CLOCKS: dict[str, Callable[[], float]] = {"wall": perf_counter, "cpu": process_time}
BEGIN, END = "<!-- figures: written by benchmarks/speed/simulation.py -->", "<!-- end of figures -->"


class Question(NamedTuple):
    """One simulation: its number of evaluations and of workers; no evaluations asks for the cost of a record."""

    n_evaluations: int
    n_workers: int


class Limited:
    """An optimizer that finishes after so many proposals."""

    def __init__(self, search: RandomSearch, n_evaluations: int) -> None:
        self._search = search
        self._n_left = n_evaluations

    def ask(self) -> Suggestion | None:
        """The next proposal, or None after the last."""
        if self._n_left == 0:
            return None
        self._n_left -= 1
        return self._search.ask()

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Nothing to learn."""


def seconds_of(question: Question, bench: Benchmark, clock: Callable[[], float]) -> float:
    """Seconds that a simulation takes."""
    started = clock()
    optimizer = Limited(RandomSearch(0), question.n_evaluations)
    logger = simulate(optimizer, bench, budget_s=math.inf, n_workers=question.n_workers)
    seconds = clock() - started
    if len(logger) != question.n_evaluations:
        raise SystemExit(f"{len(logger)} records of {question.n_evaluations} evaluations")
    return seconds


def seconds_of_record(bench: Benchmark, clock: Callable[[], float]) -> float:
    """Seconds that a validated record takes, as a logger makes it."""
    (record,) = simulate(Limited(RandomSearch(0), 1), bench, budget_s=math.inf).records
    values = tuple(record.to_dict().values())
    return min(timeit.repeat(lambda: checked_record(values), number=50_000, repeat=5, timer=clock)) / 50_000


def answer(question: Question, clock_name: str) -> float:
    """Seconds, from a fresh process."""
    command = [sys.executable, __file__, "--clock", clock_name, "--question", *map(str, question)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds: float = json.loads(done.stdout)
    return seconds


def figures(seconds: dict[Question, float], record_s: float, conditions: str) -> str:
    """The tables, as Markdown."""
    heading = "| evaluations | " + " | ".join(f"{n} worker{'s' * (n > 1)}" for n in WORKERS) + " |"
    rule = "|--:|" + "--:|" * len(WORKERS)
    rows = [
        f"| {n:,} | "
        + " | ".join(f"{seconds[Question(n, w)]:.2f} s ({_us(seconds, n, w):.1f} µs)" for w in WORKERS)
        + " |"
        for n in EVALUATIONS
    ]
    largest = Question(EVALUATIONS[-1], WORKERS[-1])
    return "\n".join(
        [
            heading,
            rule,
            *rows,
            "",
            f"Seconds (and microseconds an evaluation). A million evaluations with {largest.n_workers} workers: "
            f"{seconds[largest]:.1f} s (goal ≤ {GOAL_S:g} s: {_met(seconds[largest] <= GOAL_S)}). "
            f"A validated record, as a logger makes it: {1e6 * record_s:.2f} µs (goal ≤ {GOAL_RECORD_US:g} µs: "
            f"{_met(1e6 * record_s <= GOAL_RECORD_US)}).",
            "",
            conditions,
        ]
    )


def _us(seconds: dict[Question, float], n_evaluations: int, n_workers: int) -> float:
    return 1e6 * seconds[Question(n_evaluations, n_workers)] / n_evaluations


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything, print it, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    parser.add_argument("--question", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    clock = CLOCKS[options.clock]
    if options.question is not None:
        question = Question(*options.question)
        bench = open_benchmark()
        print(seconds_of(question, bench, clock) if question.n_evaluations else seconds_of_record(bench, clock))
        return
    questions = [Question(0, 1), *(Question(n, w) for n in EVALUATIONS for w in WORKERS)]
    answers: dict[Question, list[float]] = {question: [] for question in questions}
    for _ in range(options.repetitions):
        for question in questions:
            answers[question].append(answer(question, options.clock))
    medians = {question: median(of_question) for question, of_question in answers.items()}
    conditions = (
        f"{platform.machine()}, Python {platform.python_version()}; median of {options.repetitions} for each figure, "
        f"{'CPU time' if options.clock == 'cpu' else 'wall-clock time'}."
    )
    text = figures(medians, medians[Question(0, 1)], conditions)
    print(text)
    if options.write is not None:
        write_figures(options.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
