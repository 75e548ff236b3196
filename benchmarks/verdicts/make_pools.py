"""Final regrets of some thousand runs of each optimizer: the populations that the report's statistics are measured on.

    pip install ".[quickstart]"
    python benchmarks/verdicts/make_pools.py

Takes a quarter of an hour. It adds to the pools of the table in use, whose
file is named by its digest; runs that are there are kept. They are those of the shipped specifications on the
embedded table: 20,000 simulated seconds, regret in validation error at 12 epochs. With them goes the exact law of
random search.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np

import nhb2_plugins as nhb2
from nhb2_plugins.campaign.baseline import compute_baseline
from nhb2_plugins.campaign.spec import read_spec
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.registry import make_optimizer
from nhb2_plugins.problem import Problem
from nhb2_plugins.simulation import simulate

BUDGET_S: Final = 20_000
N_RUNS: Final = 2000
LADDER: Final = FidelityLadder.hyperband(1, 12, 3)
OPTIMIZERS: Final[dict[str, dict[str, Any]]] = {
    "random_search": {},
    "regularized_evolution": {},
    "bohb": {"ladder": LADDER},
    "optuna": {"settings": {"sampler": "tpe"}},
}


def final_regret(bench: nhb2.Benchmark, algorithm: str, seed: int, given: dict[str, Any]) -> float:
    """Regret at 12 epochs of the last incumbent of one run, in percentage points."""
    optimizer = make_optimizer(algorithm, seed=seed, **given)
    problem = Problem(bench, ladder=given.get("ladder"))
    last = simulate(optimizer, problem, budget_s=BUDGET_S, crossing="drop").incumbents()[-1].record
    return bench.oracle(12)[1] - bench.evaluate(last.configuration, 12, "valid", last.seed).accuracy_pct


def main() -> None:
    """Add the runs that are missing, and write what is there every hundred of them."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    bench = nhb2.open_benchmark()
    path = Path(__file__).with_name(f"pools_{bench.provenance.digest[:8]}.npz")
    pools = dict(np.load(path)) if path.exists() else {}
    for name, given in OPTIMIZERS.items():
        for first in range(len(pools.get(name, ())), N_RUNS, 100):
            new = [final_regret(bench, name, seed, given) for seed in range(first, first + 100)]
            pools[name] = np.concatenate([pools.get(name, np.empty(0)), np.round(new, 4)]).astype(np.float32)
            np.savez_compressed(path, **pools)
            print(name, first + 100, flush=True)
    (law,) = compute_baseline(read_spec("quickstart").model_copy(update={"draws": None}), bench).laws
    pools |= {"law_regret": np.float32(law.regret_pp), "law_at_most": np.float32(law.at_most)}
    np.savez_compressed(path, **pools)


if __name__ == "__main__":
    main()
