"""Runs made by hand, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.testing.sinks import RECORD
from nhb2_plugins.trajectory.run_file import MeasuredIncumbent, Optimum, RunEnd, RunFile, RunHeader, line_of
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from nhb2_plugins.trajectory.summary import summarise

TABLE = {
    "kind": "embedded",
    "source": "made by hand",
    "note": "for a test",
    "created": "2026-01-01",
    "seeds": [222],
    "checksums": {},
    "digest": "0123456789abcdef",
}
OPTIMUM_PCT = 90.0
KINDS = ("crossing", "moderate", "parallel")
EFFECTS = ("little", "some", "much")


def make_run(
    incumbents: Sequence[tuple[float, float]], *, seed: int = 0, optimizer: str = "a", **header: Any
) -> RunFile:
    """A run whose incumbents are (simulated second, validation accuracy); the table's optimum is 90 %.

    Test accuracy is one point above validation accuracy, the 200-epoch expectation five.
    """
    fields: dict[str, Any] = {
        "run_id": f"{optimizer}/seed-{seed:04d}",
        "optimizer": optimizer,
        "algorithm": "random_search",
        "settings": {},
        "ladder": None,
        "seed": seed,
        "budget_s": 100.0,
        "n_workers": 1,
        "charging": "from_scratch",
        "crossing": "drop",
        "epoch": 12,
        "measure_epoch": 12,
        "table": TABLE,
        "optimum": Optimum("0|00|000", 0.1, 256, OPTIMUM_PCT),
    }
    records = tuple(
        replace(
            RECORD,
            run_id=fields["run_id"],
            trial=trial,
            cellcode="0|00|000",
            accuracy_pct=accuracy,
            cost_s=1.0,
            charged_cost_s=1.0,
            start_s=max(float(time) - 1, 0.0),
            end_s=float(time),
        )
        for trial, (time, accuracy) in enumerate(incumbents)
    )
    measured = tuple(
        MeasuredIncumbent(float(time), trial, accuracy, accuracy + 1, accuracy + 5)
        for trial, (time, accuracy) in enumerate(incumbents)
    )
    header_of_run = RunHeader(**{**fields, **header})
    of_header: dict[str, Any] = {"charging": header_of_run.charging, "table": header_of_run.table_key}
    if header_of_run.table_seed is not None:
        of_header["seed"] = header_of_run.table_seed
    records = tuple(replace(record, **of_header) for record in records)
    end = RunEnd(len(records), max((record.end_s for record in records), default=0.0), 0.1)
    return RunFile(header_of_run, records, measured, end)


def optimizer_of(name: str, *runs: RunFile) -> OptimizerRuns:
    """An optimizer's runs, as an analysis reads them."""
    return OptimizerRuns(name, tuple(summarise(run) for run in runs))


def optimizer_with(name: str, final_regrets: Sequence[float | None], **header: Any) -> OptimizerRuns:
    """An optimizer whose run of seed i ends with a regret, known from second 10 on; None for a run without a result."""
    return optimizer_of(
        name,
        *(
            make_run([] if regret is None else [(10, OPTIMUM_PCT - regret)], seed=seed, optimizer=name, **header)
            for seed, regret in enumerate(final_regrets)
        ),
    )


def campaign_of(finals: Mapping[str, Sequence[float | None]], **header: Any) -> CampaignResults:
    """A campaign of optimizers whose runs end with these regrets."""
    return CampaignResults(tuple(optimizer_with(name, regrets, **header) for name, regrets in finals.items()))


def on_draws(name: str, regrets: Sequence[float], n_draws: int, **header: Any) -> OptimizerRuns:
    """Runs of seeds 0, 1, …, on the draws in turn; each draw has the curves and the effect of its number."""
    runs = []
    for seed, regret in enumerate(regrets):
        draw = seed % n_draws
        assumed = {"curves": KINDS[draw % 3], "effect_200": EFFECTS[draw // 3 % 3]}
        table = {**TABLE, "draw": (draw, 27), "assumptions": assumed, "digest": f"{draw:016x}"}
        runs.append(make_run([(10, OPTIMUM_PCT - regret)], seed=seed, optimizer=name, table=table, **header))
    return optimizer_of(name, *runs)


def write_run(directory: Path, run: RunFile, *, finish: bool = True) -> Path:
    """A run's file below a campaign's directory."""
    return write_file(directory / "runs" / f"{run.header.run_id}.jsonl", run, finish=finish)


def write_file(path: Path, run: RunFile, *, finish: bool = True) -> Path:
    """A run's file."""
    with JsonLinesSink(path) as sink:
        sink.write_line(line_of(run.header))
        for record in run.records:
            sink.write(record)
        for incumbent in run.incumbents:
            sink.write_line(line_of(incumbent))
        if finish and run.end is not None:
            sink.write_line(line_of(run.end))
    return path
