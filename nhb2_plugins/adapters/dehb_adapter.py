"""NAS-HPO-Bench-II for DEHB: the objective function, the space, the budgets, and a run in one call.

What DEHB does that a user of it should know (DEHB 0.1.2):

- ``DEHB.run`` logs an exception of the objective function and returns None. :meth:`DehbObjective.raise_first_error`
  raises it; :func:`run_dehb` asks and tells, so that it comes by itself.
- ``run(total_cost=…)`` is real time. :func:`run_dehb` has a budget in simulated seconds.
- It computes budgets with logarithms, which can lose the lowest one; :func:`dehb_budgets` makes it run a ladder's.
- It writes files into the working directory unless it is given an ``output_path``.
- It knows no forbidden clauses; :func:`dehb_space` has one categorical, ``cell``, where a restriction needs them.
- With ``n_workers`` > 1 the objective function runs in other processes, whose records would be lost: it refuses.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, Final, Unpack

from ConfigSpace import ConfigurationSpace
from dehb import DEHB

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.framework import DEFAULT_LADDER, Framework
from nhb2_plugins.adapters.run import RecordedRun
from nhb2_plugins.arguments import checked_count, checked_search_seed
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.budget import Budget
from nhb2_plugins.encoding import Encoding, checked_encoding
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder, checked_ladder, just_below
from nhb2_plugins.problem import Problem, ProblemArguments, split_arguments
from nhb2_plugins.search_space import configuration_space
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction
from nhb2_plugins.trajectory.logger import TrajectoryLogger

__all__ = [
    "DehbBudgets",
    "DehbObjective",
    "dehb_budgets",
    "dehb_configuration",
    "dehb_space",
    "dehb_values",
    "run_dehb",
]

DEHB_FRAMEWORK: Final = Framework(name="DEHB", encoding="ordinal", default_ladder=DEFAULT_LADDER)


def dehb_space(
    encoding: Encoding = "ordinal", restriction: Subspace = WHOLE_SPACE, *, seed: int | None = None
) -> ConfigurationSpace:
    """The joint space for ``DEHB(cs=…)``, which seeds it anew.

    Args:
        encoding: of learning rate and batch size, as
            :func:`nhb2_plugins.search_space.configuration_space`.
        restriction: the part of the space; by default all of it. With ``one_per_class`` the six edges become one
            categorical, ``cell``: DEHB knows no forbidden clauses.
        seed: seeds the space's own generator.

    Raises:
        InvalidValueError: an unknown encoding.
    """
    whole_cells = checked_restriction(restriction).needs_whole_cells
    encoding = checked_encoding(encoding, DEHB_FRAMEWORK.encodings)
    return configuration_space(encoding, seed=seed, restriction=restriction, whole_cells=whole_cells)


def dehb_configuration(config: Mapping[str, Any], encoding: Encoding = "ordinal") -> Configuration:
    """The configuration of a job's ``config``, or of an incumbent.

    Raises:
        InvalidValueError: it is not one of this space, or the encoding is unknown.
    """
    return DEHB_FRAMEWORK.configuration(config, encoding)


def dehb_values(
    configuration: Configuration, encoding: Encoding = "ordinal", restriction: Subspace = WHOLE_SPACE
) -> dict[str, Any]:
    """A configuration's hyperparameters by name, for the objective function or a ``ConfigSpace.Configuration``.

    Raises:
        InvalidValueError: an unknown encoding, or the configuration is outside the restriction.
    """
    return DEHB_FRAMEWORK.values(configuration, encoding, restriction)


@dataclass(frozen=True)
class DehbBudgets:
    """DEHB's three settings for a ladder: ``DEHB(min_fidelity=…, max_fidelity=…, eta=…)``.

    Attributes:
        min_fidelity: a billionth below the lowest budget, so that no logarithm loses it. DEHB never runs it.
        max_fidelity: the highest budget.
        eta: the ratio of neighbouring budgets.
    """

    min_fidelity: float
    max_fidelity: float
    eta: float


def dehb_budgets(ladder: FidelityLadder | Iterable[float]) -> DehbBudgets:
    """The settings with which DEHB runs exactly a ladder's budgets.

    Args:
        ladder: at least two budgets in epochs, geometric: ``(12, 200)``, or ``FidelityLadder.hyperband(1, 12)``.

    Raises:
        InvalidValueError: a ladder that is not geometric.
    """
    ladder = checked_ladder(ladder)
    low, high = float(ladder.budgets[0]), float(ladder.budgets[-1])
    return DehbBudgets(just_below(low), high, ladder.eta)


class DehbObjective(RecordedRun):
    """``DEHB(f=…)``: it evaluates, charges and records; one object is one run.

    Attributes:
        logger: the records.
        problem: what it answers.
        error: the first unexpected exception. ``DEHB.run`` logs it and ends.
    """

    _WAY_OUT = "Give DEHB n_workers=1"

    def __init__(
        self,
        bench: Benchmark | Problem,
        ladder: FidelityLadder | Iterable[float] | None = None,
        *,
        logger: TrajectoryLogger | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        """Set up the run.

        Args:
            bench: the problem, which has a ladder; or a benchmark and a problem's keywords. The encoding is by default
                ``ordinal``, as the space's.
            ladder: budgets in epochs; one in between is served by the rung below. Beside a benchmark None is
                (12, 200).
            logger: where records go; None makes one.
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

        Raises:
            InvalidValueError: not a logger, a problem without a ladder, or as :class:`~nhb2_plugins.problem.Problem`.
            TrajectoryError: the logger belongs to another table.
        """
        self._begin(DEHB_FRAMEWORK.problem(bench, arguments, ladder=ladder), logger)

    def __call__(self, config: Mapping[str, Any], fidelity: float, **_: object) -> dict[str, Any]:
        """Evaluate a configuration.

        Args:
            config: hyperparameters by name.
            fidelity: the budget in epochs.
            **_: what was given to ``DEHB.run`` for the objective function; not read.

        Returns:
            ``fitness``, the error in percent; ``cost``, the charged simulated seconds; and ``info``, all of
            :data:`nhb2_plugins.adapters.description.DESCRIPTION`. All are of built-in types.

        Raises:
            InvalidValueError: the configuration is outside the part of the space, or the budget below the ladder.
            Exception: whatever the benchmark or a sink raises; the first is kept.
        """
        record = self._record(config, float(fidelity))
        return {"fitness": record.error_pct, "cost": record.charged_cost_s, "info": describe(record)}

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse, and keep the refusal: ``DEHB.run`` logs it and ends."""
        try:
            return super().__reduce_ex__(protocol)
        except TrajectoryError as error:
            self.keep(error)
            raise


