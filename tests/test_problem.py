"""What is asked of the benchmark: checked once, and the same whoever takes it."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import pytest

import nhb2_plugins as nhb2
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.problem import Problem, as_problem, split_arguments
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.recorder import Recorder
from tests.core_fixtures import mini_benchmark

BENCH: Final = mini_benchmark()
ROW_53: Final = Configuration.from_index(53)


def test_the_defaults() -> None:
    problem = nhb2.Problem(BENCH)
    assert (problem.epoch, problem.ladder, problem.seed, problem.charging) == (12, None, None, "from_scratch")
    assert problem.restriction is WHOLE_SPACE
    assert (problem.encoding, problem.settled_encoding, problem.objectives) == (None, "categorical", ("error_pct",))


def test_a_ladder_decides_the_epoch() -> None:
    problem = Problem(BENCH, ladder=[4, 12, 200])
    assert (problem.epoch, problem.ladder) == (200, FidelityLadder([4, 12, 200]))
    assert Problem(BENCH, 200, ladder=[12, 200]).epoch == 200
    with pytest.raises(InvalidValueError, match="epoch 200 is not the highest rung of the ladder, 12"):
        Problem(BENCH, 200, ladder=[4, 12])
    with pytest.raises(InvalidValueError, match="epoch 4 is not the highest rung of the ladder, 12"):
        Problem(BENCH, 4, ladder=[4, 12])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bench": 3}, r"bench 3 is not a Benchmark; open_benchmark\(\) opens one"),
        ({"epoch": 13}, "epoch 13 is not one of 1..12 or 200"),
        ({"epoch": "12"}, "epoch '12' is not one of"),
        ({"epoch": True}, "epoch True is not one of"),
        ({"ladder": 3}, "budgets 3 are not several numbers"),
        ({"ladder": [12, 4]}, "do not ascend strictly"),
        ({"seed": 3}, "seed 3 is not one of 222, 555, 'mean'"),
        ({"charging": "free"}, "charging policy 'free' is not one of"),
        ({"restriction": None}, "restriction None is not a Subspace"),
        ({"encoding": "box"}, "encoding 'box' is not one of 'categorical', 'ordinal', 'integer', 'digits', 'unit'"),
        ({"encoding": "unit", "restriction": Subspace(one_per_class=True)}, "nothing for a whole cell"),
        ({"objectives": ()}, r"objectives \[\] must be one or more"),
        ({"objectives": ["error_pct", "error_pct"]}, "must be one or more different names"),
        ({"objectives": ["accuracy"]}, "objective 'accuracy' is not one of 'error_pct'"),
    ],
)
def test_each_part_is_checked_when_it_is_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        Problem(**{"bench": BENCH, **arguments})


def test_it_is_a_value() -> None:
    problem = Problem(BENCH, ladder=[12, 200], seed="mean", objectives="cost_s")
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.epoch = 4  # type: ignore[misc]
    assert dataclasses.replace(problem, charging="cached") == Problem(
        BENCH, 200, ladder=[12, 200], seed="mean", objectives=("cost_s",), charging="cached"
    )


def test_a_budget_is_served_by_the_rung_below_it() -> None:
    problem = Problem(BENCH, ladder=FidelityLadder.hyperband(1, 12, eta=3))
    assert problem.served(1.3333333333333333) == (1, 4 / 3)
    assert problem.served(3.9999999999999996) == (4, 4)  # a float error of a framework's logarithm
    assert problem.served(11.5) == (4, 11.5)
    assert problem.served(None) == (12, None)
    with pytest.raises(InvalidValueError, match=r"budget 0\.5 is below the smallest fidelity 1"):
        problem.served(0.5)
    with pytest.raises(InvalidValueError, match="budget 12: this problem has no ladder, but one fidelity"):
        Problem(BENCH).served(12)


def test_values_and_configurations_are_the_inverse_of_each_other_under_every_encoding() -> None:
    configuration = Configuration("0|10|210", 0.1, 256)
    for encoding in ("categorical", "ordinal", "integer"):
        problem = Problem(BENCH, encoding=encoding)
        values = problem.values(configuration)
        assert values["lr"] == (5 if encoding == "integer" else 0.1)
        assert problem.configuration(values) == configuration
        # without an encoding the values tell
        assert Problem(BENCH).configuration(values) == configuration


def test_whole_cells_stand_where_the_part_needs_them_or_where_asked() -> None:
    part = Subspace(one_per_class=True)
    configuration = Configuration(part.cellcodes[3], 0.1, 256)
    assert Problem(BENCH, restriction=part).values(configuration) == {
        "cell": part.cellcodes[3],
        "lr": 0.1,
        "batch_size": 256,
    }
    assert "op_01" in Problem(BENCH, restriction=part).values(configuration, whole_cells=False)
    assert list(Problem(BENCH, restriction=part).choices) == ["cell", "lr", "batch_size"]
    assert list(Problem(BENCH, restriction=Subspace(lr=0.1), encoding="integer").choices["lr"]) == [5]


def test_what_is_outside_the_part_is_refused_both_ways() -> None:
    problem = Problem(BENCH, restriction=Subspace(lr=0.2))
    outside = Configuration("0|10|210", 0.1, 256)
    for refuse in (lambda: problem.values(outside), lambda: problem.configuration(Problem(BENCH).values(outside))):
        with pytest.raises(InvalidValueError, match="is not in Subspace"):
            refuse()
    with pytest.raises(InvalidValueError, match="3 is not a Configuration"):
        problem.values(3)  # type: ignore[arg-type]


def test_costs_are_the_objectives_of_a_record_in_their_order() -> None:
    problem = Problem(BENCH, objectives=("cost_s", "error_pct", "params_live"))
    record = Recorder(problem).evaluate(ROW_53)
    assert problem.costs(record) == (
        record.cost_s,
        100 - record.accuracy_pct,
        float(nhb2.Cell(ROW_53.cellcode).params_live),
    )


def test_keywords_stand_beside_a_benchmark_and_never_beside_a_problem() -> None:
    problem = Problem(BENCH, seed=555)
    assert as_problem(problem, {}) is problem
    assert as_problem(BENCH, {"seed": 555}) == problem
    assert as_problem(BENCH, {}, ladder=[12, 200]).epoch == 200
    with pytest.raises(InvalidValueError, match="seed, charging beside a Problem"):
        as_problem(problem, {"seed": 222, "charging": "cached"})
    with pytest.raises(InvalidValueError, match="ladder beside a Problem"):
        as_problem(problem, {}, ladder=[12, 200])
    with pytest.raises(
        TypeError,
        match=r"keyword argument 'sed' is not one of 'epoch', 'seed', .*, 'objectives' \(did you mean 'seed'\?\)",
    ):
        as_problem(BENCH, {"sed": 222})  # type: ignore[typeddict-unknown-key]


def test_a_frameworks_own_keywords_are_told_from_a_problems() -> None:
    given = {"seed": 3, "table_seed": 555, "encoding": "integer", "num_samples": 4}
    assert split_arguments(given) == ({"seed": 555, "encoding": "integer"}, {"seed": 3, "num_samples": 4})
    assert split_arguments(given, table_seed="seed") == (
        {"seed": 3, "encoding": "integer"},
        {"table_seed": 555, "num_samples": 4},
    )


def test_a_recorder_evaluates_the_problems_epoch_and_seed_where_no_other_is_asked_for() -> None:
    recorder = Recorder(BENCH, epoch=3, seed=555, charging="cached")
    first, again, other = recorder.evaluate(ROW_53), recorder.evaluate(ROW_53), recorder.evaluate(ROW_53, 4, seed=222)
    assert [(each.epoch, each.seed) for each in (first, again, other)] == [(3, 555), (3, 555), (4, 222)]
    assert (first.charged_cost_s, again.charged_cost_s) == (first.cost_s, 0.0)
    assert other.charged_cost_s == other.cost_s


def test_the_clock_keeps_an_optimizer_to_the_problems_part() -> None:
    from nhb2_plugins.optimizers.random_search import RandomSearch

    problem = Problem(BENCH, seed="mean", charging="cached", restriction=Subspace(lr=0.2))
    records = nhb2.simulate(RandomSearch(0, restriction=problem.restriction), problem, budget_s=2000).records
    assert {(record.lr, record.seed, record.charging) for record in records} == {(0.2, "mean", "cached")}
    with pytest.raises(InvalidValueError, match="is not in Subspace"):
        nhb2.simulate(RandomSearch(0), problem, budget_s=1e6)
