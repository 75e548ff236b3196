"""No published value stands in the embedded table, nor in a draw of it, beyond what chance puts there.

The published values are not here: ``published_marks.json`` holds four bits of a digest of each
(``data/build_public_digest.py``), which a value of the table has by chance in one case of sixteen.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.table.reference.public_records import shipped_records

MARKS = json.loads(Path(__file__).with_name("published_marks.json").read_text())
INDICES = list(shipped_records().indices)
CHANCE = 1.0 / 16.0


def share_of_marks(values: np.ndarray, marks: str) -> float:
    """Share of values, by ascending configuration index, that have the mark of the published one."""
    found = [
        hashlib.sha256(f"{index}:{value:.3f}".encode()).hexdigest()[0]
        for index, value in zip(INDICES, values.tolist(), strict=True)
    ]
    return float(np.mean([one == other for one, other in zip(found, marks, strict=True)]))


def allowed() -> float:
    """Chance, and three standard deviations of it."""
    return CHANCE + 3.0 * float(np.sqrt(CHANCE * (1.0 - CHANCE) / len(INDICES)))


@pytest.mark.parametrize("draw", [None, 0, 13])
def test_published_values_are_there_no_more_often_than_by_chance(draw: int | None) -> None:
    bench: Benchmark = open_benchmark(draw=draw)
    for seed in bench.seeds:
        accuracy, cost = bench.evaluate_many(INDICES, seed=seed)
        assert share_of_marks(100.0 - accuracy, MARKS["error"]) < allowed()
        assert share_of_marks(cost, MARKS["cost"]) < allowed()


def test_copies_would_be_seen() -> None:
    """Of 5 % of the values, the marks being those of the table itself."""
    accuracy, _ = open_benchmark().evaluate_many(INDICES)
    own = "".join(
        hashlib.sha256(f"{i}:{100.0 - a:.3f}".encode()).hexdigest()[0] for i, a in zip(INDICES, accuracy, strict=True)
    )
    n_copied = len(INDICES) // 20
    marks = own[:n_copied] + MARKS["error"][n_copied:]
    assert share_of_marks(100.0 - accuracy, marks) > allowed()