def run_dehb(
    bench: Benchmark | Problem,
    n_evaluations: int | None,
    seed: int = 0,
    ladder: FidelityLadder | Iterable[float] | None = None,
    budget_s: float | None = None,
    logger: TrajectoryLogger | None = None,
    *,
    output_path: str | os.PathLike[str] | None = None,
    **arguments: Any,
) -> DEHB:
    """Run DEHB on the benchmark, one evaluation after the other.

    Args:
        bench: as :class:`DehbObjective`.
        n_evaluations: how many; None to run until ``budget_s`` is spent.
        seed: the search's seed.
        ladder: as :class:`DehbObjective`, and geometric, as :func:`dehb_budgets`.
        budget_s: simulated seconds; the evaluation that crosses them counts, and is the last one. None for no limit.
        logger: takes one record per evaluation; None makes one.
        output_path: where DEHB writes its log, history and state; None keeps none of them.
        **arguments: a problem's keywords beside a benchmark, the table's seed as ``table_seed``; and DEHB's own
            settings: ``strategy``, ``mutation_factor``, ``crossover_prob``, ``log_level`` …; with ``resume=True`` it
            goes on from what is in ``output_path``, and the logger from its records (:meth:`TrajectoryLogger.resume`).

    Returns:
        The optimizer after its run, with ``history``, ``traj``, ``runtime`` and ``get_incumbents()``; its ``f`` is the
        :class:`DehbObjective`.

    Raises:
        InvalidValueError: neither ``n_evaluations`` nor ``budget_s``, one of them not positive, or as
            :func:`dehb_budgets` and :class:`DehbObjective`.
        TrajectoryError: resumed, with a logger that has other evaluations than DEHB's files.
        Exception: the first error of an evaluation, as itself.
    """
    if n_evaluations is None and budget_s is None:
        raise InvalidValueError("n_evaluations None needs a budget_s: the search would never end")
    n_most = math.inf if n_evaluations is None else checked_count("n_evaluations", n_evaluations)
    budget = Budget.or_none(budget_s)
    own, settings = split_arguments(arguments)
    objective = DehbObjective(bench, ladder, logger=logger, **own)
    problem = objective.problem
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory()) if output_path is None else output_path
        optimizer = DEHB(
            f=objective,
            cs=dehb_space(problem.settled_encoding, problem.restriction),
            **asdict(dehb_budgets(problem.ladder or DEFAULT_LADDER)),
            seed=checked_search_seed(seed),
            n_workers=1,
            output_path=directory,
            **({"save_freq": "end"} | settings),
        )
        if (n_told := len(optimizer.history)) != len(objective.logger) and n_told:
            raise TrajectoryError(
                f"DEHB goes on after {n_told} evaluations, and the logger after {len(objective.logger)}: give it what "
                "TrajectoryLogger.resume reads of the same run"
            )
        while len(optimizer.history) < n_most and not budget.is_spent(objective.logger.clock_s):
            job = optimizer.ask()
            optimizer.tell(job, objective(job["config"], job["fidelity"]))
        if output_path is not None:
            optimizer.save()
    return optimizer
