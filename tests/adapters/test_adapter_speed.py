"""The table on what adapters take: its goals and its place in the documentation. Nothing is timed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.support.scripts import load_script

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("speed/adapters.py")


def test_what_an_adapter_takes_is_the_difference_and_both_goals_count(script: ModuleType) -> None:
    row = script.Measured("x", trial_s=2e-3, inside_s=120e-6, calls_s=95e-6)
    assert row.own_s == pytest.approx(25e-6)
    assert row.is_met
    assert not script.Measured("x", trial_s=2e-3, inside_s=130e-6, calls_s=95e-6).is_met
    assert not script.Measured("x", trial_s=4e-4, inside_s=120e-6, calls_s=95e-6).is_met
    assert row.cells() == ["x", "25.0 µs", "95.0 µs", "2.00 ms", "1.25%", "yes"]


def test_batches_take_turns_and_are_prepared_outside_the_clock(script: ModuleType) -> None:
    events: list[str] = []
    clock = iter(range(1000))

    def batch(name: str) -> object:
        def prepare() -> object:
            events.append(f"prepare {name}")
            return lambda: events.append(f"run {name}")

        return prepare

    each = script.seconds_a_trial([batch("a"), batch("b")], lambda: float(next(clock)))
    assert events[:4] == ["prepare a", "run a", "prepare b", "run b"]
    assert len(events) == 4 * script.N_PASSES
    assert each == [1 / script.N_TRIALS] * 2


def test_the_documentation_holds_the_table(script: ModuleType) -> None:
    page = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    written = page.partition(script.BEGIN)[2].partition(script.END)[0]
    rows = [line for line in written.splitlines() if line.startswith("| ")]
    assert [cell.strip() for cell in rows[0].strip("|").split("|")] == list(script.HEADINGS)
    assert len(rows) == 4
