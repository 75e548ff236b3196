"""The drop-in on pickles that are read by eye (``tests.support.mini_pickles``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from nhb2_plugins.compat import NASHPOBench2API
from tests.compat.queries import quiet


@pytest.fixture
def api(mini_pickles: Path) -> NASHPOBench2API:
    return quiet(mini_pickles)


@pytest.fixture
def own_data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
