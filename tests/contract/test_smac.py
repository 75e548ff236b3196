"""SMAC behind our protocol, at one epoch and on a ladder, under the suite that all optimizers keep."""

from __future__ import annotations

from typing import ClassVar

from nhb2_plugins.adapters.smac.optimizer import SmacOptimizer
from nhb2_plugins.testing import OptimizerContract


class TestSmac(OptimizerContract):
    optimizer = SmacOptimizer
    settings: ClassVar = {"n_initial": 4}
    ladder = None
    N = 12
    BUDGET_S = 6000.0


class TestSmacOnALadder(TestSmac):
    ladder = OptimizerContract.ladder
