"""What random search reaches, exactly: written beside a campaign's runs, so that an analysis needs no table for it.

The file is one JSON object with the fields of :class:`RandomSearchBaseline` and a format version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.campaign_directory import read_beside_runs

BASELINE_FORMAT_VERSION: Final = 1
TARGETS_PP: Final = (20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1)
"""Regrets, in percentage points, for which the share of runs that reach them is recorded."""


@dataclass(frozen=True)
class ReachedByRandomSearch:
    """Regret of random search, in percentage points, at ``n`` points of an axis.

    Attributes:
        x: simulated seconds, or numbers of evaluations; ascending.
        probability_of_result: that any evaluation has ended.
        mean_pp: expected regret given a result.
        median_pp: median; infinite where a result is less likely than one half; of several objectives, whose regret is
            one of hypervolume, only the mean is known, and this and all that follows is empty.
        quarter_pp: first quartile; infinite likewise.
        three_quarters_pp: third quartile; infinite likewise.
        reached: per target of :data:`TARGETS_PP` the probability that the regret is at most that.
    """

    x: tuple[float, ...]
    probability_of_result: tuple[float, ...]
    mean_pp: tuple[float, ...]
    median_pp: tuple[float, ...] = ()
    quarter_pp: tuple[float, ...] = ()
    three_quarters_pp: tuple[float, ...] = ()
    reached: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class RegretLaw:
    """The distribution of random search's regret at the end of a budget; between its points it is linear.

    Attributes:
        n_workers: simulated workers.
        budget_s: simulated seconds.
        regret_pp: percentage points, ascending, shape (n,).
        at_most: probability that the regret is at most that, ascending, shape (n,); the rest has no result.
    """

    n_workers: int
    budget_s: float
    regret_pp: tuple[float, ...]
    at_most: tuple[float, ...]


@dataclass(frozen=True)
class RandomSearchBaseline:
    """Random search over the whole space at the campaign's measure, charged from scratch.

    Attributes:
        table_digest: digest of the table.
        measure_epoch: 12 or 200: searched and measured at this fidelity.
        horizon_s: simulated second up to which ``over_time`` runs; None where no run of the campaign has a limit.
        over_time: number of simulated workers → what it reaches over simulated time; empty where ``why_not`` says so.
        over_evaluations: what it reaches over evaluations; None where it does not apply either.
        why_not: why something is left out, a sentence; empty where nothing is.
        objectives: what is minimised, where that is not the error alone: regret is then one of hypervolume,
        reference_point: up to this point.
        laws: its regret's distribution, one for each number of workers and budget that a run of the campaign has; none
            in the files of earlier versions.
    """

    table_digest: str
    measure_epoch: int
    horizon_s: float | None
    over_time: Mapping[int, ReachedByRandomSearch]
    over_evaluations: ReachedByRandomSearch | None
    why_not: str
    objectives: tuple[str, ...] = ()
    reference_point: tuple[float, ...] = ()
    laws: tuple[RegretLaw, ...] = ()

    def law(self, n_workers: int, budget_s: float | None) -> RegretLaw | None:
        """The distribution for a number of workers and a budget; None where it is not recorded."""
        return next((each for each in self.laws if (each.n_workers, each.budget_s) == (n_workers, budget_s)), None)


def write_baseline(baseline: RandomSearchBaseline) -> str:
    """The text of the file. JSON has no infinity: it is written as null."""
    content = {"format_version": BASELINE_FORMAT_VERSION, "targets_pp": TARGETS_PP, **asdict(baseline)}
    if not baseline.objectives:
        del content["objectives"], content["reference_point"]
    return json.dumps(_without_infinity(content), allow_nan=False) + "\n"


def read_baseline(path: Path) -> RandomSearchBaseline | None:
    """Read the file back; None where there is none.

    Raises:
        TrajectoryError: as :func:`nhb2_plugins.campaign_directory.read_beside_runs`.
    """
    return read_beside_runs(path, BASELINE_FORMAT_VERSION, _baseline)


def _baseline(content: dict[str, Any]) -> RandomSearchBaseline:
    if (targets := tuple(content.pop("targets_pp"))) != TARGETS_PP:
        raise ValueError(f"targets_pp {targets!r} are of another version")
    over_evaluations = content.pop("over_evaluations")
    baseline = RandomSearchBaseline(
        over_time={int(workers): _reached(values) for workers, values in content.pop("over_time").items()},
        over_evaluations=None if over_evaluations is None else _reached(over_evaluations),
        objectives=tuple(map(str, content.pop("objectives", ()))),
        reference_point=tuple(map(float, content.pop("reference_point", ()))),
        laws=tuple(map(_law, content.pop("laws", ()))),
        **content,
    )
    _check(baseline)
    return baseline


def _check(baseline: RandomSearchBaseline) -> None:
    if not isinstance(baseline.table_digest, str) or not isinstance(baseline.why_not, str):
        raise ValueError("table_digest and why_not are text")
    if baseline.measure_epoch not in (12, 200):
        raise ValueError(f"measure_epoch {baseline.measure_epoch!r} is not 12 or 200")
    if baseline.horizon_s is not None and not 0 < baseline.horizon_s < math.inf:
        raise ValueError(f"horizon_s {baseline.horizon_s!r} is not a positive number")
    if any(workers < 1 for workers in baseline.over_time):
        raise ValueError("there is at least one worker")


def _reached(values: Mapping[str, Any]) -> ReachedByRandomSearch:
    columns = {name: _column(column) for name, column in values.items() if name != "reached"}
    found = ReachedByRandomSearch(**columns, reached=tuple(_column(column) for column in values["reached"]))
    lengths = {len(column) for column in (*columns.values(), *found.reached)}
    if not (found.median_pp or found.quarter_pp or found.three_quarters_pp or found.reached):
        lengths -= {0}
    if lengths != {len(found.x)} or not found.x or len(found.reached) not in (0, len(TARGETS_PP)):
        raise ValueError(f"columns of {sorted(lengths)} values")
    if any(later <= earlier for earlier, later in zip(found.x, found.x[1:], strict=False)):
        raise ValueError("x does not ascend")
    if not all(0 <= share <= 1 for column in (found.probability_of_result, *found.reached) for share in column):
        raise ValueError("a probability outside 0..1")
    if not all(math.isfinite(value) for value in (*found.x, *found.mean_pp)):
        raise ValueError("a number is missing")
    return found


def _law(values: Mapping[str, Any]) -> RegretLaw:
    law = RegretLaw(values["n_workers"], values["budget_s"], _column(values["regret_pp"]), _column(values["at_most"]))
    if set(values) != {each.name for each in fields(RegretLaw)} or law.n_workers < 1 or not 0 < law.budget_s < math.inf:
        raise ValueError("a law is of a number of workers and a budget")
    if len(law.regret_pp) != len(law.at_most) or not law.at_most:
        raise ValueError(f"columns of {len(law.regret_pp)} and {len(law.at_most)} values")
    if any(list(column) != sorted(column) for column in (law.regret_pp, law.at_most)) or law.at_most[-1] > 1:
        raise ValueError("a law's columns do not ascend, or a probability is outside 0..1")
    return law


def _column(values: Sequence[Any]) -> tuple[float, ...]:
    for value in values:
        if value is not None and (type(value) not in (int, float) or not 0 <= value < math.inf):
            raise ValueError(f"{value!r:.80} is not a number of at least 0")
    return tuple(math.inf if value is None else float(value) for value in values)


def _without_infinity(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_infinity(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinity(each) for each in value]
    return None if value == math.inf else value
