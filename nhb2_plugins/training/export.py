"""Trained runs as files: the published pickles' form, records for a surrogate, and trial records.

::

    DIR/bench12.pkl, cellinfo.pkl, avgaccs200.pkl    as published, of what was trained (and losses, as more columns)
    DIR/records.csv                                  what ``nhb2 data surrogate`` completes a table from
    DIR/trials.jsonl                                 a trial record a run, as of any search

The pickles can be imported as a table when they are complete: all 1,011 classes × 48 settings with one set of seeds,
and 200 epochs. What is not trained is left out, never filled in.
"""

from __future__ import annotations

import csv
import hashlib
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.benchmark import sum_in_order
from nhb2_plugins.cells import Cell, canonical_codes, isomorphism_classes
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import CELLCODES
from nhb2_plugins.training.checkpoint import written_aside
from nhb2_plugins.training.run import TrainedRun, measured_provenance
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink

_RECORD_COLUMNS: Final = ("cellcode", "lr", "batch_size", "seed", "epoch", "split", "error_pct", "cost_s")
_Key = tuple[str, float, int, int]


def export_runs(runs: Sequence[TrainedRun], directory: Path, *, data_name: str) -> tuple[Path, ...]:
    """Write all files; what is there is replaced.

    Args:
        runs: finished ones, of 12 or 200 epochs.
        directory: where to.
        data_name: what they were trained on, for people.

    Raises:
        InvalidValueError: none, or an unfinished one, or one of another number of epochs.
        TrainingError: the disk refuses.
    """
    runs = _checked(runs)
    short, long = ([run for run in runs if run.task.epochs == epochs] for epochs in (SCHEDULE_EPOCHS, LONG_EPOCHS))
    pickles = {"bench12.pkl": bench12(short), "cellinfo.pkl": cellinfo(), "avgaccs200.pkl": avgaccs200(long)}
    for name, content in pickles.items():
        with written_aside(directory / name) as aside:
            aside.write_bytes(pickle.dumps(content, protocol=4))
    _write_records(runs, directory / "records.csv")
    with written_aside(directory / "trials.jsonl") as aside, JsonLinesSink(aside) as sink:
        for record in trial_records(runs, data_name):
            sink.write(record)
    return tuple(directory / name for name in (*pickles, "records.csv", "trials.jsonl"))


def bench12(runs: Iterable[TrainedRun]) -> dict[str, dict[_Key, Any]]:
    """The content of ``bench12.pkl``; of isomorphic cells the first in index order stands for their class."""
    by_key: dict[_Key, TrainedRun] = {}
    for run in sorted(runs, key=lambda run: run.task.configuration.index):
        chosen = run.task.configuration
        by_key.setdefault((class_hash(chosen.cellcode), chosen.lr, chosen.batch_size, run.task.seed), run)
    columns: dict[str, dict[_Key, Any]] = {
        name: {key: key[part] for key in by_key} for part, name in enumerate(("lr", "batch_size", "seed"), 1)
    }
    for quantity, split, epoch in product(("acc", "time", "loss"), SPLITS, range(SCHEDULE_EPOCHS)):
        field = f"{split}_{_FIELDS[quantity]}"
        columns[f"{split}_{quantity}_{epoch}"] = {
            key: getattr(run.results[epoch], field) for key, run in by_key.items()
        }
    for name, splits in _TOTALS.items():
        columns[name] = {
            key: sum_in_order([result.time_s(split) for split in splits for result in run.results])
            for key, run in by_key.items()
        }
    return columns


_FIELDS: Final = {"acc": "accuracy_pct", "time": "time_s", "loss": "loss"}
_TOTALS: Final[Mapping[str, tuple[Any, ...]]] = {
    "total_train_time": ("train",),
    "total_trainval_time": ("train", "valid"),
    "total_test_time": ("test",),
}


def cellinfo() -> dict[str, dict[str, str]]:
    """The content of ``cellinfo.pkl``: the class of every cell, by a hash of its first code."""
    first = canonical_codes()
    hashes = [class_hash(first[number]) for number in isomorphism_classes()]
    return {"hash": dict(zip(CELLCODES, hashes, strict=True))}


def avgaccs200(runs: Iterable[TrainedRun]) -> dict[str, dict[tuple[str, float, int], float]]:
    """The content of ``avgaccs200.pkl``: test accuracy after 200 epochs, measured, the mean over seeds."""
    found: dict[tuple[str, float, int], list[float]] = {}
    for run in runs:
        chosen = run.task.configuration
        key = (class_hash(chosen.cellcode), chosen.lr, chosen.batch_size)
        found.setdefault(key, []).append(run.results[-1].test_accuracy_pct)
    return {"avg_acc": {key: sum_in_order(values) / len(values) for key, values in found.items()}}


def class_hash(cellcode: str) -> str:
    """A cell's name in the pickles: the same for isomorphic cells."""
    return hashlib.md5(Cell(cellcode).canonical_code.encode(), usedforsecurity=False).hexdigest()


def trial_records(runs: Iterable[TrainedRun], data_name: str) -> Iterator[TrialRecord]:
    """A record a run: its last epoch, as if one worker had trained them one after the other."""
    clock = 0.0
    for trial, run in enumerate(runs):
        chosen, epoch = run.task.configuration, run.task.epochs
        cost, split = run.cost_s(epoch), "test" if epoch == LONG_EPOCHS else "valid"
        yield TrialRecord(
            run_id="trained",
            trial=trial,
            cellcode=chosen.cellcode,
            lr=chosen.lr,
            batch_size=chosen.batch_size,
            epoch=epoch,
            budget=float(epoch),
            split=split,  # type: ignore[arg-type]
            seed=run.task.seed,
            accuracy_pct=run.results[-1].accuracy_pct(split),  # type: ignore[arg-type]
            cost_s=cost,
            charged_cost_s=cost,
            charging="from_scratch",
            start_s=clock,
            end_s=clock + cost,
            worker=0,
            status="complete",
            overhead_s=0.0,
            table=measured_provenance(run, data_name, (run.task.seed,)).key,
        )
        clock += cost


def _checked(runs: Iterable[TrainedRun]) -> list[TrainedRun]:
    checked = list(runs)
    if not checked:
        raise InvalidValueError("there is no trained run to export")
    for run in checked:
        if not run.is_finished or run.task.epochs not in (SCHEDULE_EPOCHS, LONG_EPOCHS):
            raise InvalidValueError(
                f"{run.task.name} has {len(run.results)} of {run.task.epochs} epochs; "
                f"whole runs of {SCHEDULE_EPOCHS} or {LONG_EPOCHS} are exported"
            )
    return checked


def _write_records(runs: Iterable[TrainedRun], path: Path) -> None:
    """Validation after each of 12 epochs, and every split after the last."""
    with written_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_RECORD_COLUMNS)
        for run in runs:
            chosen, last = run.task.configuration, run.task.epochs
            shown = [("test", LONG_EPOCHS)] if last == LONG_EPOCHS else []
            if last == SCHEDULE_EPOCHS:
                shown = [*(("valid", epoch) for epoch in range(1, last + 1)), ("train", last), ("test", last)]
            for split, epoch in shown:
                error = round(100 - run.results[epoch - 1].accuracy_pct(split), 6)  # type: ignore[arg-type]
                cost = round(run.cost_s(epoch, "valid" if last == LONG_EPOCHS else split), 3)  # type: ignore[arg-type]
                key = (chosen.cellcode, chosen.lr, chosen.batch_size, run.task.seed)
                writer.writerow((*key, epoch, split, error, cost))
