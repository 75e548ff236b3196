"""What the baseline scripts share: options named as in the reference's scripts, and files that its readers read.

Each run writes ``seed<i>.pkl``, the dictionary of the reference's ``get_results()``, and ``seed<i>.jsonl``, the
trajectory for :func:`nhb2_plugins.trajectory.reader.read_records`. The scripts need nothing but the package
(``pip install .``).
"""

from __future__ import annotations

import argparse
import math
import pickle
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import Nhb2Error
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.registry import make_optimizer
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.sinks import JsonLinesSink

TEST_EPOCHS: Final[Mapping[str, tuple[int, ...]]] = {"12": (12,), "200": (200,), "both": (12, 200)}


def seconds(text: str) -> float:
    """A finite number above 0."""
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError(text)
    return number


def count(text: str) -> int:
    """An integer above 0."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def parser_of(description: str, *, save_dir: str) -> argparse.ArgumentParser:
    """A parser with the options that every baseline has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--time_budget", type=seconds, default=20_000, help="simulated seconds of each run")
    parser.add_argument("--runs", type=count, default=500, help="number of runs, with seeds 0, 1, …")
    parser.add_argument("--test_epoch", choices=TEST_EPOCHS, default="both", help="epochs of the final test accuracies")
    parser.add_argument("--save_dir", type=Path, default=Path(save_dir), help="where results go")
    parser.add_argument("--table", default=None, help="a table's directory (default: the one that nhb2 info names)")
    return parser


def add_bohb_options(parser: argparse.ArgumentParser, num_samples: int) -> None:
    """Add the options of BOHB's model, with the paper's defaults."""
    parser.add_argument("--num_samples", type=int, default=num_samples, help="candidates of one proposal")
    parser.add_argument("--random_fraction", type=float, default=0.0, help="share of random proposals")
    parser.add_argument("--bandwidth_factor", type=float, default=3, help="widening of the kernels for candidates")
    parser.add_argument("--min_bandwidth", type=float, default=0.3, help="lower bound of the kernels' bandwidths")


def bohb_settings(options: argparse.Namespace) -> dict[str, Any]:
    """What :func:`add_bohb_options` was given, as settings of an optimizer."""
    names = ("num_samples", "random_fraction", "bandwidth_factor", "min_bandwidth")
    return {name: getattr(options, name) for name in names}


def add_evolution_options(parser: argparse.ArgumentParser) -> None:
    """Add the sizes of an evolution, with the paper's defaults."""
    parser.add_argument("--population_size", type=int, default=10, help="size of the population")
    parser.add_argument("--sample_size", type=int, default=3, help="contestants of a tournament")


def evolution_settings(options: argparse.Namespace) -> dict[str, Any]:
    """What :func:`add_evolution_options` was given, as settings of an optimizer."""
    return {"population_size": options.population_size, "tournament_size": options.sample_size}


def run_baseline(
    options: argparse.Namespace,
    algorithm: str,
    *,
    ladder: FidelityLadder | None = None,
    settings: Mapping[str, Any] | None = None,
    unlimited: bool = False,
) -> None:
    """Run a baseline for every seed and print what came out.

    Args:
        options: parsed by :func:`parser_of`.
        algorithm: registered name.
        ladder: its fidelities, where it has any.
        settings: its settings.
        unlimited: whether it ends by itself, whatever the budget.

    Raises:
        SystemExit: with a message: a setting out of range, no table, or a directory that cannot be written.
    """
    try:
        _run_seeds(options, algorithm, ladder, settings or {}, unlimited=unlimited)
    except (Nhb2Error, OSError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: error: {error}")


def _run_seeds(
    options: argparse.Namespace,
    algorithm: str,
    ladder: FidelityLadder | None,
    settings: Mapping[str, Any],
    *,
    unlimited: bool,
) -> None:
    bench = open_benchmark(options.table)
    options.save_dir.mkdir(parents=True, exist_ok=True)
    print(f"{algorithm} on the {bench.provenance.label}")
    finals = []
    for seed in range(options.runs):
        path = options.save_dir / f"seed{seed}"
        path.with_suffix(".jsonl").unlink(missing_ok=True)
        logger = TrajectoryLogger([JsonLinesSink(path.with_suffix(".jsonl"))], run_id=f"{algorithm}/seed-{seed:04d}")
        optimizer = make_optimizer(algorithm, seed=seed, ladder=ladder, settings=settings)
        budget_s = math.inf if unlimited else options.time_budget
        simulate(optimizer, bench, budget_s=budget_s, crossing="count", logger=logger)
        logger.close()
        results = results_of(logger, bench, TEST_EPOCHS[options.test_epoch])
        path.with_suffix(".pkl").write_bytes(pickle.dumps(results))
        finals.append([results["best_acc_trans"][-1], *results["final_accs"]])
    print_means(finals, TEST_EPOCHS[options.test_epoch])


def results_of(logger: TrajectoryLogger, bench: Benchmark, test_epochs: Sequence[int]) -> dict[str, list[Any]]:
    """The reference's ``get_results()`` with the final test accuracies at the epochs asked for."""
    results = logger.results()
    best = logger.incumbents()[-1].record
    finals = [bench.evaluate(best.configuration, epoch, "test", best.seed).accuracy_pct for epoch in test_epochs]
    return {**results, "final_accs": finals}


def print_means(finals: Sequence[Sequence[float]], test_epochs: Sequence[int]) -> None:
    """Mean accuracies over the runs."""
    names = ["validation accuracy", *(f"test accuracy at {epoch} epochs" for epoch in test_epochs)]
    for name, values in zip(names, zip(*finals, strict=True), strict=True):
        print(f"  mean {name}: {sum(values) / len(values):.2f} % over {len(values)} runs")
