"""What an adapter is given is refused where it arrives, by this package's errors, which name the value."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import optuna
import pytest

from nhb2_plugins.adapters.bohb_adapter import BohbResult, BohbWorker, run_bohb
from nhb2_plugins.adapters.configspace_adapter import (
    configuration_space,
    read_configuration_space,
    to_configuration,
    to_values,
    write_configuration_space,
)
from nhb2_plugins.adapters.optuna_adapter import (
    OptunaObjective,
    OptunaStopAtBudget,
    configuration_of,
    enqueue,
    optuna_search_space,
    study_from_records,
    suggest_configuration,
)
from nhb2_plugins.adapters.smac_adapter import (
    SmacReport,
    SmacStopAtBudget,
    quick_model,
    reproducible_maximizer,
    smac_budgets,
    smac_target,
)
from nhb2_plugins.errors import InvalidValueError, Nhb2Error, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark
from nhb2_plugins.trajectory.logger import TrajectoryLogger

BENCH: Final = generated_benchmark()
A_CONFIGURATION: Final = Configuration.from_index(14_050)
WRONG: Final[tuple[Any, ...]] = (3, "x", [3], {}, object())

Make = Callable[..., Any]


def run_on_nameserver(**arguments: Any) -> Any:
    return run_bohb(engine="nameserver", **arguments)


def a_worker(**arguments: Any) -> Any:
    return BohbWorker(run_id="wrong", **arguments)


RUNS: Final[Mapping[str, tuple[Make, Mapping[str, Any]]]] = {
    "OptunaObjective": (OptunaObjective, {"bench": BENCH}),
    "smac_target": (smac_target, {"bench": BENCH}),
    "BohbWorker": (a_worker, {"bench": BENCH}),
    "in_process": (run_bohb, {"bench": BENCH, "n_iterations": 1}),
    "nameserver": (run_on_nameserver, {"bench": BENCH, "n_iterations": 1}),
}


@pytest.mark.parametrize("argument", ["bench", "logger", "charging"])
@pytest.mark.parametrize("name", RUNS)
def test_every_run_refuses_what_is_no_benchmark_logger_or_policy(name: str, argument: str) -> None:
    make, arguments = RUNS[name]
    for value in WRONG:
        with pytest.raises(InvalidValueError, match=argument):
            make(**{**arguments, argument: value})


@pytest.mark.parametrize("name", RUNS)
def test_every_run_refuses_a_seed_that_the_table_lacks_before_it_begins(name: str) -> None:
    make, arguments = RUNS[name]
    argument = "table_seed" if make in (run_bohb, run_on_nameserver) else "seed"
    for value in (3, "x", -1, 1.5, True):
        with pytest.raises(InvalidValueError, match="is not one of 222, 555, 888, 'mean'"):
            make(**{**arguments, argument: value})


RESTRICTED: Final[Mapping[str, Make]] = {
    "OptunaObjective": lambda part: OptunaObjective(BENCH, restriction=part),
    "optuna_search_space": lambda part: optuna_search_space(restriction=part),
    "suggest_configuration": lambda part: suggest_configuration(optuna.create_study().ask(), restriction=part),
    "enqueue": lambda part: enqueue(optuna.create_study(), A_CONFIGURATION, restriction=part),
    "BohbWorker": lambda part: a_worker(bench=BENCH, restriction=part),
    "in_process": lambda part: run_bohb(BENCH, 1, restriction=part),
    "nameserver": lambda part: run_on_nameserver(bench=BENCH, n_iterations=1, restriction=part),
    "configuration_space": lambda part: configuration_space(restriction=part),
}


@pytest.mark.parametrize("name", RESTRICTED)
def test_what_is_no_part_of_the_space_is_refused(name: str) -> None:
    for value in (*WRONG, False, Subspace, *([] if name == "configuration_space" else [None])):
        with pytest.raises(InvalidValueError, match="is not a Subspace"):
            RESTRICTED[name](value)


@pytest.mark.parametrize("engine", ["in_process", "nameserver"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": "a"}, r"seed 'a' is not an integer in 0\.\.4294967295"),
        ({"seed": -1}, "seed -1 is not an integer in 0"),
        ({"seed": 2**32}, "seed 4294967296 is not"),
        ({"seed": 1.5}, r"seed 1\.5 is not"),
        ({"seed": True}, "seed True is not"),
        ({"seed": None}, "seed None is not"),
        ({"n_iterations": 0}, "n_iterations 0 is not an integer of at least 1"),
        ({"n_iterations": float("inf")}, "n_iterations inf is not"),
        ({"n_iterations": "a"}, "n_iterations 'a' is not"),
        ({"whole_cells": 3}, "whole_cells 3 is neither True nor False"),
        ({"previous_result": 3}, "previous_result 3 is neither a result"),
        ({"min_points_in_model": "a"}, "min_points_in_model 'a' is not an integer"),
        ({"min_points_in_model": -1}, "min_points_in_model -1 is not between 0"),
        ({"top_n_percent": 1.5}, r"top_n_percent 1\.5 is not an integer"),
        ({"num_samples": None}, "num_samples None is not an integer"),
        ({"random_fraction": "a"}, "random_fraction 'a' is not a finite number"),
        ({"random_fraction": float("nan")}, "random_fraction nan is not between 0 and 1"),
        ({"bandwidth_factor": float("inf")}, "bandwidth_factor inf is not a finite number"),
        ({"ladder": 3}, "budgets 3 are not several numbers of epochs"),
    ],
)
def test_both_engines_of_bohb_refuse_the_same(engine: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        run_bohb(BENCH, **{"n_iterations": 1, "engine": engine, **arguments})


@pytest.mark.parametrize("kind", [OptunaStopAtBudget, SmacStopAtBudget])
def test_a_budget_needs_a_clock(kind: Any) -> None:
    for value in (*WRONG, None, TrajectoryLogger, BENCH):
        with pytest.raises(InvalidValueError, match="is not a TrajectoryLogger"):
            kind(100, value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"report": None}, r"report None is not True, False, or a ladder, for example \[12, 200\]"),
        ({"report": 1}, "report 1 is not True"),
        ({"report": "yes"}, "report 'yes' is not True"),
        ({"report": [12, 4]}, "do not ascend"),
        ({"report": FidelityLadder([1, 4, 12]), "epoch": 200}, "epoch 200 is not the highest rung of the ladder, 12"),
        ({"objectives": 3}, "objective 3 is not one of 'error_pct'"),
        ({"objectives": [["error_pct"]]}, r"objective \['error_pct'\] is not one of"),
        ({"attributes": 3}, r"attributes \[3\] are not among \['cost_s'"),
        ({"attributes": "seconds"}, r"attributes \['seconds'\] are not among"),
    ],
)
def test_an_optuna_objective_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        OptunaObjective(BENCH, **arguments)


def test_several_budgets_are_a_ladder_to_report_at() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(pruner=optuna.pruners.NopPruner())
    study.optimize(OptunaObjective(BENCH, report=[4, 12], attributes="epoch"), n_trials=1)
    assert list(study.trials[0].intermediate_values) == [4, 12]
    assert study.trials[0].user_attrs == {"epoch": 12}


@pytest.mark.parametrize("copied", [lambda objective: pickle.dumps(objective), copy.deepcopy])
def test_an_objective_is_never_copied_away_from_its_records(copied: Make) -> None:
    with pytest.raises(TrajectoryError, match="Make one in each process"):
        copied(OptunaObjective(BENCH))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: configuration_of(None), "trial None is not a BaseTrial of optuna"),  # type: ignore[arg-type]
        (lambda: OptunaObjective(BENCH)(3), "trial 3 is not a BaseTrial of optuna"),  # type: ignore[arg-type]
        (lambda: enqueue("x", A_CONFIGURATION), "study 'x' is not a Study of optuna"),  # type: ignore[arg-type]
        (lambda: enqueue(optuna.create_study(), 3), "3 is not a Configuration"),  # type: ignore[arg-type]
        (lambda: study_from_records(3), "3 is not a TrialRecord"),  # type: ignore[arg-type]
        (lambda: study_from_records([3]), "3 is not a TrialRecord"),  # type: ignore[list-item]
        (lambda: smac_target(BENCH, instances=["222"]), r"instances \['222'\] is neither True nor False"),  # type: ignore[arg-type]
        (lambda: smac_target(BENCH, [1, 4, 12], epoch=200), "epoch 200 is not the highest rung of the ladder, 12"),
        (lambda: smac_target(BENCH)({}, seed=None), "seed None is not an integer"),
        (lambda: SmacReport(lambda config: config), "is not a function that smac_target"),  # type: ignore[arg-type]
        (lambda: smac_budgets([12, 200], eta="x"), "eta 'x' is not a finite number above 1"),  # type: ignore[arg-type]
        (lambda: quick_model("hpo", 3), "facade 'hpo' is not a class of SMAC's facades"),  # type: ignore[arg-type]
        (lambda: reproducible_maximizer(None, 3), "facade None is not a class"),  # type: ignore[arg-type]
        (lambda: configuration_space(whole_cells="x"), "whole_cells 'x' is neither True nor False"),  # type: ignore[arg-type]
        (lambda: write_configuration_space(3, "x.json"), "space 3 is not a ConfigurationSpace"),  # type: ignore[arg-type]
        (lambda: read_configuration_space(3), "path 3 is not the name of a file"),  # type: ignore[arg-type]
        (lambda: to_configuration(3), "values 3 are not a mapping"),  # type: ignore[arg-type]
        (lambda: to_values({}), "{} is not a Configuration"),  # type: ignore[arg-type]
        (lambda: BohbResult.read_log(3), "directory 3 is not the name of a directory"),  # type: ignore[arg-type]
    ],
)
def test_wrong_objects_are_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(Nhb2Error, match=message):
        call()


@pytest.mark.parametrize("rank", [True, 1.5, "1", None])
def test_a_rank_is_a_whole_number(rank: Any) -> None:
    with pytest.raises(InvalidValueError, match="rank of lr"):
        to_configuration({**to_values(A_CONFIGURATION, "integer"), "lr": rank}, "integer")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", "{"), ("b.json", "[]"), ("c.json", "{}"), ("d.yaml", "a: ["), ("e.yaml", ""), ("f.json", "\udcff")],
)
def test_a_file_without_a_space_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InvalidValueError, match=f"{name} does not hold a search space"):
        read_configuration_space(tmp_path / name)
