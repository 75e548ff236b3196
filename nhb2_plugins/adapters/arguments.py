"""Arguments that several adapters take, checked when an adapter is made and not at its first evaluation."""

from __future__ import annotations

from nhb2_plugins.benchmark import Benchmark, Seed


def checked_seed(seed: Seed | None, bench: Benchmark) -> Seed | None:
    """A seed of the table, ``"mean"``, or None.

    Raises:
        InvalidValueError: the table does not have the seed.
    """
    return None if seed is None else bench.checked_seed(seed)
