"""Reading trajectories back."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.files import read_regular
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.trajectory.record import FORMAT_VERSION, TrialRecord, with_numbers_of_fields
from nhb2_plugins.trajectory.run_file import MeasuredIncumbent, Optimum, RunEnd, RunFile, RunHeader


def read_records(path: str | os.PathLike[str]) -> list[TrialRecord]:
    """The trial records of a JSON-lines trajectory, in file order.

    A last line without its end (a writer was killed) is left out. The lines that a run has beside its trials are
    checked, those of other types passed over.

    Raises:
        TrajectoryError: the file cannot be read, is of another format version, or a line is not what it should be; it
            names file and line. Or a run's end counts other trials than there are.
    """
    records, ends = [], []
    for _, part in read_parts(Path(path)):
        if isinstance(part, TrialRecord):
            records.append(part)
        elif isinstance(part, RunEnd):
            ends.append(part)
    if len(ends) == 1:  # with more, several files were joined
        _refuse_lost_trials(Path(path), len(records), ends[0])
    return records


def read_run_records(path: str | os.PathLike[str], run_id: str) -> list[TrialRecord]:
    """The trial records of a file whose header announces one run.

    Raises:
        TrajectoryError: as :func:`read_records`, or one is of another run.
    """
    records = read_records(path)
    refuse_other_runs(path, run_id, records)
    return records


def refuse_other_runs(path: str | os.PathLike[str], run_id: str, records: Iterable[TrialRecord]) -> None:
    """Refuse a run's file that holds records of another.

    Raises:
        TrajectoryError: so it does; the file is named.
    """
    for record in records:
        if record.run_id != run_id:
            raise TrajectoryError(
                f"{os.fspath(path)}: its header is of run {run_id!r}, and trial {record.trial} of run {record.run_id!r}"
            )


def read_run(path: str | os.PathLike[str]) -> RunFile:
    """The file of one run.

    Raises:
        TrajectoryError: as :func:`read_records`, or there is no header, or it is of another format version.
    """
    file = Path(path)
    parts, records = read_run_parts(file)
    return parts.finished(file, tuple(records), len(records))


Part = RunHeader | TrialRecord | MeasuredIncumbent | RunEnd | None
"""What a line is: None for one of another type, which is passed over."""


@dataclass(frozen=True)
class RunParts:
    """What is known of a run, beside its trials, while its file is read."""

    header: RunHeader | None = None
    incumbents: tuple[MeasuredIncumbent, ...] = ()
    end: RunEnd | None = None

    def with_part(self, part: Part, where: str) -> RunParts:
        """These and one more; ``where`` is named in errors.

        Raises:
            TrajectoryError: a second header: two files were joined, whose runs cannot be told apart any more.
        """
        match part:
            case RunHeader():
                if self.header is not None:
                    raise TrajectoryError(f"{where}: a second line of type 'run'; a run has a file of its own")
                return replace(self, header=part)
            case MeasuredIncumbent():
                return replace(self, incumbents=(*self.incumbents, part))
            case RunEnd():
                return replace(self, end=part)
        return self

    def finished(self, path: Path, records: tuple[TrialRecord, ...], n_trials: int) -> RunFile:
        """The whole run.

        Args:
            path: the file, which errors name.
            records: what the run is to hold.
            n_trials: how many trials the file has.

        Raises:
            TrajectoryError: there was no header, or the run's end counts other trials.
        """
        if self.header is None:
            raise TrajectoryError(f"{path} has no line of type 'run'")
        if self.end is not None:
            _refuse_lost_trials(path, n_trials, self.end)
        return RunFile(self.header, records, self.incumbents, self.end)


def read_run_parts(path: Path) -> tuple[RunParts, list[TrialRecord]]:
    """What a run's file has beside its trials, and the trials; either may be missing.

    Raises:
        TrajectoryError: the file cannot be read, a line is not what it should be, or there is a second header.
    """
    parts, records = RunParts(), []
    for where, part in read_parts(path):
        if isinstance(part, TrialRecord):
            records.append(part)
        else:
            parts = parts.with_part(part, where)
    return parts, records


def _refuse_lost_trials(path: Path, n_trials: int, end: RunEnd) -> None:
    if end.n_evaluations != n_trials:
        raise TrajectoryError(f"{path} has {n_trials} trials, and its end says that there were {end.n_evaluations}")


def read_line(line: bytes, where: str) -> Part:
    """A line of a run's file, checked; ``where`` is named in errors.

    Raises:
        TrajectoryError: the line is not what it should be.
    """
    content = _content(line, where)
    match content["type"]:
        case "run":
            return _header(content, where)
        case "trial":
            return _record(content, where)
        case "incumbent":
            return _measured(content, where)
        case "end":
            return _end(content, where)
    return None


def raw_lines(path: Path) -> list[bytes]:
    """The whole lines of a file; what follows the last newline is empty or torn.

    Raises:
        TrajectoryError: it cannot be read.
    """
    try:
        return read_regular(path).split(b"\n")[:-1]
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}: {error.strerror}") from error


def read_parts(path: Path) -> Iterator[tuple[str, Part]]:
    """What each whole line of a file is, and where it stands.

    Raises:
        TrajectoryError: the file cannot be read, or a line is not what it should be.
    """
    for number, line in enumerate(raw_lines(path), start=1):
        where = f"{path}:{number}"
        yield where, read_line(line, where)


def _content(line: bytes, where: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TrajectoryError(f"{where}: not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise TrajectoryError(f"{where}: not a JSON object with a type")
    return content


def _record(content: dict[str, Any], where: str) -> TrialRecord:
    values = {name: value for name, value in content.items() if name != "type"}
    try:
        return TrialRecord.from_dict(values)
    except TrajectoryError:
        pass  # another program may have written 5 for 5.0, which is the same number in JSON
    try:
        return TrialRecord.from_dict(with_numbers_of_fields(values))
    except TrajectoryError as error:
        raise TrajectoryError(f"{where}: {error}") from error


def _header(content: dict[str, Any], where: str) -> RunHeader:
    if content.get("format_version") != FORMAT_VERSION:
        raise TrajectoryError(
            f"{where}: format version {content.get('format_version')!r}; this version reads {FORMAT_VERSION}"
        )
    try:
        content = {
            **content,
            "optimum": Optimum(**content["optimum"]),
            "ladder": FidelityLadder(content["ladder"]) if content["ladder"] else None,
            "restriction": Subspace(**content.get("restriction", {})),
            "problem": Subspace(**content.get("problem", {})),
        }
    except (KeyError, TypeError, InvalidValueError) as error:
        raise TrajectoryError(f"{where}: damaged header: {error}") from error
    header: RunHeader = _part(RunHeader, content, where)
    return header


def _measured(content: dict[str, Any], where: str) -> MeasuredIncumbent:
    incumbent: MeasuredIncumbent = _part(MeasuredIncumbent, content, where)
    _check_numbers(incumbent, ("time_s", *_ACCURACIES), where)
    _check_count(incumbent.trial, "trial", where)
    return incumbent


def _end(content: dict[str, Any], where: str) -> RunEnd:
    end: RunEnd = _part(RunEnd, content, where)
    _check_numbers(end, ("simulated_s", "wall_s"), where)
    _check_count(end.n_evaluations, "n_evaluations", where)
    return end


_ACCURACIES: Final = ("valid_accuracy_12_pct", "test_accuracy_12_pct", "expected_accuracy_200_pct")


def _check_numbers(part: object, names: tuple[str, ...], where: str) -> None:
    for name in names:
        value = getattr(part, name)
        if type(value) not in (int, float) or not 0 <= value < math.inf:
            raise TrajectoryError(f"{where}: {name} is {value!r:.80}, expected a finite number of at least 0")


def _check_count(value: object, name: str, where: str) -> None:
    if type(value) is not int or value < 0:
        raise TrajectoryError(f"{where}: {name} is {value!r:.80}, expected a count")


def _part(kind: type[Any], content: dict[str, Any], where: str) -> Any:
    values = {name: value for name, value in content.items() if name != "type"}
    try:
        return kind(**values)
    except TypeError as error:
        raise TrajectoryError(f"{where}: {error}") from error
