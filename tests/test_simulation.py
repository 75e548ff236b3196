"""Simulated time against a naive reimplementation that looks for the next end in a plain list."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nhb2_plugins as nhb2
from nhb2_plugins import simulation
from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Benchmark, Observation
from nhb2_plugins.charging import CHARGING_POLICIES, Charger
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import MemorySink
from tests.core_fixtures import N_ROWS, mini_benchmark

COSTS = np.tile([1.0, 2.0, 3.0, 3.0, 5.0, 8.0], N_ROWS // 6)
"""Seconds by batch size: small whole numbers, so that evaluations end together often."""
BENCH = mini_benchmark(total_trainval_time=np.array([COSTS, COSTS]))


class Step(NamedTuple):
    """One request: an evaluation that costs ``COSTS[batch]``, asked for only when ``wait_for`` or fewer still run."""

    batch: int
    wait_for: int


class Script:
    """An optimizer that follows a script and writes down everything it is asked and told."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self._n_running = 0
        self.events: list[tuple[str, Any]] = []

    def ask(self) -> Suggestion | None:
        position = sum(kind == "ask" and given is not None for kind, given in self.events)
        if position == len(self._steps) or self._n_running > self._steps[position].wait_for:
            self.events.append(("ask", None))
            return None
        self._n_running += 1
        self.events.append(("ask", position))
        return Suggestion(Configuration.from_index(self._steps[position].batch), token=position)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        self._n_running -= 1
        self.events.append(("tell", suggestion.token))
        assert observation == BENCH.evaluate(suggestion.configuration, suggestion.epoch)


@dataclass
class Evaluation:
    trial: int
    start_s: float
    end_s: float
    worker: int


def naive(
    optimizer: Script, budget_s: float, n_workers: int, crossing: str, charging: str = "from_scratch"
) -> list[Evaluation]:
    charger = Charger(BENCH, charging)
    now, running, finished = 0.0, [], []
    idle = set(range(n_workers))
    n_started = 0
    while True:
        while idle and now < budget_s and (suggestion := optimizer.ask()) is not None:
            observation = BENCH.evaluate(suggestion.configuration, suggestion.epoch)
            end = charger.bill(suggestion.configuration, observation, now).end_s
            evaluation = Evaluation(n_started, now, end, min(idle))
            idle.remove(evaluation.worker)
            running.append((evaluation, suggestion, observation))
            n_started += 1
        if not running:
            return finished
        now = min(each[0].end_s for each in running)
        for done in [each for each in running if each[0].end_s == now]:
            running.remove(done)
            idle.add(done[0].worker)
            if crossing == "count" or now <= budget_s:
                optimizer.tell(done[1], done[2])
                finished.append(done[0])


def as_evaluations(records: tuple[TrialRecord, ...]) -> list[Evaluation]:
    return [Evaluation(each.trial, each.start_s, each.end_s, each.worker) for each in records]


scripts = st.lists(st.builds(Step, st.integers(0, 5), st.integers(0, 8)), max_size=25)
budgets = st.sampled_from([0.5, 1.0, 3.0, 7.0, 12.0, math.inf])
workers = st.integers(1, 6)
crossings = st.sampled_from(["count", "drop"])


@given(scripts, budgets, workers, crossings, st.sampled_from(CHARGING_POLICIES))
def test_the_same_events_in_the_same_order_as_the_naive_clock(
    steps: list[Step], budget_s: float, n_workers: int, crossing: Any, charging: Any
) -> None:
    optimizer, model = Script(steps), Script(steps)
    logger = simulate(optimizer, BENCH, budget_s=budget_s, n_workers=n_workers, crossing=crossing, charging=charging)
    expected = naive(model, budget_s, n_workers, crossing, charging)
    assert as_evaluations(tuple(logger.records)) == expected
    assert optimizer.events == model.events


@dataclass(frozen=True)
class Ask:
    index: int
    epoch: int
    seconds: float  # that the optimizer thinks, where that counts


