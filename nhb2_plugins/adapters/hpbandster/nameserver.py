"""One BOHB run with hpbandster in a single call: nameserver, workers in threads, optimizer; all of it gone after."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

import numpy as np
from hpbandster.core.nameserver import NameServer
from hpbandster.core.result import Result

from nhb2_plugins.adapters.hpbandster.optimizers import LadderBohb
from nhb2_plugins.adapters.hpbandster.search import BohbSearch
from nhb2_plugins.adapters.hpbandster.worker import BohbWorker
from nhb2_plugins.budget import Budget
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.trajectory.recorder import Recorder

_HOST: Final = "127.0.0.1"
_PATIENCE_S: Final = 60.0


class _BudgetedWorker(BohbWorker):
    """A worker that answers nothing once the simulated budget is spent."""

    budget: Budget

    def compute(
        self, config_id: object, config: Mapping[str, Any], budget: float, working_directory: str = "", **_: object
    ) -> dict[str, Any] | None:
        # The job was on its way when another worker spent the budget; hpbandster books an empty result as a crash.
        with self.recorder.logger.lock:
            if self.budget.is_spent(self.recorder.logger.clock_s):
                return None
            return super().compute(config_id, config, budget, working_directory)


def run_on_nameserver(search: BohbSearch) -> Result:
    """The nameserver engine of :func:`nhb2_plugins.adapters.bohb_adapter.run_bohb`."""
    settings, n_workers = search.settings, search.n_workers
    own = asdict(settings)
    del own["encoding"]
    if own.pop("bandwidth") != "normal_reference":
        raise InvalidValueError(f"bandwidth {settings.bandwidth!r} needs engine='in_process': hpbandster has none")
    recorder = Recorder(search.problem, logger=search.logger)
    run_id = f"nhb2-{uuid4().hex}"
    with _nameserver(run_id) as where, _seeded(search.seed), tempfile.TemporaryDirectory() as directory:
        workers = [
            _BudgetedWorker(bench=search.problem, whole_cells=search.whole_cells, id=i, **where)
            for i in range(n_workers)
        ]
        optimizer = LadderBohb(
            configspace=workers[0].get_configspace(search.seed),
            ladder=search.ladder,
            worker_timeout_s=_PATIENCE_S,
            working_directory=directory,
            previous_result=search.previous,
            **where,
            **own,
        )
        optimizer.should_stop = lambda: search.is_spent() or any(each.error for each in workers)
        try:
            for worker in workers:
                worker.recorder, worker.budget = recorder, search.budget
                worker.run(background=True)
            result = optimizer.run(
                math.inf if search.n_iterations is None else search.n_iterations, min_n_workers=n_workers
            )
        finally:
            optimizer.shutdown(shutdown_workers=True)
            for worker in workers:
                worker.stop()
            for worker in workers:
                worker.raise_first_error()
    return result


@contextmanager
def _nameserver(run_id: str) -> Iterator[dict[str, Any]]:
    """A nameserver on a free port; yields the arguments by which workers and optimizer find it."""
    server = NameServer(run_id=run_id, host=_HOST, port=0)
    host, port = server.start()
    try:
        yield {"run_id": run_id, "host": _HOST, "nameserver": host, "nameserver_port": port}
    finally:
        server.shutdown()


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed numpy's global state, which hpbandster draws from, and put it back afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
