"""NAS-HPO-Bench-II for CARP-S: the objective function, and the task around it.

CARP-S's optimizers run on a task; Hydra makes both from YAML. :class:`CarpsObjectiveFunction` takes plain YAML values
(``_target_: nhb2_plugins.adapters.carps_adapter.CarpsObjectiveFunction``), and ``configs/carps`` holds whole tasks for
``python -m carps.run`` (:data:`CARPS_CONFIGS`). In a program, :func:`carps_task` makes the task.

What CARP-S (1.1) does that a user of it should know:

- A trial's ``virtual_time`` is what its optimizers count against a task's ``time_budget``, together with the real time
  since the start; :func:`carps_stop_at_budget` counts the simulated seconds alone. Its analysis adds ``virtual_time``
  to ``starttime``, so that is 0 here: a run's elapsed time is its simulated clock.
- An exception of the benchmark ends ``optimizer.run()``.
- Optimizers write their own seed into a trial. It has nothing to do with the table's seeds, and is not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from carps.loggers.abstract_logger import AbstractLogger
from carps.objective_functions.objective_function import ObjectiveFunction
from carps.optimizers.optimizer import Optimizer
from carps.utils.task import (
    FidelitySpace,
    InputSpace,
    OptimizationResources,
    OutputSpace,
    Task,
    TaskMetadata,
    get_search_space_info,
)
from carps.utils.trials import TrialInfo, TrialValue
from ConfigSpace import Configuration as SpaceConfiguration
from ConfigSpace import ConfigurationSpace

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.benchmark import Benchmark, Seed, open_benchmark
from nhb2_plugins.charging import Charging
from nhb2_plugins.encoding import Encoding, checked_encoding, to_configuration, to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, FidelityLadder, checked_epoch, checked_ladder
from nhb2_plugins.objectives import checked_objectives, objective_values
from nhb2_plugins.search_space import configuration_space
from nhb2_plugins.simulation import checked_budget
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.table.location import shipped_directories
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.recorder import Recorder, checked_seed

__all__ = [
    "BENCHMARK_ID",
    "CARPS_CONFIGS",
    "FIDELITY_TYPE",
    "CarpsObjectiveFunction",
    "carps_configuration",
    "carps_metadata",
    "carps_stop_at_budget",
    "carps_task",
    "carps_trial",
]

BENCHMARK_ID: Final = "NAS-HPO-Bench-II"
"""CARP-S's ``benchmark_id``, also in the names of tasks."""
FIDELITY_TYPE: Final = "epochs"
CARPS_CONFIGS: Final = next(filter(Path.is_dir, shipped_directories("configs/carps")), Path())
"""The directory of the shipped tasks, for ``python -m carps.run --config-dir``."""
Table = Benchmark | str | os.PathLike[str] | None
"""A benchmark, the directory of its table, or None for :func:`nhb2_plugins.benchmark.open_benchmark`'s choice."""

_MEASURED: Final = ("published", "imported")
_OptimizerT = TypeVar("_OptimizerT", bound=Optimizer)


