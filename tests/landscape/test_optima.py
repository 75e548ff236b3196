from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import ranks
from nhb2_plugins.landscape.hyperparameter_map import hyperparameter_map
from nhb2_plugins.landscape.optima import optima, optima_by_epoch
from nhb2_plugins.landscape.view import View
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration
from tests.core_fixtures import mini_benchmark, mini_columns, needs
from tests.landscape.tables import coarse_benchmark


@needs("pandas")
def test_the_best_functions_of_the_mini_table_by_hand() -> None:
    frame = optima(mini_benchmark(), n=3)
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


@pytest.mark.parametrize(("statistic", "function"), [("mean", np.mean), ("median", np.median), ("best", min)])
def test_maps_are_taken_over_the_cells_of_each_pair(statistic: str, function: object) -> None:
    bench = coarse_benchmark()
    found = hyperparameter_map(bench, statistic=statistic)  # type: ignore[arg-type]
    for i, j in [(0, 0), (3, 4), (7, 5)]:
        pair = [Configuration(code, LEARNING_RATES[i], BATCH_SIZES[j]).index for code in CELLCODES]
        errors = 100 - bench.evaluate_many(pair)[0]
        assert found.error_pct[i, j] == pytest.approx(function(errors.tolist()))  # type: ignore[operator]


def test_a_cells_map_and_its_best_learning_rates() -> None:
    bench = coarse_benchmark()
    found = hyperparameter_map(bench, 12, "valid", "mean", cellcode="0|10|210")
    for j, batch_size in enumerate(BATCH_SIZES):
        errors = [
            bench.evaluate(Configuration("0|10|210", lr, batch_size), seed="mean").error_pct for lr in LEARNING_RATES
        ]
        assert found.error_pct[:, j].tolist() == errors
        assert found.best_lr[batch_size] == LEARNING_RATES[errors.index(min(errors))]
    assert "0|10|210" in found.of


@needs("pandas")
def test_a_maps_frame_has_a_column_for_each_batch_size() -> None:
    found = hyperparameter_map(coarse_benchmark())
    frame = found.to_frame()
    assert frame["lr"].tolist() == list(LEARNING_RATES)
    for j, batch_size in enumerate(BATCH_SIZES):
        assert frame[f"batch_{batch_size}"].tolist() == found.error_pct[:, j].tolist()
    best = found.best_lr_frame()
    assert best["error_pct"].tolist() == found.error_pct.min(axis=0).tolist()
    assert best["best_lr"].tolist() == [found.best_lr[batch_size] for batch_size in BATCH_SIZES]


@needs("pandas")
def test_of_equal_learning_rates_the_smallest_is_best() -> None:
    flat = mini_benchmark(valid_acc=0 * mini_columns()["valid_acc"] + 50)
    found = hyperparameter_map(flat)
    assert set(found.best_lr.values()) == {LEARNING_RATES[0]}
    assert found.best_lr_frame()["spread_pct"].tolist() == [0] * 6
    assert list(found.to_frame()) == ["lr", *(f"batch_{size}" for size in BATCH_SIZES)]
    assert found.to_frame().attrs["table"] == flat.provenance.label


def test_wrong_maps_are_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"statistic 'men' is not one of .*did you mean 'mean'"):
        hyperparameter_map(mini_benchmark(), statistic="men")  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="cellcode '4'"):
        hyperparameter_map(mini_benchmark(), cellcode="4")
    with pytest.raises(InvalidValueError, match="seed 7"):
        hyperparameter_map(mini_benchmark(), seed=7)


@pytest.mark.parametrize(
    ("where", "measure"),
    [
        ((12, None, None), "validation error after 12 epochs, seed 222"),
        ((1, "test", "mean"), "test error after 1 epoch, mean over seeds"),
        ((200, None, None), "expected test error after 200 epochs"),
    ],
)
def test_a_view_says_what_it_is_of(where: tuple[int, str | None, None], measure: str) -> None:
    view = View.of(mini_benchmark(), *where)
    assert view.measure == measure
    assert ("estimated" in view.cost_measure) == (where[0] == 200)
