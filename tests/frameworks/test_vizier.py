"""The Vizier adapter under Vizier's own designers and benchmark runner."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from vizier import pyvizier as vz

# Their public places import every designer's libraries (cvxpy, evojax, TensorFlow Probability …); these need a few.
from vizier._src.algorithms.designers.eagle_strategy.eagle_strategy import EagleStrategyDesigner
from vizier._src.algorithms.designers.grid import GridSearchDesigner
from vizier._src.algorithms.designers.quasi_random import QuasiRandomDesigner
from vizier._src.algorithms.designers.random import RandomDesigner
from vizier._src.benchmarks.runners.benchmark_runner import BenchmarkRunner, GenerateAndEvaluate
from vizier._src.benchmarks.runners.benchmark_state import DesignerBenchmarkStateFactory

from nhb2_plugins.adapters.vizier_adapter import (
    VIZIER_ENCODINGS,
    VizierExperimenter,
    vizier_configuration,
    vizier_description,
    vizier_problem,
    vizier_suggestion,
)
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import Encoding
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.problem import Problem
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark
from nhb2_plugins.testing.adapters import A_LOT, AdapterContract, Seen
from nhb2_plugins.testing.fresh_process import output_of
from nhb2_plugins.trajectory.logger import TrajectoryLogger

BENCH = generated_benchmark()


class VizierCase:
    def evaluate(
        self, problem: Problem, configurations: Sequence[Configuration], *, logger: TrajectoryLogger
    ) -> list[Seen]:
        trials = [vizier_suggestion(each).to_trial(number + 1) for number, each in enumerate(configurations)]
        VizierExperimenter(problem, logger=logger).evaluate(trials)
        return [
            Seen(trial.final_measurement_or_die.metrics["error_pct"].value, vizier_description(trial))
            for trial in trials
        ]

    def search(
        self, bench: Benchmark, logger: TrajectoryLogger, *, seed: int, n: int | None = None, budget_s: float = 1e12
    ) -> int:
        experimenter = VizierExperimenter(bench, logger=logger)
        designer = RandomDesigner(experimenter.problem_statement().search_space, seed=seed)
        trials: list[vz.Trial] = []
        while len(trials) < (n or A_LOT) and logger.clock_s < budget_s:
            (suggestion,) = designer.suggest(1)
            trials.append(suggestion.to_trial(len(trials) + 1))
            experimenter.evaluate(trials[-1:])
        return len(trials)


class TestContract(AdapterContract):
    adapters: ClassVar = {"vizier": VizierCase()}


@pytest.mark.parametrize("encoding", VIZIER_ENCODINGS)
@pytest.mark.parametrize(
    "restriction", [Subspace(), Subspace(one_per_class=True), Subspace(lr=0.1, cellcode="0|10|210")]
)
def test_a_configuration_goes_there_and_back(encoding: Encoding, restriction: Subspace) -> None:
    space = vizier_problem(encoding, restriction).search_space
    for configuration in map(Configuration.from_index, range(0, N_CONFIGURATIONS, 997)):
        if configuration in restriction:
            suggestion = vizier_suggestion(configuration, encoding, restriction)
            assert space.contains(suggestion.parameters)
            assert vizier_configuration(suggestion, encoding) == configuration
    designer = RandomDesigner(space, seed=0)
    assert all(vizier_configuration(each, encoding) in restriction for each in designer.suggest(50))


@pytest.mark.parametrize("encoding", VIZIER_ENCODINGS)
@pytest.mark.parametrize(
    "designer",
    [
        RandomDesigner.from_problem,
        QuasiRandomDesigner.from_problem,
        GridSearchDesigner.from_problem,
        EagleStrategyDesigner,
    ],
)
def test_a_designer_under_viziers_runner(designer: Any, encoding: Encoding) -> None:
    experimenter = VizierExperimenter(BENCH, encoding=encoding)
    factory = DesignerBenchmarkStateFactory(
        experimenter=experimenter, designer_factory=lambda problem, **_: designer(problem)
    )
    state = factory(seed=0)
    BenchmarkRunner(benchmark_subroutines=[GenerateAndEvaluate(4)], num_repeats=10).run(state)
    trials = state.algorithm.supporter.GetTrials()
    assert len(trials) == len(experimenter.logger) == 40
    best = min(trial.final_measurement.metrics["error_pct"].value for trial in trials)
    assert best == min(record.error_pct for record in experimenter.logger.records)


def test_costs_are_the_measurements_seconds_and_a_curve_its_measurements() -> None:
    experimenter = VizierExperimenter(BENCH, epoch=8, report=True)
    configuration = Configuration("0|10|210", lr=0.1, batch_size=256)
    trial = vizier_suggestion(configuration).to_trial(1)
    experimenter.evaluate([trial])
    final = trial.final_measurement_or_die
    observation = BENCH.evaluate(configuration, 8)
    assert (final.steps, final.elapsed_secs) == (8, observation.cost_s)
    assert [each.steps for each in trial.measurements] == list(range(1, 9))
    assert [each.metrics["error_pct"].value for each in trial.measurements] == [
        BENCH.evaluate(configuration, epoch).error_pct for epoch in range(1, 9)
    ]
    assert [each.elapsed_secs for each in trial.measurements] == [
        BENCH.evaluate(configuration, epoch).cost_s for epoch in range(1, 9)
    ]


def test_a_trial_of_what_is_no_rank_is_refused() -> None:
    experimenter = VizierExperimenter(BENCH, encoding="integer")
    ranks = vizier_suggestion(Configuration.from_index(7), "integer").parameters.as_dict()
    with pytest.raises(InvalidValueError, match=r"rank of lr 0\.4 is not one of 0"):
        experimenter.evaluate([vz.TrialSuggestion({**ranks, "lr": 0.4}).to_trial(1)])
    assert len(experimenter.logger) == 0


def test_an_experimenter_stays_where_its_records_are() -> None:
    for copied in (copy.deepcopy, pickle.dumps):
        with pytest.raises(TrajectoryError, match="this VizierExperimenter cannot be copied"):
            copied(VizierExperimenter(BENCH))


def test_several_objectives() -> None:
    experimenter = VizierExperimenter(BENCH, objectives=("error_pct", "macs_live"))
    assert [each.name for each in experimenter.problem_statement().metric_information] == ["error_pct", "macs_live"]
    trial = vizier_suggestion(Configuration("0|10|210", lr=0.1, batch_size=256)).to_trial(1)
    experimenter.evaluate([trial])
    assert trial.final_measurement_or_die.metrics["macs_live"].value == 3 * 35_389_440


def test_the_adapter_needs_no_jax() -> None:
    code = "import sys, nhb2_plugins.adapters.vizier_adapter; print('jax' in sys.modules, 'chex' in sys.modules)"
    assert output_of(code, hash_seed=0).split() == ["False", "False"]
    assert "jax" in sys.modules  # here it is the designers that have imported it


def test_bad_arguments_are_refused_at_once() -> None:
    for wrong in ({"epoch": 13}, {"seed": 1}, {"charging": "free"}, {"encoding": "categorical"}, {"objectives": ["x"]}):
        with pytest.raises(InvalidValueError):
            VizierExperimenter(BENCH, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="restriction None is not a Subspace"):
        VizierExperimenter(BENCH, restriction=None)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="no learning curve"):
        VizierExperimenter(BENCH, epoch=200, report=True)
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        vizier_suggestion(Configuration.from_index(0), restriction=Subspace(lr=0.1))
    with pytest.raises(InvalidValueError, match="no metadata of this package"):
        vizier_description(vz.Trial(id=3))
