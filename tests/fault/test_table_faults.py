"""What can go wrong around a table: a clear error or a correct result, and never a wrong number."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import TableError
from nhb2_plugins.table.aside import leftovers
from nhb2_plugins.table.reference.importer import import_published
from nhb2_plugins.table.schema import CLASS_OF_CELL, column_shapes
from nhb2_plugins.table.store import open_table
from nhb2_plugins.table.verification import verify_table
from tests.support.disks import LIMITED, small_disk
from tests.support.processes import begin_together
from tests.support.published_format import contents_of, generated_table, write_pickles

N_CLASSES = 30
COLUMNS = tuple(column_shapes(3, N_CLASSES))


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two directories of pickles with different numbers for 30 classes; a table takes 2.6 MB."""
    directory = tmp_path_factory.mktemp("sources")
    classes = np.arange(4096) % N_CLASSES
    return tuple(  # type: ignore[return-value]
        write_pickles(directory / name, contents_of(generated_table(number, classes)))
        for number, name in enumerate(("first", "second"))
    )


@pytest.fixture(scope="module")
def imported(sources: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the first of them."""
    directory = tmp_path_factory.mktemp("imported") / "table"
    import_published(sources[0], directory)
    return directory


@pytest.fixture
def table(imported: Path, tmp_path: Path) -> Path:
    """A copy of it for each test."""
    return shutil.copytree(imported, tmp_path / "here" / "table")


def assert_imported_from(source: Path, table: Path) -> None:
    """Every number of a table is the source's."""
    opened = verify_table(table)
    assert f"'{source.name}'" in opened.provenance.source
    expected = generated_table(0 if source.name == "first" else 1, np.arange(4096) % N_CLASSES).columns
    for name in COLUMNS:
        assert np.array_equal(opened.column(name), expected[name]), name


def python(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
    program = "import sys\nfrom pathlib import Path\n" + textwrap.dedent(code)
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


IMPORT = """
from nhb2_plugins.errors import TableError
from nhb2_plugins.table.reference.importer import import_published
try:
    import_published(Path(sys.argv[1]), Path(sys.argv[2]), overwrite=sys.argv[3] == "True")
    print("imported")
except TableError as error:
    print(type(error).__name__, error)
"""


# -- disks and directories that refuse


@pytest.mark.parametrize("overwrite", [False, True])
def test_file_in_the_way(sources: tuple[Path, Path], tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file", tmp_path / "file" / "table"):
        with pytest.raises(TableError, match=r"already exists|cannot write a table to"):
            import_published(sources[0], target, overwrite=overwrite)
    assert (tmp_path / "file").read_text() == "mine"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208


def test_read_only_directory(sources: tuple[Path, Path], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", read_only=True) as mounted:
        place = tmp_path / "disk"
        if not mounted:
            place.chmod(0o555)
            if os.access(place, os.W_OK):
                place = Path("/proc")  # where not even root makes files
        with pytest.raises(TableError, match=r"cannot write a table to .*(Read-only|Permission|No such)"):
            import_published(sources[0], place / "table")
        assert not (place / "table").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_full_disk(sources: tuple[Path, Path], tmp_path: Path, overwrite: bool) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk) as mounted:
        outcome, _ = python(("" if mounted else LIMITED) + IMPORT, sources[0], disk / "table", overwrite).communicate()
        assert outcome.startswith(f"TableError cannot write a table to {disk / 'table'}: "), outcome
        assert "No space left" in outcome or "File too large" in outcome
        assert list(disk.iterdir()) == []


def test_full_disk_leaves_the_table_that_was_there(sources: tuple[Path, Path], table: Path) -> None:
    outcome, _ = python(LIMITED + IMPORT, sources[1], table, True).communicate()
    assert outcome.startswith("TableError cannot write a table to")
    assert_imported_from(sources[0], table)
    assert leftovers(table) == []
    assert os.listdir(table.parent) == ["table"]  # noqa: PTH208


# -- several processes, and killed ones


@pytest.mark.parametrize("overwrite", [False, True])
def test_two_imports_at_once(sources: tuple[Path, Path], tmp_path: Path, overwrite: bool) -> None:
    target = tmp_path / "here" / "table"
    start_together = "print('ready', flush=True)\nsys.stdin.readline()\n"
    for _ in range(2):
        shutil.rmtree(target, ignore_errors=True)
        code = "from nhb2_plugins.table.reference.importer import import_published\n" + start_together + IMPORT
        outcomes = begin_together(*(python(code, source, target, overwrite) for source in sources))
        winners = [source for source, outcome in zip(sources, outcomes, strict=True) if outcome == "imported\n"]
        losers = [outcome for outcome in outcomes if outcome != "imported\n"]
        assert len(winners) == 1 or (overwrite and winners)
        assert all(loser.startswith(("TableError ", "TableExistsError ")) and str(target) in loser for loser in losers)
        assert_imported_from(next(s for s in winners if f"'{s.name}'" in open_table(target).provenance.source), target)
        assert os.listdir(target.parent) == ["table"]  # noqa: PTH208


DIE_AT_EVENT = """
import os, signal
n_left = int(sys.argv[4])
def deadly(function):
    def wrapped(*arguments, **options):
        global n_left
        if n_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        n_left -= 1
        return function(*arguments, **options)
    return wrapped
os.fsync, Path.rename = deadly(os.fsync), deadly(Path.rename)
"""


def killed_import(source: Path, target: Path, n_events: int, *, overwrite: bool) -> bool:
    """Import in a process that is killed before the given event (a file on disk, a rename); whether it was."""
    process = python(DIE_AT_EVENT + IMPORT, source, target, overwrite, n_events)
    outcome, _ = process.communicate()
    assert outcome in ("", "imported\n")
    return process.returncode == -signal.SIGKILL


def test_killed_import_leaves_nothing_and_the_next_one_works(sources: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "here" / "table"
    n_events = 0
    while killed_import(sources[0], target, n_events, overwrite=False):
        assert not target.exists()
        n_events += 4
    assert n_events >= 13  # eleven columns, the manifest, the rename
    shutil.rmtree(target)
    assert killed_import(sources[0], target, 5, overwrite=False)
    import_published(sources[1], target)
    assert_imported_from(sources[1], target)
    assert os.listdir(target.parent) == ["table"]  # noqa: PTH208


@pytest.mark.parametrize("n_events", [0, 6, 10, 11, 12, 13])
def test_killed_replacement_keeps_a_whole_table(sources: tuple[Path, Path], table: Path, n_events: int) -> None:
    assert killed_import(sources[1], table, n_events, overwrite=True)
    if not table.exists():  # between the two renames: the former table waits beside its place
        assert n_events == 13
        with pytest.raises(TableError, match="already exists"):
            import_published(sources[1], table)
    assert_imported_from(sources[0], table)
    import_published(sources[1], table, overwrite=True)
    assert_imported_from(sources[1], table)
    others = [path for path in table.parent.iterdir() if path != table]
    assert all(list(path.iterdir()) == [] for path in others)  # an empty one is removed once it is a minute old
    assert bool(others) == (n_events == 12)


def test_a_reader_keeps_its_table_while_it_is_replaced(sources: tuple[Path, Path], table: Path) -> None:
    bench = open_benchmark(table)
    before = bench.evaluate_many(np.arange(0, 196_608, 1000))[0]
    import_published(sources[1], table, overwrite=True)
    assert np.array_equal(bench.evaluate_many(np.arange(0, 196_608, 1000))[0], before)
    with pytest.raises(TableError, match="was replaced after it was opened"):
        bench.evaluate_many([0], epoch=3)
    assert not np.array_equal(open_benchmark(table).evaluate_many(np.arange(0, 196_608, 1000))[0], before)


# -- damage on disk


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_flipped_bit_is_found(table: Path, name: str, where: float) -> None:
    path = table / f"{name}.bin"
    content = bytearray(path.read_bytes())
    content[int(where * (len(content) - 1))] ^= 1 << 3
    path.write_bytes(content)
    with pytest.raises(TableError, match=rf"column '{name}' in .* is damaged"):
        verify_table(table)
    if name == CLASS_OF_CELL:  # decides on the place of every number, so it is compared at each opening
        with pytest.raises(TableError, match="is damaged"):
            open_benchmark(table).evaluate_many([0])


@pytest.mark.parametrize("name", COLUMNS)
def test_truncated_or_missing_column_is_found_at_open(table: Path, name: str) -> None:
    path = table / f"{name}.bin"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 8)
    with pytest.raises(TableError, match=rf"column '{name}' in .* has \d+ bytes, the manifest says"):
        open_table(table)
    path.unlink()
    with pytest.raises(TableError, match=rf"column '{name}' is missing from"):
        open_table(table)


def test_swapped_columns_are_found(table: Path) -> None:
    (table / "valid_acc.bin").rename(table / "x.bin")
    (table / "test_acc.bin").rename(table / "valid_acc.bin")
    (table / "x.bin").rename(table / "test_acc.bin")
    with pytest.raises(TableError, match="is damaged"):
        verify_table(table)


@pytest.mark.parametrize("version", [0, 2, 99, "1", None, 1.5])
def test_manifest_of_another_schema(table: Path, version: object) -> None:
    manifest = json.loads((table / "manifest.json").read_text())
    manifest["schema_version"] = version
    (table / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(TableError, match="schema version"):
        open_table(table)
