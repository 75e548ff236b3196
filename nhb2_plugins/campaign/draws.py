"""Campaigns over tables: which of the embedded table's draws each run answers from."""

from __future__ import annotations

from collections.abc import Iterable

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign.plan import RunPlan
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.table.embedded import open_embedded


def draw_of(seed: int, draws: int) -> int:
    """The draw that runs with a seed answer from."""
    return seed % draws


def digests_of(draws: int | None) -> tuple[str, ...]:
    """The digests of the tables of a campaign's draws; none where it runs on one table."""
    return tuple(open_embedded(draw).provenance.digest for draw in range(draws or 0))


def digest_of(plan: RunPlan, digests: tuple[str, ...], usual: str) -> str:
    """The digest of a run's table."""
    return digests[draw_of(plan.seed, len(digests))] if digests else usual


def tables_of(spec: CampaignSpec) -> Iterable[Benchmark]:
    """The benchmarks on the draws that a campaign's seeds use, each opened when it is asked for."""
    if spec.draws is not None:
        used = {draw_of(seed, spec.draws) for optimizer in spec.optimizers for seed in optimizer.seed_list}
        for draw in sorted(used):
            yield Benchmark(open_embedded(draw))
