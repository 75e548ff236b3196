"""hpbandster's own optimizers end by themselves on today's packages, beside our worker and in programs of others.

The programs are run in processes of their own: what hangs in hpbandster hangs beyond any exception.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import serpent
from hpbandster.core.base_iteration import BaseIteration

import nhb2_plugins.adapters.hpbandster.repair  # noqa: F401 - what is tested
from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.space import Configuration

HERE: Final = Path(__file__).parent
PATIENCE_S: Final = 240
N_RUNS: Final = (9 + 3 + 1) + (3 + 1) + 3 + (9 + 3 + 1)
"""Of hpbandster's first four brackets for three rungs."""
OUR_WORKER: Final = """
import sys
from hpbandster.core.nameserver import NameServer
from hpbandster.core.result import json_result_logger, logged_results_to_HBS_result
from hpbandster.optimizers import BOHB
import nhb2_plugins as nhb2
from nhb2_plugins.adapters.bohb_adapter import BohbWorker, hpbandster_budgets

server = NameServer(run_id="own", host="127.0.0.1", port=0)
host, port = server.start()
where = {"run_id": "own", "nameserver": host, "nameserver_port": port}
worker = BohbWorker(bench=nhb2.open_benchmark(), ladder=(4, 12), **where)
worker.run(background=True)
optimizer = BOHB(
    configspace=worker.get_configspace(0), result_logger=json_result_logger(sys.argv[1]),
    **hpbandster_budgets((4, 12)), **where,
)
result = optimizer.run(n_iterations=2)
optimizer.shutdown(shutdown_workers=True)
server.shutdown()
again = logged_results_to_HBS_result(sys.argv[1])
print([run.loss for run in result.get_all_runs()] == [run.loss for run in again.get_all_runs()])
print([run.info["record_trial"] for run in sorted(result.get_all_runs(), key=lambda run: run.time_stamps["finished"])])
"""


def output_of(*command: str) -> list[str]:
    root = HERE.parents[2]
    completed = subprocess.run(
        [sys.executable, "-W", "ignore", *command], cwd=root, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip().splitlines()


def runs_of(kind: str, directory: Path) -> list[Any]:
    script = str(HERE / "plain_search.py")
    runs: list[Any] = json.loads(output_of("-m", "nhb2_plugins.compat", script, kind, str(directory))[-1])
    return runs


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    """The embedded table, not the generated one of other adapters' tests: it is what the programs open."""
    return open_benchmark()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    return runs_of("sequential", tmp_path_factory.mktemp("alone"))


def assert_answered(runs: list[Any], bench: Benchmark, n: int) -> None:
    assert len(runs) == n
    for _, key, budget, loss in runs:
        assert loss == bench.evaluate(Configuration(**key), int(budget)).error_pct
    assert sorted({budget for _, _, budget, _ in runs}) == pytest.approx([12 / 9, 4, 12])


def test_one_worker_and_the_same_search_every_time(alone: list[Any], bench: Benchmark, tmp_path: Path) -> None:
    assert_answered(alone, bench, N_RUNS)
    assert runs_of("sequential", tmp_path) == alone


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_two_workers(kind: str, bench: Benchmark, tmp_path: Path) -> None:
    assert_answered(runs_of(kind, tmp_path), bench, N_RUNS)


def test_a_search_that_is_logged_is_continued(alone: list[Any], bench: Benchmark, tmp_path: Path) -> None:
    logged = runs_of("logged", tmp_path)
    assert logged == alone
    continued = runs_of("continued", tmp_path)
    assert_answered(continued, bench, 2 * N_RUNS)
    earlier = [run for run in continued if run[0] == -1]
    assert sorted(map(json.dumps, (run[1:] for run in earlier))) == sorted(map(json.dumps, (run[1:] for run in alone)))


def test_hpbandsters_bohb_and_its_log_on_our_worker_and_space(tmp_path: Path) -> None:
    same, links = output_of("-c", OUR_WORKER, str(tmp_path))
    assert same == "True"
    assert json.loads(links) == list(range(len(json.loads(links))))


def test_an_iteration_takes_numpy_values_as_what_they_stand_for() -> None:
    config = {"lr": np.float64(0.1), "batch_size": np.int64(16), "op_01": np.str_("skip")}
    iteration = BaseIteration(0, [1], np.array([12.0]), lambda budget: (config, {"budget": budget}))
    datum = iteration.data[iteration.add_configuration()]
    values = [*datum.config.values(), datum.budget, datum.config_info["budget"]]
    assert values == [0.1, 16, "skip", 12.0, 12.0]
    assert [type(value) for value in values] == [float, int, str, float, float]


def test_numpy_scalars_are_sent_as_what_they_stand_for() -> None:
    sent = [np.int64(3), np.float64(0.1), np.str_("skip"), np.bool_(True), {"lr": np.float64(0.4)}]
    assert serpent.loads(serpent.dumps(sent)) == [3, 0.1, "skip", True, {"lr": 0.4}]
