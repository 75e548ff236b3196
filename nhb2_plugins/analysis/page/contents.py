"""What the page says beside its figures and tables: facts, bars, best configurations, how to reproduce."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from nhb2_plugins.analysis.model import (
    CampaignAnalysis,
    ComparisonRow,
    Estimate,
    ImprovementMatrix,
    OptimizerCard,
    RunRow,
)
from nhb2_plugins.analysis.page.cell_drawing import draw_cell
from nhb2_plugins.analysis.tables import ReportTable
from nhb2_plugins.fidelity import LONG_EPOCHS

SPECIFICATION_FILE: Final = "campaign.yaml"
_N_BEST: Final = 6
_N_BEST_OF_OPTIMIZER: Final = 3
_MEASURES: Final = ("valid_error", "regret", "test_error_12", "test_error_200")

Facts = list[tuple[str, str]]


# --- the head ---------------------------------------------------------------------------------------------------------


def head_facts(analysis: CampaignAnalysis) -> Facts:
    """What decides how the numbers are to be read, for the head of the page."""
    cards = analysis.optimizers
    return [
        ("Table", analysis.table_label),
        ("Regret measured in", analysis.measure),
        ("Searched at", _distinct(fidelity_of(card) for card in cards)),
        ("Simulated budget", _distinct(budget_of(card) for card in cards)),
        ("Simulated workers", _distinct(str(card.n_workers) for card in cards)),
        ("Charged", _distinct(card.charging for card in cards)),
        (
            "Runs",
            f"{sum(len(card.runs) for card in cards):,} of {len(cards)} optimizer{'s' if len(cards) != 1 else ''}",
        ),
        ("Evaluations", f"{sum(run.n_evaluations for card in cards for run in card.runs):,}"),
    ]


def fidelity_of(card: OptimizerCard) -> str:
    """The epochs that an optimizer evaluates at, in words."""
    if card.ladder:
        return f"{', '.join(f'{budget:.4g}' for budget in card.ladder)} epochs"
    expected = " (expected test accuracy)" if card.epoch == LONG_EPOCHS else ""
    return f"{card.epoch} epochs{expected}"


def budget_of(card: OptimizerCard) -> str:
    """The simulated budget of an optimizer's runs, in words."""
    return "no limit" if card.budget_s is None else f"{card.budget_s:,.0f} s"


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))


# --- the comparison ---------------------------------------------------------------------------------------------------


def best_of_columns(table: ReportTable) -> dict[int, int]:
    """The row with the smallest mean of each column of errors or regrets, where there are several rows."""
    best = {}
    for column in range(len(table.headings)):
        means = {i: row[column].mean for i, row in enumerate(table.rows) if isinstance(row[column], Estimate)}
        if len(means) > 1:
            best[column] = min(means, key=lambda i: means[i])
    return best


def empty_runs(analysis: CampaignAnalysis) -> list[str]:
    """A sentence for each optimizer that has runs without any result."""
    return [
        f"{card.marked_name}: nothing ended within the budget in {card.n_without_result} of {len(card.runs)} runs; "
        "they are left out of the means."
        for card in analysis.optimizers
        if card.n_without_result
    ]


# --- the matrix of probabilities --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MatrixCell:
    """One probability with its colours."""

    text: str
    interval: str
    value: float
    ground: str
    ink: str


@dataclass(frozen=True)
class MatrixRow:
    """One optimizer's probabilities; None on the diagonal and where there is none."""

    name: str
    cells: tuple[MatrixCell | None, ...]


@dataclass(frozen=True)
class Matrix:
    """All of them."""

    names: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


def improvement_matrix(matrix: ImprovementMatrix) -> Matrix:
    """Probabilities of improvement with their colours: blue where the row is ahead, orange where the column is."""
    rows = tuple(
        MatrixRow(name, tuple(_matrix_cell(matrix, i, j) for j in range(len(matrix.optimizers))))
        for i, name in enumerate(matrix.optimizers)
    )
    return Matrix(matrix.optimizers, rows)


def _matrix_cell(matrix: ImprovementMatrix, i: int, j: int) -> MatrixCell | None:
    value = float(matrix.probability[i, j])
    if math.isnan(value):
        return None
    low, high = float(matrix.low[i, j]), float(matrix.high[i, j])
    towards = np.array([0, 93, 148]) if value >= 0.5 else np.array([196, 92, 0])
    share = abs(value - 0.5) * 2 * 0.85
    red, green, blue = (np.array([255, 255, 255]) * (1 - share) + towards * share).astype(int)
    # The darker half of either scale carries white text, the lighter half dark text; both keep a contrast of 4.5.
    ink = "#ffffff" if share > 0.74 else "#16202b"
    return MatrixCell(f"{value:.2f}", f"[{low:.2f}, {high:.2f}]", value, f"#{red:02x}{green:02x}{blue:02x}", ink)


# --- configurations ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DrawnConfiguration:
    """A configuration that runs ended with."""

    cellcode: str
    lr: str
    batch_size: str
    regret: str
    valid_error: str
    found_by: str
    drawing: Markup


def best_configurations(cards: Sequence[OptimizerCard], n: int = _N_BEST) -> list[DrawnConfiguration]:
    """The final incumbents with the smallest regret, each once, and who found them."""
    runs = [run for card in cards for run in card.runs if run.regret_pp is not None]
    finders: dict[tuple[Any, ...], list[RunRow]] = {}
    for run in sorted(runs, key=lambda run: run.regret_pp or 0.0):
        finders.setdefault((run.cellcode, run.lr, run.batch_size), []).append(run)
    return [_drawn(found, name_optimizers=len(cards) > 1) for found in list(finders.values())[:n]]


