"""What the same evaluations cost under each charging policy, billed through each framework.

    pip install ".[optuna,smac,bohb]"
    python benchmarks/charging.py [--write docs/charging.md]

One sequence of evaluations, which the frameworks' own objects are made to run: an Optuna study whose pruner ends
trials, SMAC's runner, the simulated clock that drives the in-process BOHB (and every campaign), and a worker of
hpbandster. The seconds are those of the embedded table.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from ConfigSpace import Configuration as SpaceConfiguration
from smac import Scenario
from smac.runhistory import TrialInfo
from smac.runner import TargetFunctionRunner

from nhb2_plugins.adapters.bohb_adapter import BohbWorker
from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.adapters.optuna_adapter import OptunaObjective, enqueue
from nhb2_plugins.adapters.smac_adapter import smac_target
from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Benchmark, Observation
from nhb2_plugins.charging import CHARGING_POLICIES, Charging
from nhb2_plugins.encoding import to_values
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, FidelityLadder
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.embedded import open_embedded
from nhb2_plugins.trajectory.logger import TrajectoryLogger

sys.path.append(str(Path(__file__).resolve().parent / "speed"))
from page import write_figures

BEGIN, END = "<!-- bill: written by benchmarks/charging.py -->", "<!-- end of bill -->"
LADDER = FidelityLadder([3, 4, 9, 12, 200])
CONFIGURATIONS = {
    "A": Configuration("0|10|210", lr=0.1, batch_size=256),
    "B": Configuration("0|00|220", lr=0.05, batch_size=32),
}
"""The two configurations of the sequence."""


@dataclass(frozen=True)
class Step:
    """One evaluation of the sequence: which configuration, and up to which epoch."""

    name: str
    epoch: int

    @property
    def configuration(self) -> Configuration:
        """What is evaluated."""
        return CONFIGURATIONS[self.name]


SEQUENCE = (
    Step("A", 3), Step("A", 9), Step("B", 4), Step("A", 12), Step("A", 12), Step("B", 12), Step("A", 4),
    Step("A", LONG_EPOCHS), Step("A", LONG_EPOCHS), Step("A", 12),
)  # fmt: skip
Bill = tuple[float, ...]
"""Seconds charged for each step."""


# -- through each framework


class PruneAt(optuna.pruners.BasePruner):
    """Ends each trial after the epoch that the sequence says."""

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether the trial's last report is its last."""
        return trial.last_step == study.user_attrs["epochs"][trial.number]


def through_optuna(bench: Benchmark, charging: Charging) -> TrajectoryLogger:
    """A study of two objectives on one logger: one for the 12-epoch schedule, whose trials are pruned, one for 200."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logger = TrajectoryLogger()
    study = optuna.create_study(pruner=PruneAt())
    study.set_user_attr("epochs", [step.epoch for step in SEQUENCE])
    short = OptunaObjective(bench, charging=charging, logger=logger, report=True)
    long = OptunaObjective(bench, epoch=LONG_EPOCHS, charging=charging, logger=logger)
    for step in SEQUENCE:
        enqueue(study, step.configuration)
        study.optimize(short if step.epoch <= SCHEDULE_EPOCHS else long, n_trials=1)
    return logger


def through_smac(bench: Benchmark, charging: Charging) -> TrajectoryLogger:
    """SMAC's own runner, which calls the target with a configuration, a seed and a budget."""
    target = smac_target(bench, LADDER, charging=charging)
    with tempfile.TemporaryDirectory() as directory:
        scenario = Scenario(
            configuration_space("categorical"),
            output_directory=Path(directory),
            deterministic=True,
            min_budget=LADDER.budgets[0],
            max_budget=LADDER.budgets[-1],
        )
        runner = TargetFunctionRunner(scenario, target, required_arguments=["seed", "budget"])
        for step in SEQUENCE:
            config = SpaceConfiguration(scenario.configspace, values=dict(to_values(step.configuration)))
            runner.run_wrapper(TrialInfo(config, seed=0, budget=float(step.epoch)))
    target.run.raise_first_error()
    return target.run.logger


