"""Which of two optimizers is better, asked after every seed? A test that stays valid however often one looks.

The runs of one seed make a difference. Where neither optimizer is better, its sign is a fair coin whatever its size, so
a bet on the sign, of a stake that may depend on the size and on all that came before, is fair: what is won by n bets is
a nonnegative martingale, and exceeds 1/level ever with at most the level (Ville's inequality). Such e-tests of symmetry
are Vovk and Wang's (New England Journal of Statistics in Data Science 2, 2024; after de la Peña, Annals of Probability
27, 1999); the stake here grows with the rank of the size among those seen, as in Wilcoxon's test, whose null hypothesis
this is. The three rates of growth are weighed alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nhb2_plugins.analysis.model import SIGNIFICANCE, Floats
from nhb2_plugins.analysis.stopping import PairState

_RATES: Final = (0.25, 0.5, 1.0)


def evidence(differences: Floats) -> Floats:
    """Logarithm of what is won after each difference by betting that they are positive.

    Args:
        differences: shape (…, n), in the order in which they came.

    Returns:
        shape (…, n).
    """
    scores = _scores(differences)[..., np.newaxis] * np.array(_RATES)
    won = np.cumsum(scores - np.logaddexp(scores, -scores) + np.log(2), axis=-2)
    total: Floats = np.logaddexp.reduce(won, axis=-1) - np.log(len(_RATES))
    return total


def _scores(differences: Floats) -> Floats:
    """Signs times ranks of sizes among those seen by then, of mean square one."""
    sizes, n = np.abs(differences), differences.shape[-1]
    ranks = np.empty_like(sizes)
    for i in range(n):
        seen, own = sizes[..., : i + 1], sizes[..., i : i + 1]
        ranks[..., i] = ((seen < own).sum(axis=-1) + (seen <= own).sum(axis=-1)) / (2 * (i + 1))
    scores: Floats = np.sqrt(3) * ranks * np.sign(differences)
    return scores


def look(first: str, second: str, differences: Floats, n_pairs: int, difference: float | None = None) -> PairState:
    """See whether a pair is decided, now or at any earlier look; the same differences always give the same answer.

    Args:
        first: name of an optimizer,
        second: and of the other.
        differences: measures of the second minus those of the first, by seed: positive where the first is better.
        n_pairs: pairs that are asked for; each has the level :data:`SIGNIFICANCE` divided by their number.
        difference: a difference that matters, in the unit of the measures: the pair is also decided when neither is
            better by as much. None to go on for ever where there is none.
    """
    level = SIGNIFICANCE / n_pairs
    threshold = np.log(2 / level)
    for_first, for_second = evidence(differences), evidence(-differences)
    moments = {"first": _first_at_least(for_first, threshold), "second": _first_at_least(for_second, threshold)}
    if difference is not None:
        # Better by the difference is refuted on its own at the same one-sided level, on either side.
        below, above = evidence(difference - differences), evidence(difference + differences)
        both = np.minimum(np.maximum.accumulate(below), np.maximum.accumulate(above))
        moments["alike"] = _first_at_least(both, threshold)
    found = {verdict: moment for verdict, moment in moments.items() if moment is not None}
    won = float(np.exp(min(max(for_first.max(initial=0.0), for_second.max(initial=0.0)), 700.0)))
    if not found:
        return PairState(first, second, len(differences), won=won)
    verdict = min(found, key=lambda each: found[each])
    return PairState(first, second, len(differences), verdict, found[verdict], won)


def _first_at_least(values: Floats, threshold: float) -> int | None:
    reached = np.flatnonzero(values >= threshold)
    return int(reached[0]) + 1 if len(reached) else None


def differences_of(first: Sequence[float] | Floats, second: Sequence[float] | Floats) -> Floats:
    """Measures of the second minus those of the first; a run without a result loses by more than any other."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        difference = b - a
    finite = np.abs(difference[np.isfinite(difference)]).max(initial=0.0)
    return np.nan_to_num(difference, nan=0.0, posinf=finite + 1, neginf=-finite - 1)
