"""How fast the in-process BOHB proposes, against hpbandster's ``get_config``, on the same model in the same run.

    pip install ".[bohb]"
    python benchmarks/speed/bohb_get_config.py [--proposals N] [--write docs/bohb.md]

Both models learn the same 100 results of the benchmark and draw 64 candidates; random proposals are
switched off, so that every proposal is the model's. The two take turns, and must propose the same configurations.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from hpbandster.core.dispatcher import Job
from hpbandster.optimizers.config_generators.bohb import BOHB as BohbGenerator  # noqa: N811
from page import write_figures

from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.encoding import to_configuration, to_values
from nhb2_plugins.optimizers.bohb_model import BohbModel, BohbSettings
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration

N_RESULTS = 100
N_CANDIDATES = 64
BUDGET = 12.0
SEED = 0
BEGIN, END = "<!-- speed: written by benchmarks/speed/bohb_get_config.py -->", "<!-- end of speed -->"


def results() -> list[tuple[Configuration, float]]:
    """Uniform configurations and their errors."""
    bench = open_benchmark()
    indices = np.random.default_rng(SEED).integers(0, N_CONFIGURATIONS, N_RESULTS)
    configurations = [Configuration.from_index(index) for index in indices]
    return [(each, bench.evaluate(each).error_pct) for each in configurations]


def hpbandsters(known: list[tuple[Configuration, float]]) -> BohbGenerator:
    """hpbandster's model of the results."""
    generator = BohbGenerator(configuration_space(seed=SEED), num_samples=N_CANDIDATES, random_fraction=0)
    for number, (configuration, loss) in enumerate(known):
        job = Job((0, 0, number), config=to_values(configuration), budget=BUDGET)
        job.result = {"loss": loss, "info": {}}
        generator.new_result(job)
    return generator


def ours(known: list[tuple[Configuration, float]]) -> BohbModel:
    """Our model of the results."""
    model = BohbModel(BohbSettings(num_samples=N_CANDIDATES, random_fraction=0), seed=SEED)
    for configuration, loss in known:
        model.learn(configuration, BUDGET, loss)
    return model


def timed(propose: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of one call, and what it returns."""
    start = perf_counter()
    proposal = propose()
    return (perf_counter() - start) * 1e3, proposal


def measure(n_proposals: int) -> tuple[list[float], list[float]]:
    """Milliseconds of every proposal: hpbandster's, ours.

    Raises:
        SystemExit: the two disagree.
    """
    known = results()
    generator, model = hpbandsters(known), ours(known)
    np.random.seed(SEED)  # noqa: NPY002 - hpbandster draws from numpy's global state
    theirs_ms, ours_ms = [], []
    for _ in range(n_proposals):
        their_time, (config, _) = timed(lambda: generator.get_config(BUDGET))
        our_time, proposal = timed(model.propose)
        if proposal.configuration != to_configuration(config):
            raise SystemExit(f"hpbandster proposed {config}, this package {proposal}")
        theirs_ms.append(their_time)
        ours_ms.append(our_time)
    return theirs_ms, ours_ms


def report(theirs_ms: list[float], ours_ms: list[float]) -> str:
    """The figures as a Markdown table."""
    theirs, own = median(theirs_ms), median(ours_ms)
    packages = ", ".join(f"{name} {version(name)}" for name in ("hpbandster", "statsmodels", "numpy"))
    return (
        f"| `get_config`, {N_CANDIDATES} candidates, a model on {N_RESULTS} results | median of {len(ours_ms)} |\n"
        "| --- | ---: |\n"
        f"| hpbandster | {theirs:.1f} ms |\n"
        f"| in process | {own:.2f} ms |\n"
        f"| ratio | {theirs / own:.0f}× |\n\n"
        f"All {len(ours_ms)} pairs of proposals were equal. ({packages})"
    )


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proposals", type=int, default=200)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # ConfigSpace's deprecations, statsmodels' divisions by zero
    logging.getLogger("hpbandster").setLevel(logging.CRITICAL)
    text = report(*measure(options.proposals))
    print(text)
    if options.write:
        write_figures(options.write, f"\n{text}\n", BEGIN, END)


if __name__ == "__main__":
    main()
