"""Exact answers about the whole space: ranks, regrets, and what random search reaches, without a run.

The table is complete, so random search (uniform draws over the 196,608 configurations, with replacement) needs no
repetitions: the distribution of its best value is known, over evaluations by order statistics and over simulated time
by a renewal equation. Both are of the validation error at 12 epochs unless told otherwise. Of two or three objectives
the exact front is known, and the expected hypervolume of random search.
"""

from nhb2_plugins.exact.front import Front, exact_front
from nhb2_plugins.exact.over_evaluations import BestOfRandom, best_of_random
from nhb2_plugins.exact.over_time import MAX_STEP_S, ROUNDINGS, RandomSearchOverTime, Rounding, random_search_over_time
from nhb2_plugins.exact.quality import FrontQuality
from nhb2_plugins.exact.random_hypervolume import (
    RandomHypervolume,
    random_hypervolume,
    random_hypervolume_over_time,
)
from nhb2_plugins.exact.standing import FinalReport, MeasuredAccuracy, final_report, ranks, regrets

__all__ = [
    "MAX_STEP_S",
    "ROUNDINGS",
    "BestOfRandom",
    "FinalReport",
    "Front",
    "FrontQuality",
    "MeasuredAccuracy",
    "RandomHypervolume",
    "RandomSearchOverTime",
    "Rounding",
    "best_of_random",
    "exact_front",
    "final_report",
    "random_hypervolume",
    "random_hypervolume_over_time",
    "random_search_over_time",
    "ranks",
    "regrets",
]
