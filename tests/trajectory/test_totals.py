from __future__ import annotations

from dataclasses import replace

from nhb2_plugins.testing.sinks import RECORD
from nhb2_plugins.trajectory.totals import Totals


def test_records_are_counted_in_any_order() -> None:
    totals = Totals()
    assert (totals.next_trial, totals.clock_s, totals.charged_cost_s) == (0, 0.0, 0.0)
    totals.add(replace(RECORD, trial=4, end_s=30.0, charged_cost_s=2.5))
    assert (totals.next_trial, totals.clock_s, totals.charged_cost_s) == (5, 30.0, 2.5)
    totals.add(replace(RECORD, trial=2, end_s=20.0, charged_cost_s=1.5))
    assert (totals.next_trial, totals.clock_s, totals.charged_cost_s) == (5, 30.0, 4.0)
    totals.add(replace(RECORD, trial=5, end_s=31.0, charged_cost_s=0.0))
    assert (totals.next_trial, totals.clock_s, totals.charged_cost_s) == (6, 31.0, 4.0)
