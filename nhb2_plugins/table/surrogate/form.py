"""The form of what records rarely hold: learning curves, other splits, time per pass, 200 epochs.

A :class:`TableForm` states it in a handful of numbers. They are assumptions until records say otherwise:
:func:`fitted_form` replaces those that enough records of other epochs, splits or 200 epochs determine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.metric import CHANCE_ERROR_PCT, error_pct
from nhb2_plugins.space import LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.surrogate.features import cell_facts, class_features, rows_of
from nhb2_plugins.table.surrogate.model import LogModel, expected_row_errors
from nhb2_plugins.table.surrogate.records import Records

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

N_SPEEDS: Final = 16
"""Number of learning-curve shapes at each learning rate and batch size, slow to fast."""
ENOUGH: Final = 20
"""Records of one kind from which an assumption is replaced."""

_EPOCHS: Final = np.arange(1, SCHEDULE_EPOCHS + 1)
_LR_RANK: Final = np.arange(N_HYPERPARAMETERS) // 6
_BATCH_RANK: Final = np.arange(N_HYPERPARAMETERS) % 6
_SPEED_SEED: Final = 12
_REFERENCE: Final = (5, 4)
"""Ranks of NAS-Bench-201's learning rate and batch size: 0.1 and 256."""


@dataclass(frozen=True)
class TableForm:
    """Numbers that shape the assumed columns.

    Attributes:
        exponents: of the learning curves' power law, slowest and fastest cell.
        by_depth: by how much of the 16 speeds an operation of depth more slows a cell down.
        own_speed: standard deviation of a class's own speed.
        cosine_weight: part of a curve that follows the schedule, at equal ranks of learning rate and batch size.
        cosine_slope: what a doubling of learning rate over batch size adds to it.
        curve_noise: points by which errors scatter around the curve at learning rate 0, and what its root adds.
        train_gap: by how much less the training error is than the validation error after 12 epochs, as a part of it.
        test_ratio: test error over validation error (test images are not augmented, validation images are).
        damping_200: part of a hyperparameter's effect on the log error that 200 epochs leave.
        offset_200: log of the 200-epoch test error over NAS-Bench-201's validation error, at its hyperparameters.
        fitted: names of the attributes that records determined.
    """

    exponents: tuple[float, float] = (1.0, 1.7)
    by_depth: float = 0.5
    own_speed: float = 1.0
    cosine_weight: float = 0.25
    cosine_slope: float = 0.02
    curve_noise: tuple[float, float] = (0.4, 2.0)
    train_gap: float = 0.14
    test_ratio: float = 0.94
    damping_200: float = 0.35
    offset_200: float = 0.0
    fitted: frozenset[str] = frozenset()

    def curve_shapes(self) -> Float:
        """Part of the way from chance to the final error still to go after each epoch, (speeds, 48, 12).

        A power law of the epoch (pow3 of Domhan, Springenberg and Hutter, IJCAI 2015) and, with a weight that grows
        with learning rate over batch size, the cosine schedule itself, since SGD's excess error goes with the current
        learning rate.
        """
        exponent = np.linspace(*self.exponents, N_SPEEDS)[:, None, None]
        last = 1.0 + SCHEDULE_EPOCHS
        power = ((1.0 + _EPOCHS) ** -exponent - last**-exponent) / (1.0 - last**-exponent)
        cosine = (1.0 + np.cos(np.pi * _EPOCHS / SCHEDULE_EPOCHS)) / 2.0
        weight = np.clip(self.cosine_weight + self.cosine_slope * (_LR_RANK - _BATCH_RANK), 0.05, 0.6)[None, :, None]
        shapes = (1.0 - weight) * power + weight * cosine
        shapes[:, :, -1] = 0.0
        return np.asarray(shapes)

    def curve_speeds(self) -> Integer:
        """How fast a class learns (0 slow … 15 fast), (1011,): deep cells slowly, and each a little in its own way."""
        features = class_features()
        depth = features.values[:, features.columns(("operation depth",))[0]]
        own = np.random.Generator(np.random.Philox(key=_SPEED_SEED)).normal(size=len(depth))
        speeds = np.rint(9.5 - self.by_depth * depth + self.own_speed * own)
        return np.clip(speeds, 0, N_SPEEDS - 1).astype(np.int64)

    def curve_noise_pct(self) -> Float:
        """Standard deviation in points around the curve, (48, 12): grows with the epoch's learning rate."""
        start = np.array(LEARNING_RATES)[_LR_RANK][:, None]
        rate = start * (1.0 + np.cos(np.pi * (_EPOCHS - 1) / SCHEDULE_EPOCHS)) / 2.0
        return np.asarray(self.curve_noise[0] + self.curve_noise[1] * np.sqrt(rate))

    def train_ratios(self) -> Float:
        """Training error over validation error, (12,): both taken after the epoch, both on augmented images."""
        return np.asarray(0.98 - (self.train_gap - 0.02) * (_EPOCHS / SCHEDULE_EPOCHS) ** 2)

    def expected_error_200_pct(self, error_12_pct: Float) -> Float:
        """Expected test error after 200 epochs, (n_rows,), given the expected validation errors after 12.

        NAS-Bench-201's 200-epoch error of the architecture, and a damped effect of the hyperparameters.
        """
        architecture, effect = effects_200(error_12_pct)
        expected = np.exp(architecture + self.offset_200 + self.damping_200 * effect)
        return np.asarray(np.minimum(expected, CHANCE_ERROR_PCT))


