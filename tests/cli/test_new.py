"""``nhb2 new``: which kinds there are, where a package goes, and what to do with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nhb2_plugins.kit import KINDS
from tests.support.command_line import assert_one_line_error, nhb2


def test_every_kind_is_named() -> None:
    done = nhb2("new")
    assert (done.status, done.err) == (0, "")
    for kind in KINDS:
        assert f"{kind} " in done.out
        assert f"Write a package with an {kind}." in nhb2("new", kind, "--help").out


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_goes_where_it_is_told_to_or_where_its_name_says(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for directory, options in (("my-own", ()), ("else/where", ("--directory", "else/where"))):
        done = nhb2("new", kind, "my-own", *options)
        assert (done.status, done.err) == (0, "")
        assert done.out == f"{directory}: cd there, pip install -e '.[test]', pytest\n"
        assert (tmp_path / directory / "src" / "my_own" / "__init__.py").is_file()
        assert_one_line_error(nhb2("new", kind, "my-own", *options), "exists already")
