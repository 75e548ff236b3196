"""Features: worked examples, one row a class, and what a signal does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nhb2_plugins.cells import Cell, canonical_codes
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.surrogate.features import (
    NAS_BENCH_201_FEATURES,
    cell_facts,
    class_features,
    row_features,
    rows_of,
    setting_features,
)
from nhb2_plugins.table.surrogate.signal_features import POOL_DAMPING, SIGNAL_FEATURES, signal_features


def test_four_skip_paths_quadruple_the_input():
    features = signal_features("2|22|222")
    assert features["linear paths"] == features["skip paths"] == 4.0
    assert features["log gain"] == pytest.approx(math.log(4.05))
    assert features["convolution share"] == 0.0
    assert features["log stream variance"] > 20.0


def test_a_chain_of_convolutions_carries_nothing_linear():
    features = signal_features("0|30|330")
    assert features["linear paths"] == 0.0
    assert features["convolution depth"] == features["operation depth"] == 3
    assert features["unpooled convolutions"] == 1.0
    assert features["convolution share"] == pytest.approx(1.0)


def test_a_pool_after_a_convolution_damps_it():
    features = signal_features("0|33|313")  # 0→1 convolution, 0→3 zero, 1→3 pool
    assert features["unpooled convolutions"] == 0.0
    assert features["log convolution variance"] == pytest.approx(math.log(POOL_DAMPING**2 + 0.05))
    assert features["operation depth"] == 2
    assert features["convolution depth"] == 1


def test_a_cell_without_a_path_has_no_signal():
    features = signal_features("3|33|333")
    assert features["linear paths"] == 0.0
    assert np.isfinite(list(features.values())).all()


def test_isomorphic_cells_have_the_same_signal():
    for code in canonical_codes()[::97]:
        expected = signal_features(code)
        for other in Cell(code).isomorphic_codes:
            found = signal_features(other)
            assert found == pytest.approx(expected), (code, other)
    assert tuple(expected) == SIGNAL_FEATURES


def test_each_class_was_trained_as_one_of_its_own_cells():
    for number, facts in enumerate(cell_facts()):
        assert Cell(facts.trained_code).isomorphism_class == number
        assert facts.train_time_s > 0.0


def test_classes_know_what_nas_bench_201_reached_after_200_and_after_12_epochs():
    facts = cell_facts()[Cell("0|10|210").isomorphism_class]
    assert facts.accuracies_pct == pytest.approx((90.372, 69.96, 44.117, 86.35, 55.32, 30.733), abs=5e-4)
    accuracies = np.array([facts.accuracies_pct for facts in cell_facts()])
    # Of 1,011 classes on three data sets, three are at chance or have diverged.
    assert (accuracies[:, :3] < accuracies[:, 3:]).sum() == 3
    features = class_features()
    errors = features.values[:, features.columns(NAS_BENCH_201_FEATURES)]
    np.testing.assert_allclose(np.exp(errors), 100.0 - accuracies)
    (named,) = features.columns(("log NAS-Bench-201 error, 12 epochs, CIFAR-100",))
    assert np.exp(features.values[Cell("0|10|210").isomorphism_class, named]) == pytest.approx(100.0 - 55.32)


def test_rows_are_classes_times_hyperparameters_in_the_tables_order():
    rows, classes = row_features(), class_features()
    assert rows.values.shape == (1011 * 48, len(classes.names) + len(setting_features().names))
    assert np.isfinite(rows.values).all()
    row = 500 * 48 + 3 * 6 + 4
    hyperparameters = rows.values[row, rows.columns(("lr", "batch_size", "lr - batch_size", "lr + batch_size"))]
    assert hyperparameters.tolist() == [3.0, 4.0, -1.0, 7.0]
    np.testing.assert_array_equal(rows.values[row, : len(classes.names)], classes.values[500])


def test_isomorphic_configurations_share_a_row():
    one, other = Configuration("0|33|330", 0.1, 64), Configuration("2|33|330", 0.1, 64)
    assert rows_of([one.index, other.index]).tolist() == [1010 * 48 + 32] * 2 or (
        rows_of([one.index])[0] == rows_of([other.index])[0]
    )


@pytest.mark.parametrize("index", [-1, 196_608])
def test_an_index_outside_the_space_is_refused(index):
    with pytest.raises(InvalidValueError, match=r"0\.\.196607"):
        rows_of([0, index])
