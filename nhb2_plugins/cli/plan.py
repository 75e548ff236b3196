"""``nhb2 plan``: how many seeds a difference takes, and what they cost."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nhb2_plugins.budget import SECONDS_PER_HOUR
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.cli.campaign import needs_quickstart
from nhb2_plugins.cli.parser import Parser, add_table_option
from nhb2_plugins.cli.values import positive_real
from nhb2_plugins.errors import CampaignError, InvalidValueError
from nhb2_plugins.text_table import printable, text_table

if TYPE_CHECKING:
    from nhb2_plugins.analysis.model import Floats
    from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
    from nhb2_plugins.campaign.spec import CampaignSpec, OptimizerSpec

DEFAULT_POWER: Final = 0.8
PILOT_SEEDS: Final = 10


@dataclass(frozen=True, eq=False)
class Spread:
    """What is known of one optimizer before a campaign.

    Attributes:
        name: of the optimizer.
        regrets: final regrets in percentage points, of runs or of the exact law.
        n_runs: runs at hand; 0 for the exact law.
        simulated_s: simulated seconds of a run, mean.
        wall_s: wall-clock seconds of a run, mean; None where no run was made.
    """

    name: str
    regrets: Floats
    n_runs: int
    simulated_s: float
    wall_s: float | None


def add_plan(parser: Parser) -> None:
    """Add the options of ``nhb2 plan``."""
    parser.set_defaults(command=_plan)
    parser.add_argument(
        "source",
        metavar="DIR|SPEC",
        help=f"recorded runs; or a specification, of which {PILOT_SEEDS} seeds are run (random search needs none)",
    )
    parser.add_argument(
        "--difference", metavar="PP", type=positive_real, required=True, help="percentage points of mean regret to see"
    )
    parser.add_argument(
        "--power",
        metavar="P",
        type=positive_real,
        default=DEFAULT_POWER,
        help=f"probability to see it (default: {DEFAULT_POWER:g})",
    )
    add_table_option(parser)


def _plan(options: argparse.Namespace) -> None:
    if not 0.05 < options.power < 1:
        raise InvalidValueError(f"power {options.power:g} is not between 0.05 and 1")
    with needs_quickstart():
        spreads, origin, measure = _spreads(options)
    if len(spreads) < 2:
        raise CampaignError(
            f"{options.source} has fewer than two optimizers with two results each: there is no pair to plan for"
        )
    rows = _rows(spreads, options.difference, options.power)
    print(text_table(["pair", "seeds needed", "simulated h", "wall-clock min", "smallest seen"], rows))
    print()
    print(printable(_explanation(options, len(rows), origin, measure)))


def _explanation(options: argparse.Namespace, n_pairs: int, origin: str, measure: str) -> str:
    several = f", corrected for {n_pairs} pairs" if n_pairs > 1 else ""
    return (
        f"Seeds for a difference of {options.difference:g} percentage points in mean final regret (in {measure}) to "
        f"be significant with probability {options.power:g} (Wilcoxon's signed-rank test of runs with the same seeds, "
        f"level 0.05{several}), whichever of the two is better, and the smallest difference that the runs at hand "
        f"show. Spreads {origin}. Costs are of both optimizers; wall-clock time is of one process."
    )


def _spreads(options: argparse.Namespace) -> tuple[list[Spread], str, str]:
    """The optimizers' spreads, where they are from, and what regret is measured in."""
    campaign = CampaignDirectory(Path(options.source))
    if campaign.path.is_dir() and (campaign.has_file or campaign.recorded() or not _is_shipped(options.source)):
        from nhb2_plugins.analysis.results import read_results

        results = read_results(campaign.path, campaign.order())
        return _recorded(results), "as in the recorded runs", results.measure
    return _piloted(options)


def _is_shipped(name: str) -> bool:
    from nhb2_plugins.campaign.spec import shipped_specs

    return name in shipped_specs()


def _recorded(results: CampaignResults) -> list[Spread]:
    from nhb2_plugins.analysis.curves import final_regrets

    found = []
    for each in results.optimizers:
        regrets = final_regrets(each)
        if (finite := regrets[np.isfinite(regrets)]).size >= 2:
            found.append(Spread(each.marked_name, finite, len(finite), *_costs(each)))
    return found