class Asking:
    """Asks for a list of evaluations, whatever is told."""

    def __init__(self, asks: list[Ask], clock: Callable[[float], None]) -> None:
        self._asks = iter(asks)
        self._think = clock

    def ask(self) -> Suggestion | None:
        if (each := next(self._asks, None)) is None:
            return None
        self._think(each.seconds)
        return Suggestion(Configuration.from_index(each.index), each.epoch)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        pass


def was_trained_by(record: TrialRecord, earlier: Sequence[TrialRecord]) -> bool:
    """Whether the work behind a result was done and paid for, one piece after the other, by the record's end.

    ``earlier`` are the records that were submitted up to it, itself included; the costs are compared to a microsecond.
    """
    mine = [each for each in earlier if each.configuration == record.configuration and each.end_s <= record.end_s]
    if record.charging == "cached":
        mine = [each for each in mine if each.epoch == record.epoch]
    elif record.charging == "from_scratch" or record.epoch == 200:
        mine = [record]
    else:
        mine = [each for each in mine if each.epoch != 200]
    paid = sorted((each for each in mine if each.charged_cost_s > 0), key=lambda each: each.end_s)
    done_s, free_from_s = 0.0, -math.inf
    for each in paid:
        if each.end_s - each.charged_cost_s < free_from_s - 1e-6:
            return False  # it trained on before what it rests on had ended
        done_s, free_from_s = done_s + each.charged_cost_s, each.end_s
    return done_s >= record.cost_s - 1e-6


asks = st.lists(
    st.builds(Ask, st.integers(0, 2), st.sampled_from([1, 4, 9, 12, 200]), st.sampled_from([0.0, 0.5, 3.0])),
    max_size=25,
)


@given(asks, st.integers(1, 16), st.sampled_from(CHARGING_POLICIES), st.sampled_from(["none", "measured"]))
def test_no_result_is_told_before_somebody_has_trained_for_it(
    asked: list[Ask], n_workers: int, charging: Any, overhead: Any
) -> None:
    """For every policy, number of workers and clock; repeats of what is still running included."""
    now = [0.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nhb2_plugins.simulation.perf_counter", lambda: now[0])

        def think(seconds: float) -> None:
            now[0] += seconds

        records = simulate(
            Asking(asked, think),
            mini_benchmark(),
            budget_s=math.inf,
            n_workers=n_workers,
            charging=charging,
            overhead=overhead,
        ).records
    assert len(records) == len(asked)
    for record in records:
        assert was_trained_by(record, [each for each in records if each.trial <= record.trial])
    by_worker: dict[int, float] = {}
    for record in sorted(records, key=lambda each: (each.start_s, each.trial)):
        assert record.start_s >= by_worker.get(record.worker, 0.0)  # a worker does one thing at a time
        by_worker[record.worker] = record.end_s


def test_evolution_with_16_workers_repeats_what_is_running_and_learns_nothing_early() -> None:
    """Where a repeat of a running evaluation was free at once, one in thirty was told before it could be known."""
    from nhb2_plugins.optimizers.evolution import RegularizedEvolution

    for charging in ("cached", "continued"):
        records = simulate(
            RegularizedEvolution(0),
            nhb2.open_benchmark(),
            budget_s=20_000,
            n_workers=16,
            charging=charging,  # type: ignore[arg-type]
        ).records
        waited = [each for each in records if each.charged_cost_s == 0 and each.end_s > each.start_s]
        assert waited
        assert all(was_trained_by(each, [e for e in records if e.trial <= each.trial]) for each in records)


@given(scripts, budgets, workers, crossings)
def test_nothing_is_learnt_before_its_end_nor_withheld_after_it(
    steps: list[Step], budget_s: float, n_workers: int, crossing: Any
) -> None:
    optimizer = Script(steps)
    logger = simulate(optimizer, BENCH, budget_s=budget_s, n_workers=n_workers, crossing=crossing)
    by_trial = {record.trial: record for record in logger.records}
    told: set[int] = set()
    for kind, trial in optimizer.events:
        if kind == "tell":
            told.add(trial)
        elif trial in by_trial:
            start_s = by_trial[trial].start_s
            assert all(by_trial[each].end_s <= start_s for each in told)
            assert {each for each, record in by_trial.items() if record.end_s <= start_s} <= told
    assert told == set(by_trial)


@given(scripts, budgets, workers, crossings)
def test_records_come_in_order_of_end_and_ties_in_order_of_submission(
    steps: list[Step], budget_s: float, n_workers: int, crossing: Any
) -> None:
    logger = simulate(Script(steps), BENCH, budget_s=budget_s, n_workers=n_workers, crossing=crossing)
    order = [(record.end_s, record.trial) for record in logger.records]
    assert order == sorted(order)
    for record in logger.records:
        assert record.end_s == record.start_s + record.charged_cost_s
        assert 0 <= record.worker < n_workers
    for one in logger.records:  # a worker does one thing at a time
        for other in logger.records:
            if one.trial < other.trial and one.worker == other.worker:
                assert one.end_s <= other.start_s


@given(scripts, budgets, workers)
def test_the_budget_is_kept_to_the_second(steps: list[Step], budget_s: float, n_workers: int) -> None:
    counted = simulate(Script(steps), BENCH, budget_s=budget_s, n_workers=n_workers, crossing="count").records
    dropped = simulate(Script(steps), BENCH, budget_s=budget_s, n_workers=n_workers, crossing="drop").records
    assert all(record.start_s < budget_s for record in counted)
    assert all((record.status == "crossed_budget") == (record.end_s > budget_s) for record in counted)
    assert _without_overhead(dropped) == _without_overhead(
        tuple(record for record in counted if record.status == "complete")
    )


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), budgets)
def test_one_worker_is_the_references_loop(batches: list[int], budget_s: float) -> None:
    """``while total_cost < budget: evaluate``; the evaluation that crosses the budget counts."""
    costs, total = [], 0.0
    for batch in batches:
        if not total < budget_s:
            break
        costs.append(float(COSTS[batch]))
        total += costs[-1]
    logger = simulate(Script([Step(batch, 9) for batch in batches]), BENCH, budget_s=budget_s)
    assert [record.charged_cost_s for record in logger.records] == costs
    assert logger.charged_cost_s == logger.clock_s == total


