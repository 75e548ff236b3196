"""What a training run measured, epoch by epoch, and its file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.benchmark import PAID_SPLITS, sum_in_order
from nhb2_plugins.errors import InvalidValueError, Nhb2Error
from nhb2_plugins.fidelity import Split
from nhb2_plugins.files import read_regular
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.training.task import Execution, TrainingTask

RUN_FORMAT: Final = "nhb2-trained-run"
RUN_VERSION: Final = 1


class TrainingError(Nhb2Error):
    """A run's file or checkpoint cannot be used: damaged, of another run, or on a disk that refuses."""


@dataclass(frozen=True)
class EpochResult:
    """What is measured after an epoch.

    Attributes:
        epoch: 1-based.
        lr: learning rate of the epoch.
        train_accuracy_pct: of the training images, augmented,
        valid_accuracy_pct: of the validation images, augmented,
        test_accuracy_pct: and of the test images, in percent.
        running_loss: mean over the steps of the loss before the step,
        train_loss: and after the epoch, mean over batches, of the training,
        valid_loss: validation
        test_loss: and test images. NaN or infinite where training diverged.
        train_time_s: seconds of the training pass,
        valid_time_s: of the evaluation of the validation images,
        test_time_s: and of the test images, to 1 ms.

    Raises:
        InvalidValueError: an accuracy that is no percentage, or a time below 0.
    """

    epoch: int
    lr: float
    train_accuracy_pct: float
    valid_accuracy_pct: float
    test_accuracy_pct: float
    running_loss: float
    train_loss: float
    valid_loss: float
    test_loss: float
    train_time_s: float
    valid_time_s: float
    test_time_s: float

    def __post_init__(self) -> None:
        accuracies = (self.train_accuracy_pct, self.valid_accuracy_pct, self.test_accuracy_pct)
        times = (self.train_time_s, self.valid_time_s, self.test_time_s)
        if not all(0 <= each <= 100 for each in accuracies) or not all(0 <= each < math.inf for each in times):
            raise InvalidValueError(f"{accuracies} % and {times} s are not accuracies of 0..100 and times from 0")

    @property
    def diverged(self) -> bool:
        """Whether a loss of the training images is no longer a finite number."""
        return not (math.isfinite(self.running_loss) and math.isfinite(self.train_loss))

    def accuracy_pct(self, split: Split) -> float:
        """Of one split, in percent."""
        accuracy: float = getattr(self, f"{split}_accuracy_pct")
        return accuracy

    def time_s(self, split: Split) -> float:
        """Seconds of one split's pass."""
        seconds: float = getattr(self, f"{split}_time_s")
        return seconds


