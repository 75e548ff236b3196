"""Records in a database, through SQLAlchemy: SQLite by default, PostgreSQL by URL.

Table ``nhb2_trial_record``, one row a record, columns named as the record's fields, unique by ``(run_id, trial)``: a
write that is retried after a lost connection cannot double a record, and a different record under the same key (of two
runs with one id, say) is an error. Table ``nhb2_schema`` holds the format version; a database of an older one is
brought up to date when it is opened.

Rows are written in batches: what is kept by :meth:`SqlSink.write` is in the database after the batch is full, after
:meth:`SqlSink.flush`, after :meth:`SqlSink.close`, or when the interpreter ends without that. A process that is killed
loses at most its unfinished batch; with ``batch_size=1`` it loses nothing that was written.
"""

from __future__ import annotations

import math
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.util import Finalize
from numbers import Integral
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from nhb2_plugins.arguments import is_number
from nhb2_plugins.errors import TrajectoryError, TrajectoryNotFoundError
from nhb2_plugins.extras import missing_extra, needs_extra
from nhb2_plugins.trajectory.database_url import shown_source
from nhb2_plugins.trajectory.fields import INTEGER_OR_TEXT, MAX_TEXT_LENGTH, Kind
from nhb2_plugins.trajectory.record import FORMAT_VERSION, RECORD, RECORD_FIELDS, TrialRecord
from nhb2_plugins.trajectory.sinks import ClosingSink

with needs_extra("databases need SQLAlchemy", "sql"):
    import sqlalchemy as sa

METADATA: Final = sa.MetaData()

SCHEMA_TABLE: Final = sa.Table("nhb2_schema", METADATA, sa.Column("format_version", sa.Integer, primary_key=True))


class _IntegerOrText(sa.types.UserDefinedType[Any]):
    """SQLite's own answer to a column of two types: what looks like an integer is stored as one."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name, which makes the column's affinity."""
        return "NUMERIC"


def _column_type(kind: Kind) -> sa.types.TypeEngine[Any]:
    if kind == INTEGER_OR_TEXT:
        return sa.String(MAX_TEXT_LENGTH).with_variant(_IntegerOrText(), "sqlite")
    if str in kind:
        return sa.String(MAX_TEXT_LENGTH)
    return sa.Double() if float in kind else sa.BigInteger()


RECORD_TABLE: Final = sa.Table(
    "nhb2_trial_record",
    METADATA,
    *(sa.Column(each.name, _column_type(each.kind), nullable=False) for each in RECORD),
    sa.PrimaryKeyConstraint("run_id", "trial"),
)


class Migration(NamedTuple):
    """What brings a database from one format version to the next.

    Attributes:
        from_version: the version it starts from; it leads to ``from_version + 1``.
        statements: SQL that SQLite and PostgreSQL both understand, in order.
    """

    from_version: int
    statements: tuple[str, ...]


# Not Alembic: it wants an environment of scripts and a configuration beside the database, which a library would have to
# ship and its users to run. One table whose columns are a record's fields needs a list, and to be brought up to date by
# whoever opens it.
MIGRATIONS: Final[tuple[Migration, ...]] = ()
"""Every step there has been, oldest first. Version 1 is the first format, so there is none yet."""

_IS_INTEGER: Final = re.compile("-?[0-9]{1,19}").fullmatch
_QUOTED_FIELDS: Final = ", ".join(f'"{name}"' for name in RECORD_FIELDS)
_WIDENED: Final = {each.name: str if str in each.kind else float for each in RECORD if len(each.kind) > 1}
_SEED: Final = RECORD_FIELDS.index("seed")
_OVERHEAD: Final = RECORD_FIELDS.index("overhead_s")
_UNLESS_THERE: Final = "ON CONFLICT (run_id, trial) DO NOTHING"
_ROWS_AT_ONCE: Final = 1000
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0
_BUSY_TIMEOUT_S: Final = 30.0
_PASSING_IN_SQLITE: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
"""What SQLite says while somebody else is at work; anything else (a missing table, a full disk) it would say again."""


