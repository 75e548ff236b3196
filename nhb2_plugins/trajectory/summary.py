"""Reading what an analysis needs of a run, without making an object of every record.

An analysis reads hundreds of thousands of trial lines and keeps a handful of numbers of each run. A line that has
exactly the form in which records are written, with every field in its domain, is recognised by one regular expression;
any other line takes the way of :func:`nhb2_plugins.trajectory.reader.read_run`, which accepts it or says what is wrong.
So both readers accept the same files.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from nhb2_plugins.charging import CHARGING_POLICIES
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import FIDELITIES, SPLITS
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES
from nhb2_plugins.trajectory.reader import RunParts, raw_lines, read_line
from nhb2_plugins.trajectory.record import RECORD_FIELDS, STATUSES, TrialRecord
from nhb2_plugins.trajectory.run_file import KnownIncumbent, MeasuredIncumbent, RunFile, RunSummary


class _Trial(NamedTuple):
    """What is kept of a record while its run is read."""

    trial: int
    cellcode: str
    lr: float
    batch_size: int
    epoch: int
    charged_cost_s: float
    start_s: float
    end_s: float
    overhead_s: float


def read_summary(path: str | os.PathLike[str]) -> RunSummary:
    """The summary of one run's file; every line is checked as :func:`~nhb2_plugins.trajectory.reader.read_run` does.

    Raises:
        TrajectoryError: as there, or an incumbent names a trial that is not in the file.
    """
    file = Path(path)
    parts, trials = RunParts(), []
    for number, line in enumerate(raw_lines(file), start=1):
        trial = _sound_trial(line)
        if trial is None:
            part = read_line(line, f"{file}:{number}")
            if isinstance(part, TrialRecord):
                trial = _trial_of(part)
            else:
                parts = parts.with_part(part, f"{file}:{number}")
        if trial is not None:
            trials.append(trial)
    return _summary(parts.finished(file, (), len(trials)), trials, str(file))


def summarise(run: RunFile) -> RunSummary:
    """The summary of a run that was read with its records.

    Raises:
        TrajectoryError: an incumbent names a trial that is not among the records.
    """
    return _summary(run, [_trial_of(record) for record in run.records], run.header.run_id)


def _trial_of(record: TrialRecord) -> _Trial:
    return _Trial(*(getattr(record, name) for name in _Trial._fields))


def _summary(run: RunFile, trials: Sequence[_Trial], where: str) -> RunSummary:
    ordered = sorted(trials, key=lambda trial: (trial.end_s, trial.trial))
    position = {trial.trial: number for number, trial in enumerate(ordered, start=1)}
    return RunSummary(
        header=run.header,
        incumbents=tuple(_known(each, ordered, position, where) for each in run.incumbents),
        n_evaluations=len(trials),
        evaluations_by_epoch=tuple(sorted(Counter(trial.epoch for trial in trials).items())),
        charged_cost_s=sum(trial.charged_cost_s for trial in trials),
        last_end_s=ordered[-1].end_s if ordered else 0.0,
        overhead_s=sum(trial.overhead_s for trial in trials),
        end=run.end,
    )


def _known(
    measured: MeasuredIncumbent, ordered: Sequence[_Trial], position: Mapping[int, int], where: str
) -> KnownIncumbent:
    if measured.trial not in position:
        raise TrajectoryError(f"{where}: an incumbent is trial {measured.trial!r}, which is not there")
    n_evaluations = position[measured.trial]
    trial = ordered[n_evaluations - 1]
    return KnownIncumbent(measured, trial.cellcode, trial.lr, trial.batch_size, trial.epoch, n_evaluations)


def _sound_trial(line: bytes) -> _Trial | None:
    match = _SOUND_LINE(line)
    if match is None:
        return None
    trial, cellcode, lr, batch_size, epoch, charged_cost_s, start_s, end_s, overhead_s = match.groups()
    start, end = float(start_s), float(end_s)
    if end < start:
        return None  # the other way says so
    return _Trial(
        int(trial),
        cellcode.decode(),
        float(lr),
        int(batch_size),
        int(epoch),
        float(charged_cost_s),
        start,
        end,
        float(overhead_s),
    )


def _any_of(values: Sequence[Any]) -> str:
    return "|".join(re.escape(f'"{value}"' if isinstance(value, str) else repr(value)) for value in values)


_TEXT: Final = r'"[ !#-\[\]-~]{0,1000}"'  # of ASCII without escapes
_COUNT: Final = r"(?:0|[1-9][0-9]{0,17})"
_FLOAT: Final = rf"{_COUNT}(?:\.[0-9]+(?:e-[0-9]+)?|e-[0-9]+)"
_FORMS: Final[Mapping[str, str]] = {
    "run_id": _TEXT,
    "trial": _COUNT,
    "cellcode": r'"[0-3]\|[0-3]{2}\|[0-3]{3}"',
    "lr": _any_of(LEARNING_RATES),
    "batch_size": _any_of(BATCH_SIZES),
    "epoch": _any_of(FIDELITIES),
    "budget": rf"{_FLOAT}|{_COUNT}",
    "split": _any_of(SPLITS),
    "seed": rf'-?{_COUNT}|"mean"',
    "accuracy_pct": _FLOAT,
    "cost_s": _FLOAT,
    "charged_cost_s": _FLOAT,
    "charging": _any_of(CHARGING_POLICIES),
    "start_s": _FLOAT,
    "end_s": _FLOAT,
    "worker": _COUNT,
    "status": _any_of(STATUSES),
    "overhead_s": _FLOAT,
    "table": _TEXT,
}


def _form(name: str) -> str:
    if name not in _Trial._fields:
        return f"(?:{_FORMS[name]})"
    return f'"({_FORMS[name][1:-1]})"' if name == "cellcode" else f"({_FORMS[name]})"


_SOUND_LINE: Final = re.compile(
    (r'\{"type": "trial", ' + ", ".join(f'"{name}": {_form(name)}' for name in RECORD_FIELDS) + r"\}").encode()
).fullmatch
