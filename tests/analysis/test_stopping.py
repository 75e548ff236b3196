"""The record of where a campaign stands that adds seeds until its pairs are decided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.analysis.stopping import PairState, Stopping, read_stopping, renamed, write_stopping
from nhb2_plugins.errors import TrajectoryError

DECIDED = PairState("a", "b", 20, "first", 12, 55.0)
STOPPING = Stopping(0.05, 0.5, 4, 100, "limit", (DECIDED, PairState("a", "c", 18)))
TEXT = """{
 "format_version": 1,
 "level": 0.05,
 "difference": 0.5,
 "round_seeds": 4,
 "most_seeds": 100,
 "stopped": "limit",
 "pairs": [
  {
   "first": "a",
   "second": "b",
   "n_seeds": 20,
   "verdict": "first",
   "decided_at": 12,
   "won": 55.0
  },
  {
   "first": "a",
   "second": "c",
   "n_seeds": 18,
   "verdict": "",
   "decided_at": null,
   "won": 0.0
  }
 ]
}
"""


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("first", "a is better than b"),
        ("second", "b is better than a"),
        ("alike", "a and b are alike"),
        ("", "a and b are not told apart"),
    ],
)
def test_a_pair_in_words(verdict: str, words: str) -> None:
    pair = replace(DECIDED, verdict=verdict)
    assert (pair.words, pair.undecided) == (words, False)
    depends = replace(pair, depends="it depends")
    if verdict in ("first", "second"):
        assert (depends.words, depends.undecided) == ("not decided: it depends", True)
    else:
        assert (depends.words, depends.undecided) == (words, False)


def test_it_stands_at_the_seeds_of_the_pair_that_has_the_most() -> None:
    assert STOPPING.n_seeds == 20
    assert replace(STOPPING, pairs=()).n_seeds == 0


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stopping.json"
    depends = replace(STOPPING, pairs=(replace(DECIDED, depends="it depends"), *STOPPING.pairs[1:]))
    assert write_stopping(STOPPING) == write_stopping(depends) == TEXT
    path.write_text(TEXT)
    assert read_stopping(path) == STOPPING
    any_difference = replace(STOPPING, difference=None, stopped="", pairs=())
    path.write_text(write_stopping(any_difference))
    assert read_stopping(path) == any_difference
    with pytest.raises(ValueError, match="JSON compliant"):
        write_stopping(replace(STOPPING, level=float("nan")))


PAIR = {"first": "a", "second": "b", "n_seeds": 3, "verdict": "alike", "decided_at": 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stopped": "maybe"}, "stopped 'maybe' at level 0.05"),
        ({"level": 0}, "stopped 'limit' at level 0"),
        ({"level": 1}, "stopped 'limit' at level 1"),
        ({"difference": 0}, "difference 0"),
        ({"difference": float("inf")}, "difference inf"),
        ({"round_seeds": "5"}, "a number of seeds is a whole number"),
        ({"most_seeds": -1}, "a number of seeds is a whole number"),
        ({"most_seeds": True}, "a number of seeds is a whole number"),
        ({"pairs": [{**PAIR, "n_seeds": 3.0}]}, "a number of seeds is a whole number"),
        ({"pairs": [{**PAIR, "verdict": "third"}]}, "pair PairState"),
        ({"pairs": [{**PAIR, "first": 1}]}, "pair PairState"),
        ({"pairs": [{**PAIR, "second": None}]}, "pair PairState"),
        ({"pairs": [{**PAIR, "decided_at": None}]}, "pair PairState"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_damaged_record_is_a_clear_error(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "stopping.json"
    content = json.loads(TEXT)
    path.write_text(json.dumps({**content, "pairs": [PAIR], "round_seeds": 0, "level": 0.999}))
    assert read_stopping(path).pairs == (PairState("a", "b", 3, "alike", 2),)
    path.write_text(json.dumps({**content, **change}))
    with pytest.raises(TrajectoryError, match=rf"stopping.json is damaged: .*{message}"):
        read_stopping(path)


def test_what_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    assert read_stopping(tmp_path / "stopping.json") is None
    (tmp_path / "later.json").write_text(TEXT.replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(TrajectoryError, match=r"later.json: format version 2; this version reads 1$"):
        read_stopping(tmp_path / "later.json")
    with pytest.raises(TrajectoryError, match=r"cannot read .*: "):
        read_stopping(tmp_path)
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(TrajectoryError, match=r"list.json is damaged: "):
        read_stopping(tmp_path / "list.json")


def test_names_are_those_that_are_shown() -> None:
    shown = renamed(STOPPING, {"a": "A *", "b": "B", "c": "C"})
    assert [(pair.first, pair.second) for pair in shown.pairs] == [("A *", "B"), ("A *", "C")]
    assert renamed(shown, {"A *": "a", "B": "b", "C": "c"}) == STOPPING
