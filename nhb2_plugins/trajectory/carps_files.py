"""A run as CARP-S keeps it: a directory with JSON lines of trials and incumbents, and the settings of the run.

- ``trial_logs.jsonl``: a line a trial, in order of simulated end. ``n_trials`` counts evaluations at the run's highest
  fidelity; one at a lower fidelity counts as its share of the epochs.
- ``trajectory_logs.jsonl``: the same line for each new incumbent.
- ``.hydra/config.yaml`` and ``.hydra/hydra.yaml``: what CARP-S's reader asks of a run. (JSON, which is YAML.)

CARP-S takes the time of a trial's end as the sum of ``virtual_time`` so far, as on one worker. So ``virtual_time`` is
the simulated time since the end before, and the sum is the simulated clock whatever the number of workers; what a trial
cost is in its ``additional_info``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.benchmark import MEAN
from nhb2_plugins.space import BENCHMARK_NAME
from nhb2_plugins.table.embedded import table_in_words
from nhb2_plugins.trajectory.exported_run import ExportedRun
from nhb2_plugins.trajectory.incumbent import incumbent_changes
from nhb2_plugins.trajectory.record import TrialRecord

BENCHMARK_ID: Final = BENCHMARK_NAME
_SUCCESS: Final = 1  # CARP-S's StatusType


def write_carps_run(run: ExportedRun, directory: Path) -> None:
    """Write a run's files into a directory, which is made.

    Raises:
        OSError: a file cannot be written.
    """
    settings = directory / ".hydra"
    settings.mkdir(parents=True, exist_ok=True)
    lines = _lines(run)
    incumbents = {change.record.trial for change in incumbent_changes(run.records)}
    _write_lines(directory / "trial_logs.jsonl", lines.values())
    _write_lines(directory / "trajectory_logs.jsonl", (lines[trial] for trial in lines if trial in incumbents))
    _write_json(settings / "config.yaml", _config(run))
    _write_json(settings / "hydra.yaml", {"hydra": {"overrides": {"task": [], "hydra": []}}})


def task_id(run: ExportedRun) -> str:
    """What CARP-S groups runs by: the table, by its training seed where runs have several, and the highest fidelity.

    Numbers of different ones do not mix. A draw is a table of its own, and is named.
    """
    table = table_in_words(run.records[0].table).replace(", draw ", "/draw-").partition(" of ")[0]
    by_seed = "" if run.table_seed is None else f"/seed-{run.table_seed}"
    return f"{BENCHMARK_ID}/{table}{by_seed}/epoch-{run.max_epoch}"


def _lines(run: ExportedRun) -> dict[int, dict[str, Any]]:
    lines, n_epochs, clock_s = {}, 0, 0.0
    is_multifidelity = run.is_multifidelity
    for number, record in enumerate(run.records, start=1):
        n_epochs += record.epoch
        lines[record.trial] = {
            "n_trials": _n_trials(run, n_epochs),
            "n_function_calls": number,
            "trial_info": _info(record, record.epoch / run.max_epoch if is_multifidelity else None),
            "trial_value": _value(record, record.end_s - clock_s),
        }
        clock_s = record.end_s
    return lines


def _n_trials(run: ExportedRun, n_epochs: int) -> float:
    """Evaluations at the highest fidelity that so many epochs stand for; a whole number where there is no other."""
    return n_epochs / run.max_epoch if run.is_multifidelity else n_epochs // run.max_epoch


def _info(record: TrialRecord, share: float | None) -> dict[str, Any]:
    hyperparameters = record.configuration.to_hyperparameters()
    return {
        "config": [hyperparameters[name] for name in sorted(hyperparameters)],  # ConfigSpace's order
        "instance": None,
        "seed": None if record.seed == MEAN else record.seed,
        "budget": None if share is None else float(record.epoch),
        "normalized_budget": share,
        "name": None,
        "checkpoint": None,
        "additional_info": {},
        "cutoff": None,
    }


def _value(record: TrialRecord, step_s: float) -> dict[str, Any]:
    names = (
        "start_s",
        "end_s",
        "cost_s",
        "charged_cost_s",
        "charging",
        "cost_is_estimated",
        "split",
        "epoch",
        "worker",
    )
    return {
        "cost": record.error_pct,
        "time": 0.0,
        "virtual_time": step_s,
        "status": _SUCCESS,
        "starttime": 0.0,
        "endtime": 0.0,
        "additional_info": {name: getattr(record, name) for name in (*names, "status", "table")},
    }


def _config(run: ExportedRun) -> dict[str, Any]:
    epochs = sorted({record.epoch for record in run.records})
    return {
        "benchmark_id": BENCHMARK_ID,
        "task_id": task_id(run),
        "task_type": "multi-fidelity" if run.is_multifidelity else "blackbox",
        "subset_id": "all",
        "optimizer_id": run.optimizer,
        "seed": run.seed,
        "task": {
            "name": task_id(run),
            "optimization_resources": {
                "n_trials": _n_trials(run, sum(record.epoch for record in run.records)),
                "n_workers": run.n_workers,
                "time_budget": None if run.budget_s is None else run.budget_s / 60,
            },
            "input_space": {
                "fidelity_space": {
                    "is_multifidelity": run.is_multifidelity,
                    "fidelity_type": "epochs" if run.is_multifidelity else None,
                    "min_fidelity": epochs[0] if run.is_multifidelity else None,
                    "max_fidelity": epochs[-1] if run.is_multifidelity else None,
                }
            },
            "output_space": {"n_objectives": 1, "objectives": ["error_pct"]},
        },
    }


def _write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
