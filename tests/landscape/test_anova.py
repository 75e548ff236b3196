from __future__ import annotations

from itertools import combinations, product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.anova import ARCHITECTURE, HYPERPARAMETERS, decompose, functional_anova
from nhb2_plugins.landscape.view import Floats
from nhb2_plugins.space import HYPERPARAMETER_NAMES, N_CHOICES, Configuration
from tests.core_fixtures import mini_benchmark, needs

NAMES = ("a", "b", "c", "d")


def brute_force(values: Floats) -> dict[frozenset[int], float]:
    """Each component's variance by its recursive definition, point by point, without any shortcut."""
    axes = range(values.ndim)
    points = list(product(*(range(n) for n in values.shape)))
    effect: dict[frozenset[int], dict[tuple[int, ...], float]] = {}
    for order in range(values.ndim + 1):
        for subset in map(frozenset, combinations(axes, order)):
            effect[subset] = {}
            for point in points:
                agreeing = [values[p] for p in points if all(p[i] == point[i] for i in subset)]
                smaller = sum(effect[other][point] for other in effect if other < subset)
                effect[subset][point] = sum(agreeing) / len(agreeing) - smaller
    return {s: sum(v**2 for v in each.values()) / len(points) for s, each in effect.items() if s}


@given(st.tuples(*[st.integers(1, 3)] * 3).flatmap(lambda shape: arrays(float, shape, elements=st.integers(-4, 4))))
def test_components_are_those_of_the_definition(values: Floats) -> None:
    anova = decompose(values, NAMES[:3])
    for subset, variance in brute_force(values).items():
        share = anova.share([NAMES[i] for i in subset])
        assert share * anova.variance == pytest.approx(variance, abs=1e-9)
    assert anova.component.sum() == pytest.approx(1 if values.std() > 0 else 0)


def test_a_two_by_two_table_by_hand() -> None:
    # Means 0 and 10 of the rows, 3 and 7 of the columns; interaction ±1 about the mean 5.
    anova = decompose(np.array([[-1.0, 1.0], [7.0, 13.0]]), ("row", "column"))
    assert anova.variance == 25 + 4 + 1
    assert anova.share(["row"]) == pytest.approx(25 / 30)
    assert anova.share(["column"]) == pytest.approx(4 / 30)
    assert anova.share(["row", "column"]) == pytest.approx(1 / 30)
    assert anova.total_share(["row"]) == pytest.approx(26 / 30)
    assert anova.closed_share(["row", "column"]) == pytest.approx(1)
    assert anova.order_share == pytest.approx([0, 29 / 30, 1 / 30])


def test_the_whole_space_agrees_with_marginal_means_taken_one_by_one() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=N_CHOICES) + 2 * rng.normal(size=(4, 1, 1, 1, 1, 1, 8, 1))
    anova = decompose(values, HYPERPARAMETER_NAMES)
    centred = values - values.mean()
    main = {i: centred.mean(axis=tuple(set(range(8)) - {i}), keepdims=True) for i in range(8)}
    for i, j in combinations(range(8), 2):
        pair = centred.mean(axis=tuple(set(range(8)) - {i, j}), keepdims=True) - main[i] - main[j]
        names = HYPERPARAMETER_NAMES[i], HYPERPARAMETER_NAMES[j]
        assert anova.share(names) == pytest.approx((pair**2).mean() / values.var())
    assert anova.share(["op_01", "lr"]) > 0.3  # what was planted
    assert anova.component.sum() == pytest.approx(1)


def test_groups_are_coordinates_of_their_own() -> None:
    values = np.random.default_rng(4).normal(size=N_CHOICES)
    anova = decompose(values, HYPERPARAMETER_NAMES)
    grouped = decompose(values.reshape(4096, 48), ("architecture", "hyperparameters"))
    assert anova.closed_share(ARCHITECTURE) == pytest.approx(grouped.share(["architecture"]))
    assert anova.closed_share(HYPERPARAMETERS) == pytest.approx(grouped.share(["hyperparameters"]))
    interaction = grouped.share(["architecture", "hyperparameters"])
    assert anova.interaction_share(ARCHITECTURE, HYPERPARAMETERS) == pytest.approx(interaction)