class InOrder:
    """Asks for the steps of the sequence, one when the last is known."""

    def __init__(self) -> None:
        self._left = list(SEQUENCE)

    def ask(self) -> Suggestion | None:
        """The next step."""
        if not self._left:
            return None
        step = self._left.pop(0)
        return Suggestion(step.configuration, step.epoch)

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Nothing to learn."""


def through_the_clock(bench: Benchmark, charging: Charging) -> TrajectoryLogger:
    """The clock that bills ``run_bohb`` in process, and every optimizer of a campaign."""
    return simulate(InOrder(), bench, budget_s=float("inf"), charging=charging)


def through_hpbandster(bench: Benchmark, charging: Charging) -> TrajectoryLogger:
    """What hpbandster's worker calls for a job."""
    logger = TrajectoryLogger()
    worker = BohbWorker(bench=bench, ladder=LADDER, charging=charging, logger=logger, run_id="bill")
    for number, step in enumerate(SEQUENCE):
        worker.compute((0, 0, number), to_values(step.configuration), float(step.epoch))
    return logger


FRAMEWORKS: dict[str, Callable[[Benchmark, Charging], TrajectoryLogger]] = {
    "Optuna (`OptunaObjective`, trials ended by a pruner)": through_optuna,
    "SMAC (`smac_target`)": through_smac,
    "BOHB in process (`run_bohb`, `simulate`)": through_the_clock,
    "hpbandster (`BohbWorker`)": through_hpbandster,
}


# -- the page


def bill(run: Callable[[Benchmark, Charging], TrajectoryLogger], bench: Benchmark, charging: Charging) -> Bill:
    """What a framework is charged for the sequence.

    Raises:
        SystemExit: it did not run the sequence.
    """
    records = run(bench, charging).records
    ran: Any = [(record.configuration, record.epoch) for record in records]
    if ran != [(step.configuration, step.epoch) for step in SEQUENCE]:
        raise SystemExit(f"{run.__name__} ran {ran}")
    return tuple(record.charged_cost_s for record in records)


def page_text(bench: Benchmark) -> str:
    """The two tables: step by step, and the totals through each framework.

    Raises:
        SystemExit: two frameworks are charged differently.
    """
    bills = {
        (name, policy): bill(run, bench, policy) for name, run in FRAMEWORKS.items() for policy in CHARGING_POLICIES
    }
    for policy in CHARGING_POLICIES:
        if len({bills[name, policy] for name in FRAMEWORKS}) != 1:
            raise SystemExit(f"frameworks are billed differently under {policy!r}: {bills}")
    first = next(iter(FRAMEWORKS))
    steps = [
        [
            str(number + 1),
            step.name,
            str(step.epoch),
            *(seconds(bills[first, policy][number]) for policy in CHARGING_POLICIES),
        ]
        for number, step in enumerate(SEQUENCE)
    ]
    totals = [[name, *(seconds(sum(bills[name, policy])) for policy in CHARGING_POLICIES)] for name in FRAMEWORKS]
    policies = [f"`{policy}`" for policy in CHARGING_POLICIES]
    named = "; ".join(
        f"{name} = `{each.cellcode}`, lr {each.lr:g}, batch size {each.batch_size}"
        for name, each in CONFIGURATIONS.items()
    )
    return "\n\n".join(
        [
            table(["step", "configuration", "to epoch", *policies], steps, n_left=2),
            "The same through each framework, in all:",
            table(["through", *policies], totals, n_left=1),
            f"Simulated seconds of the {bench.provenance.label}, its first seed. {named}.",
        ]
    )


def seconds(value: float) -> str:
    """Seconds as the page shows them."""
    return f"{value:,.3f}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, n_left: int) -> str:
    """A Markdown table whose numbers stand to the right."""
    rules = ["--"] * n_left + ["--:"] * (len(headings) - n_left)
    return "\n".join("| " + " | ".join(row) + " |" for row in (headings, rules, *rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args(arguments)
    text = page_text(Benchmark(open_embedded()))
    if options.write is None:
        print(text)
    else:
        write_figures(options.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