class CarpsObjectiveFunction(ObjectiveFunction):  # type: ignore[misc]  # CARP-S is not installed where types are checked
    """One run: it evaluates, charges and records what an optimizer of CARP-S asks for.

    A trial's value holds the error in percent, or a list of several objectives, as ``cost``; the charged simulated
    seconds as ``time`` and as ``virtual_time``; and :data:`nhb2_plugins.adapters.description.DESCRIPTION` as
    ``additional_info``. All are of built-in types.

    Attributes:
        bench: the benchmark.
        logger: the records (CARP-S's own loggers are ``loggers``).
        ladder: the budgets, or None.
        encoding: of :attr:`configspace`.
        restriction: the part of the space.
        whole_cells: whether :attr:`configspace` has ``cell`` in the place of the six edges.
        objectives: what ``cost`` holds.
        epoch: the highest fidelity.
    """

    def __init__(
        self,
        bench: Table = None,
        epoch: int = SCHEDULE_EPOCHS,
        charging: Charging = "from_scratch",
        logger: TrajectoryLogger | None = None,
        seed: Seed | None = None,
        encoding: Encoding = "ordinal",
        *,
        restriction: Subspace = WHOLE_SPACE,
        whole_cells: bool = False,
        ladder: FidelityLadder | Iterable[float] | None = None,
        objectives: Sequence[str] = ("error_pct",),
        space_seed: int | None = None,
        loggers: list[AbstractLogger] | None = None,
    ) -> None:
        """Set up the run.

        Args:
            bench: the benchmark; or what opens it: the directory of a table, or None.
            epoch: the fidelity without a ladder, 1..12 or 200 (an expected *test* accuracy, with an estimated cost).
            charging: the charging policy (:mod:`nhb2_plugins.charging`).
            logger: where records go; None makes one.
            seed: the table's seed; None for the first, ``"mean"`` for the mean over all.
            encoding: as :func:`nhb2_plugins.search_space.configuration_space`.
            restriction: the part of the space; by default all of it. ``one_per_class`` is said with forbidden clauses,
                which some of CARP-S's optimizers refuse; with ``whole_cells`` it is not.
            whole_cells: one categorical, ``cell``, in the place of the six edges.
            ladder: budgets in epochs for multi-fidelity optimizers; a budget in between is served by the rung below,
                and a trial without a budget by the highest rung. With it, ``epoch`` is not read.
            objectives: names out of :data:`nhb2_plugins.objectives.OBJECTIVES`, all minimised.
            space_seed: seeds the space, from which random search draws; None leaves it unseeded.
            loggers: CARP-S's loggers.

        Raises:
            InvalidValueError: an unknown epoch, ladder, policy, seed, encoding or objective.
            TrajectoryError: the logger belongs to another table.
        """
        super().__init__(loggers)
        self.bench = _benchmark(bench)
        self.ladder = None if ladder is None else checked_ladder(ladder)
        self.epoch = checked_epoch(epoch) if self.ladder is None else self.ladder.rungs[-1]
        self.encoding = checked_encoding(encoding)
        self.restriction = restriction
        self.whole_cells = whole_cells
        self.objectives = checked_objectives(objectives)
        self._seed = checked_seed(seed, self.bench)
        self._recorder = Recorder(self.bench, charging=charging, logger=logger)
        self._configspace = configuration_space(
            encoding, seed=space_seed, restriction=restriction, whole_cells=whole_cells
        )

    @property
    def configspace(self) -> ConfigurationSpace:
        """The joint space, or the part of it."""
        return self._configspace

    @property
    def logger(self) -> TrajectoryLogger:
        """Where the records are."""
        return self._recorder.logger

    @property
    def f_min(self) -> float | None:
        """The smallest error at the highest fidelity; None with other objectives, or in a part of the space."""
        if self.objectives != ("error_pct",) or self.restriction != WHOLE_SPACE:
            return None
        configuration, _ = self.bench.oracle(self.epoch, seed=self._seed)
        return self.bench.evaluate(configuration, self.epoch, seed=self._seed).error_pct

    def _evaluate(self, trial_info: TrialInfo) -> TrialValue:
        """Evaluate a trial; CARP-S's ``evaluate`` calls it when it has found the configuration in :attr:`configspace`.

        Raises:
            InvalidValueError: a budget without a ladder or below it, or an instance.
            Exception: whatever the benchmark or a sink raises.
        """
        if trial_info.instance is not None:
            raise InvalidValueError(f"instance {trial_info.instance!r}: this objective function has no instances")
        configuration = carps_configuration(trial_info, self.encoding)
        epoch, budget = self._served(trial_info.budget)
        record = self._recorder.evaluate(configuration, epoch, seed=self._seed, budget=budget)
        costs = objective_values(record, self.objectives)
        return TrialValue(
            cost=list(costs) if len(costs) > 1 else costs[0],
            time=record.charged_cost_s,
            virtual_time=record.charged_cost_s,
            additional_info=describe(record),
        )

    def _served(self, budget: float | None) -> tuple[int, float | None]:
        """The epoch that serves a trial's budget, and the budget."""
        if budget is None:
            return self.epoch, None
        if self.ladder is None:
            raise InvalidValueError(f"budget {budget!r}: this objective function has no ladder; give it ladder=[...]")
        return self.ladder.served(budget)


def carps_configuration(trial_info: TrialInfo, encoding: Encoding = "ordinal") -> Configuration:
    """The configuration of a trial (of ``optimizer.ask()``, or an incumbent's).

    Raises:
        InvalidValueError: it is not one of this space, or the encoding is unknown.
    """
    return to_configuration(trial_info.config, encoding)


def carps_trial(
    configuration: Configuration, objective_function: CarpsObjectiveFunction, budget: float | None = None
) -> TrialInfo:
    """A configuration as a trial, for ``objective_function.evaluate``.

    Raises:
        InvalidValueError: the configuration is outside the objective function's part of the space.
    """
    configuration = objective_function.restriction.checked(configuration)
    values = to_values(configuration, objective_function.encoding, whole_cells=objective_function.whole_cells)
    return TrialInfo(config=SpaceConfiguration(objective_function.configspace, values=values), budget=budget)


