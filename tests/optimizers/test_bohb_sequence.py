# ruff: noqa: NPY002 - hpbandster draws from numpy's global state
"""The in-process BOHB against the real hpbandster 0.7.4: the same configurations in the same order.

hpbandster's network layer (its Dispatcher, which talks Pyro to workers) is replaced by one that evaluates at once;
master, brackets, model and statsmodels' densities are the installed packages' own code.
"""

from __future__ import annotations

import heapq
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hpbandster.core.master as hpbandster_master
import numpy as np
import pytest
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import Result
from hpbandster.optimizers import BOHB
from hpbandster.optimizers.config_generators.bohb import BOHB as BohbGenerator  # noqa: N811

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.encoding import to_configuration, to_values
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_model import BohbModel, BohbSettings
from nhb2_plugins.space import N_CHOICES, Configuration
from nhb2_plugins.subspace import Subspace

LADDERS = {"12-200": (FidelityLadder([12, 200]), 16), "1.33-4-12": (FidelityLadder.hyperband(1, 12, eta=3), 12)}
SETTINGS: dict[str, dict[str, Any]] = {
    "reference": {"num_samples": 4, "random_fraction": 0, "bandwidth_factor": 3, "min_bandwidth": 0.3},
    "default": {},
}


LAST_RESULT: list[Result] = []
"""What hpbandster's last run returned."""


class Sequence(NamedTuple):
    """What a run proposed, and where it left its generators."""

    evaluations: list[tuple[int, float]]
    model_based: dict[tuple[int, int, int], bool]
    states: list[np.ndarray]


def synthetic_loss(configuration: Configuration, budget: float, n_levels: int) -> float:
    """A rough function of the configuration; few levels give many equal losses, as early epochs do."""
    noise = (configuration.index * 2654435761 % 2**32) / 2**32
    return round((sum(c * c for c in configuration.choices) * 0.02 + noise + 10 / budget) * n_levels) / n_levels


def states_of(generator: tuple[Any, ...], space: tuple[Any, ...]) -> list[np.ndarray]:
    return [np.append(state[1], state[2]) for state in (generator, space)]


class InlineDispatcher:
    """Evaluates a job the moment it is submitted."""

    evaluate: Callable[[dict[str, Any], float], float]

    def __init__(self, new_result_callback: Callable[[Job], None], queue_callback: Any = None, **_: Any) -> None:
        self.new_result_callback = new_result_callback
        self.queue_callback = queue_callback

    def run(self) -> None:
        self.queue_callback(1)

    def shutdown(self, *_: Any) -> None:
        pass

    def number_of_workers(self) -> int:
        return 1

    def trigger_discover_worker(self) -> None:
        pass

    def submit_job(self, config_id: Any, **kwargs: Any) -> None:
        self.new_result_callback(
            finished_job(config_id, type(self).evaluate(kwargs["config"], kwargs["budget"]), kwargs)
        )


def finished_job(config_id: Any, loss: float, kwargs: dict[str, Any]) -> Job:
    job = Job(config_id, **kwargs)
    for event in ("submitted", "started", "finished"):
        job.time_it(event)
    job.result = {"loss": loss, "info": {}}
    return job


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hpbandster_master, "Dispatcher", InlineDispatcher)
    logger = logging.getLogger("hpbandster")
    level, state = logger.level, np.random.get_state()
    logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # ConfigSpace's deprecations and statsmodels' divisions by zero
        yield
    logger.setLevel(level)
    np.random.set_state(state)


def make_hpbandster(
    ladder: FidelityLadder, seed: int, directory: Path, encoding: str, settings: dict[str, Any], **part: Any
) -> BOHB:
    np.random.seed(seed)
    return BOHB(
        configspace=configuration_space(encoding, seed=seed, **part),
        run_id="sequence",
        eta=ladder.eta,
        min_budget=ladder.budgets[0] * (1 - 1e-9 if len(ladder.budgets) > 2 else 1),
        max_budget=ladder.budgets[-1],
        working_directory=str(directory),
        **settings,
    )


def hpbandster_sequence(
    ladder: FidelityLadder,
    n_iterations: int,
    seed: int,
    n_levels: int,
    directory: Path,
    encoding: str,
    settings: Any,
    **part: Any,
) -> Sequence:
    evaluations = []

    def evaluate(config: dict[str, Any], budget: float) -> float:
        configuration = to_configuration(config, encoding)
        evaluations.append((configuration.index, float(budget)))
        return synthetic_loss(configuration, float(budget), n_levels)

    InlineDispatcher.evaluate = staticmethod(evaluate)
    optimizer = make_hpbandster(ladder, seed, directory, encoding, settings, **part)
    result = optimizer.run(n_iterations)
    optimizer.shutdown()
    LAST_RESULT[:] = [result]
    flags = {
        config_id: entry["config_info"]["model_based_pick"]
        for config_id, entry in result.get_id2config_mapping().items()
    }
    space = optimizer.config_generator.configspace
    return Sequence(evaluations, flags, states_of(np.random.get_state(), space.random.get_state()))


