"""What a logger knows of its records without looking at them: the next trial's number, the clock, the bill."""

from __future__ import annotations

from nhb2_plugins.trajectory.record import TrialRecord


class Totals:
    """Counts the records of a run.

    Attributes:
        next_trial: a number that no record has yet.
        clock_s: the latest simulated end so far, in seconds.
        charged_cost_s: sum of what was charged, in simulated seconds.
    """

    __slots__ = ("charged_cost_s", "clock_s", "next_trial")

    def __init__(self) -> None:
        self.next_trial = 0
        self.clock_s = 0.0
        self.charged_cost_s = 0.0

    def add(self, record: TrialRecord) -> None:
        """Count a record."""
        self.charged_cost_s += record.charged_cost_s
        if record.trial >= self.next_trial:
            self.next_trial = record.trial + 1
        if record.end_s > self.clock_s:
            self.clock_s = record.end_s
