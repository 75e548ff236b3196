"""Every optimizer that can be asked for by name, under the suite that all optimizers keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import product
from typing import Any

from nhb2_plugins.ask_tell import Optimizer
from nhb2_plugins.optimizers.registry import OPTIMIZERS, make_optimizer
from nhb2_plugins.testing import OptimizerContract

SHORT_FIRST_STAGE: dict[str, dict[str, Any]] = {
    "rs_then_rea": {"first_stage_s": 1000.0},
    "bohb_then_rea": {"n_iterations": 1},
    "optuna": {"n_startup_trials": 5},
}


class TestOptimizers(OptimizerContract):
    """As a campaign makes them; SMAC, which is slow, has shorter searches in ``test_smac.py``."""

    refuses = tuple(product(("rs_then_rea", "bohb_then_rea"), ("cell", "lr-and-batch-size")))
    N = 60

    @classmethod
    def search_names(cls) -> Sequence[str]:
        return [name for name in OPTIMIZERS if name != "smac"]

    @classmethod
    def maker(cls, name: str) -> Callable[..., Optimizer]:
        module, _, made = OPTIMIZERS[name].target.partition(":")
        return getattr(import_module(module), made)

    @classmethod
    def made(cls, name: str, seed: int = 0, **asked: Any) -> Optimizer:
        ladder = None if OPTIMIZERS[name].ladder == "never" else cls.ladder
        return make_optimizer(name, seed=seed, ladder=ladder, settings=SHORT_FIRST_STAGE.get(name, {}), **asked)
