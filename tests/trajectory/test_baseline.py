"""The file of exact random search: read back as it was written, or refused with what is wrong in it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.baseline import (
    TARGETS_PP,
    RandomSearchBaseline,
    ReachedByRandomSearch,
    read_baseline,
    write_baseline,
)

REACHED = ReachedByRandomSearch(
    x=(10.0, 20.0, 30.0, 40.0),
    probability_of_result=(0.25, 0.5, 0.75, 1.0),
    mean_pp=(9.0, 8.0, 7.0, 6.5),
    median_pp=(math.inf, 7.0, 6.0, 5.0),
    quarter_pp=(6.0, 5.0, 4.0, 0.0),
    three_quarters_pp=(math.inf, math.inf, 9.0, 8.0),
    reached=tuple((0.0, 0.125, 0.25, 0.5) for _ in TARGETS_PP),
)
BASELINE = RandomSearchBaseline("0123abcd", 12, 40.0, {1: REACHED, 4: REACHED}, REACHED, "")


@pytest.mark.parametrize(
    "baseline",
    [
        BASELINE,
        replace(BASELINE, over_evaluations=None, why_not="It takes too long."),
        replace(BASELINE, measure_epoch=200, horizon_s=None, over_time={}),
    ],
)
def test_what_was_written_is_read_back_equal(baseline: RandomSearchBaseline, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(write_baseline(baseline))
    assert read_baseline(tmp_path / "baseline.json") == baseline


def test_the_file_is_one_line_of_json_whose_infinity_is_null() -> None:
    text = write_baseline(BASELINE)
    content = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert text.count("\n") == text.endswith("\n") == 1
    assert (content["format_version"], content["targets_pp"]) == (1, [20, 10, 5, 2, 1, 0.5, 0.2, 0.1])
    assert list(content["over_time"]) == ["1", "4"]
    assert content["over_time"]["4"]["median_pp"] == [None, 7, 6, 5]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("format_version",), 2, "format version 2"),
        (("targets_pp",), [1], r"targets_pp \(1,\) are of another version"),
        (("table_digest",), 5, "table_digest"),
        (("why_not",), None, "why_not"),
        (("measure_epoch",), 13, "measure_epoch 13"),
        (("horizon_s",), -1, "horizon_s -1"),
        (("horizon_s",), 0, "horizon_s 0"),
        (("surprise",), 1, "surprise"),
        (("over_time", "0"), None, "damaged"),
        (("over_time", "1", "x"), [1, 2], "columns of"),
        (("over_time", "1", "x", 0), 1e9, "does not ascend"),
        (("over_time", "1", "x", 1), 10, "does not ascend"),
        (("over_time", "1", "mean_pp", 3), None, "a number is missing"),
        (("over_time", "1", "mean_pp", 3), "3", "'3' is not a number"),
        (("over_time", "1", "mean_pp", 3), True, "True is not a number"),
        (("over_time", "1", "median_pp", 3), -1, "-1 is not a number"),
        (("over_time", "1", "probability_of_result", 3), 1.5, "outside 0..1"),
        (("over_time", "1", "reached", 0, 3), 2, "outside 0..1"),
        (("over_time", "1", "reached"), [[0, 0, 0, 0]], "columns of"),
    ],
)
def test_a_damaged_file_is_a_clear_error(
    path: tuple[str | int, ...], value: object, message: str, tmp_path: Path
) -> None:
    content = json.loads(write_baseline(BASELINE))
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps(content))
    with pytest.raises(TrajectoryError, match=message):
        read_baseline(file)


def test_no_worker_is_no_number_of_workers(tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(write_baseline(replace(BASELINE, over_time={0: REACHED})))
    with pytest.raises(TrajectoryError, match="at least one worker"):
        read_baseline(tmp_path / "baseline.json")


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, "{}"])
def test_what_is_no_baseline_at_all_is_a_clear_error(text: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(TrajectoryError, match="is damaged"):
        read_baseline(file)
    with pytest.raises(TrajectoryError, match="cannot read"):
        read_baseline(tmp_path)


def test_a_file_that_is_not_there_is_just_that(tmp_path: Path) -> None:
    assert read_baseline(tmp_path / "baseline.json") is None
