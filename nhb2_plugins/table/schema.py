"""What a table consists of: columns, provenance, manifest.

Quirks of the published data that the schema keeps:

- Accuracies are percentages with float noise, not exact multiples of 1/25,000 or 1/10,000; columns are float64 and hold
  exactly what was published.
- A stored total time need not equal the ordered sum of its epochs to the last bit, so totals are columns of their own.
- Isomorphic cells share one *row class*. The published ``hash`` decides which; it is not recomputed.
- 200 epochs has one value per (class, lr, batch size): no seed, no cost, no split but an expected test accuracy.

A **row** is one (class, lr, batch size): ``row = class * 48 + lr_rank * 6 + batch_size_rank``. Axes are always in the
order epoch, seed, row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from nhb2_plugins.errors import TableError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import N_CELLCODES, N_HYPERPARAMETERS

FORMAT: Final = "nhb2-table"
SCHEMA_VERSION: Final = 1

Kind = Literal["published", "imported", "embedded", "surrogate"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

TOTALS: Final = ("total_train_time", "total_trainval_time", "total_test_time")
"""Seconds over the 12 epochs; the names of the published columns."""

EXPECTED_ACC_200: Final = "expected_acc_200"
CLASS_OF_CELL: Final = "class_of_cell"


def column_shapes(n_seeds: int, n_classes: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every column of a table.

    ``{train,valid,test}_acc`` (percent) and ``{train,valid,test}_time`` (seconds of that epoch) have shape
    (12, n_seeds, n_rows); the three totals (seconds) (n_seeds, n_rows); ``expected_acc_200`` (percent) (n_rows,);
    ``class_of_cell`` (4096,), the class 0 … n_classes-1 of each cellcode in index order.
    """
    n_rows = n_classes * N_HYPERPARAMETERS
    per_epoch = (SCHEDULE_EPOCHS, n_seeds, n_rows)
    return {
        **{f"{split}_acc": per_epoch for split in SPLITS},
        **{f"{split}_time": per_epoch for split in SPLITS},
        **dict.fromkeys(TOTALS, (n_seeds, n_rows)),
        EXPECTED_ACC_200: (n_rows,),
        CLASS_OF_CELL: (N_CELLCODES,),
    }


def column_dtype(name: str) -> str:
    """The dtype of a column on disk: little-endian float64, or int64 for ``class_of_cell``."""
    return "<i8" if name == CLASS_OF_CELL else "<f8"


@dataclass(frozen=True)
class Provenance:
    """Where a table's numbers come from; travels with every record, report and figure.

    Attributes:
        kind: ``published`` (imported and verified against public records), ``imported``, ``embedded`` (shipped with
            this package, fitted to published records) or ``surrogate`` (fitted by a user).
        source: one line for a person.
        created: ISO date of the import or the build.
        seeds: the table's training seeds, ascending; the first is the default.
        note: what a reader must know, for example why an imported table is not called published.
        checksums: SHA-256 of each file that the table was made from, by file name.
        digest: SHA-256 over the columns' checksums: the identity of the numbers. Filled in when a table is made.
    """

    kind: Kind
    source: str
    created: str
    seeds: tuple[int, ...]
    note: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict, hash=False)
    digest: str = ""

    @property
    def label(self) -> str:
        """A short text for logs, tables and figures, for example ``embedded table (1a2b3c4d)``."""
        return f"{self.kind} table ({self.digest[:8]})"


@dataclass(frozen=True)
class ColumnEntry:
    """A column's file: name in the table's directory, dtype, shape, size in bytes, SHA-256 of the raw bytes."""

    file: str
    dtype: str
    shape: tuple[int, ...]
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The contents of ``manifest.json``."""

    provenance: Provenance
    n_classes: int
    columns: Mapping[str, ColumnEntry]

    def to_json(self) -> str:
        """The manifest as text, keys sorted."""
        payload = {"format": FORMAT, "schema_version": SCHEMA_VERSION, **asdict(self)}
        return json.dumps(payload, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest.

        Raises:
            TableError: not a manifest, of a newer schema, or a field that is missing or of the wrong form.
        """
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise TableError(f"the manifest is not JSON: {error}") from error
        if not isinstance(payload, dict) or payload.get("format") != FORMAT:
            raise TableError(f"the manifest is not one of an {FORMAT}")
        version = payload.get("schema_version")
        if version != SCHEMA_VERSION:
            raise TableError(
                f"the manifest has schema version {version!r}; this version of nhb2-plugins reads {SCHEMA_VERSION}"
            )
        try:
            return cls._from_payload(payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TableError(f"the manifest is damaged: {type(error).__name__}: {error}") from error

    @classmethod
    def _from_payload(cls, payload: dict[str, Any]) -> Manifest:
        raw = payload["provenance"]
        if raw["kind"] not in KINDS:
            raise ValueError(f"unknown kind {raw['kind']!r}")
        provenance = Provenance(**{**raw, "seeds": tuple(int(seed) for seed in raw["seeds"])})
        n_classes = int(payload["n_classes"])
        shapes = column_shapes(len(provenance.seeds), n_classes)
        columns = {
            name: ColumnEntry(**{**entry, "shape": tuple(int(n) for n in entry["shape"])})
            for name, entry in payload["columns"].items()
        }
        for name, shape in shapes.items():
            if columns[name].shape != shape or columns[name].dtype != column_dtype(name):
                raise ValueError(f"column {name} has shape {columns[name].shape}, expected {shape}")
        return cls(provenance, n_classes, columns)
