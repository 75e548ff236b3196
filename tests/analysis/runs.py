"""Runs made by hand, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.run_file import MeasuredIncumbent, Optimum, RunEnd, RunFile, RunHeader

TABLE = {
    "kind": "embedded",
    "source": "made by hand",
    "note": "for a test",
    "created": "2026-01-01",
    "seeds": [222],
    "checksums": {},
    "digest": "0123456789abcdef",
}


def make_run(
    incumbents: Sequence[tuple[float, float]], *, seed: int = 0, optimizer: str = "a", **header: Any
) -> RunFile:
    """A run whose incumbents are (simulated second, validation accuracy); the table's optimum is 90 %.

    Test accuracy is one point above validation accuracy, the 200-epoch expectation five.
    """
    fields: dict[str, Any] = {
        "run_id": f"{optimizer}/seed-{seed:04d}",
        "optimizer": optimizer,
        "algorithm": "random_search",
        "settings": {},
        "ladder": (),
        "seed": seed,
        "budget_s": 100.0,
        "n_workers": 1,
        "charging": "from_scratch",
        "crossing": "drop",
        "epoch": 12,
        "measure_epoch": 12,
        "table": TABLE,
        "optimum": Optimum("0|00|000", 0.1, 256, 90.0),
    }
    records = tuple(
        TrialRecord(
            run_id=f"{optimizer}/seed-{seed:04d}",
            trial=trial,
            cellcode="0|00|000",
            lr=0.1,
            batch_size=256,
            epoch=12,
            budget=12,
            split="valid",
            seed=222,
            accuracy_pct=accuracy,
            cost_s=1.0,
            charged_cost_s=1.0,
            charging="from_scratch",
            start_s=float(time) - 1,
            end_s=float(time),
            worker=0,
            status="complete",
            overhead_s=0.0,
            table="embedded:01234567",
        )
        for trial, (time, accuracy) in enumerate(incumbents)
    )
    measured = tuple(
        MeasuredIncumbent(float(time), trial, accuracy, accuracy + 1, accuracy + 5)
        for trial, (time, accuracy) in enumerate(incumbents)
    )
    return RunFile(RunHeader(**{**fields, **header}), records, measured, RunEnd(len(records), 100.0, 0.1))
