"""Records in SQLite and in a real PostgreSQL server: kept, not doubled, in order, by several processes."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pgserver import get_server

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import FORMAT_VERSION, TrialRecord
from nhb2_plugins.trajectory.sql import (
    RECORD_TABLE,
    Migration,
    SqlSink,
    open_engine,
    prepare_schema,
    read_records_sql,
)
from tests.analysis.runs import make_run
from tests.support.processes import begin_together
from tests.support.threads import run_in_threads

RECORD = make_run([(10, 80.0)]).records[0]

WRITER = """
import sys
from dataclasses import replace
from nhb2_plugins.trajectory.sql import SqlSink
from tests.trajectory.test_sql import RECORD

url, run_id, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
with SqlSink(url, batch_size=100) as sink:
    for trial in range(n):
        sink.write(replace(RECORD, run_id=run_id, trial=trial, start_s=float(trial), end_s=float(trial + 1)))
"""

READER = """
import os, sys
from nhb2_plugins.trajectory.sql import SqlSink, open_engine, read_records_sql

with open_engine("sqlite://").connect():
    pass  # loads the driver, which another user may not be able to
if os.geteuid() == 0:
    os.setuid(65534)  # permissions bind everybody but root
print(len(read_records_sql(sys.argv[1])))
SqlSink(sys.argv[1])
"""

OLDER_VERSION = FORMAT_VERSION - 2
ADD_WORKER = "ALTER TABLE nhb2_trial_record ADD COLUMN worker BIGINT NOT NULL DEFAULT 0"
STEPS = (
    Migration(OLDER_VERSION, ("ALTER TABLE nhb2_trial_record RENAME COLUMN final_status TO status",)),
    Migration(OLDER_VERSION + 1, (ADD_WORKER, "UPDATE nhb2_trial_record SET worker = trial % 4")),
)
"""From a fictional format in which ``status`` had another name and ``worker`` was not yet there."""

MIGRATOR = """
import os, signal, sys
import sqlalchemy as sa
from nhb2_plugins.trajectory.sql import open_engine, prepare_schema
from tests.trajectory.test_sql import STEPS

engine = open_engine(sys.argv[1])

@sa.event.listens_for(engine, "before_cursor_execute")
def kill(connection, cursor, statement, *rest):
    if len(sys.argv) > 2 and statement.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

print("ready", flush=True)
sys.stdin.readline()
prepare_schema(engine, STEPS)
"""


def records(n: int, run_id: str = "a") -> list[TrialRecord]:
    return [replace(RECORD, run_id=run_id, trial=t, start_s=float(t), end_s=float(t + 1)) for t in range(n)]


def write_without_closing(url: str, n: int) -> None:
    sink = SqlSink(url)
    for record in records(n):
        sink.write(record)


@pytest.fixture(scope="module")
def postgres_directory() -> Iterator[Path]:
    # Not below pytest's own directory: the server runs as another user where the tests run as root.
    directory = Path(tempfile.mkdtemp(prefix="nhb2-postgres-"))
    yield directory
    get_server(directory).cleanup()
    shutil.rmtree(directory)


def postgres_url(directory: Path) -> str:
    """URL of the directory's server, which is started if it does not run; without our tables."""
    url = get_server(directory).get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS nhb2_trial_record, nhb2_schema"))
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'runs.db'}"
    return postgres_url(request.getfixturevalue("postgres_directory"))


def test_what_is_written_is_read_back_equal(url: str) -> None:
    written = [
        *records(5),
        replace(RECORD, run_id="b", epoch=1, budget=4 / 3, seed="mean", accuracy_pct=0.1 + 0.2, worker=3),
    ]
    with SqlSink(url) as sink:
        for record in reversed(written):
            sink.write(record)
    assert read_records_sql(url) == written
    assert read_records_sql(url, "b") == written[5:]


def test_a_seed_is_read_as_an_integer_wherever_a_column_keeps_it_as_text(tmp_path: Path) -> None:
    """As PostgreSQL's does, and that of a SQLite file from before its type had both."""
    url, path = f"sqlite:///{tmp_path / 'old.db'}", tmp_path / "old.db"
    with SqlSink(url):
        pass
    with sqlite3.connect(path) as connection:
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'nhb2_trial_record'").fetchone()
        connection.execute("DROP TABLE nhb2_trial_record")
        connection.execute(made.replace("seed NUMERIC", "seed VARCHAR(1000)"))
    written = [*records(2), replace(RECORD, run_id="b", seed="mean")]
    for _ in range(2):  # also what is there already
        with SqlSink(url) as sink:
            for record in written:
                sink.write(record)
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT seed FROM nhb2_trial_record ORDER BY run_id, trial").fetchall()
    assert found == [("222",), ("222",), ("mean",)]
    assert [record.seed for record in read_records_sql(url)] == [222, 222, "mean"]
    assert read_records_sql(url) == written