def best_of_optimizer(card: OptimizerCard) -> list[DrawnConfiguration]:
    """The same for one optimizer."""
    return best_configurations([card], _N_BEST_OF_OPTIMIZER)


def _drawn(found: Sequence[RunRow], *, name_optimizers: bool) -> DrawnConfiguration:
    first = found[0]
    counts = Counter(run.optimizer for run in found)
    if name_optimizers:
        finders = "found by " + ", ".join(f"{name} ({n} run{'s' if n != 1 else ''})" for name, n in counts.items())
    else:
        seeds = ", ".join(str(run.seed) for run in found[:8]) + (", …" if len(found) > 8 else "")
        finders = f"seed{'s' if len(found) != 1 else ''} {seeds}"
    return DrawnConfiguration(
        first.cellcode or "",
        f"{first.lr:g}",
        str(first.batch_size),
        f"{first.regret_pp:.2f}",
        f"{first.valid_error_pct:.2f}",
        finders,
        draw_cell(first.cellcode or ""),
    )


# --- one optimizer ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """How many evaluations a run has at one fidelity."""

    epoch: int
    text: str
    percent: str


def bars(card: OptimizerCard) -> list[Bar]:
    """Evaluations by fidelity; the longest bar is full."""
    most = max(card.evaluations_by_epoch.values(), default=1.0)
    return [
        Bar(epoch, f"{n:.1f}", f"{100 * n / most:.1f}") for epoch, n in card.evaluations_by_epoch.items() if most > 0
    ]


def optimizer_facts(card: OptimizerCard, row: ComparisonRow | None) -> Facts:
    """An optimizer's settings and sums."""
    settings = ", ".join(f"{name} = {json.dumps(value, default=str)}" for name, value in card.settings.items())
    facts = [
        ("Algorithm", card.algorithm),
        ("Settings", settings or "defaults"),
        ("Searches at", fidelity_of(card)),
        ("Simulated budget", budget_of(card)),
        ("Simulated workers", str(card.n_workers)),
        ("Charged", card.charging),
        ("Evaluations past the budget", card.crossing),
        ("Seeds", seeds_in_words([run.seed for run in card.runs])),
    ]
    if row is not None and row.simulated_h is not None:
        facts.append(("Simulated time, mean of a run", f"{row.simulated_h:.2f} h"))
    facts.append(("Its own thinking, mean of a run", f"{card.overhead_s:.2f} s (wall clock)"))
    facts.append(("Versions", ", ".join(f"{name} {version}" for name, version in card.versions.items())))
    return facts


def seeds_in_words(seeds: Sequence[int]) -> str:
    """Seeds with runs of numbers written short.

    >>> seeds_in_words([0, 1, 2, 3, 7, 9])
    '0–3, 7, 9'
    """
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(f"{part[0]}–{part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts)


def anchor(name: str, number: int) -> str:
    """An id for an optimizer's part of the page, unique by its number.

    >>> anchor("Optuna TPE", 2)
    'optimizer-3-optuna-tpe'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"optimizer-{number + 1}-{slug}".rstrip("-")


# --- doing it again ---------------------------------------------------------------------------------------------------


def specification_text(specification: Mapping[str, Any]) -> str:
    """The specification as the YAML that ``nhb2 run`` reads, without what was left at nothing."""
    import yaml  # comes with campaigns

    return str(yaml.safe_dump(_without_nothing(specification), sort_keys=False, allow_unicode=True, width=100))


def _ordered(specification: Mapping[str, Any]) -> dict[str, Any]:
    """What names a thing first, the list of optimizers last."""
    first, last = ("name", "label", "algorithm"), ("optimizers", "seeds")
    keys = sorted(specification, key=lambda key: (key not in first, key in last, key))
    return {key: specification[key] for key in keys}


def _without_nothing(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_nothing(each) for key, each in _ordered(value).items()}
        return {key: each for key, each in kept.items() if each is not None and each != {} and each != ""}
    if isinstance(value, list | tuple):
        return [_without_nothing(each) for each in value]
    return value


def commands(analysis: CampaignAnalysis, version: str) -> str:
    """What to type for the same numbers."""
    own = f"'nhb2-plugins[quickstart]{f'=={version}' if version else ''}'"
    pinned = [f"'{name}=={versions[0]}'" for name, versions in analysis.versions.items() if len(versions) == 1]
    install = "python -m pip install " + " \\\n    ".join([own, *pinned])
    check = "nhb2 info        # must name the table " + str(analysis.table["digest"])[:8]
    if not analysis.specification:
        return f"{install}\n{check}"
    return f"{install}\n{check}\nnhb2 run {SPECIFICATION_FILE} --out results"


def table_facts(table: Mapping[str, Any]) -> Facts:
    """A table's provenance."""
    facts = [
        ("Kind", str(table["kind"])),
        ("Source", str(table["source"])),
        ("Note", str(table.get("note") or "")),
        ("Created", str(table.get("created") or "")),
        ("Seeds of the table", ", ".join(map(str, table.get("seeds") or ()))),
        ("Digest", str(table["digest"])),
    ]
    return [(name, value) for name, value in facts if value]
