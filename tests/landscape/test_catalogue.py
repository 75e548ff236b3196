"""The analyses by name: which frames each has, of what, and which a table can answer."""

from __future__ import annotations

from typing import Any

import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.landscape.anova import functional_anova
from nhb2_plugins.landscape.catalogue import ANALYSES, Request, answerable
from nhb2_plugins.landscape.fidelity_correlation import fidelity_correlation
from nhb2_plugins.landscape.hyperparameter_map import hyperparameter_map
from nhb2_plugins.landscape.optima import optima
from nhb2_plugins.landscape.pareto import pareto_front
from nhb2_plugins.landscape.seed_noise import seed_noise
from nhb2_plugins.table.writer import table_in_memory
from tests.core_fixtures import mini_benchmark, mini_columns, mini_provenance, needs
from tests.landscape.tables import sections_of

pytestmark = needs("pandas")
BENCH = mini_benchmark()
KEYS = {
    "optima": ["best", "by-epoch"],
    "map": ["errors", "best-lr"],
    "anova": ["error", "cost"],
    "fidelities": ["all", "best"],
    "landscape": ["summary", "basins", "distance", "walk"],
    "pareto": ["cost", "parameters", "multiply-accumulates", "summary"],
    "isomorphism": ["classes", "likeliest", "draws", "bias"],
    "noise": ["regions", "winners", "agreement"],
    "joint": ["strategies", "shares"],
}


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_has_its_frames_each_with_the_table(name: str) -> None:
    sections = sections_of(name, Request(BENCH))
    assert [section.key for section in sections] == KEYS[name]
    assert len({section.title for section in sections}) == len(sections)
    assert {section.frame.attrs["table"] for section in sections} == {BENCH.provenance.label}


def frames_of(name: str, **asked: Any) -> list[Any]:
    return [section.frame for section in sections_of(name, Request(BENCH, **asked))]


def test_a_request_reaches_the_analysis() -> None:
    where = (BENCH, 7, "test", 555)
    asked = {"epoch": 7, "split": "test", "seed": 555}
    assert frames_of("optima", **asked)[0].equals(optima(*where))
    assert frames_of("map", **asked, statistic="best")[0].equals(
        hyperparameter_map(*where, statistic="best").to_frame()
    )
    cell = frames_of("map", **asked, cellcode="0|10|210")
    assert cell[1].equals(hyperparameter_map(*where, cellcode="0|10|210").best_lr_frame())
    assert frames_of("pareto", **asked)[1].equals(pareto_front(*where, expense="params_live"))
    assert frames_of("noise", epoch=7, split="test")[0].equals(seed_noise(BENCH, 7, "test").regions_frame())


def test_what_is_not_asked_for_is_the_table_s_own_after_twelve_epochs() -> None:
    assert Request(BENCH).where == (BENCH, 12, None, None)
    assert (Request(BENCH).statistic, Request(BENCH).cellcode, Request(BENCH).against) == ("mean", None, None)


def test_of_the_shares_of_variance_the_mains_and_ten_pairs_are_shown() -> None:
    error, cost = frames_of("anova")
    for frame, quantity in ((error, "error"), (cost, "cost")):
        whole = functional_anova(BENCH, quantity=quantity).to_frame()
        assert (frame["order"].tolist(), len(whole)) == ([1] * 8 + [2] * 10, 36)
        assert frame.equals(whole.head(18))


def test_fidelities_are_compared_over_all_and_over_the_best_tenth() -> None:
    of_all, of_best = frames_of("fidelities")
    assert of_all.equals(fidelity_correlation(BENCH).to_frame())
    assert of_best.equals(fidelity_correlation(BENCH, best_share=0.1).to_frame())


def test_what_looks_at_all_fidelities_takes_the_split_of_the_short_ones() -> None:
    assert Request(BENCH, 12, "test").short_split == "test"
    assert Request(BENCH, 200, "test").short_split is None
    assert frames_of("fidelities", epoch=200, split="test")[0].equals(fidelity_correlation(BENCH).to_frame())


def test_noise_needs_seeds() -> None:
    every = tuple(ANALYSES)
    assert answerable(Request(BENCH)) == every
    without = tuple(name for name in every if name != "noise")
    assert answerable(Request(BENCH, 200)) == without
    columns = {name: column[:, :1] if column.ndim == 3 else column for name, column in mini_columns().items()}
    columns |= {name: column[:1] for name, column in columns.items() if name.startswith("total")}
    alone = Benchmark(table_in_memory(columns, mini_provenance(seeds=(222,))))
    assert answerable(Request(alone)) == without
