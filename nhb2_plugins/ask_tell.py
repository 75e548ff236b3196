"""The protocol between an optimizer and whatever runs its suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast

from nhb2_plugins.arguments import has_methods
from nhb2_plugins.benchmark import Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.objectives import Evaluation, objective_values
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


def told_values(objectives: Sequence[str], suggestion: Suggestion, observation: Observation) -> tuple[float, ...]:
    """The objectives' values of a result, in order; Python floats, to be minimised."""
    cellcode = suggestion.configuration.cellcode
    return objective_values(objectives, Evaluation(cellcode, observation.error_pct, observation.cost_s))


class ShowsArguments:
    """Part of an optimizer: its text is the call that made it."""

    _call: str

    def __new__(cls, *arguments: Any, **named: Any) -> Self:
        """Remember what the optimizer is made of."""
        made = super().__new__(cls)
        given = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())]
        made._call = f"{cls.__name__}({', '.join(given)})"
        return made

    def __repr__(self) -> str:
        return self._call


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


class EndsAfter:
    """An optimizer that finishes after a number of proposals.

    Args:
        optimizer: whose proposals they are.
        n_proposals: at least 1.
    """

    def __init__(self, optimizer: Optimizer, n_proposals: int) -> None:
        self._optimizer = optimizer
        self._n_left = n_proposals

    def ask(self) -> Suggestion | None:
        """The optimizer's next proposal; None once all were made."""
        suggestion = self._optimizer.ask() if self._n_left else None
        self._n_left -= suggestion is not None
        return suggestion

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Tell the optimizer."""
        self._optimizer.tell(suggestion, observation)


def checked_optimizer(optimizer: object) -> Optimizer:
    """The optimizer.

    Raises:
        InvalidValueError: something without ``ask`` and ``tell``, or a class in the place of one that was made.
    """
    if not has_methods(optimizer, "ask", "tell"):
        raise InvalidValueError(
            f"optimizer {optimizer!r:.80} has no methods ask and tell; make_optimizer('asha', …) makes one"
        )
    return cast(Optimizer, optimizer)
