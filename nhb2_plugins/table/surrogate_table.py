"""From a fitted surrogate to a whole table: what is fitted is quantised, what is assumed is stated here.

Assumed, because the records hold nothing of it: learning curves before epoch 12, training and test accuracies, the
division of the cost into training, validation and test time, and the expectations after 200 epochs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import canonical_codes, isomorphism_classes
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.space import N_HYPERPARAMETERS, cell_index
from nhb2_plugins.table.features import cell_facts, class_features
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.synthesis import ERROR_UNITS, N_DEVIATES, SCALE, TableModel, synthesize
from nhb2_plugins.table.writer import write_table

if TYPE_CHECKING:
    from nhb2_plugins.table.surrogate import Surrogate

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

N_SPEEDS: Final = 16
"""Number of learning-curve shapes at each learning rate and batch size, slow to fast."""
DAMPING_200: Final = 0.35
"""How much of a hyperparameter's effect on the log error at 12 epochs is assumed to be left after 200."""
DIVERGING_ERROR_PCT: Final = 74.0
"""Expected errors above this, at the highest learning rates, are taken as the region where training diverges."""

_LR_RANK = np.arange(N_HYPERPARAMETERS) // 6
_BATCH_RANK = np.arange(N_HYPERPARAMETERS) % 6
_EPOCHS = np.arange(1, SCHEDULE_EPOCHS + 1)


def build_model(surrogate: Surrogate, *, created: str, seeds: tuple[int, ...], noise_seed: int) -> TableModel:
    """The table's compact model; arguments as :meth:`nhb2_plugins.table.surrogate.Surrogate.to_model`."""
    n_rows = len(canonical_codes()) * N_HYPERPARAMETERS
    first_cells = np.array([cell_index(code) for code in canonical_codes()])
    indices = (first_cells[:, None] * N_HYPERPARAMETERS + np.arange(N_HYPERPARAMETERS)).ravel()
    error, cost = surrogate.predict_error(indices), surrogate.predict_cost(indices)
    heavy = (error.value > DIVERGING_ERROR_PCT) & (np.tile(_LR_RANK, n_rows // N_HYPERPARAMETERS) >= 6)
    return TableModel(
        seeds=seeds,
        noise_seed=noise_seed,
        created=created,
        class_of_cell=np.array(isomorphism_classes(), dtype=np.int64),
        error_mean=_quantised(error.value / 100.0, ERROR_UNITS),
        error_spread=_quantised(error.value / 100.0 * error.log_noise, ERROR_UNITS),
        deviate_kind=heavy.astype(np.int64),
        deviates=_deviates(),
        curve_kind=_curve_kinds(),
        curve_shape=_curve_shapes(),
        curve_noise=_curve_noise(),
        train_ratio=_train_ratio(),
        test_ratio=_quantised(np.full((N_HYPERPARAMETERS, SCHEDULE_EPOCHS), 0.94), SCALE),
        split_noise=np.array([100, 150], dtype=np.int64),
        expected_error_200=_quantised(_expected_error_200(error.value) / 100.0, 100_000),
        cost_mean=_quantised(cost.value, 1000),
        cost_spread=_quantised(cost.log_noise, SCALE),
        valid_share=_quantised(np.tile(0.30 - 0.01 * _BATCH_RANK, n_rows // N_HYPERPARAMETERS), SCALE),
        test_share=np.full(n_rows, 4000, dtype=np.int64),
        epoch_jitter=np.array([150], dtype=np.int64),
    )


def write_surrogate_table(
    surrogate: Surrogate, directory: Path, *, created: str, source: str, overwrite: bool
) -> Table:
    """Write the table; arguments as :meth:`nhb2_plugins.table.surrogate.Surrogate.to_table`."""
    model = surrogate.to_model(created=created)
    provenance = Provenance(
        kind="surrogate",
        source=source,
        created=created,
        seeds=model.seeds,
        digest="",
        note="a fitted table: its numbers are not the published benchmark's",
    )
    return write_table(directory, synthesize(model), provenance, overwrite=overwrite)


def _quantised(values: Float, units: int) -> Integer:
    return np.rint(np.asarray(values) * units).astype(np.int64)


def _deviates() -> Integer:
    """Quantiles of a normal distribution and of Student's t with 4 degrees of freedom, both of unit variance."""
    from scipy import stats

    levels = (np.arange(N_DEVIATES) + 0.5) / N_DEVIATES
    quantiles = np.vstack([stats.norm.ppf(levels), stats.t.ppf(levels, df=4)])
    return _quantised(quantiles / quantiles.std(axis=1, keepdims=True), SCALE)


def _curve_kinds() -> Integer:
    """How fast a row learns (0 slow … 15 fast): deeper cells slowly, and a part of its own for each class."""
    features = class_features()
    depth = features.values[:, features.columns(("depth",))[0]]
    own = np.random.Generator(np.random.Philox(key=12)).normal(size=len(depth))
    speed = np.clip(np.rint(9.5 - 1.2 * depth + 2.0 * own), 0, N_SPEEDS - 1)
    return np.repeat(speed.astype(np.int64), N_HYPERPARAMETERS)


def _curve_shapes() -> Integer:
    """Part of the way still to go after each epoch, (speeds, 48, 12).

    A power law of the epoch (the pow3 family of Domhan, Springenberg and Hutter, IJCAI 2015) and, with a weight that
    grows with the learning rate over the batch size, the cosine schedule itself: SGD's error above its floor goes with
    the current learning rate.
    """
    exponent = np.linspace(0.6, 2.1, N_SPEEDS)[:, None, None]
    last = 1.0 + SCHEDULE_EPOCHS
    power = ((1.0 + _EPOCHS) ** -exponent - last**-exponent) / (1.0 - last**-exponent)
    cosine = (1.0 + np.cos(np.pi * _EPOCHS / SCHEDULE_EPOCHS)) / 2.0
    weight = np.clip(0.25 + 0.05 * (_LR_RANK - _BATCH_RANK), 0.05, 0.6)[None, :, None]
    shape = (1.0 - weight) * power + weight * cosine
    shape[:, :, -1] = 0.0
    return _quantised(shape, SCALE)


def _curve_noise() -> Integer:
    """Standard deviation around the curve: grows with the current learning rate, in 1/25,000."""
    rate = 0.003125 * 2.0 ** _LR_RANK[:, None] * (1.0 + np.cos(np.pi * (_EPOCHS - 1) / SCHEDULE_EPOCHS)) / 2.0
    return _quantised((0.6 + 5.0 * np.sqrt(rate)) / 100.0, ERROR_UNITS)


def _train_ratio() -> Integer:
    """Training error over validation error: both are taken after the epoch on augmented images."""
    late = (_EPOCHS / SCHEDULE_EPOCHS) ** 2
    return _quantised(np.broadcast_to(1.0 - 0.02 - 0.08 * late, (N_HYPERPARAMETERS, SCHEDULE_EPOCHS)), SCALE)


def _expected_error_200(error_12: Float) -> Float:
    """NAS-Bench-201's 200-epoch error of the architecture, and a damped effect of the hyperparameters."""
    accuracy = np.array([facts.accuracies_pct[0] for facts in cell_facts()])
    architecture = np.repeat(np.log(100.0 - accuracy), N_HYPERPARAMETERS)
    reference = np.log(error_12).reshape(-1, 8, 6)[:, 5, 4]  # NAS-Bench-201: lr 0.1, batch size 256
    effect = np.log(error_12) - np.repeat(reference, N_HYPERPARAMETERS)
    return np.asarray(np.minimum(np.exp(architecture + DAMPING_200 * effect), 90.0))
