"""The best configurations, and what the best of one fidelity is worth at another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import ranks, regrets
from nhb2_plugins.fidelity import FIDELITIES, LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.landscape.view import View, configuration_columns, frame_of, row_sizes
from nhb2_plugins.space import N_CONFIGURATIONS

if TYPE_CHECKING:
    import pandas


def optima(
    bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None, *, n: int = 10
) -> pandas.DataFrame:
    """The n best functions: isomorphic cells under the same hyperparameters are one row.

    Columns: ``rank`` (among the 196,608 configurations; equals share the best of their ranks), ``cellcode`` (first of
    the isomorphic ones), ``lr``, ``batch_size``, ``error_pct``, ``regret_pct``, ``cost_s``, ``params_live``,
    ``n_codes`` (number of isomorphic cellcodes), ``index``. Of equals, the first in index order comes first.

    Raises:
        InvalidValueError: n is not in 1 … 196,608; otherwise as :meth:`Benchmark.evaluate`.
        MissingExtraError: pandas is not installed.
    """
    if n not in range(1, N_CONFIGURATIONS + 1):
        raise InvalidValueError(f"n {n!r} is not in 1..{N_CONFIGURATIONS}")
    view = View.of(bench, epoch, split, seed)
    first = bench.first_index_of_row
    best = first[np.lexsort((first, view.row_error_pct))[:n]]
    where = (view.epoch, view.split, view.seed)
    columns = configuration_columns(best)
    return view.frame(
        {
            "rank": ranks(bench, *where)[best],
            **columns,
            "error_pct": view.error_pct[best],
            "regret_pct": regrets(bench, *where)[best],
            "cost_s": view.cost_s[best],
            "params_live": [Cell(str(code)).params_live for code in columns["cellcode"]],
            "n_codes": row_sizes(bench)[bench.rows[best]],
            "index": best,
        }
    )


def optima_by_epoch(bench: Benchmark, split: str | None = None, seed: Seed | None = None) -> pandas.DataFrame:
    """The best configuration at each fidelity, and its regret at the two full ones.

    Columns: ``epoch``, ``cellcode``, ``lr``, ``batch_size``, ``error_pct``, ``n_best`` (configurations with that
    error, isomorphic ones among them; the first in index order is shown), ``regret_12_pct`` and ``regret_200_pct``: how
    far the shown one is behind the best after 12 epochs (same split and seed) and in expected test accuracy after 200.

    Args:
        bench: the benchmark.
        split: of epochs 1..12; 200 epochs always are expected test accuracy.
        seed: as :meth:`Benchmark.evaluate`.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
        MissingExtraError: pandas is not installed.
    """
    views = views_by_epoch(bench, split, seed)
    best = np.array([int(np.argmin(view.error_pct)) for view in views])
    final, long = (views[FIDELITIES.index(epoch)] for epoch in (SCHEDULE_EPOCHS, LONG_EPOCHS))
    columns = {
        "epoch": list(FIDELITIES),
        **configuration_columns(best),
        "error_pct": [view.error_pct[index] for view, index in zip(views, best, strict=True)],
        "n_best": [int((view.error_pct == view.error_pct.min()).sum()) for view in views],
        "regret_12_pct": final.error_pct[best] - final.error_pct.min(),
        "regret_200_pct": long.error_pct[best] - long.error_pct.min(),
    }
    return frame_of(
        columns, final.table, f"{final.split_name} error, {final.of_seed}; expected test error at 200 epochs"
    )


def views_by_epoch(bench: Benchmark, split: str | None, seed: Seed | None) -> list[View]:
    """A view for each of the 13 fidelities; at 200 epochs the split is ``test``."""
    return [View.of(bench, epoch, None if epoch == LONG_EPOCHS else split, seed) for epoch in FIDELITIES]
