"""Pareto fronts: error against what a configuration costs, or how large its network is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.cells import Cell
from nhb2_plugins.exact.front import exact_front, front_positions
from nhb2_plugins.exact.random_hypervolume import random_hypervolume
from nhb2_plugins.landscape.view import Floats, Integers, View, configuration_columns
from nhb2_plugins.objectives import ERROR_PCT
from nhb2_plugins.space import CELLCODES, N_HYPERPARAMETERS

if TYPE_CHECKING:
    import pandas

Expense = Literal["cost_s", "params_live", "macs_live"]
"""What is traded against error: seconds of training (as recorded, on shared machines), parameters of the network, or
multiply–accumulates of its cells. The last two both count the convolutions that reach the output."""
EXPENSES: Final[tuple[Expense, ...]] = get_args(Expense)

RANDOM_DRAWS: Final = (50, 100, 200, 350)
"""Evaluations that studies of this benchmark with two objectives spend."""


def expenses(view: View, expense: Expense) -> Floats:
    """The expense of each configuration, shape (196608,).

    Raises:
        InvalidValueError: an unknown expense.
    """
    checked_choice("expense", expense, EXPENSES)
    if expense == "cost_s":
        return view.cost_s
    return np.repeat([float(getattr(Cell(code), expense)) for code in CELLCODES], N_HYPERPARAMETERS)


def front_indices(error: Floats, expense: Floats) -> Integers:
    """Positions of the points that no other dominates, by ascending expense; of equal points the first.

    A point dominates another when it is at most as large in both and smaller in one.
    """
    return front_positions(np.column_stack([expense, error]))


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


def front_summary(
    bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None
) -> pandas.DataFrame:
    """What a search for each front is measured by.

    Columns: ``objectives``, ``points``, ``reference`` (the front's nadir: up to where hypervolume counts),
    ``hypervolume`` of the front in the product of the units, and ``random_N_pct``: what random search is expected to
    have of it after N evaluations, in percent (NaN where the front is a single point, and there is no hypervolume).

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
        MissingExtraError: pandas is not installed.
    """
    view = View.of(bench, epoch, split, seed)
    rows = []
    for expense in EXPENSES:
        objectives = (ERROR_PCT, expense)
        front = exact_front(bench, objectives, epoch, split, seed)
        search = random_hypervolume(bench, objectives, epoch, split, seed)
        shares = [search.mean_pct(n) if search.front > 0 else np.nan for n in RANDOM_DRAWS]
        reference = ", ".join(f"{value:.10g}" for value in search.reference)
        rows.append((" + ".join(objectives), len(front.indices), reference, search.front, *shares))
    names = ("objectives", "points", "reference", "hypervolume", *(f"random_{n}_pct" for n in RANDOM_DRAWS))
    return view.frame(dict(zip(names, zip(*rows, strict=True), strict=True)))
