"""Small means that several test files of the core share."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest


def needs(*modules: str) -> pytest.MarkDecorator:
    """Leave a test to the environments that have its optional dependencies.

    With ``NHB2_TEST_ALL_EXTRAS`` set the test runs whatever is installed, and fails where something is missing.
    """
    missing = [module for module in modules if find_spec(module) is None]
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("NHB2_TEST_ALL_EXTRAS"), reason=f"needs {', '.join(missing)}"
    )