def test_an_evaluation_that_ends_on_the_budget_is_complete_and_nothing_starts_after_it() -> None:
    steps = [Step(2, 9), Step(3, 9), Step(0, 9)]  # 3 + 3 seconds
    for crossing in ("count", "drop"):
        logger = simulate(Script(steps), BENCH, budget_s=6, crossing=crossing)  # type: ignore[arg-type]
        assert [(each.end_s, each.status) for each in logger.records] == [(3, "complete"), (6, "complete")]


def test_parallel_workers_by_eye() -> None:
    """Costs 5, 1, 1, 3, 2 on two workers: the second worker does three while the first does one."""
    steps = [Step(4, 9), Step(0, 9), Step(0, 9), Step(2, 9), Step(1, 9)]
    optimizer = Script(steps)
    logger = simulate(optimizer, BENCH, budget_s=100, n_workers=2)
    assert [(each.trial, each.worker, each.start_s, each.end_s) for each in logger.records] == [
        (1, 1, 0, 1),
        (2, 1, 1, 2),
        (0, 0, 0, 5),
        (3, 1, 2, 5),
        (4, 0, 5, 7),
    ]
    # Trials 0 and 3 end together: both are told, the earlier submission first, before trial 4 is asked for.
    assert [event for event in optimizer.events if event != ("ask", None)] == [
        *[("ask", 0), ("ask", 1), ("tell", 1), ("ask", 2), ("tell", 2), ("ask", 3)],
        *[("tell", 0), ("tell", 3), ("ask", 4), ("tell", 4)],
    ]


def test_an_optimizer_that_waits_makes_a_synchronous_rung() -> None:
    """Four evaluations a rung on three workers: the next rung starts when the slowest of the last has ended."""
    rung = [Step(4, 9), Step(0, 9), Step(1, 9), Step(2, 9)]
    steps = rung + [step._replace(wait_for=0 if i == 0 else 9) for i, step in enumerate(rung)]
    records = sorted(
        simulate(Script(steps), BENCH, budget_s=math.inf, n_workers=3).records, key=lambda record: record.trial
    )
    assert max(record.end_s for record in records[:4]) == 5
    assert [record.start_s for record in records[4:]] == [5, 5, 5, 6]