_LOSSES: Final = tuple(each.name for each in fields(EpochResult) if each.name.endswith("_loss"))
_NOT_FINITE: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class TrainedRun:
    """A run: what was trained, how, on what, and what came of it.

    Attributes:
        task: what was trained.
        execution: how it was computed.
        data_checksum: of the images.
        platform: ``device`` (its name) and ``pytorch`` (its version).
        results: one an epoch, from the first; shorter than the schedule where the run is not finished.
        n_together: how many configurations were trained together; times are this run's share.

    Raises:
        InvalidValueError: results that are not of the first epochs of the schedule, in order.
    """

    task: TrainingTask
    execution: Execution
    data_checksum: str
    platform: Mapping[str, str] = field(default_factory=dict, hash=False)
    results: tuple[EpochResult, ...] = ()
    n_together: int = 1

    def __post_init__(self) -> None:
        epochs = [result.epoch for result in self.results]
        if epochs != list(range(1, len(epochs) + 1)) or len(epochs) > self.task.epochs:
            wrong = ", ".join(map(str, epochs))
            raise InvalidValueError(f"its results are of epochs {wrong:.80}, and not of 1..{self.task.epochs} in order")
        if type(self.n_together) is not int or self.n_together < 1:
            raise InvalidValueError(f"n_together {self.n_together!r} is not a whole number from 1")

    @property
    def is_finished(self) -> bool:
        """Whether the whole schedule was trained."""
        return len(self.results) == self.task.epochs

    @property
    def diverged_epoch(self) -> int | None:
        """The first epoch whose loss is not finite."""
        return next((result.epoch for result in self.results if result.diverged), None)

    def cost_s(self, epoch: int, split: Split = "valid") -> float:
        """Seconds up to and including an epoch, of what an accuracy of the split costs (as a table's)."""
        paid = PAID_SPLITS[split]
        return sum_in_order([result.time_s(each) for each in paid for result in self.results[:epoch]])

    def with_result(self, result: EpochResult) -> TrainedRun:
        """The run, one epoch later."""
        return replace(self, results=(*self.results, result))

    def to_json(self) -> str:
        """As text; one line."""
        return json.dumps(
            {
                "format": RUN_FORMAT,
                "version": RUN_VERSION,
                "task": self.task.to_dict(),
                "execution": asdict(self.execution),
                "data_checksum": self.data_checksum,
                "platform": dict(self.platform),
                "n_together": self.n_together,
                "diverged_epoch": self.diverged_epoch,
                "results": [_to_json(result) for result in self.results],
            },
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> TrainedRun:
        """What :meth:`to_json` gave.

        Raises:
            TrainingError: something else.
        """
        try:
            values = json.loads(text)
            if values["format"] != RUN_FORMAT or values["version"] != RUN_VERSION:
                raise TrainingError(f"a {values['format']} of version {values['version']!r}, not {RUN_VERSION}")
            return cls(
                TrainingTask.from_dict(values["task"]),
                Execution(**values["execution"]),
                values["data_checksum"],
                {name: str(values["platform"][name]) for name in ("device", "pytorch")},
                tuple(map(_from_json, values["results"])),
                values["n_together"],
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise TrainingError(f"it is no trained run: {error!r:.200}") from error


def measured_provenance(run: TrainedRun, data_name: str, seeds: tuple[int, ...]) -> Provenance:
    """Where the numbers of a run, and of all that were computed like it, come from.

    The digest stands for what decides them: images, network, precision and the like, the kind of device, PyTorch's
    version. Configuration and seed are a record's own. Whether dead edges were left out decides nothing: a stack leaves
    them out, and what is left over of a table's batch size is trained alone.
    """
    identity = {
        "data": run.data_checksum,
        "network": asdict(run.task.network),
        "execution": asdict(run.execution) | {"device": "", "prune_dead": False},
        **run.platform,
    }
    return Provenance(
        kind="measured",
        source=f"training on {data_name}",
        created=datetime.now(UTC).date().isoformat(),
        seeds=seeds,
        note=f"Trained on {run.platform['device']} with PyTorch {run.platform['pytorch']}; costs are measured seconds.",
        checksums={"data": run.data_checksum},
        digest=hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest(),
    )


def _to_json(result: EpochResult) -> dict[str, Any]:
    """Losses that JSON has no number for, as text."""
    values = asdict(result)
    return values | {name: str(values[name]) for name in _LOSSES if not math.isfinite(values[name])}


def _from_json(values: Mapping[str, Any]) -> EpochResult:
    losses = {name: _NOT_FINITE[values[name]] for name in _LOSSES if isinstance(values[name], str)}
    return EpochResult(**{**values, **losses})


def read_run(path: Path) -> TrainedRun:
    """Read a finished run's file.

    Raises:
        TrainingError: not there, not one, or of a run that is not finished.
    """
    try:
        run = TrainedRun.from_json(read_regular(path).decode())
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from error
    except TrainingError as error:
        raise TrainingError(f"{path}: {error}") from error
    if not run.is_finished:
        raise TrainingError(f"{path}: it holds {len(run.results)} of {run.task.epochs} epochs; remove it to train them")
    return run
