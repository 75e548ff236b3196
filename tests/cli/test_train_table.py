"""``nhb2 train-table``: what is trained, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from nhb2_plugins.cli.main import main
from nhb2_plugins.space import Configuration
from nhb2_plugins.training import table_engine
from nhb2_plugins.training.table_engine import GroupOutcome, TableOutcome
from nhb2_plugins.training.task import Execution, NetworkOptions, TrainingTask


def specification(tmp_path: Path, data: str) -> Path:
    content = {
        "name": "small",
        "data": data,
        "configurations": {"listed": [["0|33|233", 0.1, 64]]},
        "seeds": [1],
        "network": {"channels": [2], "cells_per_stage": 1},
    }
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(content))
    return tmp_path / "small.yaml"


def test_a_table_is_trained_and_exported(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train_here(spec: object, directory: Path, **_: object) -> TableOutcome:  # what a worker does
        runs = directory / "runs"
        task = TrainingTask(Configuration("0|33|233", 0.1, 64), 1, network=NetworkOptions((2,), 1))
        outcome = table_engine.train_group([task], data, Execution(), runs)
        assert outcome.failure == ""
        return TableOutcome(0, 1, ("another",))

    monkeypatch.setattr(table_engine, "train_table", train_here)
    out = tmp_path / "out"
    assert main(["train-table", str(specification(tmp_path, data)), "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert "1 run in" in said.out
    assert f"nhb2: error: 1 run failed; tracebacks are in {out / 'failures'}" in said.err
    names = sorted(path.name for path in out.iterdir() if path.is_file())
    assert names == ["avgaccs200.pkl", "bench12.pkl", "cellinfo.pkl", "records.csv", "trials.jsonl"]


def test_a_dry_run_trains_nothing(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["train-table", str(specification(tmp_path, data)), "--out", str(out), "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        f"1 run of 12 epochs on {data},\n1 together on cpu. Nothing was trained; they would go to {out}.\n"
    )
    assert not out.exists()


def test_each_group_is_a_line(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train_nothing(_: object, __: Path, *, on_start: Any, on_outcome: Any, **options: object) -> TableOutcome:
        assert options == {"scheduler": None, "n_processes": 3}
        on_start(1, 4)
        on_outcome(GroupOutcome(("a", "b")))
        on_outcome(GroupOutcome(("c",), "Traceback\n  …\nValueError: no\x1b\n"))
        on_outcome(GroupOutcome(("d",)))
        return TableOutcome(0, 0, ())

    monkeypatch.setattr(table_engine, "train_table", train_nothing)
    out = tmp_path / "out"
    command = ["train-table", str(specification(tmp_path, data)), "--out", str(out), "--processes", "3"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "1 run there, 4 to train",
        "a … 2 done",
        r"c failed: ValueError: no\x1b",
        "d 4 done",
    ]


def test_a_wrong_specification_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.yaml").write_text("name: x\n")
    assert main(["train-table", str(tmp_path / "x.yaml")]) == 2
    assert "data: is missing" in capsys.readouterr().err
