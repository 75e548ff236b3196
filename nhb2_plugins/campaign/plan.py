"""From a specification to its runs. A run is all that a worker is sent: never the table, never the other runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeAlias

from nhb2_plugins.campaign.spec import CampaignSpec, OptimizerSpec
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.trajectory.run_file import RunConditions
from nhb2_plugins.trajectory.selection import matching_runs

RunPlan: TypeAlias = RunConditions
"""A run before it begins."""


def plan_runs(spec: CampaignSpec) -> list[RunPlan]:
    """Every run of a campaign, in the order of the specification, then of the seeds."""
    return [plan for optimizer in spec.optimizers for plan in _runs_of(optimizer, spec)]


def _runs_of(optimizer: OptimizerSpec, spec: CampaignSpec) -> Iterator[RunPlan]:
    slug = optimizer.slug
    plan = partial(  # worked out once, not for every seed
        RunPlan,
        optimizer=optimizer.name,
        algorithm=optimizer.algorithm,
        epoch=optimizer.epoch,
        ladder=optimizer.fidelity_ladder(),
        settings=optimizer.settings,
        budget_s=spec.budget_of(optimizer),
        n_workers=spec.workers_of(optimizer),
        charging=optimizer.charging or spec.charging,
        crossing=spec.crossing,
        measure_epoch=spec.measure_epoch,
        overhead=optimizer.overhead or spec.overhead,
        problem=spec.restriction.subspace,
        restriction=spec.restriction_of(optimizer),
        objectives=spec.objectives,
        reference_point=spec.reference_point,
        max_evaluations=spec.max_evaluations,
    )
    for seed in optimizer.seed_list:
        yield plan(run_id=f"{slug}/seed-{seed:04d}", seed=seed)


def chosen_plans(plans: Sequence[RunPlan], patterns: Sequence[str]) -> list[RunPlan]:
    """The runs whose id (``bohb/seed-0003``), optimizer (``bohb``) or label matches a pattern; all where there is none.

    Args:
        plans: the campaign's runs.
        patterns: with the wildcards of a shell; a name as it is always means itself.

    Raises:
        CampaignError: a pattern matches nothing.
    """
    chosen = set(matching_runs({plan.run_id: (plan.optimizer,) for plan in plans}, patterns, CampaignError))
    return [plan for plan in plans if plan.run_id in chosen]
