"""The adapters of ``adapter_cases.py`` under the suite that all adapters keep."""

from __future__ import annotations

from nhb2_plugins.testing import AdapterContract
from tests.contract.adapter_cases import ADAPTERS


class TestAdapters(AdapterContract):
    adapters = ADAPTERS
