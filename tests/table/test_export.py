"""Exports, read back by the tools they are for: pandas, DuckDB and Polars."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.errors import InvalidValueError, TableError
from nhb2_plugins.extras import install_command
from nhb2_plugins.space import CELLCODES, N_CONFIGURATIONS, Configuration
from tests.core_fixtures import N_ROWS, mini_benchmark, mini_table, needs

pytestmark = needs("pandas", "pyarrow")

TABLE = mini_table()
FORMATS = ("parquet", "csv")


def export(path: Path, **options: Any) -> tuple[Path, ...]:
    from nhb2_plugins.table.export import export_table

    return export_table(TABLE, path, **options)


def query(sql: str, **files: Path) -> list[tuple[Any, ...]]:
    """DuckDB's answer, each file a table."""
    import duckdb

    readers = {
        name: f"read_parquet('{file}')" if file.suffix == ".parquet" else f"read_csv('{file}')"
        for name, file in files.items()
    }
    with duckdb.connect() as connection:
        for name, reader in readers.items():
            connection.execute(f"create view {name} as select * from {reader}")
        return connection.execute(sql).fetchall()


def read_polars(path: Path) -> Any:
    import polars

    return polars.read_parquet(path) if path.suffix == ".parquet" else polars.read_csv(path)


# -- what is in the files


@pytest.mark.parametrize("ending", FORMATS)
def test_the_files_beside_the_one_asked_for(tmp_path: Path, ending: str) -> None:
    files = export(tmp_path / f"mini.{ending}")
    names = [f"mini.{ending}", f"mini.classes.{ending}"] + ["mini.provenance.json"] * (ending == "csv")
    names.append("mini.croissant.json")
    assert [file.name for file in files] == names
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)


@needs("duckdb")
@pytest.mark.parametrize("ending", FORMATS)
def test_duckdb_reads_every_bit(tmp_path: Path, ending: str) -> None:
    file, classes, *_ = export(tmp_path / f"mini.{ending}")
    frame = mini_benchmark().to_frame()
    assert query("select count(*), count(distinct seed), sum(batch_size) from t", t=file) == [
        (2 * N_ROWS, 2, int(frame["batch_size"].sum()))
    ]
    assert query("select * from t", t=file) == list(frame.itertuples(index=False, name=None))
    assert query("select count(*), count(distinct cell_class), max(cell_class) from t", t=classes) == [(4096, 2, 1)]


@needs("duckdb")
@pytest.mark.parametrize("ending", FORMATS)
def test_a_join_of_the_two_answers_for_any_cell(tmp_path: Path, ending: str) -> None:
    file, classes, *_ = export(tmp_path / f"mini.{ending}")
    sql = """
        select valid_acc_7 from codes join numbers on codes.class_cellcode = numbers.cellcode
        where codes.cellcode = '3|12|203' and lr = 0.1 and batch_size = 256 and seed = 555
    """
    expected = mini_benchmark().evaluate(Configuration("3|12|203", 0.1, 256), 7, seed=555).accuracy_pct
    assert query(sql, numbers=file, codes=classes) == [(expected,)]
    per_class = "select class_cellcode, count(*) from codes group by class_cellcode order by class_cellcode"
    assert query(per_class, codes=classes) == [("0|00|000", 1024), ("1|00|000", 3072)]


@needs("polars")
@pytest.mark.parametrize("ending", FORMATS)
def test_polars_reads_every_bit(tmp_path: Path, ending: str) -> None:
    file, classes, *_ = export(tmp_path / f"mini.{ending}")
    frame, found = mini_benchmark().to_frame(), read_polars(file)
    assert found.columns == list(frame.columns)
    for name in frame.columns:
        assert found[name].to_list() == frame[name].tolist(), name
    assert sorted(read_polars(classes)["cellcode"].to_list()) == list(CELLCODES)


@pytest.mark.parametrize("ending", FORMATS)
def test_pandas_reads_every_bit(tmp_path: Path, ending: str) -> None:
    import pandas as pd

    file, classes, *_ = export(tmp_path / f"mini.{ending}")
    frame, codes = mini_benchmark().to_frame(), mini_benchmark().classes_to_frame()
    if ending == "parquet":
        pd.testing.assert_frame_equal(pd.read_parquet(file), frame, check_exact=True)
        pd.testing.assert_frame_equal(pd.read_parquet(classes), codes, check_exact=True)
    else:
        found = pd.read_csv(file, engine="pyarrow")
        pd.testing.assert_frame_equal(found, frame, check_exact=True, check_dtype=False, check_categorical=False)


# -- provenance


def test_provenance_is_in_the_metadata_of_both_parquet_files(tmp_path: Path) -> None:
    from pyarrow import parquet

    from nhb2_plugins.table.export import PROVENANCE_KEY

    for file in export(tmp_path / "mini.parquet")[:2]:
        metadata = parquet.read_schema(file).metadata
        assert json.loads(metadata[PROVENANCE_KEY.encode()]) == json.loads(json.dumps(TABLE.provenance.to_dict()))


def test_provenance_is_beside_the_csv(tmp_path: Path) -> None:
    *_, provenance, _ = export(tmp_path / "mini.csv")
    content = json.loads(provenance.read_text())
    assert content["kind"] == "imported"
    assert content["digest"] == TABLE.provenance.digest
    assert content["seeds"] == [222, 555]


