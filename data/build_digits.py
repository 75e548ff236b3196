"""Trains the table of digits, keeps its records in ``data/digits``, and says in ``docs/training.md`` what came of it.

    pip install ".[quickstart,surrogate,train]"
    python data/build_digits.py --out DIR [--processes N]

DIR holds the runs, and is gone on with: the command can be stopped and given again. An example of the way from real
training to a table, small enough for a processor; it says nothing about the benchmark.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "speed")]

from page import write_figures  # noqa: E402

from nhb2_plugins.landscape.rank_correlation import kendall_tau_b  # noqa: E402
from nhb2_plugins.training.export import export_runs  # noqa: E402
from nhb2_plugins.training.run import TrainedRun  # noqa: E402
from nhb2_plugins.training.sources import open_data  # noqa: E402
from nhb2_plugins.training.table_engine import GroupOutcome, read_runs, train_table  # noqa: E402
from nhb2_plugins.training.table_spec import read_table_spec  # noqa: E402

SPEC = ROOT / "configs" / "tables" / "digits.yaml"
KEPT = ROOT / "data" / "digits"
PAGE = ROOT / "docs" / "training.md"
BEGIN, END = "<!-- digits: written by data/build_digits.py -->", "<!-- end of digits -->"


def facts_of(runs: list[TrainedRun]) -> dict[str, object]:
    """What the page says of the runs."""
    last = [run.results[-1] for run in runs]
    valid, test = (np.array([100 - result.accuracy_pct(split) for result in last]) for split in ("valid", "test"))
    best = int(valid.argmin())
    chosen = runs[best].task.configuration
    return {
        "runs": len(runs),
        "cells": len({run.task.configuration.cellcode for run in runs}),
        "diverged": sum(run.diverged_epoch is not None for run in runs),
        "best": f"{chosen.cellcode}, lr {chosen.lr:g}, batch size {chosen.batch_size}",
        "best_valid_error_pct": round(float(valid[best]), 3),
        "best_test_error_pct": round(float(test[best]), 3),
        "median_valid_error_pct": round(float(np.median(valid)), 3),
        "tau_valid_test": round(float(kendall_tau_b(valid, test)), 3),
        "cost_s": round(sum(run.cost_s(12) for run in runs), 1),
        "together": runs[0].n_together,
        **runs[0].platform,
        "data_checksum": runs[0].data_checksum,
    }


def text_of(facts: dict[str, object]) -> str:
    """The page's paragraph."""
    return (
        f"The shipped example, made on a processor ({facts['device']}, PyTorch {facts['pytorch']}): scikit-learn's "
        "digits at 8 × 8 pixels, 400 to train on, a network of 4, 8, 16 channels with one cell a stage; "
        f"{facts['cells']} cells at 48 settings, one seed, 12 epochs, {facts['together']} together: {facts['runs']} "
        f"runs in {facts['cost_s']:,} seconds of training and validation passes on a busy machine. The best is "
        f"{facts['best']}: validation error {facts['best_valid_error_pct']} %, test error "
        f"{facts['best_test_error_pct']} %; the median validation error is {facts['median_valid_error_pct']} %, "
        f"Kendall's tau of validation and test error {facts['tau_valid_test']}; {facts['diverged']} runs diverged. Its "
        "records are in `data/digits/records.csv`. An example of the way, not a claim about the benchmark."
    )


def main() -> None:
    """Train what is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--processes", type=int, default=1, metavar="N")
    options = parser.parse_args()

    def tell(outcome: GroupOutcome) -> None:
        print(outcome.names[0], outcome.failure or "done", flush=True)

    spec = read_table_spec(SPEC)
    outcome = train_table(spec, options.out, n_processes=options.processes, on_outcome=tell)
    if outcome.failed:
        raise SystemExit(f"{len(outcome.failed)} runs failed; tracebacks are in {options.out / 'failures'}")
    runs = list(read_runs(options.out))
    export_runs(runs, options.out, data_name=open_data(spec.data).name)
    KEPT.mkdir(exist_ok=True)
    (KEPT / "records.csv").write_bytes((options.out / "records.csv").read_bytes())
    facts = facts_of(runs)
    (KEPT / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    write_figures(PAGE, text_of(facts), BEGIN, END)


if __name__ == "__main__":
    main()
