"""What the tests of the drop-in ask."""

from __future__ import annotations

import logging
from pathlib import Path

from nhb2_plugins.compat import NASHPOBench2API

KEY = {"cellcode": "0|10|210", "lr": 0.1, "batch_size": 256}


def quiet(data_dir: Path | None) -> NASHPOBench2API:
    return NASHPOBench2API(data_dir, logger=logging.getLogger("tests.compat"), verbose=False)