CURVES: Final[Mapping[str, Mapping[str, Any]]] = {
    "crossing": {
        "exponents": (0.6, 2.1),
        "by_depth": 1.2,
        "own_speed": 2.0,
        "cosine_slope": 0.1,
        "curve_noise": (0.6, 5.0),
    },
    "moderate": {},
    "parallel": {"exponents": (1.2, 1.5), "by_depth": 0.0, "cosine_slope": 0.01, "curve_noise": (0.3, 1.5)},
}
"""Variants of the learning curves, by what is changed in a :class:`TableForm`."""
DAMPINGS_200: Final[Mapping[str, float]] = {"little": 0.15, "some": 0.35, "much": 0.6}
"""Variants of how much the hyperparameters matter after 200 epochs."""
_FITTED: Final = "fitted"


def curve_variants(form: TableForm) -> dict[str, TableForm]:
    """The form with each variant of the learning curves, by name; itself where records determined them."""
    if "exponents" in form.fitted:
        return {_FITTED: form}
    return {name: replace(form, **changes) for name, changes in CURVES.items()}


def damping_variants(form: TableForm) -> dict[str, TableForm]:
    """The form with each variant of the damping, by name; itself where records determined it."""
    if "damping_200" in form.fitted:
        return {_FITTED: form}
    return {name: replace(form, damping_200=damping) for name, damping in DAMPINGS_200.items()}


def variant_of_draw(form: TableForm, draw: int) -> tuple[int, int]:
    """Which curves and which damping a draw has: every three draws have every variant, every nine every combination."""
    n_curves, n_dampings = len(curve_variants(form)), len(damping_variants(form))
    return draw % n_curves, (draw + draw // n_curves) % n_dampings


def assumptions_of(form: TableForm, draw: int | None = None) -> dict[str, str]:
    """The names of what is assumed, in a draw or in the mean."""
    curves, dampings = list(curve_variants(form)), list(damping_variants(form))
    moderate = len(curves) // 2, len(dampings) // 2
    which = moderate if draw is None else variant_of_draw(form, draw)
    return {"curves": curves[which[0]], "effect_200": dampings[which[1]]}


def effects_200(error_12_pct: Float) -> tuple[Float, Float]:
    """Log of NAS-Bench-201's error of each row's class; the hyperparameters' effect on the log error at 12 epochs."""
    accuracy = np.array([facts.accuracies_pct[0] for facts in cell_facts()])
    architecture = np.repeat(np.log(error_pct(accuracy)), N_HYPERPARAMETERS)
    log_error = np.log(error_12_pct).reshape(-1, 8, 6)
    return architecture, (log_error - log_error[:, _REFERENCE[0], _REFERENCE[1]][:, None, None]).ravel()


def fitted_form(error: LogModel, records: Records) -> TableForm:
    """The form, with what the records determine in place of what is assumed.

    Args:
        error: the fitted model of the validation error after 12 epochs.
        records: of any epochs and splits.
    """
    form = TableForm()
    expected = expected_row_errors(error)[rows_of(records.index)]
    form = _with_curves(form, records, expected)
    form = _with_splits(form, records, expected)
    return _with_200(form, error, records)


def _with_curves(form: TableForm, records: Records, expected: Float) -> TableForm:
    """The cosine's weight and the exponents' level that fit validation errors before the last epoch best."""
    early = (records.split == "valid") & (records.epoch < SCHEDULE_EPOCHS) & (expected < 0.95 * CHANCE_ERROR_PCT)
    if early.sum() < ENOUGH:
        return form
    rows = rows_of(records.index[early])
    classes, hyperparameters = np.divmod(rows, N_HYPERPARAMETERS)
    speeds = form.curve_speeds()
    to_go = (records.error_pct[early] - expected[early]) / (CHANCE_ERROR_PCT - expected[early])

    def misfit(candidate: TableForm) -> float:
        shapes = candidate.curve_shapes()[speeds[classes], hyperparameters, records.epoch[early] - 1]
        return float(np.abs(shapes - to_go).sum())

    low, high = form.exponents
    candidates = [
        replace(form, exponents=(low * factor, high * factor), cosine_weight=weight)
        for factor, weight in product(np.geomspace(0.25, 4.0, 17).tolist(), np.linspace(0.05, 0.6, 12).tolist())
    ]
    best = min(candidates, key=misfit)
    return replace(best, fitted=form.fitted | {"exponents", "cosine_weight"})


def _with_splits(form: TableForm, records: Records, expected: Float) -> TableForm:
    """Median ratios of training and test errors after the last epoch to the expected validation error."""
    last = (records.epoch == SCHEDULE_EPOCHS) & (expected < 0.95 * CHANCE_ERROR_PCT)
    train, test = (last & (records.split == split) for split in ("train", "test"))
    if train.sum() >= ENOUGH:
        gap = 1.0 - float(np.median(records.error_pct[train] / expected[train]))
        form = replace(form, train_gap=gap, fitted=form.fitted | {"train_gap"})
    if test.sum() >= ENOUGH:
        ratio = float(np.median(records.error_pct[test] / expected[test]))
        form = replace(form, test_ratio=ratio, fitted=form.fitted | {"test_ratio"})
    return form


def _with_200(form: TableForm, error: LogModel, records: Records) -> TableForm:
    """Damping and offset by least squares on the log error."""
    late = records.epoch == LONG_EPOCHS
    if late.sum() < ENOUGH:
        return form
    rows = rows_of(records.index[late])
    architecture, effect = effects_200(expected_row_errors(error))
    design = np.column_stack([np.ones(len(rows)), effect[rows]])
    target = np.log(np.maximum(records.error_pct[late], 1e-3)) - architecture[rows]
    offset, damping = np.linalg.lstsq(design, target, rcond=None)[0].tolist()
    return replace(form, offset_200=offset, damping_200=damping, fitted=form.fitted | {"offset_200", "damping_200"})
