"""Draws from a surrogate's posterior: a :class:`nhb2_plugins.table.draws.DrawSet` beside the model of its mean."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.metric import CHANCE_ERROR_PCT
from nhb2_plugins.space import N_HYPERPARAMETERS
from nhb2_plugins.table.draws import DrawSet
from nhb2_plugins.table.surrogate.build import SEED_SHARE, cost_kinds, quantised
from nhb2_plugins.table.surrogate.form import TableForm, curve_variants, damping_variants, variant_of_draw
from nhb2_plugins.table.surrogate.model import LogModel, connected_classes, expected_row_errors
from nhb2_plugins.table.synthesis import ERROR_UNITS, SCALE, TableModel

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

_LARGEST: Final = 20
"""Steps of the largest deviation of a row among the draws: a step is about a tenth of their spread, and rounding to it
adds a thousandth to their variance."""


def build_draws(error: LogModel, cost: LogModel, form: TableForm, model: TableModel, n_draws: int) -> DrawSet:
    """Draws of the whole table; each has one combination of assumed curves and damping in turn.

    Args:
        error: the model of the errors.
        cost: that of the costs.
        form: everything else, as assumed or fitted for the mean.
        model: of the mean.
        n_draws: how many.
    """
    generators = [np.random.Generator(np.random.Philox(key=[model.noise_seed, draw])) for draw in range(n_draws)]
    errors = np.array([draw_errors(error, generator) for generator in generators])
    costs = np.array([np.exp(cost.draw(generator)) for generator in generators])
    error_step, errors_in_steps = _in_steps(quantised(errors / 100.0, ERROR_UNITS) - model.error_mean)
    cost_step, costs_in_steps = _in_steps(quantised(costs, 1000) - model.cost_mean)
    forms, dampings = curve_variants(form).values(), damping_variants(form).values()
    expected = expected_row_errors(error)
    cost_spread, cost_kind = _seeds_cost(cost, model)
    return DrawSet(
        error_step=error_step,
        cost_step=cost_step,
        cost_spread=cost_spread,
        cost_kind=cost_kind,
        curve_kind=np.array([np.repeat(one.curve_speeds(), N_HYPERPARAMETERS) for one in forms]),
        curve_shape=np.array([quantised(one.curve_shapes(), SCALE) for one in forms]),
        curve_noise=np.array([quantised(one.curve_noise_pct() / 100.0, ERROR_UNITS) for one in forms]),
        damping=quantised(np.array([one.damping_200 for one in dampings]), SCALE),
        expected_error_200=np.array(
            [quantised(one.expected_error_200_pct(expected) / 100.0, 100_000) for one in dampings]
        ),
        variant=np.array([variant_of_draw(form, draw) for draw in range(n_draws)]),
        error=errors_in_steps,
        cost=costs_in_steps,
    )


def draw_errors(error: LogModel, generator: np.random.Generator) -> Float:
    """Expected errors in percent of every row in one draw: the function, and what is each row's own for every seed."""
    own = error.process.noise * error.shape.sample(error.row_regions, generator)
    modelled = error.draw(generator) + np.sqrt(1.0 - SEED_SHARE) * own
    connected = np.isin(np.arange(len(modelled)) // N_HYPERPARAMETERS, connected_classes())
    return np.where(connected, np.minimum(error.structure.scale.inverse(modelled), CHANCE_ERROR_PCT), CHANCE_ERROR_PCT)


def _in_steps(deviations: Integer) -> tuple[Integer, Integer]:
    """A step for each row, and the deviations (n_draws, n_rows) in steps."""
    step = np.maximum(-(-np.abs(deviations).max(axis=0) // _LARGEST), 1)
    return step, np.rint(deviations / step).astype(np.int64)


def _seeds_cost(cost: LogModel, model: TableModel) -> tuple[Integer, Integer]:
    """Spread and kind of the noise of costs in draws: without what the process is not sure of."""
    kind = model.cost_kind + len(cost.shape.regions)
    widths = np.array([kind.std() for kind in cost_kinds(cost, drawn=True)])
    return quantised(cost.process.noise * widths[cost.row_regions], SCALE), kind
