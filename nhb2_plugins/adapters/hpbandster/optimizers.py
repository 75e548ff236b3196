"""hpbandster's optimizers on any ladder, without its silences.

``LadderBohb``, ``LadderHyperband`` and ``LadderRandomSearch`` are hpbandster's ``BOHB``, ``HyperBand`` and
``RandomSearch`` (0.7.4) with four differences:

- they take a ladder, whose budgets they ask for exactly, and brackets that are right for it;
- importing them repairs hpbandster for today's packages (:mod:`~nhb2_plugins.adapters.hpbandster.repair`);
- an exception that hpbandster would turn into a random configuration, a crashed one or a hang is raised by ``run``;
- ``run`` ends, and ``shutdown`` works, whatever happened.

Whoever wants hpbandster's own classes gets the arguments for a ladder from :func:`hpbandster_budgets`.
"""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import numpy as np
import Pyro4
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Dispatcher, Job
from hpbandster.core.master import Master
from hpbandster.core.result import Result
from hpbandster.optimizers import BOHB, HyperBand, RandomSearch
from hpbandster.optimizers.config_generators.bohb import BOHB as BohbGenerator  # noqa: N811
from hpbandster.optimizers.config_generators.random_sampling import RandomSampling
from hpbandster.optimizers.iterations import SuccessiveHalving

import nhb2_plugins.adapters.hpbandster.repair  # noqa: F401 - importing it is what it is for
from nhb2_plugins.adapters.hpbandster.dispatcher import WORKER_DIED, SturdyDispatcher, made_sturdy
from nhb2_plugins.errors import Nhb2Error
from nhb2_plugins.fidelity import FidelityLadder, checked_ladder, just_below
from nhb2_plugins.optimizers.hyperband import Bracket, hyperband_brackets
from nhb2_plugins.optimizers.warm_start import PreviousResult, Run, read_previous

Ladder = FidelityLadder | Iterable[float]


class WorkerError(Nhb2Error, RuntimeError):
    """An evaluation failed in a worker of another process; the message holds that process's traceback."""


def hpbandster_budgets(ladder: Ladder) -> dict[str, float]:
    """``eta``, ``min_budget`` and ``max_budget`` for which hpbandster's own classes run all rungs of a ladder.

    hpbandster computes the number of rungs with a float logarithm, which can lose one; ``min_budget`` is then lowered
    by a billionth. Budgets can differ from the ladder's in their last digits, which the worker's snapping allows for.

    >>> hpbandster_budgets([12, 200])
    {'eta': 16.666666666666668, 'min_budget': 12.0, 'max_budget': 200.0}

    Raises:
        InvalidValueError: the ladder is not geometric: only :class:`LadderBohb` and its like can run it.
    """
    steps = checked_ladder(ladder)
    low, high = float(steps.budgets[0]), float(steps.budgets[-1])
    if len(steps.budgets) == 1:
        return {"eta": 3.0, "min_budget": low, "max_budget": high}
    n_rungs = -int(np.log(low / high) / np.log(steps.eta)) + 1
    return {
        "eta": steps.eta,
        "min_budget": low if n_rungs == len(steps.budgets) else just_below(low),
        "max_budget": high,
    }


class _Witness:
    """Stands for a logger, and keeps the exception that is being handled when a warning is written.

    hpbandster's ``get_config`` catches everything, writes a warning and goes on with a random configuration: the
    warning is the one moment at which the exception can be seen from outside.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self.error: BaseException | None = None

    def debug(self, message: str, *arguments: object) -> None:
        self._logger.debug(message, *arguments)

    def warning(self, message: str, *arguments: object) -> None:
        error = sys.exc_info()[1]
        if error is not None and not _means_no_candidate(error):
            self.error = self.error or error
        self._logger.warning(message, *arguments)


def _means_no_candidate(error: BaseException) -> bool:
    """Whether this is hpbandster's own slip on its way to a random configuration when no candidate has a density."""
    return isinstance(error, AttributeError) and error.name == "get_dictionary" and isinstance(error.obj, dict)


