"""What the page says beside its figures and tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import yaml

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.page.contents import (
    MatrixCell,
    MatrixRow,
    anchor,
    commands,
    head_facts,
    matrix_rows,
    specification_text,
    table_facts,
)
from nhb2_plugins.analysis.pictures import Matrix
from nhb2_plugins.analysis.results import CampaignResults
from nhb2_plugins.figure_theme import diverging
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of, optimizer_with

ONE = analyse(campaign_of({"a": [1.0]}))


def test_the_head_says_how_the_numbers_are_to_be_read() -> None:
    first = optimizer_of("a", *(make_run([(1, 80.0), (2, 85.0)], seed=seed) for seed in range(3)))
    second = optimizer_with("b", [1.0], epoch=200, n_workers=4, budget_s=None, charging="cached")
    assert head_facts(analyse(CampaignResults((first, second)))) == [
        ("Table", "embedded table (01234567)"),
        ("Regret measured in", "validation error after 12 epochs"),
        ("Searched at", "12 epochs; 200 epochs (expected test accuracy)"),
        ("Simulated budget", "100 s; no limit"),
        ("Simulated workers", "1; 4"),
        ("Charged", "from_scratch; cached"),
        ("Runs", "4 of 2 optimizers"),
        ("Evaluations", "7"),
    ]
    assert head_facts(ONE)[-2:] == [("Runs", "1 of 1 optimizer"), ("Evaluations", "1")]


def test_of_many_evaluations_thousands_are_set_apart() -> None:
    (card,) = ONE.optimizers
    many = replace(ONE, optimizers=(replace(card, runs=(replace(card.runs[0], n_evaluations=600),) * 1200),))
    assert head_facts(many)[-2:] == [("Runs", "1,200 of 1 optimizer"), ("Evaluations", "720,000")]


def test_an_anchor_is_made_of_letters_and_unique_by_its_number() -> None:
    assert [anchor(name, number) for number, name in enumerate(("A b", "ÄÖ", "x--1 *"))] == [
        "optimizer-1-a-b",
        "optimizer-2",
        "optimizer-3-x-1",
    ]


def test_a_table_s_provenance_without_what_is_not_known() -> None:
    assert table_facts({**TABLE, "seeds": [111, 222]}) == [
        ("Kind", "embedded"),
        ("Source", "made by hand"),
        ("Note", "for a test"),
        ("Created", "2026-01-01"),
        ("Seeds of the table", "111, 222"),
        ("Digest", "0123456789abcdef"),
    ]
    little = {"kind": "imported", "source": "x", "digest": "00", "created": "2026-01-01"}
    assert [name for name, _ in table_facts(little)] == ["Kind", "Source", "Created", "Digest"]


def test_a_probability_has_an_interval_and_colours_and_the_diagonal_nothing() -> None:
    nan = np.nan
    values = np.array([[nan, 0.75, 0.5], [0.25, nan, 0.5], [0.5, 0.5, nan]])
    low, high = values - 0.125, values + 0.25
    low[0, 2] = high[0, 2] = nan
    first, second, _ = matrix_rows(Matrix(("a", "b", "c"), values, low, high, (True,) * 3))
    assert first == MatrixRow(
        "a",
        (
            None,
            MatrixCell("0.75", "[0.62, 1.00]", 0.75, *diverging(0.75)),
            MatrixCell("0.50", "", 0.5, *diverging(0.5)),
        ),
    )
    assert second.cells[0] == MatrixCell("0.25", "[0.12, 0.50]", 0.25, *diverging(0.25))


def test_a_specification_begins_with_names_ends_with_optimizers_and_holds_nothing_empty() -> None:
    text = specification_text(
        {
            "seeds": [0, 1],
            "epoch": None,
            "optimizers": [{"settings": {"b": 1, "a": None}, "n_workers": 0, "label": "x", "algorithm": "y"}],
            "budget_s": 100,
            "note": "",
            "restriction": {"cellcode": None},
            "name": "é",
        }
    )
    assert list(yaml.safe_load(text)) == ["name", "budget_s", "optimizers", "seeds"]
    assert list(yaml.safe_load(text)["optimizers"][0]) == ["algorithm", "label", "n_workers", "settings"]
    assert yaml.safe_load(text)["optimizers"][0]["settings"] == {"b": 1}
    assert text.startswith("name: é\n")


def test_what_is_typed_for_the_same_numbers_pins_what_is_known() -> None:
    of_two = replace(ONE, versions={"numpy": ("2.0.0",), "optuna": ("4.4.0", "5.0.0")}, specification={"name": "x"})
    install, check, run = commands(of_two, "0.2.0")
    assert install == "python -m pip install 'nhb2-plugins[quickstart]==0.2.0' \\\n    'numpy==2.0.0'"
    assert check == "nhb2 info  # must name the table 01234567"
    assert run == "nhb2 run campaign.yaml --out results"
    bare = commands(replace(ONE, versions={}), "")
    assert bare == ("python -m pip install 'nhb2-plugins[quickstart]'", check)
