"""Draws beside a model: what differs, what is read, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError, TableError, TableNotFoundError
from nhb2_plugins.table.draws import REFERENCE_SETTING, DrawSet, model_of_draw, save_draws
from nhb2_plugins.table.synthesis import ARRAY_FIELDS, CHANCE_ERROR, synthesize
from tests.table.test_synthesis import N_ROWS, made_model

MODEL = made_model(error_mean=np.full(N_ROWS, 10_000), expected_error_200=np.full(N_ROWS, 20_000))


def made_draws(**changes: object) -> DrawSet:
    steps = np.random.default_rng(0).integers(-60, 61, size=(3, N_ROWS))
    values: dict[str, object] = {
        "error_step": np.full(N_ROWS, 5),
        "cost_step": np.full(N_ROWS, 7),
        "cost_kind": np.zeros(N_ROWS, dtype=np.int64),
        "cost_spread": np.full(N_ROWS, 100),
        "curve_kind": np.vstack([np.zeros(N_ROWS), np.ones(N_ROWS)]).astype(np.int64),
        "curve_shape": np.array([MODEL.curve_shape, MODEL.curve_shape // 2]),
        "curve_noise": np.array([MODEL.curve_noise, MODEL.curve_noise // 2]),
        "damping": np.array([2_000, 5_000]),
        "expected_error_200": np.array([np.full(N_ROWS, 15_000), np.full(N_ROWS, 30_000)]),
        "variant": np.array([[0, 0], [1, 1], [0, 1]]),
        "error": steps,
        "cost": -steps,
        **changes,
    }
    return DrawSet(**values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("draws") / "draws.npz"
    save_draws(path, made_draws())
    return path


def test_a_draw_is_the_mean_and_its_deviations(path: Path) -> None:
    draws = made_draws()
    model = model_of_draw(path, MODEL, 1)
    np.testing.assert_array_equal(model.error_mean, 10_000 + 5 * draws.error[1])
    np.testing.assert_array_equal(model.cost_mean, MODEL.cost_mean + 7 * draws.cost[1])
    np.testing.assert_array_equal(model.curve_kind, 1)
    np.testing.assert_array_equal(model.curve_shape, MODEL.curve_shape // 2)
    np.testing.assert_array_equal(model.curve_noise, MODEL.curve_noise // 2)
    assert model.noise_seed == MODEL.noise_seed + 2


def test_200_epochs_leave_a_part_of_the_difference_from_the_reference_setting(path: Path) -> None:
    relative = (made_draws().error[1] * 5 / 10_000).reshape(-1, 48)
    expected = 30_000 * (1.0 + 0.5 * (relative - relative[:, [REFERENCE_SETTING]]))
    np.testing.assert_allclose(model_of_draw(path, MODEL, 1).expected_error_200, expected.ravel(), atol=0.51)


def test_what_is_read_is_what_was_written(path: Path) -> None:
    for draw in range(3):
        read, made = model_of_draw(path, MODEL, draw), made_draws().model_of(MODEL, draw)
        for name in ARRAY_FIELDS:
            np.testing.assert_array_equal(getattr(read, name), getattr(made, name))


def test_draws_have_noise_of_their_own(path: Path) -> None:
    still = made_draws(error=np.zeros((3, N_ROWS), dtype=np.int64), variant=np.zeros((3, 2), dtype=np.int64))
    one, other = (synthesize(still.model_of(MODEL, draw))["valid_acc"][-1] for draw in (0, 1))
    assert (one != other).mean() > 0.9


def test_errors_stay_within_chance() -> None:
    far = made_draws(error_step=np.full(N_ROWS, 1_000))
    error = far.model_of(MODEL, 0).error_mean
    assert (error.min(), error.max()) == (0, CHANCE_ERROR)


@pytest.mark.parametrize("draw", [-1, 3])
def test_a_draw_that_is_not_there_is_refused(path: Path, draw: int) -> None:
    with pytest.raises(InvalidValueError, match=f"there is no draw {draw}; there are 0 to 2"):
        model_of_draw(path, MODEL, draw)


def test_other_files_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match="there are no draws"):
        model_of_draw(tmp_path / "none.npz", MODEL, 0)
    (tmp_path / "torn.npz").write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TableError, match="are damaged"):
        model_of_draw(tmp_path / "torn.npz", MODEL, 0)
    np.savez(tmp_path / "newer.npz", format=np.array([9]))
    with pytest.raises(TableError, match="have format"):
        model_of_draw(tmp_path / "newer.npz", MODEL, 0)
    other = made_model(**{name: getattr(MODEL, name) for name in ("seeds",)})
    half = {name: getattr(other, name)[:48] for name in ARRAY_FIELDS if getattr(other, name).shape == (N_ROWS,)}
    with pytest.raises(TableError, match="not of a model of 48 rows"):
        model_of_draw(path, replace(other, **half, class_of_cell=np.zeros(4096, dtype=np.int64)), 0)
