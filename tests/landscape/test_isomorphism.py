from __future__ import annotations

from collections import Counter
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.isomorphism import (
    UniformSampler,
    cell_sampler,
    class_sizes_frame,
    configuration_sampler,
    draws_frame,
    likeliest_frame,
    sampling_bias_frame,
)
from nhb2_plugins.space import CELLCODES
from tests.core_fixtures import mini_benchmark, needs
from tests.landscape.tables import coarse_benchmark


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(1, 5))
def test_draws_are_those_of_every_possible_outcome(sizes: list[int], n_draws: int) -> None:
    sampler = UniformSampler(np.array(sizes))
    expected_distinct = duplicate = 0.0
    for outcome in product(range(len(sizes)), repeat=n_draws):
        probability = prod(sizes[each] / sum(sizes) for each in outcome)
        expected_distinct += probability * len(set(outcome))
        duplicate += probability * (len(set(outcome)) < n_draws)
    assert sampler.expected_distinct(n_draws) == pytest.approx(expected_distinct)
    assert sampler.probability_of_duplicate(n_draws) == pytest.approx(duplicate)
    if n_draws == 2:
        assert sampler.collision_probability == pytest.approx(duplicate)


def test_the_birthday_problem() -> None:
    year = UniformSampler(np.ones(365, dtype=np.int64))
    assert year.probability_of_duplicate(22) < 0.5 < year.probability_of_duplicate(23)
    assert year.probability_of_duplicate(23) == pytest.approx(0.507297, abs=1e-6)
    assert year.probability_of_duplicate(366) == 1
    assert year.effective_number == pytest.approx(365)


def test_the_samplers_know_the_tables_classes() -> None:
    bench = coarse_benchmark()
    codes = Counter(Cell(code).isomorphism_class for code in CELLCODES)
    assert sorted(cell_sampler(bench).n_codes.tolist()) == sorted(codes.values())
    assert cell_sampler(bench).probability.sum() == pytest.approx(1)
    configurations = configuration_sampler(bench)
    assert len(configurations.n_codes) == 1011 * 48
    assert configurations.collision_probability == pytest.approx(cell_sampler(bench).collision_probability / 48)
    # The mini table has classes of its own.
    assert cell_sampler(mini_benchmark()).n_codes.tolist() == [1024, 3072]


@needs("pandas")
def test_class_sizes_of_the_published_partition() -> None:
    bench = coarse_benchmark()
    frame = class_sizes_frame(bench).set_index("n_codes")
    assert frame["n_classes"].sum() == 1011
    assert frame.loc[1, "n_classes"] == 715
    assert frame.loc[169, "n_classes"] == frame.loc[208, "n_classes"] == 1  # disconnected, and the identity
    assert frame["share_of_codes"].sum() == pytest.approx(1)
    assert frame.attrs["table"] == bench.provenance.label


@needs("pandas")
def test_the_likeliest_classes_hold_what_isomorphic_codes_say() -> None:
    frame = likeliest_frame(coarse_benchmark(), 6)
    for row in frame.to_dict("records"):
        cell = Cell(row["cellcode"])
        assert cell.canonical_code == row["cellcode"]
        assert row["n_codes"] == len(cell.isomorphic_codes)
        assert row["probability"] == row["n_codes"] / 4096
    assert frame["n_codes"].is_monotonic_decreasing


@needs("pandas")
def test_draws_and_bias_of_a_table() -> None:
    bench = mini_benchmark()
    draws = draws_frame(bench, [1, 2])
    assert draws["distinct_cells"].tolist() == pytest.approx([1, 2 - (1 / 16 + 9 / 16)])
    assert draws["duplicate_cells"].tolist() == pytest.approx([0, 10 / 16])
    assert draws["duplicate_configurations"].tolist() == pytest.approx([0, 10 / 16 / 48])
    bias = sampling_bias_frame(bench).set_index("sampler")
    # Rows 0..47 have a quarter of the codes, and rows are a thousandth of a percentage point apart.
    expected = {"uniform cellcodes": 23.5 + 48 * 3 / 4, "uniform functions": 47.5}
    for sampler, row in expected.items():
        assert bias.loc[sampler, "mean_error_pct"] == pytest.approx(100 - (52.1 + row / 1000))
    assert bias.loc["uniform cellcodes", "best_probability"] == 3072 / 196_608
    assert bias.loc["uniform functions", "best_probability"] == 1 / 96


@pytest.mark.parametrize("n_draws", [0, -1, 1.5, True])
def test_a_wrong_number_of_draws_is_refused(n_draws: float) -> None:
    sampler = UniformSampler(np.array([1, 2]))
    for ask in (sampler.expected_distinct, sampler.probability_of_duplicate):
        with pytest.raises(InvalidValueError, match="n_draws"):
            ask(n_draws)  # type: ignore[arg-type]


@needs("pandas")
def test_the_frame_of_draws_answers_for_six_numbers() -> None:
    assert draws_frame(mini_benchmark())["n_draws"].tolist() == [2, 10, 30, 100, 300, 1000]
