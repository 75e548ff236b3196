"""Mutated manifests of a real table: a TableError, or the right numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import TableError
from nhb2_plugins.table.schema import manifest_crc32
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import SEEDS, mini_benchmark, mini_columns, mini_provenance

INDICES = np.arange(0, 196_608, 4001)
RIGHT = {
    (epoch, seed): mini_benchmark().evaluate_many(INDICES, epoch, seed=seed) for epoch in (3, 12, 200) for seed in SEEDS
}
ALWAYS = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("fuzz") / "table"
    write_table(directory, mini_columns(), mini_provenance())
    (directory.parent / "outside.bin").write_bytes(bytes(18_432))
    return directory


@pytest.fixture(scope="module")
def manifest(table: Path) -> bytes:
    return (table / "manifest.json").read_bytes()


def answers_rightly_or_not_at_all(table: Path, text: bytes) -> None:
    (table / "manifest.json").write_bytes(text)
    try:
        bench = open_benchmark(table)
        found = {question: bench.evaluate_many(INDICES, question[0], seed=question[1]) for question in RIGHT}
    except TableError:
        return
    for question, (accuracy, cost) in RIGHT.items():
        assert np.array_equal(found[question][0], accuracy)
        assert np.array_equal(found[question][1], cost)


@ALWAYS
@given(data=st.data())
def test_mutated_bytes(table: Path, manifest: bytes, data: st.DataObject) -> None:
    text = bytearray(manifest)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(start + data.draw(st.integers(0, 20)), len(text))
        other = data.draw(st.integers(0, len(manifest)))
        mutation: Callable[[], bytes] = data.draw(
            st.sampled_from(
                [
                    lambda: b"",  # cut out
                    lambda end=end, other=other: manifest[other : other + 20],  # copied from elsewhere
                    lambda start=start, end=end: bytes(text[start:end]) * 2,  # doubled
                    lambda: data.draw(st.binary(max_size=8)),
                ]
            )
        )
        text[start:end] = mutation()
    answers_rightly_or_not_at_all(table, bytes(text))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def drawn_place(manifest: bytes, data: st.DataObject) -> tuple[dict[str, Any], Any, Any]:
    """A manifest's payload, and a container in it with the key of one of its values."""
    payload = json.loads(manifest)
    *parents, last = data.draw(st.sampled_from(places(payload)[1:]))
    target = payload
    for key in parents:
        target = target[key]
    return payload, target, last


@ALWAYS
@given(data=st.data(), value=JSON)
def test_any_value_in_any_place_without_its_checksum(
    table: Path, manifest: bytes, data: st.DataObject, value: Any
) -> None:
    payload, target, last = drawn_place(manifest, data)
    target[last] = value
    answers_rightly_or_not_at_all(table, json.dumps(payload).encode())


@ALWAYS
@given(data=st.data(), value=JSON)
def test_a_forged_manifest_stays_within_its_table(
    table: Path, manifest: bytes, data: st.DataObject, value: Any
) -> None:
    """With a checksum that fits, a manifest may lie about numbers, but not read elsewhere or break differently."""
    payload, target, last = drawn_place(manifest, data)
    outside = st.sampled_from(["../outside.bin", str(table.parent / "outside.bin"), "manifest.json", "valid_acc.bin"])
    target[last] = data.draw(outside) if data.draw(st.booleans()) else value
    payload["crc32"] = manifest_crc32(payload)
    (table / "manifest.json").write_text(json.dumps(payload))
    try:
        bench = open_benchmark(table)
        accuracy, cost = bench.evaluate_many(INDICES)
    except TableError:
        return
    assert accuracy.shape == cost.shape == INDICES.shape
    assert accuracy.all()  # the file outside holds zeros
