"""The lookup engine: pure functions from a configuration, an epoch, a split and a seed to accuracy and cost.

A lookup never logs, remembers a seed, or draws a random number.

What a cost covers: ``train`` pays the training time of epochs 1..e; ``valid`` training and validation; ``test``
training, validation and test. At 12 epochs it is the published total, below 12 the ordered sum of the epochs. The data
has no cost for 200 epochs: it is estimated as 200/12 of the 12-epoch training and validation time, since an epoch's
time does not depend on the schedule, and marked ``cost_is_estimated``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.errors import InvalidValueError, NoHomeError, TableNotFoundError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, SPLITS, Split, checked_epoch, checked_split
from nhb2_plugins.metric import error_pct
from nhb2_plugins.shown import Plotted, as_html
from nhb2_plugins.space import N_CONFIGURATIONS, N_HYPERPARAMETERS, Configuration
from nhb2_plugins.table.embedded import open_embedded
from nhb2_plugins.table.location import DATA_VARIABLE, expanded_user, user_table_directory
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, Provenance
from nhb2_plugins.table.store import MANIFEST_FILE, Table, first_index_of_rows, open_table

if TYPE_CHECKING:
    import pandas

MEAN: Final = "mean"
Seed = int | Literal["mean"]

LONG_COST_FACTOR: Final = LONG_EPOCHS / SCHEDULE_EPOCHS
"""Estimated cost of 200 epochs in units of the 12-epoch training and validation time."""

PAID_SPLITS: Final[Mapping[str, tuple[Split, ...]]] = {
    "train": ("train",),
    "valid": ("train", "valid"),
    "test": ("train", "valid", "test"),
}
"""The splits whose time an accuracy of a split costs, in the order that they are added up."""
_DIGITS: Final = 3
_Floats = NDArray[np.float64]
_new_tuple = tuple.__new__
_NUMPY_TRUE: Final[Any] = np.True_  # the only one there is, as with Python's own


class Observation(NamedTuple):
    """The answer to one query; a frozen value.

    Attributes:
        accuracy_pct: accuracy in percent, 0..100.
        cost_s: simulated seconds, paid from scratch (see the module's docstring).
        epoch: 1..12, or 200.
        split: ``train``, ``valid`` or ``test``; ``test`` at 200 epochs, where it is an expected test accuracy.
        seed: the table's seed, or ``"mean"``. At 200 epochs only the estimated cost depends on it.
    """

    accuracy_pct: float
    cost_s: float
    epoch: int
    split: Split
    seed: Seed

    def __repr__(self) -> str:
        """With as many digits as the data have: an accuracy comes in steps of 0.004 %, a time in whole milliseconds."""
        shown = (
            f"{name}={round(value, _DIGITS) if isinstance(value, float) else value!r}"
            for name, value in zip(self._fields, self, strict=True)
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def error_pct(self) -> float:
        """100 − accuracy; what every framework minimises."""
        return error_pct(self.accuracy_pct)

    @property
    def cost_is_estimated(self) -> bool:
        """Whether the cost is not in the data (200 epochs)."""
        return self.epoch == LONG_EPOCHS


class _CurveArrays(NamedTuple):
    accuracy_pct: _Floats
    cost_s: _Floats


class Curve(_CurveArrays, Plotted):
    """A configuration's learning curve over epochs 1..12: a pair of arrays of shape (12,), which are read-only.

    Attributes:
        accuracy_pct: accuracy after each epoch, in percent.
        cost_s: cumulative cost up to and including each epoch, in seconds.
        table: label of the table, which stands in pictures; no part of the pair.
    """

    table: str = ""
    _DRAWN_BY = "plot_curve"


class RowAnswers(NamedTuple):
    """All rows' answers for one (epoch, split, seed): read-only arrays of shape (n_rows,).

    Attributes:
        accuracy_pct: in percent.
        cost_s: in seconds.
    """

    accuracy_pct: _Floats
    cost_s: _Floats


class Benchmark:
    """A table, answered. Made by :func:`open_benchmark`.

    Args:
        table: an open table.
        seed: which of its training seeds answers where none is named; None for the first.

    Raises:
        InvalidValueError: a seed that the table does not have.
    """

    default_seed: int | None = None
    """The training seed that answers where none is named; None for the first."""

    def __init__(self, table: Table, seed: int | None = None) -> None:
        self.table = table
        self.default_seed = None if seed is None else checked_choice("seed", seed, table.provenance.seeds)
        self._row_answers: dict[tuple[int, Split, Seed], RowAnswers] = {}
        self._optima: dict[tuple[int, Split, Seed], tuple[Configuration, float]] = {}
        # Learning curves by the arguments as the caller wrote them, each array of shape (n_rows, 12).
        self._curves: dict[Any, tuple[_Floats, _Floats, str]] = {}
        # What one scalar query needs, by the arguments as the caller wrote them: readers of Python floats (a
        # memoryview is twice as fast to index as an array) and the fields of the observation behind accuracy and cost.
        self._scalar: dict[Any, tuple[memoryview, memoryview, int, Split, Seed]] = {}

    @property
    def provenance(self) -> Provenance:
        """Where the numbers come from."""
        return self.table.provenance

    @property
    def seeds(self) -> tuple[int, ...]:
        """The table's training seeds, ascending; the first is the default, unless another was chosen."""
        return self.table.provenance.seeds

    def with_seed(self, seed: int | None) -> Benchmark:
        """The same table, answering by another training seed where none is named.

        Raises:
            InvalidValueError: a seed that the table does not have.
        """
        return Benchmark(self.table, seed)

    def __repr__(self) -> str:
        return f"<Benchmark of the {self.provenance.label}, seeds {self.seeds}>"

    _repr_html_ = as_html

    def __reduce__(self) -> tuple[Any, ...]:
        # A process that receives a benchmark maps the same files: the table itself is never sent.
        if self.table.directory is None:
            return Benchmark, (self.table, self.default_seed)
        return _reopened, (str(self.table.directory), self.provenance.digest, self.default_seed)

    def evaluate(
        self, configuration: Configuration, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> Observation:
        """Look up one configuration.

        Args:
            configuration: a validated configuration.
            epoch: 1..12 (points of the 12-epoch run), or 200.
            split: None for ``valid`` up to 12 epochs and ``test`` at 200.
            seed: one of :attr:`seeds`, ``"mean"`` over them, or None for the first.

        Raises:
            InvalidValueError: not a configuration; an epoch, split or seed that the table does not have, or
                ``valid``/``train`` at 200.
        """
        if epoch is True or epoch is _NUMPY_TRUE or seed is True or seed is False:
            self._checked(epoch, split, seed)  # raises: they equal 1 and 0, as keys too
        try:
            accuracy, cost, own_epoch, own_split, own_seed = self._scalar[epoch, split, seed]
        except (KeyError, TypeError):
            accuracy, cost, own_epoch, own_split, own_seed = self._prepare_scalar(epoch, split, seed)
        if type(configuration) is not Configuration:  # what else has an index would be taken for another one
            _refuse_others(configuration)
        row = self._row_by_index[configuration.index]
        # Named one by one: to unpack a tuple of them here takes longer than all the checks above.
        return _new_tuple(Observation, (accuracy[row], cost[row], own_epoch, own_split, own_seed))

    def evaluate_many(
        self, indices: ArrayLike, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> tuple[_Floats, _Floats]:
        """Look up many configurations at once.

        Args:
            indices: integer array of configuration indices, shape (n,), each 0 … 196,607.
            epoch: as :meth:`evaluate`.
            split: as :meth:`evaluate`.
            seed: as :meth:`evaluate`.

        Returns:
            Accuracies in percent and costs in seconds, float64 arrays of shape (n,).

        Raises:
            InvalidValueError: an index that is not an integer of the space; otherwise as :meth:`evaluate`.
        """
        positions = _checked_indices(indices)
        accuracy, cost = self.by_row(epoch, split, seed)
        rows = np.take(self.rows, positions)
        return np.take(accuracy, rows), np.take(cost, rows)

    def curve(self, configuration: Configuration, split: str = "valid", seed: Seed | None = None) -> Curve:
        """A configuration's accuracies and cumulative costs over epochs 1..12; the bits of 12 evaluations.

        Raises:
            InvalidValueError: not a configuration, or a split or seed that the table does not have.
        """
        if seed is True or seed is False:
            self.checked_seed(seed)  # raises: they equal 1 and 0, as keys too
        try:
            accuracy, cost, table = self._curves[split, seed]
        except (KeyError, TypeError):
            accuracy, cost, table = self._prepare_curves(split, seed)
        if type(configuration) is not Configuration:  # what else has an index would be taken for another one
            _refuse_others(configuration)
        row = self._row_by_index[configuration.index]
        curve = _new_tuple(Curve, (accuracy[row], cost[row]))
        curve.table = table
        return curve

    def oracle(
        self, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> tuple[Configuration, float]:
        """The best configuration and its accuracy (percent); of equals, the first in index order.

        Raises:
            InvalidValueError: as :meth:`evaluate`.
        """
        key = self._checked(epoch, split, seed)
        if key not in self._optima:
            accuracy = self._answers(*key).accuracy_pct
            best = accuracy.max()
            index = self.first_index_of_row[accuracy == best].min()
            self._optima[key] = (Configuration.from_index(index), float(best))
        return self._optima[key]

    def by_row(self, epoch: int = 12, split: str | None = None, seed: Seed | None = None) -> RowAnswers:
        """The answers for every row of the table; :attr:`rows` says which row is a configuration's.

        Isomorphic cells share a row, so there are four times as many configurations as rows: whatever looks at all of
        them is quicker by rows.

        Raises:
            InvalidValueError: as :meth:`evaluate`.
        """
        return self._answers(*self._checked(epoch, split, seed))

    def to_frame(self) -> pandas.DataFrame:
        """The whole table as a pandas frame: one row per (isomorphism class, lr, batch size, seed).

        Columns: ``cellcode`` (the class's first code), ``lr``, ``batch_size``, ``seed``, then
        ``{train,valid,test}_acc_{1..12}`` in percent, ``{train,valid,test}_time_{1..12}`` in seconds of that epoch, the
        three totals in seconds, and ``expected_acc_200`` in percent (the same for every seed). The frame's ``attrs``
        carry the provenance.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from nhb2_plugins.table.frame import table_to_frame  # pandas is an extra

        return table_to_frame(self.table)

    def classes_to_frame(self) -> pandas.DataFrame:
        """Which cells share the table's numbers, as a pandas frame: one row per cellcode, by class.

        Columns: ``cell_class`` (number of the class in this table), ``class_cellcode`` (its first code, which is the
        ``cellcode`` of :meth:`to_frame`) and ``cellcode``, every code of the class, itself included.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from nhb2_plugins.table.frame import classes_to_frame  # pandas is an extra

        return classes_to_frame(self.table)

    def to_long_frame(self, seed: Seed | None = None) -> pandas.DataFrame:
        """One row per (configuration, epoch) as a pandas frame: 196,608 × 12, for tabular benchmark suites.

        Columns: ``id`` (the configuration's index), ``cellcode``, the eight hyperparameters, ``epoch`` (1..12),
        ``train_acc``, ``valid_acc`` and ``test_acc`` in percent, and ``cost_s``, the seconds of training and validation
        up to and including the epoch, as :meth:`evaluate` answers. (200 epochs are another training: see
        :meth:`to_frame`.)

        Args:
            seed: one of :attr:`seeds`, ``"mean"``, or None for the first.

        Raises:
            MissingExtraError: pandas is not installed.
            InvalidValueError: a seed that the table does not have.
        """
        from nhb2_plugins.table.frame import answers_to_long_frame  # pandas is an extra

        epochs = range(1, SCHEDULE_EPOCHS + 1)
        answers = {split: [self.by_row(epoch, split, seed) for epoch in epochs] for split in SPLITS}
        return answers_to_long_frame(self.table, self.rows, answers)

    def checked_seed(self, seed: Seed | None) -> Seed:
        """The seed that answers: one of :attr:`seeds` as a built-in integer, ``"mean"``, or the first for None.

        Raises:
            InvalidValueError: a seed that the table does not have, or a truth value (True equals 1).
        """
        if seed is None:
            return self.seeds[0] if self.default_seed is None else self.default_seed
        return checked_choice("seed", seed, (*self.seeds, MEAN))

    # -- preparation, paid once for each (epoch, split, seed)

    def _checked(self, epoch: int, split: str | None, seed: Seed | None) -> tuple[int, Split, Seed]:
        checked = checked_epoch(epoch)
        return checked, checked_split(split, checked), self.checked_seed(seed)

    def _prepare_scalar(
        self, epoch: int, split: str | None, seed: Seed | None
    ) -> tuple[memoryview, memoryview, int, Split, Seed]:
        labels = self._checked(epoch, split, seed)
        accuracy, cost = self._answers(*labels)
        prepared = (accuracy.data, cost.data, *labels)
        self._scalar[epoch, split, seed] = prepared
        return prepared

    def _prepare_curves(self, split: str, seed: Seed | None) -> tuple[_Floats, _Floats, str]:
        _, checked_split, checked_seed = self._checked(SCHEDULE_EPOCHS, split, seed)
        epochs = [self._answers(epoch, checked_split, checked_seed) for epoch in range(1, SCHEDULE_EPOCHS + 1)]
        # By row, so that a curve is one piece of memory.
        accuracy = _read_only(np.stack([each.accuracy_pct for each in epochs], axis=1))
        cost = _read_only(np.stack([each.cost_s for each in epochs], axis=1))
        self._curves[split, seed] = (accuracy, cost, self.provenance.label)
        return self._curves[split, seed]

    def _answers(self, epoch: int, split: Split, seed: Seed) -> RowAnswers:
        key = (epoch, split, seed)
        if key not in self._row_answers:
            accuracy, cost = self._mean_answers(epoch, split) if seed == MEAN else self._seed_answers(*key)
            self._row_answers[key] = RowAnswers(_read_only(accuracy), _read_only(cost))
        return self._row_answers[key]

    def _mean_answers(self, epoch: int, split: Split) -> RowAnswers:
        of_seeds = [self._answers(epoch, split, seed) for seed in self.seeds]
        mean_cost = sum_in_order(each.cost_s for each in of_seeds) / len(of_seeds)
        if epoch == LONG_EPOCHS:
            return RowAnswers(of_seeds[0].accuracy_pct, mean_cost)
        return RowAnswers(sum_in_order(each.accuracy_pct for each in of_seeds) / len(of_seeds), mean_cost)

    def _seed_answers(self, epoch: int, split: Split, seed: Seed) -> RowAnswers:
        position = self.seeds.index(seed)
        if epoch == LONG_EPOCHS:
            cost = LONG_COST_FACTOR * self._total_cost("valid", position)
            return RowAnswers(self.table.column(EXPECTED_ACC_200), cost)
        accuracy = self.table.column(f"{split}_acc")[epoch - 1, position]
        if epoch == SCHEDULE_EPOCHS:
            return RowAnswers(accuracy, self._total_cost(split, position))
        times = (
            self.table.column(f"{timed}_time")[e, position] for timed, e in product(PAID_SPLITS[split], range(epoch))
        )
        return RowAnswers(accuracy, sum_in_order(times))

    def _total_cost(self, split: Split, seed_position: int) -> _Floats:
        if split == "train":
            return self._total("total_train_time", seed_position)
        search_time = self._total("total_trainval_time", seed_position)
        if split == "valid":
            return search_time
        return search_time + self._total("total_test_time", seed_position)

    def _total(self, name: str, seed_position: int) -> _Floats:
        column: _Floats = self.table.column(name)[seed_position]
        return column

    # -- rows

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The table's row of each configuration in index order, shape (196608,), read-only."""
        classes = self.table.column(CLASS_OF_CELL)
        rows = classes[:, np.newaxis] * N_HYPERPARAMETERS + np.arange(N_HYPERPARAMETERS)
        return _read_only(rows.ravel().astype(np.intp, copy=False))

    @cached_property
    def _row_by_index(self) -> memoryview:
        # Two bytes a row for any table of at most 1,365 classes: a quarter of the cache that rows would take.
        return self.rows.astype(np.min_scalar_type(self.rows.max())).data

    @cached_property
    def first_index_of_row(self) -> NDArray[np.intp]:
        """The smallest configuration index of each row of the table, shape (n_rows,)."""
        return first_index_of_rows(self.table.column(CLASS_OF_CELL))


_Addend = TypeVar("_Addend", float, _Floats)
_Number = TypeVar("_Number", bound=np.generic)


def sum_in_order(addends: Iterator[_Addend] | Sequence[_Addend]) -> _Addend:
    """The plain left-to-right sum.

    Python's ``sum`` of floats is compensated from 3.12 on; adding in order gives the same bits on every version.
    """
    iterator = iter(addends)
    total = next(iterator)
    for addend in iterator:
        total = total + addend
    return total


def _read_only(array: NDArray[_Number]) -> NDArray[_Number]:
    """The array, protected: it is kept and handed out many times."""
    array.flags.writeable = False
    return array


def _refuse_others(value: object) -> None:
    """Refuse what is no configuration: a row of a frame, say, whose index is a position in the frame."""
    if isinstance(value, Configuration):
        return
    way = "from_hyperparameters(…)" if isinstance(value, Mapping) else "from_index(…)"
    raise InvalidValueError(f"{value!r:.80} is not a Configuration; Configuration.{way} makes one")


def _checked_indices(indices: ArrayLike) -> NDArray[np.intp]:
    try:
        array = np.asarray(indices)
    except ValueError as error:  # rows of different lengths
        raise InvalidValueError(f"indices {indices!r:.80} are not an array of integers: {error}") from error
    if array.size == 0:
        return array.astype(np.intp)
    if array.dtype == object and all(isinstance(each, Configuration) for each in array.flat):
        raise InvalidValueError("indices are Configurations, expected their indices: [each.index for each in …]")
    if not np.issubdtype(array.dtype, np.integer):
        raise InvalidValueError(f"indices have dtype {array.dtype}, expected integers in 0..{N_CONFIGURATIONS - 1}")
    low, high = array.min(), array.max()
    if low < 0 or high >= N_CONFIGURATIONS:
        bad = low if low < 0 else high
        raise InvalidValueError(f"index {bad} is not in 0..{N_CONFIGURATIONS - 1}")
    return array.astype(np.intp, copy=False)


def open_benchmark(table: str | os.PathLike[str] | None = None, *, draw: int | None = None) -> Benchmark:
    """Open the benchmark on a table.

    Args:
        table: a table's directory, in which ``~`` is the home directory. None: the directory named by ``$NHB2_DATA``,
            else the table that ``nhb2 data import`` put into the user's data directory, else the embedded table.
        draw: of the embedded table, one of the tables that could be the real one, 0 …
            :func:`nhb2_plugins.table.embedded.embedded_draws` − 1; None for their mean with the seeds' noise.

    Raises:
        InvalidValueError: not a path, or an empty one; a draw that is not there, or of a table that is not embedded.
        TableNotFoundError: a directory was named, by argument or by ``$NHB2_DATA``, and holds no table.
        TableError: the table is damaged or of a newer schema.
    """
    bench = _found_benchmark(table)
    if draw is None:
        return bench
    if bench.provenance.kind != "embedded":
        raise InvalidValueError(
            f"draw {draw!r}: only the embedded table has draws, not the {bench.provenance.label} in "
            f"{bench.table.directory}"
        )
    return Benchmark(open_embedded(draw))


def _found_benchmark(table: str | os.PathLike[str] | None) -> Benchmark:
    if table is not None:
        return Benchmark(open_table(_checked_path(table)))
    if named := os.environ.get(DATA_VARIABLE):
        try:
            return Benchmark(open_table(expanded_user(named)))
        except TableNotFoundError as error:
            raise TableNotFoundError(f"{error} (named by ${DATA_VARIABLE})") from error
    with contextlib.suppress(NoHomeError):
        if (user_table_directory() / MANIFEST_FILE).exists():
            return Benchmark(open_table(user_table_directory()))
    return Benchmark(open_embedded())


def has_table(bench: Benchmark) -> bool:
    """Whether it looks its answers up; one that trains has no table, and nobody knows its best."""
    return hasattr(bench, "table")


def _checked_path(table: str | os.PathLike[str]) -> Path:
    try:
        path = os.fspath(table)
    except TypeError:
        path = ""
    if not isinstance(path, str) or not path:  # an empty one would be the working directory
        raise InvalidValueError(f"table {table!r} is not the path of a table's directory; None for the one in use")
    return expanded_user(path)


def _reopened(directory: str, digest: str, seed: int | None) -> Benchmark:
    benchmark = open_benchmark(directory).with_seed(seed)
    if benchmark.provenance.digest != digest:
        raise TableNotFoundError(f"the table in {directory} is not the one that was sent: another digest")
    return benchmark
