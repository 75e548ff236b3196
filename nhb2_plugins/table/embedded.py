"""The embedded table: a small committed model, whose columns are computed in memory when they are first asked for.

It is fitted to published records, not the published benchmark; ``data/DATASHEET.md`` says which columns are fitted and
which are assumed. Its manifest is committed beside the model: it names the numbers by their checksums, which a column
must have. Nothing is written: what another user may change is never believed, and no home directory is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nhb2_plugins.errors import InvalidValueError, TableError
from nhb2_plugins.files import read_regular
from nhb2_plugins.table.location import shipped_data_file
from nhb2_plugins.table.schema import Manifest
from nhb2_plugins.table.store import Column, Table

if TYPE_CHECKING:
    from nhb2_plugins.table.synthesis import Expansion

MODEL_FILE: Final = "embedded.npz"
MANIFEST_OF_MODEL: Final = "embedded.json"
DRAWS_FILE: Final = "embedded_draws.npz"
MANIFEST_OF_DRAWS: Final = "embedded_draws.json"


def model_path() -> Path:
    """The committed model: package data in an installed wheel, ``data/`` in a checkout.

    Raises:
        TableNotFoundError: neither is there.
    """
    return shipped_data_file(MODEL_FILE, what="the embedded table is")


def open_embedded(draw: int | None = None) -> Table:
    """Open the embedded table.

    Args:
        draw: one of the tables that could be the real one, 0 … :func:`embedded_draws` − 1; None for their mean.

    Raises:
        InvalidValueError: there is no such draw.
        TableNotFoundError: it is missing from this installation.
        TableError: its manifest is damaged.
    """
    manifest = _manifest()
    if draw is not None:
        manifest = _manifest_of_draw(manifest, draw)
    checksums = manifest.provenance.checksums
    files = (MODEL_FILE,) if draw is None else (MODEL_FILE, DRAWS_FILE)
    return Table(manifest, computed=_EmbeddedColumns(tuple((name, checksums.get(name, "")) for name in files), draw))


def embedded_draws() -> int:
    """How many tables that could be the real one come with the embedded table.

    Raises:
        TableNotFoundError: they are missing from this installation.
        TableError: their manifest is damaged.
    """
    return len(_draws_manifest()["draws"])


def table_in_words(key: str) -> str:
    """What a record says of its table, with the draw's number where it is one of the embedded table's.

    Args:
        key: as :attr:`~nhb2_plugins.table.schema.Provenance.key`, for example ``embedded:1a2b3c4d``.
    """
    draw = _draw_of_key().get(key)
    return key if draw is None else f"{key}, draw {draw} of {embedded_draws()}"


@lru_cache(maxsize=1)
def _draw_of_key() -> dict[str, int]:
    return {f"embedded:{entry['digest'][:8]}": draw for draw, entry in enumerate(_draws_manifest()["draws"])}


def _manifest() -> Manifest:
    path = shipped_data_file(MANIFEST_OF_MODEL, what="the embedded table is")
    try:
        return Manifest.from_json(read_regular(path).decode())
    except (OSError, UnicodeDecodeError, TableError) as error:
        raise TableError(f"{path}: {error}; install the package again") from error


def _draws_manifest() -> dict[str, Any]:
    """SHA-256 of the draws' file, and for each draw the checksums of its columns and what is assumed in it."""
    path = shipped_data_file(MANIFEST_OF_DRAWS, what="draws of the embedded table are")
    try:
        content = json.loads(read_regular(path).decode())
        if not isinstance(content["sha256"], str) or not isinstance(content["draws"], list):
            raise TypeError("not a text and a list")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path}: {type(error).__name__}: {error}; install the package again") from error
    return dict(content)


def _manifest_of_draw(mean: Manifest, draw: int) -> Manifest:
    content = _draws_manifest()
    n_draws = len(content["draws"])
    if type(draw) is not int or not 0 <= draw < n_draws:
        raise InvalidValueError(f"draw {draw!r:.80} is not among the embedded table's draws 0 to {n_draws - 1}")
    return manifest_of_draw(mean, content["draws"][draw], (draw, n_draws), content["sha256"])


def manifest_of_draw(mean: Manifest, entry: Mapping[str, Any], draw: tuple[int, int], sha256: str) -> Manifest:
    """The manifest of a draw: the mean's, with other numbers.

    Args:
        mean: the manifest of the mean.
        entry: ``columns``, the SHA-256 of each of its columns by name; ``digest``, that of the whole; and
            ``assumptions``, which variants it has.
        draw: which of how many.
        sha256: of the draws' file.
    """
    columns = {name: replace(column, sha256=entry["columns"][name]) for name, column in mean.columns.items()}
    provenance = replace(
        mean.provenance,
        note="one of the tables that could be the real one, good for seeing whether a verdict holds in all; its "
        "numbers are not the published benchmark's",
        checksums={**mean.provenance.checksums, DRAWS_FILE: sha256},
        digest=entry["digest"],
        draw=draw,
        assumptions=entry["assumptions"],
    )
    return replace(mean, provenance=provenance, columns=columns)


class _EmbeddedColumns:
    """Columns of the model with a checksum; in another process those of the model that is installed there."""

    def __init__(self, checksums: tuple[tuple[str, str], ...], draw: int | None) -> None:
        self._checksums = checksums
        self._draw = draw

    def __call__(self, name: str) -> Column:
        return self._expansion.column(name)

    def __reduce__(self) -> tuple[type[_EmbeddedColumns], tuple[tuple[tuple[str, str], ...], int | None]]:
        return _EmbeddedColumns, (self._checksums, self._draw)

    @cached_property
    def _expansion(self) -> Expansion:
        from nhb2_plugins.table.checksums import sha256_of_file  # opening must stay quick
        from nhb2_plugins.table.synthesis import Expansion, load_model

        for name, sha256 in self._checksums:
            path = model_path().with_name(name)
            if sha256_of_file(path) != sha256:
                raise TableError(f"{path} is not the model that its table was made of; install the package again")
        model = load_model(model_path())
        if self._draw is not None:
            from nhb2_plugins.table.draws import model_of_draw

            model = model_of_draw(model_path().with_name(DRAWS_FILE), model, self._draw)
        return Expansion(model)
