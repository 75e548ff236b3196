"""Every optimizer refuses what is no epoch, no size and no number when it is made, and not at its first proposal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nhb2_plugins.adapters.hpbandster.result import BohbResult
from nhb2_plugins.adapters.optuna.optimizer import OptunaOptimizer
from nhb2_plugins.adapters.smac.optimizer import SmacOptimizer
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.asha import Asha
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_then_evolution import BohbThenEvolution
from nhb2_plugins.optimizers.bracket_search import Hyperband
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.local_search import LocalSearch
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.optimizers.reinforce import Reinforce
from nhb2_plugins.optimizers.two_stage import RandomSearchThenEvolution

AT_ONE_EPOCH: tuple[Callable[..., Any], ...] = (
    RandomSearch,
    RegularizedEvolution,
    LocalSearch,
    Reinforce,
    RandomSearchThenEvolution,
    BohbThenEvolution,
)
EVOLVING: tuple[Callable[..., Any], ...] = (RegularizedEvolution, RandomSearchThenEvolution, BohbThenEvolution)


@pytest.mark.parametrize("make", AT_ONE_EPOCH)
@pytest.mark.parametrize("epoch", [13, 0, -1, 199, "12", True, None, 1.5])
def test_epochs(make: Callable[..., Any], epoch: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"is not one of 1\.\.12 or 200"):
        make(0, epoch=epoch)


@pytest.mark.parametrize("make", EVOLVING)
@pytest.mark.parametrize("name", ["population_size", "tournament_size"])
@pytest.mark.parametrize("size", [0, -1, 1.5, True, "3", None, 10**30])
def test_sizes(make: Callable[..., Any], name: str, size: Any) -> None:
    with pytest.raises(InvalidValueError, match=f"{name} .* is not an integer of at least 1"):
        make(0, **{name: size})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RegularizedEvolution(0, hyperparameters=3), "hyperparameters 3 are not a learning rate and"),  # type: ignore[arg-type]
        (lambda: RegularizedEvolution(0, hyperparameters=(0.1,)), "hyperparameters"),  # type: ignore[arg-type]
        (lambda: RegularizedEvolution(0, hyperparameters=(0.3, 16)), "0.3 is not one of"),
        (lambda: RandomSearchThenEvolution(0, first_stage_s="5"), "first_stage_s '5' is not a positive number"),  # type: ignore[arg-type]
        (lambda: RandomSearchThenEvolution(0, first_stage_s=0), "first_stage_s 0 is not a positive number"),
        (lambda: RandomSearchThenEvolution(0, first_stage_s=True), "first_stage_s True is not a positive number"),
        (lambda: Reinforce(0, learning_rate="a"), "learning_rate 'a' is not a positive number"),  # type: ignore[arg-type]
        (lambda: Reinforce(0, learning_rate=float("inf")), "learning_rate inf is not a positive number"),
        (lambda: Reinforce(0, learning_rate=True), "learning_rate True is not a positive number"),
        (lambda: Reinforce(0, baseline_decay=1), r"baseline_decay 1 is not in \[0, 1\)"),
        (lambda: Reinforce(0, baseline_decay=None), r"baseline_decay None is not in"),  # type: ignore[arg-type]
        (lambda: Asha(0, ladder=[1, 4], eta="3"), "eta '3' is not a finite number above 1"),  # type: ignore[arg-type]
        (lambda: Asha(0, ladder=[1, 4], eta=1), "eta 1 is not a finite number above 1"),
        (lambda: Asha(0, ladder=3), "budgets 3 are not several numbers"),  # type: ignore[arg-type]
        (lambda: Hyperband(0, ladder=[1, 4], n_iterations=True), "n_iterations True is not an integer of at least 1"),
        (lambda: Hyperband(0, ladder="12"), "budgets '12' are not several numbers"),  # type: ignore[arg-type]
        (lambda: Hyperband(0, ladder=b"12"), "budgets b'12' are not several numbers"),
        (lambda: BohbThenEvolution(0, ladder=[]), "a fidelity ladder needs at least one budget"),  # type: ignore[arg-type]
        (lambda: BohbThenEvolution(0, ladder=False), "budgets False are not several"),  # type: ignore[arg-type]
        (lambda: BohbThenEvolution(0, n_iterations=None), "n_iterations None is not an integer of"),  # type: ignore[arg-type]
        (lambda: BohbThenEvolution(0, settings={}), "settings {} is not a BohbSettings of nhb2_plugins"),  # type: ignore[arg-type]
        (lambda: Bohb(settings={}), "settings {} is not a BohbSettings of nhb2_plugins"),  # type: ignore[arg-type]
        (lambda: Bohb(settings=3), "settings 3 is not a BohbSettings of nhb2_plugins"),  # type: ignore[arg-type]
        (lambda: Bohb(previous_result=3), "previous_result 3 is neither a result"),  # type: ignore[arg-type]
        (lambda: Bohb(previous_result=BohbResult), "previous_result .* is neither a result"),  # type: ignore[arg-type]
        (lambda: OptunaOptimizer(0, []), r"sampler \[\] is not one of 'tpe'"),  # type: ignore[arg-type]
        (lambda: SmacOptimizer(0, {}), "facade {} is not one of 'hpo'"),  # type: ignore[arg-type]
    ],
)
def test_other_settings(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        call()


def test_numpys_integers_are_integers() -> None:
    import numpy as np

    assert RegularizedEvolution(0, population_size=np.int64(3), epoch=np.int64(4)).ask().epoch == 4  # type: ignore[arg-type]