def test_an_optimizer_that_has_nothing_to_do_ends_the_simulation() -> None:
    logger = simulate(Script([]), BENCH, budget_s=math.inf, n_workers=4)
    assert logger.records == ()
    assert logger.clock_s == 0


def test_charging_is_applied_in_order_of_submission() -> None:
    """Two workers start the same evaluation at once: the first to be submitted pays, both learn of it at its end."""
    logger = simulate(Script([Step(4, 9), Step(4, 9)]), BENCH, budget_s=10, n_workers=2, charging="cached")
    assert [(each.trial, each.charged_cost_s, each.start_s, each.end_s) for each in logger.records] == [
        (0, 5, 0, 5),
        (1, 0, 0, 5),
    ]


@pytest.mark.parametrize("seed", [None, 222, 555, "mean"])
def test_every_evaluation_uses_the_seed_that_was_given(seed: Any) -> None:
    bench, first = mini_benchmark(), Configuration.from_index(0)
    optimizer = _Repeating(first)
    logger = simulate(optimizer, bench, budget_s=1000, seed=seed)
    observation = bench.evaluate(first, seed=seed)
    assert {(each.seed, each.accuracy_pct, each.cost_s) for each in logger.records} == {
        (observation.seed, observation.accuracy_pct, observation.cost_s)
    }
    assert optimizer.told == [observation] * len(logger.records)


def test_budgets_and_epochs_stand_in_the_record() -> None:
    optimizer = _Repeating(Configuration.from_index(0), epoch=4, budget=5.33)
    (record, *_) = simulate(optimizer, mini_benchmark(), budget_s=100).records
    assert (record.epoch, record.budget) == (4, 5.33)
    optimizer = _Repeating(Configuration.from_index(0), epoch=200)
    (record, *_) = simulate(optimizer, mini_benchmark(), budget_s=100).records
    assert (record.epoch, record.budget, record.split, record.cost_is_estimated) == (200, 200, "test", True)


def test_a_simulation_is_reproducible_but_for_the_wall_clock() -> None:
    steps = [Step(i * 7 % 6, i % 4) for i in range(25)]
    runs = [simulate(Script(steps), BENCH, budget_s=40, n_workers=3).records for _ in range(2)]
    assert _without_overhead(runs[0]) == _without_overhead(runs[1])
    assert all(record.overhead_s >= 0 for record in runs[0])


def test_a_logger_that_is_resumed_goes_on_from_its_clock_and_no_other_begins_a_second_run() -> None:
    logger = simulate(Script([Step(4, 9)]), BENCH, budget_s=10, logger=TrajectoryLogger(run_id="two searches"))
    with pytest.raises(TrajectoryError, match="this logger holds 1 records of run 'two searches' already: give each"):
        simulate(Script([Step(2, 9)]), BENCH, budget_s=10, logger=logger)
    simulate(Script([Step(2, 9), Step(2, 9)]), BENCH, budget_s=10, logger=TrajectoryLogger.resume(logger))
    assert [(each.trial, each.start_s, each.end_s) for each in logger.records] == [(0, 0, 5), (1, 5, 8), (2, 8, 11)]
    assert {each.run_id for each in logger.records} == {"two searches"}


def test_progress_is_told_the_time_after_every_result() -> None:
    times: list[float] = []
    logger = simulate(Script([Step(i, 9) for i in range(6)]), BENCH, budget_s=9, n_workers=2, progress=times.append)
    assert times == [record.end_s for record in logger.records]


# -- the optimizer's own time


