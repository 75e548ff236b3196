"""Public records of the benchmark: whether a table reproduces them decides whether it is called published.

What is shipped is which configurations were recorded, as indices, and one digest over their exact values; never a
value. A record is the validation error after 12 epochs and the training and validation time of those epochs, with the
table's first seed. Both have a fixed resolution (0.001 points, 1 ms): their text does not depend on float noise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import N_HYPERPARAMETERS
from nhb2_plugins.table.schema import CLASS_OF_CELL

_FILE: Final = Path(__file__).with_name("public_records.json")


@dataclass(frozen=True)
class PublicRecords:
    """Configurations with public values, and the digest of these values.

    Attributes:
        indices: configuration indices, ascending.
        sha256: over the canonical text of their records.
    """

    indices: tuple[int, ...]
    sha256: str

    @classmethod
    def of(cls, records: Mapping[int, tuple[float, float]]) -> PublicRecords:
        """From records: configuration index → (validation error in percent, cost in seconds)."""
        indices = tuple(sorted(records))
        return cls(indices, _sha256((index, *records[index]) for index in indices))

    def are_reproduced_by(self, columns: Mapping[str, NDArray[Any]]) -> bool:
        """Whether a table's columns hold exactly the public values, for its first seed."""
        indices = np.array(self.indices, dtype=np.int64)
        rows = columns[CLASS_OF_CELL][indices // N_HYPERPARAMETERS] * N_HYPERPARAMETERS + indices % N_HYPERPARAMETERS
        errors = error_pct(columns["valid_acc"][-1, 0, rows])
        costs = columns["total_trainval_time"][0, rows]
        return _sha256(zip(self.indices, errors.tolist(), costs.tolist(), strict=True)) == self.sha256

    def to_json(self) -> str:
        """The form that is shipped."""
        return json.dumps({"sha256": self.sha256, "indices": self.indices}) + "\n"


@lru_cache(maxsize=1)
def shipped_records() -> PublicRecords:
    """The records that this package knows of."""
    payload = json.loads(_FILE.read_text(encoding="ascii"))
    return PublicRecords(tuple(payload["indices"]), payload["sha256"])


def _sha256(records: Iterable[tuple[int, float, float]]) -> str:
    lines = (f"{index} {round(error * 1000)} {round(cost * 1000)}\n" for index, error, cost in records)
    return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()
