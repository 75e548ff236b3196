"""A small campaign of real runs, with its report: names that HTML would misread, and a run that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.report import write_report
from nhb2_plugins.analysis.results import read_results
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign.engine import run_campaign
from nhb2_plugins.campaign.spec import CampaignSpec
from tests.support.threads_cluster import scheduler_of_threads

HOSTILE: Final = "<script>alert(1)</script>"
FAILURE: Final = "ValueError: <b>planted</b>"
N_SEEDS: Final = 10
_EVERY: Final = {"seeds": N_SEEDS}
_LADDER: Final = {"min_epoch": 1, "max_epoch": 12, "eta": 3}


def write_small_campaign(bench: Benchmark, directory: Path) -> None:
    """Run it into a directory, and write the page and the CSV files into its ``report``."""
    optimizers = [
        {"algorithm": "random_search", **_EVERY},
        {"algorithm": "regularized_evolution", "label": HOSTILE, **_EVERY},
        {"algorithm": "hyperband", "label": "Hyperband & more", "ladder": _LADDER, **_EVERY},
    ]
    spec = CampaignSpec.model_validate({"name": "small", "budget_s": 5000, "optimizers": optimizers})
    with scheduler_of_threads() as scheduler:
        run_campaign(spec, bench, directory, scheduler=scheduler)
    failure = directory / "failures" / "random_search" / "seed-0010.txt"
    failure.parent.mkdir(parents=True)
    failure.write_text(f"Traceback (most recent call last):\n  …\n{FAILURE}\n", encoding="utf-8")
    write_report(
        analyse(read_results(directory, tuple(each.name for each in spec.optimizers))),
        directory / "report",
        ["html", "csv"],
    )
