"""``BohbWorker`` and the optimizers on a real nameserver: separate processes, killed workers, errors, shutdown."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import psutil
import pytest
from hpbandster.core.base_iteration import BaseIteration
from hpbandster.core.nameserver import NameServer
from hpbandster.core.result import json_result_logger, logged_results_to_HBS_result
from hpbandster.optimizers import BOHB, HyperBand
from Pyro4.errors import NamingError

import tests
from nhb2_plugins.adapters.bohb_adapter import BohbWorker
from nhb2_plugins.adapters.configspace_adapter import configuration_space
from nhb2_plugins.adapters.hpbandster import worker as hpbandster_worker
from nhb2_plugins.adapters.hpbandster.optimizers import (
    HonestBohbGenerator,
    LadderBohb,
    LadderHyperband,
    LadderRandomSearch,
    WorkerError,
    hpbandster_budgets,
)
from nhb2_plugins.encoding import to_configuration
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FIDELITIES, FidelityLadder
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from tests.adapters.hpbandster.leftovers import Leftovers
from tests.core_fixtures import mini_benchmark

BENCH = mini_benchmark()
ROOT = Path(tests.__file__).parents[1]
PATIENCE_S = 60.0
HANG_S = 300.0


class Net(NamedTuple):
    """A nameserver, and how to find it."""

    run_id: str
    nameserver: str
    nameserver_port: int

    def arguments(self) -> dict[str, Any]:
        return self._asdict()


@pytest.fixture
def net() -> Iterator[Net]:
    faulthandler.dump_traceback_later(HANG_S, exit=True)  # what hangs here hangs in locks, beyond any exception
    leftovers = Leftovers()
    run_id = uuid4().hex
    server = NameServer(run_id=run_id, host="127.0.0.1", port=0)
    host, port = server.start()
    yield Net(run_id, host, port)
    server.shutdown()
    wait_until(lambda: not [each for each in leftovers.new() if not is_halfway_closed(each)])
    faulthandler.cancel_dump_traceback_later()


def is_halfway_closed(leftover: object) -> bool:
    """A client's end of a connection whose server is gone: plain hpbandster leaves it to the garbage collector."""
    return isinstance(leftover, tuple) and leftover[0] == psutil.CONN_CLOSE_WAIT


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@contextmanager
def worker_process(net: Net, name: str, *mode: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.adapters.hpbandster.worker_script", net.run_id, net.nameserver]
    process = subprocess.Popen([*command, str(net.nameserver_port), name, *mode], cwd=ROOT)
    try:
        yield process
        process.wait(PATIENCE_S)  # the optimizer's shutdown ends it
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def running(optimizer: Any) -> Iterator[Any]:
    try:
        yield optimizer
    finally:
        optimizer.shutdown(shutdown_workers=True)
        for worker in optimizer.dispatcher.worker_pool.values():
            worker.proxy._pyroRelease()  # hpbandster's own optimizers leave these connections open


def worker_thread(net: Net, **arguments: Any) -> BohbWorker:
    worker = BohbWorker(bench=BENCH, **{"id": 0, **arguments}, **net.arguments())
    worker.run(background=True)
    return worker


def ladder_bohb(net: Net, directory: Path, **arguments: Any) -> LadderBohb:
    defaults = {"configspace": configuration_space(seed=0), "working_directory": str(directory), "worker_timeout_s": 30}
    return LadderBohb(**{**defaults, **arguments}, **net.arguments())


def check_runs(result: Any, n_runs: int) -> None:
    configs = result.get_id2config_mapping()
    runs = [run for run in result.get_all_runs() if run.loss is not None]
    assert len(runs) == n_runs
    for run in runs:
        configuration = to_configuration(configs[run.config_id]["config"])
        assert run.loss == BENCH.evaluate(configuration, int(run.budget)).error_pct


def test_plain_hpbandster_with_a_worker_in_another_process(net: Net, tmp_path: Path) -> None:
    """What the reference's own script does, and what hangs without the worker: hpbandster's BOHB, as it is."""
    with worker_process(net, "0"):
        optimizer = BOHB(
            configspace=configuration_space(seed=0),
            working_directory=str(tmp_path),
            ping_interval=1,
            **hpbandster_budgets([12, 200]),
            **net.arguments(),
        )
        with running(optimizer):
            result = optimizer.run(4)
    check_runs(result, 38)
    assert Counter(run.budget for run in result.get_all_runs()) == {12: 32, 200: 6}
    flags = [entry["config_info"]["model_based_pick"] for entry in result.get_id2config_mapping().values()]
    assert any(flags)


def test_two_worker_processes(net: Net, tmp_path: Path) -> None:
    with worker_process(net, "0"), worker_process(net, "1"), running(ladder_bohb(net, tmp_path)) as optimizer:
        result = optimizer.run(4, min_n_workers=2)
    check_runs(result, 38)


def test_a_worker_killed_in_the_middle_of_a_job(net: Net, tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    with (
        worker_process(net, "slow", "slow", str(marker)) as victim,
        worker_process(net, "0"),
        running(ladder_bohb(net, tmp_path, ping_interval=1)) as optimizer,
    ):
        killer = threading.Thread(target=kill_when_marked, args=(marker, victim))
        killer.start()
        result = optimizer.run(4, min_n_workers=2)
        killer.join()
    assert victim.returncode == -signal.SIGKILL
    crashed = [run for run in result.get_all_runs() if run.loss is None]
    assert [run.error_logs for run in crashed] == ["Worker died unexpectedly."]
    check_runs(result, len(result.get_all_runs()) - 1)


def kill_when_marked(marker: Path, victim: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: marker.exists() and marker.read_text() == str(victim.pid))
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()


def test_a_worker_killed_while_idle(net: Net, tmp_path: Path) -> None:
    """The job that is sent to it next goes to another worker; hpbandster's own dispatcher would hang here."""
    with (
        worker_process(net, "0") as victim,
        worker_process(net, "1"),
        running(ladder_bohb(net, tmp_path, ping_interval=600)) as optimizer,
    ):
        optimizer.run(1, min_n_workers=2)
        victim.kill()
        victim.wait()
        result = optimizer.run(4)
    check_runs(result, 17 + 2 + 17 + 2 + 17)


def test_an_error_in_another_process_is_raised_with_its_traceback(net: Net, tmp_path: Path) -> None:
    with (
        worker_process(net, "0", "broken"),
        running(ladder_bohb(net, tmp_path)) as optimizer,
        pytest.raises(WorkerError, match="ZeroDivisionError: planted") as caught,
    ):
        optimizer.run(3)
    assert "Traceback" in str(caught.value)


def test_a_worker_keeps_its_first_error_under_plain_hpbandster(net: Net, tmp_path: Path) -> None:
    worker = worker_thread(net, ladder=[200])  # the optimizer asks below the ladder: a user's mistake
    optimizer = BOHB(
        configspace=configuration_space(seed=0),
        working_directory=str(tmp_path),
        **hpbandster_budgets([12, 200]),
        **net.arguments(),
    )
    with running(optimizer):
        result = optimizer.run(1)
    worker.stop()
    assert any(run.loss is None for run in result.get_all_runs())  # hpbandster shows nothing but crashed runs
    with pytest.raises(InvalidValueError, match=r"budget 12\.0 is below the smallest fidelity 200"):
        worker.raise_first_error()


def test_an_error_in_the_model_is_raised_not_replaced_by_a_random_configuration(net: Net, tmp_path: Path) -> None:
    worker = worker_thread(net)
    optimizer = ladder_bohb(net, tmp_path, random_fraction=0)
    with running(optimizer):
        optimizer.run(3)
        models = optimizer.config_generator.kde_models
        models[max(models)]["good"].pdf = None  # calling it is a TypeError in the middle of get_config
        with pytest.raises(TypeError, match="NoneType"):
            optimizer.run(4)
    worker.stop()


def test_an_error_while_results_are_taken_in_is_raised(
    net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hpbandster takes results in from a thread whose errors nobody sees; the run would wait for good."""

    def broken(self: BaseIteration, job: Any, skip_sanity_checks: bool = False) -> None:
        raise LookupError("planted")

    worker = worker_thread(net)
    with running(ladder_bohb(net, tmp_path)) as optimizer:
        monkeypatch.setattr(BaseIteration, "register_result", broken)
        with pytest.raises(LookupError, match="planted"):
            optimizer.run(1)
    worker.stop()


def test_what_cannot_be_serialized_is_raised(net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = worker_thread(net)
    with running(ladder_bohb(net, tmp_path)) as optimizer:
        monkeypatch.setattr(optimizer.config_generator, "get_config", lambda budget: ({"lr": slice(1)}, {}))
        with pytest.raises(TypeError, match="serialize"):
            optimizer.run(1)
    worker.stop()


def test_no_worker_is_an_error_after_a_while(net: Net, tmp_path: Path) -> None:
    expected = pytest.raises(TimeoutError, match=r"0 of 2 workers came within 0\.3 s")
    with running(ladder_bohb(net, tmp_path, worker_timeout_s=0.3)) as optimizer, expected:
        optimizer.run(1, min_n_workers=2)


def test_no_nameserver_is_an_error_at_once(tmp_path: Path) -> None:
    leftovers = Leftovers()
    with pytest.raises(NamingError):
        ladder_bohb(Net("nobody", "127.0.0.1", 1), tmp_path)
    assert leftovers.new() == set()


def test_a_host_that_is_not_this_machine_is_an_error_and_leaves_nothing(net: Net, tmp_path: Path) -> None:
    leftovers = Leftovers()
    with running(ladder_bohb(net, tmp_path, host="203.0.113.1")) as optimizer, pytest.raises(OSError, match="assign"):
        optimizer.run(1)
    wait_until(lambda: leftovers.new() == set())


def test_a_nameserver_that_goes_away_is_an_error(tmp_path: Path) -> None:
    leftovers = Leftovers()
    server = NameServer(run_id="short", host="127.0.0.1", port=0)
    optimizer = ladder_bohb(Net("short", *server.start()), tmp_path)
    server.shutdown()
    with running(optimizer), pytest.raises(NamingError):
        optimizer.run(1)
    wait_until(lambda: leftovers.new() == set())


def test_a_worker_that_no_optimizer_ends(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hpbandster_worker, "_SHUTDOWN_S", 0.5)
    worker = worker_thread(net)
    worker.stop()
    assert not worker.thread.is_alive()
    BohbWorker(bench=BENCH, run_id="never started").stop()


def test_result_logger_and_warm_start(net: Net, tmp_path: Path) -> None:
    worker = worker_thread(net)
    result_logger = json_result_logger(directory=str(tmp_path / "first"))
    with running(ladder_bohb(net, tmp_path, result_logger=result_logger)) as optimizer:
        first = optimizer.run(4)
    worker.stop()
    read_back = logged_results_to_HBS_result(str(tmp_path / "first"))
    assert [run.loss for run in read_back.get_all_runs()] == [run.loss for run in first.get_all_runs()]

    worker = worker_thread(net)
    warm = ladder_bohb(net, tmp_path, previous_result=read_back, random_fraction=0)
    with running(warm):
        second = warm.run(1)
    worker.stop()
    fresh = [e["config_info"] for i, e in second.get_id2config_mapping().items() if i[0] == 0]
    assert len(fresh) == 16  # of which a cold start picks none by a model, for want of results
    assert sum(config_info["model_based_pick"] for config_info in fresh) > 8
    assert len(second.get_all_runs()) == len(first.get_all_runs()) + 17


def test_hyperband_and_random_search(net: Net, tmp_path: Path) -> None:
    ladder = FidelityLadder.hyperband(1, 12, eta=3)
    arguments = {"configspace": configuration_space(seed=0), "ladder": ladder, "working_directory": str(tmp_path)}
    for kind, expected in (
        (LadderHyperband, {12 / 9: 9, 4.0: 6, 12.0: 5}),
        (LadderRandomSearch, {12.0: 9}),
    ):
        worker = worker_thread(net, ladder=ladder)
        with running(kind(**arguments, **net.arguments())) as optimizer:
            result = optimizer.run(3)
        worker.stop()
        assert Counter(run.budget for run in result.get_all_runs()) == expected
        assert len({str(entry) for entry in result.get_id2config_mapping().values()}) == len(result.data)


def test_plain_hyperband_runs_too(net: Net, tmp_path: Path) -> None:
    ladder = FidelityLadder.hyperband(1, 12, eta=3)
    worker = worker_thread(net, ladder=ladder, encoding="integer")
    optimizer = HyperBand(
        configspace=worker.get_configspace(1),
        working_directory=str(tmp_path),
        **hpbandster_budgets(ladder),
        **net.arguments(),
    )
    with running(optimizer):
        result = optimizer.run(3)
    worker.stop()
    assert len(result.get_all_runs()) == 20
    worker.raise_first_error()


def test_records_of_workers_in_threads_go_to_one_logger(net: Net, tmp_path: Path) -> None:
    logger = TrajectoryLogger()
    workers = [worker_thread(net, id=i, logger=logger) for i in range(2)]
    with running(ladder_bohb(net, tmp_path)) as optimizer:
        result = optimizer.run(2, min_n_workers=2)
    for worker in workers:
        worker.stop()
    assert len(logger) == len(result.get_all_runs()) == 19
    assert sorted(record.trial for record in logger.records) == list(range(19))


def test_a_generator_without_usable_candidates_is_random_and_says_so() -> None:
    """hpbandster's own way out when all densities are NaN is no error, and no model-based pick."""
    generator = HonestBohbGenerator(configuration_space(seed=0), random_fraction=0)

    class NotANumber:
        data = np.zeros((9, 8))
        bw = np.ones(8)

        def pdf(self, vector: Any) -> Any:
            return np.float64("nan")

    generator.kde_models = {12.0: {"good": NotANumber(), "bad": NotANumber()}}
    iteration = BaseIteration(0, [1], [12.0], generator.get_config)
    datum = iteration.data[iteration.add_configuration()]
    assert datum.config_info == {"model_based_pick": False}
    assert all(type(value) in (str, float, int) for value in datum.config.values())


def test_hpbandsters_own_formula_keeps_every_rung_with_our_arguments() -> None:
    for low, top in ((low, top) for top in (12, 200) for low in FIDELITIES if low < top):
        budgets = budgets_of_hpbandster(**hpbandster_budgets([low, top]))
        assert FidelityLadder(budgets).rungs == (low, top)


def test_hpbandster_budgets_of_longer_and_shorter_ladders() -> None:
    assert budgets_of_hpbandster(**hpbandster_budgets([1, 2, 4, 8])) == [1, 2, 4, 8]
    assert budgets_of_hpbandster(**hpbandster_budgets([12])) == [12]
    with pytest.raises(InvalidValueError, match="not geometric"):
        hpbandster_budgets([1, 4, 12])


def budgets_of_hpbandster(eta: float, min_budget: float, max_budget: float) -> list[float]:
    """The arithmetic of hpbandster 0.7.4 (``BOHB.__init__``)."""
    n_rungs = -int(np.log(min_budget / max_budget) / np.log(eta)) + 1
    budgets: list[float] = (max_budget * np.power(eta, -np.linspace(n_rungs - 1, 0, n_rungs))).tolist()
    return budgets
