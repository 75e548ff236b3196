"""When a campaign stopped that added seeds until its pairs were decided: the record beside its runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from nhb2_plugins.campaign_directory import read_beside_runs

_FORMAT_VERSION: Final = 1
_VERDICTS: Final = frozenset({"", "first", "second", "alike"})


@dataclass(frozen=True)
class PairState:
    """What is known of a pair after some seeds.

    Attributes:
        first: an optimizer,
        second: and another.
        n_seeds: seeds that both have.
        verdict: ``first``, ``second`` (is better), ``alike`` (the difference is below the one that matters), or empty
            while it is not decided.
        decided_at: seeds after which it was.
        won: largest amount won so far by a bet on either, in multiples of the stake.
        depends: why it is no verdict that one is better: with something else assumed in the table the other
            is. Said by the report, and not recorded.
    """

    first: str
    second: str
    n_seeds: int
    verdict: str = ""
    decided_at: int | None = None
    won: float = 0.0
    depends: str = ""

    @property
    def undecided(self) -> bool:
        """Whether one is better on the whole, and the other with something else assumed."""
        return self.verdict in ("first", "second") and bool(self.depends)

    @property
    def words(self) -> str:
        """What is decided, without the reason."""
        if self.undecided:
            return f"not decided: {self.depends}"
        if self.verdict in ("first", "second"):
            ahead, behind = (self.first, self.second) if self.verdict == "first" else (self.second, self.first)
            return f"{ahead} is better than {behind}"
        return f"{self.first} and {self.second} {'are alike' if self.verdict else 'are not told apart'}"


@dataclass(frozen=True)
class Stopping:
    """A sequential campaign's rule and where it stands.

    Attributes:
        level: probability of any wrong verdict, over all pairs and looks.
        difference: the difference in regret that matters, in percentage points; None where any does.
        round_seeds: seeds that were added between two looks.
        most_seeds: seeds at which it ends in any case.
        stopped: ``decided``, ``limit``, or empty while it goes on.
        pairs: every pair that is asked for.
    """

    level: float
    difference: float | None
    round_seeds: int
    most_seeds: int
    stopped: Literal["", "decided", "limit"]
    pairs: tuple[PairState, ...]

    @property
    def n_seeds(self) -> int:
        """Seeds of the pair that has the most."""
        return max((pair.n_seeds for pair in self.pairs), default=0)


def write_stopping(stopping: Stopping) -> str:
    """The text of the file."""
    content = {"format_version": _FORMAT_VERSION, **asdict(stopping)}
    for pair in content["pairs"]:
        del pair["depends"]
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def read_stopping(path: Path) -> Stopping | None:
    """Read the file back; None where there is none.

    Raises:
        TrajectoryError: as :func:`nhb2_plugins.campaign_directory.read_beside_runs`.
    """
    return read_beside_runs(path, _FORMAT_VERSION, _stopping)


def _stopping(content: dict[str, Any]) -> Stopping:
    pairs = tuple(PairState(**each) for each in content.pop("pairs"))
    stopping = Stopping(**content, pairs=pairs)
    _check(stopping)
    return stopping


def _check(stopping: Stopping) -> None:
    if stopping.stopped not in ("", "decided", "limit") or not 0 < stopping.level < 1:
        raise ValueError(f"stopped {stopping.stopped!r} at level {stopping.level!r}")
    if stopping.difference is not None and not 0 < stopping.difference < math.inf:
        raise ValueError(f"difference {stopping.difference!r}")
    counts: list[Any] = [stopping.round_seeds, stopping.most_seeds, *(pair.n_seeds for pair in stopping.pairs)]
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("a number of seeds is a whole number")
    for pair in stopping.pairs:
        if pair.verdict not in _VERDICTS or not all(type(name) is str for name in (pair.first, pair.second)):
            raise ValueError(f"pair {pair!r:.100}")
        if pair.verdict and type(pair.decided_at) is not int:
            raise ValueError(f"pair {pair!r:.100}")


def renamed(stopping: Stopping, names: Mapping[str, str]) -> Stopping:
    """The same, with names as they are shown."""
    pairs = (replace(each, first=names[each.first], second=names[each.second]) for each in stopping.pairs)
    return replace(stopping, pairs=tuple(pairs))
