"""The order and the times of completions against the simulator backend of Syne Tune."""

from __future__ import annotations

from functools import lru_cache

import pytest
from syne_tune.backend.simulator_backend.simulator_backend import SimulatorConfig
from syne_tune.backend.trial_status import Status
from syne_tune.blackbox_repository.simulated_tabular_backend import UserBlackboxBackend
from syne_tune.constants import ST_TUNER_TIME

from nhb2_plugins.adapters.syne_tune_adapter import ELAPSED, FIDELITY, MAX_FIDELITY, METRIC, SyneTuneBlackbox
from nhb2_plugins.space import Configuration
from tests.simulators.sequences import BENCH, Completion, Evaluation, completions, ladder_sequence, mixed_sequence

WORKERS = pytest.mark.parametrize("n_workers", [1, 4, 8])
SEEDS = pytest.mark.parametrize("seed", [0, 1])

PAUSE_S = 0.002
"""Pausing moves its clock twice by a millisecond."""
CLOCK_TOLERANCE_S = 0.5
"""It adds the wall-clock time that passes between calls to its clock."""


@lru_cache(maxsize=1)
def blackbox() -> SyneTuneBlackbox:
    return SyneTuneBlackbox(BENCH, seeds=BENCH.seeds[:1])


class Driver:
    """Gives every free worker the next evaluation, and moves the backend's clock from event to event."""

    def __init__(self, sequence: list[Evaluation], *, is_continued: bool) -> None:
        self._sequence = sequence
        self._is_continued = is_continued
        self._backend = UserBlackboxBackend(
            blackbox=blackbox(),
            elapsed_time_attr=ELAPSED,
            max_resource_attr=MAX_FIDELITY,
            seed=0,
            simulator_config=SimulatorConfig(0.0, 0.0, 0.0, 0.0, 0.0),
        )
        self._clock = self._backend.time_keeper
        self._trial_of: dict[Configuration, int] = {}
        self._running: dict[int, Evaluation] = {}
        self.completions: list[Completion] = []

    def run(self, n_workers: int) -> list[Completion]:
        self._clock.start_of_time()
        left = iter(self._sequence)
        while True:
            while len(self._running) < n_workers and (following := next(left, None)) is not None:
                self._start(following)
            if not self._running:
                return self.completions
            self._clock.advance_to(self._backend._simulator_state.event_heap[0][0])
            self._fetch()

    def _start(self, evaluation: Evaluation) -> None:
        configuration, epoch = evaluation
        config = {**configuration.to_hyperparameters(), MAX_FIDELITY: epoch}
        self._clock.mark_exit()
        if self._is_continued and configuration in self._trial_of:
            trial_id = self._trial_of[configuration]
            self._backend.resume_trial(trial_id, new_config=config)
        else:
            trial_id = self._backend.start_trial(config).trial_id
        self._trial_of[configuration] = trial_id
        self._running[trial_id] = evaluation

    def _fetch(self) -> None:
        self._clock.mark_exit()
        _, results = self._backend.fetch_status_results(list(self._running))
        for trial_id, result in results:
            evaluation = self._running.get(trial_id)
            if evaluation is not None and result[FIDELITY] == evaluation.epoch:
                del self._running[trial_id]
                self.completions.append(Completion(evaluation, result[ST_TUNER_TIME]))
                assert result[METRIC] == BENCH.evaluate(*evaluation).error_pct
                if self._is_continued:
                    self._backend.pause_trial(trial_id, result)
                    assert self._backend._trial_dict[trial_id].status == Status.paused


def assert_same(ours: list[Completion], theirs: list[Completion], tolerance_s: float) -> None:
    """Each evaluation ends when it should; of those that end closer together than the tolerance either may be first."""
    ours, theirs = sorted(ours, key=_by_evaluation), sorted(theirs, key=_by_evaluation)
    assert [each.evaluation for each in theirs] == [each.evaluation for each in ours]
    difference = [their.end_s - our.end_s for our, their in zip(ours, theirs, strict=True)]
    assert min(difference) >= -1e-6
    assert max(difference) < tolerance_s


def _by_evaluation(completion: Completion) -> tuple[int, int, float]:
    configuration, epoch = completion.evaluation
    return configuration.index, epoch, completion.end_s


@WORKERS
@SEEDS
def test_from_scratch(n_workers: int, seed: int) -> None:
    sequence = mixed_sequence(seed)
    theirs = Driver(sequence, is_continued=False).run(n_workers)
    assert_same(completions(sequence, n_workers, "from_scratch"), theirs, CLOCK_TOLERANCE_S)


@WORKERS
@SEEDS
@pytest.mark.parametrize("epochs", [(4, 12), (1, 4, 12)])
def test_continued(n_workers: int, seed: int, epochs: tuple[int, ...]) -> None:
    sequence = ladder_sequence(seed, epochs)
    theirs = Driver(sequence, is_continued=True).run(n_workers)
    ours = completions(sequence, n_workers, "continued")
    assert_same(ours, theirs, CLOCK_TOLERANCE_S + PAUSE_S * len(sequence))
