"""Draws of the embedded table: named by their manifest, computed when asked for, refused when they are not whole."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import InvalidValueError, TableError, TableNotFoundError
from nhb2_plugins.table import embedded
from nhb2_plugins.table.checksums import digest_of_columns, sha256_of_file
from nhb2_plugins.table.draws import DrawSet, model_of_draw, save_draws
from nhb2_plugins.table.embedded import (
    DRAWS_FILE,
    MANIFEST_OF_DRAWS,
    MANIFEST_OF_MODEL,
    MODEL_FILE,
    embedded_draws,
    model_path,
    open_embedded,
    table_in_words,
)
from nhb2_plugins.table.synthesis import load_model, synthesize
from nhb2_plugins.table.writer import table_in_memory, write_table
from tests.core_fixtures import mini_columns, mini_provenance

N_DRAWS = 2


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model with two draws beside it."""
    directory = tmp_path_factory.mktemp("data")
    for name in (MODEL_FILE, MANIFEST_OF_MODEL):
        shutil.copy(model_path().with_name(name), directory)
    model = load_model(model_path())
    steps = np.random.default_rng(0).integers(-60, 61, size=(N_DRAWS, model.n_rows))
    save_draws(
        directory / DRAWS_FILE,
        DrawSet(
            error_step=np.full(model.n_rows, 3),
            cost_step=np.full(model.n_rows, 20),
            cost_kind=model.cost_kind,
            cost_spread=model.cost_spread,
            curve_kind=model.curve_kind[np.newaxis],
            curve_shape=model.curve_shape[np.newaxis],
            curve_noise=model.curve_noise[np.newaxis],
            damping=np.array([3_500]),
            expected_error_200=model.expected_error_200[np.newaxis],
            variant=np.zeros((N_DRAWS, 2), dtype=np.int64),
            error=steps,
            cost=-steps,
        ),
    )
    draws = []
    for draw in range(N_DRAWS):
        columns = synthesize(model_of_draw(directory / DRAWS_FILE, model, draw))
        table = table_in_memory(columns, open_embedded().provenance)
        draws.append(
            {
                "columns": {name: column.sha256 for name, column in table.manifest.columns.items()},
                "digest": digest_of_columns(table.manifest.columns),
                "assumptions": {"curves": ("crossing", "parallel")[draw]},
            }
        )
    content = {"sha256": sha256_of_file(directory / DRAWS_FILE), "draws": draws}
    (directory / MANIFEST_OF_DRAWS).write_text(json.dumps(content))
    return directory


@pytest.fixture
def shipped(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it in the place of what is shipped."""
    place = tmp_path / "data"
    shutil.copytree(directory, place)
    monkeypatch.setattr(embedded, "shipped_data_file", lambda name, what: place / name)
    return place


def test_a_draw_says_which_it_is_and_has_numbers_of_its_own(shipped: Path) -> None:
    assert embedded_draws() == N_DRAWS
    mean, one = open_embedded(), open_embedded(draw=1)
    assert one.provenance.label == f"embedded table, draw 1 of 2 ({one.provenance.digest[:8]})"
    assert one.provenance.digest != mean.provenance.digest
    assert "could be the real one" in one.provenance.note
    assert one.provenance.assumptions == {"curves": "parallel"}
    assert set(one.provenance.checksums) == {MODEL_FILE, DRAWS_FILE}
    assert (one.column("valid_acc")[-1] != mean.column("valid_acc")[-1]).mean() > 0.9
    sent = pickle.dumps(one)
    assert len(sent) < 10_000
    np.testing.assert_array_equal(pickle.loads(sent).column("valid_acc"), one.column("valid_acc"))


@pytest.mark.parametrize("draw", [-1, 2, True, 0.5])
def test_a_draw_that_is_not_there_is_refused(shipped: Path, draw: int) -> None:
    with pytest.raises(InvalidValueError, match="is not among the embedded table's draws 0 to 1"):
        open_benchmark(draw=draw)


def test_only_the_embedded_table_has_draws(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(tmp_path / "imported", mini_columns(), mini_provenance())
    with pytest.raises(InvalidValueError, match=r"draw 1: only the embedded table has draws, not the imported table"):
        open_benchmark(tmp_path / "imported", draw=1)
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "imported"))
    with pytest.raises(InvalidValueError, match="only the embedded table has draws"):
        open_benchmark(draw=1)


def test_draws_of_another_file_are_refused(shipped: Path) -> None:
    (shipped / DRAWS_FILE).write_bytes(b"another")
    with pytest.raises(TableError, match="is not the model that its table was made of"):
        open_embedded(draw=0).column("valid_acc")


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"sha256": 1, "draws": []}', '{"sha256": "", "draws": 2}'])
def test_a_damaged_manifest_of_draws_is_refused(shipped: Path, damage: str) -> None:
    (shipped / MANIFEST_OF_DRAWS).write_text(damage)
    with pytest.raises(TableError, match="install the package again"):
        embedded_draws()


def test_an_installation_without_draws_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MANIFEST_OF_DRAWS", "none.json")
    with pytest.raises(TableNotFoundError, match="draws of the embedded table are missing"):
        embedded_draws()


def test_a_record_s_table_is_named_with_its_draw() -> None:
    third = open_benchmark(draw=3).provenance.key
    assert table_in_words(third) == f"{third}, draw 3 of {embedded_draws()}"
    for key in (open_benchmark().provenance.key, "published:01234567", "anything"):
        assert table_in_words(key) == key
