"""Records to fit a surrogate to, and the CSV files they come in."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import InvalidValueError, Nhb2Error, describe_choices
from nhb2_plugins.fidelity import FIDELITIES, SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.files import open_regular
from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, Configuration, parse_cellcode

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
        InvalidValueError: there is no such file, a column is missing, or a value is not usable; the message names the
            file, the line and the column.
        Nhb2Error: the file cannot be read.
    """
    try:
        with TextIOWrapper(open_regular(path), newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            value_column = _check_header(path, reader.fieldnames or [])
            parsed = [_parse(path, reader.line_num, row, value_column) for row in reader]
    except FileNotFoundError as error:
        raise InvalidValueError(f"there are no records {path}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Nhb2Error(f"records {path} cannot be read: {error}") from error
    if not parsed:
        raise InvalidValueError(f"records {path} has a header and no record")
    values = np.array([row[value_column] for row in parsed])
    return Records(
        np.array([Configuration(row["cellcode"], row["lr"], row["batch_size"]).index for row in parsed]),
        error_pct(values) if value_column == "accuracy_pct" else values,
        np.array([row["cost_s"] for row in parsed]),
        np.array([row["epoch"] for row in parsed]),
        np.array([row["split"] for row in parsed], dtype=np.str_),
        np.array([row["seed"] for row in parsed]),
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


def _learning_rate(text: str) -> float:
    if (lr := float(text)) not in LEARNING_RATES:
        raise ValueError(describe_choices(lr, LEARNING_RATES, what="learning rate"))
    return lr


def _batch_size(text: str) -> int:
    if (batch_size := int(text)) not in BATCH_SIZES:
        raise ValueError(describe_choices(batch_size, BATCH_SIZES, what="batch size"))
    return batch_size


def _epoch(text: str) -> int:
    if (epoch := int(text)) not in FIDELITIES:
        raise ValueError(f"epoch {epoch} is not among 1..12 and 200")
    return epoch


def _split(text: str) -> str:
    if text not in SPLITS:
        raise ValueError(describe_choices(text, SPLITS, what="split"))
    return text


def _percent(text: str) -> float:
    if not 0.0 <= (value := float(text)) <= 100.0:
        raise ValueError(f"{value} is not in 0..100")
    return value


def _seconds(text: str) -> float:
    if not 0.0 < (value := float(text)) < float("inf"):
        raise ValueError(f"{value} is not a positive number of seconds")
    return value


_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "cellcode": parse_cellcode,
    "lr": _learning_rate,
    "batch_size": _batch_size,
    "cost_s": _seconds,
    "epoch": _epoch,
    "split": _split,
    "seed": int,
}
_DEFAULTS: Final = {"epoch": str(SCHEDULE_EPOCHS), "split": "valid", "seed": "-1"}


def _parse(path: Path, line: int, row: Mapping[str, Any], value_column: str) -> dict[str, Any]:
    parsed = {}
    for column, parse in {**_PARSERS, value_column: _percent}.items():
        text = row.get(column) or _DEFAULTS.get(column)
        try:
            if text is None:
                raise ValueError("the value is missing")
            parsed[column] = parse(text)
        except ValueError as error:
            raise InvalidValueError(f"records {path}, line {line}, column {column}: {error}") from error
    return parsed
