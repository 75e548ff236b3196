"""A campaign whose client, worker or scheduler is killed: after resuming, its results are those of one that was not.

Scheduler and workers are processes of their own, and are killed for real. ``--kills N`` kills each N times.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.campaign.plan import plan_runs
from nhb2_plugins.campaign.run import execute_run
from nhb2_plugins.campaign.spec import CampaignSpec
from tests.support.command_line import nhb2
from tests.support.threads_cluster import scheduler_of_threads

SPEC = {
    "name": "killed",
    "budget_s": 20_000,
    "optimizers": [
        {"algorithm": "bohb", "ladder": [1, 4, 12], "seeds": 2},
        {"algorithm": "regularized_evolution", "seeds": 6},
        {"algorithm": "optuna", "seeds": 2},
    ],
}
N_RUNS = 10
WALL_CLOCK_FIELDS = {"overhead_s", "wall_s"}
PATIENCE_S = 120


def contents(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """Every file below ``runs``, without its wall-clock fields."""
    return {
        str(path.relative_to(directory)): [
            {key: value for key, value in json.loads(line).items() if key not in WALL_CLOCK_FIELDS}
            for line in path.read_text().splitlines()
        ]
        for path in sorted((directory / "runs").rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    directory = tmp_path_factory.mktemp("uninterrupted")
    bench = open_benchmark()
    for plan in plan_runs(CampaignSpec.model_validate(SPEC)):
        assert execute_run(plan, bench, str(directory)).failure == ""
    return contents(directory)


@contextmanager
def process(*arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process with a process group of its own, which is gone afterwards."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", *arguments], stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield started
        finally:
            kill(started)


def kill(started: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(started.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    started.wait()


@contextmanager
def scheduler_alone(directory: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler without workers; yields its address and the process."""
    file = directory / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with process("distributed.cli.dask_scheduler", *options, log=directory / "scheduler.log") as scheduler:
        wait_for(lambda: file.exists() and file.stat().st_size > 0)
        yield json.loads(file.read_text())["address"], scheduler


def worker_of(address: str, log: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return process("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", log=log)


@contextmanager
def cluster(directory: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers; yields the scheduler's address and the processes."""
    with (
        scheduler_alone(directory) as (address, scheduler),
        worker_of(address, directory / "worker-0.log") as first,
        worker_of(address, directory / "worker-1.log") as second,
    ):
        yield address, scheduler, [first, second]


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def run_arguments(directory: Path) -> tuple[str, ...]:
    spec = directory / "spec.json"
    spec.write_text(json.dumps(SPEC))
    return ("run", str(spec), "--out", str(directory / "out"))


def finished_runs(directory: Path) -> int:
    return len(list((directory / "out").glob("runs/*/*.jsonl")))


def attempts(request: pytest.FixtureRequest) -> range:
    return range(request.config.getoption("--kills"))


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["client", "worker", "scheduler"])
def test_resuming_gives_the_uninterrupted_results(
    victim: str, request: pytest.FixtureRequest, tmp_path: Path, uninterrupted: dict[str, list[dict[str, Any]]]
) -> None:
    for attempt in attempts(request):
        directory = tmp_path / str(attempt)
        directory.mkdir()
        n_before = random.Random(f"{victim} {attempt}").randrange(N_RUNS - 4)
        with cluster(directory) as (address, scheduler, workers):
            arguments = (*run_arguments(directory), "--scheduler", address)
            with process("nhb2_plugins.cli", *arguments, log=directory / "client.log") as client:
                wait_for(lambda: finished_runs(directory) >= n_before and (directory / "out" / "runs").exists())  # noqa: B023
                kill({"client": client, "worker": workers[0], "scheduler": scheduler}[victim])
                status = client.wait(timeout=PATIENCE_S)
            # A lost worker's run is done again by the other one; without its scheduler the client says so and stops
            # (2: it had not reached it yet).
            log = (directory / "client.log").read_text()
            assert status in {"client": [-signal.SIGKILL], "worker": [0], "scheduler": [1, 2]}[victim], log
            assert "Traceback" not in log
        with scheduler_of_threads() as another:
            resumed = nhb2(*run_arguments(directory), "--scheduler", another)
        assert resumed.status == 0, resumed.err
        assert contents(directory / "out") == uninterrupted


def test_a_campaign_waits_for_the_first_worker_and_says_so(tmp_path: Path) -> None:
    log = tmp_path / "client.log"
    with (
        scheduler_alone(tmp_path) as (address, _),
        process("nhb2_plugins.cli", *run_arguments(tmp_path), "--scheduler", address, log=log) as client,
    ):
        wait_for(lambda: b"has no workers yet; waiting for one" in log.read_bytes())
        with worker_of(address, tmp_path / "worker.log"):
            assert client.wait(PATIENCE_S) == 0, log.read_text()
    assert finished_runs(tmp_path) == N_RUNS
