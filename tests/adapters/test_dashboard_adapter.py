"""Recorded runs in Optuna storages, for optuna-dashboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna_dashboard import get_note

from nhb2_plugins.adapters.dashboard_adapter import _on_loopback, load_studies, open_storage
from nhb2_plugins.adapters.optuna_adapter import configuration_of
from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import InvalidValueError
from tests.analysis.runs import make_run

RUN = make_run([(10, 80.0), (20, 85.0), (30, 84.0)])


@pytest.mark.parametrize("kind", ["memory", "journal", "sqlite"])
def test_a_study_holds_the_run_and_is_loaded_once(kind: str, tmp_path: Path) -> None:
    name = {"memory": None, "journal": str(tmp_path / "j.log"), "sqlite": f"sqlite:///{tmp_path / 's.db'}"}[kind]
    storage = open_storage(name)
    assert load_studies(storage, {"a/seed-0000": RUN.records}) == 1
    assert load_studies(storage, {"a/seed-0000": RUN.records}) == 0
    (study,) = [optuna.load_study(study_name=each, storage=storage) for each in optuna.get_all_study_names(storage)]
    assert [trial.value for trial in study.trials] == [20, 15, 16]
    assert {configuration_of(trial) for trial in study.trials} == {RUN.records[0].configuration}
    note = get_note(study)
    assert "**embedded table (01234567)**" in note
    assert r"Charged from\_scratch" in note


def test_a_table_s_name_is_no_image_and_no_html_in_the_note() -> None:
    hostile = "![x](http://evil/a.png) <img src=x>\x1b:1&amp;\n# heading" + "x" * 500
    records = [replace(record, table=hostile) for record in RUN.records]
    storage = open_storage(None)
    load_studies(storage, {"mine": records})
    note = get_note(optuna.load_study(study_name="mine", storage=storage))
    first = note.split("\n")[0]
    assert r"\!\[x\]\(http" in first
    assert r"\<img src\=x\>\\x1b" in first
    assert r"1\&amp\;\\n\# heading" in first
    assert len(first) < 700


def test_another_run_of_the_same_name_is_refused() -> None:
    storage = open_storage(None)
    load_studies(storage, {"mine": RUN.records})
    with pytest.raises(InvalidValueError, match="holds a study 'mine' of other records"):
        load_studies(storage, {"mine": RUN.records[:1]})


def test_a_study_that_was_not_loaded_whole_is_refused() -> None:
    storage = open_storage(None)
    optuna.create_study(study_name="mine", storage=storage)
    with pytest.raises(InvalidValueError, match="name another storage, or delete the study"):
        load_studies(storage, {"mine": RUN.records})


@pytest.mark.parametrize(
    ("host", "is_answered"),
    [
        ("127.0.0.1:8080", True),
        ("localhost:8080", True),
        ("LOCALHOST", True),
        ("[::1]:8080", True),
        ("attacker.example:8080", False),
        ("127.0.0.1.attacker.example", False),
        ("localhost:8080:80", False),
        ("", False),
    ],
)
def test_only_who_asks_for_this_machine_is_answered(host: str, is_answered: bool) -> None:
    """A page elsewhere can let its own name lead to 127.0.0.1, and would then be of the same origin."""
    told: list[str] = []

    def pages(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [])
        return [b"page"]

    body = b"".join(_on_loopback(pages)({"HTTP_HOST": host}, lambda status, _: told.append(status)))
    assert (told, body == b"page") == (["200 OK" if is_answered else "403 Forbidden"], is_answered)


@pytest.mark.parametrize("name", ["unknown://x", "sqlite:////nowhere/at/all/s.db", "/nowhere/at/all/j.log"])
def test_a_storage_that_cannot_be_opened_is_named(name: str) -> None:
    with pytest.raises(InvalidValueError, match="cannot open the storage"):
        open_storage(name)


def test_of_several_objectives_the_best_trials_are_the_front() -> None:
    records = [replace(each, cost_s=cost) for each, cost in zip(RUN.records, (5.0, 9.0, 9.5), strict=True)]
    storage = open_storage(None)
    load_studies(storage, {"mine": records}, ("error_pct", "cost_s"))
    study = optuna.load_study(study_name="mine", storage=storage)
    assert [trial.values for trial in study.best_trials] == [[20, 5], [15, 9]]
    assert study.metric_names == ["error_pct", "cost_s"]
    assert "Objectives: error_pct, cost_s, all to minimise" in get_note(study)
    with pytest.raises(InvalidValueError, match="of other records"):
        load_studies(storage, {"mine": records})


def test_a_study_s_note_names_the_draw() -> None:
    key = open_benchmark(draw=3).provenance.key
    storage = open_storage(None)
    load_studies(storage, {"a": [replace(record, table=key) for record in RUN.records]})
    first = get_note(optuna.load_study(study_name="a", storage=storage)).splitlines()[0]
    assert f"**embedded table ({key.partition(':')[2]})**, draw 3 of 27 of NAS-HPO-Bench-II" in first
