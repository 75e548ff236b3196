"""Coverage-guided fuzzing of what reads files from the internet and from disk.

    pip install . atheris pytest hypothesis
    python benchmarks/fuzz/fuzz.py manifest|pickle|archive|import [libFuzzer's options, such as -max_total_time=600]

Whatever the bytes, the outcome is a result or one of this package's errors: no other exception, nothing executed, no
file written but the table's own, memory within ``-rss_limit_mb``. A manifest besides answers right or not at all. An
input that breaks this is kept as ``crash-…``; every run starts from sound files, which it makes.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import shutil
import sys
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import atheris
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
with atheris.instrument_imports(include=["nhb2_plugins.table"]):
    from nhb2_plugins.benchmark import open_benchmark
    from nhb2_plugins.errors import ImportRefusedError, TableError
    from nhb2_plugins.table.reference.importer import import_published
    from nhb2_plugins.table.reference.sources import PUBLISHED_FILES, read_sources
    from nhb2_plugins.table.schema import manifest_crc32
    from nhb2_plugins.table.unpickle.reader import unpickle
    from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import SEEDS, mini_columns, mini_provenance
from tests.support.mini_pickles import mini_contents

_MEMORY: Final = Path("/dev/shm")
WORK: Final = (
    _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
) / f"nhb2-fuzz-{'-'.join(sys.argv[1:2])}"
shutil.rmtree(WORK, ignore_errors=True)  # libFuzzer ends the process at once: the next run clears what this one leaves
WORK.mkdir()
FORBIDDEN: Final = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess",
    "socket",
    "ctypes",
    "shutil.unpack",
)
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_watched = False


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop where a target does what no reader of plain data does."""
    if not _watched:
        return
    if event.startswith(FORBIDDEN):
        os.write(2, f"a target reached {event} {arguments!r}\n".encode())
        os.abort()
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
        path = os.path.realpath(os.fsdecode(arguments[0])) if not isinstance(arguments[0], int) else ""
        if path and not path.startswith(f"{WORK}/"):
            os.write(2, f"a target writes {path}\n".encode())
            os.abort()


