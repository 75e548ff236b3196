"""How near the surrogate comes to what noise and the number of records allow: prints figures of docs/surrogate.md.

    pip install ".[surrogate]" matplotlib
    python data/surrogate_limits.py --records records.csv [more.csv ...] --front front.csv

Everything is scored on the records that ``validate_surrogate.py`` holds out. Takes about five minutes of one
core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
from build_embedded import front_gaps, front_of, is_near, read_front
from numpy.typing import NDArray
from scipy.stats import kendalltau
from validate_surrogate import GOOD_ERROR_PCT, Published, read_published

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.metric import CHANCE_ERROR_PCT, error_pct
from nhb2_plugins.table.embedded import embedded_draws
from nhb2_plugins.table.surrogate.build import SEED_SHARE
from nhb2_plugins.table.surrogate.gaussian_process import GridProcess
from nhb2_plugins.table.surrogate.model import Structure, error_structure, fit_log_model

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
NUMBERS = (500, 1000, 1500, 2000, 2500, 3000)
N_PARTS = 3
NOISES = (0.015, 0.019, 0.022)
N_SIMULATIONS = 20
EM_ROUNDS = 3
SCORES = ("tau", "off by", "tau below 25 %")
GOALS = (0.95, 1.0, 0.87)


def scored(truth: Float, predicted: Float) -> tuple[float, float, float]:
    """Kendall's tau, mean distance in points, and tau of the good."""
    good = truth < GOOD_ERROR_PCT
    tau, tau_good = (float(kendalltau(truth[some], predicted[some]).statistic) for some in (truth > 0.0, good))
    return tau, float(np.abs(truth - predicted).mean()), tau_good


def shown(label: str, published: Published, errors: Iterable[tuple[Float, Float]]) -> dict[str, Float]:
    """Mean scores of pairs of true and predicted errors, arrays over the records, in the held-out sets; prints them."""
    pairs = list(errors)
    sets = {"uniform": published.uniform, "adaptive": published.adaptive, "unseen": published.unseen}
    found = {}
    for name, chosen in {**sets, "all": ~published.rest}.items():
        scores = np.mean([scored(truth[chosen], predicted[chosen]) for truth, predicted in pairs], axis=0)
        print(f"{label:32} {name:9} tau {scores[0]:.3f}  off by {scores[1]:.2f}  tau below 25 % {scores[2]:.3f}")
        found[name] = scores
    return found


def show_extrapolated(by_number: dict[int, dict[str, Float]], label: str, limits: dict[str, Float], n: int) -> None:
    """What ``n`` records would give, and how many would meet the goals, by a power law of the distance to limits."""
    for name in ("all", "uniform"):
        scores = np.array([found[name] for found in by_number.values()])
        for score, measured, limit, goal in zip(SCORES, scores.T, limits[name].tolist(), GOALS, strict=True):
            distance = np.log(np.abs(measured - limit))
            slope, offset = np.polyfit(np.log(list(by_number)), distance, 1)
            there = limit + np.sign(measured[0] - limit) * np.exp(offset + slope * np.log(n))
            is_met_once = slope < 0.0 and (limit - goal) * (measured[0] - goal) < 0.0
            needed = f"{np.exp((np.log(abs(goal - limit)) - offset) / slope):,.0f}" if is_met_once else "none"
            at = f"{there:.3f} of {n:,} records, {goal} of {needed}"
            print(f"towards a perfect model, {label}: {name:9} {score}: {at}")


def refitted(process: GridProcess, structure: Structure, rows: Integer, errors: Float) -> GridProcess:
    """With the lengths and amplitudes of a process, given other records."""
    order, modelled = np.argsort(rows, kind="stable"), structure.scale.forward(errors)
    centre, scale = float(modelled.mean()), float(modelled.std())
    y = (modelled[order] - centre) / scale
    given = replace(process, rows=rows[order], y=y, extra=np.ones(len(rows)), centre=centre, scale=scale)
    given = replace(given, noise_features=structure.noise_features(None))
    for _ in range(EM_ROUNDS):
        given = given.with_outliers_weighed()
        given = replace(given, noise_features=structure.noise_features(given.mean))
    return given