class _Thinker(Script):
    """Turns the clock that it is given, so many seconds an ask (that proposes something) and a tell."""

    def __init__(self, steps: list[Step], clock: list[float], *, ask_s: float, tell_s: float = 0.0) -> None:
        super().__init__(steps)
        self._clock, self._ask_s, self._tell_s = clock, ask_s, tell_s

    def ask(self) -> Suggestion | None:
        suggestion = super().ask()
        if suggestion is not None:
            self._clock[0] += self._ask_s
        return suggestion

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        super().tell(suggestion, observation)
        self._clock[0] += self._tell_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock's reading, which only the optimizer above changes."""
    reading = [0.0]
    monkeypatch.setattr(simulation, "perf_counter", lambda: reading[0])
    return reading


def test_measured_overhead_delays_every_start(clock: list[float]) -> None:
    """Costs 5, 1, 1 on two workers, 2 seconds a proposal: the second proposal ends at 4 and runs until 5."""
    optimizer = _Thinker([Step(4, 9), Step(0, 9), Step(0, 9)], clock, ask_s=2)
    logger = simulate(optimizer, BENCH, budget_s=100, n_workers=2, overhead="measured")
    assert [(each.trial, each.start_s, each.end_s, each.overhead_s) for each in logger.records] == [
        (1, 4, 5, 2),
        (0, 2, 7, 2),
        (2, 7, 8, 2),
    ]


def test_what_ends_while_the_optimizer_thinks_is_told_before_it_is_asked_again(clock: list[float]) -> None:
    """Ten seconds a proposal: the first evaluation has ended before the second worker gets its own."""
    optimizer = _Thinker([Step(4, 9), Step(0, 9), Step(0, 9)], clock, ask_s=10)
    logger = simulate(optimizer, BENCH, budget_s=100, n_workers=3, overhead="measured")
    assert [event for event in optimizer.events if event != ("ask", None)] == [
        *[("ask", 0), ("ask", 1), ("tell", 0), ("ask", 2), ("tell", 1), ("tell", 2)]
    ]
    assert [(each.trial, each.start_s, each.end_s) for each in logger.records] == [
        (0, 10, 15),
        (1, 20, 21),
        (2, 30, 31),
    ]


def test_learning_counts_with_the_next_proposal(clock: list[float]) -> None:
    optimizer = _Thinker([Step(0, 9), Step(0, 9)], clock, ask_s=1, tell_s=3)
    records = simulate(optimizer, BENCH, budget_s=100, overhead="measured").records
    assert [(each.start_s, each.end_s, each.overhead_s) for each in records] == [(1, 2, 1), (6, 7, 4)]


def test_a_proposal_that_comes_after_the_budget_is_not_started(clock: list[float]) -> None:
    optimizer = _Thinker([Step(0, 9)] * 5, clock, ask_s=3)
    records = simulate(optimizer, BENCH, budget_s=7, overhead="measured").records
    assert [(each.start_s, each.end_s) for each in records] == [(3, 4)]


def test_overhead_is_recorded_and_takes_no_time_unless_it_is_asked_for(clock: list[float]) -> None:
    steps = [Step(i * 7 % 6, i % 4) for i in range(25)]
    free = simulate(_Thinker(steps, clock, ask_s=50), BENCH, budget_s=40, n_workers=3).records
    assert {each.overhead_s for each in free} == {50}
    assert _without_overhead(free) == _without_overhead(
        simulate(Script(steps), BENCH, budget_s=40, n_workers=3).records
    )


@given(scripts, budgets, workers, crossings)
def test_thinking_in_no_time_changes_nothing(steps: list[Step], budget_s: float, n_workers: int, crossing: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "perf_counter", lambda: 0.0)
        free, measured = (
            simulate(Script(steps), BENCH, budget_s=budget_s, n_workers=n_workers, crossing=crossing, overhead=overhead)
            for overhead in simulation.OVERHEADS
        )
    by_trial = [{each.trial: each for each in logger.records} for logger in (free, measured)]
    assert by_trial[0] == by_trial[1]


# -- errors


class _PlantedError(RuntimeError):
    pass


