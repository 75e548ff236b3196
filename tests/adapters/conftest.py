from __future__ import annotations

import pytest

from nhb2_plugins.benchmark import Benchmark
from tests.support.generated_benchmark import generated_benchmark


@pytest.fixture(scope="session")
def bench() -> Benchmark:
    return generated_benchmark()
