"""The reference's dictionary of results, of records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS

if TYPE_CHECKING:
    from nhb2_plugins.trajectory.record import TrialRecord


def results(records: Iterable[TrialRecord], bench: Benchmark | None) -> dict[str, list[Any]]:
    """The dictionary that the reference package's ``get_results()`` returns, for the same evaluations.

    Keys: ``acc_trans`` and ``best_acc_trans`` (percent), ``key_trans`` and ``best_key_trans`` (dicts of cellcode, lr,
    batch_size), ``total_cost_trans`` (cumulative charged seconds), ``final_accs`` (test accuracy of the best
    configuration at 12 and at 200 epochs, in percent). As there, 200-epoch evaluations are not part of it.

    Args:
        records: of one run, in order of evaluation.
        bench: the benchmark that they come from; ``final_accs`` is empty without it.

    Raises:
        TrajectoryError: there is no evaluation of the 12-epoch schedule.
    """
    counted = [record for record in records if record.epoch != LONG_EPOCHS]
    if not counted:
        raise TrajectoryError("there are no results before the first evaluation of the 12-epoch schedule")
    best = counted[0]
    best_records, totals, total = [], [], 0.0
    for record in counted:
        best = record if record.accuracy_pct > best.accuracy_pct else best
        best_records.append(best)
        total += record.charged_cost_s
        totals.append(total)
    return {
        "acc_trans": [record.accuracy_pct for record in counted],
        "key_trans": [_key(record) for record in counted],
        "best_acc_trans": [record.accuracy_pct for record in best_records],
        "best_key_trans": [_key(record) for record in best_records],
        "total_cost_trans": totals,
        "final_accs": [] if bench is None else _final_accuracies(best, bench),
    }


def _final_accuracies(best: TrialRecord, bench: Benchmark) -> list[float]:
    return [
        bench.evaluate(best.configuration, epoch, "test", best.seed).accuracy_pct
        for epoch in (SCHEDULE_EPOCHS, LONG_EPOCHS)
    ]


def _key(record: TrialRecord) -> dict[str, Any]:
    return {"cellcode": record.cellcode, "lr": record.lr, "batch_size": record.batch_size}
