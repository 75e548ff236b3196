from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.errors import TableError
from nhb2_plugins.table.checksums import digest_of_columns, sha256_of_file
from nhb2_plugins.table.embedded import open_embedded
from nhb2_plugins.table.schema import ColumnEntry
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.verification import check_table, verify_table
from nhb2_plugins.table.writer import table_in_memory, write_table
from nhb2_plugins.testing.benchmarks import SEEDS, generated_columns
from tests.core_fixtures import mini_columns, mini_provenance, mini_table


def test_the_digest_is_of_names_and_checksums_in_order_of_names() -> None:
    table = mini_table()
    entries = table.manifest.columns
    assert digest_of_columns(dict(reversed(entries.items()))) == digest_of_columns(entries) == table.provenance.digest
    one: dict[str, ColumnEntry] = {"a": replace(entries["valid_acc"], sha256="1f")}
    assert digest_of_columns(one) == hashlib.sha256(b"a 1f\n").hexdigest()


def test_a_sound_table_is_opened(tmp_path: Path) -> None:
    written = write_table(tmp_path / "table", mini_columns(), mini_provenance())
    assert verify_table(tmp_path / "table").provenance == written.provenance
    check_table(mini_table())


def test_a_flipped_bit_names_the_column_the_place_and_both_checksums(tmp_path: Path) -> None:
    table = write_table(tmp_path / "table", mini_columns(), mini_provenance())
    path = tmp_path / "table" / table.manifest.columns["valid_time"].file
    recorded = sha256_of_file(path)
    assert recorded == hashlib.sha256(path.read_bytes()).hexdigest()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    found = hashlib.sha256(content).hexdigest()
    message = (
        f"column 'valid_time' in {tmp_path / 'table'} is damaged: SHA-256 {found[:16]}…, recorded {recorded[:16]}…"
    )
    with pytest.raises(TableError) as refusal:
        verify_table(tmp_path / "table")
    assert str(refusal.value) == message


def test_a_column_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    table = write_table(tmp_path / "table", mini_columns(), mini_provenance())
    (tmp_path / "table" / table.manifest.columns["test_acc"].file).unlink()
    with pytest.raises(TableError, match=r"column 'test_acc' in .*table cannot be read: .*No such file"):
        check_table(table)


def test_a_manifest_with_another_s_digest_is_damaged() -> None:
    table = mini_table()
    other = replace(table.manifest, provenance=replace(table.provenance, digest="0" * 64))
    with pytest.raises(TableError, match="the manifest in memory is damaged: its digest does not match its checksums"):
        check_table(Table(other, _columns={name: table.column(name) for name in table.manifest.columns}))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("published", "the table in memory calls itself published and does not reproduce the public records"),
        ("embedded", "the table in memory calls itself embedded and is not the one of this version"),
    ],
)
def test_a_table_is_not_what_it_only_calls_itself(kind: str, message: str) -> None:
    """Every class, so that the public records' rows are there."""
    table = table_in_memory(generated_columns(0), mini_provenance(kind=kind, seeds=SEEDS))
    with pytest.raises(TableError, match=message):
        check_table(table)


def test_the_embedded_table_is_what_it_calls_itself() -> None:
    check_table(open_embedded())
