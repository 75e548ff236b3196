"""What an adapter takes of a trial, the framework's own calls counted apart.

    pip install ".[optuna,smac,bohb]"
    python benchmarks/speed/adapters.py [--clock wall|cpu] [--write docs/speed.md]

For each framework three things are measured: a whole trial of a real search; what is spent in our code for one trial,
with the framework's calls in it (suggestions, attribute writes, reading a configuration); and those calls alone, made
again on fresh trials in the same order. The adapter's share is the second less the third. Medians over passes, which
take turns, so that a busy moment spoils no difference. ``--clock cpu`` counts the process's own work alone.
"""

from __future__ import annotations

import argparse
import logging
import platform
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import optuna
from ConfigSpace import Configuration as SpaceConfiguration
from page import markdown_table, write_figures
from smac import HyperparameterOptimizationFacade, Scenario

from nhb2_plugins.adapters.bohb_adapter import BohbWorker, run_bohb
from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.adapters.optuna_adapter import USER_ATTRIBUTES, OptunaObjective, optuna_search_space
from nhb2_plugins.adapters.smac_adapter import SmacReport, SmacStopAtBudget, smac_target
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.encoding import hyperparameter_choices
from nhb2_plugins.fidelity import FidelityLadder

BEGIN, END = "<!-- adapters: written by benchmarks/speed/adapters.py -->", "<!-- end of adapters -->"
CLOCKS: dict[str, Callable[[], float]] = {"wall": perf_counter, "cpu": process_time}
GOAL_US, GOAL_SHARE = 30.0, 0.05
N_PASSES, N_TRIALS = 9, 300
N_SEARCHED = {"Optuna": 150, "SMAC": 40, "BOHB": 190}
"""Trials of the whole searches, of the default settings: TPE, SMAC's HPO facade, hpbandster on a nameserver."""


@dataclass(frozen=True)
class Measured:
    """Seconds a trial: of the whole search, of the adapter with the framework's calls in it, and of these calls."""

    framework: str
    trial_s: float
    inside_s: float
    calls_s: float

    @property
    def own_s(self) -> float:
        """What the adapter itself takes."""
        return self.inside_s - self.calls_s

    @property
    def is_met(self) -> bool:
        """Whether both goals are."""
        return self.own_s * 1e6 <= GOAL_US and self.own_s <= GOAL_SHARE * self.trial_s

    def cells(self) -> list[str]:
        """A row of the table."""
        return [
            self.framework,
            f"{self.own_s * 1e6:.1f} µs",
            f"{self.calls_s * 1e6:.1f} µs",
            f"{self.trial_s * 1e3:.2f} ms",
            f"{self.own_s / self.trial_s:.2%}",
            "yes" if self.is_met else "NO",
        ]


HEADINGS = ("framework", "adapter", "framework's calls in it", "a trial", "adapter's share", "met")
Clock = Callable[[], float]
Batch = Callable[[], Callable[[], None]]
"""Prepares a pass over :data:`N_TRIALS` fresh trials; what it returns is timed."""


def seconds_a_trial(batches: Sequence[Batch], clock: Clock) -> list[float]:
    """Median seconds a trial of each batch; the batches take turns."""
    passes: list[list[float]] = []
    for _ in range(N_PASSES):
        taken = []
        for prepare in batches:
            run = prepare()
            started = clock()
            run()
            taken.append((clock() - started) / N_TRIALS)
        passes.append(taken)
    return [median(each) for each in zip(*passes, strict=True)]


# -- Optuna


