"""The datasheet is of the files that are shipped, and says what was found on records held out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import chisquare

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.metric import error_pct
from nhb2_plugins.table.checksums import sha256_of_file
from nhb2_plugins.table.embedded import DRAWS_FILE, embedded_draws, model_path

DATA = model_path().parent
TEXT = (DATA / "DATASHEET.md").read_text(encoding="utf-8")
HELD_OUT = json.loads((DATA / "held_out.json").read_text(encoding="utf-8"))


def test_it_is_of_the_shipped_files() -> None:
    assert f"{sha256_of_file(model_path())}  embedded.npz" in TEXT
    for path in (model_path(), model_path().with_name(DRAWS_FILE)):
        assert f"{path.stat().st_size:,} bytes" in TEXT
    assert f"{embedded_draws()} tables that could be the real one" in TEXT


def test_the_seeds_lowest_errors_are_the_tables() -> None:
    bench = open_benchmark()
    lowest = [f"{error_pct(bench.by_row(seed=seed).accuracy_pct.max()):.2f}" for seed in bench.seeds]
    assert f"its seeds go down to\n{lowest[0]}, {lowest[1]} and {lowest[2]} %" in TEXT


def test_the_figures_are_those_of_the_held_out_records() -> None:
    for quantity, name in (("error", "uniform"), ("error", "unseen"), ("error", "all_held_out"), ("cost", "uniform")):
        figures = HELD_OUT[quantity][name]
        inside = f"{figures['coverage_50']:.1%} | {figures['coverage_90']:.1%} |"
        assert any(f"| {figures['n']} | {figures['tau']:.3f} |" in line and inside in line for line in TEXT.split("\n"))


def test_published_errors_that_were_held_out_have_uniform_ranks_among_draws() -> None:
    """Costs do not: the datasheet says so."""
    counts = np.array(HELD_OUT["error"]["ranks"])
    bins = counts.reshape(7, -1).sum(axis=1)
    assert counts.sum() == HELD_OUT["error"]["all_held_out"]["n"]
    assert chisquare(bins).pvalue == pytest.approx(HELD_OUT["error"]["ranks_p"])
    assert chisquare(bins).pvalue > 0.01
    assert f"p = {HELD_OUT['error']['ranks_p']:.2g} for errors, {HELD_OUT['cost']['ranks_p']:.2g} for costs" in TEXT
    by_class = [HELD_OUT[quantity]["ranks_p_by_class"] for quantity in ("error", "cost")]
    assert f"{by_class[0]:.2g} and {by_class[1]:.2g} where records of one class are not taken for independent" in TEXT
