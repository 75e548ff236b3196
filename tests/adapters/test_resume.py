"""A run that is stopped and resumed through a framework is charged as the unbroken one, to the bit."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import optuna
import pytest

from nhb2_plugins.adapters.bohb_adapter import BohbWorker, run_bohb
from nhb2_plugins.adapters.optuna_adapter import OptunaObjective, OptunaStopAtBudget, enqueue
from nhb2_plugins.adapters.smac_adapter import SmacReport, SmacStopAtBudget, smac_budgets, smac_target
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.encoding import to_values
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.search_space import configuration_space
from nhb2_plugins.space import Configuration
from nhb2_plugins.testing.benchmarks import generated_benchmark
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord

BENCH: Final = generated_benchmark()
LADDER: Final = FidelityLadder([1, 4, 12, 200])
_DRAW: Final = random.Random(5)
REQUESTS: Final = [
    (Configuration.from_index(_DRAW.choice([3, 700, 14_050, 99_999])), _DRAW.choice(LADDER.rungs)) for _ in range(24)
]
"""Few configurations and epochs, so that much of what is asked for again has been paid."""

Part = Sequence[tuple[Configuration, int]]


def through_optuna(part: Part, charging: Charging, logger: TrajectoryLogger) -> None:
    study = optuna.create_study()
    enqueue(study, [configuration for configuration, _ in part])
    objectives = {epoch: OptunaObjective(BENCH, epoch=epoch, charging=charging, logger=logger) for _, epoch in part}
    for _, epoch in part:
        study.optimize(objectives[epoch], n_trials=1)


def through_smac(part: Part, charging: Charging, logger: TrajectoryLogger) -> None:
    target = smac_target(BENCH, LADDER, charging=charging, logger=logger)
    for configuration, epoch in part:
        target(to_values(configuration), seed=0, budget=float(epoch))


def through_hpbandster(part: Part, charging: Charging, logger: TrajectoryLogger) -> None:
    worker = BohbWorker(run_id="resumed", bench=BENCH, ladder=LADDER, charging=charging, logger=logger)
    for configuration, epoch in part:
        worker.compute((0, 0, 0), to_values(configuration), float(epoch))


def bills(records: Sequence[TrialRecord]) -> list[tuple[Any, ...]]:
    return [(each.trial, each.configuration, each.epoch, each.charged_cost_s, each.end_s) for each in records]


@pytest.mark.parametrize("charging", CHARGING_POLICIES)
@pytest.mark.parametrize("through", [through_optuna, through_smac, through_hpbandster])
def test_a_restart_forgets_nothing_that_was_paid(
    tmp_path: Path, through: Callable[[Part, Charging, TrajectoryLogger], None], charging: Any
) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    unbroken = TrajectoryLogger()
    through(REQUESTS, charging, unbroken)
    for first, end in ((0, 7), (7, 8), (8, 24)):  # each in a session of its own
        logger = TrajectoryLogger.resume(tmp_path / "run.jsonl")
        through(REQUESTS[first:end], charging, logger)
        logger.close()
    assert len(unbroken) == 24
    assert bills(logger.records) == bills(unbroken.records)
    assert (logger.clock_s, logger.charged_cost_s) == (unbroken.clock_s, unbroken.charged_cost_s)


def test_an_optuna_study_spends_its_budget_once_over_all_restarts(tmp_path: Path) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    for _ in range(3):
        logger = TrajectoryLogger.resume(tmp_path / "run.jsonl")
        study = optuna.create_study(
            study_name="one", storage=storage, load_if_exists=True, sampler=optuna.samplers.RandomSampler(seed=1)
        )
        if logger.clock_s < 2000:
            study.optimize(OptunaObjective(BENCH, logger=logger), callbacks=[OptunaStopAtBudget(2000, logger)])
        logger.close()
    ends = [trial.user_attrs["simulated_end_s"] for trial in study.trials]
    assert ends == sorted(ends) == [record.end_s for record in logger.records]
    assert ends[-2] < 2000 <= ends[-1]


def test_smac_goes_on_where_it_stopped_and_is_billed_alike(tmp_path: Path) -> None:
    """SMAC's own continuation of a run, with Hyperband's promotions, which pay only for their further epochs."""
    from smac import HyperbandFacade, Scenario

    ladder = FidelityLadder.hyperband(1, 12, eta=3)
    budgets = smac_budgets(ladder)

    def run(directory: Path, logger: TrajectoryLogger, budget_s: float) -> None:
        target = smac_target(BENCH, ladder, charging="continued", logger=logger)
        scenario = Scenario(
            configuration_space("ordinal"),
            output_directory=directory,
            deterministic=True,
            seed=0,
            n_trials=20,
            min_budget=budgets.min_budget,
            max_budget=budgets.max_budget,
        )
        HyperbandFacade(
            scenario,
            target,
            intensifier=HyperbandFacade.get_intensifier(scenario, eta=budgets.eta),  # type: ignore[arg-type]
            callbacks=[SmacReport(target), SmacStopAtBudget(budget_s, logger)],
            overwrite=False,
            logging_level=False,
        ).optimize()

    unbroken = TrajectoryLogger()
    run(tmp_path / "unbroken", unbroken, 1e9)
    for budget_s in (unbroken.records[6].end_s, 1e9):
        logger = TrajectoryLogger.resume(tmp_path / "run.jsonl")
        run(tmp_path / "resumed", logger, budget_s)
        logger.close()
    assert len(unbroken) == 20
    assert any(record.charged_cost_s < record.cost_s for record in unbroken.records[7:])
    assert bills(logger.records) == bills(unbroken.records)


def test_a_bohb_that_goes_on_is_told_apart_from_a_second_one() -> None:
    first = run_bohb(BENCH, 2, logger=(logger := TrajectoryLogger()), charging="cached")
    n = len(logger)
    again = run_bohb(BENCH, 2, logger=TrajectoryLogger.resume(logger), charging="cached", previous_result=None)
    assert [run.loss for run in again.get_all_runs()] == [run.loss for run in first.get_all_runs()]
    assert again.get_incumbent_id() == first.get_incumbent_id()
    # the same search again: everything has been paid
    assert {record.charged_cost_s for record in logger.records[n:]} == {0.0}
    assert [record.trial for record in logger.records] == list(range(2 * n))
