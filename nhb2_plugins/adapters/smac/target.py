"""NAS-HPO-Bench-II as a SMAC target function, for every facade, and the callbacks that SMAC needs beside it.

What SMAC does that a user of it should know (SMAC 2.4):

- It reads the target's signature and refuses callable objects, so :func:`smac_target` makes plain functions.
- It turns an exception in the target into a crashed trial and goes on. :class:`SmacReport` raises it to the caller.
- It passes its own large random seed numbers. :func:`smac_target` says which of the table's seeds they become.
- With ``n_workers`` > 1, or a limit on a trial's time or memory, the target runs in another process.
  :class:`SmacReport` records those evaluations where the logger is.
- It continues a run that it finds in its output directory unless ``overwrite=True``, and tells runs apart by their
  scenario and components alone: not by table, charging or logger.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol, Unpack, cast

from smac import Callback
from smac.main.exceptions import ConfigurationSpaceExhaustedException
from smac.main.smbo import SMBO
from smac.runhistory import StatusType, TrialInfo, TrialValue

from nhb2_plugins.adapters.framework import Framework
from nhb2_plugins.adapters.run import RunBudget
from nhb2_plugins.adapters.smac.run import SmacAnswer, SmacRun
from nhb2_plugins.arguments import checked_flag
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.trajectory.logger import TrajectoryLogger

_logger = logging.getLogger(__name__)
SMAC: Final = Framework(name="SMAC", has_fidelities=True, has_several_objectives=True)
Config = Mapping[str, Any]


class SmacTarget(Protocol):
    """What :func:`smac_target` makes: a plain function with one attribute.

    Attributes:
        run: the run behind the function: its ``logger``, the first ``error``, and ``raise_first_error()``.
    """

    run: SmacRun

    def __call__(self, config: Config, *arguments: Any, **named: Any) -> SmacAnswer:
        """SMAC's call; see :func:`smac_target`."""
        ...


def smac_target(
    bench: Benchmark | Problem,
    ladder: FidelityLadder | Iterable[float] | None = None,
    *,
    logger: TrajectoryLogger | None = None,
    instances: bool = False,
    **arguments: Unpack[ProblemArguments],
) -> SmacTarget:
    """The benchmark as a function that SMAC minimises; one function is one run.

    Its signature is what the facades ask for: ``f(config, seed)``; with a ladder ``f(config, seed, budget)``, for the
    multi-fidelity and Hyperband facades; with instances ``f(config, instance, seed)``. It returns the error in percent
    (several objectives: a dict by name) and a dict of :data:`nhb2_plugins.adapters.description.DESCRIPTION`, which
    SMAC keeps as the trial's additional information. All values are of built-in types.

    Which of the table's seeds answers:

    - ``seed`` given: that one.
    - ``instances``: the instance's name is the seed (``Scenario(instances=[str(s) for s in bench.seeds])``).
    - otherwise SMAC's seeds stand for the table's in the order in which they first appear, and round again. A
      deterministic scenario has one seed, which is thus the table's first, as everywhere in this package. Two
      exceptions: 0 (a call by hand) is the table's first and takes no place, and a seed of the table is itself.

    Args:
        bench: the problem, or a benchmark and a problem's keywords. Any encoding will do: without one a configuration's
            values tell. Several objectives need a ``Scenario`` with the same list.
        ladder: the budgets in epochs, with the ``min_budget``, ``max_budget`` and ``eta`` of :func:`smac_budgets`. A
            budget between the ladder's is served by the rung below.
        logger: where records go; None makes one.
        instances: whether the table's seeds are SMAC's instances.
        **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

    Raises:
        InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`; instances together with a ladder
            (SMAC's budgets are then numbers of instances) or with a seed.
        TrajectoryError: the logger belongs to another table.
    """
    problem = SMAC.problem(bench, arguments, ladder=ladder)
    if checked_flag("instances", instances) and (problem.ladder is not None or problem.seed is not None):
        raise InvalidValueError("instances=True takes neither a ladder (SMAC counts instances instead) nor a seed")
    run = SmacRun(problem, logger=logger)
    target: Any
    if instances:
        target = _target_with_instances(run)
    elif problem.ladder is not None:
        target = _target_with_budgets(run)
    else:
        target = _plain_target(run)
    target.run = run
    return cast(SmacTarget, target)


