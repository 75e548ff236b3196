"""A worker process for the tests: RUN_ID HOST PORT NAME [slow MARKER | broken].

``slow`` writes its process id into MARKER in its third evaluation, and sleeps in it until it is killed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from nhb2_plugins.adapters.bohb_adapter import BohbWorker
from nhb2_plugins.benchmark import Benchmark, Observation
from tests.core_fixtures import mini_table


class SlowBenchmark(Benchmark):
    n_evaluations = 0

    def evaluate(self, *arguments: Any, **keywords: Any) -> Observation:
        self.n_evaluations += 1
        if self.n_evaluations == 3:
            Path(sys.argv[6]).write_text(str(os.getpid()))
            time.sleep(600)
        return super().evaluate(*arguments, **keywords)


class BrokenBenchmark(Benchmark):
    def evaluate(self, *arguments: Any, **keywords: Any) -> Observation:
        raise ZeroDivisionError("planted")


def main() -> None:
    run_id, host, port, name = sys.argv[1:5]
    kind = {"slow": SlowBenchmark, "broken": BrokenBenchmark}.get("".join(sys.argv[5:6]), Benchmark)
    worker = BohbWorker(bench=kind(mini_table()), run_id=run_id, nameserver=host, nameserver_port=int(port), id=name)
    worker.run()


if __name__ == "__main__":
    main()
