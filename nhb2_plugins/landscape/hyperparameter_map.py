"""Learning rate × batch size: the error over all cells, or of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.landscape.view import Floats, Measured, View, frame_of
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, cell_index

if TYPE_CHECKING:
    import pandas

Statistic = Literal["mean", "median", "best"]
"""What is taken over the 4,096 cellcodes; isomorphic ones count each."""
STATISTICS: Final[tuple[Statistic, ...]] = get_args(Statistic)

_FUNCTIONS: Final[dict[Statistic, Callable[..., Floats]]] = {"mean": np.mean, "median": np.median, "best": np.min}


@dataclass(frozen=True, eq=False)
class HyperparameterMap(Measured):
    """The map. Made by :func:`hyperparameter_map`.

    Attributes:
        error_pct: in percent, shape (8, 6): learning rates ascending, batch sizes ascending.
        of: ``"mean over cells"`` and the like, or the cell.
    """

    error_pct: Floats
    of: str

    @property
    def best_lr_rank(self) -> tuple[int, ...]:
        """For each batch size the position of the best learning rate; of equals the smallest."""
        return tuple(int(rank) for rank in np.argmin(self.error_pct, axis=0))

    @property
    def best_lr(self) -> dict[int, float]:
        """The best learning rate by batch size."""
        return {size: LEARNING_RATES[rank] for size, rank in zip(BATCH_SIZES, self.best_lr_rank, strict=True)}

    def to_frame(self) -> pandas.DataFrame:
        """One row a learning rate: ``lr``, then a column ``batch_16`` … ``batch_512`` with errors in percent.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        columns = {f"batch_{size}": self.error_pct[:, i] for i, size in enumerate(BATCH_SIZES)}
        return frame_of({"lr": LEARNING_RATES, **columns}, self.table, f"{self.measure}; {self.of}")

    def best_lr_frame(self) -> pandas.DataFrame:
        """One row a batch size: ``batch_size``, ``best_lr``, ``error_pct`` there, ``spread_pct`` to the worst.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        best = self.error_pct.min(axis=0)
        columns = {
            "batch_size": BATCH_SIZES,
            "best_lr": list(self.best_lr.values()),
            "error_pct": best,
            "spread_pct": self.error_pct.max(axis=0) - best,
        }
        return frame_of(columns, self.table, f"{self.measure}; {self.of}")


def hyperparameter_map(
    bench: Benchmark,
    epoch: int = 12,
    split: str | None = None,
    seed: Seed | None = None,
    *,
    cellcode: str | None = None,
    statistic: Statistic = "mean",
) -> HyperparameterMap:
    """The map over all cells, or of one cell (then the statistic does not matter).

    Raises:
        InvalidValueError: not a cellcode, an unknown statistic; otherwise as :meth:`Benchmark.evaluate`.
    """
    checked_choice("statistic", statistic, STATISTICS)
    view = View.of(bench, epoch, split, seed)
    if cellcode is None:
        error, of = _FUNCTIONS[statistic](view.error_by_cell, axis=0), f"{statistic} over cells"
    else:
        error, of = view.error_by_cell[cell_index(cellcode)], f"cell {cellcode}"
    return HyperparameterMap(
        error.reshape(len(LEARNING_RATES), len(BATCH_SIZES)), of, table=view.table, measure=view.measure
    )