class HonestBohbGenerator(BohbGenerator):  # type: ignore[misc]  # hpbandster is untyped
    """hpbandster's BOHB model, without a random configuration in place of an error."""

    def __init__(self, configspace: ConfigurationSpace, **settings: Any) -> None:
        super().__init__(configspace, **settings)
        self._witness = _Witness(logging.getLogger("hpbandster"))
        self.logger = self._witness

    def get_config(self, budget: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """A configuration and ``{"model_based_pick": bool}``.

        Raises:
            BaseException: what hpbandster would have swallowed.
        """
        config, config_info = super().get_config(budget)
        if self._witness.error is not None:
            raise self._witness.error
        return config, config_info


class _Halving(SuccessiveHalving):  # type: ignore[misc]
    """A bracket that starts nothing more once its master has been stopped."""

    def __init__(self, is_stopped: Callable[[], bool], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._is_stopped = is_stopped

    def get_next_run(self) -> Any:
        return None if self._is_stopped() else super().get_next_run()


class _Remaining:
    """The number of brackets still to start, as hpbandster's loop reads it: none once the run has been stopped."""

    def __init__(self, n: float, is_stopped: Callable[[], bool]) -> None:
        self._n = n
        self._is_stopped = is_stopped

    def __gt__(self, other: float) -> bool:
        return self._n > other and not self._is_stopped()

    def __isub__(self, n: float) -> _Remaining:
        self._n -= n
        return self


class _Previous:
    """An earlier run as hpbandster's warm start can read it: it fails on a crashed run, whose loss is None."""

    def __init__(self, previous: PreviousResult, ladder: FidelityLadder) -> None:
        self._earlier = read_previous(previous, ladder)

    def get_id2config_mapping(self) -> dict[int, dict[str, Any]]:
        return {i: {"config": each.config, "config_info": each.config_info} for i, each in enumerate(self._earlier)}

    def get_runs_by_id(self, number: int) -> tuple[Run, ...]:
        return self._earlier[number].runs

    def get_all_runs(self) -> list[Run]:
        return [run for each in self._earlier for run in each.runs]


class _LadderMaster(Master):  # type: ignore[misc]
    """What the three optimizers share; see the module.

    Attributes:
        error: the first error seen in any of hpbandster's threads.
        should_stop: polled before each job; True ends the run when the jobs under way have finished.
    """

    def __init__(
        self,
        generator: Any,
        ladder: Ladder = (12, 200),
        *,
        worker_timeout_s: float | None = None,
        **master_arguments: Any,
    ) -> None:
        self.error: BaseException | None = None
        self.should_stop: Callable[[], bool] = lambda: False
        self._ladder = checked_ladder(ladder)
        self._worker_timeout_s = worker_timeout_s
        where = {
            "host": master_arguments.get("nameserver", "127.0.0.1"),
            "port": master_arguments.get("nameserver_port"),
        }
        with Pyro4.locateNS(**where):  # a missing nameserver is an error here, and a hang later
            pass
        if (previous := master_arguments.get("previous_result")) is not None:
            master_arguments["previous_result"] = _Previous(previous, self._ladder)
        Master.__init__(self, config_generator=generator, **master_arguments)
        budgets = [float(budget) for budget in self._ladder.budgets]
        self.max_SH_iter, self.budgets = len(budgets), budgets
        self.min_budget, self.max_budget = budgets[0], budgets[-1]
        self.eta = (budgets[-1] / budgets[0]) ** (1 / (len(budgets) - 1)) if len(budgets) > 1 else 1.0
        names = ("eta", "min_budget", "max_budget", "budgets", "max_SH_iter")
        self.config.update({name: getattr(self, name) for name in names})

    # hpbandster's master makes its dispatcher and starts it at once; this is the moment in between.
    @property
    def dispatcher(self) -> SturdyDispatcher:
        """The dispatcher."""
        return self._dispatcher

    @dispatcher.setter
    def dispatcher(self, given: Dispatcher) -> None:
        self._dispatcher = made_sturdy(given, self._fail)

    def _brackets(self) -> tuple[Bracket, ...]:
        return hyperband_brackets(self._ladder)

    def get_next_iteration(self, iteration: int, iteration_kwargs: dict[str, Any] | None = None) -> SuccessiveHalving:
        """The bracket of an iteration (0-based); called by hpbandster."""
        brackets = self._brackets()
        bracket = brackets[iteration % len(brackets)]
        return _Halving(
            self._is_stopped,
            HPB_iter=iteration,
            num_configs=list(bracket.n_configurations),
            budgets=list(bracket.budgets),
            config_sampler=self.config_generator.get_config,
            **(iteration_kwargs or {}),
        )

    def run(
        self, n_iterations: float = 1, min_n_workers: int = 1, iteration_kwargs: dict[str, Any] | None = None
    ) -> Result:
        """Run brackets, as hpbandster does; ``math.inf`` of them until ``should_stop``.

        Raises:
            WorkerError: an evaluation failed in another process.
            TimeoutError: too few workers came in ``worker_timeout_s`` seconds.
            BaseException: the first error that hpbandster would have hidden.
        """
        result: Result = None
        try:
            remaining = _Remaining(n_iterations, self._is_stopped)
            result = super().run(remaining, min_n_workers, dict(iteration_kwargs or {}))
        except BaseException as caught:
            with suppress(RuntimeError):  # hpbandster takes this lock by hand, and would keep it
                self.thread_cond.release()
            if self.error is None or not isinstance(caught, Exception):
                raise
        if self.error is not None:
            raise self.error
        return result

    def wait_for_workers(self, min_n_workers: int = 1) -> None:
        """Wait until enough workers have come; called by hpbandster."""
        deadline = math.inf if self._worker_timeout_s is None else time.monotonic() + self._worker_timeout_s
        while (n_workers := self.dispatcher.number_of_workers()) < min_n_workers:
            if self.error is not None:
                raise self.error
            if time.monotonic() > deadline:
                raise TimeoutError(f"{n_workers} of {min_n_workers} workers came within {self._worker_timeout_s} s")
            self.dispatcher.trigger_discover_worker()
            with self.thread_cond:
                self.thread_cond.wait(0.1)

    def _queue_wait(self) -> None:
        """Wait for a free place among the running jobs (hpbandster's own would wait on after an error)."""
        if self.num_running_jobs >= self.job_queue_sizes[1]:
            while self.error is None and self.num_running_jobs > self.job_queue_sizes[0]:
                self.thread_cond.wait()

    def job_callback(self, job: Job) -> None:
        """Take in a finished job; called by hpbandster's dispatcher, which drops whatever this raises."""
        try:
            super().job_callback(job)
        except Exception as error:
            self._fail(error)
        if job.exception is not None and job.exception != WORKER_DIED:
            self._fail(WorkerError(f"evaluation {job.id} failed in {job.worker_name}:\n{job.exception}"))

    def active_iterations(self) -> list[int]:
        """Brackets that are not finished; after a stop those that still wait for a job."""
        active: list[int] = super().active_iterations()
        if self._is_stopped():
            # After an error nobody knows whether the jobs under way will ever be heard of.
            return [] if self.error is not None else [i for i in active if self.iterations[i].num_running > 0]
        return active

    def _is_stopped(self) -> bool:
        return self.error is not None or self.should_stop()

    def _fail(self, error: BaseException) -> None:
        self.error = self.error or error
        # In another thread: the caller may hold the dispatcher's lock, which the master takes while it holds its own.
        threading.Thread(target=self._wake, daemon=True).start()

    def _wake(self) -> None:
        with self.thread_cond:
            self.thread_cond.notify_all()


class LadderBohb(_LadderMaster, BOHB):  # type: ignore[misc]
    """hpbandster's BOHB on a ladder; see the module. BOHB's settings have its names and defaults."""

    def __init__(
        self,
        *,
        configspace: ConfigurationSpace,
        ladder: Ladder = (12, 200),
        min_points_in_model: int | None = None,
        top_n_percent: int = 15,
        num_samples: int = 64,
        random_fraction: float = 1 / 3,
        bandwidth_factor: float = 3,
        min_bandwidth: float = 1e-3,
        worker_timeout_s: float | None = None,
        **master_arguments: Any,
    ) -> None:
        """Start the optimizer's threads; ``run`` runs it, ``shutdown(shutdown_workers=True)`` ends it.

        Args:
            configspace: the space, seeded; ``BohbWorker.get_configspace(seed)`` makes it. hpbandster also draws from
                numpy's global state: ``numpy.random.seed``.
            ladder: budgets in epochs.
            min_points_in_model: hpbandster's setting, as the next five.
            top_n_percent: see :class:`~nhb2_plugins.optimizers.bohb_model.BohbSettings`.
            num_samples: likewise.
            random_fraction: likewise.
            bandwidth_factor: likewise.
            min_bandwidth: likewise.
            worker_timeout_s: seconds to wait for workers before a run; None waits for good, as hpbandster does.
            **master_arguments: hpbandster's own: ``run_id``, ``nameserver``, ``nameserver_port``, ``host``,
                ``working_directory``, ``ping_interval``, ``result_logger``, ``previous_result`` (hpbandster's
                ``Result`` or a ``BohbResult``; a crashed run counts as infinitely bad), …

        Raises:
            Pyro4.errors.NamingError: there is no nameserver.
        """
        settings = {
            "min_points_in_model": min_points_in_model,
            "top_n_percent": top_n_percent,
            "num_samples": num_samples,
            "random_fraction": random_fraction,
            "bandwidth_factor": bandwidth_factor,
            "min_bandwidth": min_bandwidth,
        }
        generator = HonestBohbGenerator(configspace, **settings)
        super().__init__(generator, ladder, worker_timeout_s=worker_timeout_s, **master_arguments)
        self.config.update(settings)


class _RandomLadderMaster(_LadderMaster):
    """A master whose configurations are random ones."""

    def __init__(self, *, configspace: ConfigurationSpace, **arguments: Any) -> None:
        super().__init__(RandomSampling(configspace), **arguments)


class LadderHyperband(_RandomLadderMaster, HyperBand):  # type: ignore[misc]
    """hpbandster's Hyperband on a ladder; see the module and :class:`LadderBohb`."""


class LadderRandomSearch(_RandomLadderMaster, RandomSearch):  # type: ignore[misc]
    """hpbandster's random search; see the module and :class:`LadderBohb`.

    An iteration evaluates, at the largest budget, as many configurations as cost what Hyperband's first bracket would.
    """

    def _brackets(self) -> tuple[Bracket, ...]:
        # hpbandster: sum over rungs of b · eta^(rungs above), in whole evaluations of the largest budget; with exact
        # ratios every term is the largest budget.
        return (Bracket((self.max_budget,), (len(self.budgets),)),)
