from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.errors import InvalidValueError, TableError
from nhb2_plugins.table.schema import KINDS, ColumnEntry, Manifest, column_dtype, column_shapes
from tests.core_fixtures import mini_provenance, mini_table

MANIFEST = mini_table().manifest
UNKNOWN_COLUMN = {"file": "extra.bin", "dtype": "O", "shape": [1], "n_bytes": 8, "sha256": "0" * 64}


def test_columns_of_the_published_size() -> None:
    shapes = column_shapes(n_seeds=3, n_classes=1011)
    assert shapes == {
        **{
            f"{split}_{quantity}": (12, 3, 48_528)
            for quantity in ("acc", "time")
            for split in ("train", "valid", "test")
        },
        "total_train_time": (3, 48_528),
        "total_trainval_time": (3, 48_528),
        "total_test_time": (3, 48_528),
        "expected_acc_200": (48_528,),
        "class_of_cell": (4096,),
    }
    assert {name: column_dtype(name) for name in shapes} == {**dict.fromkeys(shapes, "<f8"), "class_of_cell": "<i8"}


def test_a_manifest_round_trips() -> None:
    text = MANIFEST.to_json()
    assert Manifest.from_json(text) == MANIFEST
    assert Manifest.from_json(text).to_json() == text
    assert json.loads(text)["format"] == "nhb2-table"
    assert pickle.loads(pickle.dumps(MANIFEST)) == MANIFEST


@given(
    st.sampled_from(KINDS),
    st.text(),
    st.text(),
    st.sets(st.integers(-(2**70), 2**70), min_size=2, max_size=2),
    st.dictionaries(st.text(), st.text()),
)
def test_any_provenance_round_trips(
    kind: Any, source: str, note: str, seeds: set[int], checksums: dict[str, str]
) -> None:
    provenance = mini_provenance(kind=kind, source=source, note=note, seeds=sorted(seeds), checksums=checksums)
    manifest = replace(MANIFEST, provenance=provenance)
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_a_draw_is_in_the_label_and_round_trips() -> None:
    provenance = replace(MANIFEST.provenance, draw=(3, 27))
    assert f"table, draw 3 of 27 ({provenance.digest[:8]})" in provenance.label
    assert provenance.key == MANIFEST.provenance.key
    drawn = replace(MANIFEST, provenance=provenance)
    assert Manifest.from_json(drawn.to_json()) == drawn
    assert '"draw"' not in MANIFEST.to_json()


@pytest.mark.parametrize("draw", [(3, 3), (-1, 3), (0,), (0, 1, 2), (0.5, 3)])
def test_a_draw_that_is_none_is_refused(draw: Any) -> None:
    with pytest.raises(InvalidValueError, match="is not one of a number of draws"):
        replace(MANIFEST.provenance, draw=draw)


def test_assumptions_round_trip_and_are_names() -> None:
    provenance = replace(MANIFEST.provenance, assumptions={"curves": "crossing"})
    assumed = replace(MANIFEST, provenance=provenance)
    assert Manifest.from_json(assumed.to_json()) == assumed
    assert '"assumptions"' not in MANIFEST.to_json()


@pytest.mark.parametrize("assumptions", [5, None, "x", [["a", "b"]], {"curves": 1}, {1: "crossing"}])
def test_assumptions_that_are_none_are_refused(assumptions: Any) -> None:
    with pytest.raises(InvalidValueError, match="are not variants by their name"):
        replace(MANIFEST.provenance, assumptions=assumptions)


def test_provenance_takes_numpy_seeds_and_keeps_built_in_ones() -> None:
    provenance = mini_provenance(seeds=np.array([222, 555, 888]))
    assert provenance.seeds == (222, 555, 888)
    assert {type(seed) for seed in provenance.seeds} == {int}
    assert hash(provenance) == hash(mini_provenance(seeds=(222, 555, 888)))


@pytest.mark.parametrize("seeds", [(), (555, 222), (222, 222), ("222",), (222.0,), None, 222])
def test_seeds_that_are_not_ascending_integers_are_named(seeds: Any) -> None:
    with pytest.raises(InvalidValueError, match="are not integers in ascending order") as refusal:
        mini_provenance(seeds=seeds)
    assert repr(seeds) in str(refusal.value)


def test_an_unknown_kind_is_named_with_the_allowed_ones() -> None:
    with pytest.raises(InvalidValueError, match=r"kind of table 'publshed' is not one of .*did you mean 'published'"):
        mini_provenance(kind="publshed")


