"""Benchmarks whose exact answers are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.space import N_CONFIGURATIONS
from tests.core_fixtures import N_ROWS, mini_benchmark, mini_columns

MINI = mini_benchmark()
CLASS_0_SHARE = 0.25  # the cells 0|…, a quarter of all; see mini_columns


def bench_of(errors: Any, costs: Any) -> Benchmark:
    """A benchmark with these validation errors (percent) and costs (seconds) after 12 epochs, by row."""
    columns = mini_columns()
    accuracy, total = columns["valid_acc"], columns["total_trainval_time"]
    accuracy[11, 0], total[0] = 100 - np.broadcast_to(errors, N_ROWS), np.broadcast_to(costs, N_ROWS)
    return mini_benchmark(valid_acc=accuracy, total_trainval_time=total)


def all_errors(bench: Benchmark) -> NDArray[np.float64]:
    return 100 - bench.evaluate_many(np.arange(N_CONFIGURATIONS))[0]
