"""The analyses by name, each an answer and a few titled frames of it: what the command line prints and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.landscape import isomorphism
from nhb2_plugins.landscape.anova import QUANTITIES, FunctionalAnova, Quantity, functional_anova
from nhb2_plugins.landscape.fidelity_correlation import FidelityCorrelation, fidelity_correlation
from nhb2_plugins.landscape.fitness_distance import FitnessDistance, fitness_distance
from nhb2_plugins.landscape.hyperparameter_map import HyperparameterMap, Statistic, hyperparameter_map
from nhb2_plugins.landscape.joint import JointSearch, joint_search
from nhb2_plugins.landscape.neighbourhood import Landscape, landscape
from nhb2_plugins.landscape.optima import optima, optima_by_epoch
from nhb2_plugins.landscape.pareto import EXPENSES, front_summary, pareto_front
from nhb2_plugins.landscape.published_front import PublishedFront, attainment_of, quality_against
from nhb2_plugins.landscape.seed_noise import SeedNoise, seed_noise
from nhb2_plugins.landscape.view import View
from nhb2_plugins.landscape.walk import WalkAutocorrelation, walk_autocorrelation

if TYPE_CHECKING:
    import pandas

BEST_DECILE: Final = 0.1
_N_PAIRS: Final = 10
_SMALL: Final = 1e-3  # below, four decimals say too little
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
        against: for the fronts: a published one to compare with,
        reference: and up to where; None for each one's nadir.
    """

    bench: Benchmark
    epoch: int = 12
    split: str | None = None
    seed: Seed | None = None
    cellcode: str | None = None
    statistic: Statistic = "mean"
    against: PublishedFront | None = None
    reference: tuple[float, ...] | None = None

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


Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Analysis(Generic[Answer]):
    """What is computed once, and the frames that tell it; a figure of it has its name in ``plots.FIGURES``.

    Attributes:
        answer: to a request; the request itself where nothing but frames is made of it. Raises InvalidValueError where
            the table cannot answer it.
        sections: the answer as frames. Raises MissingExtraError where pandas is not installed.
    """

    answer: Callable[[Request], Answer]
    sections: Callable[[Answer], list[Section]]


def _optima(request: Request) -> list[Section]:
    return [
        Section("best", "Best configurations (isomorphic cells are one row)", optima(*request.where)),
        Section(
            "by-epoch",
            "Best configuration at each fidelity, and its regret at the full ones",
            optima_by_epoch(request.bench, request.short_split, request.seed),
        ),
    ]


def _map(found: HyperparameterMap) -> list[Section]:
    return [
        Section("errors", f"Error (%) by learning rate and batch size: {found.of}", found.to_frame()),
        Section("best-lr", f"Best learning rate of each batch size: {found.of}", found.best_lr_frame()),
    ]


def _anova(found: Mapping[Quantity, FunctionalAnova]) -> list[Section]:
    sections = []
    for quantity, anova in found.items():
        frame = anova.to_frame()
        title = f"Share of the variance of {quantity}: main effects, and the {_N_PAIRS} largest of 28 pairs"
        sections.append(Section(quantity, title, frame.head(len(frame[frame["order"] == 1]) + _N_PAIRS)))
    return sections


Fidelities = tuple[FidelityCorrelation, FidelityCorrelation]
"""Over all configurations, and among the best decile."""


def _fidelities_of(request: Request) -> Fidelities:
    where = request.bench, request.short_split, request.seed
    return fidelity_correlation(*where), fidelity_correlation(*where, best_share=BEST_DECILE)


def _fidelities(found: Fidelities) -> list[Section]:
    of_all, of_best = found
    return [
        Section("all", "Kendall's tau-b between epochs, all configurations", of_all.to_frame()),
        Section("best", "Kendall's tau-b between epochs, best decile at the later one", of_best.to_frame()),
    ]


def _landscape(found: tuple[Landscape, FitnessDistance, WalkAutocorrelation]) -> list[Section]:
    local, distance, walk = found
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
                quality_against(view, against, request.reference),
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


def _noise(noise: SeedNoise) -> list[Section]:
    share = f"{100 * noise.noise_share:.2f} % of the variance is between seeds of one configuration"
    return [
        Section("regions", f"Spread over seeds by learning rate and batch size ({share})", noise.regions_frame()),
        Section("winners", "Each seed's winner, judged by the others", noise.winners_frame()),
        Section("agreement", "Agreement of two seeds, and how often the winner changes", noise.agreement_frame()),
    ]


def _joint(search: JointSearch) -> list[Section]:
    return [
        Section("strategies", "Joint search against one-sided and two-stage searches", search.to_frame()),
        Section("shares", "Shares of the variance", search.shares_frame()),
    ]


ANALYSES: Final[Mapping[str, Analysis[Any]]] = {
    "optima": Analysis(lambda to: to, _optima),
    "map": Analysis(lambda to: hyperparameter_map(*to.where, cellcode=to.cellcode, statistic=to.statistic), _map),
    "anova": Analysis(lambda to: {each: functional_anova(*to.where, quantity=each) for each in QUANTITIES}, _anova),
    "fidelities": Analysis(_fidelities_of, _fidelities),
    "landscape": Analysis(
        lambda to: (landscape(*to.where), fitness_distance(*to.where), walk_autocorrelation(*to.where)), _landscape
    ),
    "pareto": Analysis(lambda to: to, _pareto),
    "isomorphism": Analysis(lambda to: to, _isomorphism),
    "noise": Analysis(lambda to: seed_noise(to.bench, to.epoch, to.split), _noise),
    "joint": Analysis(lambda to: joint_search(*to.where), _joint),
}


def answerable(request: Request) -> tuple[str, ...]:
    """The names that a request's epoch and table can answer: seed noise needs seeds."""
    without_seeds = request.epoch == LONG_EPOCHS or len(request.bench.seeds) == 1
    return tuple(name for name in ANALYSES if not (name == "noise" and without_seeds))


def printed_rows(frame: pandas.DataFrame) -> list[list[str]]:
    """A frame's cells as people read them; units and kinds, by the column's name, decide the digits."""
    names = [str(name) for name in frame]
    return [[_cell(*pair) for pair in zip(names, row, strict=True)] for row in frame.itertuples(index=False)]


def _cell(column: str, value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:  # NaN: there is no such number
        return "-"
    if column in ("lr", "best_lr"):
        return f"{value:g}"
    if value.is_integer() and column in ("value", "n_configurations"):
        return f"{value:.0f}"
    if 0 < abs(value) < _SMALL and "probability" in column:
        return f"{value:.1e}"
    text = f"{value:.{_digits(column)}f}"
    return text if float(text) else text.lstrip("-")


def _digits(column: str) -> int:
    if column.endswith("_pct") or column.startswith("batch_"):
        return 3
    if column.startswith(("epoch_", "distinct_")):
        return 2
    return 1 if column.endswith("_s") else 4
