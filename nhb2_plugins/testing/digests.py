"""Whether a search is the same in every process: the digest of all that it recorded, here and in fresh processes."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from nhb2_plugins.testing.fresh_process import output_of
from nhb2_plugins.trajectory.record import TrialRecord

HASH_SEEDS = (1, 2, 3)


def what_counts(record: TrialRecord) -> dict[str, Any]:
    """A record without its wall-clock field."""
    return {name: value for name, value in record.to_dict().items() if name != "overhead_s"}


def digest_of(records: Sequence[TrialRecord]) -> str:
    """Equal for equal records, wall-clock fields aside."""
    return hashlib.sha256(json.dumps([what_counts(record) for record in records]).encode()).hexdigest()


class ReproducibleSearches:
    """A suite whose subclass names its searches and says what each records with a seed."""

    @classmethod
    def search_names(cls) -> Sequence[str]:
        """Of everything under the suite."""
        raise NotImplementedError

    @classmethod
    def recorded(cls, name: str, seed: int) -> Sequence[TrialRecord]:
        """What a short search records."""
        raise NotImplementedError

    @classmethod
    def print_digests(cls) -> None:
        """What a fresh process does."""
        digests = {name: digest_of(cls.recorded(name, 5)) for name in cls.search_names()}
        sys.stdout.write("\n" + json.dumps(digests) + "\n")

    @pytest.fixture(scope="class")
    @classmethod
    def digests_elsewhere(cls) -> list[dict[str, str]]:
        """What three fresh processes, each with its own hash seed, get of every search."""
        code = f"from {cls.__module__} import {cls.__name__}; {cls.__name__}.print_digests()"
        return [json.loads(output_of(code, hash_seed=seed).splitlines()[-1]) for seed in HASH_SEEDS]

    def test_a_seed_is_one_trajectory_in_every_process(
        self, digests_elsewhere: list[dict[str, str]], name: str
    ) -> None:
        """The same inputs give the same records, whatever the process."""
        assert [digests[name] for digests in digests_elsewhere] == [digest_of(self.recorded(name, 5))] * len(HASH_SEEDS)
