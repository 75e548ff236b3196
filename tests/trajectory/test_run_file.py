"""A run's header: its conditions and its table, in the form that files have had from the first version on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.trajectory.reader import read_run
from nhb2_plugins.trajectory.run_file import (
    FrontPoint,
    MeasuredIncumbent,
    Optimum,
    RunConditions,
    RunEnd,
    RunHeader,
    line_of,
)
from nhb2_plugins.trajectory.summary import summarise
from tests.analysis.runs import make_run

INCUMBENT = MeasuredIncumbent(
    time_s=10.0, trial=3, valid_accuracy_12_pct=80.0, test_accuracy_12_pct=81.0, expected_accuracy_200_pct=85.5
)
CONDITIONS = RunConditions(
    run_id="bohb/seed-0003",
    optimizer="BOHB",
    algorithm="bohb",
    settings={"num_samples": 4},
    ladder=FidelityLadder((4 / 3, 4, 12)),
    seed=3,
    budget_s=20000,
    n_workers=2,
    charging="continued",
    crossing="drop",
    epoch=12,
    measure_epoch=12,
    overhead="measured",
    restriction=Subspace(lr=0.1, batch_size=64),
    problem=Subspace(lr=0.1),
)
HEADER = RunHeader.of(
    CONDITIONS,
    table={"kind": "embedded", "source": "s", "created": "2026-01-01", "seeds": [1], "digest": "0123456789abcdef"},
    optimum=Optimum("0|00|220", 0.1, 32, 86.25),
    versions={"numpy": "2.4.6"},
)
LINE = (
    '{"type": "run", "run_id": "bohb/seed-0003", "optimizer": "BOHB", "algorithm": "bohb", "settings": {"num_samples": '
    '4}, "ladder": [1.3333333333333333, 4, 12], "seed": 3, "budget_s": 20000, "n_workers": 2, "charging": "continued", '
    '"crossing": "drop", "epoch": 12, "measure_epoch": 12, "table": {"kind": "embedded", "source": "s", "created": '
    '"2026-01-01", "seeds": [1], "digest": "0123456789abcdef"}, "optimum": {"cellcode": "0|00|220", "lr": 0.1, '
    '"batch_size": 32, "accuracy_pct": 86.25}, "versions": {"numpy": "2.4.6"}, "overhead": "measured", "restriction": '
    '{"lr": 0.1, "batch_size": 64}, "problem": {"lr": 0.1}, "format_version": 1}'
)


def test_a_header_line_is_what_it_was_in_the_first_version() -> None:
    assert json.dumps(line_of(HEADER)) == LINE


def test_a_header_reads_back_as_it_was(tmp_path: Path) -> None:
    for header in (HEADER, replace(HEADER, ladder=None, budget_s=None, restriction=WHOLE_SPACE, problem=WHOLE_SPACE)):
        path = tmp_path / "run.jsonl"
        path.write_text(json.dumps(line_of(header)) + "\n")
        assert read_run(path).header == header


def test_a_header_of_before_restrictions_is_of_the_whole_space(tmp_path: Path) -> None:
    content = {name: value for name, value in line_of(HEADER).items() if name not in ("restriction", "problem")}
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(content) + "\n")
    assert read_run(path).header == replace(HEADER, restriction=WHOLE_SPACE, problem=WHOLE_SPACE)


def test_a_search_that_sees_200_epochs_is_known_by_its_epochs() -> None:
    assert not HEADER.searches_expected_test
    assert replace(HEADER, ladder=FidelityLadder((12, 200))).searches_expected_test
    assert replace(HEADER, ladder=None, epoch=200).searches_expected_test


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ladder": [12, 4]}, "do not ascend"),
        ({"ladder": 3}, "header field ladder is 3 of type builtins.int, expected the built-in list"),
        ({"restriction": {"lr": 0.3}}, "learning rate 0.3 is not one of"),
        ({"problem": {"colour": "red"}}, "colour"),
        ({"problem": 3}, "header field problem is 3 of type builtins.int, expected the built-in dict"),
    ],
)
def test_conditions_that_no_run_has_are_refused(values: dict[str, object], message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(line_of(HEADER) | values) + "\n")
    with pytest.raises(TrajectoryError, match=rf"run\.jsonl:1: .*{message}"):
        read_run(path)


def test_the_measure_is_validation_at_12_epochs_or_the_expected_test_at_200() -> None:
    assert INCUMBENT.measured_error_pct(12) == 20.0
    assert INCUMBENT.measured_error_pct(200) == 14.5


@pytest.mark.parametrize(("measure_epoch", "regret_pp"), [(12, 15.0), (200, 9.5)])
def test_a_regret_is_to_the_optimum_at_the_measure(measure_epoch: int, regret_pp: float) -> None:
    header = make_run([], measure_epoch=measure_epoch, optimum=Optimum("0|00|000", 0.1, 256, 95.0)).header
    assert header.optimum_error_pct == 5.0
    assert header.regret_pp(INCUMBENT) == regret_pp


def test_the_table_is_named_by_its_kind_and_the_beginning_of_its_digest() -> None:
    assert make_run([]).header.table_label == "embedded table (01234567)"


def test_regrets_are_steps_in_time_and_in_evaluations() -> None:
    run = make_run([(10, 80.0), (20, 85.0), (30, 89.5)])
    assert run.regrets == ((10.0, 10.0), (20.0, 5.0), (30.0, 0.5))
    assert summarise(run).regrets == run.regrets
    assert summarise(run).regrets_by_evaluation == ((1, 10.0), (2, 5.0), (3, 0.5))


def test_each_part_has_a_line_of_its_type() -> None:
    run = make_run([(10, 80.0)])
    assert line_of(run.header)["type"] == "run"
    assert line_of(run.header)["optimum"] == {
        "cellcode": "0|00|000",
        "lr": 0.1,
        "batch_size": 256,
        "accuracy_pct": 90.0,
    }
    assert line_of(INCUMBENT) == {
        "type": "incumbent",
        "time_s": 10.0,
        "trial": 3,
        "valid_accuracy_12_pct": 80.0,
        "test_accuracy_12_pct": 81.0,
        "expected_accuracy_200_pct": 85.5,
    }
    assert line_of(RunEnd(7, 100.0, 0.5)) == {"type": "end", "n_evaluations": 7, "simulated_s": 100.0, "wall_s": 0.5}


FRONT = (FrontPoint("0|00|220", 0.1, 32, (10.0, 300.0)), FrontPoint("3|33|233", 0.1, 512, (80.0, 50.0)))
TWO = replace(HEADER, objectives=("error_pct", "cost_s"), reference_point=(90.0, 400.0), front=FRONT)


def test_objectives_stand_in_a_header_only_where_there_are_several(tmp_path: Path) -> None:
    assert not {"objectives", "reference_point", "front"} & line_of(HEADER).keys()
    line = json.loads(json.dumps(line_of(TWO)))
    assert line["objectives"] == ["error_pct", "cost_s"]
    assert line["front"][1] == {"cellcode": "3|33|233", "lr": 0.1, "batch_size": 512, "values": [80.0, 50.0]}
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(line) + "\n")
    assert read_run(path).header == TWO


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objectives": ["error_pct"]}, "is not of its objectives"),
        ({"objectives": ["cost_s"]}, "objectives is .*alone only 'error_pct'"),
        ({"front": []}, "header field front holds 0 points of"),
        ({"front": [{"cellcode": "0|00|220", "lr": 0.1, "batch_size": 32, "values": [1.0]}]}, "not of its objectives"),
        ({"front": [{"cellcode": "0|00|220", "lr": 0.1, "batch_size": 32, "values": ["a", 1.0]}]}, "not finite"),
        ({"front": [3]}, "its points are objects"),
        ({"reference_point": [90.0]}, "is not of its objectives"),
    ],
)
def test_a_header_whose_objectives_disagree_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps({**line_of(TWO), **change}) + "\n")
    with pytest.raises(TrajectoryError, match=rf"run\.jsonl:1: .*{message}"):
        read_run(path)