# -- Croissant (mlcroissant reads it in its own environment)


@pytest.mark.parametrize("ending", FORMATS)
def test_the_metadata_describes_the_files(tmp_path: Path, ending: str) -> None:
    *files, metadata = export(tmp_path / f"mini.{ending}")
    content = json.loads(metadata.read_text())
    described = {each["name"]: each for each in content["distribution"]}
    assert list(described) == [file.name for file in files]
    for file in files:
        assert described[file.name]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert described[file.name]["contentSize"] == f"{file.stat().st_size} B"
    table, classes = content["recordSet"]
    assert [field["name"] for field in table["field"]] == list(mini_benchmark().to_frame().columns)
    kinds = {field["name"]: field["dataType"] for field in (*table["field"], *classes["field"])}
    assert (kinds["cellcode"], kinds["lr"], kinds["batch_size"]) == ("sc:Text", "sc:Float", "sc:Integer")
    assert TABLE.provenance.label in content["description"]
    assert "license" not in content  # of numbers that somebody has imported


# -- a row a configuration and epoch


def test_the_command_exports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    from nhb2_plugins.cli.main import main

    target = tmp_path / "long.parquet"
    assert main(["data", "export", "--to", str(target), "--long", "--seed", "mean"]) == 0
    frame = pd.read_parquet(target, columns=["id", "epoch", "valid_acc", "cost_s"])
    assert len(frame) == N_CONFIGURATIONS * 12
    bench = open_benchmark()
    for number, epoch, accuracy, cost in frame.iloc[::400_001].itertuples(index=False):
        answer = bench.evaluate(Configuration.from_index(number), epoch, seed="mean")
        assert (accuracy, cost) == (answer.accuracy_pct, answer.cost_s)
    for wrong, message in (
        (["--seed", "222"], "--seed is of the rows of --long"),
        (["--long", "--seed", "7"], "seed 7 is not one of"),
    ):
        assert main(["data", "export", "--to", str(tmp_path / "other.parquet"), *wrong]) == 2
        assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "long.classes.parquet", "long.croissant.json", "long.parquet",
    ]  # fmt: skip


# -- whole or not at all


@pytest.mark.parametrize("name", ["mini.xlsx", "mini", "mini.parquet.gz", "mini.CSV"])
def test_another_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValueError, match=r"expected \.parquet or \.csv"):
        export(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("occupied", ["mini.csv", "mini.classes.csv", "mini.provenance.json", "mini.croissant.json"])
def test_a_file_that_is_there_stays_unless_it_may_be_overwritten(tmp_path: Path, occupied: str) -> None:
    (tmp_path / occupied).write_text("mine")
    with pytest.raises(TableError, match=rf"{occupied} already exists"):
        export(tmp_path / "mini.csv")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(occupied, "mine")]
    export(tmp_path / "mini.csv", overwrite=True)
    assert len(list(tmp_path.iterdir())) == 4
    assert (tmp_path / occupied).read_text() != "mine"


def test_a_directory_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mini.parquet").mkdir()
    with pytest.raises(TableError, match="cannot export to"):
        export(tmp_path / "mini.parquet", overwrite=True)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def limited_file_size() -> Iterator[int]:
    """Files of this process end after 10,000 bytes, as on a full disk."""
    limit = 10_000
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, former[1]))
    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, former)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, ending: str, limited_file_size: int) -> None:
    target = tmp_path / f"mini.{ending}"
    target.write_text("the former export")
    with pytest.raises(TableError, match=r"cannot export to .*File too large"):
        export(target, overwrite=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(target.name, "the former export")]


def test_without_pyarrow_the_error_names_the_command() -> None:
    program = """
        import sys
        sys.modules["pyarrow"] = None
        from nhb2_plugins.errors import MissingExtraError
        try:
            import nhb2_plugins.table.export
        except MissingExtraError as error:
            print(error)
    """
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("exports need pyarrow (")  # and why: it may be there and not fit
    assert done.stdout.endswith(f"): {install_command('frames')}\n")


# -- the command


def test_the_command_exports_the_table_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nhb2_plugins.cli.main import main

    target = tmp_path / "embedded.parquet"
    assert main(["data", "export", "--to", str(target)]) == 0
    assert "embedded table" in capsys.readouterr().out
    import pandas as pd

    found = pd.read_parquet(target, columns=["cellcode", "lr", "batch_size", "seed", "valid_acc_12"])
    assert len(found) == 1011 * 48 * 3
    bench = open_benchmark()
    for code, lr, batch_size, seed, accuracy in found.iloc[::9973].itertuples(index=False):
        assert accuracy == bench.evaluate(Configuration(code, lr, batch_size), seed=seed).accuracy_pct
    assert main(["data", "export", "--to", str(target)]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["data", "export", "--to", str(target), "--overwrite"]) == 0


def test_a_directory_that_is_not_there_is_named_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from nhb2_plugins.cli.main import main

    assert main(["data", "export", "--to", str(tmp_path / "nope" / "x.csv")]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (
        "",
        f"nhb2: error: there is no directory {tmp_path / 'nope'} to export x.csv to\n",
    )
    assert not list(tmp_path.iterdir())


def test_the_command_refuses_another_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from nhb2_plugins.cli.main import main

    assert main(["data", "export", "--to", str(tmp_path / "x.json")]) == 2
    assert "expected .parquet or .csv" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