def carps_task(
    bench: Table = None,
    epoch: int = SCHEDULE_EPOCHS,
    charging: Charging = "from_scratch",
    logger: TrajectoryLogger | None = None,
    seed: Seed | None = None,
    encoding: Encoding = "ordinal",
    *,
    restriction: Subspace = WHOLE_SPACE,
    whole_cells: bool = False,
    ladder: FidelityLadder | Iterable[float] | None = None,
    objectives: Sequence[str] = ("error_pct",),
    n_trials: int | None = None,
    budget_s: float | None = None,
    task_seed: int | None = None,
    loggers: list[AbstractLogger] | None = None,
) -> Task:
    """A task for CARP-S's optimizers: ``optimizer(task=carps_task(n_trials=100)).run()``.

    With a ladder it is a multi-fidelity task whose fidelities are epochs, and CARP-S counts a trial at a lower budget
    as that share of one; with several objectives it is multi-objective.

    Args:
        bench: as :class:`CarpsObjectiveFunction`, like all that is not named here.
        epoch: likewise.
        charging: likewise.
        logger: likewise.
        seed: the table's seed.
        encoding: likewise.
        restriction: likewise.
        whole_cells: likewise.
        ladder: likewise.
        objectives: likewise.
        n_trials: how many evaluations (at the highest fidelity) a run has; or None.
        budget_s: how many simulated seconds a run has; or None. CARP-S holds it as ``time_budget``, in minutes, and
            takes its own real time from it: :func:`carps_stop_at_budget` does not.
        task_seed: the run's seed, which random search draws by; None leaves the space unseeded.
        loggers: CARP-S's loggers.

    Raises:
        InvalidValueError: as :class:`CarpsObjectiveFunction`; or neither ``n_trials`` nor ``budget_s`` is given, or one
            is not positive.
        TrajectoryError: the logger belongs to another table.
    """
    objective_function = CarpsObjectiveFunction(
        bench,
        epoch,
        charging,
        logger,
        seed,
        encoding,
        restriction=restriction,
        whole_cells=whole_cells,
        ladder=ladder,
        objectives=objectives,
        space_seed=task_seed,
        loggers=loggers,
    )
    return Task(
        name=_task_name(objective_function),
        objective_function=objective_function,
        input_space=InputSpace(objective_function.configspace, _fidelity_space(objective_function.ladder)),
        output_space=OutputSpace(len(objective_function.objectives), objective_function.objectives),
        optimization_resources=_resources(n_trials, budget_s),
        metadata=carps_metadata(objective_function.bench, encoding, restriction, whole_cells),
        seed=task_seed,
    )


def carps_metadata(
    bench: Table = None,
    encoding: Encoding = "ordinal",
    restriction: Subspace = WHOLE_SPACE,
    whole_cells: bool = False,
) -> TaskMetadata:
    """What a task says of itself: a NAS task, ``tabular`` where the table was measured and ``surrogate`` otherwise.

    Raises:
        InvalidValueError: an unknown encoding.
    """
    kind = _benchmark(bench).provenance.kind
    return TaskMetadata(
        has_constraints=False,
        domain="NAS",
        objective_function_approximation="tabular" if kind in _MEASURED else "surrogate",
        has_virtual_time=True,
        deterministic=True,
        **get_search_space_info(configuration_space(encoding, restriction=restriction, whole_cells=whole_cells)),
    )


def carps_stop_at_budget(optimizer: _OptimizerT, budget_s: float) -> _OptimizerT:
    """Let an optimizer stop when simulated time is spent, and return it.

    The evaluation that crosses the budget counts, and is the last one. The task's own ``n_trials`` and ``time_budget``
    keep their meaning.

    Args:
        optimizer: of CARP-S, on a task of this module, not yet run.
        budget_s: simulated seconds.

    Raises:
        InvalidValueError: the budget is not positive, or the task's objective function is not of this module.
    """
    budget = checked_budget(budget_s)
    objective_function = optimizer.task.objective_function
    if not isinstance(objective_function, CarpsObjectiveFunction):
        raise InvalidValueError(f"{type(objective_function).__name__} has no simulated clock")
    clock, go_on = objective_function.logger, optimizer.continue_optimization

    def continue_optimization(start_time: float) -> bool:
        return clock.clock_s < budget and go_on(start_time=start_time)

    optimizer.continue_optimization = continue_optimization
    return optimizer


def _benchmark(bench: Table) -> Benchmark:
    return bench if isinstance(bench, Benchmark) else open_benchmark(bench)


def _task_name(function: CarpsObjectiveFunction) -> str:
    """What CARP-S compares runs within: numbers of different names do not mix."""
    name = f"{BENCHMARK_ID}/{function.bench.provenance.key}/epoch-{function.epoch}"
    if function.objectives != ("error_pct",):
        name += f"/{'+'.join(function.objectives)}"
    if restricted := function.restriction.to_dict():
        name += f"/{','.join(f'{key}={value}' for key, value in restricted.items())}"
    return name


def _fidelity_space(ladder: FidelityLadder | None) -> FidelitySpace:
    if ladder is None:
        return FidelitySpace()
    return FidelitySpace(
        is_multifidelity=True,
        fidelity_type=FIDELITY_TYPE,
        min_fidelity=ladder.budgets[0],
        max_fidelity=ladder.budgets[-1],
    )


def _resources(n_trials: int | None, budget_s: float | None) -> OptimizationResources:
    if n_trials is None and budget_s is None:
        raise InvalidValueError("a task needs n_trials, budget_s (simulated seconds), or both")
    if n_trials is not None and n_trials < 1:
        raise InvalidValueError(f"n_trials {n_trials!r} is not positive")
    minutes = None if budget_s is None else checked_budget(budget_s) / 60
    return OptimizationResources(n_trials=n_trials, time_budget=minutes)
