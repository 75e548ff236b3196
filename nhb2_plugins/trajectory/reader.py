"""Reading trajectories back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.record import FORMAT_VERSION, TrialRecord
from nhb2_plugins.trajectory.run_file import MeasuredIncumbent, Optimum, RunEnd, RunFile, RunHeader


def read_records(path: str | os.PathLike[str]) -> list[TrialRecord]:
    """The trial records of a JSON-lines trajectory, in file order; other lines are passed over.

    A last line without its end (a writer was killed) is left out.

    Raises:
        TrajectoryError: the file cannot be read, or a line is not what it should be; it names file and line.
    """
    return [_record(content, where) for where, content in _lines(Path(path)) if content["type"] == "trial"]


def read_run(path: str | os.PathLike[str]) -> RunFile:
    """The file of one run.

    Raises:
        TrajectoryError: as :func:`read_records`, or there is no header, or it is of another format version.
    """
    header: RunHeader | None = None
    end: RunEnd | None = None
    records, incumbents = [], []
    for where, content in _lines(Path(path)):
        kind = content["type"]
        if kind == "run":
            header = _header(content, where)
        elif kind == "trial":
            records.append(_record(content, where))
        elif kind == "incumbent":
            incumbents.append(_part(MeasuredIncumbent, content, where))
        elif kind == "end":
            end = _part(RunEnd, content, where)
    if header is None:
        raise TrajectoryError(f"{path} has no line of type 'run'")
    return RunFile(header, tuple(records), tuple(incumbents), end)


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}: {error.strerror}") from error
    for number, line in enumerate(lines[:-1], start=1):  # what follows the last newline is empty or torn
        where = f"{path}:{number}"
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TrajectoryError(f"{where}: not JSON: {error}") from error
        if not isinstance(content, dict) or not isinstance(content.get("type"), str):
            raise TrajectoryError(f"{where}: not a JSON object with a type")
        yield where, content


def _record(content: dict[str, Any], where: str) -> TrialRecord:
    values = {name: value for name, value in content.items() if name != "type"}
    try:
        return TrialRecord.from_dict(values)
    except TrajectoryError as error:
        raise TrajectoryError(f"{where}: {error}") from error


def _header(content: dict[str, Any], where: str) -> RunHeader:
    if content.get("format_version") != FORMAT_VERSION:
        raise TrajectoryError(
            f"{where}: format version {content.get('format_version')!r}; this version reads {FORMAT_VERSION}"
        )
    try:
        content = {**content, "optimum": Optimum(**content["optimum"]), "ladder": tuple(content["ladder"])}
    except (KeyError, TypeError) as error:
        raise TrajectoryError(f"{where}: damaged header: {error}") from error
    header: RunHeader = _part(RunHeader, content, where)
    return header


def _part(kind: type[Any], content: dict[str, Any], where: str) -> Any:
    values = {name: value for name, value in content.items() if name != "type"}
    try:
        return kind(**values)
    except TypeError as error:
        raise TrajectoryError(f"{where}: {error}") from error
