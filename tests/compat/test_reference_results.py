"""The reference's dictionary of results, of records from anywhere."""

from __future__ import annotations

import json

import pytest

from nhb2_plugins.compat import results
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.recorder import Recorder
from tests.core_fixtures import mini_benchmark

BENCH = mini_benchmark()
WORSE, BETTER = Configuration("0|00|000", 0.003125, 16), Configuration("1|00|000", 0.003125, 512)


def test_records_give_what_their_logger_gives() -> None:
    recorder = Recorder(BENCH)
    records = [recorder.evaluate(configuration, 3) for configuration in (WORSE, BETTER, WORSE)]
    assert results(records, BENCH) == recorder.logger.results()
    found = results(iter(records), BENCH)
    assert found["best_key_trans"][-1] == {"cellcode": "1|00|000", "lr": 0.003125, "batch_size": 512}
    assert found["final_accs"] == pytest.approx([32.153, 90.053])
    assert json.loads(json.dumps(found)) == found


def test_without_a_benchmark_there_are_no_final_accuracies() -> None:
    record = Recorder(BENCH).evaluate(WORSE, 12)
    assert results([record], None) == {
        "acc_trans": [record.accuracy_pct],
        "key_trans": [{"cellcode": "0|00|000", "lr": 0.003125, "batch_size": 16}],
        "best_acc_trans": [record.accuracy_pct],
        "best_key_trans": [{"cellcode": "0|00|000", "lr": 0.003125, "batch_size": 16}],
        "total_cost_trans": [144.5],
        "final_accs": [],
    }


def test_evaluations_of_200_epochs_are_no_results() -> None:
    record = Recorder(BENCH).evaluate(WORSE, 200)
    with pytest.raises(TrajectoryError, match="there are no results before the first evaluation"):
        results([record], BENCH)
