"""Frameworks' optimizers learn the values of all objectives."""

from __future__ import annotations

import pytest

from nhb2_plugins.adapters.optuna.optimizer import OptunaOptimizer
from nhb2_plugins.adapters.smac.optimizer import SmacOptimizer
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.registry import make_optimizer
from nhb2_plugins.simulation import simulate
from nhb2_plugins.testing import generated_benchmark

OBJECTIVES = ("error_pct", "cost_s", "params_live")


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsgaii", "nsgaiii"])
def test_an_optuna_study_has_a_direction_and_a_value_for_each(sampler: str) -> None:
    bench = generated_benchmark()
    optimizer = OptunaOptimizer(1, sampler, objectives=OBJECTIVES)
    for _ in range(25):
        suggestion = optimizer.ask()
        seen = bench.evaluate(suggestion.configuration)
        optimizer.tell(suggestion, seen)
        size = float(Cell(suggestion.configuration.cellcode).params_live)
        assert optimizer.study.trials[-1].values == [seen.error_pct, seen.cost_s, size]
    assert len(optimizer.study.directions) == 3
    assert optimizer.study.best_trials


def test_smac_learns_all_of_them_by_parego() -> None:
    logger = simulate(
        optimizer := SmacOptimizer(2, n_trials=40, objectives=OBJECTIVES[:2]), generated_benchmark(), budget_s=12_000
    )
    costs = [value.cost for value in optimizer.facade.runhistory.values()]
    assert costs == [[record.error_pct, record.cost_s] for record in logger.records]
    again = simulate(SmacOptimizer(2, n_trials=40, objectives=OBJECTIVES[:2]), generated_benchmark(), budget_s=12_000)
    assert [each.configuration for each in again.records] == [each.configuration for each in logger.records]


def test_what_minimises_one_refuses_several() -> None:
    with pytest.raises(InvalidValueError, match="sampler 'cmaes' minimises one objective"):
        OptunaOptimizer(0, "cmaes", encoding="integer", objectives=OBJECTIVES)
    with pytest.raises(InvalidValueError, match="facade 'multi_fidelity' minimises one objective here"):
        SmacOptimizer(0, ladder=[4, 12], objectives=OBJECTIVES)
    with pytest.raises(InvalidValueError, match="algorithm 'asha' has no parameter 'objectives'"):
        make_optimizer("asha", seed=0, ladder=FidelityLadder([4, 12]), objectives=OBJECTIVES)
    with pytest.raises(InvalidValueError, match="setting of random_search"):
        make_optimizer("random_search", seed=0, settings={"objectives": OBJECTIVES})
