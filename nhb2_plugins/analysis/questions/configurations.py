"""Which configurations do runs end with? The best of them, and who found them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.model import CampaignFacts, OptimizerCard, RunRow
from nhb2_plugins.analysis.question import Question
from nhb2_plugins.text_table import counted

_N_BEST: Final = 6
_N_BEST_OF_OPTIMIZER: Final = 3


@dataclass(frozen=True)
class FoundConfiguration:
    """A configuration that runs ended with, in words.

    Attributes:
        cellcode: of the cell.
        lr: learning rate.
        batch_size: batch size.
        regret: its regret.
        valid_error: its validation error.
        found_by: which optimizers found it, or by which seeds one did.
    """

    cellcode: str
    lr: str
    batch_size: str
    regret: str
    valid_error: str
    found_by: str


def best_configurations(cards: Sequence[OptimizerCard], n: int = _N_BEST) -> tuple[FoundConfiguration, ...]:
    """The final incumbents with the smallest regret, each once, and who found them."""
    runs = [run for card in cards for run in card.runs if run.cellcode is not None]
    finders: dict[tuple[Any, ...], list[RunRow]] = {}
    for run in sorted(runs, key=lambda run: run.regret_pp or 0.0):
        finders.setdefault((run.cellcode, run.lr, run.batch_size), []).append(run)
    return tuple(_found(found, name_optimizers=len(cards) > 1) for found in list(finders.values())[:n])


def _found(found: Sequence[RunRow], *, name_optimizers: bool) -> FoundConfiguration:
    first = found[0]
    counts = Counter(run.optimizer for run in found)
    if name_optimizers:
        finders = "found by " + ", ".join(f"{name} ({counted(n, 'run')})" for name, n in counts.items())
    else:
        seeds = ", ".join(str(run.seed) for run in found[:8]) + (", …" if len(found) > 8 else "")
        finders = f"seed{'s' if len(found) != 1 else ''} {seeds}"
    return FoundConfiguration(
        first.cellcode or "",
        f"{first.lr:g}",
        str(first.batch_size),
        f"{first.regret_pp:.2f}",
        f"{first.valid_error_pct:.2f}",
        finders,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class ConfigurationsPart(parts.Part):
    """Configurations with their cells drawn."""

    macro = "configurations_part"
    best: tuple[FoundConfiguration, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class CellsPart(parts.Part):
    """The best configurations of one optimizer, with their cells drawn."""

    macro = "cells_part"
    best: tuple[FoundConfiguration, ...]


def _parts(best: tuple[FoundConfiguration, ...], facts: CampaignFacts) -> list[parts.Part]:
    if facts.has_front:
        return []  # the front stands in their place
    shown: list[parts.Part] = [ConfigurationsPart(section=parts.ARCHITECTURES, best=best)]
    for number, card in enumerate(facts.optimizers):
        if own := best_configurations([card], _N_BEST_OF_OPTIMIZER):
            shown.append(CellsPart(section=parts.OPTIMIZERS, optimizer=number, place=40, best=own))
    return shown


QUESTION: Final = Question("configurations", lambda _, facts: best_configurations(facts.optimizers), parts=_parts)
