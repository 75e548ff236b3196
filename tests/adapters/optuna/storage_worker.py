"""A worker process of a shared study: ``python -m tests.adapters.optuna.storage_worker STORAGE SINK RUN_ID N_TRIALS``.

STORAGE is ``journal:PATH``, ``grpc:PORT`` or a database URL, SINK a file of JSON lines or a database URL. With
``serve:PORT`` in the place of SINK the process is the gRPC proxy of the storage instead. A worker says when it is ready
and waits for a line on its standard input, so that all of them begin at once.
"""

from __future__ import annotations

import logging
import sys

import optuna
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage, run_grpc_proxy_server
from optuna.storages.journal import JournalFileBackend

from nhb2_plugins.adapters.optuna_adapter import OptunaObjective
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.sinks import JsonLinesSink, Sink
from nhb2_plugins.trajectory.sql import SqlSink
from tests.core_fixtures import mini_table

STUDY_NAME = "shared"


def open_storage(text: str) -> BaseStorage:
    kind, _, rest = text.partition(":")
    if kind == "journal":
        return JournalStorage(JournalFileBackend(rest))
    if kind == "grpc":
        storage = GrpcStorageProxy(host="localhost", port=int(rest))
        storage.wait_server_ready(timeout=60)
        return storage
    return RDBStorage(text)


def work(storage: str, sink_text: str, run_id: str, n_trials: int) -> None:
    sink: Sink = SqlSink(sink_text) if "://" in sink_text else JsonLinesSink(sink_text)
    logger = TrajectoryLogger([sink], run_id=run_id)
    sampler = optuna.samplers.TPESampler(seed=int(run_id), n_startup_trials=5)
    study = optuna.load_study(study_name=STUDY_NAME, storage=open_storage(storage), sampler=sampler)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    study.optimize(OptunaObjective(Benchmark(mini_table()), logger=logger), n_trials=n_trials)
    logger.close()


if __name__ == "__main__":
    optuna.logging.set_verbosity(logging.ERROR)
    storage_text, sink_or_port, *rest = sys.argv[1:]
    if sink_or_port.startswith("serve:"):
        run_grpc_proxy_server(open_storage(storage_text), host="localhost", port=int(sink_or_port[len("serve:") :]))
    else:
        work(storage_text, sink_or_port, rest[0], int(rest[1]))
