"""Random search, evolution and the two-stage search equal the reference's own algorithms, bit for bit.

The loops below are written from the description of the reference's baselines and run on the real ``nashpobench2api``
over pickles of the published format; ours run behind ask/tell on the imported table.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nashpobench2api import NASHPOBench2API
from nashpobench2api.utils import get_ith_op, set_ith_op

from nhb2_plugins.ask_tell import Optimizer
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.optimizers.evolution import RegularizedEvolution
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.optimizers.two_stage import RandomSearchThenEvolution
from nhb2_plugins.simulation import simulate
from nhb2_plugins.table.reference.importer import import_published

BUDGET_S = 20_000.0
FIRST_STAGE_S = 5_000.0
N_SEEDS = 100
Key = dict[str, Any]


@pytest.fixture(scope="module")
def api(published_pickles: Path) -> NASHPOBench2API:
    return NASHPOBench2API(str(published_pickles), verbose=False)


@pytest.fixture(scope="module")
def bench(published_pickles: Path, tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    directory = tmp_path_factory.mktemp("imported") / "table"
    import_published(published_pickles, directory)
    return open_benchmark(directory)


def reference_random_search(api: NASHPOBench2API, seed: int) -> None:
    random.seed(seed)
    while api.get_total_cost() < BUDGET_S:
        api.query_by_key(**api.get_random_key())


def mutated(api: NASHPOBench2API, key: Key, *, edges_only: bool) -> Key:
    child = dict(key)
    coordinate = random.choice(list(range(6)) if edges_only else [*range(6), "lr", "batch_size"])
    if coordinate == "lr":
        child["lr"] = random.choice([lr for lr in api.lrs if lr != key["lr"]])
    elif coordinate == "batch_size":
        child["batch_size"] = random.choice([size for size in api.batch_sizes if size != key["batch_size"]])
    else:
        operation = get_ith_op(key["cellcode"], coordinate)
        others = [other for other in range(4) if other != operation]
        child["cellcode"] = set_ith_op(key["cellcode"], coordinate, random.choice(others))
    return child


def reference_evolution(api: NASHPOBench2API, seed: int, fixed: Key | None = None) -> None:
    random.seed(seed)
    population: list[tuple[float, Key]] = []
    for _ in range(10):
        key = {**api.get_random_key(), **(fixed or {})}
        accuracy, _ = api.query_by_key(**key)
        population.append((accuracy, key))
    while api.get_total_cost() < BUDGET_S:
        contestants = [random.choice(population) for _ in range(3)]
        best = contestants[0]
        for contestant in contestants[1:]:
            if contestant[0] > best[0]:
                best = contestant
        key = mutated(api, best[1], edges_only=fixed is not None)
        accuracy, _ = api.query_by_key(**key)
        population.append((accuracy, key))
        population.pop(0)


def reference_two_stage(api: NASHPOBench2API, seed: int) -> None:
    random.seed(seed)
    cellcode = random.choice(api.cellcodes)
    while api.get_total_cost() < FIRST_STAGE_S:
        api.query_by_key(**{**api.get_random_key(), "cellcode": cellcode})
    found = api.best_key
    reference_evolution(api, seed, {"lr": found["lr"], "batch_size": found["batch_size"]})


PAIRS: dict[str, tuple[Callable[[NASHPOBench2API, int], None], Callable[[int], Optimizer]]] = {
    "random search": (reference_random_search, RandomSearch),
    "regularized evolution": (reference_evolution, RegularizedEvolution),
    "rs_then_rea": (reference_two_stage, RandomSearchThenEvolution),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_hundred_seeds_give_the_references_trajectories(name: str, api: NASHPOBench2API, bench: Benchmark) -> None:
    run_reference, make = PAIRS[name]
    n_evaluations = 0
    for seed in range(N_SEEDS):
        api.reset_logdata()
        run_reference(api, seed)
        expected = api.get_results()
        results = simulate(make(seed), bench, budget_s=BUDGET_S, crossing="count").results()
        assert results == expected, f"seed {seed} differs"
        n_evaluations += len(expected["acc_trans"])
    assert n_evaluations > N_SEEDS * 15