def test_a_retried_write_does_not_double_a_record(url: str) -> None:
    for _ in range(3):
        with SqlSink(url, batch_size=2) as sink:
            for record in records(5):
                sink.write(record)
    assert read_records_sql(url) == records(5)


def test_a_different_record_of_the_same_trial_is_an_error_and_not_lost_silently(url: str) -> None:
    """Two runs that share an id, as two loggers with the default one do."""
    with SqlSink(url) as sink:
        for record in records(3):
            sink.write(record)
    other = SqlSink(url)
    for record in (replace(RECORD, run_id="a", trial=1, accuracy_pct=12.5), *records(2, "b")):
        other.write(record)
    for _ in range(2):
        with pytest.raises(TrajectoryError, match="a different record of trial 1 of run 'a'; every run needs an id"):
            other.close()
    assert read_records_sql(url) == [*records(3), *records(2, "b")]


def test_two_different_records_in_one_batch_are_an_error(url: str) -> None:
    sink = SqlSink(url)
    sink.write(records(1)[0])
    sink.write(replace(records(1)[0], seed="mean"))
    with pytest.raises(TrajectoryError, match="different record of trial 0"):
        sink.close()
    assert read_records_sql(url) == records(1)


def test_a_run_that_is_repeated_may_have_thought_longer(url: str) -> None:
    for overhead_s in (0.5, 0.7):
        with SqlSink(url) as sink:
            sink.write(replace(RECORD, overhead_s=overhead_s))
    assert [record.overhead_s for record in read_records_sql(url)] == [0.5]


def test_threads_may_share_a_sink(url: str) -> None:
    sink = SqlSink(url, batch_size=3)
    loggers = [TrajectoryLogger([sink], run_id=run_id) for run_id in "abcd"]

    def log(logger: TrajectoryLogger) -> None:
        for record in records(300, logger.run_id):
            logger.log(record)

    run_in_threads(log, loggers)
    sink.close()
    assert read_records_sql(url) == [record for run_id in "abcd" for record in records(300, run_id)]


def test_a_closed_sink_takes_no_more(url: str) -> None:
    sink = SqlSink(url)
    sink.close()
    sink.close()
    with pytest.raises(TrajectoryError, match="trial 4 of run 'a' came after the sink was closed"):
        sink.write(records(5)[4])
    assert read_records_sql(url) == []


def test_an_interpreter_that_ends_without_closing_loses_nothing(url: str) -> None:
    program = WRITER.replace("with SqlSink(url, batch_size=100) as sink:", "sink = SqlSink(url)\nif True:") + "\n1 / 0"
    done = subprocess.run(
        [sys.executable, "-c", program, url, "a", "7"], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert read_records_sql(url) == records(7)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_worker_that_ends_without_closing_loses_nothing(tmp_path: Path, method: str) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    worker = multiprocessing.get_context(method).Process(target=write_without_closing, args=(url, 7))
    worker.start()
    worker.join(120)
    assert worker.exitcode == 0
    assert read_records_sql(url) == records(7)


def test_a_forked_child_leaves_its_parents_records_alone(tmp_path: Path) -> None:
    """They are written once, by whoever holds the connection."""
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    with SqlSink(url) as sink:
        sink.write(RECORD)
        child = multiprocessing.get_context("fork").Process(target=int)
        child.start()
        child.join(120)
        assert child.exitcode == 0
        assert read_records_sql(url) == []
    assert read_records_sql(url) == [RECORD]


def test_columns_of_somebody_else_are_left_to_their_defaults(url: str) -> None:
    SqlSink(url).close()
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE nhb2_trial_record ADD COLUMN note VARCHAR NOT NULL DEFAULT 'mine'"))
    engine.dispose()
    with SqlSink(url) as sink:
        sink.write(RECORD)
    assert read_records_sql(url) == [RECORD]


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, True, float("nan"), "5", None])
def test_a_batch_size_that_is_none_is_refused(tmp_path: Path, batch_size: Any) -> None:
    with pytest.raises(TrajectoryError, match=r"batch_size .* is not an integer of at least 1"):
        SqlSink(f"sqlite:///{tmp_path / 'runs.db'}", batch_size=batch_size)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("patience_s", [-1, True, float("nan"), "5", None])
def test_a_patience_that_is_none_is_refused(tmp_path: Path, patience_s: Any) -> None:
    with pytest.raises(TrajectoryError, match=r"patience_s .* is not a number of seconds"):
        SqlSink(f"sqlite:///{tmp_path / 'runs.db'}", patience_s=patience_s)


