"""Maps over learning rate and batch size, cell by cell."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.hyperparameter_map import hyperparameter_map
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration
from tests.core_fixtures import mini_benchmark, mini_columns, needs
from tests.landscape.tables import coarse_benchmark


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


@needs("pandas")
def test_both_frames_say_measure_and_cells() -> None:
    found = hyperparameter_map(mini_benchmark(), 7, "test", "mean", statistic="best")
    expected = "test error after 7 epochs, mean over seeds; best over cells"
    assert {frame.attrs["measure"] for frame in (found.to_frame(), found.best_lr_frame())} == {expected}
