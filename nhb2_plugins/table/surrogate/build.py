"""From a fitted surrogate to a whole table: its predictions and its form, quantised."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.surrogate.form import TableForm, curve_speeds
from nhb2_plugins.table.surrogate.model import Prediction
from nhb2_plugins.table.synthesis import ERROR_UNITS, N_DEVIATES, SCALE, TableModel, synthesize
from nhb2_plugins.table.writer import write_table

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

DIVERGING_ERROR_PCT: Final = 74.0
DIVERGING_LR_RANK: Final = 6
"""Expected errors above the first, at the learning rates from the second on, mark the region where training diverges:
there the seeds' noise is heavy-tailed, and a seed may end at chance level."""
TAIL_DEGREES: Final = 4
"""Degrees of freedom of the heavy-tailed noise (Student's t)."""

_OWN_NOISE_TRAIN, _OWN_NOISE_TEST = 0.010, 0.015
_TEST_TIME_SHARE: Final = 0.4
"""Test images over validation images: 10,000 of 25,000."""
_EPOCH_JITTER: Final = 0.015
_LOADER_SHARE: Final = 0.45
"""Of the cheapest cell's cost, what a pass over the images takes whatever the network: loading and augmentation."""


def build_model(
    form: TableForm, error: Prediction, cost: Prediction, *, created: str, seeds: tuple[int, ...], noise_seed: int
) -> TableModel:
    """The table's compact model.

    Args:
        form: the shape of everything but validation errors and costs after 12 epochs.
        error: these errors in percent, of every row.
        cost: these costs in seconds, of every row.
        created: ISO date to record.
        seeds: the training seeds to name; their noise is synthetic.
        noise_seed: key of that noise.
    """
    per_epoch = (N_HYPERPARAMETERS, SCHEDULE_EPOCHS)
    return TableModel(
        seeds=seeds,
        noise_seed=noise_seed,
        created=created,
        class_of_cell=np.array(isomorphism_classes(), dtype=np.int64),
        error_mean=_quantised(error.value / 100.0, ERROR_UNITS),
        error_spread=_quantised(error.value / 100.0 * error.log_noise, ERROR_UNITS),
        deviate_kind=_diverges(error).astype(np.int64),
        deviates=_deviates(),
        curve_kind=np.repeat(curve_speeds(), N_HYPERPARAMETERS),
        curve_shape=_quantised(form.curve_shapes(), SCALE),
        curve_noise=_quantised(form.curve_noise_pct() / 100.0, ERROR_UNITS),
        train_ratio=_quantised(np.broadcast_to(form.train_ratios(), per_epoch), SCALE),
        test_ratio=_quantised(np.full(per_epoch, form.test_ratio), SCALE),
        split_noise=_quantised(np.array([_OWN_NOISE_TRAIN, _OWN_NOISE_TEST]), SCALE),
        expected_error_200=_quantised(form.expected_error_200_pct(error.value) / 100.0, 100_000),
        cost_mean=_quantised(cost.value, 1000),
        cost_spread=_quantised(cost.log_noise, SCALE),
        valid_share=_quantised(_valid_share(cost.value), SCALE),
        test_share=_quantised(np.full(len(cost.value), _TEST_TIME_SHARE), SCALE),
        epoch_jitter=_quantised(np.array([_EPOCH_JITTER]), SCALE),
    )


def write_surrogate_table(model: TableModel, directory: Path, *, source: str, note: str, overwrite: bool) -> Table:
    """Write a full table of kind ``surrogate``; arguments as :func:`nhb2_plugins.table.writer.write_table`."""
    provenance = Provenance(
        kind="surrogate",
        source=source,
        created=model.created,
        seeds=model.seeds,
        note=note,
    )
    return write_table(directory, synthesize(model), provenance, overwrite=overwrite)


def _quantised(values: Float, units: int) -> Integer:
    return np.rint(np.asarray(values) * units).astype(np.int64)


def _diverges(error: Prediction) -> NDArray[np.bool_]:
    lr_rank = np.arange(len(error.value)) % N_HYPERPARAMETERS // len(BATCH_SIZES)
    return np.asarray((error.value > DIVERGING_ERROR_PCT) & (lr_rank >= DIVERGING_LR_RANK))


def _deviates() -> Integer:
    """Quantiles of a normal distribution and of Student's t, both of unit variance."""
    levels = (np.arange(N_DEVIATES) + 0.5) / N_DEVIATES
    quantiles = np.vstack([stats.norm.ppf(levels), stats.t.ppf(levels, df=TAIL_DEGREES)])
    return _quantised(quantiles / quantiles.std(axis=1, keepdims=True), SCALE)


def _valid_share(cost: Float) -> Float:
    """The part of train + validation time that is validation.

    Both passes load and augment 25,000 images; the training pass then computes about three times as much, forward and
    backward. Loading is estimated from the cheapest cell of the same learning rate and batch size.
    """
    by_class = cost.reshape(-1, len(LEARNING_RATES) * len(BATCH_SIZES))
    loading = _LOADER_SHARE * by_class.min(axis=0)
    return np.asarray((0.25 + loading / (2.0 * by_class)).ravel())
