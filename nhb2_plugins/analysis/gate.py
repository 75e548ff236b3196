"""Has a change harmed an optimizer? Runs with the same seeds, before and after, and one of four words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import t as student

from nhb2_plugins.analysis.curves import final_regrets
from nhb2_plugins.analysis.facts import conditions_of, table_label_of
from nhb2_plugins.analysis.model import CONFIDENCE, FEWEST_FOR_VERDICTS, Floats
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.errors import CampaignError, InvalidValueError, describe_choices
from nhb2_plugins.shown import drawn
from nhb2_plugins.trajectory.run_file import RunHeader

Verdict = Literal["improved", "equivalent", "worse", "not decided"]
EXIT_STATUS: Final[dict[Verdict, int]] = {"improved": 0, "equivalent": 0, "worse": 1, "not decided": 2}
"""What a CI is told."""
_ALIKE: Final = (
    "budget_s",
    "n_workers",
    "charging",
    "crossing",
    "measure_epoch",
    "overhead",
    "problem",
    "objectives",
    "reference_point",
    "max_evaluations",
    "epochs",
    "training_seed",
)
"""What two optimizers must have in common for their final regrets to be compared."""


@dataclass(frozen=True)
class GateOutcome:
    """What a gate says.

    Attributes:
        verdict: ``equivalent`` where the interval lies within the margin; else ``improved`` or ``worse`` where it does
            not hold zero; else ``not decided``.
        n_seeds: pairs of runs with the same seed.
        margin: of equivalence, in percentage points.
        old_mean: mean of the final measures before,
        new_mean: and after.
        change: mean difference, after minus before: positive is worse.
        low: lower end of its interval (level :data:`CONFIDENCE`),
        high: and upper end.
        seeds_needed: a number of seeds with which the interval would be short enough to decide, where it is not.
    """

    verdict: Verdict
    n_seeds: int
    margin: float
    old_mean: float
    new_mean: float
    change: float
    low: float
    high: float
    seeds_needed: int | None = None

    @property
    def exit_status(self) -> int:
        """0 for improved and equivalent, 1 for worse, 2 for not decided."""
        return EXIT_STATUS[self.verdict]

    def _repr_html_(self) -> str:
        html: str = drawn("outcome_html", self)
        return html


def judge(old: Floats, new: Floats, margin: float) -> GateOutcome:
    """Compare final measures of runs with the same seeds; small is good.

    The interval of the mean difference is Student's, over the pairs. That it lies within the margin is the two
    one-sided tests of equivalence (Schuirmann, 1987) at half of 1 − :data:`CONFIDENCE` each.

    Args:
        old: before, shape (n_seeds,), finite.
        new: after, by the same seeds.
        margin: of equivalence, in the unit of the measures: a smaller change does not matter.

    Raises:
        InvalidValueError: other shapes, a measure that is no number, or a margin that is not positive.
    """
    if old.shape != new.shape or old.ndim != 1 or not len(old):
        raise InvalidValueError(f"a gate compares runs of the same seeds, not {old.shape} and {new.shape} of them")
    if not (np.isfinite(old).all() and np.isfinite(new).all()):
        raise InvalidValueError("a run has no result, so there is no mean to compare")
    if not margin > 0:
        raise InvalidValueError(f"margin {margin!r} is not above 0")
    n, difference = len(old), new - old
    change, arm = float(difference.mean()), _arm(difference)
    low, high = change - arm, change + arm
    verdict = _verdict(low, high, margin) if n >= FEWEST_FOR_VERDICTS else "not decided"
    return GateOutcome(
        verdict,
        n,
        margin,
        float(old.mean()),
        float(new.mean()),
        change,
        low,
        high,
        _seeds_needed(difference, margin) if verdict == "not decided" else None,
    )


def _arm(difference: Floats) -> float:
    n = len(difference)
    if n < 2:
        return float("inf")
    return float(student.ppf((1 + CONFIDENCE) / 2, n - 1) * difference.std(ddof=1) / np.sqrt(n))


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if -margin < low and high < margin:
        return "equivalent"
    if high < 0:
        return "improved"
    return "worse" if low > 0 else "not decided"


def _seeds_needed(difference: Floats, margin: float) -> int | None:
    """Seeds for an arm of two thirds of the margin: then any change but one near the margin is decided."""
    if len(difference) < 2:
        return None
    needed = (1.5 * student.ppf((1 + CONFIDENCE) / 2, len(difference) - 1) * difference.std(ddof=1) / margin) ** 2
    return max(int(np.ceil(needed)), len(difference) + 1, FEWEST_FOR_VERDICTS)


@dataclass(frozen=True)
class GateSide:
    """One side of a gate: the runs of one optimizer, and where they come from.

    Attributes:
        name: for people.
        runs: by seed.
    """

    name: str
    runs: OptimizerRuns


def side_of(results: CampaignResults, label: str, name: str) -> GateSide:
    """The runs of a label, or of the only optimizer that has any.

    Raises:
        CampaignError: there is no such label, or several optimizers and none is named.
    """
    ran = {each.name: each for each in results.optimizers if each.runs}
    if not label and len(ran) == 1:
        return GateSide(name, *ran.values())
    if not label:
        raise CampaignError(
            f"{name} holds runs of {len(ran)} optimizers, and a gate compares one: name it, {name}::LABEL, of "
            f"{', '.join(map(repr, ran))}"
        )
    if label not in ran:
        raise CampaignError(f"{name}: {describe_choices(label, ran, what='optimizer')}")
    return GateSide(f"{name} ({label})", ran[label])


def gate(old: GateSide, new: GateSide, margin: float) -> GateOutcome:
    """Compare two sides by the seeds that both have.

    Raises:
        CampaignError: they have no seed in common, or are of other tables or under other conditions.
        InvalidValueError: as :func:`judge`.
    """
    by_seed = [{run.header.seed: run.header for run in each.runs.runs} for each in (old, new)]
    seeds = sorted(set(by_seed[0]) & set(by_seed[1]))
    if not seeds:
        raise CampaignError(f"{old.name} and {new.name} have no seed in common, so their runs are no pairs")
    for seed in seeds:
        _refuse_unlike(old.name, new.name, by_seed[0][seed], by_seed[1][seed])
    before, after = (np.array([regrets[seed] for seed in seeds]) for regrets in map(_regrets_by_seed, (old, new)))
    return judge(before, after, margin)


def _regrets_by_seed(side: GateSide) -> dict[int, float]:
    seeds = [run.header.seed for run in side.runs.runs]
    return dict(zip(seeds, final_regrets(side.runs).tolist(), strict=True))


def _refuse_unlike(old: str, new: str, one: RunHeader, other: RunHeader) -> None:
    """Each pair for itself: of campaigns over several draws, the first pair may share a table that others do not."""
    unlike = [name for name in _ALIKE if getattr(one, name) != getattr(other, name)]
    if one.table["digest"] != other.table["digest"]:
        unlike = ["table", *unlike]
    if unlike:
        told = ", ".join(f"{name} {_told(one, name)} and {_told(other, name)}" for name in unlike)
        raise CampaignError(f"{old} and {new} were not run alike (seed {one.seed}): {told}")


def _told(header: RunHeader, name: str) -> str:
    return header.table_label if name == "table" else repr(getattr(header, name))


_SAID: Final[dict[Verdict, str]] = {
    "improved": "the change is an improvement",
    "equivalent": "the change makes no difference that matters",
    "worse": "the change makes it worse",
    "not decided": "these runs do not decide whether the change matters",
}


def summary_markdown(outcome: GateOutcome, old: GateSide, new: GateSide) -> str:
    """A short summary for a pull request."""
    before = CampaignResults((old.runs,))  # both sides are alike in what this says
    needed = f" About {outcome.seeds_needed} seeds would decide it." if outcome.seeds_needed else ""
    few = f" A verdict takes at least {FEWEST_FOR_VERDICTS} seeds." if outcome.n_seeds < FEWEST_FOR_VERDICTS else ""
    same = " All pairs are equal, run for run." if outcome.change == outcome.low == outcome.high == 0 else ""
    lines = (
        f"### Gate: **{outcome.verdict}**",
        "",
        f"Over {outcome.n_seeds} paired seeds, {_SAID[outcome.verdict]} (margin {outcome.margin:g} percentage points)."
        f"{same}{few}{needed}",
        "",
        "| | mean regret | change | interval |",
        "| --- | ---: | ---: | ---: |",
        f"| {_cell(old.name)} | {outcome.old_mean:.2f} | | |",
        f"| {_cell(new.name)} | {outcome.new_mean:.2f} | {outcome.change:+.2f} | "
        f"[{outcome.low:+.2f}, {outcome.high:+.2f}] |",
        "",
        f"Regret in {before.measure}, in percentage points, {CONFIDENCE:.0%} interval of the mean difference. "
        f"{conditions_of(before)}; {table_label_of(before)}. {_changed_versions(old, new)}",
    )
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _changed_versions(old: GateSide, new: GateSide) -> str:
    before, after = (each.runs.runs[0].header.versions for each in (old, new))
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    told: Sequence[str] = [f"{name} {before.get(name, 'none')} → {after.get(name, 'none')}" for name in changed]
    return f"Versions: {', '.join(told)}." if told else "The versions of all packages recorded are the same."
