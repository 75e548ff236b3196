"""Campaigns made by hand, for tests of the page."""

from __future__ import annotations

import random

from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.trajectory.run_file import RunFile
from tests.analysis.runs import make_run, optimizer_of


def falling_run(optimizer: str, seed: int, n_incumbents: int = 9, **header: object) -> RunFile:
    """A run whose incumbents get better, at moments that the seed decides."""
    draw = random.Random(f"{optimizer}/{seed}")
    times = sorted(round(draw.uniform(0.5, 99.0), 3) for _ in range(n_incumbents))
    accuracies = sorted(round(draw.uniform(40.0, 89.9), 3) for _ in range(n_incumbents))
    return make_run(list(zip(times, accuracies, strict=True)), seed=seed, optimizer=optimizer, **header)


def falling_campaign(names: tuple[str, ...] = ("first", "second", "third"), n_seeds: int = 8) -> CampaignResults:
    """Several optimizers with several such runs."""
    return CampaignResults(
        tuple(optimizer_of(name, *(falling_run(name, seed) for seed in range(n_seeds))) for name in names)
    )
