"""Exact answers about the whole space: ranks, regrets, and what random search reaches, without a run.

The table is complete, so random search (uniform draws over the 196,608 configurations, with replacement) needs no
repetitions: the distribution of its best value is known, over evaluations by order statistics and over simulated time
by a renewal equation. Both are of the validation error at 12 epochs unless told otherwise.
"""

from nhb2_plugins.exact.over_evaluations import BestOfRandom, best_of_random
from nhb2_plugins.exact.over_time import MAX_STEP_S, ROUNDINGS, RandomSearchOverTime, Rounding, random_search_over_time
from nhb2_plugins.exact.standing import FinalReport, MeasuredAccuracy, final_report, ranks, regrets

__all__ = [
    "MAX_STEP_S",
    "ROUNDINGS",
    "BestOfRandom",
    "FinalReport",
    "MeasuredAccuracy",
    "RandomSearchOverTime",
    "Rounding",
    "best_of_random",
    "final_report",
    "random_search_over_time",
    "ranks",
    "regrets",
]
