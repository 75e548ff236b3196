"""Tables that could be the real one: draws from a surrogate's posterior, as small integers beside a model of the mean.

A draw has expected errors and costs of its own, noise of its own, and one combination of what is assumed: how learning
curves cross, and how much of the hyperparameters' effect 200 epochs leave. Its deviations from the mean are stored row
by row in steps of a fraction of their spread, so that it is expanded in the arithmetic of
:mod:`nhb2_plugins.table.synthesis` and gives the same bytes everywhere; only the draw that is asked for is read.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import InvalidValueError, TableError, TableNotFoundError
from nhb2_plugins.table.synthesis import CHANCE_ERROR, N_HYPERPARAMETERS, SCALE, TableModel, narrowed

DRAWS_FORMAT: Final = 1
REFERENCE_SETTING: Final = 34
"""Learning rate 0.1 and batch size 256, NAS-Bench-201's: what 200 epochs are said of relative to."""

Integer = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DrawSet:
    """Draws that differ from a model of ``n_rows`` rows, as integers.

    Attributes:
        error_step: (n_rows,), unit of a draw's deviation from ``error_mean``, in 1/25,000.
        cost_step: (n_rows,), that from ``cost_mean``, in ms.
        cost_kind: (n_rows,), which of the model's distributions the cost's noise is drawn from.
        cost_spread: (n_rows,), relative standard deviation of the cost over seeds, in 1/10,000: less than the model's,
            since a draw says itself what the model is not sure of.
        curve_kind: (n_curve_variants, n_rows), which learning curve a row follows.
        curve_shape: (n_curve_variants, n_curves, 48, 12), as the model's.
        curve_noise: (n_curve_variants, 48, 12), as the model's.
        damping: (n_dampings,), part of the hyperparameters' effect that 200 epochs leave, in 1/10,000.
        expected_error_200: (n_dampings, n_rows), as the model's, at its expected errors.
        variant: (n_draws, 2), each draw's curve variant and damping.
        error: (n_draws, n_rows), deviations in steps, within -127..127.
        cost: (n_draws, n_rows), the same of the cost.
    """

    error_step: Integer
    cost_step: Integer
    cost_kind: Integer
    cost_spread: Integer
    curve_kind: Integer
    curve_shape: Integer
    curve_noise: Integer
    damping: Integer
    expected_error_200: Integer
    variant: Integer
    error: Integer
    cost: Integer

    def __len__(self) -> int:
        return len(self.variant)

    def model_of(self, model: TableModel, draw: int) -> TableModel:
        """The model of one draw (0-based), beside the model of the mean."""
        shared = {name: getattr(self, name) for name in _SHARED}
        return _model_of(model, shared, self.error[draw], self.cost[draw], draw)


_SHARED: Final = tuple(field.name for field in fields(DrawSet) if field.name not in ("error", "cost"))


def save_draws(path: Path, draws: DrawSet) -> None:
    """Write draws as one compressed ``.npz`` file, each draw's deviations for themselves."""
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array([DRAWS_FORMAT], dtype="<i4"),
        **{name: narrowed(getattr(draws, name)) for name in _SHARED},
        **{f"error_{draw}": deviations.astype("i1") for draw, deviations in enumerate(draws.error)},
        **{f"cost_{draw}": deviations.astype("i1") for draw, deviations in enumerate(draws.cost)},
    }
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def model_of_draw(path: Path, model: TableModel, draw: int) -> TableModel:
    """The model of one draw.

    Args:
        path: a file written by :func:`save_draws`.
        model: the mean that its draws deviate from.
        draw: 0-based.

    Raises:
        InvalidValueError: there is no such draw.
        TableNotFoundError: there is no such file.
        TableError: the file is damaged, of another format, or of another model.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if archive["format"].tolist() != [DRAWS_FORMAT]:
                raise TableError(f"the draws {path} have format {archive['format'].tolist()}, not {DRAWS_FORMAT}")
            shared = {name: archive[name].astype(np.int64) for name in _SHARED}
            if not 0 <= draw < len(shared["variant"]):
                raise InvalidValueError(f"there is no draw {draw!r}; there are 0 to {len(shared['variant']) - 1}")
            error, cost = (archive[f"{name}_{draw}"].astype(np.int64) for name in ("error", "cost"))
    except FileNotFoundError as failure:
        raise TableNotFoundError(f"there are no draws at {path}") from failure
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as failure:
        if isinstance(failure, InvalidValueError):
            raise
        raise TableError(f"the draws {path} are damaged: {type(failure).__name__}: {failure}") from failure
    if {error.shape, cost.shape, shared["error_step"].shape} != {(model.n_rows,)}:
        raise TableError(f"the draws {path} are not of a model of {model.n_rows} rows")
    return _model_of(model, shared, error, cost, draw)


def _model_of(model: TableModel, shared: dict[str, Integer], error: Integer, cost: Integer, draw: int) -> TableModel:
    curves, damping = shared["variant"][draw]
    error_mean = np.clip(model.error_mean + shared["error_step"] * error, 0, CHANCE_ERROR)
    cost_mean = np.maximum(model.cost_mean + shared["cost_step"] * cost, 1)
    return replace(
        model,
        noise_seed=model.noise_seed + 1 + draw,
        error_mean=error_mean,
        cost_mean=cost_mean,
        cost_kind=shared["cost_kind"],
        cost_spread=shared["cost_spread"],
        curve_kind=shared["curve_kind"][curves],
        curve_shape=shared["curve_shape"][curves],
        curve_noise=shared["curve_noise"][curves],
        expected_error_200=_expected_error_200(
            model, error_mean, shared["expected_error_200"][damping], int(shared["damping"][damping])
        ),
    )


def _expected_error_200(model: TableModel, error_mean: Integer, expected: Integer, damping: int) -> Integer:
    """As expected at the model's errors, changed by a part of the draw's relative difference (to first order)."""
    relative = (error_mean / np.maximum(model.error_mean, 1) - 1.0).reshape(-1, N_HYPERPARAMETERS)
    effect = (relative - relative[:, REFERENCE_SETTING][:, np.newaxis]).ravel()
    changed = np.rint(expected * (1.0 + effect * (damping / SCALE)))
    return np.clip(changed, 0, 90_000).astype(np.int64)
