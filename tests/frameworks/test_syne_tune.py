"""The Syne Tune adapter under Syne Tune's own tuner, schedulers and simulator."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, ClassVar

import dill
import numpy as np
import pytest
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend.trial_status import Trial
from syne_tune.blackbox_repository.simulated_tabular_backend import UserBlackboxBackend
from syne_tune.optimizer.baselines import ASHA, REA, RandomSearch
from syne_tune.optimizer.scheduler import SchedulerDecision, TrialScheduler, TrialSuggestion
from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA
from syne_tune.optimizer.schedulers.multiobjective.multiobjective_priority import (
    FixedObjectivePriority,
    LinearScalarizationPriority,
    NonDominatedPriority,
)
from syne_tune.optimizer.schedulers.searchers.searcher import BaseSearcher
from syne_tune.optimizer.schedulers.single_fidelity_scheduler import SingleFidelityScheduler

from nhb2_plugins.adapters.syne_tune_adapter import (
    ELAPSED,
    FIDELITY,
    MAX_FIDELITY,
    METRIC,
    SyneTuneBackend,
    SyneTuneBlackbox,
    SyneTuneCallback,
    syne_tune_configuration,
    syne_tune_space,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.encoding import ENCODINGS, Encoding, to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.objectives import objective_values
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark
from nhb2_plugins.testing.adapters import DESCRIBED, AdapterContract, Seen
from nhb2_plugins.trajectory.logger import TrajectoryLogger

BENCH = generated_benchmark()
SEEDS = BENCH.seeds


def tune(
    backend: Any, scheduler: Any, n_workers: int = 1, callback: SyneTuneCallback | None = None, **criteria: Any
) -> Tuner:
    tuner = Tuner(
        trial_backend=backend,
        scheduler=scheduler,
        stop_criterion=StoppingCriterion(**criteria),
        n_workers=n_workers,
        sleep_time=0,
        callbacks=[callback or SyneTuneCallback()],
        tuner_name="nhb2",
        save_tuner=False,
    )
    tuner.run()
    return tuner


class InOrder(BaseSearcher):  # type: ignore[misc]
    """Suggests given configurations, also one twice."""

    def suggest(self, **_: Any) -> dict[str, Any] | None:
        config: dict[str, Any] | None = self._next_points_to_evaluate()
        return config


class SyneTuneCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        backend = SyneTuneBackend(problem, logger=logger)
        space = backend.configuration_space
        searcher = InOrder(space, points_to_evaluate=[to_values(each) for each in configurations])
        callback = SyneTuneCallback()
        tune(backend, SingleFidelityScheduler(space, [METRIC], searcher=searcher), callback=callback, max_cost=1e12)
        finals = [result for result in callback.results if result[FIDELITY] == problem.epoch]
        return [Seen(each[METRIC], {name: each[name] for name in DESCRIBED}) for each in finals]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        np.random.seed(seed)  # noqa: NPY002  # Syne Tune's random search draws from it, whatever its random_seed
        backend = SyneTuneBackend(bench, logger=logger)
        scheduler = RandomSearch(backend.configuration_space, metrics=[METRIC], random_seed=seed)
        # Syne Tune stops when there are *more* than it is told.
        count = {} if n is None else {"max_num_trials_completed": n - 1}
        tuner = tune(backend, scheduler, max_wallclock_time=budget_s, **count)
        return int(tuner.tuning_status.num_trials_completed)


class TestContract(AdapterContract):
    adapters: ClassVar = {"syne_tune": SyneTuneCase()}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_space_has_a_domain_for_every_hyperparameter(encoding: Encoding) -> None:
    space = syne_tune_space(encoding, max_epoch=12)
    assert space.pop(MAX_FIDELITY) == 12
    for index in range(0, N_CONFIGURATIONS, 9_999):
        values = to_values(Configuration.from_index(index), encoding)
        assert list(values) == list(space)
        assert all(space[name].is_valid(value) for name, value in values.items())
        assert syne_tune_configuration({**values, MAX_FIDELITY: 4}, encoding) == Configuration.from_index(index)
    np.random.seed(0)  # noqa: NPY002
    for _ in range(50):
        syne_tune_configuration({name: domain.sample() for name, domain in space.items()}, encoding)


# -- the blackbox


def test_the_blackbox_holds_the_whole_table() -> None:
    blackbox = SyneTuneBlackbox(BENCH)
    assert blackbox.objectives_evaluations.shape == (N_CONFIGURATIONS, len(SEEDS), 12, 2)
    for seed_number, seed in enumerate(SEEDS):
        for epoch in (1, 7, 12):
            accuracy, cost = BENCH.evaluate_many(np.arange(N_CONFIGURATIONS), epoch, seed=seed)
            assert np.array_equal(blackbox.objectives_evaluations[:, seed_number, epoch - 1, 0], 100 - accuracy)
            assert np.array_equal(blackbox.objectives_evaluations[:, seed_number, epoch - 1, 1], cost)
    for index in (0, 14_050, N_CONFIGURATIONS - 1):
        row = blackbox.hyperparameters.iloc[index].to_dict()
        assert syne_tune_configuration(row) == Configuration.from_index(index)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_blackbox_answers_as_syne_tune_does(encoding: Encoding) -> None:
    blackbox = SyneTuneBlackbox(BENCH, encoding=encoding, restriction=Subspace(cellcode="0|10|210"))
    base = super(SyneTuneBlackbox, blackbox)._objective_function
    for config in blackbox.all_configurations():
        for seed in range(len(SEEDS)):
            answer = blackbox(config, {FIDELITY: 5}, seed=seed)
            assert answer == base(config, {FIDELITY: 5}, seed=seed)
            assert all(type(value) is float for value in answer.values())
            observation = BENCH.evaluate(syne_tune_configuration(config, encoding), 5, seed=SEEDS[seed])
            assert answer == {METRIC: observation.error_pct, ELAPSED: observation.cost_s}
        assert np.array_equal(blackbox(config, seed=1), base(config, seed=1))


def test_the_blackbox_without_a_seed_is_the_first_seeds() -> None:
    blackbox = SyneTuneBlackbox(BENCH, restriction=Subspace(cellcode="0|10|210"))
    config = blackbox.all_configurations()[0]
    assert blackbox(config, {FIDELITY: 3}) == blackbox(config, {FIDELITY: 3}, seed=0)


def test_the_blackbox_refuses_what_it_does_not_hold() -> None:
    blackbox = SyneTuneBlackbox(BENCH, epoch=4, restriction=Subspace(cellcode="0|10|210"))
    config = blackbox.all_configurations()[0]
    with pytest.raises(InvalidValueError, match="seed 3 is not a position in the seeds"):
        blackbox(config, {FIDELITY: 3}, seed=3)
    with pytest.raises(InvalidValueError, match=r"epoch 5 is not one of \[1, 2, 3, 4\]"):
        blackbox(config, {FIDELITY: 5}, seed=0)
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        blackbox({**config, "op_01": "zero"}, {FIDELITY: 3}, seed=0)


@pytest.mark.parametrize("module", [pickle, dill])
def test_a_saved_blackbox_leaves_the_table_where_it_is(module: Any, bench_on_disk: Benchmark) -> None:
    blackbox = SyneTuneBlackbox(bench_on_disk, restriction=Subspace(one_per_class=True))
    content = module.dumps(blackbox)
    assert len(content) < 10_000
    again = module.loads(content)
    assert np.array_equal(again.objectives_evaluations, blackbox.objectives_evaluations)
    assert again.hyperparameters.equals(blackbox.hyperparameters)


def test_syne_tunes_own_backend_draws_a_seed_a_trial() -> None:
    blackbox = SyneTuneBlackbox(BENCH, restriction=Subspace(cellcode="0|10|210"))
    backend = UserBlackboxBackend(blackbox, elapsed_time_attr=ELAPSED, max_resource_attr=MAX_FIDELITY)
    callback = SyneTuneCallback()
    tune(backend, RandomSearch(blackbox.configuration_space, [METRIC]), callback=callback, max_num_trials_completed=30)
    finals = callback.dataframe().query("epoch == 12")
    seeds_seen = set()
    for _, row in finals.iterrows():
        values = {name: row[f"config_{name}"] for name in blackbox.configuration_space}
        configuration = syne_tune_configuration(values)
        seeds_seen |= {seed for seed in SEEDS if BENCH.evaluate(configuration, seed=seed).error_pct == row[METRIC]}
    assert seeds_seen == set(SEEDS)


# -- schedulers


@pytest.mark.parametrize("n_workers", [1, 4])
def test_asha_pays_each_epoch_once(n_workers: int) -> None:
    np.random.seed(0)  # noqa: NPY002
    logger = TrajectoryLogger()
    backend = SyneTuneBackend(BENCH, charging="continued", logger=logger)
    scheduler = ASHA(backend.configuration_space, metric=METRIC, time_attr=FIDELITY, max_t=12, random_seed=0)
    tune(backend, scheduler, n_workers, max_wallclock_time=20_000)
    records = logger.records
    assert {record.status for record in records} == {"complete", "pruned"}
    assert {record.epoch for record in records if record.status == "pruned"} >= {1, 3}
    assert {record.worker for record in records} == set(range(n_workers))
    charged: dict[Configuration, float] = defaultdict(float)
    highest: dict[Configuration, int] = defaultdict(int)
    for record in records:
        assert record.end_s == record.start_s + record.charged_cost_s
        charged[record.configuration] += record.charged_cost_s  # a configuration may be drawn twice
        highest[record.configuration] = max(highest[record.configuration], record.epoch)
    for configuration, paid in charged.items():
        assert paid == pytest.approx(BENCH.evaluate(configuration, highest[configuration]).cost_s)
    for worker in range(n_workers):
        own = sorted((record.start_s, record.end_s) for record in records if record.worker == worker)
        assert all(end <= start for (_, end), (start, _) in pairwise(own))
    assert 20_000 <= logger.clock_s < 20_000 + 200


class Promotion(TrialScheduler):  # type: ignore[misc]
    """Successive halving that pauses every trial at its rung and resumes the best third: Syne Tune 0.16 has none."""

    RUNGS = (1, 4, 12)

    def __init__(self, *, names_the_end: bool, n_trials: int = 9) -> None:
        super().__init__(random_seed=0)
        self._names_the_end = names_the_end
        self._end_of: dict[int, int] = {}
        generator = np.random.default_rng(0)
        self._left = [Configuration.from_index(i) for i in generator.integers(0, N_CONFIGURATIONS, n_trials)]
        self._results: dict[int, dict[int, float]] = {rung: {} for rung in self.RUNGS}
        self._promoted: set[tuple[int, int]] = set()
        self._n_trials = n_trials
        self._configs: dict[int, dict[str, Any]] = {}

    def suggest(self) -> TrialSuggestion | None:
        for number, (rung, following) in enumerate(pairwise(self.RUNGS)):
            results = self._results[rung]
            if len(results) == self._n_trials // 3**number:
                for trial_id in sorted(results, key=lambda each: results[each])[: len(results) // 3]:
                    if (rung, trial_id) not in self._promoted:
                        self._promoted.add((rung, trial_id))
                        self._end_of[trial_id] = following
                        return TrialSuggestion.resume_suggestion(trial_id, self._until(trial_id))
        if not self._left:
            return None
        trial_id = len(self._configs)
        self._configs[trial_id] = to_values(self._left.pop())
        self._end_of[trial_id] = self.RUNGS[0]
        return TrialSuggestion.start_suggestion(self._until(trial_id))

    def _until(self, trial_id: int) -> dict[str, Any]:
        end = {MAX_FIDELITY: self._end_of[trial_id]} if self._names_the_end else {}
        return {**self._configs[trial_id], **end}

    def on_trial_add(self, trial: Trial) -> None:
        pass

    def on_trial_result(self, trial: Trial, result: dict[str, Any]) -> str:
        if result[FIDELITY] != self._end_of[trial.trial_id]:
            return str(SchedulerDecision.CONTINUE)
        self._results[result[FIDELITY]][trial.trial_id] = result[METRIC]
        return str(SchedulerDecision.PAUSE if result[FIDELITY] < 12 else SchedulerDecision.CONTINUE)

    def on_trial_complete(self, trial: Trial, result: dict[str, Any]) -> None:
        pass

    def on_trial_remove(self, trial: Trial) -> None:
        pass

    def metric_names(self) -> list[str]:
        return [METRIC]

    def metric_mode(self) -> str:
        return "min"


@pytest.mark.parametrize("charging", ["from_scratch", "continued"])
@pytest.mark.parametrize("names_the_end", [True, False])
def test_a_paused_training_goes_on_where_its_checkpoint_is(charging: Any, names_the_end: bool) -> None:
    logger = TrajectoryLogger()
    backend = SyneTuneBackend(BENCH, charging=charging, logger=logger)
    tune(backend, Promotion(names_the_end=names_the_end), max_cost=1e12)
    assert [record.epoch for record in logger.records] == [1] * 9 + [4] * 3 + [12]
    assert {record.status for record in logger.records} == {"complete"}
    paid: dict[Configuration, float] = {}
    for record in logger.records:
        whole = BENCH.evaluate(record.configuration, record.epoch).cost_s
        before = paid.get(record.configuration, 0.0)
        assert record.cost_s == whole
        assert record.charged_cost_s == (whole - before if charging == "continued" else whole)
        assert record.end_s == record.start_s + record.charged_cost_s
        paid[record.configuration] = whole
    if charging == "continued":
        assert logger.charged_cost_s == pytest.approx(sum(paid.values()))


TWO = ["error_pct", "cost_s"]


def final_results(callback: SyneTuneCallback) -> list[tuple[float, ...]]:
    return [tuple(result[name] for name in TWO) for result in callback.results if result[FIDELITY] == 12]


@pytest.mark.parametrize("priority", [NonDominatedPriority, LinearScalarizationPriority, FixedObjectivePriority])
def test_moasha_trades_error_against_cost(priority: Any) -> None:
    np.random.seed(0)  # noqa: NPY002
    backend, callback = SyneTuneBackend(BENCH, objectives=TWO), SyneTuneCallback()
    space = backend.configuration_space
    scheduler = MOASHA(space, TWO, time_attr=FIDELITY, max_t=12, brackets=2, multiobjective_priority=priority())
    tune(backend, scheduler, 2, callback, max_wallclock_time=20_000)
    records = backend.logger.records
    assert {record.status for record in records} == {"complete", "pruned"}
    assert {record.epoch for record in records if record.status == "pruned"} >= {1, 3}
    for record in records:
        answer = BENCH.evaluate(record.configuration, record.epoch)
        assert (record.error_pct, record.cost_s) == (answer.error_pct, answer.cost_s)
    whole = sorted((record.error_pct, record.cost_s) for record in records if record.epoch == 12)
    assert whole == sorted(final_results(callback))
    entered = [(change.record.error_pct, change.record.cost_s) for change in backend.logger.incumbents(TWO)]
    for point in whole:
        assert point in entered or any(each[0] <= point[0] and each[1] <= point[1] for each in entered)


@pytest.mark.parametrize("searcher", ["regularized_evolution", "random_search"])
def test_searchers_for_several_metrics_are_told_all_of_them(searcher: str) -> None:
    np.random.seed(0)  # noqa: NPY002
    backend, callback = SyneTuneBackend(BENCH, objectives=TWO), SyneTuneCallback()
    scheduler = SingleFidelityScheduler(backend.configuration_space, TWO, searcher=searcher)
    if searcher == "regularized_evolution":
        scheduler.searcher.population_size, scheduler.searcher.sample_size = 8, 3
    tune(backend, scheduler, callback=callback, max_num_trials_completed=24)
    assert len(backend.logger) == 25
    if searcher == "regularized_evolution":
        told = [tuple(each.results) for each in scheduler.searcher.population]
        assert told == final_results(callback)[-8:]


def test_what_syne_tune_has_for_several_metrics_and_does_not_run() -> None:
    """As its page says; whoever sees this fail may mend the page."""
    space = syne_tune_space()
    with pytest.raises(AssertionError, match="only support single metric"):
        RandomSearch(space, metrics=TWO)
    package = "syne_tune.optimizer.schedulers.multiobjective"
    with pytest.raises(ModuleNotFoundError, match="random_scalarization"):
        import_module(f"{package}.multi_surrogate_multi_objective_searcher")
    for gone in ("NSGA2", "MORandomScalarizationBayesOpt"):
        assert not hasattr(import_module("syne_tune.optimizer.baselines"), gone)


def test_other_objectives_are_metrics_too() -> None:
    three = ("cost_s", "params_live", "macs_live")
    blackbox = SyneTuneBlackbox(BENCH, objectives=three, restriction=Subspace(lr=0.1, batch_size=64))
    for position in (0, 700, 4_095):
        config = blackbox.hyperparameters.iloc[position].to_dict()
        configuration = syne_tune_configuration(config)
        answer = blackbox(config, {FIDELITY: 7}, seed=1)
        observation, cell = BENCH.evaluate(configuration, 7, seed=SEEDS[1]), Cell(configuration.cellcode)
        assert answer == {
            METRIC: observation.error_pct,
            ELAPSED: observation.cost_s,
            "cost_s": observation.cost_s,
            "params_live": cell.params_live,
            "macs_live": cell.macs_live,
        }
    backend, callback = SyneTuneBackend(blackbox.problem), SyneTuneCallback()
    scheduler = SingleFidelityScheduler(backend.configuration_space, list(three), searcher="random_search")
    tune(backend, scheduler, callback=callback, max_num_trials_completed=2)
    for result, record in zip(
        (each for each in callback.results if each[FIDELITY] == 12), backend.logger.records, strict=True
    ):
        assert tuple(result[name] for name in three) == objective_values(three, record)


def test_a_run_of_several_workers_can_be_repeated() -> None:
    def run() -> list[Any]:
        np.random.seed(3)  # noqa: NPY002
        backend = SyneTuneBackend(BENCH, charging="continued")
        scheduler = ASHA(backend.configuration_space, metric=METRIC, time_attr=FIDELITY, max_t=12, random_seed=3)
        tune(backend, scheduler, n_workers=4, max_wallclock_time=5_000)
        return [record.to_dict() for record in backend.logger.records]

    assert run() == run()


def test_a_scheduler_with_a_model_and_syne_tunes_results() -> None:
    np.random.seed(0)  # noqa: NPY002
    backend = SyneTuneBackend(BENCH, seed=SEEDS[1])
    callback = SyneTuneCallback()
    scheduler = REA(backend.configuration_space, metric=METRIC, random_seed=0, population_size=10, sample_size=3)
    tune(backend, scheduler, n_workers=2, callback=callback, max_num_trials_completed=39)
    stored = callback.dataframe()
    assert {"error_pct", "epoch", "elapsed_s", "cost_s", "charged_cost_s", "split", "seed", "table"} <= set(stored)
    assert set(stored["seed"]) == {SEEDS[1]}
    assert stored.query("epoch == 12")[METRIC].min() == min(record.error_pct for record in backend.logger.records)


@pytest.mark.parametrize("restriction", [Subspace(one_per_class=True), Subspace(lr=0.1, batch_size=64)])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_part_of_the_space(restriction: Subspace, encoding: Encoding) -> None:
    backend = SyneTuneBackend(BENCH, encoding=encoding, restriction=restriction)
    scheduler = RandomSearch(backend.configuration_space, metrics=[METRIC], random_seed=0)
    tune(backend, scheduler, max_num_trials_completed=9)
    assert len(backend.logger) == 10
    assert all(record.configuration in restriction for record in backend.logger.records)


def test_syne_tunes_own_clock_can_be_had() -> None:
    backend = SyneTuneBackend(BENCH, counts_real_time=True)
    tune(backend, RandomSearch(backend.configuration_space, metrics=[METRIC]), max_num_trials_completed=4)
    assert len(backend.logger) == 5
    assert backend.logger.clock_s > backend.logger.charged_cost_s


def test_a_saved_tuner_can_be_read_and_does_not_run(bench_on_disk: Benchmark) -> None:
    backend = SyneTuneBackend(bench_on_disk)
    tuner = tune(backend, RandomSearch(backend.configuration_space, metrics=[METRIC]), max_num_trials_completed=2)
    tuner.save()
    again = Tuner.load(str(tuner.tuner_path))
    assert len(again.trial_backend._trial_dict) >= 3
    with pytest.raises(InvalidValueError, match="saved with its tuner"):
        _ = again.trial_backend.logger


def test_bad_arguments_are_refused_at_once() -> None:
    for wrong in ({"epoch": 13}, {"seed": 1}, {"charging": "free"}, {"encoding": "binary"}, {"restriction": None}):
        with pytest.raises(InvalidValueError, match=str(next(iter(wrong.values())))):
            SyneTuneBackend(BENCH, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encoding", "changes", "message"),
    [
        ("integer", {"lr": 3.4}, "lr 3.4"),
        ("integer", {"lr": 0.4}, "lr 0.4"),
        ("integer", {"batch_size": 256}, "batch_size 256"),
        ("categorical", {"lr": 0.1003}, r"0\.1003 is not one of 0\.003125"),  # less than a percent beside a value
        ("ordinal", {"lr": 0.0999}, r"0\.0999 is not one of"),
    ],
)
def test_a_point_that_syne_tune_would_round_is_refused(
    encoding: Encoding, changes: dict[str, Any], message: str
) -> None:
    backend = SyneTuneBackend(BENCH, encoding=encoding)
    space = backend.configuration_space
    point = to_values(Configuration("0|10|210", 0.1, 256), encoding) | changes
    scheduler = SingleFidelityScheduler(space, [METRIC], searcher=InOrder(space, points_to_evaluate=[point]))
    with pytest.raises(InvalidValueError, match=f"points_to_evaluate has .* which Syne Tune would round: .*{message}"):
        tune(backend, scheduler, max_num_trials_completed=1)
    assert len(backend.logger) == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_points_of_the_space_are_evaluated_as_they_are(encoding: Encoding) -> None:
    backend = SyneTuneBackend(BENCH, encoding=encoding)
    space = backend.configuration_space
    asked = [Configuration.from_index(index) for index in (7, 196_607)]
    searcher = InOrder(space, points_to_evaluate=[to_values(each, encoding) for each in asked])
    tune(backend, SingleFidelityScheduler(space, [METRIC], searcher=searcher), max_num_trials_completed=1)
    assert [record.configuration for record in backend.logger.records] == asked
