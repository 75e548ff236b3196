"""The run behind a SMAC target function: which evaluation SMAC asks for, and what becomes of it in which process."""

from __future__ import annotations

import base64
import logging
import math
import os
import pickle
import traceback
from collections.abc import Mapping
from numbers import Integral
from typing import Any, Final, NamedTuple

from smac.runhistory import RunHistory, TrialInfo, TrialValue

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.adapters.run import RecordedRun
from nhb2_plugins.benchmark import Seed
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.recorder import Recorder

SmacAnswer = tuple[float | dict[str, float], dict[str, Any]]
"""Cost (several objectives: by name) and additional information."""

_UNRECORDED: Final = "unrecorded"
_PICKLED_ERROR: Final = "pickled_error"
_logger = logging.getLogger(__name__)


class _Request(NamedTuple):
    """One evaluation that SMAC asks for, as a recorder is asked for it."""

    configuration: Configuration
    epoch: int
    budget: float | None
    seed: Seed | None


class SmacRun(RecordedRun):
    """The state of one run: its records, its first error, and the table's seeds that SMAC's seeds stand for.

    It belongs to the process that made it. In any other (a dask worker, a process with a time limit) it evaluates
    without charging or recording, and marks its answers for :meth:`collect`.

    Args:
        problem: what to answer.
        logger: where records go; None makes one.

    Attributes:
        is_reported: whether a ``SmacReport`` takes care of this run's results.
        n_asked: how many trials SMAC has asked for and was not yet told of.
        error: the first exception.
    """

    def __init__(self, problem: Problem, *, logger: TrajectoryLogger | None = None) -> None:
        self.is_reported = False
        self.n_asked = 0
        self._begin(problem, logger)
        self._process = os.getpid()
        self._seed_ranks: dict[int, int] = {}
        self._budget_of_rung: dict[int, float] = {}

    def answer(
        self, config: Mapping[str, Any], smac_seed: int, *, budget: float | None = None, instance: str | None = None
    ) -> SmacAnswer:
        """Evaluate, charge and record what SMAC asks for.

        Raises:
            InvalidValueError: a configuration, budget or instance outside the table.
            Exception: whatever the benchmark or a sink raises; the first is kept.
        """
        if os.getpid() != self._process:
            return _answer_elsewhere(self.problem, config, smac_seed, budget, instance)
        try:
            request = self._request(config, smac_seed, budget, instance)
            record = self.recorder.evaluate(**request._asdict())
        except Exception as error:
            self.keep(error)
            raise
        return _answered(self.problem.costs(record), self.problem), describe(record)

    def look_back(self, earlier: RunHistory) -> None:
        """Let SMAC's seeds stand for what they stood for in a run that SMAC continues, in the order of their trials.

        Raises:
            TrajectoryError: that run is on another table.
        """
        seeds, table = self.problem.bench.seeds, self.problem.bench.provenance.key
        for trial, value in earlier.items():
            told = value.additional_info or {}
            if (other := told.get("table", table)) != table:
                raise TrajectoryError(
                    f"SMAC continues a run on the table {other}, which cannot go on with {table}: give the scenario "
                    "another name or output_directory, or the facade overwrite=True"
                )
            table_seed = told.get("seed")
            if trial.seed and trial.seed not in seeds and table_seed in seeds:
                self._seed_ranks.setdefault(int(trial.seed), seeds.index(table_seed))

    def collect(self, info: TrialInfo, value: TrialValue) -> None:
        """Record a result that another process evaluated, or keep the error that it met.

        Raises:
            InvalidValueError: it was evaluated with another of the table's seeds than it stands for in this run.
        """
        answer = value.additional_info or {}
        if not answer.pop(_UNRECORDED, False):
            return
        if _PICKLED_ERROR in answer:
            self.keep(pickle.loads(base64.b64decode(answer.pop(_PICKLED_ERROR))))
            return
        request = self._request(info.config, info.seed or 0, info.budget, info.instance)
        if request.seed is not None and answer["seed"] != request.seed:
            raise InvalidValueError(
                f"SMAC asks for several seeds in worker processes, which cannot know their order: seed {info.seed} "
                f"was answered with {answer['seed']}, not {request.seed}. Use Scenario(deterministic=True), "
                "smac_target(seed=...), or smac_target(instances=True)"
            )
        answer.update(describe(self.recorder.evaluate(**request._asdict())))

    def __reduce_ex__(self, protocol: Any) -> Any:
        """What another process gets: a run that evaluates only, for :meth:`collect`."""
        if not self.is_reported:
            raise TrajectoryError(
                "SMAC is about to run this target in another process, whose records would be lost: "
                "give the facade callbacks=[SmacReport(target)]"
            )
        if not self.n_asked:
            raise TrajectoryError(
                "SMAC is about to run this target in another process without having asked for a trial, as validate() "
                "does with n_workers > 1: it reads no result, and the records would be lost. Evaluate the "
                "configuration with the benchmark, or validate with n_workers=1"
            )
        return _ElsewhereRun, (self.problem,)

    def keep(self, error: Exception) -> None:
        """Keep an exception, if it is the first, and say so where nobody will raise it."""
        if self.error is None and not self.is_reported:
            _logger.error("the target failed and SMAC goes on; see target.run.raise_first_error(): %r", error)
        super().keep(error)

    def _request(
        self, config: Mapping[str, Any], smac_seed: int, budget: float | None, instance: str | None
    ) -> _Request:
        request = _request(self.problem, config, self._rank(smac_seed), smac_seed, budget, instance)
        if (
            request.budget is not None
            and (other := self._budget_of_rung.setdefault(request.epoch, request.budget)) != request.budget
        ):
            raise InvalidValueError(
                f"SMAC asks for the budgets {other} and {request.budget}, which are both served by epoch "
                f"{request.epoch}: give the facade the eta of smac_budgets(ladder)"
            )
        return request

    def _rank(self, smac_seed: int) -> int:
        """Position of a seed of SMAC among those seen so far."""
        if not isinstance(smac_seed, Integral):
            raise InvalidValueError(f"seed {smac_seed!r:.80} is not an integer; 0 is the table's first seed")
        if smac_seed == 0 or smac_seed in self.problem.bench.seeds:
            return 0
        return self._seed_ranks.setdefault(int(smac_seed), len(self._seed_ranks))


