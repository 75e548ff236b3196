"""How far a campaign is, on a terminal and in a log."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest

from nhb2_plugins.campaign.run import RunOutcome
from nhb2_plugins.cli import progress
from nhb2_plugins.cli.progress import live_progress, plain_progress


def outcome(number: int, failure: str = "") -> RunOutcome:
    return RunOutcome(f"a/seed-{number:04d}", 0 if failure else 50, 0.0 if failure else 7200.0, failure)


@pytest.fixture
def _two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the start to every line."""
    monkeypatch.setattr(progress, "monotonic", iter([0.0, 10.0, *[12.0] * 99]).__next__)


@pytest.mark.usefixtures("_two_seconds")
def test_a_log_has_a_line_for_every_tenth_and_one_for_every_failure() -> None:
    stream = io.StringIO()
    with plain_progress(stream) as (on_start, on_outcome):
        on_start(5, 25)
        for number in range(25):
            on_outcome(outcome(number, "Traceback …\nValueError: no\n" if number == 2 else ""))
    first, *lines = stream.getvalue().splitlines()
    assert first == "25 runs to do, 5 are there already"
    assert lines.pop(1) == "a/seed-0002 failed: ValueError: no"
    assert [line.split()[0] for line in lines] == [f"{n}/25" for n in (*range(2, 25, 2), 25)]
    assert lines[0] == "2/25 runs, 4 simulated h, 50 evaluations/s"
    assert lines[-1] == "25/25 runs, 48 simulated h, 600 evaluations/s, 1 failed"


def test_few_runs_have_a_line_each_and_nothing_kept_is_not_told() -> None:
    stream = io.StringIO()
    with plain_progress(stream) as (on_start, on_outcome):
        on_start(0, 3)
        for number in range(3):
            on_outcome(outcome(number))
    first, *lines = stream.getvalue().splitlines()
    assert first == "3 runs to do"
    assert [line.split()[0] for line in lines] == ["1/3", "2/3", "3/3"]


def test_a_campaign_in_rounds_counts_each_by_itself() -> None:
    stream = io.StringIO()
    with plain_progress(stream) as (on_start, on_outcome):
        for n_kept in (0, 3):
            on_start(n_kept, 3)
            for number in range(3):
                on_outcome(outcome(n_kept + number))
    counted = [line.split(",")[0] for line in stream.getvalue().splitlines()]
    rounds = ["1/3 runs", "2/3 runs", "3/3 runs"]
    assert counted == ["3 runs to do", *rounds, "3 runs to do", *rounds]
    assert stream.getvalue().splitlines()[-1].startswith("3/3 runs, 6 simulated h")


def test_a_terminal_counts_what_was_there_and_names_failures_as_they_are() -> None:
    stream = io.StringIO()
    stream.isatty: Callable[[], bool] = lambda: True  # type: ignore[method-assign,misc]
    with live_progress(stream) as (on_start, on_outcome):
        on_start(2, 2)
        on_outcome(outcome(0))
        on_outcome(outcome(1, "ValueError: [bold]no\n"))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "a/seed-0001 failed: ValueError: [bold]no" in shown
    last = shown[shown.rindex("runs") :]
    assert "4/4" in last
    assert "2 simulated h" in last
    assert "1 failed" in last
