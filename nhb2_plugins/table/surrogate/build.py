"""From a fitted surrogate to a whole table: its predictions and its form, quantised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.metric import CHANCE_ERROR_PCT
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.surrogate.form import TableForm
from nhb2_plugins.table.surrogate.model import LogModel, expected_row_errors
from nhb2_plugins.table.synthesis import ERROR_UNITS, N_DEVIATES, SCALE, TableModel, synthesize
from nhb2_plugins.table.writer import write_table

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

SEED_SHARE: Final = 0.8
"""Of the variance that the model cannot explain in a record's error, what another seed would change; the rest is the
row's own, the same for every seed. Assumed: NAS-Bench-201's three seeds of the same networks differ by 2 % of the error
after 200 epochs (pooled, errors of 8 to 13 %), what the model cannot explain is a little more."""
_MOST_TIMES_COST: Final = float(np.log(2.9))

_OWN_NOISE_TRAIN, _OWN_NOISE_TEST = 0.010, 0.015
_TEST_TIME_SHARE: Final = 0.4
"""Test images over validation images: 10,000 of 25,000."""
_EPOCH_JITTER: Final = 0.015
_LOADER_SHARE: Final = 0.45
"""Of the cheapest cell's cost, what a pass over the images takes whatever the network: loading and augmentation."""


def build_model(
    form: TableForm, error: LogModel, cost: LogModel, *, created: str, seeds: tuple[int, ...], noise_seed: int
) -> TableModel:
    """The table's compact model.

    Args:
        form: the shape of everything but validation errors and costs after 12 epochs.
        error: the model of these errors.
        cost: the model of these costs.
        created: ISO date to record.
        seeds: the training seeds to name; their noise is synthetic.
        noise_seed: key of that noise.
    """
    per_epoch = (N_HYPERPARAMETERS, SCHEDULE_EPOCHS)
    error_pct, cost_s = expected_row_errors(error), cost.expected_rows
    errors = [noise.quantiles(_LEVELS) for noise in error.shape.regions]
    kinds = [stats.norm.ppf(_LEVELS), *errors, *cost_kinds(cost, drawn=False), *cost_kinds(cost, drawn=True)]
    widths = np.array([kind.std() for kind in kinds])
    cost_kind = 1 + len(errors) + cost.row_regions
    return TableModel(
        seeds=seeds,
        noise_seed=noise_seed,
        created=created,
        class_of_cell=np.array(isomorphism_classes(), dtype=np.int64),
        error_mean=quantised(error_pct / 100.0, ERROR_UNITS),
        error_spread=quantised(seed_noise_pct(error, error_pct) * widths[1 + error.row_regions] / 100.0, ERROR_UNITS),
        deviate_kind=1 + error.row_regions,
        cost_kind=cost_kind,
        deviates=quantised(np.vstack(kinds) / widths[:, None], SCALE),
        curve_kind=np.repeat(form.curve_speeds(), N_HYPERPARAMETERS),
        curve_shape=quantised(form.curve_shapes(), SCALE),
        curve_noise=quantised(form.curve_noise_pct() / 100.0, ERROR_UNITS),
        train_ratio=quantised(np.broadcast_to(form.train_ratios(), per_epoch), SCALE),
        test_ratio=quantised(np.full(per_epoch, form.test_ratio), SCALE),
        split_noise=quantised(np.array([_OWN_NOISE_TRAIN, _OWN_NOISE_TEST]), SCALE),
        expected_error_200=quantised(form.expected_error_200_pct(error_pct) / 100.0, 100_000),
        cost_mean=quantised(cost_s, 1000),
        cost_spread=quantised(cost.process.noise * widths[cost_kind], SCALE),
        valid_share=quantised(_valid_share(cost_s), SCALE),
        test_share=quantised(np.full(len(cost_s), _TEST_TIME_SHARE), SCALE),
        epoch_jitter=quantised(np.array([_EPOCH_JITTER]), SCALE),
    )


def write_surrogate_table(
    model: TableModel,
    directory: Path,
    *,
    source: str,
    note: str,
    assumptions: Mapping[str, str],
    overwrite: bool,
    draw: tuple[int, int] | None = None,
) -> Table:
    """Write a full table of kind ``surrogate``; arguments as :func:`nhb2_plugins.table.writer.write_table`."""
    provenance = Provenance(
        kind="surrogate",
        source=source,
        created=model.created,
        seeds=model.seeds,
        note=note,
        draw=draw,
        assumptions=assumptions,
    )
    return write_table(directory, synthesize(model), provenance, overwrite=overwrite)


def quantised(values: Float, units: int) -> Integer:
    """Whole numbers of a unit."""
    return np.rint(np.asarray(values) * units).astype(np.int64)


_LEVELS: Final = (np.arange(N_DEVIATES) + 0.5) / N_DEVIATES


def seed_noise_pct(error: LogModel, error_pct: Float) -> Float:
    """Scale of the seeds' part of the noise at every row, in points; none where no path leads to the output."""
    relative = error.process.noise * error.structure.scale.by_log(error_pct)
    return np.where(error_pct < CHANCE_ERROR_PCT, np.sqrt(SEED_SHARE) * relative * error_pct, 0.0)


def cost_kinds(cost: LogModel, *, drawn: bool) -> list[Float]:
    """For each region, quantiles of the relative noise of costs, over the scale of its logarithm's noise.

    In the table of the mean that is all that is not known of a cost; a draw says the function itself, and is left with
    the noise.
    """
    kinds = []
    for number, noise in enumerate(cost.shape.regions):
        here = cost.row_regions == number
        scale = float(np.median(cost.process.noise[here])) if here.any() else 1.0
        ratio = float(np.median((cost.row_deviations / cost.process.noise)[here])) if here.any() else 0.0
        quantiles = noise.quantiles(_LEVELS) if drawn else noise.total_quantiles(_LEVELS, ratio)
        kinds.append(np.asarray(np.expm1(np.clip(scale * quantiles, -_MOST_TIMES_COST, _MOST_TIMES_COST)) / scale))
    return kinds


def _valid_share(cost: Float) -> Float:
    """The part of train + validation time that is validation.

    Both passes load and augment 25,000 images; the training pass then computes about three times as much, forward and
    backward. Loading is estimated from the cheapest cell of the same learning rate and batch size.
    """
    by_class = cost.reshape(-1, len(LEARNING_RATES) * len(BATCH_SIZES))
    loading = _LOADER_SHARE * by_class.min(axis=0)
    return np.asarray((0.25 + loading / (2.0 * by_class)).ravel())
