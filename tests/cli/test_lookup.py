"""``nhb2 info`` and ``query`` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.space import Configuration
from tests.support.command_line import assert_one_line_error, facts, nhb2


@pytest.fixture(autouse=True)
def _in_use(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NHB2_DATA", str(table))


def test_info(table: Path) -> None:
    outcome = nhb2("info")
    assert (outcome.status, outcome.err) == (0, "")
    shown = facts(outcome.out)
    provenance = open_benchmark(table).provenance
    assert shown["table"] == provenance.label
    assert shown["digest"] == provenance.digest
    assert shown["seeds"] == "222, 555"
    assert shown["directory"] == str(table)
    assert shown["configurations"] == "196,608 (2 distinct cells)"


def test_query_is_what_the_library_answers(table: Path) -> None:
    expected = open_benchmark(table).evaluate(Configuration("0|10|210", 0.1, 256), 7, "test", 555)
    for cell in ("010210", "0|10|210"):
        outcome = nhb2("query", cell, "0.1", "256", "--epoch", "7", "--split", "test", "--seed", "555", "--json")
        answer = json.loads(outcome.out)
        assert (answer["accuracy_pct"], answer["cost_s"]) == (expected.accuracy_pct, expected.cost_s)
        assert (answer["cellcode"], answer["epoch"], answer["seed"]) == ("0|10|210", 7, 555)
        assert (answer["op_02"], answer["lr"], answer["batch_size"]) == ("avgpool3x3", 0.1, 256)


def test_query_for_people_marks_what_is_estimated() -> None:
    short, long = (
        facts(nhb2("query", "010210", "1e-1", "256.0").out),
        facts(nhb2("query", "010210", "0.1", "256", "--epoch", "200", "--seed", "mean").out),
    )
    assert short["accuracy"].endswith("% (valid)")
    assert "estimated" not in short["cost"]
    assert long["accuracy"].endswith("% (expected test)")
    assert "estimated as 200/12 of 12 epochs" in long["cost"]
    assert short["table"] == long["table"]


WRONG_QUERIES = [
    (["4|00|000", "0.1", "256"], ["4|00|000"]),
    (["01021", "0.1", "256"], ["01021"]),
    (["0|10|2100", "0.1", "256"], ["0|10|2100"]),
    (["010210", "0.3", "256"], ["0.3", "0.0125"]),
    (["010210", "nan", "256"], ["'nan'"]),
    (["010210", "1e-400", "256"], ["learning rate '1e-400' is not one of 0.003125"]),
    (["010210", "0.1", "1e400"], ["batch size '1e400' is not one of 16"]),
    (["010210", "fast", "256"], ["'fast'", "0.0125"]),
    (["010210", "0.1", "20"], ["20", "16", "512"]),
    (["010210", "0.1", "1.5"], ["1.5", "16"]),
    (["010210", "0.1", "256", "--epoch", "13"], ["'13'", "1, 2, 3", "12, 200"]),
    (["010210", "0.1", "256", "--epoch", "0"], ["'0'", "1, 2, 3"]),
    (["010210", "0.1", "256", "--epoch", "last"], ["'last'"]),
    (["010210", "0.1", "256", "--split", "vaild"], ["'vaild'", "did you mean 'valid'?"]),
    (["010210", "0.1", "256", "--split", "valid", "--epoch", "200"], ["'valid'", "expected test accuracy"]),
    (["010210", "0.1", "256", "--seed", "1"], ["1", "222", "555", "mean"]),
    (["010210", "0.1", "256", "--seed", "first"], ["'first'", "222"]),
    (["010210", "0.1"], ["BATCH_SIZE"]),
]


@pytest.mark.parametrize(("arguments", "parts"), WRONG_QUERIES, ids=lambda value: " ".join(value))
def test_wrong_query(arguments: list[str], parts: list[str]) -> None:
    assert_one_line_error(nhb2("query", *arguments), *parts)
