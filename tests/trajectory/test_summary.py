"""The summary of a run: the same as from its records, and as strict."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.reader import read_run
from nhb2_plugins.trajectory.record import RECORD_FIELDS
from nhb2_plugins.trajectory.run_file import RunFile
from nhb2_plugins.trajectory.summary import read_summary, summarise
from tests.analysis.runs import make_run, write_file

RUN = make_run([(10, 80.0), (30, 85.0), (30, 86.5), (70, 88.25)])


def write(path: Path, run: RunFile = RUN) -> Path:
    return write_file(path, run)


def replaced(path: Path, number: int, **values: object) -> Path:
    """The file with fields of one line (from 0) replaced."""
    lines = path.read_text().splitlines()
    lines[number] = json.dumps({**json.loads(lines[number]), **values})
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_summary_of_a_file_is_that_of_its_records(tmp_path: Path) -> None:
    path = write(tmp_path / "run.jsonl")
    summary = read_summary(path)
    assert summary == summarise(read_run(path)) == summarise(RUN)
    assert summary.n_evaluations == 4
    assert summary.evaluations_by_epoch == ((12, 4),)
    assert (summary.charged_cost_s, summary.last_end_s) == (4.0, 70.0)
    assert [each.n_evaluations for each in summary.incumbents] == [1, 2, 3, 4]
    assert summary.regrets == RUN.regrets
    assert summary.regrets_by_evaluation == tuple((i + 1, regret) for i, (_, regret) in enumerate(RUN.regrets))


def test_evaluations_count_in_the_order_of_their_ends(tmp_path: Path) -> None:
    """Records of several workers may stand in another order in a file that was merged."""
    reordered = RunFile(RUN.header, RUN.records[::-1], RUN.incumbents, RUN.end)
    summary = read_summary(write(tmp_path / "run.jsonl", reordered))
    assert [each.n_evaluations for each in summary.incumbents] == [1, 2, 3, 4]


def test_a_run_without_its_end_has_none(tmp_path: Path) -> None:
    summary = read_summary(write(tmp_path / "run.jsonl", RunFile(RUN.header, RUN.records, (), None)))
    assert summary.end is None
    assert summary.incumbents == ()


def test_an_incumbent_must_be_a_trial_of_the_file(tmp_path: Path) -> None:
    path = replaced(write(tmp_path / "run.jsonl"), 5, trial=99)
    with pytest.raises(TrajectoryError, match=r"run\.jsonl:6: incumbent field trial is 99, expected 0 by the run's"):
        read_summary(path)
    with pytest.raises(TrajectoryError, match="an incumbent is trial 99, which is not there"):
        summarise(replace(RUN, incumbents=(replace(RUN.incumbents[0], trial=99),)))


ODD_VALUES = st.sampled_from(
    [
        None,
        True,
        False,
        -1,
        0,
        1,
        13,
        200,
        10**18,
        10**19,
        -0.0,
        0.1,
        1.5,
        -2.5,
        1e-07,
        1e20,
        float("nan"),
        float("inf"),
        "",
        "mean",
        "valid",
        "0|10|210",
        "0|10|21",
        "9|99|999",
        "complete",
        "cached",
        "ünï",
        'quo"te',
        "x" * 1001,
        [],
        {},
    ]
)


@given(name=st.sampled_from([*RECORD_FIELDS, "type", "extra"]), value=ODD_VALUES)
def test_both_readers_accept_the_same_records(
    name: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = replaced(write(tmp_path_factory.mktemp("run") / "run.jsonl"), 2, **{name: value})
    outcomes = [outcome_of(lambda: read_summary(path)), outcome_of(lambda: summarise(read_run(path)))]
    assert outcomes[0] == outcomes[1]


@given(position=st.integers(0, 400), noise=st.binary(min_size=1, max_size=2))
def test_both_readers_accept_the_same_bytes(
    position: int, noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("run") / "run.jsonl")
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2][:position] + noise + lines[2][position + len(noise) :]
    path.write_bytes(b"\n".join(lines))
    outcomes = [outcome_of(lambda: read_summary(path)), outcome_of(lambda: summarise(read_run(path)))]
    assert outcomes[0] == outcomes[1]


def outcome_of(read) -> str:  # type: ignore[no-untyped-def]
    try:
        return repr(read())
    except TrajectoryError as error:
        return str(error)


@pytest.mark.parametrize(
    ("number", "values", "message"),
    [
        (0, {"format_version": 99}, "format version 99"),
        (0, {"optimum": {}}, "header field optimum is {}: optimum fields missing or unknown: accuracy_pct, "),
        (0, {"surprise": 1}, "surprise"),
        (2, {"cost_s": -1.0}, r"run\.jsonl:3: record field cost_s is -1.0"),
        (2, {"start_s": 31.0}, "before start_s"),
        (5, {"time_s": float("nan")}, r"run\.jsonl:6: incumbent field time_s is nan"),
        (5, {"time_s": "10"}, "time_s is '10'"),
        (5, {"trial": -1}, "trial is -1, expected at least 0"),
        (5, {"test_accuracy_12_pct": None}, "test_accuracy_12_pct is None"),
        (9, {"n_evaluations": 1.5}, "n_evaluations is 1.5"),
        (9, {"simulated_s": float("inf")}, "simulated_s is inf"),
    ],
)
def test_a_damaged_line_is_named_by_both_readers(
    number: int, values: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = replaced(write(tmp_path / "run.jsonl"), number, **values)
    with pytest.raises(TrajectoryError, match=message):
        read_summary(path)
    with pytest.raises(TrajectoryError, match=message):
        read_run(path)


def test_a_file_without_a_header_or_without_itself_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with pytest.raises(TrajectoryError, match=r"cannot read .*run\.jsonl"):
        read_summary(path)
    path.write_text('{"type": "note"}\n{"torn')
    with pytest.raises(TrajectoryError, match="no line of type 'run'"):
        read_summary(path)
