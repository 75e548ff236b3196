"""Training the benchmark's networks: any cell, from one run to a table (extra ``train``).

Importing this package loads nothing; each name below loads what it needs when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from nhb2_plugins.extras import needs_extra

_HOMES: Final = {
    "Execution": "task",
    "ImageData": "data",
    "LabelledImages": "data",
    "Network": "network",
    "NetworkOptions": "task",
    "StackedTraining": "together",
    "TrainedBenchmark": "trained",
    "TrainedModel": "models",
    "TrainedRun": "run",
    "Training": "loop",
    "TrainingTask": "task",
    "load_model": "models",
    "open_data": "sources",
    "place_data": "loop",
    "read_cifar10": "cifar",
    "save_model": "models",
    "train_resumably": "checkpoint",
}
"""The public names, and the module of each."""

__all__ = sorted(_HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs_extra("training needs PyTorch", "train"):
        return getattr(import_module(f"nhb2_plugins.training.{_HOMES[name]}"), name)