def expected(process: GridProcess, structure: Structure) -> Float:
    """Errors of every row, in percent."""
    return np.minimum(structure.scale.inverse(process.mean), CHANCE_ERROR_PCT)


def of_parts(published: Published, process: GridProcess, structure: Structure, n: int) -> Iterator[tuple[Float, Float]]:
    """The held-out errors and what random parts of the other records make of them."""
    generator = np.random.default_rng(1)
    rest = np.flatnonzero(published.rest)
    for _ in range(N_PARTS if n < len(rest) else 1):
        part = np.sort(generator.choice(rest, n, replace=False))
        given = refitted(process, structure, published.rows[part], published.error[part])
        yield published.error, expected(given, structure)[published.rows]


def with_noise(error: Float, noise: Float) -> Iterator[tuple[Float, Float]]:
    """Errors of other seeds of a table, noise being a part of the error, and the table's own."""
    generator = np.random.default_rng(1)
    for _ in range(N_SIMULATIONS):
        yield np.minimum(error * np.exp(noise * generator.standard_normal(len(error))), CHANCE_ERROR_PCT), error


def fronts_of(bench: Benchmark) -> list[Float]:
    """The front of each seed of a table."""
    answers = [bench.by_row(seed=seed) for seed in bench.seeds]
    return [front_of(error_pct(answer.accuracy_pct), answer.cost_s) for answer in answers]


def n_near(front: Float, other: Float) -> int:
    """At how many points of the other a front is near."""
    return sum(is_near(*gaps) for gaps in front_gaps(front, other))


def show_fronts(public: Float) -> None:
    """Fronts of seeds beside each other, and beside the public one."""
    mean, *draws = (fronts_of(open_benchmark(draw=draw)) for draw in (None, *range(embedded_draws())))
    near = [n_near(two, one) / len(one) for fronts in (mean, *draws) for one, two in permutations(fronts, 2)]
    print("fronts of two seeds near to each other:", np.quantile(near, [0.05, 0.5, 0.95, 1.0]).round(2))
    of_draws = [front for fronts in draws for front in fronts]
    counts = [n_near(front, public) for front in of_draws]
    print(
        f"near to the {len(public)} public points: {n_near(mean[0], public)}; of draws",
        np.quantile(counts, [0, 0.5, 1]),
    )
    lower = np.mean([[at_cost < 0 for at_cost, _ in front_gaps(front, public)] for front in of_draws], axis=0)
    print(f"lower at a public point: {lower.min():.0%} to {lower.max():.0%} of the fronts of draws")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--front", type=Path, required=True, metavar="FILE", help="the public front of the real table")
    arguments = parser.parse_args()
    published, structure = read_published(arguments.records), error_structure()
    rest = published.rest
    process = fit_log_model(published.rows[rest], published.error[rest], structure).process
    by_number = {
        n: shown(f"fitted to {n:,} records", published, of_parts(published, process, structure, n))
        for n in (*NUMBERS, int(rest.sum()))
    }
    error = expected(process, structure)
    seeds = np.sqrt(SEED_SHARE) * process.noise * structure.scale.by_log(error)
    for label, noise in (*((f"noise {part:.1%}", np.full(len(error), part)) for part in NOISES), ("fitted", seeds)):
        pairs = with_noise(error[published.rows], noise[published.rows])
        limits = shown(f"a perfect model, {label}", published, pairs)
        show_extrapolated(by_number, label, limits, len(rest))
    whole = refitted(process, structure, published.rows, published.error)
    left_out = np.minimum(structure.scale.inverse(whole.leave_out().mean), CHANCE_ERROR_PCT)
    print("each of all records left out", *(f"{score:.3f}" for score in scored(published.error, left_out)))
    shown("each of all records left out", published, [(published.error, left_out)])
    show_fronts(read_front(arguments.front))


if __name__ == "__main__":
    main()
