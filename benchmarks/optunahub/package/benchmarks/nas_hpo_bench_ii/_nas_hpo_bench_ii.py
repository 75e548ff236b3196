"""The problem; see the README for what its numbers are."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import optuna
import optunahub
from optuna.trial import BaseTrial, FixedTrial

try:
    from nhb2_plugins.adapters.optuna_adapter import (
        USER_ATTRIBUTES,
        OptunaObjective,
        Subspace,
        optuna_search_space,
    )
    from nhb2_plugins.benchmark import open_benchmark
    from nhb2_plugins.encoding import to_configuration
    from nhb2_plugins.objectives import OBJECTIVES
    from nhb2_plugins.trajectory.logger import TrajectoryLogger
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("Please run `pip install 'nhb2-plugins[optuna]'` to use `nas_hpo_bench_ii`.") from error


# A simulated end on one worker's clock would contradict a simulator's own.
_ATTRIBUTES = tuple(name for name in USER_ATTRIBUTES if name != "simulated_end_s")


class Problem(optunahub.benchmarks.BaseProblem):
    """Joint search of a cell, a learning rate and a batch size for CIFAR-10; every metric is minimised.

    Args:
        seed: None answers with the table's first training seed, always. An integer seeds a generator that draws one of
            the table's training seeds for each evaluation (noisy evaluations).
        metric_names: names out of `available_metric_names`; None for the validation error alone.
        epoch: 1 to 12, or 200. At 200 the error is that of an expected *test* accuracy, and the cost is estimated.
        encoding: "categorical", or "integer" for learning rate and batch size as ranks.
        report: report the validation error after each epoch, so that pruners can end a trial.
        cellcode: the only cell to search, for example "0|10|210".
        lr: the only learning rate.
        batch_size: the only batch size.
        one_per_class: search one cell of each isomorphism class, as one parameter `cell`.
        data_dir: a table's directory; None for `$NHB2_DATA`, the imported table, or the embedded one.
    """

    available_metric_names: ClassVar[list[str]] = list(OBJECTIVES)

    def __init__(
        self,
        seed: int | None = None,
        metric_names: Sequence[str] | None = None,
        *,
        epoch: int = 12,
        encoding: Literal["categorical", "integer"] = "categorical",
        report: bool = False,
        cellcode: str | None = None,
        lr: float | None = None,
        batch_size: int | None = None,
        one_per_class: bool = False,
        data_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self.metric_names = ["error_pct"] if metric_names is None else list(metric_names)
        self._bench = open_benchmark(data_dir)
        self._part = Subspace(cellcode=cellcode, lr=lr, batch_size=batch_size, one_per_class=one_per_class)
        self._encoding = encoding
        self._epoch = epoch
        self._report = report
        self._objectives = {each: self._objective(each, report, TrajectoryLogger()) for each in self._bench.seeds}
        self.reseed(seed)

    @property
    def table(self) -> str:
        """Which table answers; numbers of an embedded table are not the published benchmark's."""
        return self._bench.provenance.label

    @property
    def search_space(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """Optuna distributions by parameter name."""
        return optuna_search_space(self._encoding, self._part)

    @property
    def directions(self) -> list[optuna.study.StudyDirection]:
        """Every metric is minimised."""
        return [optuna.study.StudyDirection.MINIMIZE] * len(self.metric_names)

    def reseed(self, seed: int | None = None) -> None:
        """Start the generator of training seeds anew, or with None answer with the table's first seed."""
        self._generator = None if seed is None else random.Random(seed)

    def evaluate(self, params: dict[str, Any]) -> float | Sequence[float]:
        """The metric, or the list of several, for parameters by the names of `search_space`.

        Raises:
            ValueError: the parameters are not in the search space.
        """
        self._part.checked(to_configuration(params, self._encoding))  # a FixedTrial only warns
        objective = self._objective(self._training_seed(), False, TrajectoryLogger())
        return _plain(objective(FixedTrial(params)))

    def __call__(self, trial: BaseTrial) -> float | Sequence[float]:
        """Evaluate a trial, report where asked, and leave its cost in its user attributes.

        Raises:
            optuna.TrialPruned: the pruner ended the trial, whose `charged_cost_s` is that of the epochs it trained.
        """
        return _plain(self._objectives[self._training_seed()](trial))

    def _training_seed(self) -> int:
        seeds = self._bench.seeds
        return seeds[0] if self._generator is None else self._generator.choice(seeds)

    def _objective(self, training_seed: int, report: bool, logger: TrajectoryLogger) -> OptunaObjective:
        return OptunaObjective(
            self._bench,
            epoch=self._epoch,
            seed=training_seed,
            encoding=self._encoding,
            logger=logger,
            restriction=self._part,
            report=report,
            objectives=self.metric_names,
            attributes=_ATTRIBUTES,
        )


def runtime_func(trial: BaseTrial) -> float:
    """Seconds that a trial's training and validation took, a pruned trial's included.

    The `runtime_func` of `benchmarks/async_opt_simulator`, which calls it after the objective.
    """
    return float(trial.user_attrs["charged_cost_s"])


def _plain(values: float | Sequence[float]) -> float | list[float]:
    return values if isinstance(values, float) else list(values)
