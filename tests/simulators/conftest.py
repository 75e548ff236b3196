"""Left to the environment that has the other simulators (``tox -e simulators``), where nothing is passed over."""

from __future__ import annotations

import os
from importlib.util import find_spec

_INSTALLED = all(find_spec(module) is not None for module in ("autorank", "benchmark_simulator", "syne_tune"))
collect_ignore_glob = [] if _INSTALLED or os.environ.get("NHB2_TEST_SIMULATORS") else ["test_*.py"]
