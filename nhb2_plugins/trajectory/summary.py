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
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

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
from nhb2_plugins.trajectory.reader import RunParts, iterate_lines, read_line, refuse_other_conditions
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
    own: _OfRun | None = None
    for number, line in enumerate(iterate_lines(file), start=1):
        trial = None if own is None else _sound_trial(line, own)
        if trial is None:
            part = read_line(line, f"{file}:{number}")
            if isinstance(part, TrialRecord):
                if parts.header is not None:
                    refuse_other_conditions(file, parts.header, [part])
                trial = _trial_of(part)
            else:
                parts = parts.with_part(part, f"{file}:{number}")
                if isinstance(part, RunHeader):
                    own = _OfRun(part.run_id.encode(), part.charging.encode(), part.table_key.encode(), _seed_of(part))
        if trial is not None:
            trials.append(trial)
    return _summary(parts.finished(file, trials), trials, str(file))


class _OfRun(NamedTuple):
    """What every trial of a run has in common; ``seed`` is None where that is not said."""

    run_id: bytes
    charging: bytes
    table: bytes
    seed: bytes | None


def _seed_of(header: RunHeader) -> bytes | None:
    return None if header.table_seed is None else str(header.table_seed).encode()


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


def _sound_trial(line: bytes, own: _OfRun) -> _Trial | None:
    match = _SOUND_LINE(line)
    if match is None:
        return None
    run_id, trial, cellcode, lr, batch_size, epoch, split, seed, accuracy_pct, cost_s, charged_s, *last = match.groups()
    charging, start_s, end_s, overhead_s, table = last
    start, end, cost = float(start_s), float(end_s), float(cost_s)
    if end < start or (run_id, charging, table) != own[:3] or own.seed not in (None, seed):
        return None  # the other way says so
    values = (
        int(trial),
        _CELLCODE_OF[cellcode],
        _LR_OF[lr],
        _BATCH_SIZE_OF[batch_size],
        _EPOCH_OF[epoch],
        _SPLIT_OF[split],
        float(accuracy_pct),
        cost,
        cost if charged_s == cost_s else float(charged_s),  # mostly it is, and looking is quicker than reading
        start,
        end,
        float(overhead_s),
    )
    return _new_tuple(_Trial, values)


_COUNT: Final = r"(?:0|[1-9][0-9]{0,17})"
_FRACTION: Final = r"(?:\.[0-9]+(?:e-[0-9]+)?|e-[0-9]+)"
_FLOAT: Final = rf"{_COUNT}{_FRACTION}"
_PERCENT: Final = rf"(?:0|[1-9][0-9]?){_FRACTION}|100\.0"


_LOOKED_AT: Final = {*_Trial._fields, "run_id", "charging", "table", "seed"}


def _form(field: Field) -> str:
    """What a field's value looks like in a line; where it is kept a group, which a text's quotes are no part of."""
    form = f"({_form_of(field)})" if field.name in _LOOKED_AT else f"(?:{_form_of(field)})"
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


def _value_of(name: str) -> dict[bytes, Any]:
    """The values of a field of a few, by what stands in a line for each: to look is quicker than to read a number."""
    (domain,) = (each.domain for each in RECORD if each.name == name and isinstance(each.domain, OneOf))
    return {str(value).encode(): value for value in domain.values}


_CELLCODE_OF, _LR_OF, _BATCH_SIZE_OF, _EPOCH_OF, _SPLIT_OF = map(
    _value_of, ("cellcode", "lr", "batch_size", "epoch", "split")
)
_new_tuple: Final = tuple.__new__

_SOUND_LINE: Final = re.compile(
    (r'\{"type": "trial", ' + ", ".join(f'"{each.name}": {_form(each)}' for each in RECORD) + r"\}").encode()
).fullmatch