def watched(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """A target under the watch."""

    def run(data: bytes) -> None:
        global _watched
        _watched = True
        try:
            target(data)
        finally:
            _watched = False

    return run


# -- targets


def fuzz_pickle(data: bytes) -> None:
    """The input is a pickle."""
    try:
        unpickle(data, "x.pkl")
    except ImportRefusedError:
        return


def fuzz_archive(data: bytes) -> None:
    """The input is an archive."""
    path = WORK / "archive"
    path.write_bytes(data)
    try:
        contents = read_sources(path)
    except TableError:
        return
    assert set(contents) == set(PUBLISHED_FILES)


def fuzz_import(data: bytes) -> None:
    """One of the three pickles is the input; its first byte says which."""
    names = sorted(PUBLISHED_FILES)
    spoiled = names[data[0] % 3] if data else names[0]
    directory, table = WORK / "pickles", WORK / "tables" / "table"
    for name, content in SOUND_PICKLES.items():
        (directory / name).write_bytes(data[1:] if name == spoiled else content)
    try:
        imported = import_published(directory, table, overwrite=True)
    except TableError:
        return
    finally:
        assert {path.name for path in table.parent.iterdir()} <= {"table"}
    assert all(np.isfinite(imported.column(name)).all() for name in imported.manifest.columns)
    assert imported.provenance.kind == "imported"


def fuzz_manifest(data: bytes) -> None:
    """The input is the manifest of a table."""
    (MANIFEST_TABLE / "manifest.json").write_bytes(data)
    try:
        bench = open_benchmark(MANIFEST_TABLE)
        found = [bench.evaluate_many(INDICES, epoch, seed=seed) for epoch, seed in QUESTIONS]
    except TableError:
        return
    for (accuracy, cost), (right_accuracy, right_cost) in zip(found, RIGHT, strict=True):
        assert np.array_equal(accuracy, right_accuracy)
        assert np.array_equal(cost, right_cost)


# -- sound inputs


def small_contents() -> dict[str, Any]:
    """The three files cut down, for reach; the ``import`` target has whole ones."""
    return {
        name: {key: dict(list(column.items())[:6]) for key, column in list(content.items())[:4]}
        for name, content in mini_contents().items()
    }


def pickle_seeds() -> Iterator[bytes]:
    """Pickles of every protocol."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for content in small_contents().values():
            yield pickle.dumps(content, protocol)
        yield pickle.dumps({(1, "a"): np.float64(0.5), "b": [np.int32(3), np.str_("x"), b"y", None, 2**70]}, protocol)


def archive_seeds() -> Iterator[bytes]:
    """Archives of every kind."""
    members = {f"data/{name}": pickle.dumps(content, 4) for name, content in small_contents().items()}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        yield file.getvalue()
    for mode in ("w", "w:gz", "w:bz2", "w:xz"):
        for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            file = io.BytesIO()
            with tarfile.open(fileobj=file, mode=mode, format=form) as tar:
                for name, content in members.items():
                    entry = tarfile.TarInfo(name)
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
            yield file.getvalue()


def import_seeds() -> Iterator[bytes]:
    """Each of the published files, whole."""
    for number, name in enumerate(sorted(PUBLISHED_FILES)):
        for protocol in (0, 2, 4):
            yield bytes([number]) + pickle.dumps(mini_contents()[name], protocol)


def with_its_checksum(data: bytes, max_size: int, seed: int) -> bytes:
    """Mutate a manifest; every second one gets a checksum that fits, so that what lies behind it is reached too."""
    mutated = atheris.Mutate(data, max_size)
    if seed % 2:
        return mutated
    try:
        payload = json.loads(mutated)
        payload["crc32"] = manifest_crc32(payload)
        # The two that a checksum is there for: with one that fits they are another table's, not a damaged one.
        payload["provenance"]["seeds"] = list(SEEDS)
        for name, entry in payload["columns"].items():
            entry["file"] = f"{name}.bin"
        payload["crc32"] = manifest_crc32(payload)
        return json.dumps(payload).encode()[:max_size]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return mutated


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "manifest": fuzz_manifest,
    "pickle": fuzz_pickle,
    "archive": fuzz_archive,
    "import": fuzz_import,
}

MANIFEST_TABLE: Final = WORK / "table"
write_table(MANIFEST_TABLE, mini_columns(), mini_provenance())
INDICES: Final = np.arange(0, 196_608, 9001)
QUESTIONS: Final = [(epoch, seed) for epoch in (3, 12, 200) for seed in SEEDS]
_bench = open_benchmark(MANIFEST_TABLE)
RIGHT: Final = [_bench.evaluate_many(INDICES, epoch, seed=seed) for epoch, seed in QUESTIONS]
SOUND_PICKLES: Final = {name: pickle.dumps(content, 4) for name, content in mini_contents().items()}


def main() -> None:
    """Write the sound inputs and fuzz from them."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: fuzz.py {'|'.join(TARGETS)} [libFuzzer's options]")
    name = sys.argv.pop(1)
    seeds = {
        "manifest": lambda: iter([(MANIFEST_TABLE / "manifest.json").read_bytes()]),
        "pickle": pickle_seeds,
        "archive": archive_seeds,
        "import": import_seeds,
    }[name]
    corpus = WORK / "corpus"
    for directory in (corpus, WORK / "pickles", WORK / "tables"):
        directory.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / str(number)).write_bytes(seed)
    warnings.simplefilter("ignore")  # zipfile and tarfile have something to say about odd archives
    random.seed(0)
    sys.addaudithook(watch)
    options = {"custom_mutator": with_its_checksum} if name == "manifest" else {}
    arguments = [*sys.argv, "-max_len=300000", "-rss_limit_mb=1500", "-timeout=60", str(corpus)]
    atheris.Setup(arguments, watched(TARGETS[name]), **options)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
