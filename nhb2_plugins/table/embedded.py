"""The embedded table: a small committed model, expanded into the user's cache at the first open.

It is fitted to published records, not the published benchmark; ``data/DATASHEET.md`` says which columns are fitted and
which are assumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from nhb2_plugins.errors import TableError
from nhb2_plugins.table.location import cache_directory, shipped_data_file
from nhb2_plugins.table.schema import SCHEMA_VERSION, Provenance
from nhb2_plugins.table.store import Table, open_table

MODEL_FILE: Final = "embedded.npz"
EXPANSION: Final = 1
"""Number of the expansion's form: one more whenever a release makes other bytes of the same model."""
_CHECKSUM_SUFFIX: Final = ".sha256"


def model_path() -> Path:
    """The committed model: package data in an installed wheel, ``data/`` in a checkout.

    Raises:
        TableNotFoundError: neither is there.
    """
    return shipped_data_file(MODEL_FILE, what="the embedded table is")


def recorded_checksum(model: Path) -> str:
    """SHA-256 of the model as it was built, in hexadecimal.

    Raises:
        TableError: it is missing, or no checksum.
    """
    path = model.with_suffix(_CHECKSUM_SUFFIX)
    try:
        recorded = path.read_text(encoding="ascii").split()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise TableError(f"{path} holds no checksum of {MODEL_FILE}; install the package again") from error
    if len(recorded) != 64 or not set(recorded) <= set("0123456789abcdef"):
        raise TableError(f"{path} holds no SHA-256 but {recorded!r:.80}; install the package again")
    return recorded


def open_embedded() -> Table:
    """Open the embedded table, expanding it first where the cache does not hold it.

    Where the cache cannot be written, the table is expanded in memory (seconds, and some 100 MB, for this process).
    """
    model = model_path()
    directory = expanded_directory(model)
    try:
        return open_table(directory)
    except TableError:
        return _expand(model, directory)


def expanded_directory(model: Path) -> Path:
    """Where the cache holds what the model expands to: by its content, and by what this release makes of it."""
    # The checksum is committed beside the model: computing it would take as long as all the rest of opening.
    key = f"{recorded_checksum(model)[:16]}-{SCHEMA_VERSION}-{EXPANSION}"
    return cache_directory() / f"embedded-{key}"


def _expand(model: Path, directory: Path) -> Table:
    # Needed once; opening must stay quick.
    from nhb2_plugins.table.checksums import sha256_of_file
    from nhb2_plugins.table.synthesis import load_model, synthesize
    from nhb2_plugins.table.writer import table_in_memory, write_table

    checksum = sha256_of_file(model)
    if checksum != recorded_checksum(model):
        raise TableError(f"{model} is damaged: its SHA-256 is not the one recorded beside it; install it again")
    content = load_model(model)
    columns = synthesize(content)
    provenance = Provenance(
        kind="embedded",
        source="fitted to published records of NAS-HPO-Bench-II; see data/DATASHEET.md",
        created=content.created,
        seeds=content.seeds,
        note="a fitted table: its numbers are not the published benchmark's",
        checksums={MODEL_FILE: checksum},
    )
    try:
        return write_table(directory, columns, provenance, overwrite=True)
    except TableError:
        try:
            return open_table(directory)  # another process was quicker
        except TableError:
            return table_in_memory(columns, provenance)
