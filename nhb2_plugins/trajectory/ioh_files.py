"""A run as IOHexperimenter keeps it, for IOHanalyzer and IOHinspector: a JSON file and a table of evaluations.

The table has a line an evaluation at the run's highest fidelity, counted from 1: the errors of lower ones would be
taken for the same function's. ``raw_y`` is the error in percent, to be minimised; beside it stand the simulated second
at which it was known, what it was charged, and the eight hyperparameters' numbers (an operation's digit, a rank).

A function is a table and a fidelity, an instance one of the table's training seeds (0 for the mean over them).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.benchmark import MEAN
from nhb2_plugins.space import BENCHMARK_NAME, HYPERPARAMETER_NAMES
from nhb2_plugins.table.embedded import table_in_words
from nhb2_plugins.trajectory.exported_run import ExportedRun
from nhb2_plugins.trajectory.record import TrialRecord

VERSION: Final = "0.3.18"
"""Of IOHexperimenter, whose format it is."""
_DIMENSION: Final = len(HYPERPARAMETER_NAMES)
_COLUMNS: Final = ("evaluations", "raw_y", "end_s", "charged_cost_s", *(f"x{i}" for i in range(_DIMENSION)))


def write_ioh_run(run: ExportedRun, directory: Path) -> None:
    """Write a run's two files into a directory, which is made.

    Raises:
        OSError: a file cannot be written.
    """
    records = [record for record in run.records if record.epoch == run.max_epoch]
    name = f"f{run.max_epoch}"
    data = Path(f"data_{name}") / f"IOHprofiler_{name}_DIM{_DIMENSION}.dat"
    (directory / data.parent).mkdir(parents=True, exist_ok=True)
    lines = [" ".join(_COLUMNS), *(_line(number, record) for number, record in enumerate(records, start=1))]
    (directory / data).write_text("\n".join(lines) + "\n", encoding="utf-8")
    content = json.dumps(_description(run, records, str(data.as_posix())), indent=1)
    (directory / f"IOHprofiler_{name}.json").write_text(content + "\n", encoding="utf-8")


def _line(number: int, record: TrialRecord) -> str:
    values = (number, record.error_pct, record.end_s, record.charged_cost_s, *record.configuration.choices)
    return " ".join(map(repr, values))


def _description(run: ExportedRun, records: Sequence[TrialRecord], path: str) -> dict[str, Any]:
    number, best = min(enumerate(records, start=1), key=lambda each: each[1].error_pct)
    solution = {"evals": number, "y": best.error_pct, "x": list(best.configuration.choices)}
    instance = 0 if best.seed == MEAN else best.seed
    return {
        "version": VERSION,
        "suite": BENCHMARK_NAME,
        "function_id": run.max_epoch,
        "function_name": f"{table_in_words(best.table)} at epoch {run.max_epoch}",
        "maximization": False,
        "algorithm": {"name": run.optimizer, "info": run.run_id},
        "experiment_attributes": [{"search_seed": str(run.seed)}],
        "attributes": list(_COLUMNS),
        "scenarios": [
            {
                "dimension": _DIMENSION,
                "path": path,
                "runs": [{"instance": instance, "evals": len(records), "best": solution}],
            }
        ],
    }
