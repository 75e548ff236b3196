"""The doctor's checks of an installation, as it is and as it could be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

import nhb2_plugins
from nhb2_plugins.doctor import Check, installation
from nhb2_plugins.doctor.installation import (
    Requirement,
    check_hpbandster,
    check_installation,
    check_reference,
    check_requirement,
    requirements,
)
from nhb2_plugins.extras import install_command
from tests.doctor.checks import status_of

HPBANDSTER_NEEDS = {"Pyro4": "4.82", "serpent": "1.41", "netifaces": "0.11", "statsmodels": "0.14"}


def versions(**installed: str) -> Callable[[str], str | None]:
    return installed.get


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
    assert requirements()[2] == Requirement("rich", "13.7", "quickstart")


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
    assert check_requirement(smac, None) == Check("smac", "absent", f"not installed: {install_command('smac')}")
    assert check_requirement(smac, "1.4").status == "problem"
    assert "1.4 is too old, at least 2.3" in check_requirement(smac, "1.4").text


def test_what_is_there_and_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pyarrow 26 beside numpy 1.26."""
    for name, text in {
        "fits": "print('loud')",
        "old": "raise ImportError('numpy.core.multiarray\\nfailed to import')",
        "leaves": "raise SystemExit(0)",
        "dies": "import os; os._exit(3)",
        "after": "",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    failures = installation.import_failures(["fits", "old", "leaves", "dies", "after", "missing"])
    assert failures == {
        "old": "ImportError: numpy.core.multiarray failed to import",
        "leaves": "SystemExit: 0",
        "dies": "the process ends with status 3",
        "missing": "ModuleNotFoundError: No module named 'missing'",
    }
    check = check_requirement(Requirement("pyarrow", "14.0", "frames"), "26.0.1", failures["old"])
    assert check == Check("pyarrow", "problem", f"26.0.1 is installed and cannot be imported: {failures['old']}")


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