def _costs(optimizer: OptimizerRuns) -> tuple[float, float]:
    walls = [run.end.wall_s for run in optimizer.runs if run.end is not None]
    return float(np.mean([run.last_end_s for run in optimizer.runs])), float(np.mean(walls))


def _piloted(options: argparse.Namespace) -> tuple[list[Spread], str, str]:
    """Random search by its exact law, the others by runs of their own."""
    from nhb2_plugins.analysis.power import quantiles_of
    from nhb2_plugins.analysis.results import measure_in_words, read_results
    from nhb2_plugins.campaign.baseline import compute_baseline
    from nhb2_plugins.campaign.engine import opened_campaign, run_campaign

    spec, bench = opened_campaign(options.source, options.table)
    exact = [each for each in spec.optimizers if _is_exact(spec, each)]
    laws = compute_baseline(spec, bench) if exact else None
    known = {}
    for each in exact:
        law = laws.law(spec.workers_of(each), spec.budget_of(each)) if laws else None
        if law is not None:
            known[each.name] = Spread(each.name, quantiles_of(law), 0, law.budget_s, None)
    others = [each.slug for each in spec.optimizers if each.name not in known]
    if others:
        with tempfile.TemporaryDirectory() as directory:
            print(f"nhb2: running a pilot of {PILOT_SEEDS} seeds", file=sys.stderr, flush=True)
            outcome = run_campaign(spec.with_seeds(PILOT_SEEDS), bench, Path(directory), only=others, baseline=False)
            if outcome.failed:
                raise CampaignError(f"{len(outcome.failed)} runs of the pilot failed: {', '.join(outcome.failed[:3])}")
            known |= {each.name: each for each in _recorded(read_results(Path(directory)))}
    of_pilot, of_law = f"as in {PILOT_SEEDS} runs of a pilot", "of random search as its exact law says"
    origin = ", and ".join(each for each, told in ((of_pilot, others), (of_law, len(known) > len(others))) if told)
    found = [known[each.name] for each in spec.optimizers if each.name in known]
    return found, origin, measure_in_words(spec.objectives, spec.measure_epoch)


def _is_exact(spec: CampaignSpec, optimizer: OptimizerSpec) -> bool:
    """Whether an optimizer's law is the recorded one: random search of all of the space by the measure alone."""
    conditions: Mapping[str, bool] = {
        "algorithm": optimizer.algorithm == "random_search" and not optimizer.settings,
        "fidelity": optimizer.epoch == spec.measure_epoch and optimizer.ladder is None,
        "space": spec.restriction_of(optimizer).to_dict() == {},
        "objectives": len(spec.objectives) == 1,
        "charging": (optimizer.charging or spec.charging) == "from_scratch",
        "clock": spec.crossing == "drop" and (optimizer.overhead or spec.overhead) == "none",
    }
    return all(conditions.values())


def _rows(spreads: Sequence[Spread], difference: float, power: float) -> list[list[str]]:
    from nhb2_plugins.analysis.power import MOST_SEEDS, Pair

    asked = list(combinations(spreads, 2))
    rows = []
    for first, second in asked:
        pair = Pair(first.regrets, second.regrets, len(asked))
        needed = pair.seeds_needed(difference, power)
        at_hand = min((each.n_runs for each in (first, second) if each.n_runs), default=0)
        smallest = pair.smallest_difference(at_hand, power)
        rows.append(
            [
                f"{first.name}, {second.name}",
                f"more than {MOST_SEEDS:,}" if needed is None else f"{needed:,}",
                *_cost(first, second, needed),
                "–" if smallest is None else f"{smallest:.2f} with {at_hand} seeds",
            ]
        )
    return rows


def _cost(first: Spread, second: Spread, seeds: int | None) -> tuple[str, str]:
    if seeds is None:
        return "–", "–"
    simulated_h = seeds * (first.simulated_s + second.simulated_s) / SECONDS_PER_HOUR
    walls = [each.wall_s for each in (first, second) if each.wall_s is not None]
    return f"{simulated_h:,.0f}", f"{seeds * sum(walls) / 60:,.1f}" if walls else "–"
