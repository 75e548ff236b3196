"""The draws that are shipped: how many, how large, what they assume, and what that does to early epochs and to 200."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.stats import kendalltau

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import TableError
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.table.embedded import DRAWS_FILE, MODEL_FILE, embedded_draws, model_path
from nhb2_plugins.table.verification import check_table

CURVES = ("crossing", "moderate", "parallel")
EFFECTS = ("little", "some", "much")


def assumed(draw: int | None = None) -> tuple[str, str]:
    values = open_benchmark(draw=draw).provenance.assumptions
    return values["curves"], values["effect_200"]


def errors(bench: Benchmark, epoch: int) -> np.ndarray:
    return 100.0 - bench.by_row(epoch).accuracy_pct


def tau(bench: Benchmark, epoch: int, other: int, best: float = 1.0) -> float:
    """Of the rows whose error after the second epoch is among the best part."""
    early, late = errors(bench, epoch), errors(bench, other)
    rows = np.flatnonzero(late <= np.quantile(late, best))
    rows = np.random.default_rng(0).choice(rows, min(4000, len(rows)), replace=False)
    return float(kendalltau(early[rows], late[rows]).statistic)


def test_there_are_enough_and_they_are_small() -> None:
    assert embedded_draws() >= 20
    assert sum(model_path().with_name(name).stat().st_size for name in (MODEL_FILE, DRAWS_FILE)) <= 3_000_000


def test_every_combination_of_what_is_assumed_comes_in_turn() -> None:
    names = [assumed(draw) for draw in range(embedded_draws())]
    for start in range(0, len(names), 9):
        assert sorted(names[start : start + 9]) == sorted(product(CURVES, EFFECTS))
    for start in range(0, len(names), 3):
        curves, effects = zip(*names[start : start + 3], strict=True)
        assert (sorted(curves), sorted(effects)) == (sorted(CURVES), sorted(EFFECTS))
    assert assumed() == ("moderate", "some")


def test_the_curves_are_as_they_are_called() -> None:
    found = {assumed(draw)[0]: tau(open_benchmark(draw=draw), 4, 12, best=0.1) for draw in range(3)}
    assert found["crossing"] == pytest.approx(-0.17, abs=0.05)
    assert 0.2 < found["moderate"] < 0.45
    assert found["parallel"] >= 0.45


def test_the_more_is_left_of_the_hyperparameters_effect_the_more_it_spreads_200_epochs() -> None:
    """Within a cell: between cells it is NAS-Bench-201's accuracy."""
    spreads = {}
    for draw in range(3):
        bench = open_benchmark(draw=draw)
        spreads[assumed(draw)[1]] = float(np.log(errors(bench, LONG_EPOCHS)).reshape(-1, 48).std(axis=1).mean())
    assert spreads["little"] < spreads["some"] < spreads["much"]


def test_a_draw_is_the_recorded_one_and_no_other() -> None:
    last = embedded_draws() - 1
    drawn = open_benchmark(draw=last).table
    check_table(drawn)
    renamed = replace(drawn.provenance, draw=(0, last + 1))
    with pytest.raises(TableError, match="calls itself embedded and is not the one of this version"):
        check_table(replace(drawn, manifest=replace(drawn.manifest, provenance=renamed)))
    digests = {open_benchmark(draw=draw).provenance.digest for draw in (None, *range(last + 1))}
    assert len(digests) == last + 2


def test_draws_have_costs_and_errors_of_their_own_about_the_same_mean() -> None:
    mean, one, other = (open_benchmark(draw=draw).by_row() for draw in (None, 0, 1))
    for drawn in (one, other):
        assert np.median(np.abs(np.log(drawn.cost_s / mean.cost_s))) < 0.1
        assert kendalltau(drawn.accuracy_pct[::7], mean.accuracy_pct[::7]).statistic > 0.85
    assert (one.accuracy_pct == other.accuracy_pct).mean() < 0.05
    assert (one.cost_s == other.cost_s).mean() < 0.05
