from __future__ import annotations

import json
from dataclasses import replace

import optuna
import pytest
from optuna.pruners import MedianPruner
from optuna.trial import TrialState

from nhb2_plugins.adapters.optuna.records import SIMULATED_EPOCH
from nhb2_plugins.adapters.optuna.search_space import OPTUNA_ENCODINGS
from nhb2_plugins.adapters.optuna_adapter import (
    OptunaObjective,
    configuration_of,
    study_from_records,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.space import HYPERPARAMETER_NAMES, Configuration
from nhb2_plugins.trajectory.record import TrialRecord
from tests.adapters.optuna.studies import fixed, make_study


def test_a_study_of_records_is_the_study_that_made_them(bench: Benchmark) -> None:
    study = make_study(pruner=MedianPruner(n_startup_trials=3))
    objective = OptunaObjective(bench, report=True)
    study.optimize(objective, n_trials=30)
    for encoding in OPTUNA_ENCODINGS:
        again = study_from_records(objective.logger.records, encoding=encoding)
        assert again.best_value == study.best_value
        assert again.user_attrs == {"table": objective.logger.records[0].table, "run_ids": ["run"]}
        for ours, theirs in zip(again.trials, study.trials, strict=True):
            assert (ours.state, ours.value) == (theirs.state, theirs.value)
            assert configuration_of(ours) == configuration_of(theirs)
            assert ours.user_attrs == {**theirs.user_attrs, "run_id": "run"}
        assert set(optuna.importance.get_param_importances(again)) == set(HYPERPARAMETER_NAMES)


def record_at(bench: Benchmark, epoch: int, trial: int, index: int, start_s: float) -> TrialRecord:
    objective = OptunaObjective(bench, epoch=epoch)
    objective(fixed(Configuration.from_index(index)))
    record = objective.logger.records[0]
    return replace(record, trial=trial, start_s=start_s, end_s=start_s + record.charged_cost_s)


def test_one_training_run_is_one_trial(bench: Benchmark) -> None:
    records = [
        record_at(bench, 4, 0, 77, 0.0),
        record_at(bench, 4, 1, 78, 1.0),
        record_at(bench, 12, 2, 77, 1000.0),
        record_at(bench, 12, 3, 77, 2000.0),
    ]
    study = study_from_records(records)
    assert [sorted(trial.intermediate_values) for trial in study.trials] == [[4, 12], [4], [12]]
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.COMPLETE]
    first = study.trials[0]
    assert first.datetime_start == SIMULATED_EPOCH
    assert first.duration is not None
    assert first.duration.total_seconds() == pytest.approx(records[2].end_s, abs=1e-5)
    assert first.user_attrs["charged_cost_s"] == records[0].charged_cost_s + records[2].charged_cost_s
    assert json.loads(json.dumps(first.user_attrs)) == first.user_attrs


def test_records_of_no_table_or_two_make_no_study(bench: Benchmark) -> None:
    record = record_at(bench, 12, 0, 1, 0.0)
    with pytest.raises(TrajectoryError, match="exactly one table, not of none"):
        study_from_records([])
    with pytest.raises(TrajectoryError, match="embedded:00000000"):
        study_from_records([record, replace(record, trial=1, table="embedded:00000000")])


def test_two_runs_of_one_name_make_no_study(bench: Benchmark) -> None:
    records = [record_at(bench, 12, 0, 1, 0.0), record_at(bench, 12, 0, 2, 0.0)]
    with pytest.raises(TrajectoryError, match="these records: run 'run' has 2 records of trial 0"):
        study_from_records(records)
