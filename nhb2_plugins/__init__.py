"""NAS-HPO-Bench-II as a plugin suite for hyperparameter-optimisation frameworks.

>>> import nhb2_plugins as nhb2
>>> bench = nhb2.open_benchmark()
>>> observation = bench.evaluate(nhb2.Configuration("0|10|210", lr=0.1, batch_size=256))
>>> observation.epoch, observation.split
(12, 'valid')

Importing this package loads numpy and nothing heavier; frameworks are imported by their adapters alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nhb2_plugins.benchmark import Benchmark, Curve, Observation, open_benchmark
from nhb2_plugins.errors import Nhb2Error
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.embedded import embedded_draws

if TYPE_CHECKING:
    from nhb2_plugins.adapters.plain_adapter import objective
    from nhb2_plugins.cells import Cell
    from nhb2_plugins.encoding import choices
    from nhb2_plugins.priors import prior
    from nhb2_plugins.problem import Problem
    from nhb2_plugins.search_space import configuration_space
    from nhb2_plugins.simulation import simulate
    from nhb2_plugins.subspace import Subspace
    from nhb2_plugins.trajectory.logger import TrajectoryLogger
    from nhb2_plugins.trajectory.record import TrialRecord
    from nhb2_plugins.trajectory.sinks import JsonLinesSink, MemorySink

__version__ = "0.2.0"

__all__ = [
    "Benchmark",
    "Cell",
    "Configuration",
    "Curve",
    "FidelityLadder",
    "JsonLinesSink",
    "MemorySink",
    "Nhb2Error",
    "Observation",
    "Problem",
    "Subspace",
    "TrajectoryLogger",
    "TrialRecord",
    "choices",
    "configuration_space",
    "embedded_draws",
    "objective",
    "open_benchmark",
    "prior",
    "simulate",
]

_LAZY = {
    "Cell": "cells",
    "JsonLinesSink": "trajectory.sinks",
    "MemorySink": "trajectory.sinks",
    "Problem": "problem",
    "Subspace": "subspace",
    "TrajectoryLogger": "trajectory.logger",
    "TrialRecord": "trajectory.record",
    "choices": "encoding",
    "configuration_space": "search_space",
    "objective": "adapters.plain_adapter",
    "prior": "priors",
    "simulate": "simulation",
}
"""Where the names are that a lookup does not need; their modules are loaded when they are first asked for. Searches and
their records take as long as all of a lookup, and ConfigSpace over a second."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        globals()[name] = found = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
