"""How far a campaign is: a live display for people, plain lines for logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from nhb2_plugins.budget import SECONDS_PER_HOUR
from nhb2_plugins.text_table import printable

if TYPE_CHECKING:
    from nhb2_plugins.campaign.run import RunOutcome

OnStart = Callable[[int, int], None]
OnOutcome = Callable[["RunOutcome"], None]


class _Tally:
    """Counts what has ended since the last start: a campaign that stops when decided starts once a round."""

    def __init__(self) -> None:
        self.start(0, 0)

    def start(self, n_kept: int, n_planned: int) -> None:
        self.n_kept, self.n_planned = n_kept, n_planned
        self.n_done = self.n_failed = self.n_evaluations = 0
        self.simulated_s = 0.0
        self._started = monotonic()

    def add(self, outcome: RunOutcome) -> None:
        self.n_done += 1
        self.n_failed += bool(outcome.failure)
        self.n_evaluations += outcome.n_evaluations
        self.simulated_s += outcome.simulated_s

    @property
    def rate(self) -> float:
        return self.n_evaluations / max(monotonic() - self._started, 1e-9)

    def __str__(self) -> str:
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        return f"{self.simulated_s / SECONDS_PER_HOUR:.0f} simulated h, {self.rate:.0f} evaluations/s{failed}"


def _failed(outcome: RunOutcome) -> str:
    """A failure in a line, the last of its traceback."""
    return printable(f"{outcome.run_id} failed: {outcome.failure.strip().splitlines()[-1]}")


@contextmanager
def plain_progress(stream: TextIO) -> Iterator[tuple[OnStart, OnOutcome]]:
    """A line at the start, for every tenth of the runs, and for every failure."""
    tally = _Tally()

    def on_start(n_kept: int, n_planned: int) -> None:
        tally.start(n_kept, n_planned)
        kept = f", {n_kept} are there already" if n_kept else ""
        print(f"{n_planned} runs to do{kept}", file=stream, flush=True)

    def on_outcome(outcome: RunOutcome) -> None:
        tally.add(outcome)
        if outcome.failure:
            print(_failed(outcome), file=stream, flush=True)
        step = max(tally.n_planned // 10, 1)
        if tally.n_done % step == 0 or tally.n_done == tally.n_planned:
            print(f"{tally.n_done}/{tally.n_planned} runs, {tally}", file=stream, flush=True)

    yield on_start, on_outcome


@contextmanager
def live_progress(stream: TextIO) -> Iterator[tuple[OnStart, OnOutcome]]:
    """A bar with runs done, simulated hours, evaluations per second and the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    tally = _Tally()
    progress = Progress(
        TextColumn("runs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(file=stream),
    )
    task = progress.add_task("starting", total=None)

    def on_start(n_kept: int, n_planned: int) -> None:
        tally.start(n_kept, n_planned)
        progress.update(task, total=n_kept + n_planned, completed=n_kept)

    def on_outcome(outcome: RunOutcome) -> None:
        tally.add(outcome)
        if outcome.failure:
            progress.console.print(_failed(outcome), markup=False)
        progress.update(task, advance=1, description=str(tally))

    with progress:
        yield on_start, on_outcome