def test_a_database_locked_by_somebody_else_is_waited_for_only_so_long(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    sink = SqlSink(f"sqlite:///{path}", patience_s=0.3)
    for record in records(3):
        sink.write(record)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TrajectoryError, match="database is locked"):
        sink.flush()
    other.execute("COMMIT")
    other.close()
    sink.close()
    assert read_records_sql(f"sqlite:///{path}") == records(3)


@pytest.mark.parametrize("statement", ["DROP TABLE nhb2_trial_record", "ALTER TABLE nhb2_trial_record DROP epoch"])
def test_what_would_fail_again_is_not_tried_again(
    tmp_path: Path, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    sink = SqlSink(f"sqlite:///{path}")
    with sqlite3.connect(path) as other:
        other.execute(statement)
    other.close()
    sink.write(RECORD)
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    with pytest.raises(TrajectoryError, match=r"no such table|no column named"):
        sink.close()
    assert pauses == []


def test_a_database_that_may_not_be_written_to_can_be_read() -> None:
    with tempfile.TemporaryDirectory(prefix="nhb2 read only%") as name:
        path = Path(name, "runs.db")
        with SqlSink(f"sqlite:///{path}") as sink:
            for record in records(3):
                sink.write(record)
        path.chmod(0o444)
        path.parent.chmod(0o555)
        root = Path(__file__).parents[2]
        command = [sys.executable, "-c", READER, f"sqlite:///{path}"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        path.parent.chmod(0o755)
        assert done.stdout == "3\n"
        assert "TrajectoryError: the database does not take records" in done.stderr.splitlines()[-1]
        assert [each.name for each in path.parent.iterdir()] == ["runs.db"]


def test_a_file_that_is_no_database_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    path.write_text("not a database\n" * 1000)
    with pytest.raises(TrajectoryError, match="file is not a database"):
        SqlSink(f"sqlite:///{path}")
    with pytest.raises(TrajectoryError, match="file is not a database"):
        read_records_sql(f"sqlite:///{path}")
    assert path.read_text() == "not a database\n" * 1000


def test_a_full_batch_is_there_for_others_before_the_end(url: str) -> None:
    sink = SqlSink(url, batch_size=4)
    for record in records(7):
        sink.write(record)
    assert read_records_sql(url) == records(4)
    sink.flush()
    assert read_records_sql(url) == records(7)
    sink.close()


def test_two_processes_write_at_once(url: str) -> None:
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, run_id, "1500"], cwd=root) for run_id in ("a", "b")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert read_records_sql(url) == [*records(1500, "a"), *records(1500, "b")]


