"""The table's model and its expansion: bounds, units, the noise of seeds, flat diverged curves, the same bytes."""

from __future__ import annotations

import hashlib
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.cells import canonical_codes
from nhb2_plugins.errors import TableError, TableNotFoundError
from nhb2_plugins.table.schema import column_dtype, column_shapes
from nhb2_plugins.table.synthesis import (
    ARRAY_FIELDS,
    CHANCE_ERROR,
    N_DEVIATES,
    Expansion,
    TableModel,
    load_model,
    save_model,
    synthesize,
)

N_CLASSES = 3
N_ROWS = N_CLASSES * 48


def made_model(**changes: object) -> TableModel:
    rows = np.arange(N_ROWS)
    levels = (np.arange(N_DEVIATES) + 0.5) / N_DEVIATES
    uniform = np.rint((levels - 0.5) * np.sqrt(12.0) * 10_000).astype(np.int64)
    shape = np.rint(10_000 * (1.0 - np.arange(1, 13) / 12.0)).astype(np.int64)
    values: dict[str, object] = {
        "seeds": (222, 555, 888),
        "noise_seed": 7,
        "created": "2026-01-01",
        "class_of_cell": np.arange(4096) % N_CLASSES,
        "error_mean": np.minimum(3_500 + 130 * rows, CHANCE_ERROR),
        "error_spread": 50 + 3 * rows,
        "deviate_kind": rows % 2,
        "cost_kind": np.ones(N_ROWS, dtype=np.int64),
        "deviates": np.vstack([uniform, uniform**3 // 10**8]),
        "curve_kind": rows % 2,
        "curve_shape": np.broadcast_to(shape, (2, 48, 12)).copy(),
        "curve_noise": np.full((48, 12), 200),
        "train_ratio": np.full((48, 12), 9_000),
        "test_ratio": np.full((48, 12), 9_500),
        "split_noise": np.array([100, 150]),
        "expected_error_200": 10_000 + 500 * rows,
        "cost_mean": 60_000 + 1_000 * rows,
        "cost_spread": np.full(N_ROWS, 300),
        "valid_share": np.full(N_ROWS, 3_000),
        "test_share": np.full(N_ROWS, 4_000),
        "epoch_jitter": np.array([100]),
        **changes,
    }
    return TableModel(**values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def columns() -> dict[str, np.ndarray]:
    return synthesize(made_model())


def test_the_columns_are_those_of_the_schema(columns):
    shapes = column_shapes(3, N_CLASSES)
    assert set(columns) == set(shapes)
    for name, shape in shapes.items():
        assert columns[name].shape == shape
        assert columns[name].dtype == np.dtype(column_dtype(name))
        assert np.isfinite(columns[name]).all()


@pytest.mark.parametrize(("split", "units"), [("train", 25_000), ("valid", 25_000), ("test", 10_000)])
def test_an_accuracy_counts_images(columns, split, units):
    accuracy = columns[f"{split}_acc"]
    images = np.rint(accuracy / 100.0 * units)
    np.testing.assert_array_equal(accuracy, images / units * 100.0)
    assert accuracy.min() >= 10.0
    assert accuracy.max() <= 100.0


def test_seeds_differ_and_by_the_stated_spread():
    model = made_model(
        error_mean=np.full(N_ROWS, 8_000),
        error_spread=np.full(N_ROWS, 300),
        deviate_kind=np.zeros(N_ROWS, dtype=np.int64),
    )
    errors = (100.0 - synthesize(model)["valid_acc"][-1]) * 250.0
    assert np.sqrt(errors.var(axis=0, ddof=1).mean()) == pytest.approx(300, rel=0.1)
    assert errors.mean() == pytest.approx(8_000, abs=4.0 * 300 / np.sqrt(errors.size))


def test_a_diverged_seed_is_flat_at_chance_in_every_split(columns):
    diverged = columns["valid_acc"][-1] <= 10.0
    assert diverged.any()
    assert not diverged.all()
    for split in ("train", "valid", "test"):
        assert (columns[f"{split}_acc"][:, diverged] == 10.0).all()


def test_a_row_at_chance_stays_there_whatever_its_spread():
    model = made_model(error_mean=np.full(N_ROWS, CHANCE_ERROR))
    assert (synthesize(model)["valid_acc"] == 10.0).all()


def test_times_are_milliseconds_and_totals_their_ordered_sums(columns):
    for split in ("train", "valid", "test"):
        times = columns[f"{split}_time"]
        np.testing.assert_array_equal(times, np.rint(times * 1000.0) / 1000.0)
        assert (times > 0.0).all()
    train = np.zeros((3, N_ROWS))
    for part in columns["train_time"]:
        train = train + part
    valid = train
    for part in columns["valid_time"]:
        valid = valid + part
    np.testing.assert_array_equal(columns["total_train_time"], train)
    np.testing.assert_array_equal(columns["total_trainval_time"], valid)
    np.testing.assert_allclose(columns["total_test_time"], columns["test_time"].sum(axis=0))


def test_costs_differ_by_the_stated_spread_and_within_bounds():
    normal = np.zeros(N_ROWS, dtype=np.int64)
    relative = synthesize(made_model(cost_kind=normal))["total_trainval_time"] * 1000.0 / made_model().cost_mean
    assert relative.std() == pytest.approx(0.03, rel=0.1)
    assert relative.mean() == pytest.approx(1.0, abs=4.0 * 0.03 / np.sqrt(relative.size))
    wild = synthesize(made_model(cost_spread=np.full(N_ROWS, 20_000)))["total_trainval_time"] * 1000.0
    assert (wild / made_model().cost_mean).min() == pytest.approx(0.5, abs=1e-3)
    assert (wild / made_model().cost_mean).max() == pytest.approx(3.0, abs=1e-3)


def test_curves_rise_to_the_final_accuracy():
    model = made_model(curve_noise=np.zeros((48, 12), dtype=np.int64))
    accuracy = synthesize(model)["valid_acc"]
    assert (np.diff(accuracy, axis=0) >= 0.0).all()


def test_the_times_of_epochs_are_not_held_twice(embedded):
    expansion = Expansion(embedded)

    tracemalloc.start()
    n_bytes = expansion.column("train_time").nbytes
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1.8 * n_bytes


def test_the_noise_seed_changes_the_noise_only(columns):
    other = synthesize(made_model(noise_seed=8))
    assert (other["valid_acc"] != columns["valid_acc"]).mean() > 0.5
    np.testing.assert_array_equal(other["expected_acc_200"], columns["expected_acc_200"])


def test_the_expansion_is_known_to_the_byte(columns):
    """A golden digest: the same model must give the same table on every machine and with every numpy."""
    digest = hashlib.sha256()
    for name in sorted(columns):
        digest.update(columns[name].astype(column_dtype(name)).tobytes())
    assert digest.hexdigest() == "0f19a7697eaf7040094bb2d1fab46d22727f0841cc40f69a6c3c757b3f94085a"


def test_a_model_survives_its_file(tmp_path):
    model = made_model()
    save_model(tmp_path / "one.npz", model)
    save_model(tmp_path / "two.npz", load_model(tmp_path / "one.npz"))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    loaded = load_model(tmp_path / "one.npz")
    assert (loaded.seeds, loaded.noise_seed, loaded.created) == ((222, 555, 888), 7, "2026-01-01")
    for name in ARRAY_FIELDS:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(model, name))


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(TableNotFoundError, match=r"nothing\.npz"):
        load_model(tmp_path / "nothing.npz")


def test_a_truncated_model_is_refused(tmp_path):
    path = tmp_path / "model.npz"
    save_model(path, made_model())
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(TableError, match="damaged"):
        load_model(path)


def test_a_model_without_a_field_is_refused(tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, format=np.array([1]), seeds=np.array([1]))
    with pytest.raises(TableError, match="lacks noise_seed, created, class_of_cell"):
        load_model(path)


def test_a_model_of_another_format_is_refused(tmp_path):
    path = tmp_path / "model.npz"
    save_model(path, made_model())
    with np.load(path) as archive:
        arrays = {**{name: archive[name] for name in archive.files}, "format": np.array([99])}
    np.savez(path, **arrays)
    with pytest.raises(TableError, match="format"):
        load_model(path)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("seeds", (888, 222), "seeds"),
        ("error_mean", np.full(N_ROWS, CHANCE_ERROR + 1), "error_mean has a value outside"),
        ("error_mean", np.zeros(47, dtype=np.int64), "47 rows"),
        ("cost_mean", np.zeros(N_ROWS), "cost_mean is float64"),
        ("curve_kind", np.full(N_ROWS, 2), "curve_kind has a value outside 0..1"),
        ("class_of_cell", np.full(4096, N_CLASSES), "class_of_cell has a value outside"),
        ("curve_shape", np.full((2, 48, 12), 1), "does not end at 0"),
    ],
)
def test_a_model_out_of_range_is_refused(field, value, message):
    with pytest.raises(TableError, match=message):
        replace(made_model(), **{field: value})


