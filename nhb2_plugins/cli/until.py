"""``nhb2 run --until decided``: seeds in rounds, until every pair is decided or there are no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import CampaignError

if TYPE_CHECKING:
    from nhb2_plugins.analysis.results import CampaignResults
    from nhb2_plugins.analysis.stopping import PairState, Stopping
    from nhb2_plugins.campaign.engine import CampaignOutcome
    from nhb2_plugins.campaign.plan import RunPlan

DEFAULT_ROUND = 5


@dataclass(frozen=True)
class Rule:
    """When to stop.

    Attributes:
        difference: the difference in regret that matters, in percentage points; None where any does.
        round_seeds: seeds that are added between two looks.
    """

    difference: float | None = None
    round_seeds: int = DEFAULT_ROUND


def run_until_decided(
    plans: Sequence[RunPlan],
    campaign: CampaignDirectory,
    rule: Rule,
    run: Callable[[Sequence[str]], CampaignOutcome],
) -> CampaignOutcome:
    """Run a campaign's plans in rounds, and record where it stands after each.

    An optimizer gets no further seeds when all its pairs are decided. A run that fails ends it: what is missing might
    be missing because it is bad.

    Args:
        plans: all runs that there may be.
        campaign: where to.
        rule: when to stop.
        run: runs those of the given ids that are not there yet.

    Raises:
        CampaignError: there is no pair, or one without a seed in common.
    """
    by_optimizer: dict[str, list[RunPlan]] = {}
    for plan in sorted(plans, key=lambda plan: plan.seed):  # later seeds come last in the test, whatever the list says
        by_optimizer.setdefault(plan.optimizer, []).append(plan)
    by_optimizer = {name: by_optimizer[name] for name in dict.fromkeys(plan.optimizer for plan in plans)}
    most = _most_seeds(by_optimizer)
    asked: set[str] = set()
    n_seeds, ran = 0, 0
    active = set(by_optimizer)
    while True:
        n_seeds += rule.round_seeds
        wanted = [plan.run_id for name in by_optimizer if name in active for plan in by_optimizer[name][:n_seeds]]
        outcome = run(wanted)
        ran += outcome.n_run
        asked |= {*wanted}
        stopping = _look(campaign, list(by_optimizer), rule, most)
        active = {name for pair in stopping.pairs if not pair.verdict for name in (pair.first, pair.second)}
        campaign.write_stopping(_text(stopping))
        if stopping.stopped or outcome.failed:
            return replace(outcome, n_kept=len(asked) - ran - len(outcome.failed), n_run=ran)


def _most_seeds(by_optimizer: Mapping[str, Sequence[RunPlan]]) -> dict[tuple[str, str], int]:
    """How many seeds each pair of optimizers can have in common."""
    seeds = {name: {plan.seed for plan in plans} for name, plans in by_optimizer.items()}
    most = {(first, second): len(seeds[first] & seeds[second]) for first, second in combinations(seeds, 2)}
    if not most:
        raise CampaignError(f"until decided: a pair of optimizers is needed, not {', '.join(seeds)} alone")
    for (first, second), n_seeds in most.items():
        if not n_seeds:
            raise CampaignError(
                f"until decided: {first} and {second} have no seed in common, so their runs are no pairs"
            )
    return most


def _look(
    campaign: CampaignDirectory, names: Sequence[str], rule: Rule, most: Mapping[tuple[str, str], int]
) -> Stopping:
    from nhb2_plugins.analysis.model import SIGNIFICANCE
    from nhb2_plugins.analysis.results import read_results
    from nhb2_plugins.analysis.stopping import Stopping

    states = tuple(_states(read_results(campaign.path, tuple(names)), names, rule))
    stopped: Literal["", "decided", "limit"] = ""
    if all(state.verdict for state in states):
        stopped = "decided"
    elif all(state.verdict or state.n_seeds >= most[state.first, state.second] for state in states):
        stopped = "limit"
    return Stopping(SIGNIFICANCE, rule.difference, rule.round_seeds, max(most.values()), stopped, states)


def _states(results: CampaignResults, names: Sequence[str], rule: Rule) -> list[PairState]:
    from nhb2_plugins.analysis.curves import final_regrets
    from nhb2_plugins.analysis.sequential import differences_of, look

    regrets = {
        each.name: dict(zip([run.header.seed for run in each.runs], final_regrets(each).tolist(), strict=True))
        for each in results.optimizers
        if each.name in names
    }
    asked = list(combinations(names, 2))
    found = []
    for first, second in asked:
        seeds = [seed for seed in regrets[first] if seed in regrets[second]]
        values = ([regrets[name][seed] for seed in seeds] for name in (first, second))
        found.append(look(first, second, differences_of(*values), len(asked), rule.difference))
    return found


def _text(stopping: Stopping) -> str:
    from nhb2_plugins.analysis.stopping import write_stopping

    return write_stopping(stopping)
