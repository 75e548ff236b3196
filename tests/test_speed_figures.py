"""The table that the speed benchmark prints: goals, ratios, and its place in the documentation. Nothing is timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scripts import load_script

ROOT = Path(__file__).resolve().parents[1]
LOOKUP = load_script("speed/lookup.py")
PAGE = load_script("speed/page.py")
PROBES = load_script("speed/probes.py")


def test_a_goal_is_met_when_both_its_parts_are() -> None:
    assert LOOKUP.Row("x", 1.0, "µs", 1.2, 45.0, 37).is_met
    assert not LOOKUP.Row("x", 1.3, "µs", 1.2, 99.0, 37).is_met
    assert not LOOKUP.Row("x", 1.0, "µs", 1.2, 36.0, 37).is_met
    assert not LOOKUP.Row("x", 1.0, "µs", goal_ratio=37).is_met
    assert LOOKUP.Row("x", 1.0, "µs").is_met


def test_the_table_is_aligned_and_says_what_is_missed() -> None:
    rows = [LOOKUP.Row("open", 0.4, "ms", 5, 5600, 1000, 0.3), LOOKUP.Row("memory", 71.0, "MB", 70)]
    lines = LOOKUP.aligned(row.cells() for row in rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "open",
        "5,600 ms",
        "0.4 ms",
        "14,000×",
        "≤ 5 ms, ≥ 1,000×",
        "yes",
        "0.3 ms",
    ]
    assert "NO" in lines[3]


def test_the_documentation_has_a_place_for_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text((ROOT / "docs" / "speed.md").read_text(encoding="utf-8"), encoding="utf-8")
    before = page.read_text(encoding="utf-8")
    PAGE.write_figures(page, "first", LOOKUP.BEGIN, LOOKUP.END)
    PAGE.write_figures(page, "second", LOOKUP.BEGIN, LOOKUP.END)
    after = page.read_text(encoding="utf-8")
    assert f"{LOOKUP.BEGIN}\nsecond\n{LOOKUP.END}" in after
    assert "first" not in after.split(LOOKUP.BEGIN)[1].split(LOOKUP.END)[0]
    assert after.split(LOOKUP.END)[1] == before.split(LOOKUP.END)[1]
    page.write_text("no place")
    with pytest.raises(SystemExit, match="has no place for the figures"):
        PAGE.write_figures(page, "third", LOOKUP.BEGIN, LOOKUP.END)


def test_every_probe_says_what_it_measures() -> None:
    assert {"reference", "imports", "opening", "memory", "scalar", "drop_in", "many", "whole_space"} <= set(
        PROBES.PROBES
    )
    assert all(probe.__doc__ for probe in PROBES.PROBES.values())
