"""A run's file whose lines were changed by hand is refused by every reader, in one sentence with the line and field."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.exported_run import exported_runs
from nhb2_plugins.trajectory.reader import read_records, read_run, read_run_records
from nhb2_plugins.trajectory.run_file import RunFile
from nhb2_plugins.trajectory.selection import select_runs
from nhb2_plugins.trajectory.sources import read_source
from nhb2_plugins.trajectory.summary import read_summary
from tests.analysis.runs import make_run, write_run

RUN = make_run([(10, 80.0), (30, 85.0), (30, 86.5), (70, 88.25)])
HEADER, FIRST_TRIAL, FIRST_INCUMBENT, END = 0, 1, 5, 9
READERS: dict[str, Callable[[Path], Any]] = {
    "read_run": read_run,
    "read_summary": read_summary,
    "read_records": read_records,
    "read_run_records": lambda path: read_run_records(path, RUN.header.run_id),
    "read_source": lambda path: read_source(str(path)),
    "exported_runs": lambda path: exported_runs(str(path)),
    "select_runs": lambda path: select_runs(str(path)),
}

LIES: list[tuple[int, dict[str, Any], str]] = [
    (HEADER, {"run_id": 5}, "header field run_id is 5 of type builtins.int, expected the built-in str"),
    (HEADER, {"optimizer": 5}, "header field optimizer is 5 of type builtins.int, expected the built-in str"),
    (HEADER, {"optimizer": "x" * 1001}, "header field optimizer has 1001 characters, at most 1000"),
    (HEADER, {"optimizer": "half \ud83d"}, "header field optimizer is 'half .*, with a NUL or half a surrogate pair"),
    (HEADER, {"algorithm": None}, "header field algorithm is None"),
    (HEADER, {"settings": []}, "header field settings is .* expected the built-in dict"),
    (HEADER, {"ladder": "12"}, "header field ladder is '12' .* expected the built-in list"),
    (HEADER, {"ladder": [12, 4]}, "header field ladder is .*do not ascend"),
    (HEADER, {"ladder": ["a"]}, r"header field ladder is \['a'\]: "),
    (HEADER, {"seed": None}, "header field seed is None of type builtins.NoneType, expected the built-in int"),
    (HEADER, {"seed": True}, "header field seed is True of type builtins.bool, expected the built-in int"),
    (HEADER, {"seed": 2**63}, "header field seed is an integer of more than 64 bits"),
    (HEADER, {"budget_s": "abc"}, "header field budget_s is 'abc' .* expected the built-in int or float or None"),
    (HEADER, {"budget_s": -1}, "header field budget_s is -1, expected more than 0"),
    (HEADER, {"budget_s": 0.0}, r"header field budget_s is 0\.0, expected more than 0"),
    (HEADER, {"budget_s": float("nan")}, "header field budget_s is nan, expected a finite number"),
    (HEADER, {"n_workers": 0}, "header field n_workers is 0, expected more than 0"),
    (HEADER, {"n_workers": 1.5}, r"header field n_workers is 1\.5"),
    (HEADER, {"charging": "free"}, "header field charging 'free' is not one of 'from_scratch', "),
    (HEADER, {"crossing": "stop"}, "header field crossing 'stop' is not one of 'count', 'drop'"),
    (HEADER, {"overhead": 1}, "header field overhead is 1 of type"),
    (HEADER, {"epoch": 13}, "header field epoch 13 is not one of 1, "),
    (HEADER, {"measure_epoch": 4}, "header field measure_epoch 4 is not one of 12, 200"),
    (HEADER, {"restriction": {"lr": 0.3}}, "header field restriction is .*learning rate 0.3 is not one of"),
    (HEADER, {"problem": {"one_per_class": "no"}}, "header field problem is "),
    (HEADER, {"table": {}}, "header field table is {}: .*kind"),
    (HEADER, {"table": "embedded"}, "header field table is 'embedded' of type"),
    (HEADER, {"table": {**RUN.header.table, "kind": "mine"}}, "header field table is .*kind of table 'mine'"),
    (HEADER, {"table": {**RUN.header.table, "digest": 5}}, "header field table is .*its digest is no text"),
    (HEADER, {"table": {**RUN.header.table, "seeds": "222"}}, "header field table is .*not integers in ascending"),
    (HEADER, {"versions": {"numpy": 2}}, "header field versions is .*a version is text"),
    (HEADER, {"optimum": None}, "header field optimum is None"),
    (HEADER, {"optimum": {"cellcode": "0|00|000", "lr": 0.1, "batch_size": 256, "accuracy_pct": float("nan")}},
     "header field optimum is .*: optimum field accuracy_pct is nan, expected a finite number"),
    (HEADER, {"optimum": {"cellcode": "0|00|000", "lr": 0.1, "batch_size": 256, "accuracy_pct": 101.0}},
     r"optimum field accuracy_pct is 101\.0, expected at most 100"),
    (HEADER, {"optimum": {"cellcode": "0|00|000", "lr": 0.1, "batch_size": 256, "accuracy_pct": 85.0}},
     r":8: incumbent field valid_accuracy_12_pct is 86\.5, expected at most 85\.0, the header's optimum"),
    (HEADER, {"optimum": {"cellcode": "not known", "lr": 0.0, "batch_size": 0, "accuracy_pct": 100.0}},
     r":6: the header's optimum is not known, as only a benchmark's that trains may be"),
    (HEADER, {"table_seed": 333}, r"header field table_seed: 333 is none of the table's, \[222\]"),
    (HEADER, {"table_seed": "222"}, "header field table_seed is '222' of type"),
    (HEADER, {"colour": "red"}, "header fields missing or unknown: colour"),
    (FIRST_TRIAL, {"accuracy_pct": 150.0}, r":2: record field accuracy_pct is 150\.0, expected at most 100"),
    (FIRST_TRIAL, {"accuracy_pct": 81.0}, r":6: incumbent field valid_accuracy_12_pct is 80\.0, expected 81\.0"),
    (FIRST_TRIAL, {"trial": 1}, "run 'a/seed-0000' has 2 records of trial 1; every run needs a name of its own"),
    (FIRST_INCUMBENT, {"valid_accuracy_12_pct": 99.9}, r":6: incumbent field valid_accuracy_12_pct is 99\.9, expected"),
    (FIRST_INCUMBENT, {"expected_accuracy_200_pct": 101}, "expected_accuracy_200_pct is 101, expected at most 100"),
    (FIRST_INCUMBENT, {"test_accuracy_12_pct": -1}, "incumbent field test_accuracy_12_pct is -1, expected at least 0"),
    (FIRST_INCUMBENT, {"time_s": 11.0}, r":6: incumbent field time_s is 11\.0, expected 10\.0 by the run's trials"),
    (FIRST_INCUMBENT, {"trial": 2}, ":6: incumbent field trial is 2, expected 0 by the run's trials"),
    (FIRST_INCUMBENT, {"trial": "0"}, ":6: incumbent field trial is '0' of type"),
    (FIRST_INCUMBENT, {"type": "note"}, ":7: incumbent field trial is 1, expected 0"),
    (END - 1, {"type": "note"}, "trial 3 is better than all before it, and no incumbent"),
    (END, {"n_evaluations": None}, ":10: end field n_evaluations is None"),
    (END, {"n_evaluations": 5}, "has 4 trials, and its end says that there were 5"),
    (END, {"simulated_s": float("inf")}, ":10: end field simulated_s is inf, expected a finite number"),
    (END, {"simulated_s": 71.0}, r"last trial ends at 70\.0 s, and its end says that it was at 71\.0"),
    (FIRST_TRIAL, {"charging": "cached"}, "its header says charging 'from_scratch', and trial 0 'cached'"),
    (FIRST_TRIAL, {"table": "embedded:89abcdef"}, "says table 'embedded:01234567', and trial 0 'embedded:89"),
    (FIRST_TRIAL + 3, {"table": "published:01234567"}, "says table 'embedded:01234567', and trial 3 'publi"),
    (HEADER, {"charging": "continued"}, "its header says charging 'continued', and trial 0 'from_scratch'"),
    (HEADER, {"table": {**RUN.header.table, "kind": "imported"}}, "says table 'imported:01234567', and trial 0 'embed"),
    (END, {"wall_s": -0.5}, r":10: end field wall_s is -0\.5, expected at least 0"),
    (END, {"note": 1}, "end fields missing or unknown: note"),
]  # fmt: skip


def edited(path: Path, number: int, change: Callable[[str], str]) -> Path:
    lines = path.read_text().splitlines()
    lines[number] = change(lines[number])
    path.write_text("\n".join(lines) + "\n")
    return path


def changed(values: dict[str, Any]) -> Callable[[str], str]:
    return lambda line: json.dumps({**json.loads(line), **values})


@pytest.mark.parametrize("reader", READERS)
def test_an_honest_file_is_read(reader: str, tmp_path: Path) -> None:
    assert READERS[reader](write_run(tmp_path, RUN))
    assert READERS[reader](write_run(tmp_path / "unfinished", replace(RUN, incumbents=RUN.incumbents[:2], end=None)))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("number", "values", "message"), LIES)
def test_a_changed_line_is_refused_in_one_sentence(
    number: int, values: dict[str, Any], message: str, reader: str, tmp_path: Path
) -> None:
    path = edited(write_run(tmp_path, RUN), number, changed(values))
    with pytest.raises(TrajectoryError, match=message) as refusal:
        READERS[reader](path)
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 700


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("number", [HEADER, FIRST_TRIAL, FIRST_INCUMBENT, END])
def test_a_key_that_is_given_twice_is_refused(number: int, reader: str, tmp_path: Path) -> None:
    path = edited(write_run(tmp_path, RUN), number, lambda line: line[:-1] + ', "type": "trial"}')
    with pytest.raises(TrajectoryError, match=f":{number + 1}: not JSON: the key 'type' is given twice"):
        READERS[reader](path)


def test_a_key_that_is_given_twice_within_a_header_is_refused(tmp_path: Path) -> None:
    path = edited(write_run(tmp_path, RUN), HEADER, lambda line: line.replace('"lr": 0.1', '"lr": 0.1, "lr": 0.2'))
    with pytest.raises(TrajectoryError, match=":1: not JSON: the key 'lr' is given twice"):
        read_run(path)


@pytest.mark.parametrize("reader", ["read_run", "read_summary", "read_run_records", "exported_runs", "select_runs"])
def test_a_record_of_another_run_is_refused(reader: str, tmp_path: Path) -> None:
    path = edited(write_run(tmp_path, RUN), FIRST_TRIAL, changed({"run_id": "b/seed-0000"}))
    with pytest.raises(TrajectoryError, match="its header is of run 'a/seed-0000', and trial 0 of run 'b/seed-0000'"):
        READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
def test_a_record_of_another_training_seed_than_the_run_s_is_refused(reader: str, tmp_path: Path) -> None:
    run = replace(RUN, header=replace(RUN.header, table_seed=222))
    path = write_run(tmp_path, run)
    assert READERS[reader](path)
    with pytest.raises(TrajectoryError, match="its header says seed 222, and trial 0 333"):
        READERS[reader](edited(path, FIRST_TRIAL, changed({"seed": 333})))


def test_an_incumbent_at_200_epochs_is_held_against_its_record(tmp_path: Path) -> None:
    record = replace(RUN.records[0], epoch=200, split="test", accuracy_pct=85.0)
    run = RunFile(
        replace(RUN.header, measure_epoch=200),
        (record,),
        RUN.incumbents[:1],
        replace(RUN.end, n_evaluations=1, simulated_s=10.0),
    )  # type: ignore[type-var,arg-type]
    path = write_run(tmp_path, run)
    assert read_summary(path).regrets == ((10.0, 5.0),)
    edited(path, 2, changed({"expected_accuracy_200_pct": 86.0}))
    with pytest.raises(
        TrajectoryError, match=r"expected_accuracy_200_pct is 86\.0, expected 85\.0 by the run's trials"
    ):
        read_summary(path)


def test_more_incumbents_than_improvements_are_refused(tmp_path: Path) -> None:
    run = replace(RUN, incumbents=(*RUN.incumbents, RUN.incumbents[-1]))
    with pytest.raises(TrajectoryError, match=":10: incumbent field trial is 3, which is better than no other"):
        read_run(write_run(tmp_path, run))
