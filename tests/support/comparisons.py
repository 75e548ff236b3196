"""How many answers were compared with the reference package's, and how many differed: told at the end of a test run."""

from __future__ import annotations

from collections import Counter
from typing import Any

counts: Counter[str] = Counter()


def compare(what: str, ours: Any, theirs: Any) -> None:
    """Equal to the bit: by ``repr``, which tells 1 from 1.0 and True, and any two floats apart."""
    counts["comparisons"] += 1
    if repr(ours) != repr(theirs):
        counts["differing"] += 1
        raise AssertionError(f"{what}: {ours!r:.500} differs from the reference's {theirs!r:.500}")


def summary() -> str | None:
    """One line, if anything was compared."""
    if not counts:
        return None
    return f"compared with nashpobench2api 1.0.0: {counts['comparisons']:,} answers, {counts['differing']} differing"