class SqlSink(ClosingSink):
    """Writes records to a database; several processes may write to one, and several threads to one sink.

    While the database does not answer (it is being restarted, or locked by somebody else), the sink keeps its records
    and tries again; a search waits for it. After ``patience_s`` the error is raised and the records are still kept, so
    that :meth:`flush` can be tried once more.

    A record that is in the database already is passed over; of one measured again, ``overhead_s`` may differ. Any other
    difference is an error, after the rest of the batch was written.

    Args:
        url: SQLAlchemy's URL, for example ``sqlite:///runs.db`` or ``postgresql+psycopg://user@host/db``.
        batch_size: records a transaction, at least 1.
        patience_s: wall-clock seconds to try for when the database does not answer, at least 0.

    Raises:
        TrajectoryError: a batch size or a patience that is none, no such database, or one of a newer format version.
        MissingExtraError: the database's driver is not installed.
    """

    def __init__(self, url: str, *, batch_size: int = 1000, patience_s: float = 60.0) -> None:
        self._batch_size = _checked_batch_size(batch_size)
        self._patience_s = _checked_patience(patience_s)
        self._engine = open_engine(url, patience_s=self._patience_s)
        self._pending: list[tuple[Any, ...]] = []
        self._is_closed = False
        self._lock = threading.RLock()
        self._persistently(lambda: prepare_schema(self._engine))
        # Not atexit, which forked workers of multiprocessing pass over. A forked child runs none of its parent's.
        self._at_exit = Finalize(None, self.flush, exitpriority=0)

    def write(self, record: TrialRecord) -> None:
        """Keep a record; every ``batch_size`` records they are written in one transaction.

        Raises:
            TrajectoryError: the database does not take them, or the sink is closed.
        """
        with self._lock:
            if self._is_closed:
                raise TrajectoryError(f"trial {record.trial} of run {record.run_id!r} came after the sink was closed")
            self._pending.append(tuple(row_of(record).values()))
            if len(self._pending) >= self._batch_size:
                self.flush()

    def flush(self) -> None:
        """Write what is kept.

        Raises:
            TrajectoryError: the database does not take it, or holds a different record of one of the trials; what is
                kept is still kept.
        """
        with self._lock:
            if self._pending:
                self._persistently(self._write_pending)
                self._pending.clear()

    def close(self) -> None:
        """Write what is kept and let go of the database.

        Raises:
            TrajectoryError: as :meth:`flush`; closing again tries again.
        """
        with self._lock:
            self._is_closed = True
            self._at_exit.cancel()
            try:
                self.flush()
            finally:
                self._engine.dispose()

    def _write_pending(self) -> None:
        with self._engine.begin() as connection:
            if self._engine.driver == "psycopg":
                n_new = _copy_once(connection, self._pending)
            else:
                n_new = connection.exec_driver_sql(_insert_once(self._engine.dialect), self._pending).rowcount
            different = None if n_new == len(self._pending) else _different_record(connection, self._pending)
        if different is not None:
            run_id, trial = different
            raise TrajectoryError(
                f"the database holds a different record of trial {trial} of run {run_id!r}; every run needs an id of "
                "its own"
            )

    def _persistently(self, attempt: Callable[[], None]) -> None:
        driver = self._engine.dialect.loaded_dbapi  # its errors come bare from where records are copied
        passing = (driver.OperationalError, driver.InterfaceError, driver.InternalError)
        deadline = time.monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                attempt()
                return
            except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, *passing) as error:
                if not self._may_pass(error) or time.monotonic() + pause_s > deadline:
                    raise TrajectoryError(f"the database does not take records: {_first_line(error)}") from error
            except (sa.exc.SQLAlchemyError, driver.Error) as error:
                raise TrajectoryError(f"the database does not take records: {_first_line(error)}") from error
            if self._engine.dialect.name != "sqlite":
                self._engine.dispose()  # what the pool holds leads to the server that was there
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _may_pass(self, error: Exception) -> bool:
        if self._engine.dialect.name != "sqlite":
            return True
        code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
        return code is None or code & 0xFF in _PASSING_IN_SQLITE  # the bits above tell kinds of one error apart


def _checked_batch_size(batch_size: int) -> int:
    if not isinstance(batch_size, Integral) or isinstance(batch_size, bool) or batch_size < 1:
        raise TrajectoryError(f"batch_size {batch_size!r} is not an integer of at least 1")
    return int(batch_size)


def _checked_patience(patience_s: float) -> float:
    if not is_number(patience_s) or not patience_s >= 0:
        raise TrajectoryError(f"patience_s {patience_s!r} is not a number of seconds of at least 0")
    return float(patience_s)


