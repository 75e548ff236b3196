"""The embedded table: a small committed model, whose columns are computed in memory when they are first asked for.

It is fitted to published records, not the published benchmark; ``data/DATASHEET.md`` says which columns are fitted and
which are assumed. Its manifest is committed beside the model: it names the numbers by their checksums, which a column
must have. Nothing is written: what another user may change is never believed, and no home directory is needed.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nhb2_plugins.errors import TableError
from nhb2_plugins.files import read_regular
from nhb2_plugins.table.location import shipped_data_file
from nhb2_plugins.table.schema import Manifest
from nhb2_plugins.table.store import Column, Table

if TYPE_CHECKING:
    from nhb2_plugins.table.synthesis import Expansion

MODEL_FILE: Final = "embedded.npz"
MANIFEST_OF_MODEL: Final = "embedded.json"


def model_path() -> Path:
    """The committed model: package data in an installed wheel, ``data/`` in a checkout.

    Raises:
        TableNotFoundError: neither is there.
    """
    return shipped_data_file(MODEL_FILE, what="the embedded table is")


def open_embedded() -> Table:
    """Open the embedded table.

    Raises:
        TableNotFoundError: it is missing from this installation.
        TableError: its manifest is damaged.
    """
    path = shipped_data_file(MANIFEST_OF_MODEL, what="the embedded table is")
    try:
        manifest = Manifest.from_json(read_regular(path).decode())
    except (OSError, UnicodeDecodeError, TableError) as error:
        raise TableError(f"{path}: {error}; install the package again") from error
    return Table(manifest, computed=_EmbeddedColumns(manifest.provenance.checksums.get(MODEL_FILE, "")))


class _EmbeddedColumns:
    """Columns of the model with a checksum; in another process those of the model that is installed there."""

    def __init__(self, sha256: str) -> None:
        self._sha256 = sha256

    def __call__(self, name: str) -> Column:
        return self._expansion.column(name)

    def __reduce__(self) -> tuple[type[_EmbeddedColumns], tuple[str]]:
        return _EmbeddedColumns, (self._sha256,)

    @cached_property
    def _expansion(self) -> Expansion:
        from nhb2_plugins.table.checksums import sha256_of_file  # opening must stay quick
        from nhb2_plugins.table.synthesis import Expansion, load_model

        path = model_path()
        if sha256_of_file(path) != self._sha256:
            raise TableError(f"{path} is not the model that its table was made of; install the package again")
        return Expansion(load_model(path))
