from __future__ import annotations

import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.testing import generated_benchmark


@pytest.fixture(scope="session")
def bench() -> Benchmark:
    return generated_benchmark()