def open_engine(url: str, *, patience_s: float = math.inf, only_reads: bool = False) -> sa.Engine:
    """An engine for a URL; SQLite with a write-ahead log, so that readers and a writer do not block each other.

    Args:
        url: as :class:`SqlSink`.
        patience_s: wall-clock seconds to wait for a SQLite file that somebody else has locked; 30 at the most.
        only_reads: leave the kind of SQLite's log as it is, which a file that may not be written to needs.

    Raises:
        TrajectoryError: not a database URL.
        MissingExtraError: the driver is not installed.
    """
    try:
        engine = sa.create_engine(url)
    except sa.exc.ArgumentError as error:
        raise TrajectoryError(f"{shown_source(url)!r} is not a database URL such as 'sqlite:///runs.db'") from error
    except ModuleNotFoundError as error:
        raise missing_extra(f"no driver for {url!r}", "sql", error) from error
    if engine.dialect.name not in ("sqlite", "postgresql"):
        raise TrajectoryError(f"databases of kind {engine.dialect.name!r} are not supported: sqlite or postgresql")
    if engine.dialect.name == "sqlite":
        pragmas = [f"busy_timeout={int(1000 * min(patience_s, _BUSY_TIMEOUT_S))}"]
        if not only_reads:
            pragmas += ["journal_mode=WAL", "synchronous=NORMAL"]
        sa.event.listen(engine, "connect", lambda connection, _: _tune_sqlite(connection, pragmas))
    return engine


def prepare_schema(engine: sa.Engine, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make the tables where they are missing, and bring those of an older format version up to date.

    All in one transaction: where it is interrupted, the database is as it was. Of several processes that open one
    at once, one does the work and the others wait for it.

    Args:
        engine: of :func:`open_engine`.
        migrations: the steps between versions.

    Raises:
        TrajectoryError: the database is of a newer format version, or of one from which no steps lead to this one.
    """
    with engine.begin() as connection:
        _wait_for_turn(connection)
        SCHEMA_TABLE.create(connection, checkfirst=True)
        versions = _stored_versions(connection)
        for step in _steps_from(versions, migrations):
            for statement in step.statements:
                # Without parameters a percent sign is the operator, also to psycopg.
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            connection.execute(SCHEMA_TABLE.update().values(format_version=step.from_version + 1))
        METADATA.create_all(connection)
        if not versions:
            connection.execute(SCHEMA_TABLE.insert(), {"format_version": FORMAT_VERSION})


def _wait_for_turn(connection: sa.Connection) -> None:
    """Let one process at a time look after the tables, until its transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('nhb2_schema'))"))
    else:
        # Said in words: the driver begins no transaction of its own before it makes or changes a table.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _stored_versions(connection: sa.Connection) -> list[int]:
    return list(connection.scalars(sa.select(SCHEMA_TABLE.c.format_version)))


def _steps_from(versions: Sequence[int], migrations: Sequence[Migration]) -> list[Migration]:
    """The steps from what a database holds to :data:`FORMAT_VERSION`; none for an empty or a current one."""
    if not versions or list(versions) == [FORMAT_VERSION]:
        return []
    by_version = {step.from_version: step for step in migrations}
    needed = range(versions[0], FORMAT_VERSION) if len(versions) == 1 else range(0)
    if not needed or any(version not in by_version for version in needed):
        raise TrajectoryError(
            f"the database holds records of format version {list(versions)}; this version of nhb2-plugins writes "
            f"{FORMAT_VERSION} and migrates from {sorted(by_version) or 'no other'}"
        )
    return [by_version[version] for version in needed]


def read_records_sql(url: str, run_id: str | None = None) -> list[TrialRecord]:
    """Records of a database, by run, then in order of simulated end; an older database is migrated first.

    Args:
        url: as :class:`SqlSink`.
        run_id: one run alone; None for all.

    Raises:
        TrajectoryNotFoundError: no such SQLite file; it is not made.
        TrajectoryError: no such database or table, another format version, or a row that is no record.
    """
    return list(iterate_records_sql(url, run_id))


def iterate_records_sql(url: str, run_id: str | None = None) -> Iterator[TrialRecord]:
    """As :func:`read_records_sql`, some at a time: a database may hold more than memory does.

    Raises:
        TrajectoryError: as there.
    """
    engine = _reading_engine(url)
    columns = RECORD_TABLE.c
    query = sa.select(RECORD_TABLE).order_by(columns.run_id, columns.end_s, columns.trial)
    if run_id is not None:
        query = query.where(columns.run_id == run_id)
    try:
        with engine.connect() as connection:
            is_outdated = bool(_steps_from(_stored_versions(connection), MIGRATIONS))
        if is_outdated:
            prepare_schema(engine)
        with engine.connect().execution_options(yield_per=_ROWS_AT_ONCE) as connection:
            for row in connection.execute(query).mappings():
                yield record_of(row)
    except sa.exc.SQLAlchemyError as error:
        raise TrajectoryError(f"cannot read records from {shown_source(url)!r}: {_first_line(error)}") from error
    finally:
        engine.dispose()


