"""Cross-validation of surrogates: what a model is worth on cells it has not seen.

Records are deduplicated by (class, learning rate, batch size), folds never split an isomorphism class, predictions are
pooled out of fold, and figures are averaged over shuffles of the folds. Records that serve for fitting only (``extra``)
are left out of a fold's fit when their class is held out, and are never scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.space import N_HYPERPARAMETERS
from nhb2_plugins.table.surrogate.fit import COST_OUTLIER, validation_records
from nhb2_plugins.table.surrogate.model import (
    Prediction,
    cost_structure,
    error_structure,
    fit_log_model,
    predict_errors,
)
from nhb2_plugins.table.surrogate.records import Records

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
Predictor = Callable[[Integer], Prediction]
Fit = Callable[[Integer, Float], Predictor]
"""A model family: from rows and values to a function of rows."""

GOOD_ERROR_PCT: Final = 25.0
"""Errors below this are the region that a search is about."""
N_FOLDS: Final = 5
SEEDS: Final = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Scores:
    """Figures of one quantity, each averaged over shuffles.

    Attributes:
        tau: Kendall's tau-b between true and predicted values.
        absolute_error: mean absolute error in the quantity's unit (points or seconds).
        relative_error: median of |predicted / true − 1|.
        tau_good: tau-b among records with a true value below :data:`GOOD_ERROR_PCT` (of use for the error only).
        coverage: share of records inside their 90 % predictive interval.
        coverage_good: the same among the good.
    """

    tau: float
    absolute_error: float
    relative_error: float
    tau_good: float
    coverage: float
    coverage_good: float


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """True values of the scored rows and, for each shuffle, their out-of-fold predictions."""

    rows: Integer
    truth: Float
    predictions: tuple[Prediction, ...]

    def scores(self) -> Scores:
        """The figures, averaged over the shuffles."""
        each = np.array([_scores(self.truth, prediction) for prediction in self.predictions])
        return Scores(*each.mean(axis=0).tolist())


def _scores(truth: Float, prediction: Prediction) -> tuple[float, ...]:
    from scipy.stats import kendalltau

    good = truth < GOOD_ERROR_PCT
    low, high = prediction.interval()
    covered = (low <= truth) & (truth <= high)
    return (
        float(kendalltau(truth, prediction.value).statistic),
        float(np.abs(prediction.value - truth).mean()),
        float(np.median(np.abs(prediction.value / truth - 1.0))),
        float(kendalltau(truth[good], prediction.value[good]).statistic) if good.sum() > 1 else float("nan"),
        float(covered.mean()),
        float(covered[good].mean()) if good.any() else float("nan"),
    )


def fit_error(rows: Integer, errors: Float) -> Predictor:
    """The chosen family for the validation error."""
    return partial(predict_errors, fit_log_model(rows, errors, error_structure()))


def fit_cost(rows: Integer, costs: Float) -> Predictor:
    """The chosen family for the cost."""
    return fit_log_model(rows, costs, cost_structure(), outlier=COST_OUTLIER).predict


def cross_validate(
    records: Records,
    *,
    extra: Sequence[Records] = (),
    quantity: str = "error",
    fit: Fit | None = None,
    seeds: Iterable[int] = SEEDS,
) -> OutOfFold:
    """Out-of-fold predictions of a family.

    Args:
        records: what is scored (and fitted to, outside its own fold).
        extra: fitting material only.
        quantity: ``error`` (percent) or ``cost`` (seconds).
        fit: the family; the chosen one of the quantity without it.
        seeds: shuffles of the folds.
    """
    rows, values = _scored(records, quantity)
    pairs = [_scored(part, quantity) for part in extra]
    extra_rows = np.concatenate([np.empty(0, dtype=np.int64), *(pair[0] for pair in pairs)])
    extra_values = np.concatenate([np.empty(0), *(pair[1] for pair in pairs)])
    new = ~np.isin(extra_rows, rows)
    family = fit or (fit_error if quantity == "error" else fit_cost)
    predictions = tuple(_shuffle(rows, values, extra_rows[new], extra_values[new], family, seed) for seed in seeds)
    return OutOfFold(rows, values, predictions)


def _scored(records: Records, quantity: str) -> tuple[Integer, Float]:
    """One value a row: the first, since isomorphic cells share theirs."""
    rows, errors, costs = validation_records(records)
    unique, first = np.unique(rows, return_index=True)
    return unique, (errors if quantity == "error" else costs)[first]


def _shuffle(rows: Integer, values: Float, extra_rows: Integer, extra_values: Float, fit: Fit, seed: int) -> Prediction:
    from sklearn.model_selection import GroupKFold

    classes, extra_classes = rows // N_HYPERPARAMETERS, extra_rows // N_HYPERPARAMETERS
    parts = [np.empty(len(rows)) for _ in range(3)]
    for inside, outside in GroupKFold(N_FOLDS, shuffle=True, random_state=seed).split(rows, groups=classes):
        usable = ~np.isin(extra_classes, classes[outside])
        predict = fit(
            np.concatenate([rows[inside], extra_rows[usable]]), np.concatenate([values[inside], extra_values[usable]])
        )
        prediction = predict(rows[outside])
        for part, found in zip(parts, (prediction.value, prediction.log_deviation, prediction.log_noise), strict=True):
            part[outside] = found
    return Prediction(*parts)
