"""The adapters under contract whose frameworks install together; those of other environments list themselves there."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from ConfigSpace import Configuration as SpaceConfiguration
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory import TrialInfo
from smac.runner import TargetFunctionRunner

from nhb2_plugins.adapters.bohb_adapter import BohbWorker, run_bohb
from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.adapters.optuna_adapter import OptunaObjective, OptunaStopAtBudget, enqueue
from nhb2_plugins.adapters.plain_adapter import objective
from nhb2_plugins.adapters.run import RunBudget
from nhb2_plugins.adapters.smac_adapter import (
    SmacReport,
    SmacStopAtBudget,
    quick_model,
    reproducible_maximizer,
    smac_target,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import to_values
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.testing.adapters import A_LOT, AdapterCase, Seen
from nhb2_plugins.trajectory.logger import TrajectoryLogger


class OptunaCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        study = self._study(0)
        enqueue(study, configurations)
        study.optimize(OptunaObjective(problem, logger=logger), n_trials=len(configurations))
        return [Seen(trial.value, trial.user_attrs) for trial in study.trials if trial.value is not None]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        study = self._study(seed)
        objective = OptunaObjective(bench, logger=logger)
        study.optimize(objective, n_trials=n or A_LOT, callbacks=[OptunaStopAtBudget(budget_s, objective)])
        return len(study.trials)

    @staticmethod
    def _study(seed: int) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))


class SmacCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        target = smac_target(problem, logger=logger)
        report = SmacReport(target)
        with _scenario(0, 1) as scenario:
            runner = TargetFunctionRunner(scenario, target, required_arguments=["seed"])
            seen = []
            for configuration in configurations:
                config = SpaceConfiguration(scenario.configspace, values=dict(to_values(configuration)))
                info, value = runner.run_wrapper(TrialInfo(config, seed=209_652_396))
                report.on_tell_start(None, info, value)  # type: ignore[arg-type]
                assert isinstance(value.cost, float)
                seen.append(Seen(value.cost, value.additional_info))
        return seen

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        target = smac_target(bench, logger=logger)
        facade = HyperparameterOptimizationFacade
        with _scenario(seed, n or 60) as scenario:
            smac = facade(
                scenario,
                target,
                callbacks=[SmacReport(target), SmacStopAtBudget(budget_s, logger)],
                acquisition_maximizer=reproducible_maximizer(facade, scenario),
                model=quick_model(facade, scenario),
                overwrite=True,
                logging_level=False,
            )
            smac.optimize()
        return len(smac.runhistory)


@contextmanager
def _scenario(seed: int, n_trials: int) -> Iterator[Scenario]:
    with tempfile.TemporaryDirectory() as directory:
        space = configuration_space("ordinal")
        yield Scenario(space, output_directory=Path(directory), deterministic=True, seed=seed, n_trials=n_trials)


class HpbandsterWorkerCase:
    """``BohbWorker.compute``, which hpbandster calls with a plain configuration; the search is on a real nameserver."""

    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        on_ladder = replace(problem, ladder=[problem.epoch])
        worker = BohbWorker(bench=on_ladder, logger=logger, run_id="contract")
        answers = [worker.compute((0, 0, 0), to_values(each), float(problem.epoch)) for each in configurations]
        return [Seen(answer["loss"], answer["info"]) for answer in answers]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        return _bohb_search("nameserver", bench, logger, seed, n, budget_s)


class BohbCase(HpbandsterWorkerCase):
    """The in-process engine; single configurations as hpbandster's worker answers them."""

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        return _bohb_search("in_process", bench, logger, seed, n, budget_s)


def _bohb_search(
    engine: Any, bench: Benchmark, logger: TrajectoryLogger, seed: int, n: int | None, budget_s: float
) -> int:
    # A ladder whose brackets hold 3 + 1 and 2 evaluations: n is a multiple of 6.
    n_iterations = 2 * A_LOT if n is None else n // 6 * 2
    result = run_bohb(bench, n_iterations, seed=seed, ladder=(4, 12), engine=engine, budget_s=budget_s, logger=logger)
    return len(result.get_all_runs())


class PlainCase:
    """No framework: a function of a dictionary."""

    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        error = objective(problem, logger=logger)
        return [Seen(error(to_values(each)), None) for each in configurations]  # type: ignore[arg-type]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        error = objective(bench, logger=logger, encoding="unit")
        draws, budget = random.Random(seed), RunBudget(budget_s, error)
        n_trials = 0
        while n_trials < (n or A_LOT) and not budget.is_spent():
            error([draws.random() for _ in range(8)])
            n_trials += 1
        return n_trials


ADAPTERS: dict[str, AdapterCase] = {
    "optuna": OptunaCase(),
    "smac": SmacCase(),
    "bohb": BohbCase(),
    "hpbandster": HpbandsterWorkerCase(),
    "plain": PlainCase(),
}
