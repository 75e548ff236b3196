"""The analyses by name, each as a few titled frames: what the command line prints and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.landscape import isomorphism
from nhb2_plugins.landscape.anova import QUANTITIES, functional_anova
from nhb2_plugins.landscape.fidelity_correlation import fidelity_correlation
from nhb2_plugins.landscape.fitness_distance import fitness_distance
from nhb2_plugins.landscape.hyperparameter_map import Statistic, hyperparameter_map
from nhb2_plugins.landscape.joint import joint_search
from nhb2_plugins.landscape.neighbourhood import landscape
from nhb2_plugins.landscape.optima import optima, optima_by_epoch
from nhb2_plugins.landscape.pareto import EXPENSES, front_summary, pareto_front
from nhb2_plugins.landscape.published_front import PublishedFront, attainment_of, quality_against
from nhb2_plugins.landscape.seed_noise import seed_noise
from nhb2_plugins.landscape.view import View
from nhb2_plugins.landscape.walk import walk_autocorrelation

if TYPE_CHECKING:
    import pandas

BEST_DECILE: Final = 0.1
_N_PAIRS: Final = 10
_EXPENSE_NAMES: Final = {"cost_s": "cost", "params_live": "parameters", "macs_live": "multiply-accumulates"}


@dataclass(frozen=True)
class Request:
    """What to analyse.

    Attributes:
        bench: the benchmark.
        epoch: 1..12 or 200.
        split: None for the epoch's own.
        seed: None for the table's first.
        cellcode: for the map: one cell instead of all.
        statistic: for the map: what is taken over all cells.
        against: for the fronts: a published one to compare with.
    """

    bench: Benchmark
    epoch: int = 12
    split: str | None = None
    seed: Seed | None = None
    cellcode: str | None = None
    statistic: Statistic = "mean"
    against: PublishedFront | None = None

    @property
    def where(self) -> tuple[Benchmark, int, str | None, Seed | None]:
        """The arguments that most analyses take."""
        return self.bench, self.epoch, self.split, self.seed

    @property
    def short_split(self) -> str | None:
        """The split of epochs 1..12, for what looks at all fidelities."""
        return None if self.epoch == LONG_EPOCHS else self.split


@dataclass(frozen=True, eq=False)
class Section:
    """One frame of an analysis: its key (for file names), title, and the frame, whose ``attrs`` name the table."""

    key: str
    title: str
    frame: pandas.DataFrame


def _optima(request: Request) -> list[Section]:
    return [
        Section("best", "Best configurations (isomorphic cells are one row)", optima(*request.where)),
        Section(
            "by-epoch",
            "Best configuration at each fidelity, and its regret at the full ones",
            optima_by_epoch(request.bench, request.short_split, request.seed),
        ),
    ]


def _map(request: Request) -> list[Section]:
    of = hyperparameter_map(*request.where, cellcode=request.cellcode, statistic=request.statistic)
    return [
        Section("errors", f"Error (%) by learning rate and batch size: {of.of}", of.to_frame()),
        Section("best-lr", f"Best learning rate of each batch size: {of.of}", of.best_lr_frame()),
    ]


def _anova(request: Request) -> list[Section]:
    sections = []
    for quantity in QUANTITIES:
        frame = functional_anova(*request.where, quantity=quantity).to_frame()
        title = f"Share of the variance of {quantity}: main effects, and the {_N_PAIRS} largest of 28 pairs"
        sections.append(Section(quantity, title, frame.head(len(frame[frame["order"] == 1]) + _N_PAIRS)))
    return sections


def _fidelities(request: Request) -> list[Section]:
    def of(best_share: float | None) -> pandas.DataFrame:
        return fidelity_correlation(request.bench, request.short_split, request.seed, best_share=best_share).to_frame()

    return [
        Section("all", "Kendall's tau-b between epochs, all configurations", of(None)),
        Section("best", "Kendall's tau-b between epochs, best decile at the later one", of(BEST_DECILE)),
    ]


def _landscape(request: Request) -> list[Section]:
    local = landscape(*request.where)
    distance = fitness_distance(*request.where)
    walk = walk_autocorrelation(*request.where)
    distance_title = f"Distance to the nearest optimum (correlation with error {distance.correlation:.4f})"
    walk_title = f"Autocorrelation of random walks (correlation length {walk.correlation_length:.2f} steps)"
    return [
        Section("summary", "One-coordinate changes", local.to_frame()),
        Section("basins", "Best local optima and their basins under steepest ascent", local.basins_frame()),
        Section("distance", distance_title, distance.to_frame()),
        Section("walk", walk_title, walk.to_frame()),
    ]


def _pareto(request: Request) -> list[Section]:
    fronts = [
        Section(
            _EXPENSE_NAMES[expense],
            f"Error against {_EXPENSE_NAMES[expense]}",
            pareto_front(*request.where, expense=expense),
        )
        for expense in EXPENSES
    ]
    summary = "What a search is measured by: hypervolume up to the front's nadir, and random search's share of it"
    fronts.append(Section("summary", summary, front_summary(*request.where)))
    if request.against is not None:
        view, against = View.of(*request.where), request.against
        fronts += [
            Section(
                "against",
                f"The two fronts, each measured against the other: {against.name}",
                quality_against(view, against),
            ),
            Section(
                "attainment", f"What the table reaches at each point of {against.name}", attainment_of(view, against)
            ),
        ]
    return fronts


def _isomorphism(request: Request) -> list[Section]:
    return [
        Section("classes", "Isomorphic cellcodes by class size", isomorphism.class_sizes_frame(request.bench)),
        Section("likeliest", "Likeliest classes", isomorphism.likeliest_frame(request.bench)),
        Section("draws", "What n uniform draws repeat", isomorphism.draws_frame(request.bench)),
        Section("bias", "Uniform cellcodes against uniform functions", isomorphism.sampling_bias_frame(*request.where)),
    ]


def _noise(request: Request) -> list[Section]:
    noise = seed_noise(request.bench, request.epoch, request.split)
    share = f"{100 * noise.noise_share:.2f} % of the variance is between seeds of one configuration"
    return [
        Section("regions", f"Spread over seeds by learning rate and batch size ({share})", noise.regions_frame()),
        Section("winners", "Each seed's winner, judged by the others", noise.winners_frame()),
        Section("agreement", "Agreement of two seeds, and how often the winner changes", noise.agreement_frame()),
    ]


def _joint(request: Request) -> list[Section]:
    search = joint_search(*request.where)
    return [
        Section("strategies", "Joint search against one-sided and two-stage searches", search.to_frame()),
        Section("shares", "Shares of the variance", search.shares_frame()),
    ]


ANALYSES: Final[Mapping[str, Callable[[Request], list[Section]]]] = {
    "optima": _optima,
    "map": _map,
    "anova": _anova,
    "fidelities": _fidelities,
    "landscape": _landscape,
    "pareto": _pareto,
    "isomorphism": _isomorphism,
    "noise": _noise,
    "joint": _joint,
}


def sections_of(name: str, request: Request) -> list[Section]:
    """The frames of one analysis.

    Raises:
        InvalidValueError: an unknown analysis; a request that the table cannot answer.
        MissingExtraError: pandas is not installed.
    """
    if name not in ANALYSES:
        raise InvalidValueError(describe_choices(name, ANALYSES, what="analysis"))
    return ANALYSES[name](request)


def answerable(request: Request) -> tuple[str, ...]:
    """The names that a request's epoch and table can answer: seed noise needs seeds."""
    without_seeds = request.epoch == LONG_EPOCHS or len(request.bench.seeds) == 1
    return tuple(name for name in ANALYSES if not (name == "noise" and without_seeds))
