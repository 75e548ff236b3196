"""What the page says beside its figures and tables: facts, colours of probabilities, how to reproduce."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.pictures import Matrix
from nhb2_plugins.analysis.wording import budget_of, fidelity_of
from nhb2_plugins.figure_theme import diverging
from nhb2_plugins.text_table import counted

SPECIFICATION_FILE: Final = "campaign.yaml"

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
            f"{sum(len(card.runs) for card in cards):,} of {counted(len(cards), 'optimizer')}",
        ),
        ("Evaluations", f"{sum(run.n_evaluations for card in cards for run in card.runs):,}"),
    ]


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))


def anchor(name: str, number: int) -> str:
    """An id for an optimizer's part of the page, unique by its number.

    >>> anchor("Optuna TPE", 2)
    'optimizer-3-optuna-tpe'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"optimizer-{number + 1}-{slug}".rstrip("-")


# --- tables -----------------------------------------------------------------------------------------------------------


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


def matrix_rows(matrix: Matrix) -> tuple[MatrixRow, ...]:
    """Probabilities with their colours: blue where the row is ahead, orange where the column is."""
    n = len(matrix.names)
    return tuple(
        MatrixRow(name, tuple(_matrix_cell(matrix, i, j) for j in range(n))) for i, name in enumerate(matrix.names)
    )


def _matrix_cell(matrix: Matrix, i: int, j: int) -> MatrixCell | None:
    value = float(matrix.values[i, j])
    if math.isnan(value):
        return None
    low, high = float(matrix.low[i, j]), float(matrix.high[i, j])
    interval = "" if math.isnan(low) else f"[{low:.2f}, {high:.2f}]"
    return MatrixCell(f"{value:.2f}", interval, value, *diverging(value))


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


def commands(analysis: CampaignAnalysis, version: str) -> tuple[str, ...]:
    """What to type for the same numbers, a command each."""
    own = f"'nhb2-plugins[quickstart]{f'=={version}' if version else ''}'"
    pinned = [f"'{name}=={versions[0]}'" for name, versions in analysis.versions.items() if len(versions) == 1]
    install = "python -m pip install " + " \\\n    ".join([own, *pinned])
    check = f"nhb2 info  # must name the table {str(analysis.table['digest'])[:8]}"
    run = (f"nhb2 run {SPECIFICATION_FILE} --out results",) if analysis.specification else ()
    return install, check, *run


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
