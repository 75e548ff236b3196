"""NAS-HPO-Bench-II for Syne Tune 0.16: the public face of :mod:`nhb2_plugins.adapters.syne_tune`."""

from __future__ import annotations

from nhb2_plugins.adapters.syne_tune.backend import SyneTuneBackend, SyneTuneCallback
from nhb2_plugins.adapters.syne_tune.blackbox import (
    ELAPSED,
    FIDELITY,
    MAX_FIDELITY,
    METRIC,
    SyneTuneBlackbox,
    syne_tune_configuration,
    syne_tune_space,
)

__all__ = [
    "ELAPSED",
    "FIDELITY",
    "MAX_FIDELITY",
    "METRIC",
    "SyneTuneBackend",
    "SyneTuneBlackbox",
    "SyneTuneCallback",
    "syne_tune_configuration",
    "syne_tune_space",
]
