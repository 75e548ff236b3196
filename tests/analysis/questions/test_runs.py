"""Each optimizer's settings, bars and runs."""

from __future__ import annotations

from dataclasses import replace

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.questions.runs import (
    QUESTION,
    Bar,
    BarsPart,
    SettingsPart,
    bars,
    optimizer_facts,
    seeds_in_words,
)
from nhb2_plugins.analysis.results import CampaignResults
from tests.analysis.runs import make_run, optimizer_of
from tests.analysis.worked import worked_campaign

RUNS = (make_run([(1800, 80.0), (7200, 88.0)], seed=3), make_run([], seed=4), make_run([(3600, 85.0)], seed=5))
FACTS = facts_of(CampaignResults((optimizer_of("a", *RUNS),)))


def test_the_facts_of_an_optimizer() -> None:
    (card,) = FACTS.optimizers
    card = replace(card, settings={"n": 5, "warm": None}, overhead_s=0.126, versions={"x": "1", "y": "2"})
    assert optimizer_facts(card) == (
        ("Algorithm", "random_search"),
        ("Settings", "n = 5, warm = null"),
        ("Searches at", "12 epochs"),
        ("Simulated budget", "100 s"),
        ("Simulated workers", "1"),
        ("Charged", "from_scratch"),
        ("Evaluations past the budget", "drop"),
        ("Seeds", "3–5"),
        ("Simulated time, mean of a run", "1.50 h"),  # of the two with a result
        ("Its own thinking, mean of a run", "0.13 s (wall clock)"),
        ("Versions", "x 1, y 2"),
    )
    names = [name for name, _ in optimizer_facts(replace(card, runs=card.runs[1:2], settings={}))]
    assert "Simulated time, mean of a run" not in names
    assert dict(optimizer_facts(replace(card, settings={})))["Settings"] == "defaults"


def test_the_longest_bar_is_full() -> None:
    (card,) = FACTS.optimizers
    assert bars(replace(card, evaluations_by_epoch={1: 8.0, 12: 2.0})) == (
        Bar(1, "8.0", "100.0"),
        Bar(12, "2.0", "25.0"),
    )
    assert bars(replace(card, evaluations_by_epoch={})) == ()
    assert bars(replace(card, evaluations_by_epoch={12: 0.0})) == ()


def test_seeds_in_a_row_are_written_short() -> None:
    assert seeds_in_words([2, 0, 1, 5, 6, 9]) == "0–2, 5, 6, 9"
    assert seeds_in_words([0, 1, 2, 4, 6, 7, 8]) == "0–2, 4, 6–8"
    assert seeds_in_words([]) == ""


def test_the_table_of_all_runs() -> None:
    (table,) = QUESTION.tables((), FACTS)
    assert (table.name, table.long) == ("runs", True)
    shown = [dict(zip(table.keys, row, strict=True)) for row in table.shown()]
    first = {
        "optimizer": "a",
        "seed": "3",
        "run_id": "a/seed-0003",
        "n_evaluations": "2",
        "simulated_s": "7,200",
        "charged_cost_s": "2",
        "overhead_s": "0.00",
        "cellcode": "0|00|000",
        "lr": "0.1",
        "batch_size": "256",
        "found_s": "7,200",
        "found_evaluations": "2",
        "regret_pp": "2.00",
        "valid_error_pct": "12.00",
        "test_error_12_pct": "11.00",
        "test_error_200_pct": "7.00",
    }
    assert [*shown[0].items()] == [*first.items()]
    assert (shown[1]["regret_pp"], shown[1]["cellcode"], shown[1]["n_evaluations"]) == ("–", "–", "0")
    assert QUESTION.numbers(CampaignResults(()), FACTS) == FACTS.optimizers[0].runs


def test_each_optimizer_has_settings_bars_and_a_table_of_its_runs() -> None:
    facts = facts_of(worked_campaign())
    shown = QUESTION.parts((), facts)
    of_second = [part for part in shown if part.optimizer == 1]
    settings, own_bars, table = of_second
    assert isinstance(settings, SettingsPart)
    assert isinstance(own_bars, BarsPart)
    assert isinstance(table, parts.TablePart)
    assert [part.place for part in of_second] == [10, 30, 50]
    assert {part.section for part in shown} == {parts.OPTIMIZERS}
    assert (own_bars.name, own_bars.bars) == ("second, a <b>", (Bar(12, "3.0", "100.0"),))
    assert (table.summary, table.names) == ("Every run (11)", False)
    assert (table.table.name, table.table.title) == ("runs-2", "second, a <b>: every run")
    ends = ("seed", "n_evaluations", "simulated_s", "regret_pp", "valid_error_pct")
    tested = ("test_error_12_pct", "test_error_200_pct")
    assert table.table.keys == (*ends, *tested, "cellcode", "lr", "batch_size", "found_s")
    assert [row[0] for row in table.table.rows] == [*range(10), 13]
    assert len(shown) == 3 * 5
