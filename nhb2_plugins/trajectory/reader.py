"""Reading trajectories back."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.files import open_regular
from nhb2_plugins.trajectory.consistency import check_incumbents, refuse_repeated_trials
from nhb2_plugins.trajectory.fields import in_quick_order, quick_check, read_values
from nhb2_plugins.trajectory.incumbent import Trial, improvements_in_order
from nhb2_plugins.trajectory.record import FORMAT_VERSION, TrialRecord, with_numbers_of_fields
from nhb2_plugins.trajectory.run_file import END, HEADER, INCUMBENT, MeasuredIncumbent, RunEnd, RunFile, RunHeader


def read_records(path: str | os.PathLike[str]) -> list[TrialRecord]:
    """The trial records of a JSON-lines trajectory, in file order.

    A last line without its end (a writer was killed) is left out. The lines that a run has beside its trials are
    checked, those of other types passed over.

    Raises:
        TrajectoryError: the file cannot be read, is of another format version, or a line is not what it should be; it
            names file and line. Or lines disagree: a run's end counts other trials than there are, an incumbent is
            none, or two records have one run and one number.
    """
    file = Path(path)
    records: list[TrialRecord] = []
    others: list[tuple[str, Part]] = []
    for where, part in read_parts(file):
        if isinstance(part, TrialRecord):
            records.append(part)
        else:
            others.append((where, part))
    ends = [part for _, part in others if isinstance(part, RunEnd)]
    run = parts_of_one_run(others)
    if run is not None and run.header is not None:
        refuse_other_conditions(file, run.header, records)
        run.finished(file, records)
    elif len(ends) == 1:  # with more, several files were joined
        refuse_other_end(file, len(records), last_end_s(records), ends[0])
    refuse_repeated_trials(((record.run_id, record.trial) for record in records), file)
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


def refuse_other_conditions(path: str | os.PathLike[str], header: RunHeader, records: Iterable[TrialRecord]) -> None:
    """Refuse a run's file that holds records of another run, table or training seed, or that were charged otherwise.

    Raises:
        TrajectoryError: so it does; the file is named.
    """
    conditions: dict[str, object] = {"table": header.table_key, "charging": header.charging}
    if header.table_seed is not None:
        conditions["seed"] = header.table_seed
    for record in records:
        if record.run_id != header.run_id:
            refuse_other_runs(path, header.run_id, [record])
        for name, said in conditions.items():
            if said != (found := getattr(record, name)):
                raise TrajectoryError(
                    f"{os.fspath(path)}: its header says {name} {said!r}, and trial {record.trial} {found!r}"
                )


def read_run(path: str | os.PathLike[str]) -> RunFile:
    """The file of one run.

    Raises:
        TrajectoryError: as :func:`read_records`, or there is no header, or it is of another format version.
    """
    file = Path(path)
    parts, records = read_run_parts(file)
    if parts.header is not None:
        refuse_other_conditions(path, parts.header, records)
    return replace(parts.finished(file, records), records=tuple(records))


Part = RunHeader | TrialRecord | MeasuredIncumbent | RunEnd | None
"""What a line is: None for one of another type, which is passed over."""


@dataclass(frozen=True)
class RunParts:
    """What is known of a run, beside its trials, while its file is read."""

    header: RunHeader | None = None
    incumbents: tuple[tuple[str, MeasuredIncumbent], ...] = ()  # each with the place of its line
    end: RunEnd | None = None

    def with_part(self, part: Part, where: str) -> RunParts:
        """These and one more; ``where`` is named in errors.

        Raises:
            TrajectoryError: a second header or end: two files were joined, whose runs cannot be told apart any more.
        """
        match part:
            case RunHeader():
                _refuse_second(self.header, "run", where)
                return replace(self, header=part)
            case MeasuredIncumbent():
                return replace(self, incumbents=(*self.incumbents, (where, part)))
            case RunEnd():
                _refuse_second(self.end, "end", where)
                return replace(self, end=part)
        return self

    def finished(self, path: Path, trials: Sequence[Trial]) -> RunFile:
        """The whole run, without its records.

        Args:
            path: the file, which errors name.
            trials: what is looked at of its records.

        Raises:
            TrajectoryError: there was no header, or lines disagree: the run's end counts other trials, an incumbent is
                none of them, or two of them have one number.
        """
        if self.header is None:
            raise TrajectoryError(f"{path} has no line of type 'run'")
        if self.end is not None:
            refuse_other_end(path, len(trials), last_end_s(trials), self.end)
        if len({each.trial for each in trials}) < len(trials):
            refuse_repeated_trials(((self.header.run_id, each.trial) for each in trials), path)
        bests = improvements_in_order(sorted(trials, key=attrgetter("end_s", "trial")), self.header.objectives)
        check_incumbents(path, self.header, self.incumbents, list(bests), is_finished=self.end is not None)
        return RunFile(self.header, (), tuple(incumbent for _, incumbent in self.incumbents), self.end)


def parts_of_one_run(others: Sequence[tuple[str, Part]]) -> RunParts | None:
    """What is known of the one run whose lines stand beside records; None where they have no header or several.

    Raises:
        TrajectoryError: there is a second end.
    """
    if sum(isinstance(part, RunHeader) for _, part in others) != 1:
        return None
    return reduce(lambda parts, other: parts.with_part(other[1], other[0]), others, RunParts())


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


def _refuse_second(first: object, name: str, where: str) -> None:
    if first is not None:
        raise TrajectoryError(f"{where}: a second line of type {name!r}; a run has a file of its own")


def last_end_s(trials: Iterable[Trial]) -> float:
    """When the last trial ended; 0 without one."""
    return max((each.end_s for each in trials), default=0.0)


def refuse_other_end(path: Path, n_trials: int, ended_s: float, end: RunEnd) -> None:
    """Refuse a run's file that has other trials than its end counts, or whose last one ends at another time.

    Raises:
        TrajectoryError: so it has.
    """
    if end.n_evaluations != n_trials:
        raise TrajectoryError(f"{path} has {n_trials} trials, and its end says that there were {end.n_evaluations}")
    if end.simulated_s != ended_s:
        raise TrajectoryError(
            f"{path}: the last trial ends at {ended_s!r} s, and its end says that it was at {end.simulated_s!r}"
        )


def read_line(line: bytes, where: str) -> Part:
    """A line of a run's file, checked; ``where`` is named in errors.

    Raises:
        TrajectoryError: the line is not what it should be.
    """
    try:
        content = _content(line)
        match content.pop("type"):
            case "run":
                return _header(content)
            case "trial":
                return _record(content)
            case "incumbent":
                return _incumbent(content)
            case "end":
                return RunEnd(**read_values(END, content))
    except TrajectoryError as error:
        raise TrajectoryError(f"{where}: {error}") from error
    return None


def iterate_lines(path: Path) -> Iterator[bytes]:
    """The whole lines of a file, one at a time; what follows the last newline is empty or torn.

    Raises:
        TrajectoryError: it cannot be read.
    """
    try:
        with open_regular(path) as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}: {error.strerror}") from error


def read_parts(path: Path) -> Iterator[tuple[str, Part]]:
    """What each whole line of a file is, and where it stands.

    Raises:
        TrajectoryError: the file cannot be read, or a line is not what it should be.
    """
    for number, line in enumerate(iterate_lines(path), start=1):
        where = f"{path}:{number}"
        yield where, read_line(line, where)


def _content(line: bytes) -> dict[str, Any]:
    try:
        content = _decoded(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise TrajectoryError(f"not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise TrajectoryError("not a JSON object with a type")
    return content


def _of_different_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object; Python would keep the last of several values of one key without a word."""
    content = dict(pairs)
    if len(content) < len(pairs):
        repeated, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {repeated!r:.80} is given twice")
    return content


