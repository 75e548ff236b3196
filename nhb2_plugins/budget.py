"""A run's budget of simulated seconds: the one place that says when it is spent, and what counts toward it."""

from __future__ import annotations

import math
from dataclasses import InitVar, dataclass
from typing import Final, Literal, get_args

from nhb2_plugins.arguments import is_number
from nhb2_plugins.errors import InvalidValueError

SECONDS_PER_HOUR: Final = 3600.0

Crossing = Literal["count", "drop"]
"""What happens to evaluations that end after the budget: ``count`` tells and records them, marked ``crossed_budget``
(as the reference's loops do); ``drop`` leaves them out."""
CROSSINGS: Final[tuple[Crossing, ...]] = get_args(Crossing)

Overhead = Literal["none", "measured"]
"""Whether the optimizer's own thinking takes simulated time: ``none`` of it, or as much as the wall clock ``measured``.
A slow optimizer then pays for its proposals, and a run differs from its repetition as wall-clock times do."""
OVERHEADS: Final[tuple[Overhead, ...]] = get_args(Overhead)


@dataclass(frozen=True, slots=True)
class Budget:
    """Simulated seconds: no evaluation starts at or after them, and the one that crosses them is the last.

    Attributes:
        seconds: positive; ``inf`` for no budget.

    Args:
        seconds: as above.
        name: the argument's, for messages.

    >>> Budget(100).is_spent(100.0), Budget(100).is_crossed(100.0)
    (True, False)

    Raises:
        InvalidValueError: not a positive number, or NaN.
    """

    seconds: float
    name: InitVar[str] = "budget_s"

    def __post_init__(self, name: str) -> None:
        if not is_number(self.seconds) or not self.seconds > 0:
            raise InvalidValueError(
                f"{name} {self.seconds!r:.80} is not a positive number of simulated seconds (inf for no budget)"
            )
        object.__setattr__(self, "seconds", float(self.seconds))

    @classmethod
    def or_none(cls, budget_s: float | None) -> Budget:
        """The budget of so many seconds; None for no budget."""
        return cls(math.inf if budget_s is None else budget_s)

    def is_spent(self, clock_s: float) -> bool:
        """Whether nothing may start any more at a simulated second."""
        return clock_s >= self.seconds

    def is_crossed(self, end_s: float) -> bool:
        """Whether an evaluation that ends then has gone over the budget."""
        return end_s > self.seconds
