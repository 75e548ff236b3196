"""Arguments that several adapters take, checked when an adapter is made and not at its first evaluation."""

from __future__ import annotations

from nhb2_plugins.benchmark import MEAN, Benchmark, Seed
from nhb2_plugins.errors import InvalidValueError, describe_choices


def checked_seed(seed: Seed | None, bench: Benchmark) -> Seed | None:
    """A seed of the table, ``"mean"``, or None.

    Raises:
        InvalidValueError: the table does not have the seed.
    """
    if seed is not None and seed != MEAN and seed not in bench.seeds:
        raise InvalidValueError(describe_choices(seed, (*bench.seeds, MEAN), what="seed"))
    return seed
