"""What an analysis looks at: one epoch, split and seed of one table, as arrays over the whole space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import MEAN, Benchmark, Seed
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.fidelity import LONG_EPOCHS, Split
from nhb2_plugins.metric import error_pct
from nhb2_plugins.shown import as_html, drawn
from nhb2_plugins.space import N_CELLCODES, N_CHOICES, N_HYPERPARAMETERS, Configuration
from nhb2_plugins.text_table import counted

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class View:
    """The answers of one table for one epoch, split and seed.

    Attributes:
        bench: the benchmark.
        epoch: 1..12 or 200.
        split: as the benchmark answered it.
        seed: one of the table's seeds, or ``"mean"``.
    """

    bench: Benchmark
    epoch: int
    split: Split
    seed: Seed

    @classmethod
    def of(cls, bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None) -> View:
        """Check the three and fill in the defaults.

        Raises:
            InvalidValueError: as :meth:`Benchmark.evaluate`.
        """
        first = bench.evaluate(Configuration.from_index(0), epoch, split, seed)
        return cls(bench, first.epoch, first.split, first.seed)

    @property
    def table(self) -> str:
        """The table's label, for example ``embedded table (1a2b3c4d)``."""
        return self.bench.provenance.label

    @property
    def measure(self) -> str:
        """What the values are, for captions."""
        return self.what if self.epoch == LONG_EPOCHS else f"{self.what}, {self.of_seed}"

    @property
    def what(self) -> str:
        """What the values are, without the seed."""
        if self.epoch == LONG_EPOCHS:
            return f"expected test error after {LONG_EPOCHS} epochs"
        return f"{self.split_name} error after {counted(self.epoch, 'epoch')}"

    @property
    def split_name(self) -> str:
        """The split in words."""
        return _SPLIT_NAMES[self.split]

    @property
    def cost_measure(self) -> str:
        """What the costs are, for captions."""
        if self.epoch == LONG_EPOCHS:
            return f"estimated seconds of training and validation over {LONG_EPOCHS} epochs, {self.of_seed}"
        return f"seconds of {_TIMED[self.split]} over {counted(self.epoch, 'epoch')}, {self.of_seed}"

    @property
    def of_seed(self) -> str:
        """The seed in words."""
        return "mean over seeds" if self.seed == MEAN else f"seed {self.seed}"

    @cached_property
    def row_error_pct(self) -> Floats:
        """Error of each row of the table, in percent, shape (n_rows,)."""
        return error_pct(self.bench.by_row(self.epoch, self.split, self.seed).accuracy_pct)

    @cached_property
    def row_cost_s(self) -> Floats:
        """Cost of each row of the table, in seconds, shape (n_rows,); estimated at 200 epochs."""
        return self.bench.by_row(self.epoch, self.split, self.seed).cost_s

    @cached_property
    def error_pct(self) -> Floats:
        """Error of each configuration in index order, in percent, shape (196608,)."""
        return np.take(self.row_error_pct, self.bench.rows)

    @cached_property
    def cost_s(self) -> Floats:
        """Cost of each configuration in index order, in seconds, shape (196608,)."""
        return np.take(self.row_cost_s, self.bench.rows)

    @property
    def error_by_cell(self) -> Floats:
        """Error in percent, shape (4096, 48): cell, then learning rate and batch size."""
        return self.error_pct.reshape(N_CELLCODES, N_HYPERPARAMETERS)

    @property
    def error_by_coordinate(self) -> Floats:
        """Error in percent, shape (4, 4, 4, 4, 4, 4, 8, 6): one axis a coordinate."""
        return self.error_pct.reshape(N_CHOICES)

    def frame(self, columns: Mapping[str, Any]) -> pandas.DataFrame:
        """Columns as a pandas frame whose ``attrs`` say the ``table`` and the ``measure``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return frame_of(columns, self.table, self.measure)


_SPLIT_NAMES = {"train": "training", "valid": "validation", "test": "test"}
_TIMED = {"train": "training", "valid": "training and validation", "test": "training, validation and test"}


def frame_of(columns: Mapping[str, Any], table: str, measure: str) -> pandas.DataFrame:
    """A frame that says in its ``attrs`` which ``table`` it is of and what its values ``measure``.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    with needs_extra("frames need pandas", "frames"):
        import pandas as pd
    frame = pd.DataFrame(dict(columns))
    frame.attrs.update(table=table, measure=measure)
    return frame


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured(ABC):
    """An answer that says what it is of.

    Attributes:
        table: label of the table.
        measure: what the values are.
    """

    table: str
    measure: str

    _repr_html_ = as_html

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw it as the figures of ``nhb2 analyze`` do.

        A hyperparameter map, or a seed noise by learning rate and batch size; a decomposition's main effects and
        largest pairs; a landscape's local optima by regret and basin; error by distance to the optimum; a walk's
        autocorrelation; the regret of one search after the other; the correlation of epochs.

        Args:
            axes: matplotlib's, to draw on; None makes a figure.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        picture: Axes = drawn("plot_answer", self, axes)
        return picture

    @abstractmethod
    def to_frame(self) -> pandas.DataFrame:
        """Its numbers.

        Raises:
            MissingExtraError: pandas is not installed.
        """

    def frame(self, columns: Mapping[str, Any]) -> pandas.DataFrame:
        """As :meth:`View.frame`."""
        return frame_of(columns, self.table, self.measure)


def row_sizes(bench: Benchmark) -> Integers:
    """Number of configurations that share each row of the table, shape (n_rows,)."""
    n_rows = len(bench.by_row().accuracy_pct)
    return np.bincount(bench.rows, minlength=n_rows).astype(np.int64)


def configuration_columns(indices: Integers) -> dict[str, list[str] | list[float] | list[int]]:
    """``cellcode``, ``lr`` and ``batch_size`` of configurations, for a frame."""
    configurations = [Configuration.from_index(index) for index in indices.tolist()]
    return {
        "cellcode": [each.cellcode for each in configurations],
        "lr": [each.lr for each in configurations],
        "batch_size": [each.batch_size for each in configurations],
    }
