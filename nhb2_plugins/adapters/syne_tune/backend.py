"""NAS-HPO-Bench-II for Syne Tune 0.16: the table as a tabular blackbox, and a simulator backend that records.

What Syne Tune does that a user of it should know:

- A result is one epoch of a trial. One training (from its start, or from where it was resumed, to where the scheduler
  stopped or paused it or to its last epoch) is one record here, at its last epoch.
- Its simulator adds the real time that the scheduler takes to the simulated clock, and looks at results every five
  simulated seconds. :class:`SyneTuneBackend` leaves real time out, and :class:`SyneTuneCallback` goes from event to
  event, so that a run can be repeated to the bit; both can be had as Syne Tune has them.
- Its blackbox draws a seed from numpy's global generator where none is given. The backend always gives one.
- A backend is pickled with the tuner (``save_tuner=True``). The table is not sent along, only where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syne_tune.backend.simulator_backend.simulator_backend import SimulatorConfig
from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
from syne_tune.backend.simulator_backend.time_keeper import SimulatedTimeKeeper
from syne_tune.backend.trial_status import Status as SyneTuneStatus
from syne_tune.blackbox_repository.simulated_tabular_backend import UserBlackboxBackend
from syne_tune.constants import ST_TUNER_TIME

from nhb2_plugins.adapters.syne_tune.blackbox import (
    ELAPSED,
    FIDELITY,
    MAX_FIDELITY,
    SYNE_TUNE,
    SyneTuneBlackbox,
    syne_tune_configuration,
)
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.charging import Bill
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import LONG_EPOCHS, checked_split
from nhb2_plugins.problem import Problem, split_arguments
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import Status
from nhb2_plugins.trajectory.recorder import Recorder


@dataclass
class _Training:
    """One training under way: a trial, from its start or resumption on."""

    configuration: Configuration
    trial: int
    worker: int
    start_s: float
    last_epoch: int
    seen: dict[str, Any] | None = None


class SyneTuneBackend(UserBlackboxBackend):  # type: ignore[misc]  # Syne Tune is untyped
    """Syne Tune's simulator backend on the table, for ``Tuner(trial_backend=…)``; one backend is one run.

    Each result holds ``error_pct`` (to be minimised), the problem's other objectives by name, ``epoch``, ``elapsed_s``,
    and what every adapter says of an evaluation (:data:`nhb2_plugins.adapters.description.DESCRIPTION`, except
    ``simulated_end_s``, which is Syne Tune's own ``tuner_time``), in built-in types. They are columns of the results
    that Syne Tune stores.

    Charging is the simulated time that results take:

    - ``from_scratch``: a resumed trial trains from its first epoch (Syne Tune's ``support_checkpointing=False``).
    - ``continued``: it goes on from the epoch at which it was paused (``support_checkpointing=True``), and a new trial
      of the same configuration and seed pays only the epochs beyond those.
    - ``cached``: from scratch, but an identical evaluation is free.

    Start with ``save_tuner=True`` only if you need the tuner: a saved backend has lost its records.

    Attributes:
        logger: the records, at the times of Syne Tune's clock.
    """

    def __init__(
        self,
        bench: Benchmark | Problem,
        *,
        logger: TrajectoryLogger | None = None,
        counts_real_time: bool = False,
        simulator_config: SimulatorConfig | None = None,
        **arguments: Any,
    ) -> None:
        """Set up the run.

        Args:
            bench: as :class:`SyneTuneBlackbox`.
            logger: where records go; None makes one.
            counts_real_time: whether the real time between calls of the backend counts, as Syne Tune counts it. Runs
                can then not be repeated to the bit.
            simulator_config: Syne Tune's delays; None for none at all (its own default is 0.05 s each).
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark; and Syne
                Tune's own ``tuner_sleep_time`` and ``debug_time_attr``.

        Raises:
            InvalidValueError: not a logger, or as :class:`~nhb2_plugins.problem.Problem`.
            TrajectoryError: the logger belongs to another table.
        """
        own, syne_tunes = split_arguments(arguments, table_seed="seed")
        problem = SYNE_TUNE.problem(bench, own)
        self._recorder: Recorder | None = Recorder(problem, logger=logger)
        self._problem = problem
        self._table_seed: Seed = problem.bench.checked_seed(problem.seed)
        self._paid: dict[int, set[int]] = {}
        self._trainings: dict[int, _Training] = {}
        self._has_failed = False
        super().__init__(
            blackbox=SyneTuneBlackbox(problem, seeds=(self._table_seed,)),
            elapsed_time_attr=ELAPSED,
            max_resource_attr=MAX_FIDELITY,
            seed=0,
            support_checkpointing=problem.charging == "continued",
            simulator_config=simulator_config or SimulatorConfig(0.0, 0.0, 0.0, 0.0, 0.0),
            **syne_tunes,
        )
        if not counts_real_time:
            self._time_keeper = _TableClock()

    @property
    def configuration_space(self) -> dict[str, Any]:
        """The space for a scheduler (:func:`syne_tune_space` adds :data:`MAX_FIDELITY` where one needs it)."""
        space: dict[str, Any] = self.blackbox.configuration_space
        return space

    @property
    def logger(self) -> TrajectoryLogger:
        """Where the records are.

        Raises:
            InvalidValueError: this backend was read from a saved tuner.
        """
        return self._running_recorder.logger

    @property
    def _running_recorder(self) -> Recorder:
        if self._recorder is None:
            raise InvalidValueError("a backend that was saved with its tuner has no records and cannot run")
        return self._recorder

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recorder": None}

    # -- what Syne Tune asks for

    def config_objectives(self, config: dict[str, Any], seed: int) -> list[dict[str, Any]]:
        """A training's results, epoch by epoch: Syne Tune's, as built-in types."""
        rows: list[dict[str, Any]] = super().config_objectives(config, seed)
        return [{name: value.item() for name, value in row.items()} for row in rows]

    def _process_start_event(self, trial_id: int, time_event: float, config: dict[str, Any] | None = None) -> None:
        asked = self._trial_dict[trial_id].config if config is None else config
        self._trainings[trial_id] = _Training(
            configuration=syne_tune_configuration(asked, self._problem.settled_encoding),
            trial=self._running_recorder.logger.next_trial(),
            worker=self._free_worker(),
            start_s=float(time_event),
            last_epoch=0,
        )
        super()._process_start_event(trial_id, time_event, config)

    def _run_job_and_collect_results(
        self, trial_id: int, config: dict[str, Any] | None = None
    ) -> tuple[str, list[dict[str, Any]]]:
        training = self._trainings[trial_id]
        results = self.config_objectives(self._trial_dict[trial_id].config if config is None else config, self._seed)
        training.last_epoch = results[-1][FIDELITY]
        if self._support_checkpointing:
            paused = self._resource_paused_for_trial.get(trial_id, 0)
            results = [each for each in results if each[FIDELITY] > paused]
            if not results:
                raise InvalidValueError(
                    f"trial {trial_id} was paused at epoch {paused} and is resumed to train up to epoch "
                    f"{training.last_epoch}: its {MAX_FIDELITY} must be higher"
                )
        self._bill(training.configuration, training.trial, results)
        return SyneTuneStatus.completed, results

    def fetch_status_results(self, trial_ids: list[int]) -> tuple[dict[int, Any], list[tuple[int, dict[str, Any]]]]:
        """Syne Tune's new results; a training that has come to its end is recorded."""
        statuses, results = super().fetch_status_results(trial_ids)
        for trial_id, result in results:
            if (training := self._trainings.get(trial_id)) is not None:
                training.seen = result
                if result[FIDELITY] == training.last_epoch:
                    self._record(trial_id, "complete")
        return statuses, results

    def _stop_trial(self, trial_id: int, result: dict[str, Any] | None) -> None:
        super()._stop_trial(trial_id, result)
        self._end(trial_id, result, "pruned")

    def _pause_trial(self, trial_id: int, result: dict[str, Any] | None) -> None:
        super()._pause_trial(trial_id, result)
        self._end(trial_id, result, "complete")

    # -- what is paid, and recorded

    def _bill(self, configuration: Configuration, trial: int, results: list[dict[str, Any]]) -> None:
        """Write into each result how long after the training's start it comes, and what it is."""
        logger, table = self._running_recorder.logger, self._problem.bench.provenance.key
        costs = {each[FIDELITY]: each[ELAPSED] for each in results}
        for result, elapsed_s in zip(results, self._elapsed(configuration, costs), strict=True):
            epoch = result[FIDELITY]
            result.update(
                {
                    ELAPSED: elapsed_s,
                    "cost_s": costs[epoch],
                    "charged_cost_s": elapsed_s,
                    "cost_is_estimated": epoch == LONG_EPOCHS,
                    "split": checked_split(None, epoch),
                    "seed": self._table_seed,
                    "table": table,
                    "run_id": logger.run_id,
                    "record_trial": trial,
                }
            )

    def _elapsed(self, configuration: Configuration, costs: Mapping[int, float]) -> list[float]:
        """Seconds from a training's start to each of its epochs: what the policy charges if it ends there."""
        paid = self._paid.get(configuration.index, set())
        if self._problem.charging == "cached":
            # Up to an evaluation that is free, everything is.
            free_epoch = max(paid, default=0)
            return [0.0 if epoch <= free_epoch else cost for epoch, cost in costs.items()]
        if self._problem.charging == "continued" and LONG_EPOCHS not in costs and paid:
            paid_epoch = max(paid)
            paid_cost = self._cost(configuration, paid_epoch)
            # A published total may be a little less than the sum of its epochs.
            return [0.0 if epoch <= paid_epoch else max(0.0, cost - paid_cost) for epoch, cost in costs.items()]
        return list(costs.values())

    def _cost(self, configuration: Configuration, epoch: int) -> float:
        return self._problem.bench.evaluate(configuration, epoch, seed=self._table_seed).cost_s

    def _end(self, trial_id: int, result: dict[str, Any] | None, status: Status) -> None:
        """Record a training that was ended before its last epoch; one whose first epoch nobody saw leaves no record."""
        if (training := self._trainings.get(trial_id)) is None:
            return
        training.seen = training.seen if result is None else result
        if training.seen is None:
            del self._trainings[trial_id]
        else:
            self._record(trial_id, status)

    def _record(self, trial_id: int, status: Status) -> None:
        training = self._trainings.pop(trial_id)
        if training.seen is None or self._has_failed:  # Syne Tune stops all trials after an error
            return
        recorder, seen = self._running_recorder, training.seen
        try:
            observation = recorder.bench.evaluate(training.configuration, seen[FIDELITY], seed=self._table_seed)
            charged_s: float = seen["charged_cost_s"]
            record = recorder.make_record(
                training.configuration,
                observation,
                trial=training.trial,
                budget=None,
                bill=Bill(charged_s, max(training.start_s + charged_s, float(seen[ST_TUNER_TIME]))),
                start_s=training.start_s,
                worker=training.worker,
                status=status,
            )
            recorder.logger.log(record)
        except Exception:
            self._has_failed = True
            raise
        self._paid.setdefault(training.configuration.index, set()).add(seen[FIDELITY])

    def _free_worker(self) -> int:
        busy = {training.worker for training in self._trainings.values()}
        return next(number for number in range(len(busy) + 1) if number not in busy)


class SyneTuneCallback(SimulatorCallback):  # type: ignore[misc]  # Syne Tune is untyped
    """Syne Tune's callback for simulations, for ``Tuner(callbacks=[…])``; its clock goes from event to event.

    Syne Tune's own moves the clock by the backend's ``tuner_sleep_time`` (5 s) where all workers are busy, and decides
    up to that much after a result. And what its searcher is to evaluate first (``points_to_evaluate``) is checked:
    Syne Tune would round it, to another configuration than was asked for.
    """

    _backend: Any = None

    def on_tuning_start(self, tuner: Any) -> None:
        """Keep the tuner's backend.

        Raises:
            InvalidValueError: the searcher's ``points_to_evaluate`` has one that is not in the space.
        """
        problem = getattr(getattr(tuner.trial_backend, "blackbox", None), "problem", None)
        searcher = getattr(tuner.scheduler, "searcher", None)
        for point in getattr(searcher, "points_to_evaluate", None) or ():
            if problem is not None:
                _refuse_to_round(point, problem)
        super().on_tuning_start(tuner)
        self._backend = tuner.trial_backend

    def on_tuning_end(self) -> None:
        """Store what came of it; of a tuning that was refused nothing did, and it has no directory."""
        if self._backend is not None:
            super().on_tuning_end()

    def on_tuning_sleep(self, sleep_time: float) -> None:
        """Move the clock to the next event, if there is one."""
        if events := self._backend._simulator_state.event_heap:
            self._time_keeper.advance_to(events[0][0])
        else:
            super().on_tuning_sleep(sleep_time)


def _refuse_to_round(point: Mapping[str, Any], problem: Problem) -> None:
    try:
        problem.restriction.checked(syne_tune_configuration(point, problem.settled_encoding))
    except InvalidValueError as error:
        told = f"points_to_evaluate has {dict(point)}, which Syne Tune would round: {error}"
        raise InvalidValueError(told) from error


class _TableClock(SimulatedTimeKeeper):  # type: ignore[misc]  # Syne Tune is untyped
    """A clock on which only the table's times pass."""

    def real_time_since_last_recent_exit(self) -> float:
        """None, whatever has passed."""
        return 0.0
