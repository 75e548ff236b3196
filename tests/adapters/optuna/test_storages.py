"""One study, several worker processes, every storage that Optuna has: no record lost, and none doubled."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState
from pgserver import get_server

from nhb2_plugins.adapters.optuna_adapter import USER_ATTRIBUTES, configuration_of, study_from_records
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sql import read_records_sql
from tests.adapters.optuna.storage_worker import STUDY_NAME, open_storage
from tests.support.processes import begin_together

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
N_EACH = 8
"""Trials of each worker process."""


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[str]:
    """The URL of a real server's own database."""
    # Not below pytest's own directory: the server runs as another user where the tests run as root.
    directory = Path(tempfile.mkdtemp(prefix="nhb2-postgres-"))
    server = get_server(directory)
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()
    shutil.rmtree(directory)


@pytest.fixture
def postgres(postgres_server: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    name = f"t{abs(hash(request.node.name))}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.adapters.optuna.storage_worker", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def work_at_once(*workers: subprocess.Popen[str]) -> None:
    """Let workers begin together, and wait for their end."""
    begin_together(*workers)
    assert [worker.returncode for worker in workers] == [0] * len(workers)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def proxy(postgres: str) -> Iterator[str]:
    """A gRPC proxy in a process of its own, in front of PostgreSQL."""
    port = free_port()
    server = start(postgres, f"serve:{port}")
    yield f"grpc:{port}"
    server.terminate()
    server.wait(timeout=30)


def run_workers(storage: str, sinks: Sequence[str]) -> list[FrozenTrial]:
    """Make the study, let one process a sink work at it, and return its trials."""
    opened: BaseStorage = open_storage(storage)
    study = optuna.create_study(study_name=STUDY_NAME, storage=opened)
    workers = [start(storage, sink, str(number), str(N_EACH)) for number, sink in enumerate(sinks)]
    work_at_once(*workers)
    return study.get_trials()


def assert_each_trial_is_one_record(trials: list[FrozenTrial], records: list[TrialRecord], n_workers: int) -> None:
    assert [trial.number for trial in trials] == list(range(n_workers * N_EACH))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert all(set(trial.user_attrs) == set(USER_ATTRIBUTES) for trial in trials)
    seen = Counter(
        (configuration_of(trial), trial.value, trial.user_attrs["charged_cost_s"], trial.user_attrs["simulated_end_s"])
        for trial in trials
    )
    assert seen == Counter(
        (record.configuration, record.error_pct, record.charged_cost_s, record.end_s) for record in records
    )
    by_worker = Counter(record.run_id for record in records)
    assert by_worker == {str(number): N_EACH for number in range(n_workers)}
    assert len({(record.run_id, record.trial) for record in records}) == len(records)


def assert_files_hold_the_study(storage: str, directory: Path, n_workers: int) -> list[TrialRecord]:
    sinks = [directory / f"worker-{number}.jsonl" for number in range(n_workers)]
    trials = run_workers(storage, [str(sink) for sink in sinks])
    records = [record for sink in sinks for record in read_records(sink)]
    assert_each_trial_is_one_record(trials, records, n_workers)
    return records


def test_journal_with_four_processes(tmp_path: Path) -> None:
    records = assert_files_hold_the_study(f"journal:{tmp_path / 'study.log'}", tmp_path, 4)
    merged = study_from_records(records)
    assert len(merged.trials) == len(records)


def test_sqlite_with_one_process_after_another(tmp_path: Path) -> None:
    """Never several at once: that is Optuna's own advice for SQLite."""
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    records: list[TrialRecord] = []
    optuna.create_study(study_name=STUDY_NAME, storage=storage)
    for number in range(2):
        sink = tmp_path / f"worker-{number}.jsonl"
        work_at_once(start(storage, str(sink), str(number), str(N_EACH)))
        records += read_records(sink)
    trials = optuna.load_study(study_name=STUDY_NAME, storage=storage).get_trials()
    assert_each_trial_is_one_record(trials, records, 2)


def test_postgresql_with_four_processes_and_records_in_the_same_database(postgres: str) -> None:
    trials = run_workers(postgres, [postgres] * 4)
    assert_each_trial_is_one_record(trials, read_records_sql(postgres), 4)


def test_grpc_proxy_with_four_processes(proxy: str, tmp_path: Path) -> None:
    assert_files_hold_the_study(proxy, tmp_path, 4)
