"""Recorded runs in the shapes that other packages read.

- :func:`performance_arrays`: (runs, evaluations), as ``benchmark_simulator.utils.get_performance_over_time`` of
  mfhpo-simulator takes them.
- :func:`final_regrets`: a frame of (seeds, optimizers), as ``autorank.autorank`` takes it.
- :func:`export_directories`: a directory a run, as CARP-S, DeepCAVE and IOHexperimenter keep them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.errors import InvalidValueError, TrajectoryError, TrajectoryExistsError
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.files import directory_aside
from nhb2_plugins.trajectory.carps_files import write_carps_run
from nhb2_plugins.trajectory.deepcave_files import write_deepcave_run
from nhb2_plugins.trajectory.exported_run import ExportedRun, exported_runs
from nhb2_plugins.trajectory.incumbent import by_end
from nhb2_plugins.trajectory.ioh_files import write_ioh_run
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.run_file import RunFile

if TYPE_CHECKING:
    import pandas


DIRECTORY_FORMATS: Final[Mapping[str, Callable[[ExportedRun, Path], None]]] = {
    "carps": write_carps_run,
    "deepcave": write_deepcave_run,
    "ioh": write_ioh_run,
}
"""Formats that keep a directory a run, by name."""


class PerformanceArrays(NamedTuple):
    """One row a run, one column an evaluation, in order of simulated end; both of shape (n_runs, n_evaluations).

    Attributes:
        end_s: when each result was known, in simulated seconds.
        error_pct: 100 − accuracy of each, in percent; to be minimised.
    """

    end_s: NDArray[np.float64]
    error_pct: NDArray[np.float64]


def performance_arrays(runs: Iterable[Sequence[TrialRecord]]) -> PerformanceArrays:
    """The records of several runs, one run a row; longer runs are cut to the length of the shortest.

    Raises:
        TrajectoryError: there is no run, or one without records.
    """
    ordered = [sorted(run, key=by_end) for run in runs]
    length = min(map(len, ordered), default=0)
    if length == 0:
        raise TrajectoryError("there is no run, or one of the runs has no records")
    return PerformanceArrays(
        np.array([[record.end_s for record in run[:length]] for run in ordered]),
        np.array([[record.error_pct for record in run[:length]] for run in ordered]),
    )


def final_regrets(runs: Iterable[RunFile], time_s: float = math.inf) -> pandas.DataFrame:
    """Regret at a simulated time: a row a seed, a column an optimizer, percentage points; small is good.

    Args:
        runs: whole runs, every optimizer with the same seeds.
        time_s: simulated seconds; the regret of the last incumbent by then.

    Raises:
        InvalidValueError: a run has no incumbent by that time.
        TrajectoryError: there is no run, a run is there twice, or an optimizer lacks a seed that another has.
        MissingExtraError: pandas is not installed.
    """
    with needs_extra("frames need pandas", "frames"):
        import pandas as pd
    columns: dict[str, dict[int, float]] = {}
    for run in runs:
        of_seed = columns.setdefault(run.header.optimizer, {})
        if run.header.seed in of_seed:
            raise TrajectoryError(f"run {run.header.run_id!r} is there twice")
        of_seed[run.header.seed] = _regret_at(run, time_s)
    if not columns:
        raise TrajectoryError("there is no run")
    seeds = sorted({seed for of_seed in columns.values() for seed in of_seed})
    for name, of_seed in columns.items():
        if missing := [seed for seed in seeds if seed not in of_seed]:
            raise TrajectoryError(f"optimizer {name!r} has no run of seed {missing[0]}")
    data = {name: [of_seed[seed] for seed in seeds] for name, of_seed in columns.items()}
    return pd.DataFrame(data, index=pd.Index(seeds, name="seed"))


def export_directories(source: str | os.PathLike[str], target: str | os.PathLike[str], directory_format: str) -> int:
    """Write every run of a source into a directory of its own below a new one, named by the run's id.

    The new directory is there whole or not at all.

    Args:
        source: a ``.jsonl`` file, a directory of them, or a database's URL.
        target: a directory that does not exist yet.
        directory_format: one of :data:`DIRECTORY_FORMATS`.

    Returns:
        the number of runs.

    Raises:
        InvalidValueError: no such format.
        TrajectoryExistsError: the target exists already.
        TrajectoryError: the target cannot be written, the source cannot be read or holds no record, or two of its runs
            have the same id.
        MissingExtraError: a database's packages are not installed.
    """
    checked_choice("format", directory_format, DIRECTORY_FORMATS)
    directory = Path(target)
    if directory.exists():
        raise TrajectoryExistsError(f"{directory} exists already")
    runs = exported_runs(source)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with directory_aside(directory) as aside:
            for run in runs:
                DIRECTORY_FORMATS[directory_format](run, aside / run.directory)
    except OSError as error:
        raise TrajectoryError(f"cannot write {directory}: {error}") from error
    return len(runs)


def _regret_at(run: RunFile, time_s: float) -> float:
    known = [regret for since_s, regret in run.regrets if since_s <= time_s]
    if not known:
        raise InvalidValueError(f"run {run.header.run_id!r} has no incumbent by {time_s!r} s")
    return known[-1]
