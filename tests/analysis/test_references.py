"""References for a paper: each can be read, is whole, and is there where it was used."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pybtex.database import Entry, parse_string

from nhb2_plugins.analysis import references as module
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.references import benchmark_reference, references
from nhb2_plugins.analysis.stopping import Stopping
from nhb2_plugins.optimizers.registry import OPTIMIZERS
from tests.analysis.worked import worked_campaign

TEXT = (Path(module.__file__).parent / "references.bib").read_text(encoding="utf-8") + "\n" + benchmark_reference()
ENTRIES: dict[str, Entry] = dict(parse_string(TEXT, "bibtex").entries.items())
VENUE = {"article": "journal", "inproceedings": "booktitle", "misc": "howpublished"}
NAMES = ("Bayesian", "Hyperband", "Optuna", "Pareto", "Parzen", "Python")
ANALYSIS = analyse(worked_campaign())


def used(analysis: CampaignAnalysis) -> set[str]:
    return set(parse_string(references(analysis), "bibtex").entries)


def with_optimizer(algorithm: str, objectives: tuple[str, ...] = ("error_pct",), **settings: Any) -> CampaignAnalysis:
    card = replace(ANALYSIS.optimizers[0], algorithm=algorithm, settings=settings)
    return replace(ANALYSIS, optimizers=(card,), objectives=objectives)


def test_of_packages_those_that_took_part_are_cited_whatever_their_capitals() -> None:
    found = used(replace(ANALYSIS, versions={"NumPy": ("2.0",), "smac": ("2.4",)}))
    assert {"harris2020numpy", "lindauer2022smac3"} <= found
    assert "akiba2019optuna" not in found


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_is_whole(key: str) -> None:
    entry = ENTRIES[key]
    fields = entry.fields
    assert {"title", "year", VENUE[entry.type]} <= {name.lower() for name in fields}
    assert entry.persons["author"]
    assert all(
        person.last_names and (person.first_names or person.last_names == ["others"])
        for person in entry.persons["author"]
    )
    assert re.fullmatch(r"(19|20)\d\d", fields["year"])
    assert fields["year"] in key
    assert key.startswith(re.sub(r"\W.*", "", entry.persons["author"][0].last_names[0].strip("{}")).lower()[:6])
    assert re.fullmatch(r"\d+--\d+", fields.get("pages", "1--2"))
    assert re.fullmatch(r"10\.\d{4,}/\S+", fields.get("doi", "10.1000/x"))
    # BibTeX warns of both: plain styles show one of them.
    assert entry.type == "article" or not {"volume", "number"} <= set(fields)
    if entry.type != "misc" and "arXiv" not in fields.get("note", ""):
        assert "pages" in fields


@pytest.mark.parametrize("key", ENTRIES)
def test_capitals_that_a_style_would_lose_are_in_braces(key: str) -> None:
    bare = re.sub(r"\{.*?\}", "", ENTRIES[key].fields["title"])
    assert not re.search(r"\w[A-Z]|\b[A-Z]\b(?!\s)", bare), bare
    assert not [name for name in NAMES if name in bare]


def test_every_key_that_is_named_is_there_and_every_entry_is_named() -> None:
    named = set(re.findall(r'"([a-z]+(?:19|20)\d\d[a-z0-9]+)"', Path(module.__file__).read_text(encoding="utf-8")))
    assert named == set(ENTRIES) - {"hirose2021nashpobench2"}


def test_every_algorithm_has_a_reference() -> None:
    assert [name for name in OPTIMIZERS if not used(with_optimizer(name)) - used(with_optimizer("mine"))] == [
        "random_search",  # random search stands there for its exact curve already
        "smac",  # the package's, which the versions of a run name
    ]


@pytest.mark.parametrize(
    ("algorithm", "settings", "key"),
    [
        ("optuna", {}, "bergstra2011algorithms"),
        ("optuna", {"sampler": "nsgaiii"}, "deb2014nsga3"),
        ("optuna", {"sampler": "cmaes"}, "hansen2001cma"),
        ("smac", {"facade": "multi_fidelity"}, "li2018hyperband"),
        ("sh_emoa", {}, "izquierdo2021bag"),
    ],
)
def test_a_setting_s_algorithm_is_named(algorithm: str, settings: dict[str, str], key: str) -> None:
    others = {"bergstra2011algorithms", "deb2014nsga3", "hansen2001cma", "li2018hyperband", "izquierdo2021bag"}
    assert used(with_optimizer(algorithm, **settings)) & others == {key}


def test_what_another_package_calls_a_sampler_is_not_optuna_s() -> None:
    assert "bergstra2011algorithms" not in used(with_optimizer("mine", sampler="tpe"))


@pytest.mark.parametrize(
    ("algorithm", "settings", "key"),
    [
        ("optuna", {}, "ozaki2022motpe"),
        ("optuna", {"sampler": "nsgaii"}, "deb2002nsga2"),
        ("regularized_evolution", {}, "deb2002nsga2"),
        ("smac", {}, "knowles2006parego"),
    ],
)
def test_several_objectives_have_references_of_their_own(algorithm: str, settings: dict[str, str], key: str) -> None:
    found = used(with_optimizer(algorithm, ("error_pct", "cost_s"), **settings))
    measures = {"grunert2001attainment", "ishibuchi2015modified", "zitzler1999strength"}
    assert found >= measures | {key}
    alone = used(with_optimizer(algorithm, **settings))
    assert not alone & measures
    assert key not in alone or settings == {"sampler": "nsgaii"}


def test_a_sequential_campaign_s_test_is_named() -> None:
    assert "vovk2024symmetry" not in used(ANALYSIS)
    stopping = Stopping.__new__(Stopping)
    assert "vovk2024symmetry" in used(replace(ANALYSIS, stopping=stopping))
