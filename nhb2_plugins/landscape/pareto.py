"""Pareto fronts: error against what a configuration costs, or how large its network is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.landscape.view import Floats, Integers, View, configuration_columns
from nhb2_plugins.space import CELLCODES, N_HYPERPARAMETERS

if TYPE_CHECKING:
    import pandas

Expense = Literal["cost_s", "params_live", "macs_live"]
"""What is traded against error: seconds of training (as recorded, on shared machines), parameters of the network, or
multiply–accumulates of its cells. The last two both count the convolutions that reach the output."""
EXPENSES: Final[tuple[Expense, ...]] = get_args(Expense)


def expenses(view: View, expense: Expense) -> Floats:
    """The expense of each configuration, shape (196608,).

    Raises:
        InvalidValueError: an unknown expense.
    """
    if expense not in EXPENSES:
        raise InvalidValueError(describe_choices(expense, EXPENSES, what="expense"))
    if expense == "cost_s":
        return view.cost_s
    return np.repeat([float(getattr(Cell(code), expense)) for code in CELLCODES], N_HYPERPARAMETERS)


def front_indices(error: Floats, expense: Floats) -> Integers:
    """Positions of the points that no other dominates, by ascending expense; of equal points the first.

    A point dominates another when it is at most as large in both and smaller in one.
    """
    order = np.lexsort((np.arange(len(error)), error, expense))
    best_before = np.concatenate([[np.inf], np.minimum.accumulate(error[order])[:-1]])
    return order[error[order] < best_before]


def pareto_front(
    bench: Benchmark,
    epoch: int = 12,
    split: str | None = None,
    seed: Seed | None = None,
    *,
    expense: Expense = "cost_s",
) -> pandas.DataFrame:
    """The front over all configurations, cheapest first.

    Columns: ``cellcode``, ``lr``, ``batch_size``, ``error_pct``, ``regret_pct``, the expense under its own name,
    ``n_configurations`` (with exactly these two values; the first in index order is shown), ``index``.

    Raises:
        InvalidValueError: an unknown expense; otherwise as :meth:`Benchmark.evaluate`.
        MissingExtraError: pandas is not installed.
    """
    view = View.of(bench, epoch, split, seed)
    error, price = view.error_pct, expenses(view, expense)
    front = front_indices(error, price)
    equal = [int(((error == error[i]) & (price == price[i])).sum()) for i in front]
    columns = {
        **configuration_columns(front),
        "error_pct": error[front],
        "regret_pct": error[front] - error.min(),
        expense: price[front] if expense == "cost_s" else price[front].astype(np.int64),
        "n_configurations": equal,
        "index": front,
    }
    return view.frame(columns)
