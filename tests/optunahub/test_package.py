"""The OptunaHub package as OptunaHub loads it, from a local registry."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna
import pytest

from nhb2_plugins.adapters.optuna_adapter import configuration_of
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import Subspace
from tests.core_fixtures import needs

pytestmark = needs("optunahub")
ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "benchmarks" / "optunahub" / "package"
PACKAGE = REGISTRY / "benchmarks" / "nas_hpo_bench_ii"
CONFIGURATION = Configuration("0|10|210", lr=0.1, batch_size=256)
PARAMS: dict[str, Any] = dict(CONFIGURATION.to_hyperparameters())


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


@pytest.fixture(scope="module")
def package() -> ModuleType:
    import optunahub

    return optunahub.load_local_module("benchmarks/nas_hpo_bench_ii", registry_root=str(REGISTRY))


def make_study(problem: Any, **arguments: Any) -> optuna.Study:
    sampler = optuna.samplers.RandomSampler(seed=0)
    return optuna.create_study(directions=problem.directions, sampler=sampler, **arguments)


def test_it_is_a_problem_of_optunahub(package: ModuleType, bench: Benchmark) -> None:
    import optunahub

    problem = package.Problem()
    assert isinstance(problem, optunahub.benchmarks.BaseProblem)
    assert problem.metric_names == ["error_pct"]
    assert problem.table == bench.provenance.label
    assert problem.evaluate(PARAMS) == bench.evaluate(CONFIGURATION).error_pct
    assert type(problem.evaluate(PARAMS)) is float
    assert problem.evaluate_constraints(PARAMS) == {}


@pytest.mark.parametrize("encoding", ["categorical", "integer"])
@pytest.mark.parametrize("restriction", [{}, {"lr": 0.1}, {"one_per_class": True, "batch_size": 64}])
def test_trials_are_of_its_search_space(package: ModuleType, encoding: str, restriction: dict[str, Any]) -> None:
    problem = package.Problem(encoding=encoding, **restriction)
    study = make_study(problem)
    study.optimize(problem, n_trials=20)
    for trial in study.trials:
        assert trial.distributions == problem.search_space
        assert configuration_of(trial) in Subspace(**restriction)
        assert trial.value == problem.evaluate(trial.params)


def test_several_metrics(package: ModuleType) -> None:
    names = package.Problem.available_metric_names
    assert names == ["error_pct", "cost_s", "params_total", "params_live", "macs_live"]
    problem = package.Problem(metric_names=names)
    study = make_study(problem)
    study.optimize(problem, n_trials=5)
    for trial in study.trials:
        values = problem.evaluate(trial.params)
        assert values == trial.values
        assert {type(value) for value in values} == {float}


def test_pruned_trials_cost_what_they_trained(package: ModuleType, bench: Benchmark) -> None:
    problem = package.Problem(report=True)
    study = make_study(problem, pruner=optuna.pruners.MedianPruner(n_startup_trials=3))
    study.optimize(problem, n_trials=30)
    states = {trial.state.name for trial in study.trials}
    assert states == {"PRUNED", "COMPLETE"}
    for trial in study.trials:
        last = max(trial.intermediate_values)
        assert package.runtime_func(trial) == bench.evaluate(configuration_of(trial), last).cost_s


def test_an_asynchronous_simulator_can_drive_it(package: ModuleType, bench: Benchmark) -> None:
    """As OptunaHub's ``async_opt_simulator`` does: ask with the space, call, ask for the runtime, tell."""
    problem = package.Problem(report=True)
    study = make_study(problem, pruner=optuna.pruners.MedianPruner(n_startup_trials=3))
    for _ in range(20):
        trial = study.ask(problem.search_space)
        values, state = None, optuna.trial.TrialState.COMPLETE
        try:
            values = problem(trial)
        except optuna.TrialPruned:
            state = optuna.trial.TrialState.PRUNED
        runtime = package.runtime_func(trial)
        study.tell(trial, values, state=state)
        last = max(study.trials[-1].intermediate_values)
        assert runtime == bench.evaluate(configuration_of(study.trials[-1]), last).cost_s
        assert type(runtime) is float
    assert "simulated_end_s" not in study.trials[0].user_attrs


def test_a_seed_draws_the_tables_seeds(package: ModuleType, bench: Benchmark) -> None:
    by_seed = {bench.evaluate(CONFIGURATION, seed=seed).error_pct for seed in bench.seeds}
    problem = package.Problem(seed=1)
    first = [problem.evaluate(PARAMS) for _ in range(20)]
    assert set(first) == by_seed
    problem.reseed(1)
    assert [problem.evaluate(PARAMS) for _ in range(20)] == first
    problem.reseed()
    assert {problem.evaluate(PARAMS) for _ in range(20)} == {bench.evaluate(CONFIGURATION).error_pct}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metric_names": ["accuracy"]}, "objective 'accuracy'"),
        ({"epoch": 13}, "epoch 13"),
        ({"encoding": "ordinal"}, "'ordinal'"),
        ({"report": True, "epoch": 200}, "no learning curve"),
        ({"lr": 0.3}, "learning rate 0.3"),
    ],
)
def test_bad_arguments_are_named(package: ModuleType, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        package.Problem(**arguments)


def test_values_outside_are_refused(package: ModuleType) -> None:
    with pytest.raises(InvalidValueError, match=r"learning rate 0\.3"):
        package.Problem().evaluate({**PARAMS, "lr": 0.3})
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        package.Problem(encoding="integer", lr=0.1).evaluate({**PARAMS, "lr": 0, "batch_size": 0})


def test_the_example_runs(package: ModuleType, monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    import optunahub

    # The registry is on the network; here the local one stands for it.
    monkeypatch.setattr(
        optunahub, "load_module", lambda name: optunahub.load_local_module(name, registry_root=str(REGISTRY))
    )
    runpy.run_path(str(PACKAGE / "example.py"), run_name="__main__")
    assert "seconds of training, simulated" in capsys.readouterr().out


def test_without_nhb2_plugins_it_says_what_to_install(tmp_path: Path) -> None:
    shutil.copytree(REGISTRY, tmp_path / "package")
    code = (
        "import sys; sys.modules['nhb2_plugins'] = None; import optunahub;"
        "optunahub.load_local_module('benchmarks/nas_hpo_bench_ii', registry_root='package')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "pip install 'nhb2-plugins[optuna]'" in done.stderr.splitlines()[-1]


def test_the_folder_is_what_optunahub_asks_for() -> None:
    names = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert names == {"LICENSE", "README.md", "__init__.py", "_nas_hpo_bench_ii.py", "example.py", "requirements.txt"}
    _, front, text = (PACKAGE / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    keys = [line.split(":")[0] for line in front.splitlines()]
    assert keys == ["author", "title", "description", "tags", "optuna_versions", "license"]
    sections = [line for line in text.splitlines() if line.startswith("## ")]
    assert sections == ["## Abstract", "## APIs", "## Installation", "## Example", "## Others"]
