"""A run as DeepCAVE reads it: a directory of two CSV files, its "DataFrame" run.

DeepCAVE takes every categorical value for text, so learning rate and batch size stand as what they are: a float and an
integer on logarithmic axes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from nhb2_plugins.benchmark import MEAN
from nhb2_plugins.objectives import ERROR_PCT, objective_values
from nhb2_plugins.space import BATCH_SIZES, EDGE_NAMES, LEARNING_RATES, OPERATIONS
from nhb2_plugins.table.embedded import table_in_words
from nhb2_plugins.text_table import without_formula
from nhb2_plugins.trajectory.exported_run import ExportedRun
from nhb2_plugins.trajectory.record import TrialRecord

_BOUNDS: Final = {ERROR_PCT: "0; 100"}
_UNBOUNDED: Final = "0; +inf"
NO_SEED: Final = -1
"""DeepCAVE's word for a trial without a seed; here a mean over the table's seeds."""

_SPACE_COLUMNS: Final = (
    "name", "type", "log", "lower", "upper", "default", "distribution",
    *(f"item_{i}" for i in range(len(OPERATIONS))), "ordered",
)  # fmt: skip
_ADDITIONAL: Final = ("split", "cost_s", "charged_cost_s", "charging", "worker", "status_of_run", "table")


def write_deepcave_run(run: ExportedRun, directory: Path) -> None:
    """Write ``configspace.csv`` and ``trials.csv`` into a directory, which is made.

    Every evaluation is a trial of its own: error in percent, simulated start and end, the epoch served as its budget.
    A run of several objectives has a metric for each.

    Raises:
        OSError: a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / "configspace.csv", _SPACE_COLUMNS, _space_rows())
    metrics = [f"metric:{name} [{_BOUNDS.get(name, _UNBOUNDED)}] (minimize)" for name in run.objectives]
    times = ("start_time", "end_time")
    names = ("config_id", *EDGE_NAMES, "lr", "batch_size", *metrics, "status", *times, "budget", "seed")
    numbers: dict[int, int] = {}
    rows = [_row(record, run.objectives, numbers) for record in run.records]
    _write(directory / "trials.csv", (*names, *_ADDITIONAL), rows)


def _space_rows() -> Iterable[Sequence[object]]:
    nothing = [""] * len(OPERATIONS)
    for name in EDGE_NAMES:
        yield [name, "categorical", "", "", "", OPERATIONS[0], "", *OPERATIONS, False]
    yield ["lr", "float", True, LEARNING_RATES[0], LEARNING_RATES[-1], "", "uniform", *nothing, ""]
    yield ["batch_size", "integer", True, BATCH_SIZES[0], BATCH_SIZES[-1], "", "uniform", *nothing, ""]


def _row(record: TrialRecord, objectives: Sequence[str], numbers: dict[int, int]) -> list[object]:
    configuration = record.configuration
    config_id = numbers.setdefault(configuration.index, len(numbers))
    return [
        config_id,
        *configuration.to_hyperparameters().values(),
        *objective_values(objectives, record),
        "success",  # a value stands for every record; a pruned trial's is that of the epoch it reached
        record.start_s,
        record.end_s,
        record.epoch,
        NO_SEED if record.seed == MEAN else record.seed,
        record.split,
        record.cost_s,
        record.charged_cost_s,
        record.charging,
        record.worker,
        record.status,
        without_formula(table_in_words(record.table)),
    ]


def _write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        writer.writerows(rows)
