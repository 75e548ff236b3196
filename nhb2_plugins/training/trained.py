"""A benchmark that answers by training: every adapter, optimizer and logger runs live on it.

Up to 12 epochs it trains the 12-epoch schedule as far as it is asked for, and goes on from there when it is asked for
more; 200 epochs are a schedule of their own. What was trained is remembered, in memory or in a directory. A cost is the
measured time, of the same passes as a table's: ``valid`` pays training and validation.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nhb2_plugins.benchmark import MEAN, Benchmark, Curve, Observation, Seed, sum_in_order
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.training.checkpoint import train_resumably
from nhb2_plugins.training.data import ImageData
from nhb2_plugins.training.loop import Training, place_data, platform_of
from nhb2_plugins.training.run import TrainedRun, measured_provenance
from nhb2_plugins.training.sources import open_data
from nhb2_plugins.training.task import (
    AUTHORS_SEEDS,
    BENCHMARK,
    ON_THE_PROCESSOR,
    Execution,
    NetworkOptions,
    TrainingTask,
    check_images,
    network_for,
)


class NoTableError(InvalidValueError, AttributeError):
    """A question about a whole table, asked of a benchmark that trains."""


class MeasuredObservation(Observation):
    """An observation that was measured, also at 200 epochs."""

    __slots__ = ()

    @property
    def cost_is_estimated(self) -> bool:
        """Never."""
        return False


class TrainedBenchmark(Benchmark):
    """Trains what it is asked for.

    Args:
        data: the images, or where they are (:func:`nhb2_plugins.training.sources.open_data`). Where the benchmark is
            sent to other processes, name the place: they open it themselves.
        directory: where runs and checkpoints are kept; None for memory alone.
        execution: how to compute.
        seeds: of the runs; the first is the default.
        network: sizes; channels and labels are the data's.

    Raises:
        InvalidValueError: seeds that are not ascending integers, images too small for the network, or no such GPU.
        Nhb2Error: the data cannot be read.

    ``oracle``, ``by_row``, ``rows``, ``to_frame`` and what else needs a whole table raise :class:`NoTableError`.
    """

    def __init__(
        self,
        data: ImageData | str | Path,
        *,
        directory: str | Path | None = None,
        execution: Execution = ON_THE_PROCESSOR,
        seeds: tuple[int, ...] = AUTHORS_SEEDS,
        network: NetworkOptions = BENCHMARK,
    ) -> None:
        self._source = data
        self._directory = None if directory is None else Path(directory)
        self._execution = execution
        images = data if isinstance(data, ImageData) else open_data(data)
        self._network = network_for(network, images)
        task = TrainingTask(Configuration.from_index(0), network=self._network)  # any: a record names its own
        check_images(task, images)
        self._data = place_data(images, execution)
        example = TrainedRun(task, execution, images.checksum, platform_of(execution))
        self._provenance = measured_provenance(example, images.name, seeds)
        self._in_progress: dict[str, Training] = {}
        self._finished: dict[str, TrainedRun] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        named: dict[str, Any] = {"directory": self._directory, "execution": self._execution, "seeds": self.seeds}
        return partial(TrainedBenchmark, self._source, network=self._network, **named), ()

    def __repr__(self) -> str:
        return f"<TrainedBenchmark of {self._provenance.source}, seeds {self.seeds}>"

    @property
    def provenance(self) -> Provenance:
        """Of kind ``measured``; the digest stands for images, network, precision, device and PyTorch's version."""
        return self._provenance

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that it trains with, ascending; the first is the default."""
        return self._provenance.seeds

    def run(self, configuration: Configuration, epoch: int = SCHEDULE_EPOCHS, seed: int | None = None) -> TrainedRun:
        """The run behind an answer, trained as far as the epoch: losses too.

        Raises:
            InvalidValueError: as :meth:`evaluate`.
        """
        checked_epoch, _, checked_seed = self._checked(epoch, None, seed)
        if checked_seed == MEAN or not isinstance(configuration, Configuration):
            raise InvalidValueError(f"{configuration!r:.80} with seed {seed!r} is not one run")
        schedule = LONG_EPOCHS if checked_epoch == LONG_EPOCHS else SCHEDULE_EPOCHS
        task = TrainingTask(configuration, int(checked_seed), schedule, self._network)
        if self._directory is not None:
            return train_resumably(task, self._data, self._directory, self._execution, until=checked_epoch)
        return self._finished.get(task.name) or self._train_in_memory(task, checked_epoch)

    def _train_in_memory(self, task: TrainingTask, epoch: int) -> TrainedRun:
        training = self._in_progress.pop(task.name, None) or Training(task, self._data, self._execution)
        run = training.train(epoch)
        if run.is_finished:
            self._finished[task.name] = run  # without its weights
        else:
            self._in_progress[task.name] = training
        return run

    def evaluate(
        self, configuration: Configuration, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> Observation:
        """Train a configuration, or remember it.

        Raises:
            InvalidValueError: as :meth:`Benchmark.evaluate`.
            TrainingError: the directory cannot be used.
        """
        labels = own_epoch, own_split, own_seed = self._checked(epoch, split, seed)
        if own_seed == MEAN:
            each = [self.evaluate(configuration, own_epoch, own_split, one) for one in self.seeds]
            accuracy = sum_in_order([one.accuracy_pct for one in each]) / len(each)
            return MeasuredObservation(accuracy, sum_in_order([one.cost_s for one in each]) / len(each), *labels)
        run = self.run(configuration, own_epoch, own_seed)
        # The table's 200 epochs cost training and validation; so do these.
        paid = "valid" if own_epoch == LONG_EPOCHS else own_split
        accuracy = run.results[own_epoch - 1].accuracy_pct(own_split)
        return MeasuredObservation(accuracy, run.cost_s(own_epoch, paid), *labels)

    def evaluate_many(
        self, indices: ArrayLike, epoch: int = 12, split: str | None = None, seed: Seed | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Train many configurations, one after the other; as :meth:`Benchmark.evaluate_many`."""
        observations = [
            self.evaluate(Configuration.from_index(index), epoch, split, seed) for index in np.asarray(indices).ravel()
        ]
        accuracies, costs = (
            np.array([getattr(one, name) for one in observations], dtype=np.float64)
            for name in ("accuracy_pct", "cost_s")
        )
        return accuracies, costs

    def curve(self, configuration: Configuration, split: str = "valid", seed: Seed | None = None) -> Curve:
        """Accuracies and cumulative costs over epochs 1..12, which are trained."""
        each = [self.evaluate(configuration, epoch, split, seed) for epoch in range(1, SCHEDULE_EPOCHS + 1)]
        accuracies, costs = (np.array([getattr(one, name) for one in each]) for name in ("accuracy_pct", "cost_s"))
        accuracies.flags.writeable = costs.flags.writeable = False
        curve = Curve(accuracies, costs)
        curve.table = self.provenance.label
        return curve

    def __getattr__(self, name: str) -> NoReturn:
        # What the parent answers from its table (``oracle``, ``by_row``, ``to_frame``) ends here.
        raise NoTableError(
            "a TrainedBenchmark holds no table, only what it has trained; "
            "`nhb2 train-table` makes a table from training"
        )