def our_sequence(
    ladder: FidelityLadder, n_iterations: int, seed: int, n_levels: int, encoding: str, settings: Any, **part: Any
) -> Sequence:
    optimizer = Bohb(
        ladder, n_iterations=n_iterations, seed=seed, settings=BohbSettings(encoding=encoding, **settings), **part
    )
    evaluations, flags = [], {}
    while (suggestion := optimizer.ask()) is not None:
        evaluations.append((suggestion.configuration.index, suggestion.budget))
        flags[suggestion.token.config_id] = suggestion.token.proposal.model_based
        optimizer.tell_loss(suggestion, synthetic_loss(suggestion.configuration, suggestion.budget, n_levels))
    assert optimizer.is_done
    model = optimizer.model
    return Sequence(evaluations, flags, states_of(model.generator.get_state(), model.space.random.get_state()))


def n_differing(ours: Sequence, theirs: Sequence) -> int:
    assert len(ours.evaluations) == len(theirs.evaluations)
    return sum(
        index != their_index or budget != pytest.approx(their_budget, rel=1e-8)
        for (index, budget), (their_index, their_budget) in zip(ours.evaluations, theirs.evaluations, strict=True)
    )


def compare(
    ladder_name: str, settings_name: str, seeds: range, directory: Path, encoding: str = "categorical", **part: Any
) -> int:
    """Compare the sequences of some seeds; the number of evaluations that differ."""
    ladder, n_iterations = LADDERS[ladder_name]
    settings = SETTINGS[settings_name]
    n_bad, n_model_based = 0, 0
    for seed in seeds:
        n_levels = 5 if seed % 2 else 1_000_000
        theirs = hpbandster_sequence(ladder, n_iterations, seed, n_levels, directory, encoding, settings, **part)
        ours = our_sequence(ladder, n_iterations, seed, n_levels, encoding, settings, **part)
        n_bad += n_differing(ours, theirs)
        assert ours.model_based == theirs.model_based
        for our_state, their_state in zip(ours.states, theirs.states, strict=True):
            np.testing.assert_array_equal(our_state, their_state)
        n_model_based += sum(ours.model_based.values())
    assert n_model_based > 10 * len(seeds)  # not two random searches that agree
    return n_bad