@pytest.mark.parametrize("where", ["ask", "tell"])
@pytest.mark.parametrize("n_calls", [0, 3])
def test_an_optimizers_own_error_reaches_the_caller_and_records_are_kept(where: str, n_calls: int) -> None:
    optimizer = Script([Step(i % 6, 9) for i in range(20)])
    calls: Iterator[int] = iter(range(100))
    genuine = getattr(optimizer, where)

    def fail(*arguments: Any) -> Any:
        if next(calls) == n_calls:
            raise _PlantedError(where)
        return genuine(*arguments)

    setattr(optimizer, where, fail)
    sink = MemorySink()
    logger = TrajectoryLogger([sink])
    with pytest.raises(_PlantedError, match=where):
        simulate(optimizer, BENCH, budget_s=50, n_workers=2, logger=logger)
    assert tuple(sink.records) == logger.records
    assert len(logger.records) == sum(kind == "tell" for kind, _ in optimizer.events)


def test_errors_of_progress_and_of_a_sink_reach_the_caller() -> None:
    def fail(*_: Any) -> None:
        raise _PlantedError

    class FailingSink(MemorySink):
        write = fail

    for arguments in ({"progress": fail}, {"logger": TrajectoryLogger([FailingSink()])}):
        with pytest.raises(_PlantedError):
            simulate(Script([Step(0, 9)]), BENCH, budget_s=5, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(({"budget_s": budget_s}, "is not a positive number") for budget_s in (0, -1, math.nan, "10", None, True)),
        ({"budget_s": 10**400}, r"budget_s 1000+ is not a positive number of simulated seconds"),
        *(({"n_workers": n}, r"is not an integer in 1\.\.196608") for n in (0, -1, 1.5, 2.0, "2", None, True, 196_609)),
        ({"crossing": "keep"}, "crossing 'keep' is not one of 'count', 'drop'"),
        ({"overhead": "some"}, "overhead 'some' is not one of 'none', 'measured'"),
        ({"charging": "free"}, "charging policy 'free' is not one of 'from_scratch', 'continued', 'cached'"),
        ({"seed": 1}, "seed 1 is not one of 222, 555, 'mean'"),
    ],
)
def test_wrong_settings_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        simulate(Script([Step(0, 9)]), BENCH, **{"budget_s": 5, **arguments})


def test_a_suggestion_outside_the_fidelities_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="epoch 13 is not one of"):
        simulate(_Repeating(Configuration.from_index(0), epoch=13), BENCH, budget_s=5)


@pytest.mark.parametrize("charging", ["cached", "continued"])
def test_a_search_that_repeats_itself_for_free_is_an_error_and_no_endless_loop(charging: Any) -> None:
    optimizer = _Repeating(Configuration.from_index(0))
    with pytest.raises(
        TrajectoryError, match=f"1010 evaluations in a row were free under the charging policy '{charging}'"
    ):
        simulate(optimizer, BENCH, budget_s=5, charging=charging)
    assert len(optimizer.told) == 1 + 1009  # one was paid; the last of the free ones is not told any more


def test_the_more_was_paid_for_the_longer_a_search_may_look_for_something_new() -> None:
    known = [Step(batch, 9) for batch in range(5)]  # 14 seconds
    new = [Step(5, 9)]  # 8 seconds
    records = simulate(Script([*known, *known * 209, *new]), BENCH, budget_s=15, charging="cached").records
    assert len(records) == 5 * 210 + 1
    with pytest.raises(TrajectoryError, match="repeats the 5 evaluations that it has paid for"):
        simulate(Script([*known, *known * 210, *new]), BENCH, budget_s=15, charging="cached")


class _Repeating:
    def __init__(self, configuration: Configuration, **settings: Any) -> None:
        self._suggestion = Suggestion(configuration, **settings)
        self.told: list[Observation] = []

    def ask(self) -> Suggestion:
        return self._suggestion

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        assert suggestion is self._suggestion
        self.told.append(observation)


def _without_overhead(records: Any) -> list[TrialRecord]:
    return [replace(record, overhead_s=0.0) for record in records]


def test_the_helper_table_costs_what_the_tests_say() -> None:
    assert isinstance(BENCH, Benchmark)
    assert [BENCH.evaluate(Configuration.from_index(i)).cost_s for i in range(6)] == [1, 2, 3, 3, 5, 8]
