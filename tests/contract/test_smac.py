"""SMAC behind our protocol, at one epoch and on a ladder, under the suite that all optimizers keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nhb2_plugins.adapters.smac.optimizer import SmacOptimizer
from nhb2_plugins.testing import OptimizerContract


class TestSmac(OptimizerContract):
    optimizer = SmacOptimizer
    settings: ClassVar = {"n_initial": 4}
    N = 12
    BUDGET_S = 6000.0

    @classmethod
    def search_names(cls) -> Sequence[str]:
        return ["at-one-epoch", "on-a-ladder"]

    @classmethod
    def fidelity(cls, name: str, epoch: int) -> dict[str, Any]:
        return super().fidelity(name, epoch) if name == "on-a-ladder" else {"epoch": epoch}

    @classmethod
    def takes(cls, name: str, parameter: str) -> bool:
        """On a ladder SMAC minimises one objective."""
        return super().takes(name, parameter) and (name, parameter) != ("on-a-ladder", "objectives")