@pytest.fixture(scope="module")
def embedded() -> TableModel:
    return load_model(Path(__file__).parents[2] / "data" / "embedded.npz")


def test_the_embedded_model_is_whole_and_small(embedded):
    path = Path(__file__).parents[2] / "data" / "embedded.npz"
    assert path.stat().st_size < 2_000_000
    assert embedded.seeds == (222, 555, 888)
    assert embedded.n_classes == len(canonical_codes())


def test_the_embedded_table_puts_cells_without_a_path_at_chance(embedded):
    columns = synthesize(embedded)
    disconnected = embedded.class_of_cell[-1]  # 3|33|333
    rows = slice(disconnected * 48, disconnected * 48 + 48)
    for split in ("train", "valid", "test"):
        assert (columns[f"{split}_acc"][:, :, rows] == 10.0).all()
    assert (columns["expected_acc_200"][rows] == 10.0).all()


def test_late_training_accuracy_is_above_test_accuracy(embedded):
    columns = synthesize(embedded)
    learnt = columns["valid_acc"][-1] > 50.0
    assert (columns["train_acc"][-1][learnt] > columns["test_acc"][-1][learnt]).mean() > 0.95
    assert (columns["test_acc"][-1][learnt] > columns["valid_acc"][-1][learnt]).mean() > 0.95
