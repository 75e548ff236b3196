"""The reference's class: the same answers, log and results, from this package's tables."""

from __future__ import annotations

import logging
import operator
import os
import random
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import product
from typing import Any, ClassVar, Final, NamedTuple, SupportsIndex

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.benchmark import PAID_SPLITS, Benchmark
from nhb2_plugins.compat.data import benchmark_for, hashes_of, raw_avgaccs200, raw_bench12, raw_cellinfo
from nhb2_plugins.errors import InvalidValueError, Nhb2Error, describe_choices
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import BATCH_SIZES, BENCHMARK_NAME, CELLCODES, LEARNING_RATES, N_HYPERPARAMETERS, Configuration
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, Provenance

MODULE: Final = "nashpobench2api"
_DEFAULT_DATA_DIR: Final = "data"
_LOGGER_NAME: Final = f"{MODULE}.api"  # scripts configure the reference's logger by its name
_HEADING: Final = f"   {'valid acc':<8}   {'cost':<8}    {'cellcode'} {'lr':<7} {'batch_size':<3}"
_DEBUG: Final = logging.DEBUG

Key = dict[str, Any]


class RefusedQueryError(InvalidValueError, AssertionError):
    """A split or an intermediate epoch that cannot be answered; where the reference asserts."""


class PositionError(InvalidValueError, IndexError):
    """A position outside the space."""


class NoQueryYetError(Nhb2Error, TypeError):
    """Results were asked for before anything was logged; where the reference fails in formatting None."""


class _Reader(NamedTuple):
    """What answers a query of one (epoch, mode, iepoch, seed), by row.

    ``costs`` is None where ``times`` have to be summed; both are None at 200 epochs.
    """

    accuracies: memoryview
    costs: memoryview | None
    times: tuple[memoryview, ...] | None