def test_error_and_cost_of_a_table_that_depends_on_three_coordinates() -> None:
    # In the mini table a row's number decides: the first edge (convolution or not), learning rate, batch size; the
    # error is linear in it, so there is no interaction.
    anova = functional_anova(mini_benchmark())
    variances = {"op_01": 48**2 * 3 / 16, "lr": 6**2 * (8**2 - 1) / 12, "batch_size": (6**2 - 1) / 12}
    total = sum(variances.values())
    for name in HYPERPARAMETER_NAMES:
        assert anova.share([name]) == pytest.approx(variances.get(name, 0) / total, abs=1e-9)
    assert anova.interaction_share(ARCHITECTURE, HYPERPARAMETERS) == pytest.approx(0, abs=1e-9)
    cost = functional_anova(mini_benchmark(), quantity="cost")
    assert cost.component == pytest.approx(anova.component, abs=1e-9)  # seconds are linear in the row, too
    assert cost.variance > anova.variance


def test_a_constant_has_no_shares() -> None:
    anova = decompose(np.full((2, 3), 7.0), ("a", "b"))
    assert (anova.variance, anova.component.tolist()) == (0, [0, 0, 0, 0])


@needs("pandas")
def test_the_frame_lists_mains_and_pairs_with_the_table() -> None:
    bench = mini_benchmark()
    frame = functional_anova(bench).to_frame()
    assert frame["order"].tolist() == [1] * 8 + [2] * 28
    assert frame["coordinates"][0] == "op_01"
    assert frame.attrs["table"] == bench.provenance.label
    assert frame["share"].sum() == pytest.approx(1)  # nothing beyond pairs in this table


def test_wrong_names_are_refused() -> None:
    anova = decompose(np.arange(6.0).reshape(2, 3), ("a", "b"))
    with pytest.raises(InvalidValueError, match="coordinate 'c' is not one of 'a', 'b'"):
        anova.share(["c"])
    with pytest.raises(InvalidValueError, match=r"\['a'\] are in both groups"):
        anova.interaction_share(["a"], ["a", "b"])
    with pytest.raises(InvalidValueError, match="3 names do not fit an array of 2 axes"):
        decompose(np.zeros((2, 2)), ("a", "b", "c"))
    with pytest.raises(InvalidValueError, match="quantity 'accuracy' is not one of"):
        functional_anova(mini_benchmark(), quantity="accuracy")  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match=r"max_order 3 is not in 1\.\.2"):
        anova.to_frame(3)


def _forest_importances(bench: Benchmark, n_trials: int) -> dict[str, float]:
    import optuna

    from nhb2_plugins.adapters.optuna_adapter import optuna_search_space

    space = optuna_search_space()
    indices = np.random.default_rng(0).integers(0, prod(N_CHOICES), n_trials)
    study = optuna.create_study()
    for index in indices.tolist():
        configuration = Configuration.from_index(index)
        study.add_trial(
            optuna.trial.create_trial(
                params=configuration.to_hyperparameters(),
                distributions=space,
                value=bench.evaluate(configuration).error_pct,
            )
        )
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=0)
    importances: dict[str, float] = evaluator.evaluate(study)
    return importances


@needs("optuna", "sklearn")
def test_a_forests_estimate_from_random_trials_comes_close() -> None:
    bench = open_benchmark()
    exact = functional_anova(bench)
    estimate = _forest_importances(bench, n_trials=500)
    for name in HYPERPARAMETER_NAMES:
        assert estimate[name] == pytest.approx(exact.share([name]), abs=0.06)
    assert max(estimate, key=lambda name: estimate[name]) == max(HYPERPARAMETER_NAMES, key=lambda n: exact.share([n]))
