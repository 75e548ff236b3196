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
import math
import operator
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.errors import InvalidValueError, TableError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.shown import as_html
from nhb2_plugins.space import N_CELLCODES, N_HYPERPARAMETERS

FORMAT: Final = "nhb2-table"
SCHEMA_VERSION: Final = 1

Kind = Literal["published", "imported", "embedded", "surrogate", "measured"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

TOTALS: Final = ("total_train_time", "total_trainval_time", "total_test_time")
"""Seconds over the 12 epochs; the names of the published columns."""

EXPECTED_ACC_200: Final = "expected_acc_200"
CLASS_OF_CELL: Final = "class_of_cell"

_DTYPES: Final = ("<f8", "<i8")
_ITEM_BYTES: Final = 8
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


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
            this package, fitted to published records), ``surrogate`` (fitted by a user) or ``measured`` (trained by a
            user, :mod:`nhb2_plugins.training`).
        source: one line for a person.
        created: ISO date of the import or the build.
        seeds: the table's training seeds, ascending; the first is the default.
        note: what a reader must know, for example why an imported table is not called published.
        checksums: SHA-256 of each file that the table was made from, by file name.
        digest: SHA-256 over the columns' checksums: the identity of the numbers. Filled in when a table is made.
        draw: which draw of how many the table is, counted from 0; None for a table that is no draw.
        assumptions: what no record decided and which variant of it the table has, by name, for example
            ``{"curves": "crossing"}``; empty where nothing has variants. Runs on several tables can be grouped by it.

    Raises:
        InvalidValueError: an unknown kind, or seeds that are not ascending integers.
    """

    kind: Kind
    source: str
    created: str
    seeds: tuple[int, ...]
    note: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict, hash=False)
    digest: str = ""
    draw: tuple[int, int] | None = None
    assumptions: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        checked_choice("kind of table", self.kind, KINDS)
        try:
            seeds = tuple(operator.index(seed) for seed in self.seeds)
        except TypeError:
            seeds = ()
        if not seeds or list(seeds) != sorted(set(seeds)):
            raise InvalidValueError(f"seeds {self.seeds!r} are not integers in ascending order, at least one")
        if self.draw is not None:
            draw = tuple(self.draw)
            if len(draw) != 2 or not all(_is_count(number) for number in draw) or draw[0] >= draw[1]:
                raise InvalidValueError(f"draw {self.draw!r} is not one of a number of draws, counted from 0")
            object.__setattr__(self, "draw", draw)
        named = self.assumptions
        if not isinstance(named, Mapping) or not all(type(text) is str for pair in named.items() for text in pair):
            raise InvalidValueError(f"assumptions {named!r:.200} are not variants by their name")
        object.__setattr__(self, "seeds", seeds)  # built-in integers: numpy's cannot be written as JSON

    _repr_html_ = as_html

    def to_dict(self) -> dict[str, Any]:
        """The fields, as a manifest and a run's file have them: without a draw and assumptions where there are none."""
        absent = [name for name in ("draw", "assumptions") if not getattr(self, name)]
        return {name: value for name, value in asdict(self).items() if name not in absent}

    @property
    def label(self) -> str:
        """A short text for logs, tables and figures, for example ``embedded table (1a2b3c4d)``."""
        which = "" if self.draw is None else f", draw {self.draw[0]} of {self.draw[1]}"
        return f"{self.kind} table{which} ({self.digest[:8]})"

    @property
    def key(self) -> str:
        """What every record says of its table, for example ``embedded:1a2b3c4d``."""
        return f"{self.kind}:{self.digest[:8]}"


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
        payload["provenance"] = self.provenance.to_dict()
        payload["crc32"] = manifest_crc32(payload)
        return json.dumps(payload, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest.

        Raises:
            TableError: not a manifest, of a newer schema, a field that is missing or of the wrong form, or fields that
                do not have the recorded checksum.
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
            manifest = cls._from_payload(payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TableError(f"the manifest is damaged: {type(error).__name__}: {error!s:.300}") from error
        if payload.get("crc32") != manifest_crc32(payload):
            raise TableError("the manifest is damaged: its fields do not have the recorded checksum")
        return manifest

    @classmethod
    def _from_payload(cls, payload: dict[str, Any]) -> Manifest:
        provenance = _provenance(payload["provenance"])
        n_classes = payload["n_classes"]
        if not _is_count(n_classes) or not 1 <= n_classes <= N_CELLCODES:
            raise ValueError(f"n_classes {n_classes!r} is not in 1..{N_CELLCODES}")
        columns = {name: _column_entry(name, raw) for name, raw in payload["columns"].items()}
        for name, shape in column_shapes(len(provenance.seeds), n_classes).items():
            if name not in columns:
                raise ValueError(f"column {name!r} is missing")
            if columns[name].shape != shape or columns[name].dtype != column_dtype(name):
                raise ValueError(
                    f"column {name!r} has shape {columns[name].shape} and dtype {columns[name].dtype!r}, "
                    f"expected {shape} and {column_dtype(name)!r}"
                )
        return cls(provenance, n_classes, columns)


def manifest_crc32(payload: Mapping[str, Any]) -> int:
    """CRC-32 over the other fields of a manifest, as JSON with sorted keys.

    A flipped bit in a seed, or in a column's file name, would make a wrong number of a right one. (Cryptographic
    checksums guard the columns; loading them takes longer than opening a table.)
    """
    fields = {name: value for name, value in payload.items() if name != "crc32"}
    return zlib.crc32(json.dumps(fields, sort_keys=True).encode())


def _provenance(raw: dict[str, Any]) -> Provenance:
    texts = (raw["source"], raw["created"], raw["note"], raw["digest"], *raw["checksums"], *raw["checksums"].values())
    if not all(isinstance(text, str) for text in texts) or not all(type(seed) is int for seed in raw["seeds"]):
        raise ValueError(f"provenance {raw!r:.200} has a field of the wrong type")
    return Provenance(**raw)


def _column_entry(name: str, raw: dict[str, Any]) -> ColumnEntry:
    entry = ColumnEntry(**{**raw, "shape": tuple(raw["shape"])})
    if not isinstance(entry.file, str) or not _FILE_NAME.fullmatch(entry.file):
        raise ValueError(f"column {name!r} names a file outside its table: {entry.file!r}")
    if entry.dtype not in _DTYPES:
        raise ValueError(f"column {name!r} has dtype {entry.dtype!r}, expected one of {', '.join(_DTYPES)}")
    if not all(_is_count(n) for n in entry.shape):
        raise ValueError(f"column {name!r} has shape {entry.shape!r:.80}")
    if not _is_count(entry.n_bytes) or entry.n_bytes != _ITEM_BYTES * math.prod(entry.shape):
        raise ValueError(f"column {name!r} of shape {entry.shape!r:.80} is said to have {entry.n_bytes!r:.80} bytes")
    if not isinstance(entry.sha256, str) or not _SHA256.fullmatch(entry.sha256):
        raise ValueError(f"column {name!r} has no SHA-256 but {entry.sha256!r:.80}")
    return entry


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
