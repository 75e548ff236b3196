"""What fuzzing found once."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from nhb2_plugins.errors import TableError
from nhb2_plugins.table.reference.sources import read_sources


def test_zip_member_without_a_name(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", b"")
    named = file.getvalue()
    position = named.rindex(b"PK\x01\x02")
    nameless = bytearray(named[: position + 46] + named[position + 47 :])
    nameless[position + 28] = 0  # the length of the name in the archive's directory
    end = nameless.rindex(b"PK\x05\x06")
    nameless[end + 12] -= 1  # the length of the directory
    (tmp_path / "x.zip").write_bytes(nameless)
    # Python before 3.13 stumbles over such a member; later ones read it, and no published pickle is found.
    with pytest.raises(TableError, match=r"is not a readable archive|lacks bench12\.pkl"):
        read_sources(tmp_path / "x.zip")
