from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import ranks
from nhb2_plugins.landscape.optima import optima, optima_by_epoch
from nhb2_plugins.landscape.view import View
from nhb2_plugins.space import N_CONFIGURATIONS
from tests.core_fixtures import mini_benchmark, needs
from tests.landscape.tables import coarse_benchmark


@needs("pandas")
def test_the_best_functions_of_the_mini_table_by_hand() -> None:
    frame = optima(mini_benchmark(), n=3)
    assert len(optima(mini_benchmark())) == 10
    assert len(optima(mini_benchmark(), n=N_CONFIGURATIONS)) == 96  # functions
    assert frame["cellcode"].tolist() == ["1|00|000"] * 3
    assert frame["lr"].tolist() == [0.4] * 3
    assert frame["batch_size"].tolist() == [512, 256, 128]
    assert frame["error_pct"].tolist() == pytest.approx([100 - 52.195, 100 - 52.194, 100 - 52.193])
    assert frame["regret_pct"].tolist() == pytest.approx([0, 0.001, 0.002])
    assert frame["rank"].tolist() == [1, 1 + 3072, 1 + 2 * 3072]  # each stands for 3,072 isomorphic codes
    assert frame["n_codes"].tolist() == [3072] * 3
    assert frame["cost_s"].tolist() == pytest.approx([12 * 12 * 96 + 0.5, 12 * 12 * 95 + 0.5, 12 * 12 * 94 + 0.5])


@needs("pandas")
def test_optima_are_the_sorted_space_without_its_repetitions() -> None:
    bench = coarse_benchmark()
    frame = optima(bench, 7, "test", bench.seeds[1], n=40)
    error = 100 - bench.evaluate_many(np.arange(196_608), 7, "test", bench.seeds[1])[0]
    seen: list[int] = []
    for index in np.argsort(error, kind="stable").tolist():
        if bench.rows[index] not in {bench.rows[other] for other in seen}:
            seen.append(index)
        if len(seen) == 40:
            break
    assert frame["index"].tolist() == seen
    assert frame["rank"].tolist() == ranks(bench, 7, "test", bench.seeds[1])[seen].tolist()
    assert frame.attrs["table"] == bench.provenance.label


@needs("pandas")
def test_the_best_of_every_epoch_is_the_oracles() -> None:
    bench = coarse_benchmark()
    frame = optima_by_epoch(bench)
    for row in frame.to_dict("records"):
        best, accuracy = bench.oracle(row["epoch"])
        assert (row["cellcode"], row["lr"], row["batch_size"]) == (best.cellcode, best.lr, best.batch_size)
        assert row["error_pct"] == 100 - accuracy
        at_12 = bench.oracle(12)[1] - bench.evaluate(best, 12).accuracy_pct
        at_200 = bench.oracle(200)[1] - bench.evaluate(best, 200).accuracy_pct
        assert (row["regret_12_pct"], row["regret_200_pct"]) == pytest.approx((at_12, at_200))
        assert row["n_best"] == (View.of(bench, row["epoch"]).error_pct == 100 - accuracy).sum()
    assert frame["epoch"].tolist() == [*range(1, 13), 200]


@needs("pandas")
def test_a_wrong_number_of_optima_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"n 0 is not in 1\.\.196608"):
        optima(mini_benchmark(), n=0)
    with pytest.raises(InvalidValueError, match=r"n 196609 is not in 1\.\.196608"):
        optima(mini_benchmark(), n=N_CONFIGURATIONS + 1)


@needs("pandas")
def test_the_best_of_every_epoch_is_of_the_split_and_seed_asked_for() -> None:
    bench = coarse_benchmark()
    frame = optima_by_epoch(bench, "test", bench.seeds[1])
    for row in frame.to_dict("records"):
        best, accuracy = bench.oracle(row["epoch"], "test", bench.seeds[1])
        assert (row["cellcode"], row["lr"], row["batch_size"]) == (best.cellcode, best.lr, best.batch_size)
        assert row["error_pct"] == 100 - accuracy
    assert frame.attrs["measure"] == f"test error, seed {bench.seeds[1]}; expected test error at 200 epochs"
