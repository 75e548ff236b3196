"""What was each optimizer, and each of its runs? Settings, evaluations by fidelity, its own thinking, every run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.model import CampaignFacts, OptimizerCard
from nhb2_plugins.analysis.question import Question
from nhb2_plugins.analysis.tables import OPTIMIZER, Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import budget_of, fidelity_of
from nhb2_plugins.budget import SECONDS_PER_HOUR

_COLUMNS: Final = (
    OPTIMIZER,
    Column("seed", "seed", "count"),
    Column("run_id", "run", "text"),
    Column("n_evaluations", "evaluations", "count"),
    Column("simulated_s", "simulated s", "seconds"),
    Column("charged_cost_s", "charged s", "seconds"),
    Column("overhead_s", "thinking s"),
    Column("cellcode", "cell", "text"),
    Column("lr", "lr", "short"),
    Column("batch_size", "batch size", "count"),
    Column("found_s", "found after s", "seconds"),
    Column("found_evaluations", "found after evaluations", "count"),
    Column("regret_pp", "regret"),
    Column("valid_error_pct", "valid error %"),
    Column("test_error_12_pct", "test error % (12)"),
    Column("test_error_200_pct", "test error % (200)"),
)
_ON_PAGE: Final = (
    "seed",
    "n_evaluations",
    "simulated_s",
    "regret_pp",
    "valid_error_pct",
    "test_error_12_pct",
    "test_error_200_pct",
    "cellcode",
    "lr",
    "batch_size",
    "found_s",
)
"""Columns of an optimizer's own table on the page."""


def _table(facts: CampaignFacts) -> ReportTable:
    runs = (run for each in facts.optimizers for run in each.runs)
    return table_of("runs", "Runs", _COLUMNS, rows_of(runs, _COLUMNS), long=True)


def _table_of_one(card: OptimizerCard, number: int) -> ReportTable:
    """An optimizer's runs, without what is the same in every row."""
    by_key = {column.key: column for column in _COLUMNS}
    columns = [by_key[key] for key in _ON_PAGE]
    title = f"{card.marked_name}: every run"
    return table_of(f"runs-{number + 1}", title, columns, rows_of(card.runs, columns), long=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class SettingsPart(parts.Part):
    """An optimizer's settings and sums: (name, value)."""

    macro = "settings_part"
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bar:
    """How many evaluations a run has at one fidelity, and how long the bar is in percent."""

    epoch: int
    text: str
    percent: str


@dataclass(frozen=True, eq=False, kw_only=True)
class BarsPart(parts.Part):
    """Evaluations by fidelity."""

    macro = "bars_part"
    name: str
    bars: tuple[Bar, ...]


def bars(card: OptimizerCard) -> tuple[Bar, ...]:
    """Evaluations by fidelity; the longest bar is full."""
    most = max(card.evaluations_by_epoch.values(), default=1.0)
    return tuple(
        Bar(epoch, f"{n:.1f}", f"{100 * n / most:.1f}") for epoch, n in card.evaluations_by_epoch.items() if most > 0
    )


def optimizer_facts(card: OptimizerCard) -> tuple[tuple[str, str], ...]:
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
    with_result = [run.simulated_s for run in card.runs if run.regret_pp is not None]
    if with_result:
        facts.append(("Simulated time, mean of a run", f"{float(np.mean(with_result)) / SECONDS_PER_HOUR:.2f} h"))
    facts.append(("Its own thinking, mean of a run", f"{card.overhead_s:.2f} s (wall clock)"))
    facts.append(("Versions", ", ".join(f"{name} {version}" for name, version in card.versions.items())))
    return tuple(facts)


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


def _parts(facts: CampaignFacts) -> list[parts.Part]:
    shown: list[parts.Part] = []
    for number, card in enumerate(facts.optimizers):
        table = _table_of_one(card, number)
        of_one: tuple[parts.Part, ...] = (
            SettingsPart(section=parts.OPTIMIZERS, place=10, facts=optimizer_facts(card)),
            BarsPart(section=parts.OPTIMIZERS, place=30, name=card.marked_name, bars=bars(card)),
            parts.TablePart(
                section=parts.OPTIMIZERS, place=50, table=table, summary=f"Every run ({len(card.runs)})", names=False
            ),
        )
        shown += (replace(each, optimizer=number) for each in of_one)
    return shown


QUESTION: Final = Question(
    "runs",
    lambda _, facts: tuple(run for card in facts.optimizers for run in card.runs),
    tables=lambda _, facts: (_table(facts),),
    parts=lambda _, facts: _parts(facts),
)
