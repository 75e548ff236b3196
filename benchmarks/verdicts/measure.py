"""What the report's intervals cover, how often its tests err, what stopping early saves: the tables of docs/report.md.

    pip install ".[report]"
    python benchmarks/verdicts/measure.py

Draws campaigns from the pools beside it, which are named by the digest of their embedded table: 2,000 runs on that of
release 0.1, 1,200 on the others; a minute or two each.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from scipy.stats import bootstrap

from nhb2_plugins.analysis.model import Floats
from nhb2_plugins.analysis.power import is_significant
from nhb2_plugins.analysis.rank_statistics import p_against_law, places_in_law
from nhb2_plugins.analysis.resampling import mean_interval, median_interval, resampling_weights
from nhb2_plugins.analysis.sequential import evidence
from nhb2_plugins.trajectory.baseline import RegretLaw

NAMES: Final = {
    "random_search": "random search",
    "regularized_evolution": "regularized evolution",
    "bohb": "BOHB",
    "optuna": "Optuna TPE",
}
N_RUNS: Final = (5, 10, 20, 30, 50)
N_CAMPAIGNS: Final = 4000


def read(table: str) -> tuple[dict[str, Floats], RegretLaw]:
    """The pools of a table, and the exact law of random search."""
    with np.load(Path(__file__).with_name(f"pools_{table}.npz")) as file:
        arrays = {name: file[name].astype(np.float64) for name in file.files}
    law = RegretLaw(1, 20_000.0, tuple(arrays.pop("law_regret")), tuple(arrays.pop("law_at_most")))
    return arrays, law


def drawn(pool: Floats, n_runs: int, n_campaigns: int = N_CAMPAIGNS, seed: int = 1) -> Floats:
    """Runs of many campaigns: shape (n_runs, n_campaigns)."""
    return np.random.default_rng([seed, n_runs]).choice(pool, (n_runs, n_campaigns))


def covered(ends: tuple[Floats, Floats], value: float) -> str:
    """The share of intervals that hold a value, in percent."""
    return f"{100 * float(((ends[0] <= value) & (value <= ends[1])).mean()):.1f}"


def percentile(runs: Floats) -> tuple[Floats, Floats]:
    """The percentile bootstrap of the mean."""
    low, high = np.quantile(np.tensordot(resampling_weights(len(runs)), runs, axes=1), (0.025, 0.975), axis=0)
    return low, high


def bca(runs: Floats) -> tuple[Floats, Floats]:
    """The bias-corrected and accelerated bootstrap of the mean, of a part of the campaigns."""
    few = runs[:, :400]
    found = bootstrap((few,), np.mean, axis=0, n_resamples=999, method="BCa", rng=np.random.default_rng(0))
    return found.confidence_interval.low, found.confidence_interval.high


def coverage(pools: dict[str, Floats]) -> None:
    """Coverage of intervals of 95 %."""
    methods = {
        "mean, as reported": (mean_interval, np.mean),
        "mean, percentile bootstrap": (percentile, np.mean),
        "mean, BCa bootstrap": (bca, np.mean),
        "median, as reported": (median_interval, np.median),
    }
    print("| interval | optimizer |", " | ".join(f"{n} runs" for n in N_RUNS), "|")
    print("| --- | --- |", " | ".join("---:" for _ in N_RUNS), "|")
    for method, (interval, statistic) in methods.items():
        for name, pool in pools.items():
            found = [covered(interval(drawn(pool, n)), float(statistic(pool))) for n in N_RUNS]
            print(f"| {method} | {NAMES[name]} |", " | ".join(found), "|", flush=True)


def errors(pools: dict[str, Floats], law: RegretLaw) -> None:
    """How often random search is called ahead of itself, and the best of the pools ahead of it."""
    print("\n| called ahead of exact random search, % | 10 runs | 20 | 30 | 50 |\n| --- | ---: | ---: | ---: | ---: |")
    sampled = np.interp(np.random.default_rng(0).random(200_000), law.at_most, law.regret_pp)
    for name, pool in {"its exact law": sampled, **{NAMES[each]: pools[each] for each in pools}}.items():
        found = []
        for n in N_RUNS[1:]:
            places = places_in_law(drawn(pool, n, 20_000).T, law)
            ahead = (p_against_law(places) < 0.05) & (places.mean(axis=1) < 0.5)
            found.append(f"{100 * float(ahead.mean()):.1f}")
        print(f"| {name} |", " | ".join(found), "|", flush=True)


def savings(pools: dict[str, Floats], most: int = 200, n_campaigns: int = 2000) -> None:
    """Runs until a pair is decided, against the fixed number of equal power; and wrong verdicts of a pair of equals."""
    print("\n| pair, a look after every seed | decided | seeds, mean | fixed number of equal power | saved |")
    print("| --- | ---: | ---: | ---: | ---: |")
    threshold = np.log(40)
    for name, pool in pools.items():
        differences = (drawn(pool, most, n_campaigns) - drawn(pool, most, n_campaigns, 2)).T
        won = np.maximum(evidence(differences), evidence(-differences)).max(axis=1)
        wrong = f"{100 * float((won >= threshold).mean()):.1f} % (wrongly)"
        print(f"| {NAMES[name]} and itself | {wrong} | | | |", flush=True)
    for first, second in combinations(pools, 2):
        differences = (drawn(pools[first], most, n_campaigns) - drawn(pools[second], most, n_campaigns, 2)).T
        reached = np.maximum(evidence(differences), evidence(-differences)) >= threshold
        seeds = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, most)
        power, mean = float(reached.any(axis=1).mean()), float(seeds.mean())
        enough = (n for n in range(6, most + 1) if is_significant(differences[:, :n], 0.05).mean() >= power)
        fixed = next(enough, most)
        saved = f"{100 * (1 - mean / fixed):.0f} %" if fixed < most else "–"
        pair = f"{NAMES[first]}, {NAMES[second]}"
        print(f"| {pair} | {100 * power:.1f} % | {mean:.0f} | {fixed} | {saved} |", flush=True)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for table in ("6b73c44b", "d35fd258", "1c809ea5"):
        print(f"\n{table}")
        every, exact = read(table)
        coverage(every)
        errors(every, exact)
        savings(every)