_decoded: Final = json.JSONDecoder(object_pairs_hook=_of_different_keys).decode


def _record(content: dict[str, Any]) -> TrialRecord:
    try:
        return TrialRecord.from_dict(content)
    except TrajectoryError:  # another program may have written 5 for 5.0, which is the same number in JSON
        return TrialRecord.from_dict(with_numbers_of_fields(content))


def _header(content: dict[str, Any]) -> RunHeader:
    if content.get("format_version") != FORMAT_VERSION:
        raise TrajectoryError(f"format version {content.get('format_version')!r}; this version reads {FORMAT_VERSION}")
    return RunHeader(**read_values(HEADER, content))


def _incumbent(content: dict[str, Any]) -> MeasuredIncumbent:
    """Of the lines beside trials there are most of these: what is sound is seen at once."""
    if content.keys() == _INCUMBENT_NAMES:
        values = _incumbent_values(content)
        if _is_sound_incumbent(values):
            return MeasuredIncumbent(**dict(zip(_INCUMBENT_ORDER, values, strict=True)))
    return MeasuredIncumbent(**read_values(INCUMBENT, content))


_INCUMBENT_ORDER: Final = tuple(each.name for each in in_quick_order(INCUMBENT))
_INCUMBENT_NAMES: Final = frozenset(_INCUMBENT_ORDER)
_incumbent_values: Final = itemgetter(*_INCUMBENT_ORDER)
_is_sound_incumbent: Final = quick_check(INCUMBENT)
