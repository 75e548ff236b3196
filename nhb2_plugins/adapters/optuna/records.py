"""Recorded trajectories as an Optuna study: its plots, importances and dashboard work on any optimizer's run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.optuna.objective import TABLE
from nhb2_plugins.adapters.optuna.search_space import optuna_search_space
from nhb2_plugins.encoding import Encoding, to_values
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.objectives import ERROR_PCT, checked_objectives, objective_values
from nhb2_plugins.trajectory.consistency import refuse_repeated_trials
from nhb2_plugins.trajectory.record import TrialRecord

SIMULATED_EPOCH: Final = datetime(2000, 1, 1)
"""The date that stands for simulated second 0 in the trials' start and end."""


def study_from_records(
    records: Iterable[TrialRecord],
    *,
    encoding: Encoding = "categorical",
    study_name: str | None = None,
    storage: str | BaseStorage | None = None,
    objectives: Sequence[str] = (ERROR_PCT,),
) -> optuna.Study:
    """A study of recorded evaluations, whatever optimizer asked for them.

    One training run is one trial: the records of a configuration (same run and seed) at ascending epochs
    become the trial's intermediate values, and the last its value. A trial that ended below the highest recorded epoch,
    or was pruned, has Optuna's state ``PRUNED``; the others are ``COMPLETE``. Trials are in the order in which they
    began. Start and end are simulated: seconds after ``SIMULATED_EPOCH``.

    Args:
        records: of one table; of one run or several.
        encoding: of learning rate and batch size in the trials' parameters.
        study_name: as ``optuna.create_study``.
        storage: as ``optuna.create_study``; None keeps the study in memory.
        objectives: the study's, all minimised; of several ``study.best_trials`` is the front of what was found.

    Raises:
        TrajectoryError: no records, something that is none, records of several tables, or two of one run and number.
        InvalidValueError: an encoding that Optuna cannot express, or unknown objectives.
    """
    names = checked_objectives(objectives)
    given = list(records) if isinstance(records, Iterable) else [records]
    for each in given:
        if not isinstance(each, TrialRecord):
            raise TrajectoryError(f"{each!r:.80} is not a TrialRecord; a logger's records are")
    refuse_repeated_trials(((record.run_id, record.trial) for record in given), "these records")
    tables = sorted({record.table for record in given})
    if len(tables) != 1:
        raise TrajectoryError(f"a study needs records of exactly one table, not of {tables or 'none'}")
    space = optuna_search_space(encoding)
    top = max(record.epoch for record in given)
    directions = [StudyDirection.MINIMIZE] * len(names)
    study = optuna.create_study(study_name=study_name, storage=storage, directions=directions)
    study.set_user_attr(TABLE, tables[0])
    study.set_user_attr("run_ids", sorted({record.run_id for record in given}))
    study.add_trials([_trial(run, top, encoding, space, names) for run in _training_runs(given)])
    return study


def _training_runs(records: list[TrialRecord]) -> list[list[TrialRecord]]:
    """The records of one configuration, as long as their epochs ascend; in order of their first record."""
    runs: list[list[TrialRecord]] = []
    open_runs: dict[Any, list[TrialRecord]] = {}
    for record in sorted(records, key=lambda record: (record.run_id, record.start_s, record.trial)):
        key = (record.run_id, record.configuration, record.seed)
        run = open_runs.get(key)
        if run is None or run[-1].epoch >= record.epoch:
            run = open_runs[key] = []
            runs.append(run)
        run.append(record)
    return runs


def _trial(
    run: list[TrialRecord], top: int, encoding: Encoding, space: dict[str, Any], objectives: tuple[str, ...]
) -> FrozenTrial:
    last = run[-1]
    complete = last.epoch == top and last.status != "pruned"
    trial = create_trial(
        state=TrialState.COMPLETE if complete else TrialState.PRUNED,
        values=objective_values(objectives, last),
        params=dict(to_values(last.configuration, encoding)),
        distributions=space,
        user_attrs={
            **describe(last),
            "charged_cost_s": sum(record.charged_cost_s for record in run),
        },
        intermediate_values={record.epoch: record.error_pct for record in run} if len(objectives) == 1 else {},
    )
    trial.datetime_start = SIMULATED_EPOCH + timedelta(seconds=run[0].start_s)
    trial.datetime_complete = SIMULATED_EPOCH + timedelta(seconds=last.end_s)
    return trial
