"""The embedded table: computed in memory from its model, known by its manifest, and nothing is written."""

from __future__ import annotations

import json
import pickle
import pwd
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.errors import NoHomeError, TableError
from nhb2_plugins.space import Configuration
from nhb2_plugins.table import embedded
from nhb2_plugins.table.checksums import digest_of_columns, sha256_of_file
from nhb2_plugins.table.embedded import MODEL_FILE, model_path, open_embedded
from nhb2_plugins.table.location import user_table_directory
from nhb2_plugins.table.schema import column_shapes
from nhb2_plugins.table.verification import check_table

DIGEST = "1c809ea5"
"""The first digits of the table that `data/build_embedded.py` made; release 0.1 had 6b73c44b."""


def test_every_column_is_the_recorded_one() -> None:
    table = open_embedded()
    check_table(table)
    assert set(table.manifest.columns) == set(column_shapes(3, 1011))
    assert table.provenance.key == f"embedded:{DIGEST}"
    assert table.provenance.digest == digest_of_columns(table.manifest.columns)
    assert table.provenance.checksums == {MODEL_FILE: sha256_of_file(model_path())}
    assert not table.column("valid_acc").flags.writeable


def test_opening_computes_nothing_and_an_answer_only_what_it_needs() -> None:
    table = open_embedded()
    assert table._columns == {}
    Benchmark(table).evaluate(Configuration("0|10|210", 0.1, 256))
    assert set(table._columns) == {"valid_acc", "total_trainval_time", "class_of_cell"}


def test_a_process_that_receives_it_computes_it_anew() -> None:
    bench = Benchmark(open_embedded())
    expected = bench.evaluate_many([0, 99_999, 196_607])
    sent = pickle.dumps(bench)
    assert len(sent) < 10_000
    received = pickle.loads(sent)
    assert received.provenance == bench.provenance
    np.testing.assert_array_equal(received.evaluate_many([0, 99_999, 196_607]), expected)


def test_it_is_refused_by_a_process_with_another_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = pickle.dumps(open_embedded())
    (tmp_path / MODEL_FILE).write_bytes(b"another")
    monkeypatch.setattr(embedded, "model_path", lambda: tmp_path / MODEL_FILE)
    with pytest.raises(TableError, match="is not the model that its table was made of"):
        pickle.loads(sent).column("valid_acc")


def test_a_column_that_is_not_the_recorded_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    table = open_embedded()
    assert table.computed is not None
    wrong = table.computed("valid_acc")
    wrong[11, 0, 0] += 0.004
    monkeypatch.setitem(table.__dict__, "computed", lambda _: wrong)
    with pytest.raises(TableError, match="column 'valid_acc' in memory is damaged: its SHA-256"):
        table.column("valid_acc")


@pytest.mark.parametrize("damage", ["", "[", "{}", '{"format": "nhb2-table", "schema_version": 1}'])
def test_a_damaged_manifest_is_refused(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "embedded.json").write_text(damage)
    monkeypatch.setattr(embedded, "shipped_data_file", lambda name, what: tmp_path / name)
    with pytest.raises(TableError, match=r"embedded\.json: .*; install the package again"):
        open_embedded()


def test_an_edited_manifest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.loads(model_path().with_suffix(".json").read_text())
    content["provenance"]["kind"] = "published"
    (tmp_path / "embedded.json").write_text(json.dumps(content))
    monkeypatch.setattr(embedded, "shipped_data_file", lambda name, what: tmp_path / name)
    with pytest.raises(TableError, match="recorded checksum"):
        open_embedded()


def test_nothing_is_written_and_no_cache_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Release 0.1 took whatever lay at this place, whoever had put it there."""
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    bench = open_benchmark()
    bench.evaluate(Configuration("0|10|210", 0.1, 256))
    assert (bench.table.directory, list(tmp_path.iterdir())) == (None, [])


def test_a_user_without_a_home_directory_gets_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that is run with ``--user 4321``: no ``$HOME``, and no entry for the user."""
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    answer = open_benchmark().evaluate(Configuration("0|10|210", 0.1, 256))
    assert answer.cost_s == pytest.approx(open_benchmark().curve(Configuration("0|10|210", 0.1, 256)).cost_s[-1])
    with pytest.raises(NoHomeError, match=r"no home directory: set \$HOME or \$XDG_DATA_HOME, or name a directory"):
        user_table_directory()
