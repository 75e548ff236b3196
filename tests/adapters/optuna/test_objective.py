from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState, create_trial

from nhb2_plugins.adapters.optuna_adapter import (
    USER_ATTRIBUTES,
    OptunaObjective,
    OptunaStopAtBudget,
    configuration_of,
    enqueue,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.objectives import OBJECTIVES
from nhb2_plugins.testing import FailingBenchmark, PlantedError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.adapters.optuna.studies import CONFIGURATION, fixed, make_study
from tests.core_fixtures import mini_benchmark, mini_table


class PruneAfter(BasePruner):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        return trial.last_step is not None and trial.last_step >= self.epoch


# -- one evaluation


@pytest.mark.parametrize("epoch", [1, 7, 12, 200])
@pytest.mark.parametrize("seed", [None, 555, "mean"])
def test_a_trial_gets_the_benchmarks_answer(bench: Benchmark, epoch: int, seed: Any) -> None:
    objective = OptunaObjective(bench, epoch=epoch, seed=seed)
    trial = fixed()
    value = objective(trial)
    expected = bench.evaluate(CONFIGURATION, epoch, seed=seed)
    assert value == expected.error_pct
    assert type(value) is float
    assert trial.user_attrs == {
        "cost_s": expected.cost_s,
        "charged_cost_s": expected.cost_s,
        "cost_is_estimated": epoch == 200,
        "simulated_end_s": expected.cost_s,
        "epoch": epoch,
        "split": "test" if epoch == 200 else "valid",
        "seed": 222 if seed is None else seed,
        "table": f"surrogate:{bench.provenance.digest[:8]}",
        "run_id": "run",
        "record_trial": 0,
    }
    assert all(type(each) in (float, int, bool, str) for each in trial.user_attrs.values())


def test_fewer_attributes_are_written_when_asked(bench: Benchmark) -> None:
    trial = fixed()
    OptunaObjective(bench, attributes=("seed",))(trial)
    assert trial.user_attrs == {"seed": 222}
    with pytest.raises(InvalidValueError, match=r"attributes \['price'\]"):
        OptunaObjective(bench, attributes=("price",))


def test_charging_policies_apply(bench: Benchmark) -> None:
    objective = OptunaObjective(bench, charging="cached")
    first, second = fixed(), fixed()
    objective(first)
    objective(second)
    assert first.user_attrs["charged_cost_s"] == first.user_attrs["cost_s"]
    assert second.user_attrs["charged_cost_s"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epoch": 13}, "epoch 13"),
        ({"objectives": ("accuracy",)}, "objective 'accuracy'"),
        ({"objectives": ()}, "one or more"),
        ({"objectives": ("cost_s", "cost_s")}, "one or more different"),
        ({"epoch": 200, "report": True}, "no learning curve at 200"),
        ({"objectives": ("error_pct", "cost_s"), "report": True}, "cannot prune with several objectives"),
    ],
)
def test_bad_arguments_are_refused_when_the_objective_is_made(
    bench: Benchmark, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        OptunaObjective(bench, **arguments)


def test_a_study_that_maximises_is_refused(bench: Benchmark) -> None:
    with pytest.raises(InvalidValueError, match=r"\['maximize'\]"):
        make_study(direction="maximize").optimize(OptunaObjective(bench), n_trials=1)
    with pytest.raises(InvalidValueError, match=r"\['minimize', 'minimize'\]"):
        make_study(directions=["minimize", "minimize"]).optimize(OptunaObjective(bench), n_trials=1)


def test_every_study_is_looked_at_whatever_its_name(bench: Benchmark) -> None:
    objective = OptunaObjective(bench)
    make_study(study_name="same").optimize(objective, n_trials=1)
    with pytest.raises(InvalidValueError, match=r"\['maximize'\]"):
        make_study(study_name="same", direction="maximize").optimize(objective, n_trials=1)
    assert len(objective.logger) == 1


@pytest.mark.parametrize("attributes", [USER_ATTRIBUTES, ("cost_s",)])
def test_a_study_keeps_to_one_table(bench: Benchmark, attributes: tuple[str, ...]) -> None:
    study, other = make_study(study_name="one"), mini_benchmark()
    study.optimize(OptunaObjective(bench, attributes=attributes), n_trials=1)
    study.optimize(OptunaObjective(bench, attributes=attributes), n_trials=1)
    message = f"study 'one' holds trials of the table {bench.provenance.key}; it cannot take those of "
    with pytest.raises(TrajectoryError, match=message + other.provenance.key):
        study.optimize(OptunaObjective(other, attributes=attributes), n_trials=1)
    assert study.user_attrs == {"table": bench.provenance.key}


def test_a_study_whose_trials_alone_name_their_table_keeps_to_it(bench: Benchmark) -> None:
    study = make_study()
    study.add_trial(create_trial(value=1.0, user_attrs={"table": "published:01234567"}))
    with pytest.raises(TrajectoryError, match="holds trials of the table published:01234567"):
        study.optimize(OptunaObjective(bench), n_trials=1)


def test_trials_and_records_name_each_other(bench: Benchmark) -> None:
    logger = TrajectoryLogger(run_id="linked")
    study, objective = make_study(pruner=PruneAfter(3)), OptunaObjective(bench, report=[4, 12, 200], logger=logger)
    study.ask()  # a trial that nobody evaluates: Optuna's numbers are not the records'
    study.optimize(objective, n_trials=2)
    study.pruner = optuna.pruners.NopPruner()
    study.optimize(objective, n_trials=2)
    trials = {(each.user_attrs["run_id"], each.user_attrs["record_trial"]): each for each in study.trials[1:]}
    records = {(record.run_id, record.trial): record for record in logger.records}
    assert len(trials) == 4
    assert len(records) == 6  # a trial of two trainings is described by its second
    assert trials.keys() == {("linked", number) for number in (0, 1, 3, 5)}
    for link, trial in trials.items():
        assert configuration_of(trial) == records[link].configuration
        assert trial.user_attrs["simulated_end_s"] == records[link].end_s


def test_several_objectives_make_a_multi_objective_study(bench: Benchmark) -> None:
    names = tuple(OBJECTIVES)
    study = make_study(directions=["minimize"] * len(names))
    objective = OptunaObjective(bench, objectives=names)
    study.optimize(objective, n_trials=5)
    for trial, record in zip(study.trials, objective.logger.records, strict=True):
        cell = Cell(record.cellcode)
        costs = (record.error_pct, record.cost_s, cell.params_total, cell.params_live, cell.macs_live)
        assert tuple(trial.values) == costs
        assert all(type(value) is float for value in objective(fixed()))  # type: ignore[union-attr]
    assert study.best_trials


# -- pruning


@pytest.mark.parametrize(
    "pruner",
    [MedianPruner(n_startup_trials=3), SuccessiveHalvingPruner(), HyperbandPruner(1, 12, 3)],
    ids=["median", "successive_halving", "hyperband"],
)
def test_pruners_end_trials_and_only_trained_epochs_are_charged(bench: Benchmark, pruner: BasePruner) -> None:
    study = make_study(pruner=pruner, study_name="pruning")
    objective = OptunaObjective(bench, report=True)
    study.optimize(objective, n_trials=40)
    states = [trial.state for trial in study.trials]
    assert {TrialState.PRUNED, TrialState.COMPLETE} == set(states)
    for trial, record in zip(study.trials, objective.logger.records, strict=True):
        last = max(trial.intermediate_values)
        reported = {e: bench.evaluate(record.configuration, e).error_pct for e in range(1, last + 1)}
        assert trial.intermediate_values == reported
        assert (record.epoch, record.status) == (last, "pruned" if trial.state == TrialState.PRUNED else "complete")
        assert (last == 12) == (trial.state == TrialState.COMPLETE)
        assert record.charged_cost_s == bench.evaluate(record.configuration, last).cost_s
        assert trial.user_attrs["epoch"] == last
        assert trial.user_attrs["charged_cost_s"] == record.charged_cost_s


def test_a_finished_training_is_never_thrown_away(bench: Benchmark) -> None:
    study = make_study(pruner=PruneAfter(12))
    study.optimize(OptunaObjective(bench, report=True), n_trials=3)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 3


def test_a_pruned_trial_is_continued_where_charging_says_so(bench: Benchmark) -> None:
    study = make_study(pruner=PruneAfter(3))
    objective = OptunaObjective(bench, report=True, charging="continued")
    enqueue(study, [CONFIGURATION])
    study.optimize(objective, n_trials=1)
    study.pruner = optuna.pruners.NopPruner()
    enqueue(study, [CONFIGURATION])
    study.optimize(objective, n_trials=1)
    paid, whole = bench.evaluate(CONFIGURATION, 3).cost_s, bench.evaluate(CONFIGURATION, 12).cost_s
    assert [record.charged_cost_s for record in objective.logger.records] == [paid, whole - paid]


def test_the_ladder_to_200_epochs_pays_for_both_runs(bench: Benchmark) -> None:
    study, objective = make_study(), OptunaObjective(bench, report=FidelityLadder([12, 200]))
    enqueue(study, [CONFIGURATION])
    study.optimize(objective, n_trials=1)
    short, long = bench.evaluate(CONFIGURATION, 12), bench.evaluate(CONFIGURATION, 200)
    assert [(record.epoch, record.status) for record in objective.logger.records] == [
        (12, "complete"),
        (200, "complete"),
    ]
    trial = study.trials[0]
    assert trial.value == long.error_pct
    assert trial.intermediate_values == {12: short.error_pct, 200: long.error_pct}
    assert trial.user_attrs["charged_cost_s"] == short.cost_s + long.cost_s
    assert (trial.user_attrs["split"], trial.user_attrs["cost_is_estimated"]) == ("test", True)


def test_a_trial_pruned_on_the_ladder_never_starts_the_long_run(bench: Benchmark) -> None:
    study = make_study(pruner=PruneAfter(12))
    objective = OptunaObjective(bench, report=FidelityLadder([4, 12, 200]))
    study.optimize(objective, n_trials=2)
    assert [(record.epoch, record.status) for record in objective.logger.records] == [(12, "pruned")] * 2


# -- budget, threads, errors


@pytest.mark.parametrize("by_objective", [True, False])
def test_the_evaluation_that_crosses_the_budget_is_the_last(bench: Benchmark, by_objective: bool) -> None:
    objective = OptunaObjective(bench)
    budget_s = 4_000.0
    stop = OptunaStopAtBudget(budget_s, objective if by_objective else objective.logger)
    make_study().optimize(objective, n_trials=10_000, callbacks=[stop])
    *before, last = objective.logger.records
    assert all(record.end_s < budget_s for record in before)
    assert last.start_s < budget_s <= last.end_s


@pytest.mark.parametrize("budget_s", [0, -1.0, float("nan"), "20000"])
def test_a_budget_is_a_positive_number(budget_s: Any) -> None:
    with pytest.raises(InvalidValueError, match="budget_s"):
        OptunaStopAtBudget(budget_s, TrajectoryLogger())


def test_threads_lose_no_record_and_double_none(bench: Benchmark) -> None:
    study, objective = make_study(), OptunaObjective(bench)
    study.optimize(objective, n_trials=200, n_jobs=4)
    records = objective.logger.records
    assert [record.trial for record in records] == list(range(200))
    by_end = {record.end_s: record for record in records}
    assert len(by_end) == 200
    for trial in study.trials:
        record = by_end.pop(trial.user_attrs["simulated_end_s"])
        assert configuration_of(trial) == record.configuration
        assert trial.value == record.error_pct
    assert not by_end


def test_an_error_that_optuna_drops_can_be_raised() -> None:
    bench = FailingBenchmark(mini_table(), 8)
    objective = OptunaObjective(bench)
    make_study().optimize(objective, n_trials=10, catch=(PlantedError,))
    assert objective.error is bench.planted
    with pytest.raises(PlantedError) as caught:
        objective.raise_first_error()
    assert caught.value is bench.planted
    OptunaObjective(bench).raise_first_error()


def test_an_error_in_the_last_thread_can_be_raised() -> None:
    objective = OptunaObjective(FailingBenchmark(mini_table(), 9))
    with suppress(PlantedError):  # Optuna 5 drops what the last n_jobs trials raise
        make_study().optimize(objective, n_trials=10, n_jobs=2)
    with pytest.raises(PlantedError):
        objective.raise_first_error()


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_trials_survive_in_a_storage(bench: Benchmark, tmp_path: Path, kind: str) -> None:
    storage: Any = f"sqlite:///{tmp_path}/study.db"
    if kind == "journal":
        backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal.log"))
        storage = optuna.storages.JournalStorage(backend)
    objective = OptunaObjective(bench, report=True)
    make_study(storage=storage, study_name="kept").optimize(objective, n_trials=2)
    loaded = optuna.load_study(study_name="kept", storage=storage)
    for trial, record in zip(loaded.trials, objective.logger.records, strict=True):
        assert configuration_of(trial) == record.configuration
        assert trial.value == record.error_pct
        assert set(trial.user_attrs) == set(USER_ATTRIBUTES)
        assert trial.user_attrs["table"] == record.table
