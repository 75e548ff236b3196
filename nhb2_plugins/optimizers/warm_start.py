"""The results of an earlier BOHB run, as a later one starts from them.

hpbandster's rule (0.7.4, ``previous_result``): every run of every configuration is a datum of its budget's model; the
models are fitted once, for the budgets of the last configuration, and each later result completes its own budget's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nhb2_plugins.arguments import has_methods
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder, is_same_budget
from nhb2_plugins.optimizers.hyperband import ConfigId


@dataclass
class Run:
    """One evaluation: hpbandster's fields, also by subscription."""

    config_id: ConfigId
    budget: float
    loss: Any  # a float; None for a run that crashed
    info: Any
    time_stamps: dict[str, float]
    error_logs: str | None = None

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


class PreviousResult(Protocol):
    """What can be started from: hpbandster's ``Result``, or a ``BohbResult``."""

    def get_id2config_mapping(self) -> Mapping[Any, Any]:
        """``{id: {"config": values by name, "config_info": dict}}``."""
        ...

    def get_runs_by_id(self, config_id: Any) -> Iterable[Any]:
        """The runs of a configuration (:class:`Run`), smallest budget first."""
        ...


@dataclass(frozen=True, slots=True)
class EarlierConfiguration:
    """One earlier configuration, its values as they were, and its runs.

    A run's budget is the ladder's own where it is within a billionth of it, its loss infinity where it crashed, and its
    time stamps are moved so that the last run of all finished at 0.
    """

    config: dict[str, Any]
    config_info: dict[str, Any]
    runs: tuple[Run, ...]


def read_previous(previous: PreviousResult, ladder: FidelityLadder) -> tuple[EarlierConfiguration, ...]:
    """The configurations of an earlier run and their results, in its order.

    Args:
        previous: the earlier run.
        ladder: of the run that starts from it.

    Raises:
        InvalidValueError: it is no result, or there is no run in it.
    """
    if not has_methods(previous, "get_id2config_mapping", "get_runs_by_id"):
        raise InvalidValueError(
            f"previous_result {previous!r:.80} is neither a result (of run_bohb or hpbandster) nor the directory of "
            "hpbandster's json_result_logger"
        )
    runs = {config_id: tuple(previous.get_runs_by_id(config_id)) for config_id in previous.get_id2config_mapping()}
    ends = [run.time_stamps["finished"] for each in runs.values() for run in each]
    if not ends:
        raise InvalidValueError(f"previous_result {previous!r:.80} holds no run")
    return tuple(
        EarlierConfiguration(
            dict(entry["config"]),
            dict(entry.get("config_info") or {}),
            tuple(_earlier(run, config_id, max(ends), ladder) for run in runs[config_id]),
        )
        for config_id, entry in previous.get_id2config_mapping().items()
    )


def _earlier(run: Any, config_id: ConfigId, end_s: float, ladder: FidelityLadder) -> Run:
    loss = math.inf if run.loss is None or math.isnan(run.loss) else float(run.loss)
    time_stamps = {event: time_s - end_s for event, time_s in run.time_stamps.items()}
    return Run(config_id, _own_budget(float(run.budget), ladder), loss, run.info, time_stamps, run.error_logs)


def _own_budget(budget: float, ladder: FidelityLadder) -> float:
    """Hpbandster's own budgets can differ from the ladder's in their last digits."""
    return next((float(own) for own in ladder.budgets if is_same_budget(budget, own)), budget)
