"""The doctor's checks, on installations and ladders as they are and as they could be."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nhb2_plugins
from nhb2_plugins.doctor import installation
from nhb2_plugins.doctor.check import Check
from nhb2_plugins.doctor.data import check_data
from nhb2_plugins.doctor.installation import (
    Requirement,
    check_hpbandster,
    check_installation,
    check_reference,
    check_requirement,
    requirements,
)
from nhb2_plugins.doctor.ladder import check_ladder, hpbandster_ladder, smac_ladder
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance, needs

HPBANDSTER_NEEDS = {"Pyro4": "4.82", "serpent": "1.41", "netifaces": "0.11", "statsmodels": "0.14"}


def versions(**installed: str) -> Callable[[str], str | None]:
    return installed.get


def status_of(checks: list[Check], name: str) -> str:
    return next(check.status for check in checks if check.name == name)


# -- installations


def test_every_requirement_of_the_project_is_looked_at() -> None:
    pyproject = Path(nhb2_plugins.__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    texts = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[>\[]", text)[0] for text in texts if not text.startswith("nhb2-plugins")}
    assert {requirement.name for requirement in requirements()} == names
    by_name = {requirement.name: requirement for requirement in requirements()}
    assert by_name["numpy"].extra == ""
    assert by_name["smac"].extra == "smac"
    assert all(requirement.minimum for requirement in requirements())


def test_requirements_of_an_installed_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = ["numpy>=1.26", "optuna>=4.0; extra == 'optuna'", 'nhb2-plugins[optuna]; extra == "all"']
    declared += ["rich<16,>=13.7; python_version >= '3.11' and extra == 'quickstart'"]
    monkeypatch.setattr(installation, "__file__", "/site-packages/nhb2_plugins/doctor/installation.py")
    monkeypatch.setattr(installation, "installed_version", lambda name: "0.1.0")
    monkeypatch.setattr(installation.metadata, "requires", lambda name: declared)
    assert requirements()[:2] == [Requirement("numpy", "1.26", ""), Requirement("optuna", "4.0", "optuna")]
    assert requirements()[2].extra == "quickstart"


def test_this_installation() -> None:
    checks = check_installation()
    assert status_of(checks, "numpy") == "ok"
    assert all(check.status != "problem" for check in checks), checks


@pytest.mark.parametrize(
    ("version", "status"), [("1.26", "ok"), ("1.26.4", "ok"), ("2.0rc1", "ok"), ("1.9", "problem"), (None, "problem")]
)
def test_core_requirement(version: str | None, status: str) -> None:
    assert check_requirement(Requirement("numpy", "1.26", ""), version).status == status


def test_extra_that_is_missing_or_old() -> None:
    smac = Requirement("smac", "2.3", "smac")
    assert check_requirement(smac, None) == Check("smac", "ok", "not installed: pip install 'nhb2-plugins[smac]'")
    assert check_requirement(smac, "1.4").status == "problem"
    assert "1.4 is too old, at least 2.3" in check_requirement(smac, "1.4").text


@pytest.mark.parametrize(
    ("config_space", "numpy", "named"),
    [
        ("0.7.1", "1.26.4", []),
        ("1.0.1", "1.26.4", []),
        ("1.1.0", "1.26.4", ["ConfigSpace 1.1.0"]),
        ("1.0.1", "2.0.0", ["numpy 2.0.0"]),
        ("1.2.2", "2.4.6", ["ConfigSpace 1.2.2", "numpy 2.4.6"]),
    ],
)
def test_what_hpbandster_hangs_with(config_space: str, numpy: str, named: list[str]) -> None:
    check = check_hpbandster(versions(hpbandster="0.7.4", ConfigSpace=config_space, numpy=numpy, **HPBANDSTER_NEEDS))
    assert check.status == ("warning" if named else "ok")
    assert ("hang" in check.text) == bool(named)
    assert all(name in check.text for name in named)


def test_hpbandster_without_what_it_needs() -> None:
    assert check_hpbandster(versions()).status == "ok"
    check = check_hpbandster(versions(hpbandster="0.7.4", **{**HPBANDSTER_NEEDS, "netifaces": ""}))
    assert check.status == "ok"
    without = {name: version for name, version in HPBANDSTER_NEEDS.items() if name != "netifaces"}
    check = check_hpbandster(versions(hpbandster="0.7.4", **without))
    assert check.status == "problem"
    assert "lacks netifaces" in check.text


def test_which_nashpobench2api_it_is() -> None:
    reference, other = {"nashpobench2api": "1.0.0"}, {"nashpobench2real-api": "0.1"}
    assert check_reference(versions(), None).status == "ok"
    assert check_reference(versions(**reference), "/site-packages").status == "ok"
    assert check_reference(versions(), "/home/me/nashpobench2api.py").status == "warning"
    for installed in (other, reference | other):
        check = check_reference(versions(**installed), "/site-packages")
        assert check.status == "problem"
        assert "nashpobench2real-api 0.1 is installed: another benchmark" in check.text


# -- the table and the directories


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def table(home: Path) -> Path:
    write_table(home / "table", mini_columns(), mini_provenance(note="by hand"))
    return home / "table"


def test_sound_table(table: Path) -> None:
    checks = check_data(str(table), full=True)
    assert {check.status for check in checks} == {"ok"}
    assert f"in {table} (named); by hand" in checks[0].text
    assert checks[1].text == "every byte of 11 columns"
    assert not (table.parent / "data").exists()


def test_flipped_byte_is_found_by_a_full_check(table: Path) -> None:
    path = table / "valid_acc.bin"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    assert status_of(check_data(str(table)), "checksums") == "ok"
    assert status_of(check_data(str(table), full=True), "checksums") == "problem"


def test_truncated_column_and_missing_table_are_found_by_any_check(table: Path) -> None:
    (table / "valid_acc.bin").write_bytes(b"")
    assert status_of(check_data(str(table)), "table") == "problem"
    assert status_of(check_data(str(table.parent / "nowhere")), "table") == "problem"


def test_where_a_table_was_named(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NHB2_DATA", str(table))
    assert "(named by $NHB2_DATA)" in check_data()[0].text
    monkeypatch.setenv("NHB2_DATA", str(table.parent / "nowhere"))
    assert check_data()[0].status == "problem"
    assert "named by $NHB2_DATA" in check_data()[0].text


def test_imported_table(home: Path) -> None:
    write_table(home / "data" / "nhb2-plugins" / "table", mini_columns(), mini_provenance())
    assert "(imported)" in check_data()[0].text


def test_file_in_the_way_of_the_directories(home: Path, table: Path) -> None:
    (home / "data").touch()
    (home / "cache").touch()
    checks = check_data(str(table))
    assert status_of(checks, "data directory") == "problem"
    assert status_of(checks, "cache") == "warning"


def test_what_a_killed_import_left(home: Path, table: Path) -> None:
    left = home / "data" / "nhb2-plugins" / ".table.nhb2-new-1"
    left.mkdir(parents=True)
    (left / "valid_acc.bin").touch()
    assert status_of(check_data(str(table)), "leftovers") == "warning"


# -- ladders

PAIRS = [*((low, 12) for low in range(1, 12)), *((low, 200) for low in range(1, 200))]


@needs("smac")
@pytest.mark.parametrize("eta", [None, 2, 3, 4, 16, 17])
def test_smacs_formula_is_smacs(eta: float | None) -> None:
    from smac.intensifier.hyperband_utils import determine_HB

    for low, high in PAIRS:
        factor = high / low if eta is None else eta
        theirs = determine_HB(float(low), float(high), factor)["budgets_in_stage"][0]  # type: ignore[arg-type]
        assert smac_ladder(float(low), float(high), factor) == tuple(theirs)


@needs("hpbandster")
@pytest.mark.parametrize("eta", [None, 2, 3, 4, 16, 17])
def test_hpbandsters_formula_is_hpbandsters(eta: float | None) -> None:
    from hpbandster.optimizers import bohb

    # An instance of BOHB starts threads that look for a nameserver: its two statements are run by themselves.
    source = inspect.getsource(bohb.BOHB.__init__)
    statements = [line.strip() for line in source.splitlines() if re.match(r"\s*self\.(max_SH_iter|budgets) *=", line)]
    assert len(statements) == 2
    for low, high in PAIRS:
        factor = high / low if eta is None else eta
        names = {"self": SimpleNamespace(), "np": np, "eta": factor, "min_budget": low, "max_budget": high}
        exec("\n".join(statements), names)
        assert hpbandster_ladder(float(low), float(high), factor) == tuple(names["self"].budgets)  # type: ignore[attr-defined]


def test_ladders_of_the_documentation() -> None:
    for budgets, eta in (([12, 200], None), ([1, 12], 3.0), ([12, 200], 16.0), ([1, 3, 9], None)):
        assert {check.status for check in check_ladder(budgets, eta)} == {"ok"}, (budgets, eta)
    (check, *_) = check_ladder([1, 12], 3.0)
    assert check.text == "rungs 1.333 (epoch 1), 4, 12"
    assert check_ladder([12, 200], 16.0)[0].text == "rungs 12.5 (epoch 12), 200"


def test_rung_that_float_error_loses_is_a_problem() -> None:
    lost = [low for low, high in PAIRS if len(hpbandster_ladder(low, high, high / low)) == 1]
    assert lost
    for low, high in PAIRS:
        framework = next(check for check in check_ladder([low, high]) if check.name == "hpbandster's rungs")
        assert (framework.status == "problem") == (len(hpbandster_ladder(low, high, high / low)) == 1)
        if framework.status == "problem":
            assert f"runs {high}, not {low}" in framework.text
            assert "run_bohb takes the ladder" in framework.text


def test_budget_just_below_an_epoch_is_a_warning() -> None:
    low, high = next((low, high) for low, high in PAIRS if low - 1 < hpbandster_ladder(low, high, high / low)[0] < low)
    check = next(check for check in check_ladder([low, high]) if check.name == "hpbandster's rungs")
    assert check.status == "warning"
    assert "int(budget) would lose an epoch" in check.text


@pytest.mark.parametrize(
    ("budgets", "eta", "text"),
    [
        ([12, 200], 17.0, "there is one rung, 200"),
        ([12, 200], 3.0, "which do not ascend strictly"),
        ([0.1, 12], 3.0, "below the smallest fidelity 1"),
        ([1e-311, 12], 3.0, "must exceed 1, and 0 < min_epoch"),
        ([12, 1], None, "do not ascend"),
        ([float("nan"), 12], None, "not a finite number"),
        ([1, 12], 1.0000001, "rungs"),
        ([1, 3, 9], 2.0, "not 1, 3, 9"),
    ],
)
def test_ladders_that_are_not_what_one_thinks(budgets: list[float], eta: float | None, text: str) -> None:
    problems = [check for check in check_ladder(budgets, eta) if check.status == "problem"]
    assert any(text in check.text for check in problems), problems


def test_ladder_that_no_framework_has() -> None:
    rungs, frameworks = check_ladder([1, 2, 12])
    assert rungs.status == "ok"
    assert frameworks.status == "warning"
    assert "hpbandster" in frameworks.text


@pytest.mark.parametrize(("budgets", "eta"), [([12], None), ([], None), ([1, 12], 1.0), ([1, 12], float("nan"))])
def test_what_is_no_ladder_at_all(budgets: list[float], eta: float | None) -> None:
    with pytest.raises(InvalidValueError):
        check_ladder(budgets, eta)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=2, max_size=4),
    st.none() | st.floats(min_value=1, exclude_min=True),
)
def test_any_numbers_get_an_answer(budgets: list[float], eta: float | None) -> None:
    assert check_ladder(budgets, eta)


@given(st.integers(1, 11), st.sampled_from([12, 200]), st.floats(min_value=1.05, max_value=300))
def test_sound_ladders_are_run_as_said(low: int, high: int, eta: float) -> None:
    checks = check_ladder([low, high], eta)
    if {check.status for check in checks} == {"ok"}:
        assert smac_ladder(low, high, eta) == hpbandster_ladder(low, high, eta)