class _ElsewhereRun:
    """A run as another process knows it."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def answer(
        self, config: Mapping[str, Any], smac_seed: int, *, budget: float | None = None, instance: str | None = None
    ) -> SmacAnswer:
        return _answer_elsewhere(self._problem, config, smac_seed, budget, instance)


def _answer_elsewhere(
    problem: Problem,
    config: Mapping[str, Any],
    smac_seed: int,
    budget: float | None,
    instance: str | None,
) -> SmacAnswer:
    try:
        # A recorder of this one evaluation: the same path to the same numbers; the run's own process records it.
        record = Recorder(problem).evaluate(**_request(problem, config, 0, smac_seed, budget, instance)._asdict())
    except Exception as error:
        # An infinite cost makes SMAC count the trial as crashed, and it keeps what comes with it.
        worst = _answered((math.inf,) * len(problem.objectives), problem)
        return worst, {_UNRECORDED: True, _PICKLED_ERROR: _pickled(error)}
    return _answered(problem.costs(record), problem), {_UNRECORDED: True, **describe(record)}


def _pickled(error: Exception) -> str:
    """An exception as text that JSON can hold; one that cannot be pickled becomes its traceback."""
    try:
        content = pickle.dumps(error)
        pickle.loads(content)
    except Exception:
        content = pickle.dumps(TrajectoryError("".join(traceback.format_exception(error))))
    return base64.b64encode(content).decode()


def _answered(values: tuple[float, ...], problem: Problem) -> float | dict[str, float]:
    return values[0] if len(values) == 1 else dict(zip(problem.objectives, values, strict=True))


def _request(
    problem: Problem,
    config: Mapping[str, Any],
    rank: int,
    smac_seed: int,
    budget: float | None,
    instance: str | None,
) -> _Request:
    epoch, ladder_budget = problem.served(budget)
    seeds = problem.bench.seeds
    seed: Seed | None
    if instance is not None:
        seed = _seed_of_instance(instance, seeds)
    elif problem.seed is not None:
        seed = problem.seed
    elif smac_seed in seeds:
        seed = int(smac_seed)
    else:
        seed = seeds[rank % len(seeds)]
    return _Request(problem.configuration(config), epoch, ladder_budget, seed)


def _seed_of_instance(instance: str, seeds: tuple[int, ...]) -> int:
    for seed in seeds:
        if str(seed) == instance:
            return seed
    raise InvalidValueError(f"instance {instance!r} is not one of the table's seeds {[str(seed) for seed in seeds]}")