def test_a_newer_format_is_refused(url: str) -> None:
    engine = open_engine(url)
    prepare_schema(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE nhb2_schema SET format_version = 99"))
    engine.dispose()
    with pytest.raises(TrajectoryError, match=r"format version \[99\]"):
        SqlSink(url)


def make_older(url: str, n: int) -> None:
    """A database of the fictional older format, with ``n`` rows."""
    with SqlSink(url) as sink:
        for record in records(n):
            sink.write(record)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE nhb2_trial_record DROP COLUMN worker"))
        connection.execute(sa.text("ALTER TABLE nhb2_trial_record RENAME COLUMN status TO final_status"))
        connection.execute(sa.text(f"UPDATE nhb2_schema SET format_version = {OLDER_VERSION}"))
    engine.dispose()


def state_of(url: str) -> tuple[list[int], list[str], list[tuple[object, ...]]]:
    """(format versions, column names, rows) of a database, whatever its format."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            versions = list(connection.scalars(sa.text("SELECT format_version FROM nhb2_schema")))
            found = connection.execute(sa.text("SELECT * FROM nhb2_trial_record ORDER BY trial"))
            return versions, list(found.keys()), [tuple(row) for row in found]
    finally:
        engine.dispose()


def migrate(url: str, steps: tuple[Migration, ...]) -> None:
    engine = open_engine(url)
    try:
        prepare_schema(engine, steps)
    finally:
        engine.dispose()


def migrator(url: str, *words: str) -> subprocess.Popen[str]:
    """A process that says when it is ready to migrate, and begins when it is sent a line."""
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATOR, url, *words],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_an_older_database_is_migrated_with_its_rows(url: str) -> None:
    make_older(url, 9)
    migrate(url, STEPS)
    expected = [replace(record, worker=record.trial % 4) for record in records(9)]
    assert read_records_sql(url) == expected
    migrated = state_of(url)
    assert migrated[0] == [FORMAT_VERSION]
    migrate(url, STEPS)
    assert state_of(url) == migrated
    continued = [*expected, records(10)[9]]
    with SqlSink(url) as sink:
        for record in continued:
            sink.write(record)
    assert read_records_sql(url) == continued


def test_two_processes_that_open_an_older_database_migrate_it_once(url: str) -> None:
    make_older(url, 9)
    processes = [migrator(url) for _ in range(2)]
    begin_together(*processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert read_records_sql(url) == [replace(record, worker=record.trial % 4) for record in records(9)]


@pytest.mark.parametrize("word", ["ALTER TABLE nhb2_trial_record ADD", "UPDATE nhb2_trial_record"])
def test_a_migration_that_is_killed_leaves_the_old_database_whole(url: str, word: str) -> None:
    make_older(url, 9)
    before = state_of(url)
    process = migrator(url, word)
    process.communicate("\n", timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert state_of(url) == before
    migrate(url, STEPS)
    assert len(read_records_sql(url)) == 9


def test_a_migration_that_fails_leaves_the_old_database_whole(url: str) -> None:
    make_older(url, 9)
    before = state_of(url)
    failing = (STEPS[0], Migration(OLDER_VERSION + 1, (ADD_WORKER, "UPDATE nhb2_trial_record SET no_such_column = 1")))
    with pytest.raises(sa.exc.DBAPIError, match="no_such_column"):
        migrate(url, failing)
    assert state_of(url) == before


def test_a_version_that_no_step_leaves_is_refused(url: str) -> None:
    make_older(url, 2)
    before = state_of(url)
    with pytest.raises(
        TrajectoryError, match=rf"format version \[{OLDER_VERSION}\].*migrates from \[{OLDER_VERSION + 1}\]"
    ):
        migrate(url, STEPS[1:])
    with pytest.raises(TrajectoryError, match="format version"):
        read_records_sql(url)
    assert state_of(url) == before


def test_a_row_that_is_no_record_is_named(url: str) -> None:
    with SqlSink(url) as sink:
        sink.write(RECORD)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(RECORD_TABLE.update().values(batch_size=20))
    engine.dispose()
    with pytest.raises(TrajectoryError, match="batch size 20"):
        read_records_sql(url)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("seed", "--5", "field seed is '--5'"),
        ("seed", "²", "field seed is '²'"),
        ("seed", b"x", "field seed is b'x'"),
        ("budget", "many", "field budget is 'many'"),
        ("trial", "first", "field trial is 'first'"),
    ],
)
def test_a_value_that_sqlite_took_and_no_record_has_is_named(
    tmp_path: Path, column: str, value: object, words: str
) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    with SqlSink(url) as sink:
        sink.write(RECORD)
    with sqlite3.connect(tmp_path / "runs.db") as other:
        other.execute(f"UPDATE nhb2_trial_record SET {column} = ?", (value,))
    other.close()
    with pytest.raises(TrajectoryError, match=words):
        read_records_sql(url)


def test_records_wait_for_a_server_that_is_restarted(postgres_directory: Path) -> None:
    url = postgres_url(postgres_directory)
    sink = SqlSink(url, batch_size=10, patience_s=60)
    for record in records(25)[:15]:
        sink.write(record)
    get_server(postgres_directory).cleanup()  # stops the server: connections are cut
    get_server(postgres_directory)
    for record in records(25)[15:]:
        sink.write(record)
    sink.close()
    assert read_records_sql(url) == records(25)


def test_a_database_that_never_answers_keeps_the_records(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    sink = SqlSink(f"sqlite:///{path}", batch_size=100, patience_s=0.2)
    for record in records(3):
        sink.write(record)
    sink.flush()
    blocked = open_engine(f"sqlite:///{path}")
    with blocked.connect() as connection:
        connection.execute(sa.text("DROP TABLE nhb2_trial_record"))
        connection.commit()
    for record in records(5)[3:]:
        sink.write(record)
    with pytest.raises(TrajectoryError, match="does not take records"):
        sink.flush()
    prepare_schema(blocked)
    blocked.dispose()
    sink.close()
    assert read_records_sql(f"sqlite:///{path}") == records(5)[3:]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("runs.db", "not a database URL"),
        ("mysql+pymysql://localhost/x", "pip install|not supported"),
        ("sqlite:////nonexistent/directory/runs.db", "does not take records"),
    ],
)
def test_what_is_no_database_is_named(url: str, words: str) -> None:
    with pytest.raises(Exception, match=words) as caught:
        SqlSink(url, patience_s=0.1)
    assert type(caught.value).__module__ == "nhb2_plugins.errors"