def _plain_target(run: SmacRun) -> Any:
    def nhb2_target(config: Config, seed: int = 0) -> SmacAnswer:
        return run.answer(config, seed)

    return nhb2_target


def _target_with_budgets(run: SmacRun) -> Any:
    def nhb2_target(config: Config, seed: int, budget: float) -> SmacAnswer:
        return run.answer(config, seed, budget=budget)

    return nhb2_target


def _target_with_instances(run: SmacRun) -> Any:
    def nhb2_target(config: Config, instance: str, seed: int = 0) -> SmacAnswer:
        return run.answer(config, seed, instance=instance)

    return nhb2_target


class SmacReport(Callback):
    """Raises the target's first exception out of ``facade.optimize()``, and records what worker processes evaluated.

    In a run that SMAC continues, it also lets SMAC's seeds stand for the seeds of the table that they stood for before.

    Args:
        target: the function that the facade runs.

    Raises:
        InvalidValueError: not a function that :func:`smac_target` made.
    """

    def __init__(self, target: SmacTarget) -> None:
        super().__init__()
        self._run = _run_of(target)
        self._run.is_reported = True
        self._has_looked_back = False

    def on_start(self, smbo: SMBO) -> None:
        """Let ``optimize()`` end when the space does (SMAC raises an exception without a word)."""
        smbo._trial_generator = _until_exhausted(smbo._trial_generator)

    def on_ask_start(self, smbo: SMBO) -> None:
        """Before the first proposal, look at what SMAC has read of an earlier run.

        Raises:
            TrajectoryError: that run is on another table.
        """
        if not self._has_looked_back:
            self._has_looked_back = True
            self._run.look_back(smbo.runhistory)

    def on_ask_end(self, smbo: SMBO, info: TrialInfo) -> None:  # noqa: ARG002
        """Count what was asked for."""
        self._run.n_asked += 1

    def on_end(self, smbo: SMBO) -> None:  # noqa: ARG002
        """Nothing that runs is waited for any more."""
        self._run.n_asked = 0

    def on_tell_start(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> None:  # noqa: ARG002
        """Look at a result before SMAC learns it.

        Raises:
            InvalidValueError: SMAC counts a trial as crashed though the target answered it (as when the scenario's
                objectives are not the target's); SMAC's reason is in the message.
            Exception: the target's own.
        """
        self._run.n_asked = max(0, self._run.n_asked - 1)
        self._run.collect(info, value)
        self._run.raise_first_error()
        told = value.additional_info or {}
        if value.status == StatusType.CRASHED and "traceback" in told:  # SMAC's own; others tell of crashes of theirs
            reason = told.get("error", "no reason given")
            raise InvalidValueError(f"SMAC counts a trial as crashed that the target answered: {reason}")


class SmacStopAtBudget(Callback):
    """Stops SMAC when the run's simulated seconds are spent; the evaluation that crosses the budget counts.

    (With worker processes those under way are finished too.) SMAC's own ``walltime_limit`` and ``cputime_limit`` are
    real time.

    Args:
        budget_s: simulated seconds.
        logger: the logger whose simulated clock is read, or the target that has it.

    Raises:
        InvalidValueError: the budget is not positive, or neither a logger nor a target.
    """

    def __init__(self, budget_s: float, logger: TrajectoryLogger | SmacTarget) -> None:
        super().__init__()
        run: Any = logger
        self._budget = RunBudget(budget_s, getattr(run, "run", run))

    def on_tell_end(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> bool | None:  # noqa: ARG002
        """False, SMAC's signal to stop, once the budget is spent."""
        return False if self._budget.is_spent() else None


def _until_exhausted(trials: Iterator[TrialInfo]) -> Iterator[TrialInfo]:
    try:
        yield from trials
    except ConfigurationSpaceExhaustedException:
        _logger.warning("SMAC found no configuration that it has not tried, and ends before its n_trials")


def _run_of(target: SmacTarget) -> SmacRun:
    run = getattr(target, "run", None)
    if not isinstance(run, SmacRun):
        raise InvalidValueError(f"target {target!r:.80} is not a function that smac_target(bench) made")
    return run
