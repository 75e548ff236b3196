"""The page on charging shows what every framework is charged, as the script that wrote it computes it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.charging import CHARGING_POLICIES
from nhb2_plugins.table.embedded import open_embedded
from tests.support.scripts import load_script

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("charging.py")


def test_the_written_tables_are_what_the_script_computes(script: ModuleType) -> None:
    page = (ROOT / "docs" / "charging.md").read_text(encoding="utf-8")
    written = page.partition(script.BEGIN)[2].partition(script.END)[0]
    assert written.strip() == script.page_text(Benchmark(open_embedded()))


def test_continuing_bills_one_run_of_twelve_epochs(script: ModuleType) -> None:
    bench = Benchmark(open_embedded())
    of_a = [i for i, step in enumerate(script.SEQUENCE) if step.name == "A" and step.epoch <= 12]
    bill = script.bill(script.through_the_clock, bench, "continued")
    expected = bench.evaluate(script.CONFIGURATIONS["A"]).cost_s
    assert sum(bill[i] for i in of_a) == pytest.approx(expected, rel=1e-9)


def test_a_framework_that_is_charged_differently_is_not_written(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, run = next(iter(script.FRAMEWORKS.items()))
    assert len(CHARGING_POLICIES) == 3
    monkeypatch.setitem(script.FRAMEWORKS, first, lambda bench, charging: run(bench, "from_scratch"))
    with pytest.raises(SystemExit, match="billed differently under 'continued'"):
        script.page_text(Benchmark(open_embedded()))
