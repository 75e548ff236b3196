"""Writes croissant.json: Croissant metadata of the shipped files, the embedded table's model, its draws and features.

    pip install .
    python data/build_croissant.py

What the models expand to, with a record set of every number, is described by an export (``nhb2 data export``).
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any, Final

from nhb2_plugins.table.checksums import sha256_of_file
from nhb2_plugins.table.croissant import DescribedFile, croissant
from nhb2_plugins.table.schema import Manifest

HERE: Final = Path(__file__).parent
OUTPUT: Final = HERE / "croissant.json"
FILES: Final = {
    "model": "embedded.npz",
    "manifest": "embedded.json",
    "draws": "embedded_draws.npz",
    "digests-of-draws": "embedded_draws.json",
    "cell-features": "cell_features.csv",
}
"""By the name that records get: the shipped table's fit, and what it was made with."""
_MEDIA_TYPES: Final = {".npz": "application/zip", ".json": "application/json", ".csv": "text/csv"}


def metadata() -> dict[str, Any]:
    """The metadata of the files as they are."""
    files = {label: _described(HERE / name) for label, name in FILES.items()}
    manifest = Manifest.from_json((HERE / FILES["manifest"]).read_text(encoding="utf-8"))
    return croissant(manifest.provenance, "nhb2-embedded", files)


def _described(path: Path) -> DescribedFile:
    columns = _columns(path) if path.suffix == ".csv" else {}
    return DescribedFile(path.name, _MEDIA_TYPES[path.suffix], path.stat().st_size, sha256_of_file(path), columns)


def _columns(path: Path) -> dict[str, str]:
    with path.open(newline="", encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    return {name: "sc:Text" if name.endswith("_code") else "sc:Float" for name in first}


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    OUTPUT.write_text(json.dumps(metadata(), indent=1) + "\n", encoding="utf-8")
