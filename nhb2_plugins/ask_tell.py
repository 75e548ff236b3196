"""The protocol between an optimizer and whatever runs its suggestions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from nhb2_plugins.benchmark import Observation
from nhb2_plugins.space import Configuration


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One evaluation that an optimizer asks for.

    Attributes:
        configuration: what to evaluate.
        epoch: the fidelity that serves the request, 1..12 or 200.
        budget: what the optimizer asked for, in epochs; it may lie above ``epoch`` when it was snapped down.
        token: the optimizer's own handle (a framework's trial, a job number); nobody else reads it.
    """

    configuration: Configuration
    epoch: int = 12
    budget: float | None = None
    token: Any = field(default=None, compare=False, repr=False)


class Optimizer(Protocol):
    """Something that proposes evaluations and learns their results, one at a time."""

    def ask(self) -> Suggestion | None:
        """The next evaluation to start, or None when nothing can start before another result is told.

        None while nothing is running means that the optimizer has finished.
        """
        ...

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Learn the result of a suggestion; called once for each, in order of simulated end."""
        ...
