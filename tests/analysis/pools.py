"""Final regrets of some thousand runs of four optimizers on two tables: populations to measure statistics on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from nhb2_plugins.analysis.model import Floats
from nhb2_plugins.trajectory.baseline import RegretLaw

_DIRECTORY: Final = Path(__file__).parents[2] / "benchmarks" / "verdicts"
TABLES: Final = ("6b73c44b", "d35fd258", "1c809ea5")
"""Digests of the embedded tables that they ran on: 2,000 runs on that of release 0.1, 1,200 on each of two of 0.2."""
OPTIMIZERS: Final = ("random_search", "regularized_evolution", "bohb", "optuna")


@cache
def pool(optimizer: str, table: str = TABLES[0]) -> Floats:
    """Regrets in percentage points, made by ``benchmarks/verdicts/make_pools.py``."""
    with np.load(_DIRECTORY / f"pools_{table}.npz") as pools:
        regrets: Floats = pools[optimizer].astype(np.float64)
    regrets.setflags(write=False)
    return regrets


@cache
def random_search_law() -> RegretLaw:
    """The exact law of the pool of random search."""
    with np.load(_DIRECTORY / f"pools_{TABLES[0]}.npz") as pools:
        regret, at_most = (tuple(pools[name].astype(np.float64).tolist()) for name in ("law_regret", "law_at_most"))
    return RegretLaw(1, 20_000.0, regret, at_most)


def drawn(optimizer: str, n_runs: int, n_campaigns: int, seed: int = 0, table: str = TABLES[0]) -> Floats:
    """Runs of many campaigns, drawn with replacement: shape (n_runs, n_campaigns)."""
    return np.random.default_rng([seed, n_runs]).choice(pool(optimizer, table), (n_runs, n_campaigns))
