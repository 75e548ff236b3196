"""Records to fit a surrogate to, and the CSV files they come in."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import InvalidValueError, Nhb2Error
from nhb2_plugins.fidelity import FIDELITIES, SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import Configuration, parse_cellcode

REQUIRED_COLUMNS: Final = ("cellcode", "lr", "batch_size", "cost_s")
VALUE_COLUMNS: Final = ("error_pct", "valid_error_pct", "accuracy_pct")
"""The value may be given as an error or as an accuracy, in percent; the first name found is used."""


@dataclass(frozen=True, eq=False)
class Records:
    """Query results, one position a record.

    Attributes:
        index: configuration index, int64 (n,).
        error_pct: 100 − accuracy, float64 (n,).
        cost_s: what the query cost in seconds (train + validation of the epochs for split ``valid``), float64 (n,).
        epoch: 1..12 or 200, int64 (n,).
        split: ``train``, ``valid`` or ``test``, str (n,).
        seed: the training seed, int64 (n,); -1 where it is not known.
    """

    index: NDArray[np.int64]
    error_pct: NDArray[np.float64]
    cost_s: NDArray[np.float64]
    epoch: NDArray[np.int64]
    split: NDArray[np.str_]
    seed: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.index)

    @classmethod
    def concatenate(cls, parts: Iterable[Records]) -> Records:
        """All records of several files."""
        everything = list(parts)
        return cls(
            **{field.name: np.concatenate([getattr(p, field.name) for p in everything]) for field in fields(cls)}
        )


def read_records_csv(path: Path) -> Records:
    """Read records from a CSV file with a header.

    Columns: ``cellcode``, ``lr``, ``batch_size``, ``cost_s``, and one of ``error_pct``, ``valid_error_pct``,
    ``accuracy_pct``. Optional: ``epoch`` (12), ``split`` (valid), ``seed`` (unknown). Others are ignored.

    Raises:
        InvalidValueError: a column is missing or a value is not usable; the message names the line and the column.
        Nhb2Error: the file cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            value_column = _check_header(path, reader.fieldnames or [])
            parsed = [_parse(path, reader.line_num, row, value_column) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Nhb2Error(f"records {path} cannot be read: {error}") from error
    if not parsed:
        raise InvalidValueError(f"records {path} has a header and no record")
    index, errors, costs, epochs, splits, seeds = zip(*parsed, strict=True)
    return Records(
        np.array(index, dtype=np.int64),
        np.array(errors, dtype=np.float64),
        np.array(costs, dtype=np.float64),
        np.array(epochs, dtype=np.int64),
        np.array(splits, dtype=np.str_),
        np.array(seeds, dtype=np.int64),
    )


def _check_header(path: Path, header: Iterable[str]) -> str:
    names = list(header)
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        raise InvalidValueError(f"records {path}, line 1: no column {', '.join(missing)} among {', '.join(names)}")
    for name in VALUE_COLUMNS:
        if name in names:
            return name
    raise InvalidValueError(f"records {path}, line 1: none of the columns {', '.join(VALUE_COLUMNS)}")


def _parse(path: Path, line: int, row: Mapping[str, Any], value_column: str) -> tuple[int, float, float, int, str, int]:
    column = "cellcode"

    def text(name: str, default: str | None = None) -> str:
        nonlocal column
        column = name
        value = row.get(name)
        if value is None or value == "":
            if default is None:
                raise ValueError("the value is missing")
            return default
        return str(value)

    try:
        cellcode = parse_cellcode(text("cellcode"))
        lr = float(text("lr"))
        batch_size = int(text("batch_size"))
        index = Configuration(cellcode, lr, batch_size).index
        epoch = int(text("epoch", str(SCHEDULE_EPOCHS)))
        if epoch not in FIDELITIES:
            raise ValueError(f"epoch {epoch} is not among 1..12 and 200")
        split = text("split", "valid")
        if split not in SPLITS:
            raise ValueError(f"split {split!r} is not one of {', '.join(SPLITS)}")
        seed = int(text("seed", "-1"))
        value = float(text(value_column))
        if not 0.0 <= value <= 100.0:
            raise ValueError(f"{value} is not in 0..100")
        cost = float(text("cost_s"))
        if not 0.0 < cost < float("inf"):
            raise ValueError(f"{cost} is not a positive number of seconds")
    except ValueError as error:
        raise InvalidValueError(f"records {path}, line {line}, column {column}: {error}") from error
    return index, 100.0 - value if value_column == "accuracy_pct" else value, cost, epoch, split, seed