def _reading_engine(url: str) -> sa.Engine:
    engine = open_engine(url, only_reads=True)
    path = _file_of(engine.url)
    if path is None:
        return engine
    if not path.exists():  # SQLite would make an empty database of a mistyped name
        raise TrajectoryNotFoundError(f"there is no database {path}")
    if os.access(path.parent, os.W_OK) or Path(f"{path}-wal").exists():
        return engine
    # SQLite reads a write-ahead log through files beside it, which it can neither find nor make here.
    query = {**engine.url.query, "immutable": "1", "uri": "true"}
    unchanging = engine.url.set(database=f"file:{quote(str(path.absolute()))}", query=query)
    return open_engine(unchanging.render_as_string(), only_reads=True)


def _file_of(url: sa.URL) -> Path | None:
    name = url.database if url.get_backend_name() == "sqlite" else None
    return Path(name) if name and name != ":memory:" and not name.startswith("file:") else None


def row_of(record: TrialRecord) -> dict[str, Any]:
    """A record as a row: its fields, those of two types as the wider one; SQLite keeps an integer as one."""
    row = record.to_dict()
    for name, widened in _WIDENED.items():
        row[name] = widened(row[name])
    return row


def record_of(row: Mapping[Any, Any]) -> TrialRecord:
    """The record of a row.

    Raises:
        TrajectoryError: a value that no record has.
    """
    return TrialRecord.from_dict({**row, **{name: _narrowed(row[name]) for name in _WIDENED}})


def _narrowed(value: Any) -> Any:
    """The integer that a text or a float stands for, or what it is."""
    is_integer = _IS_INTEGER(value) if isinstance(value, str) else isinstance(value, float) and value.is_integer()
    return int(value) if is_integer else value


def _insert_once(dialect: sa.Dialect) -> str:
    """An insert that passes over a record that is there already, as text for the driver.

    SQLAlchemy's own insert looks at every value of every row, which costs three times what the driver does.
    """
    mark = "?" if dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(RECORD_FIELDS))
    return f"INSERT INTO {RECORD_TABLE.name} ({_QUOTED_FIELDS}) VALUES ({marks}) {_UNLESS_THERE}"


def _copy_once(connection: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Insert as :func:`_insert_once` does, through PostgreSQL's COPY: several times faster than any INSERT.

    Returns:
        how many were not there yet.
    """
    arrived = "nhb2_arrived"
    # Of our columns alone: somebody may have added others, with defaults that a copy of the table would not have.
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE {arrived} ON COMMIT DROP AS SELECT {_QUOTED_FIELDS} FROM {RECORD_TABLE.name} WITH NO DATA"
    )
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY {arrived} ({_QUOTED_FIELDS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return connection.exec_driver_sql(
        f"INSERT INTO {RECORD_TABLE.name} ({_QUOTED_FIELDS}) SELECT {_QUOTED_FIELDS} FROM {arrived} {_UNLESS_THERE}"
    ).rowcount


def _different_record(connection: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> tuple[str, int] | None:
    """(run id, trial) of the first row that the database holds with other values, its overhead aside."""
    trials_of: dict[str, list[int]] = {}
    for run_id, trial, *_ in rows:
        trials_of.setdefault(run_id, []).append(trial)
    columns = RECORD_TABLE.c
    stored: dict[tuple[str, int], tuple[Any, ...]] = {}
    for run_id, trials in trials_of.items():
        of_run = columns.run_id == run_id, columns.trial.between(min(trials), max(trials))
        for found in connection.execute(sa.select(RECORD_TABLE).where(*of_run)):
            stored[found.run_id, found.trial] = _without_overhead(found)
    return next(((row[0], row[1]) for row in rows if stored.get((row[0], row[1])) != _without_overhead(row)), None)


def _without_overhead(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row's values but the wall-clock ones, in which two runs of one (spec, seed) differ."""
    compared = [str(value) if position == _SEED else value for position, value in enumerate(row)]
    return (*compared[:_OVERHEAD], *compared[_OVERHEAD + 1 :])


def _tune_sqlite(connection: Any, pragmas: Sequence[str]) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