def measure_optuna(bench: Benchmark, clock: Clock) -> Measured:
    """``OptunaObjective`` on trials whose values are drawn; the calls are 8 suggestions and 8 attribute writes."""
    space = optuna_search_space()
    choices = hyperparameter_choices()
    values = dict.fromkeys(USER_ATTRIBUTES, 12.0)

    def trials() -> list[optuna.Trial]:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        return [study.ask(space) for _ in range(N_TRIALS)]

    def inside() -> Callable[[], None]:
        objective, asked = OptunaObjective(bench), trials()
        return lambda: [objective(trial) for trial in asked] and None

    def calls() -> Callable[[], None]:
        asked = trials()

        def run() -> None:
            for trial in asked:
                for name, those in choices.items():
                    trial.suggest_categorical(name, those)
                for name, value in values.items():
                    trial.set_user_attr(name, value)

        return run

    inside_s, calls_s = seconds_a_trial([inside, calls], clock)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    started = clock()
    study.optimize(OptunaObjective(bench), n_trials=N_SEARCHED["Optuna"])
    return Measured("Optuna (TPE)", (clock() - started) / N_SEARCHED["Optuna"], inside_s, calls_s)


# -- SMAC


def measure_smac(bench: Benchmark, clock: Clock) -> Measured:
    """The target and both callbacks on sampled configurations; the call is reading the configuration's values."""

    def configurations() -> list[SpaceConfiguration]:
        return configuration_space("ordinal", seed=0).sample_configuration(N_TRIALS)

    def inside() -> Callable[[], None]:
        sampled, target = configurations(), smac_target(bench)
        stop = SmacStopAtBudget(1e12, target)

        def run() -> None:
            for config in sampled:
                target(config, seed=0)
                stop.on_tell_end(None, None, None)  # type: ignore[arg-type]

        return run

    def calls() -> Callable[[], None]:
        sampled = configurations()
        return lambda: [(dict(config), config.config_space.get("lr")) for config in sampled] and None

    inside_s, calls_s = seconds_a_trial([inside, calls], clock)
    target = smac_target(bench)
    with tempfile.TemporaryDirectory() as directory:
        scenario = Scenario(
            configuration_space("ordinal"),
            deterministic=True,
            n_trials=N_SEARCHED["SMAC"],
            output_directory=Path(directory),
        )
        report = SmacReport(target)
        smac = HyperparameterOptimizationFacade(
            scenario, target, callbacks=[report], overwrite=True, logging_level=False
        )
        started = clock()
        smac.optimize()
        return Measured("SMAC (HPO facade)", (clock() - started) / N_SEARCHED["SMAC"], inside_s, calls_s)


# -- hpbandster


def measure_bohb(bench: Benchmark, clock: Clock) -> Measured:
    """``BohbWorker.compute``, in which hpbandster has no calls; the search is on a real nameserver."""
    sampled = [dict(each) for each in configuration_space(seed=0).sample_configuration(N_TRIALS)]

    def inside() -> Callable[[], None]:
        worker = BohbWorker(bench=bench, run_id="speed")
        return lambda: [worker.compute((0, 0, 0), config, 12.0) for config in sampled] and None

    (inside_s,) = seconds_a_trial([inside], clock)
    started = clock()
    result = run_bohb(bench, 30, ladder=FidelityLadder([12, 200]), engine="nameserver")
    n_trials = len(result.get_all_runs())
    return Measured("BOHB (hpbandster's worker)", (clock() - started) / n_trials, inside_s, 0.0)


@contextmanager
def quiet() -> Iterator[None]:
    """No notes and warnings of the frameworks."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.getLogger("hpbandster").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def page_text(rows: Sequence[Measured], clock_name: str) -> str:
    """The table, and the conditions."""
    counted = "CPU time of the process" if clock_name == "cpu" else "wall-clock time"
    return (
        f"{markdown_table(HEADINGS, [row.cells() for row in rows])}\n\n"
        f"Goals: at most {GOAL_US:.0f} µs, and at most {GOAL_SHARE:.0%} of a trial. {platform.machine()}, Python "
        f"{platform.python_version()}; medians of {N_PASSES} passes over {N_TRIALS} trials, {counted}."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="what is counted (default: wall)")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args(arguments)
    bench, clock = open_benchmark(), CLOCKS[options.clock]
    measures: list[Callable[[Benchmark, Clock], Any]] = [measure_optuna, measure_smac, measure_bohb]
    with quiet():
        text = page_text([measure(bench, clock) for measure in measures], options.clock)
    print(text)
    if options.write is not None:
        write_figures(options.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