def test_a_label_names_the_kind_and_the_digest() -> None:
    assert mini_provenance(kind="embedded", digest="1a2b3c4d5e6f").label == "embedded table (1a2b3c4d)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not one of an nhb2-table"),
        ("null", "is not one of an nhb2-table"),
        ('{"format": "other"}', "is not one of an nhb2-table"),
        ('{"format": "nhb2-table"}', "schema version None; this version of nhb2-plugins reads 1"),
        ('{"format": "nhb2-table", "schema_version": 2}', "schema version 2; this version of nhb2-plugins reads 1"),
        ('{"format": "nhb2-table", "schema_version": "1"}', "schema version '1'"),
        ('{"format": "nhb2-table", "schema_version": 1}', "is damaged: KeyError: 'provenance'"),
    ],
)
def test_what_is_no_manifest_is_refused(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        Manifest.from_json(text)


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(payload: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            payload = payload[parent]
        payload[last] = value

    return change


def _delete(path: str) -> Callable[[dict[str, Any]], None]:
    def change(payload: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            payload = payload[parent]
        del payload[last]

    return change


DAMAGE = [
    (_delete("columns/valid_acc"), "column 'valid_acc' is missing"),
    (_set("columns", []), "AttributeError"),
    (_set("columns/valid_acc", None), "TypeError"),
    (_set("columns/valid_acc", []), "TypeError"),
    (_delete("columns/valid_acc/sha256"), "sha256"),
    (_set("columns/valid_acc/colour", 1), "colour"),
    *(
        (_set("columns/valid_acc/file", name), "names a file outside its table")
        for name in ("", ".", "..", "../x.bin", "/etc/passwd", "a/b", "a\\b", "C:x", "x\0", "x\n", 5, None, ["x"])
    ),
    *((_set("columns/valid_acc/dtype", dtype), "dtype") for dtype in ("O", ">f8", "<i8", "f", 8, None, ["<f8"])),
    *(
        (_set("columns/valid_acc/shape", shape), "shape|TypeError")
        for shape in ([], [12, 2, 95], [12, 2, -96], [12.0, 2, 96], [True, 2, 96], "abc", None, [10**30] * 3, [[12]])
    ),
    *((_set("columns/valid_acc/n_bytes", n), "bytes") for n in (-1, 0, 18431, 18432.0, 10**30, "18432", None, True)),
    *((_set("columns/valid_acc/sha256", text), "SHA-256") for text in ("", "0" * 63, "g" * 64, 5, None)),
    *((_set("n_classes", n), "n_classes") for n in (0, -1, 4097, 10**400, 2.0, float("inf"), float("nan"), "2", True)),
    (_set("n_classes", 3), r"column 'train_acc' has shape .*, expected \(12, 2, 144\)"),
    (_set("provenance", None), "TypeError"),
    (_set("provenance/kind", "official"), "kind of table 'official'"),
    (_set("provenance/kind", ["published"]), "kind of table"),
    *((_set("provenance/seeds", seeds), "seed|TypeError|type") for seeds in ([], [1, 1], "12", [2.5, 3.5], 5, [None])),
    (_set("provenance/seeds", [1, 2, 3]), "expected"),
    (_set("provenance/source", {"a": 1}), "wrong type"),
    (_set("provenance/digest", 7), "wrong type"),
    (_set("provenance/checksums", ["a"]), "AttributeError"),
    (_set("provenance/checksums", {"a": 1}), "wrong type"),
    (_delete("provenance/note"), "note"),
    (_set("provenance/unknown", 1), "unknown"),
    (
        _set("columns/extra", {"file": "extra.bin", "dtype": "O", "shape": [1], "n_bytes": 8, "sha256": "0" * 64}),
        "dtype",
    ),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGE)
def test_damage_is_named(damage: Callable[[dict[str, Any]], None], message: str) -> None:
    payload = json.loads(MANIFEST.to_json())
    damage(payload)
    with pytest.raises(TableError, match="the manifest is damaged") as refusal:
        Manifest.from_json(json.dumps(payload))
    assert refusal.match(message)
    assert len(str(refusal.value)) < 600, "a hostile manifest must not choose how long a message is"


@pytest.mark.parametrize(
    "change",
    [
        _set("provenance/seeds", [222, 556]),
        _set("provenance/kind", "published"),
        _set("provenance/note", ""),
        _set("columns/valid_acc/file", "test_acc.bin"),
        _set("crc32", 1),
        _set("crc32", None),
        _delete("crc32"),
    ],
)
def test_a_changed_field_that_looks_sound_is_found(change: Callable[[dict[str, Any]], None]) -> None:
    payload = json.loads(replace(MANIFEST, provenance=mini_provenance(note="a note")).to_json())
    change(payload)
    with pytest.raises(TableError, match="do not have the recorded checksum"):
        Manifest.from_json(json.dumps(payload))


def test_any_flipped_bit_is_found() -> None:
    text = MANIFEST.to_json().encode()
    for position in range(len(text)):
        for bit in (0, 3, 5, 6):
            spoiled = text[:position] + bytes([text[position] ^ 1 << bit]) + text[position + 1 :]
            try:
                assert Manifest.from_json(spoiled.decode("ascii")) == MANIFEST, "whitespace alone may change"
            except TableError:
                continue


def test_a_column_that_this_version_does_not_know_is_kept() -> None:
    extra = ColumnEntry("extra.bin", "<f8", (4,), 32, "0" * 64)
    extended = replace(MANIFEST, columns={**MANIFEST.columns, "extra": extra})
    assert Manifest.from_json(extended.to_json()) == extended


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.data(), _JSON)
def test_any_value_in_any_place_is_a_table_or_a_table_error(data: st.DataObject, value: Any) -> None:
    payload = json.loads(MANIFEST.to_json())
    place = payload
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    try:
        found = Manifest.from_json(json.dumps(payload))
    except TableError:
        return
    assert all("/" not in entry.file for entry in found.columns.values())


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_refused_as_a_table_error(text: str) -> None:
    with pytest.raises(TableError):
        Manifest.from_json(text)
