"""Is BOHB's model any good on this space? Its picks against uniform draws, for each encoding and bandwidth rule.

    pip install .
    python benchmarks/bohb_model_quality.py [--seeds N] [--write docs/bohb.md]

For each variant and seed two searches on the table that ``open_benchmark()`` opens:

- 400 evaluations at 12 epochs. Of the model-based picks among evaluations 75–150 and 200–400: mean, median and smallest
  error. Beside them as many uniform draws.
- BOHB as the quickstart runs it, on the ladder 1–12 (eta 3) for 20,000 simulated seconds: the best error it saw at 12
  epochs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.metric import error_pct
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_density import BANDWIDTHS
from nhb2_plugins.optimizers.bohb_model import BOHB_ENCODINGS, BohbSettings
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import N_CONFIGURATIONS

sys.path.append(str(Path(__file__).resolve().parent / "speed"))
from page import write_figures

EARLY, LATE = slice(75, 150), slice(200, 400)
BUDGET_S = 20_000.0
LADDER = FidelityLadder.hyperband(1, 12, eta=3)
BEGIN, END = "<!-- quality: written by benchmarks/bohb_model_quality.py -->", "<!-- end of quality -->"

Errors = NDArray[np.float64]


class Picks(NamedTuple):
    """Errors (percent) of the model-based picks of one search, early and late."""

    early: Errors
    late: Errors


@dataclass(frozen=True)
class Row:
    """What was measured of one variant, a value per seed."""

    name: str
    picks: Sequence[Picks]
    best_at_budget: Sequence[float]

    def cells(self) -> list[str]:
        """The row as texts: means over seeds with standard errors."""
        early, late = zip(*self.picks, strict=True)
        return [
            self.name,
            *(_mean_text([measure(each) for each in early]) for measure in (np.mean, np.median, np.min)),
            *(_mean_text([measure(each) for each in late]) for measure in (np.mean, np.median, np.min)),
            _mean_text(self.best_at_budget) if self.best_at_budget else "",
        ]


def model_picks(bench: Benchmark, settings: BohbSettings, seed: int) -> Picks:
    """The errors of the model's own picks in one search at 12 epochs."""
    optimizer = Bohb([12], seed=seed, settings=settings)
    errors, model_based = np.empty(LATE.stop), np.empty(LATE.stop, dtype=bool)
    for i in range(LATE.stop):
        suggestion = optimizer.ask()
        if suggestion is None:
            raise SystemExit("BOHB without end has ended")
        observation = bench.evaluate(suggestion.configuration)
        optimizer.tell(suggestion, observation)
        errors[i], model_based[i] = observation.error_pct, suggestion.token.proposal.model_based
    return Picks(*(errors[part][model_based[part]] for part in (EARLY, LATE)))


def uniform_draws(bench: Benchmark, like: Picks, seed: int) -> Picks:
    """As many uniform draws as there were picks."""
    generator = np.random.default_rng(seed)
    indices = [generator.integers(0, N_CONFIGURATIONS, len(part)) for part in like]
    return Picks(*(error_pct(bench.evaluate_many(each)[0]) for each in indices))


def best_at_budget(bench: Benchmark, settings: BohbSettings, seed: int) -> float:
    """The best error at 12 epochs of one search on the ladder."""
    logger = simulate(Bohb(LADDER, seed=seed, settings=settings), bench, budget_s=BUDGET_S)
    return min(record.error_pct for record in logger.records if record.epoch == 12)


def measure(bench: Benchmark, n_seeds: int, tell: Callable[[str], None]) -> list[Row]:
    """All rows: uniform draws first."""
    rows: list[Row] = []
    for encoding, bandwidth in product(BOHB_ENCODINGS, BANDWIDTHS):
        settings = BohbSettings(encoding=encoding, bandwidth=bandwidth)
        tell(f"{encoding}, {bandwidth}: {n_seeds} seeds")
        picks = [model_picks(bench, settings, seed) for seed in range(n_seeds)]
        best = [best_at_budget(bench, settings, seed) for seed in range(n_seeds)]
        if not rows:
            draws = [uniform_draws(bench, each, seed) for seed, each in enumerate(picks)]
            rows.append(Row("uniform draws", draws, []))
        rows.append(Row(f'`encoding="{encoding}", bandwidth="{bandwidth}"`', picks, best))
    return rows


def report(bench: Benchmark, rows: Sequence[Row]) -> str:
    """The figures as a Markdown table."""
    n_seeds = len(rows[0].picks)
    titles = [
        "",
        *(f"{what}, {part.start}–{part.stop}" for part in (EARLY, LATE) for what in ("mean", "median", "best")),
        f"best in {BUDGET_S:,.0f} s",
    ]
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *(row.cells() for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    kind, digest = bench.provenance.kind, bench.provenance.digest[:8]
    _, best = bench.oracle()
    return (
        f"{table}\n\nValidation error in percent after 12 epochs, mean ± standard error over {n_seeds} seeds. "
        f"Numbers of the {kind} table ({digest}), whose best configuration has {error_pct(best):.2f} %."
    )


def _mean_text(values: Sequence[float]) -> str:
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1) / len(values) ** 0.5:.2f}"


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    bench = open_benchmark()
    text = report(bench, measure(bench, options.seeds, lambda line: print(f"# {line}", flush=True)))
    print(text)
    if options.write:
        write_figures(options.write, f"\n{text}\n", BEGIN, END)


if __name__ == "__main__":
    main()
