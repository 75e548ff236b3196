"""What frameworks are told about an evaluation."""

from __future__ import annotations

import json
from dataclasses import replace

from nhb2_plugins.adapters.description import DESCRIPTION, describe
from nhb2_plugins.testing.sinks import RECORD


def test_every_name_has_its_own_value_of_the_record() -> None:
    record = replace(RECORD, run_id="a run", trial=7, cost_s=3.0, charged_cost_s=2.0, start_s=4.0, end_s=6.0)
    told = describe(record)
    assert told == {
        "cost_s": 3.0,
        "charged_cost_s": 2.0,
        "cost_is_estimated": record.cost_is_estimated,
        "simulated_end_s": 6.0,
        "epoch": record.epoch,
        "split": record.split,
        "seed": record.seed,
        "table": record.table,
        "run_id": "a run",
        "record_trial": 7,
    }
    assert list(told) == list(DESCRIPTION)
    assert json.loads(json.dumps(told)) == told
