"""Checksums, against those that everybody else computes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nhb2_plugins.table.checksums import digest_of_columns, sha256_of_file
from nhb2_plugins.table.schema import ColumnEntry

OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def entry(checksum: str) -> ColumnEntry:
    return ColumnEntry("x.bin", "<f8", (1,), 8, checksum)


def test_a_file_s_checksum_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "abc") == OF_ABC


def test_a_digest_is_over_names_and_checksums_in_the_order_of_the_names() -> None:
    columns = {"b": entry("1" * 64), "a": entry("2" * 64)}
    expected = hashlib.sha256(f"a {'2' * 64}\nb {'1' * 64}\n".encode()).hexdigest()
    assert digest_of_columns(columns) == digest_of_columns(dict(sorted(columns.items()))) == expected
    assert digest_of_columns({"a": columns["b"], "b": columns["a"]}) != expected
