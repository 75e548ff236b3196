"""What the lines of a run's file say of each other: each is sound by itself, and one of them was changed by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.trajectory.incumbent import Trial
from nhb2_plugins.trajectory.run_file import INCUMBENT, UNKNOWN_OPTIMUM, MeasuredIncumbent, RunHeader

_MEASURED_AS: Final = {
    (SCHEDULE_EPOCHS, "valid"): "valid_accuracy_12_pct",
    (SCHEDULE_EPOCHS, "test"): "test_accuracy_12_pct",
    (LONG_EPOCHS, "test"): "expected_accuracy_200_pct",
}
_FIELDS: Final = {each.name: each for each in INCUMBENT}


class SeenTrials:
    """Which trials of which runs were seen; a bit for each, as there may be millions."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[str, int], int] = {}

    def refuse_repeated(self, run_id: str, trial: int, source: object) -> None:
        """Take a trial, once.

        Raises:
            TrajectoryError: it was seen already.
        """
        key, bit = (run_id, trial >> 9), 1 << (trial & 511)
        seen = self._chunks.get(key, 0)
        if seen & bit:
            raise TrajectoryError(
                f"{source}: run {run_id!r} has several records of trial {trial}; every run needs a name of its own"
            )
        self._chunks[key] = seen | bit


def refuse_repeated_trials(trials: Iterable[tuple[str, int]], source: object) -> None:
    """Refuse records of which two have one run and one number: two runs of one name, or one run twice.

    Args:
        trials: run id and trial of each record.
        source: where they come from, for the message.

    Raises:
        TrajectoryError: so it is; the run and the trial are named.
    """
    listed = list(trials)
    if len(set(listed)) < len(listed):
        ((run_id, trial), n), *_ = Counter(listed).most_common(1)
        raise TrajectoryError(
            f"{source}: run {run_id!r} has {n} records of trial {trial}; every run needs a name of its own"
        )


def check_incumbents(
    path: object,
    header: RunHeader,
    incumbents: Sequence[tuple[str, MeasuredIncumbent]],
    bests: Sequence[Trial],
    *,
    is_finished: bool,
) -> None:
    """Hold incumbents against the run's own trials, and against the best that the header says there is.

    Args:
        path: the file, for messages.
        header: of the run.
        incumbents: in the order of the file, each with the place of its line.
        bests: the run's trials that are better than all before them, in order.
        is_finished: whether there must be one of each improvement.

    Raises:
        TrajectoryError: the first that disagrees; its line, field and value are named, and what was expected.
    """
    for position, (where, incumbent) in enumerate(incumbents):
        if position >= len(bests):
            raise TrajectoryError(f"{where}: {_FIELDS['trial']} is {incumbent.trial}, which is better than no other")
        _check_incumbent(where, incumbent, bests[position])
        _check_regret(where, incumbent, header)
    if is_finished and len(incumbents) < len(bests):
        missing = bests[len(incumbents)].trial
        raise TrajectoryError(f"{path}: trial {missing} is better than all before it, and no incumbent")


def _check_incumbent(where: str, incumbent: MeasuredIncumbent, best: Trial) -> None:
    expected = {"trial": best.trial, "time_s": best.end_s}
    if measured_as := _MEASURED_AS.get((best.epoch, best.split)):
        expected[measured_as] = best.accuracy_pct
    for name, value in expected.items():
        found = getattr(incumbent, name)
        if found != value:
            raise TrajectoryError(f"{where}: {_FIELDS[name]} is {found!r}, expected {value!r} by the run's trials")


def _check_regret(where: str, incumbent: MeasuredIncumbent, header: RunHeader) -> None:
    name = "valid_accuracy_12_pct" if header.measure_epoch == SCHEDULE_EPOCHS else "expected_accuracy_200_pct"
    if header.optimum == UNKNOWN_OPTIMUM and header.table["kind"] != "measured":
        raise TrajectoryError(f"{where}: the header's optimum is not known, as only a benchmark's that trains may be")
    found, most = getattr(incumbent, name), header.optimum.accuracy_pct
    if found > most:
        raise TrajectoryError(f"{where}: {_FIELDS[name]} is {found!r}, expected at most {most!r}, the header's optimum")
