"""Left to the environment that has TeX (``tox -e tex``), where nothing is passed over."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("NHB2_TEST_TEX") else ["test_*.py"]