@pytest.mark.parametrize("settings_name", SETTINGS)
@pytest.mark.parametrize("ladder_name", LADDERS)
def test_same_sequence_as_hpbandster(
    ladder_name: str, settings_name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """``--seeds 20`` compares more; hpbandster takes a minute for those of one ladder."""
    assert compare(ladder_name, settings_name, range(pytestconfig.getoption("--seeds")), tmp_path) == 0


def test_same_sequence_as_hpbandster_under_the_integer_encoding(tmp_path: Path) -> None:
    assert compare("1.33-4-12", "default", range(2), tmp_path, encoding="integer") == 0


@pytest.mark.parametrize("encoding", ["categorical", "integer"])
@pytest.mark.parametrize(
    ("part", "whole_cells"),
    [
        (Subspace(lr=0.1), False),
        (Subspace(cellcode="0|10|210"), False),
        (Subspace(cellcode="0|10|210", batch_size=64), True),
        (Subspace(one_per_class=True), True),
    ],
    ids=["lr", "cell", "cell-and-batch-size-whole", "classes"],
)
def test_same_sequence_as_hpbandster_in_a_part_of_the_space(
    part: Subspace, whole_cells: bool, encoding: str, tmp_path: Path
) -> None:
    how = {"encoding": encoding, "restriction": part, "whole_cells": whole_cells}
    assert compare("1.33-4-12", "default", range(2), tmp_path, **how) == 0


@pytest.mark.parametrize("n_earlier", [1, 2, 7])
@pytest.mark.parametrize("encoding", ["categorical", "integer"])
def test_same_sequence_after_a_warm_start(encoding: str, n_earlier: int, tmp_path: Path) -> None:
    """Few earlier brackets give no model, but results that count; seven give a model at once."""
    ladder, _ = LADDERS["1.33-4-12"]
    settings = {"random_fraction": 0.1, "num_samples": 16}
    n_model_based = []
    for seed in range(2):
        hpbandster_sequence(ladder, n_earlier, seed + 100, 50, tmp_path, encoding, {})
        previous = LAST_RESULT.pop()
        theirs = hpbandster_sequence(ladder, 4, seed, 50, tmp_path, encoding, {**settings, "previous_result": previous})
        LAST_RESULT.clear()
        ours = our_sequence(ladder, 4, seed, 50, encoding, settings, previous_result=previous)
        assert n_differing(ours, theirs) == 0
        fresh = {config_id: flag for config_id, flag in theirs.model_based.items() if config_id[0] >= 0}
        assert len(theirs.model_based) > len(fresh)
        assert ours.model_based == fresh
        for our_state, their_state in zip(ours.states, theirs.states, strict=True):
            np.testing.assert_array_equal(our_state, their_state)
        n_model_based.append(sum(flag for (iteration, _, _), flag in fresh.items() if iteration == 0))
    assert (sum(n_model_based) > 0) == (n_earlier == 7)  # a cold start has no model in its first bracket


@pytest.mark.parametrize("n_workers", [2, 5])
def test_same_sequence_with_several_workers(n_workers: int, tmp_path: Path) -> None:
    """Both driven by the same simulated clock: results arrive out of order and while brackets overlap."""
    ladder, n_iterations = LADDERS["1.33-4-12"]
    settings = {"random_fraction": 0.2, "num_samples": 16}
    ours, theirs = [], []

    optimizer = Bohb(ladder, n_iterations=n_iterations, seed=7, settings=BohbSettings(**settings))

    def ask() -> Any:
        suggestion = optimizer.ask()
        return suggestion and (suggestion, suggestion.configuration, suggestion.budget)

    on_a_clock(ask, optimizer.tell_loss, n_workers, ours)
    assert optimizer.is_done

    master = make_hpbandster(ladder, 7, tmp_path, "categorical", settings)

    def next_run() -> Any:
        while True:
            for i in master.active_iterations():
                if (run := master.iterations[i].get_next_run()) is not None:
                    config_id, config, budget = run
                    return (config_id, config, budget), to_configuration(config), float(budget)
            if len(master.iterations) == n_iterations:
                return None
            master.iterations.append(master.get_next_iteration(len(master.iterations), {}))

    def register(run: Any, loss: float) -> None:
        config_id, config, budget = run
        master.job_callback(finished_job(config_id, loss, {"config": config, "budget": budget}))

    on_a_clock(next_run, register, n_workers, theirs)
    master.shutdown()
    assert [index for index, _ in ours] == [index for index, _ in theirs]
    assert len(ours) == 4 * (13 + 4 + 3)


def on_a_clock(ask: Callable[[], Any], tell: Callable[[Any, float], None], n_workers: int, log: list[Any]) -> None:
    now, running, n = 0.0, [], 0
    while True:
        while len(running) < n_workers and (run := ask()) is not None:
            handle, configuration, budget = run
            log.append((configuration.index, budget))
            duration = budget * (1 + configuration.index % 17)
            heapq.heappush(running, (now + duration, n, handle, synthetic_loss(configuration, budget, 1_000_000)))
            n += 1
        if not running:
            return
        now, _, handle, loss = heapq.heappop(running)
        tell(handle, loss)


def poor_configurations(seed: int, n: int, n_levels_good: int, n_levels_bad: int) -> list[tuple[Configuration, float]]:
    """Results whose good and bad halves see few levels of each hyperparameter: densities become infinite and NaN."""
    generator = np.random.default_rng(seed)
    results = []
    for i in range(n):
        n_levels = n_levels_good if i < n // 2 else n_levels_bad
        choices = tuple(int(generator.integers(0, min(n_levels, c))) for c in N_CHOICES)
        results.append((Configuration.from_choices(choices), float(i)))
    return results


@pytest.mark.parametrize(("n_good_levels", "n_bad_levels"), [(1, 1), (1, 8), (8, 1), (1, 2), (2, 1), (2, 8), (8, 8)])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_same_proposals_from_degenerate_models(n_good_levels: int, n_bad_levels: int, settings: dict[str, Any]) -> None:
    """Constant columns: hpbandster ends its search early, or finds no candidate and draws twice at random."""
    seed, budget = 11, 12.0
    np.random.seed(seed)
    theirs = BohbGenerator(configuration_space(seed=seed), **{**settings, "random_fraction": 0})
    ours = BohbModel(BohbSettings(**{**settings, "random_fraction": 0}), seed=seed)
    for configuration, loss in poor_configurations(3, 18, n_good_levels, n_bad_levels):
        theirs.new_result(finished_job((0, 0, 0), loss, {"config": to_values(configuration), "budget": budget}))
        ours.learn(configuration, budget, loss)
    assert ours._models
    for _ in range(30):
        config, config_info = theirs.get_config(budget)
        proposal = ours.propose()
        assert (proposal.configuration, proposal.model_based) == (
            to_configuration(config),
            config_info["model_based_pick"],
        )
        np.testing.assert_array_equal(ours.generator.get_state()[1], np.random.get_state()[1])
