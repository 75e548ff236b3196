"""Left to the environment that has PyTorch (``tox -e torch``), where nothing is passed over."""

from __future__ import annotations

import os
from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") or os.environ.get("NHB2_TEST_TORCH") else ["test_*.py"]
