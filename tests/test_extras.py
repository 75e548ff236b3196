"""The command that installs an extra, from wherever this package came."""

from __future__ import annotations

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from nhb2_plugins import extras
from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.extras import install_command, missing_extra, needs_extra

WHEEL = {"url": "file:///tmp/nhb2_plugins-0.2-py3-none-any.whl", "archive_info": {}}
COMMIT = {"url": "https://example.org/x.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}, "subdirectory": "python"}


class Installed:
    def __init__(self, direct_url: str | None) -> None:
        self._direct_url = direct_url

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._direct_url


@pytest.fixture
def _not_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('name = "another"')
    monkeypatch.setattr(extras, "_CHECKOUT", tmp_path)


def test_a_checkout_names_its_own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = tmp_path / "my work"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text('[project]\nname = "nhb2-plugins"\n')
    monkeypatch.setattr(extras, "_CHECKOUT", checkout)
    assert install_command("sql") == f"pip install -e '{checkout}[sql]'"
    assert install_command() == f"pip install -e '{checkout}'"


@pytest.mark.usefixtures("_not_a_checkout")
@pytest.mark.parametrize(
    ("direct_url", "command"),
    [
        (None, "pip install 'nhb2-plugins[sql]'"),
        ("{", "pip install 'nhb2-plugins[sql]'"),
        ("{}", "pip install 'nhb2-plugins[sql]'"),
        (json.dumps(WHEEL), f"pip install 'nhb2-plugins[sql] @ {WHEEL['url']}'"),
        (
            json.dumps(COMMIT),
            "pip install 'nhb2-plugins[sql] @ git+https://example.org/x.git@0a1b#subdirectory=python'",
        ),
        (json.dumps({"url": "file:///src/x", "dir_info": {}}), "pip install 'nhb2-plugins[sql] @ file:///src/x'"),
    ],
)
def test_what_was_installed_is_installed_from_where_it_came(
    direct_url: str | None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda _: Installed(direct_url))
    assert install_command("sql") == command


@pytest.mark.usefixtures("_not_a_checkout")
def test_a_copy_that_was_never_installed_is_looked_up_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nothing)
    assert install_command() == "pip install nhb2-plugins"


def test_the_error_says_why_a_module_cannot_be_imported() -> None:
    error = missing_extra("exports need pyarrow", "frames", ImportError("numpy.core.multiarray failed to import"))
    told = "exports need pyarrow (numpy.core.multiarray failed to import)"
    assert str(error) == f"{told}: {install_command('frames')}"
    assert str(missing_extra("x needs y", "sql")) == f"x needs y: {install_command('sql')}"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("extra", ["frames", "dehb"])
def test_no_extra_installs_a_pyarrow_that_the_oldest_numpy_cannot_import(extra: str, python: str) -> None:
    """26 was compiled against numpy 2; from Python 3.13 on there is no numpy 1.26."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "numpy>=1.26" in project["dependencies"]
    required = [Requirement(text) for text in project["optional-dependencies"][extra]]
    (pyarrow,) = [
        each
        for each in required
        if each.name == "pyarrow" and (each.marker is None or each.marker.evaluate({"python_version": python}))
    ]
    assert pyarrow.specifier.contains("25.0.1")
    assert pyarrow.specifier.contains("26.0.1") == (python == "3.13" and extra == "frames")


def test_imports_that_fail_name_their_extra_and_what_names_one_already_is_left_alone() -> None:
    with pytest.raises(MissingExtraError) as told, needs_extra("x needs y", "sql"):
        raise ImportError("no y")
    assert str(told.value) == str(missing_extra("x needs y", "sql", ImportError("no y")))
    inner = missing_extra("y needs z", "frames")
    with pytest.raises(MissingExtraError) as told, needs_extra("x needs y", "sql"):
        raise inner
    assert told.value is inner


def test_what_is_missing_in_this_package_itself_is_no_matter_of_an_extra() -> None:
    with pytest.raises(ImportError, match="cannot import name 'nothing'") as told, needs_extra("x needs y", "sql"):
        from nhb2_plugins.errors import nothing  # type: ignore[attr-defined]  # noqa: F401
    assert not isinstance(told.value, MissingExtraError)
