"""``nhb2 info`` and ``query`` on a draw of the embedded table."""

from __future__ import annotations

import json

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.embedded import embedded_draws
from tests.support.command_line import assert_one_line_error, nhb2

QUERY = ("query", "010210", "0.1", "256")


def test_info_names_the_draw_and_what_is_assumed_in_it() -> None:
    provenance = open_benchmark(draw=3).provenance
    printed = nhb2("info", "--draw", "3").out
    assert f"embedded table, draw 3 of {embedded_draws()} ({provenance.digest[:8]})" in printed
    assert f"curves: {provenance.assumptions['curves']}" in printed


def test_a_query_is_answered_by_the_draw() -> None:
    bench = open_benchmark(draw=3)
    expected = bench.evaluate(Configuration("0|10|210", 0.1, 256))
    answer = json.loads(nhb2(*QUERY, "--draw", "3", "--json").out)
    assert (answer["accuracy_pct"], answer["cost_s"]) == (expected.accuracy_pct, expected.cost_s)
    assert bench.provenance.label in nhb2(*QUERY, "--draw", "3").out


@pytest.mark.parametrize("command", [("info",), QUERY, ("run", "--dry-run")])
def test_a_draw_that_is_not_there_is_refused_in_one_sentence(command: tuple[str, ...]) -> None:
    last = embedded_draws() - 1
    assert_one_line_error(nhb2(*command, "--draw", str(last + 1)), f"embedded table's draws 0 to {last}")
    assert_one_line_error(nhb2(*command, "--draw", "-1"), "'-1' is not the number of a draw")