class NASHPOBench2API:
    """NAS-HPO-Bench-II as ``nashpobench2api`` 1.0.0 answers it.

    Args:
        data_dir: a table's directory, or a directory with the three published pickles (imported at its first use, and
            kept in the user's data directory). None, or the default where it holds neither: the table that
            :func:`nhb2_plugins.benchmark.open_benchmark` finds, with a warning if that is not an imported one.
        seed: one of the table's seeds; by default the first.
        logger: where queries and results are logged; by default the logger ``nashpobench2api.api``, which writes to
            the standard error stream.
        verbose: whether every query is logged, or the results alone.

    Attributes:
        cellcodes, lrs, batch_sizes, seeds, epochs: the space, ascending.
        seed: the seed of the next query. An explicit one sticks.
        acc_trans, key_trans: accuracy (percent) and key of each logged query.
        best_acc_trans, best_key_trans: the best so far after each logged query; changed by a strictly better one only.
        total_cost_trans: simulated seconds after each logged query.
        best_acc, best_cost, best_key, total_cost: the last of these.
        final_accs: the accuracies that :meth:`get_results` looked up.

    Raises:
        TableNotFoundError: a directory that holds neither a table nor the pickles.
        TableError: data that cannot be used.
        InvalidValueError: a seed that the table does not have.
    """

    _answers_any_directory: ClassVar[bool] = False

    seed: Any
    acc_trans: list[float]
    key_trans: list[Key]
    best_acc_trans: list[float]
    best_key_trans: list[Key]
    total_cost_trans: list[float]
    final_accs: list[float]
    best_acc: float
    best_cost: float | None
    best_key: Key | None
    total_cost: float

    def __init__(
        self,
        data_dir: str | os.PathLike[str] | None = _DEFAULT_DATA_DIR,
        seed: int | None = None,
        logger: logging.Logger | None = None,
        verbose: bool = True,
    ) -> None:
        self.data_dir = data_dir
        self.logger = _default_logger() if logger is None else logger
        self.verbose = verbose
        self._benchmark = self._open(data_dir)
        self.cellcodes = list(CELLCODES)
        self.lrs = list(LEARNING_RATES)
        self.batch_sizes = list(BATCH_SIZES)
        self.seeds = list(self._benchmark.seeds)
        self.epochs = [SCHEDULE_EPOCHS, LONG_EPOCHS]
        first_rows = (self._benchmark.table.column(CLASS_OF_CELL) * N_HYPERPARAMETERS).tolist()
        self._row_of_cell = dict(zip(CELLCODES, first_rows, strict=True))
        self._row_of_lr = {lr: rank * len(BATCH_SIZES) for rank, lr in enumerate(LEARNING_RATES)}
        self._row_of_batch_size = {batch_size: rank for rank, batch_size in enumerate(BATCH_SIZES)}
        self._readers: dict[tuple[Any, ...], _Reader] = {}
        self._forget()
        self.seed = self.seeds[0]
        if seed is not None:
            self.set_seed(seed)

    @classmethod
    def _open(cls, data_dir: str | os.PathLike[str] | None) -> Benchmark:
        may_default = data_dir is None or str(data_dir) == _DEFAULT_DATA_DIR or cls._answers_any_directory
        benchmark = benchmark_for(data_dir, or_default=may_default)
        if may_default and benchmark.provenance.kind not in ("published", "imported"):
            warnings.warn(
                f"there are no published data in {str(data_dir)!r}: answers come from the "
                f"{benchmark.provenance.label}, which is not the published benchmark",
                stacklevel=3,
            )
        return benchmark

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_readers": {}}  # memory maps stay at home; a copy maps the same files

    # -- the space

    def __len__(self) -> int:
        """Number of configurations."""
        return len(self.cellcodes) * len(self.lrs) * len(self.batch_sizes)

    def __str__(self) -> str:
        return BENCHMARK_NAME

    def __repr__(self) -> str:
        return f"<NASHPOBench2API on the {self.provenance.label}, seed {self.seed}>"

    def __getitem__(self, idx: SupportsIndex) -> tuple[float, float | None]:
        """Query, and log, the configuration at a position."""
        return self.query_by_key(**self.get_key_from_idx(idx))

    def get_search_space(self) -> tuple[list[str], list[float], list[int]]:
        """Cellcodes, learning rates and batch sizes."""
        return self.cellcodes, self.lrs, self.batch_sizes

    def get_key_from_idx(self, idx: SupportsIndex) -> Key:
        """The key at a position, 0 … 196,607.

        Raises:
            PositionError: a position outside; also a negative one, for which the reference answers another key.
        """
        position = operator.index(idx)
        if not 0 <= position < len(self):
            raise PositionError(f"position {idx!r} is not in 0..{len(self) - 1}")
        cell, rest = divmod(position, len(self.lrs) * len(self.batch_sizes))
        lr, batch_size = divmod(rest, len(self.batch_sizes))
        return {"cellcode": self.cellcodes[cell], "lr": self.lrs[lr], "batch_size": self.batch_sizes[batch_size]}

    def get_idx_from_key(self, key: Mapping[str, Any]) -> int:
        """The position of a key.

        Raises:
            InvalidValueError: a part of the key is not in the space.
        """
        return Configuration(key["cellcode"], key["lr"], key["batch_size"]).index

    def get_random_key(self) -> Key:
        """A key drawn with Python's global ``random``: cellcode, learning rate, batch size."""
        return {
            "cellcode": random.choice(self.cellcodes),
            "lr": random.choice(self.lrs),
            "batch_size": random.choice(self.batch_sizes),
        }

    def set_seed(self, seed: int) -> None:
        """Answer from now on with another seed.

        Raises:
            InvalidValueError: a seed that the table does not have.
        """
        checked_choice("seed", seed, self.seeds)
        self.seed = self.seeds[self.seeds.index(seed)]  # the built-in integer, where numpy's was given

    # -- queries

    def query_by_index(
        self,
        cell_idx: int,
        lr_idx: int,
        batch_size_idx: int,
        epoch: int = SCHEDULE_EPOCHS,
        iepoch: int | None = None,
        seed: int | None = None,
    ) -> tuple[float, float | None]:
        """As :meth:`query_by_key` on validation, by the ranks of the three parts."""
        cellcode, lr, batch_size = self.cellcodes[cell_idx], self.lrs[lr_idx], self.batch_sizes[batch_size_idx]
        return self.query_by_key(cellcode, lr, batch_size, epoch=epoch, iepoch=iepoch, seed=seed)

    def query_by_key(
        self,
        cellcode: str,
        lr: float,
        batch_size: int,
        epoch: int = SCHEDULE_EPOCHS,
        mode: str = "valid",
        iepoch: int | None = None,
        seed: int | None = None,
        enable_log: bool = True,
    ) -> tuple[float, float | None]:
        """Look up a configuration, and log it.

        Args:
            cellcode: for example ``"0|10|210"``.
            lr: initial learning rate.
            batch_size: batch size.
            epoch: 12, or 200 for the expected test accuracy after 200 epochs, which has no cost and is never logged.
            mode: ``train``, ``valid`` or ``test``; without influence at 200 epochs.
            iepoch: an earlier epoch, 1..12, of the 12-epoch training.
            seed: sticks for later queries; without influence on the value at 200 epochs.
            enable_log: whether the query counts: it is logged, paid, and may become the best.

        Returns:
            Accuracy in percent and cost in seconds (of training, in ``valid`` and ``test`` also validation, in ``test``
            also test), or None at 200 epochs.

        Raises:
            InvalidValueError: a part of the key, an epoch or a seed that the data do not have.
            RefusedQueryError: a mode or an intermediate epoch that the data do not have.
        """
        try:
            row = self._row_of_cell[cellcode] + self._row_of_lr[lr] + self._row_of_batch_size[batch_size]
            accuracies, costs, times = self._readers[epoch, mode, iepoch, self.seed if seed is None else seed]
        except (KeyError, TypeError):
            cellcode, lr, batch_size = _own_values(cellcode, lr, batch_size)
            row = self._row_of_cell[cellcode] + self._row_of_lr[lr] + self._row_of_batch_size[batch_size]
            accuracies, costs, times = self._prepare(epoch, mode, iepoch, self.seed if seed is None else seed)
        if seed is not None:
            self.set_seed(seed)
        accuracy = accuracies[row]
        if costs is not None:
            cost = costs[row]
        elif times is not None:
            cost = sum([column[row] for column in times])  # Python's own sum: compensated from 3.12 on, as there
        else:
            return accuracy, None
        if enable_log:
            if type(lr) is not float or type(batch_size) is not int or type(cellcode) is not str:
                cellcode, lr, batch_size = _own_values(cellcode, lr, batch_size)
            self._log(accuracy, cost, {"cellcode": cellcode, "lr": lr, "batch_size": batch_size})
        return accuracy, cost

    def _prepare(self, epoch: Any, mode: Any, iepoch: Any, seed: Any) -> _Reader:
        checked_choice("epoch", epoch, self.epochs)
        if mode not in SPLITS:
            raise RefusedQueryError(describe_choices(mode, SPLITS, what="mode"))
        if epoch != SCHEDULE_EPOCHS and iepoch is not None:
            raise RefusedQueryError(
                f"iepoch {iepoch!r} is a point of the 12-epoch training; it is None at {epoch} epochs"
            )
        if iepoch is not None and iepoch not in range(1, SCHEDULE_EPOCHS + 1):
            raise RefusedQueryError(describe_choices(iepoch, range(1, SCHEDULE_EPOCHS + 1), what="iepoch"))
        checked_choice("seed", seed, self.seeds)
        if epoch == LONG_EPOCHS:
            reader = _Reader(self._benchmark.table.column(EXPECTED_ACC_200).data, None, None)
        else:
            reader = self._reader(mode, SCHEDULE_EPOCHS if iepoch is None else int(iepoch), self.seeds.index(seed))
        self._readers[epoch, mode, iepoch, seed] = reader
        return reader

    def _reader(self, mode: str, n_epochs: int, seed_rank: int) -> _Reader:
        column = self._benchmark.table.column
        accuracies = column(f"{mode}_acc")[n_epochs - 1, seed_rank].data
        if n_epochs == SCHEDULE_EPOCHS:
            costs = column("total_train_time" if mode == "train" else "total_trainval_time")[seed_rank]
            if mode == "test":
                costs = costs + column("total_test_time")[seed_rank]
            return _Reader(accuracies, costs.data, None)
        paid = product(PAID_SPLITS[mode], range(n_epochs))
        return _Reader(accuracies, None, tuple(column(f"{split}_time")[epoch, seed_rank].data for split, epoch in paid))

    # -- log and results

    @property
    def logger(self) -> Any:
        """Where queries and results are logged."""
        return self._logger

    @logger.setter
    def logger(self, logger: Any) -> None:
        self._logger = logger
        # Whatever has debug, info and setLevel will do; without a level to ask for, everything is written.
        self._is_logged: Callable[[int], bool] = getattr(logger, "isEnabledFor", _always)

    def _log(self, accuracy: float, cost: float, key: Key) -> None:
        if self._is_logged(_DEBUG):
            if not self.acc_trans:
                self._logger.debug(_HEADING)
            self._logger.debug(_line(accuracy, cost, key))
        self.acc_trans.append(accuracy)
        self.key_trans.append(key)
        self.total_cost += cost
        self.total_cost_trans.append(self.total_cost)
        if self.best_key is None or self.best_acc < accuracy:
            self.best_acc, self.best_cost, self.best_key = accuracy, cost, key
        self.best_acc_trans.append(self.best_acc)
        self.best_key_trans.append(self.best_key)

    def get_total_cost(self) -> float:
        """Simulated seconds of all logged queries."""
        return self.total_cost

    def get_results(self, epoch: int | str = "both", mode: str = "test") -> dict[str, list[Any]]:
        """Look up the best configuration's final accuracies, and return them with everything logged.

        Args:
            epoch: 12, 200, or ``"both"``.
            mode: the split of the 12-epoch accuracy.

        Returns:
            ``acc_trans``, ``key_trans``, ``best_acc_trans``, ``best_key_trans``, ``total_cost_trans`` and
            ``final_accs``: the very lists that this object keeps.

        Raises:
            NoQueryYetError: nothing was logged.
            InvalidValueError: another epoch, also as a string.
            RefusedQueryError: another mode.
        """
        if self.best_key is None or self.best_cost is None:
            raise NoQueryYetError("there are no results: nothing was queried with enable_log=True yet")
        epochs: list[Any] = self.epochs if epoch == "both" else [epoch]
        if epoch != "both" and epoch not in self.epochs:
            raise InvalidValueError(describe_choices(epoch, [*self.epochs, "both"], what="epoch"))
        if mode not in SPLITS:
            raise RefusedQueryError(describe_choices(mode, SPLITS, what="mode"))
        info = self._logger.info
        info("-" * 23 + " finished " + "-" * 23)
        info("The best setting is")
        info(_HEADING)
        info(_line(self.best_acc, self.best_cost, self.best_key))
        info(f" in {len(self.key_trans)} trials ({self.total_cost:.2f} sec)")
        info("-" * 56)
        self.final_accs = []
        for final_epoch in epochs:
            accuracy, _ = self.query_by_key(**self.best_key, epoch=final_epoch, mode=mode, enable_log=False)
            self.final_accs.append(accuracy)
            info(f"{final_epoch}-epoch {mode} accuracy is {accuracy:.2f}%")
        info("-" * 56)
        return {
            "acc_trans": self.acc_trans,
            "key_trans": self.key_trans,
            "best_acc_trans": self.best_acc_trans,
            "best_key_trans": self.best_key_trans,
            "total_cost_trans": self.total_cost_trans,
            "final_accs": self.final_accs,
        }

    def reset_logdata(self, logger: logging.Logger | None = None, verbose: bool | None = None) -> None:
        """Forget what was logged, but not the seed; optionally log elsewhere, or more or less, from now on."""
        if logger is not None:
            self.logger = logger
        if verbose is not None:
            self.verbose = verbose
        self._forget()

    def reset_log_data(self, logger: logging.Logger | None = None, verbose: bool | None = None) -> None:
        """The name that the reference's documentation gives :meth:`reset_logdata`."""
        self.reset_logdata(logger, verbose)

    def _forget(self) -> None:
        self.acc_trans, self.key_trans, self.total_cost_trans = [], [], []
        self.best_acc_trans, self.best_key_trans = [], []
        self.best_acc, self.best_cost, self.best_key = -1, None, None
        self.total_cost = 0.0
        self._logger.setLevel(logging.DEBUG if self.verbose else logging.INFO)

    # -- the raw data, made when they are asked for

    @property
    def provenance(self) -> Provenance:
        """Where the numbers come from."""
        return self._benchmark.provenance

    @cached_property
    def _hashes(self) -> tuple[Any, ...]:
        return hashes_of(self._benchmark.table, self.data_dir)

    @cached_property
    def bench12(self) -> Mapping[str, dict[Any, Any]]:
        """Column name → (hash, lr, batch size, seed) → value."""
        return raw_bench12(self._benchmark.table, self._hashes)

    @cached_property
    def cellinfo(self) -> dict[str, dict[str, Any]]:
        """``hash`` → cellcode → hash."""
        return raw_cellinfo(self._benchmark.table, self._hashes)

    @cached_property
    def avgaccs200(self) -> Mapping[str, dict[Any, Any]]:
        """``avg_acc`` → (hash, lr, batch size) → expected test accuracy."""
        return raw_avgaccs200(self._benchmark.table, self._hashes)


def _own_values(cellcode: Any, lr: Any, batch_size: Any) -> tuple[str, float, int]:
    """A key's parts as built-in values, which numpy's scalars are not: results go to JSON."""
    own = Configuration(cellcode, lr, batch_size)
    return own.cellcode, own.lr, own.batch_size


def _line(accuracy: float, cost: float, key: Key) -> str:
    return f"{accuracy:>8.2f} %   {cost:>8.2f} sec  {key['cellcode']} {key['lr']:<7.5f} {key['batch_size']:<3}"


def _always(_: int) -> bool:
    return True


def _default_logger() -> logging.Logger:
    """The reference's logger. One handler serves every instance: the reference adds one for each."""
    logger = logging.getLogger(_LOGGER_NAME)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
    logger.propagate = False
    return logger
