"""BOHB on the benchmark, and hpbandster's parts for it: the public face of :mod:`nhb2_plugins.adapters.hpbandster`.

``run_bohb`` does it all in one call; its default engine needs no hpbandster. ``BohbWorker`` is a worker for
hpbandster's own users, and ``LadderBohb`` and its like are hpbandster's optimizers on any ladder: they are imported
only when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nhb2_plugins.adapters.hpbandster import from_hpbandster
from nhb2_plugins.adapters.hpbandster.result import BohbResult
from nhb2_plugins.adapters.hpbandster.run_bohb import run_bohb
from nhb2_plugins.optimizers.warm_start import Run

if TYPE_CHECKING:
    from nhb2_plugins.adapters.hpbandster.optimizers import (
        LadderBohb,
        LadderHyperband,
        LadderRandomSearch,
        WorkerError,
        hpbandster_budgets,
    )
    from nhb2_plugins.adapters.hpbandster.worker import BohbWorker

__all__ = [
    "BohbResult",
    "BohbWorker",
    "LadderBohb",
    "LadderHyperband",
    "LadderRandomSearch",
    "Run",
    "WorkerError",
    "hpbandster_budgets",
    "run_bohb",
]

_MODULES: Final = {
    "BohbWorker": "worker",
    "LadderBohb": "optimizers",
    "LadderHyperband": "optimizers",
    "LadderRandomSearch": "optimizers",
    "WorkerError": "optimizers",
    "hpbandster_budgets": "optimizers",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return from_hpbandster(_MODULES[name], name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
