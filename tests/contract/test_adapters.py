"""The adapters of ``adapter_cases.py`` under the suite that all adapters keep (``suite.py``)."""

from __future__ import annotations

from tests.contract.adapter_cases import CASES
from tests.contract.suite import AdapterContract


class TestAdapters(AdapterContract):
    CASES = CASES
