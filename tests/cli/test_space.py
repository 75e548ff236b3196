"""``nhb2 space`` as a user runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from nhb2_plugins.adapters.configspace_adapter import (
    ENCODINGS,
    Encoding,
    configuration_space,
    read_configuration_space,
)
from nhb2_plugins.cli.main import main
from nhb2_plugins.space import LEARNING_RATES
from nhb2_plugins.subspace import Subspace
from tests.support.command_line import facts, nhb2


def test_space_and_a_cell_of_it() -> None:
    space = nhb2("space").out
    assert all(f"{lr}" in space for lr in LEARNING_RATES)
    assert "196,608 configurations" in space
    cell = nhb2("space", "013302").out
    rows = [line.split() for line in cell.splitlines()]
    assert ["0", "->", "1", "conv3x3", "live"] in rows
    assert ["1", "->", "2", "zero", "dead"] in rows
    assert facts(cell[cell.index("cellcode") :])["cellcode"] == "0|13|302"


EXPORTED = Path(__file__).parents[2] / "configs" / "spaces"


encodings = pytest.mark.parametrize("encoding", ENCODINGS)


def content(path: Path) -> dict[str, Any]:
    """What a file says, but for the version of ConfigSpace that wrote it."""
    said: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML
    assert said.pop("python_module_version")
    return said


@encodings
def test_the_command_writes_what_is_committed(encoding: Encoding, tmp_path: Path) -> None:
    for name in (f"{encoding}.json", f"{encoding}.yaml"):
        assert main(["space", "export", "--encoding", encoding, "--to", str(tmp_path / name)]) == 0
        assert content(tmp_path / name) == content(EXPORTED / name)


def test_the_command_exports_a_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "part.json"
    arguments = ["--cell", "010210", "--lr", "0.1", "--batch-size", "64"]
    assert main(["space", "export", "--to", str(path), *arguments]) == 0
    assert capsys.readouterr().out == f"{path}: 1 configurations, encoding categorical\n"
    expected = Subspace(cellcode="0|10|210", lr=0.1, batch_size=64)
    assert read_configuration_space(path) == configuration_space(restriction=expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export"], "--to FILE.json"),
        (["export", "--to", "x.txt"], "'.txt'"),
        (["export", "--to", "x.json", "--encoding", "onehot"], "encoding 'onehot'"),
        (["export", "--to", "x.json", "--lr", "fast"], "learning rate 'fast'"),
        (["export", "--to", "x.json", "--batch-size", "20"], "batch size '20'"),
        (["export", "--to", "x.json", "--cell", "9"], "cellcode '9'"),
        (["--to", "x.json", "--one-per-class"], "--to, --one-per-class: only for 'nhb2 space export'"),
        (["010210", "--encoding", "integer"], "--encoding: only for"),
    ],
)
def test_what_cannot_be_exported_is_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["space", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
