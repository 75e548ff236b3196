"""A program of hpbandster's own: ``python -m nhb2_plugins.compat plain_search.py KIND DIRECTORY``.

It knows nothing of this package: a worker that asks ``nashpobench2api``, hpbandster's own BOHB, and one of five kinds
of running them (sequential, threads, processes, logged, continued). It prints the runs as JSON: iteration,
configuration, budget and loss.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import ConfigSpace
import numpy as np
from hpbandster.core.nameserver import NameServer
from hpbandster.core.result import json_result_logger, logged_results_to_HBS_result
from hpbandster.core.worker import Worker
from hpbandster.optimizers import BOHB

LADDER = {"min_budget": 1, "max_budget": 12, "eta": 3}


@lru_cache
def api() -> Any:
    from nashpobench2api import NASHPOBench2API  # there under the drop-in, and not where tests are collected

    return NASHPOBench2API(None, verbose=False)


def space(seed: int = 0) -> ConfigSpace.ConfigurationSpace:
    made = ConfigSpace.ConfigurationSpace(seed=seed)
    made.add([ConfigSpace.CategoricalHyperparameter(f"edge_{number}", [0, 1, 2, 3]) for number in range(6)])
    made.add([ConfigSpace.CategoricalHyperparameter("lr", api().lrs)])
    made.add([ConfigSpace.CategoricalHyperparameter("batch_size", api().batch_sizes)])
    return made


def key_of(config: dict[str, Any]) -> dict[str, Any]:
    a, b, c, d, e, f = (config[f"edge_{number}"] for number in range(6))
    return {"cellcode": f"{a}|{b}{c}|{d}{e}{f}", "lr": config["lr"], "batch_size": config["batch_size"]}


class Asking(Worker):  # type: ignore[misc]  # hpbandster is untyped
    def compute(self, config: dict[str, Any], budget: float, **_: Any) -> dict[str, Any]:
        accuracy, cost = api().query_by_key(**key_of(config), iepoch=int(budget))
        return {"loss": np.float64(100 - accuracy), "info": {"cost": np.float64(cost), "model": np.int64(5)}}


def search(kind: str, directory: Path) -> Any:
    np.random.seed(0)  # noqa: NPY002 - hpbandster draws from it
    server = NameServer(run_id=kind, host="127.0.0.1", port=0)
    host, port = server.start()
    where = {"run_id": kind, "nameserver": host, "nameserver_port": port}
    processes = []
    n_workers = 2 if kind in ("threads", "processes") else 1
    if kind == "processes":
        command = [sys.executable, "-m", "nhb2_plugins.compat", __file__, "worker", kind, host, str(port)]
        processes = [subprocess.Popen(command) for _ in range(n_workers)]
    else:
        for number in range(n_workers):
            Asking(id=number, **where).run(background=True)
    settings: dict[str, Any] = {}
    if kind in ("logged", "continued"):
        settings["result_logger"] = json_result_logger(directory=str(directory / kind))
    if kind == "continued":
        settings["previous_result"] = logged_results_to_HBS_result(str(directory / "logged"))
    optimizer = BOHB(configspace=space(), num_samples=4, **LADDER, **settings, **where)
    result = optimizer.run(n_iterations=4, min_n_workers=n_workers)
    optimizer.shutdown(shutdown_workers=True)
    server.shutdown()
    for process in processes:
        process.wait()
    return result


def main(kind: str, directory: str) -> None:
    result = search(kind, Path(directory))
    (Path(directory) / f"{kind}.pkl").write_bytes(pickle.dumps(result))
    keys = {config_id: key_of(each["config"]) for config_id, each in result.get_id2config_mapping().items()}
    runs = [[each.config_id[0], keys[each.config_id], each.budget, each.loss] for each in result.get_all_runs()]
    sys.stdout.write("\n" + json.dumps(runs) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        run_id, host, port = sys.argv[2:]
        Asking(run_id=run_id, nameserver=host, nameserver_port=int(port)).run()
    else:
        main(*sys.argv[1:])
