"""What stands on the page, as values: in which section, at which place, and what of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from nhb2_plugins.analysis.model import CONFIDENCE, CampaignFacts, Refusal
from nhb2_plugins.analysis.pictures import Curves, Matrix, RankDiagram, Strips
from nhb2_plugins.analysis.tables import ReportTable
from nhb2_plugins.analysis.wording import rising_note

# --- sections ---------------------------------------------------------------------------------------------------------


def _no_intro(_facts: CampaignFacts) -> str:
    return ""


@dataclass(frozen=True)
class Section:
    """A section of the page; one without any part is left out.

    Attributes:
        id: what links lead to.
        title: in the list of contents.
        heading: above it.
        intro: what stands below the heading.
    """

    id: str
    title: str
    heading: str
    intro: Callable[[CampaignFacts], str] = _no_intro


def _on_the_way(facts: CampaignFacts) -> str:
    exact = (
        ()
        if isinstance(facts.baseline_time, Refusal)
        else ("The broad grey line is random search, computed exactly from the table: no run is behind it.",)
    )
    return " ".join(
        (
            "The regret of the incumbent while the search goes on, from the moment when every run has a result. "
            f"Intervals are {100 * CONFIDENCE:.0f} % bootstrap intervals over runs.",
            *exact,
            *rising_note(facts),
        )
    )


def _compared(facts: CampaignFacts) -> str:
    begin = "What each optimizer had found when its budget was spent. "
    if facts.has_front:
        return f"{begin}Regret is what its archive of non-dominated results misses of the exact front's hypervolume."
    return (
        f"{begin}Errors are those of the incumbent, looked up after the search; regret is their distance to the best "
        "that the table holds."
    )


COMPARISON: Final = Section("comparison", "Comparison", "Comparison", _compared)
CONCLUSIONS: Final = Section("conclusions", "Conclusions", "What can be concluded")
ON_THE_WAY: Final = Section("anytime", "On the way", "On the way", _on_the_way)
RANKS: Final = Section(
    "ranks-part",
    "Ranks and differences",
    "Ranks and differences",
    lambda _: "Which optimizer comes out ahead of which, whatever the size of the difference.",
)
TARGETS: Final = Section(
    "targets",
    "Time to target",
    "Time to target",
    lambda _: "The share of runs that have come so close to the table's optimum, by simulated time.",
)
FRONT: Final = Section(
    "front",
    "The front",
    "The front",
    lambda facts: (
        "Several objectives have no one best configuration, but a front: what was found of it, and what it is. "
        f"Minimised were {', '.join(facts.objectives)}; the exact front is known, because the table is complete."
    ),
)
ARCHITECTURES: Final = Section(
    "architectures",
    "Best architectures",
    "Best architectures found",
    lambda _: (
        "The final incumbents with the smallest regret, over all optimizers. An edge carries its operation; where "
        "nothing that it computes reaches the output, it is faint."
    ),
)
OPTIMIZERS: Final = Section("optimizers", "Optimizers", "Optimizer by optimizer")
FAILURES: Final = Section("failures", "Failed runs", "Runs that failed")
REPRODUCE: Final = Section("reproduce", "Do it again", "Do it again")
CITE: Final = Section("cite", "How to cite", "How to cite")
SECTIONS: Final = (
    COMPARISON,
    CONCLUSIONS,
    ON_THE_WAY,
    RANKS,
    TARGETS,
    FRONT,
    ARCHITECTURES,
    OPTIMIZERS,
    FAILURES,
    REPRODUCE,
    CITE,
)
"""In the order of the page."""


# --- parts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """A part of the page; each kind is written by the macro of its name (``parts.html.j2``).

    Attributes:
        section: where it stands,
        place: and at which place in there, the smallest first.
        optimizer: of which optimizer's own part it is, in the section of optimizers.
    """

    macro: ClassVar[str] = ""
    section: Section
    place: int = 0
    optimizer: int | None = None


@dataclass(frozen=True, eq=False)
class PageChart:
    """Curves with all that the page says around them.

    Attributes:
        key: id in the page.
        title: what it shows.
        description: the same in a sentence or two, for who cannot see it.
        variants: curves by the name of the variant (``Mean``, ``Median``); the first is shown.
        caption: what a reader must know.
        narrow: whether it stands beside another one.
    """

    key: str
    title: str
    description: str
    variants: Mapping[str, Curves]
    caption: str = ""
    narrow: bool = False

    @property
    def first(self) -> Curves:
        """The variant that is shown, whose axes and grid are those of all."""
        return next(iter(self.variants.values()))


@dataclass(frozen=True, eq=False, kw_only=True)
class ChartPart(Part):
    """A chart, or several narrow ones side by side."""

    macro = "chart_part"
    charts: tuple[PageChart, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class TablePart(Part):
    """A table.

    Attributes:
        table: which.
        title: above it,
        summary: or what it is folded below.
        names: whether the first column holds names of optimizers, shown with their looks.
        mark_best: whether the smallest ranked mean of each column of estimates is bold.
    """

    macro = "table_part"
    table: ReportTable
    title: str = ""
    summary: str = ""
    names: bool = True
    mark_best: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawingPart(Part):
    """A drawing that stands still, with its id, title, label for screen readers, and lines below it."""

    macro = "drawing_part"
    id: str
    title: str
    label: str
    picture: Strips | RankDiagram
    captions: tuple[str, ...] = field(default=())


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixPart(Part):
    """A coloured table of probabilities."""

    macro = "matrix_part"
    matrix: Matrix
    title: str
    intro: str
    note: str


@dataclass(frozen=True, eq=False, kw_only=True)
class RefusalPart(Part):
    """Why something is not shown."""

    macro = "refusal_part"
    reason: str
