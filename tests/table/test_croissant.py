"""The metadata of the shipped files says what they are."""

from __future__ import annotations

import csv
import hashlib
import json
import runpy
from pathlib import Path

import pytest

from nhb2_plugins.table.embedded import open_embedded

DATA = Path(__file__).parents[2] / "data"
SHIPPED = json.loads((DATA / "croissant.json").read_text(encoding="utf-8"))


def test_it_is_what_is_written_today() -> None:
    written = runpy.run_path(str(DATA / "build_croissant.py"))["metadata"]()
    assert written == SHIPPED, "the shipped files have changed: python data/build_croissant.py"


def test_it_is_of_the_table_that_is_shipped() -> None:
    provenance = open_embedded().provenance
    assert SHIPPED["version"] == f"1.0.0+{provenance.digest[:8]}"
    assert SHIPPED["license"].endswith("MIT")
    assert "embedded" in SHIPPED["description"]


@pytest.mark.parametrize("file", SHIPPED["distribution"], ids=lambda file: file["name"])
def test_a_file_has_its_size_and_checksum(file: dict[str, str]) -> None:
    content = (DATA / file["contentUrl"]).read_bytes()
    assert file["contentSize"] == f"{len(content)} B"
    assert file["sha256"] == hashlib.sha256(content).hexdigest()


def test_models_and_draws_are_among_them_and_columns_are_those_of_the_file() -> None:
    names = {file["name"] for file in SHIPPED["distribution"]}
    assert {path.name for path in DATA.glob("embedded*")} <= names
    (records,) = SHIPPED["recordSet"]
    with (DATA / "cell_features.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    assert [field["name"] for field in records["field"]] == header
