"""Reading what an analysis needs of a run, without making an object of every record.

An analysis reads hundreds of thousands of trial lines and keeps a handful of numbers of each run. A line that has
exactly the form in which records are written, with every field in its domain, is recognised by one regular expression;
any other line takes the way of :func:`nhb2_plugins.trajectory.reader.read_run`, which accepts it or says what is wrong.
So both readers accept the same files.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.metric import error_pct
from nhb2_plugins.trajectory.fields import (
    A_CELLCODE,
    MAX_TEXT_LENGTH,
    TEXT,
    AtLeastZero,
    Field,
    IntegerOr,
    OneOf,
    Percent,
)
from nhb2_plugins.trajectory.reader import RunParts, raw_lines, read_line, refuse_other_conditions
from nhb2_plugins.trajectory.record import RECORD, TrialRecord
from nhb2_plugins.trajectory.run_file import KnownIncumbent, MeasuredIncumbent, RunFile, RunHeader, RunSummary


class _Trial(NamedTuple):
    """What is kept of a record while its run is read."""

    trial: int
    cellcode: str
    lr: float
    batch_size: int
    epoch: int
    split: str
    accuracy_pct: float
    cost_s: float
    charged_cost_s: float
    start_s: float
    end_s: float
    overhead_s: float

    @property
    def error_pct(self) -> float:
        return error_pct(self.accuracy_pct)


def read_summary(path: str | os.PathLike[str]) -> RunSummary:
    """The summary of one run's file; every line is checked as :func:`~nhb2_plugins.trajectory.reader.read_run` does.

    Raises:
        TrajectoryError: as there.
    """
    file = Path(path)
    parts, trials = RunParts(), []
    beginning = charging = ending = b""  # what a trial's line of this run has
    for number, line in enumerate(raw_lines(file), start=1):
        is_own = beginning and line.startswith(beginning) and line.endswith(ending) and charging in line
        trial = _sound_trial(line) if is_own else None
        if trial is None:
            part = read_line(line, f"{file}:{number}")
            if isinstance(part, TrialRecord):
                if parts.header is not None:
                    refuse_other_conditions(file, parts.header, [part])
                trial = _trial_of(part)
            else:
                parts = parts.with_part(part, f"{file}:{number}")
                if parts.header is not None:
                    beginning, charging, ending = _own_of_trials(parts.header)
        if trial is not None:
            trials.append(trial)
    return _summary(parts.finished(file, trials), trials, str(file))


def _own_of_trials(header: RunHeader) -> tuple[bytes, bytes, bytes]:
    """What every line of the run's trials begins with, holds, and ends with: run, charging, table."""
    run, charging, table = (json.dumps(text).encode() for text in (header.run_id, header.charging, header.table_key))
    return b'{"type": "trial", "run_id": ' + run + b",", b'"charging": ' + charging + b",", b'"table": ' + table + b"}"


def summarise(run: RunFile) -> RunSummary:
    """The summary of a run that was read with its records.

    Raises:
        TrajectoryError: an incumbent names a trial that is not among the records.
    """
    return _summary(run, [_trial_of(record) for record in run.records], run.header.run_id)


def _trial_of(record: TrialRecord) -> _Trial:
    return _Trial(*(getattr(record, name) for name in _Trial._fields))


def _summary(run: RunFile, trials: Sequence[_Trial], where: str) -> RunSummary:
    ordered = sorted(trials, key=attrgetter("end_s", "trial"))
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
    return KnownIncumbent(
        measured, trial.cellcode, trial.lr, trial.batch_size, trial.epoch, n_evaluations, trial.cost_s
    )


def _sound_trial(line: bytes) -> _Trial | None:
    match = _SOUND_LINE(line)
    if match is None:
        return None
    trial, cellcode, lr, batch_size, epoch, split, accuracy_pct, *seconds = match.groups()
    cost_s, charged_s, start_s, end_s, overhead_s = seconds
    start, end = float(start_s), float(end_s)
    if end < start:
        return None  # the other way says so
    return _Trial(
        int(trial),
        cellcode.decode(),
        float(lr),
        int(batch_size),
        int(epoch),
        split.decode(),
        float(accuracy_pct),
        float(cost_s),
        float(charged_s),
        start,
        end,
        float(overhead_s),
    )


_COUNT: Final = r"(?:0|[1-9][0-9]{0,17})"
_FRACTION: Final = r"(?:\.[0-9]+(?:e-[0-9]+)?|e-[0-9]+)"
_FLOAT: Final = rf"{_COUNT}{_FRACTION}"
_PERCENT: Final = rf"(?:0|[1-9][0-9]?){_FRACTION}|100\.0"


def _form(field: Field) -> str:
    """What a field's value looks like in a line; where it is kept a group, which a text's quotes are no part of."""
    form = f"({_form_of(field)})" if field.name in _Trial._fields else f"(?:{_form_of(field)})"
    return f'"{form}"' if field.kind == TEXT else form


def _form_of(field: Field) -> str:
    match field.domain:
        case OneOf() if field.domain is A_CELLCODE:
            return r"[0-3]\|[0-3]{2}\|[0-3]{3}"
        case OneOf(values):
            return "|".join(re.escape(str(value)) for value in values)
        case Percent():
            return _PERCENT
        case AtLeastZero():
            return "|".join({float: _FLOAT, int: _COUNT}[each] for each in reversed(field.kind))
        case IntegerOr(word):
            return f'-?{_COUNT}|"{word}"'
    return rf"[ !#-\[\]-~]{{0,{MAX_TEXT_LENGTH}}}"  # of ASCII without escapes


_SOUND_LINE: Final = re.compile(
    (r'\{"type": "trial", ' + ", ".join(f'"{each.name}": {_form(each)}' for each in RECORD) + r"\}").encode()
).fullmatch
