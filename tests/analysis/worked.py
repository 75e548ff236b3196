"""A small campaign made by hand that every question has something to say of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nhb2_plugins.analysis.model import FailedRun
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.trajectory.baseline import TARGETS_PP, RandomSearchBaseline, ReachedByRandomSearch, RegretLaw
from nhb2_plugins.trajectory.run_file import RunFile
from tests.analysis.runs import OPTIMUM_PCT, TABLE, make_run, optimizer_of


def reached(x: Sequence[float], regret: Sequence[float]) -> ReachedByRandomSearch:
    """What random search reaches: median 1 below the mean, quartiles 2 around it; each target an equal share."""
    shares = tuple(tuple(min(1.0, each / 200) for each in x) for _ in TARGETS_PP)
    columns = (tuple(regret), *(tuple(each + shift for each in regret) for shift in (-1, -2, 2)))
    return ReachedByRandomSearch(tuple(x), (0.5, *[1.0] * (len(x) - 1)), *columns, shares)


def baseline(workers: int = 1) -> RandomSearchBaseline:
    """Random search, whose mean regret is 3 at the end."""
    over_time = reached((2.0, 10.0, 40.0, 100.0), (20.0, 9.0, 5.0, 3.0))
    over_evaluations = reached((1.0, 2.0, 3.0, 5.0), (20.0, 9.0, 5.0, 3.0))
    law = RegretLaw(workers, 100.0, (0.0, 2.0, 7.0), (0.0, 0.4, 1.0))
    return RandomSearchBaseline(
        str(TABLE["digest"]), 12, 100.0, {workers: over_time}, over_evaluations, "", laws=(law,)
    )


def _run(optimizer: str, seed: int, regret: float, **header: Any) -> RunFile:
    """Three incumbents; the last has the regret, plus a little by the seed."""
    last = regret + (seed * 7 % 10) / 4
    steps = ((4.0 + seed, last + 12), (20.0 + 2 * seed, last + 4), (50.0 + seed, last))
    incumbents = [(time, OPTIMUM_PCT - each) for time, each in steps]
    return make_run(incumbents, seed=seed, optimizer=optimizer, **header)


def worked_campaign() -> CampaignResults:
    """Four optimizers that were run, one that was not, random search, a failed run and one that is not finished."""
    versions = {"numpy": "2.0.0", "nhb2-plugins": "0.0"}
    settings = {"population_size": 50, "warm": [1, None]}
    return CampaignResults(
        (
            optimizer_of("first", *(_run("first", seed, 0.25, versions=versions) for seed in range(12))),
            optimizer_of("second, a <b>", *(_run("second", seed, 2.5, settings=settings) for seed in (*range(10), 13))),
            optimizer_of("third", *(_run("third", seed, 9.0 - seed % 3, epoch=200) for seed in range(12))),
            optimizer_of("few", _run("few", 0, 3.0), make_run([], seed=1, optimizer="few")),
            OptimizerRuns("gone", ()),
        ),
        specification={"name": "worked", "budget_s": 100, "optimizers": [{"algorithm": "x", "label": "gone"}]},
        baseline=baseline(),
        failures=(FailedRun("few/seed-0002", "ValueError: <i>", "Traceback:\n  …\nValueError: <i>\n"),),
        unfinished=("first/seed-0012",),
    )
