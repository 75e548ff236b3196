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


class PreviousRun(Protocol):
    """What is read of one run: hpbandster's fields."""

    budget: float
    loss: Any
    info: Any
    time_stamps: Any
    error_logs: Any


class PreviousResult(Protocol):
    """What can be started from: hpbandster's ``Result``, or a ``BohbResult``."""

    def get_id2config_mapping(self) -> Mapping[Any, Any]:
        """``{id: {"config": values by name, "config_info": dict}}``."""
        ...

    def get_runs_by_id(self, config_id: Any) -> Iterable[Any]:
        """The runs of a configuration (:class:`PreviousRun`), smallest budget first."""
        ...


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """One earlier evaluation.

    Attributes:
        budget: in epochs, the ladder's own where it is within a billionth of it.
        loss: infinity for a run that crashed.
        info: what was kept beside the loss.
        time_stamps: seconds by event, moved so that the last run of all finished at 0.
        error_logs: of a run that crashed.
    """

    budget: float
    loss: float
    info: Any
    time_stamps: dict[str, float]
    error_logs: str | None


@dataclass(frozen=True, slots=True)
class EarlierConfiguration:
    """One earlier configuration, its values as they were, and its runs."""

    config: dict[str, Any]
    config_info: dict[str, Any]
    runs: tuple[EarlierRun, ...]


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
            tuple(_earlier(run, max(ends), ladder) for run in runs[config_id]),
        )
        for config_id, entry in previous.get_id2config_mapping().items()
    )


def _earlier(run: PreviousRun, end_s: float, ladder: FidelityLadder) -> EarlierRun:
    loss = math.inf if run.loss is None or math.isnan(run.loss) else float(run.loss)
    time_stamps = {event: time_s - end_s for event, time_s in run.time_stamps.items()}
    return EarlierRun(_own_budget(float(run.budget), ladder), loss, run.info, time_stamps, run.error_logs)


def _own_budget(budget: float, ladder: FidelityLadder) -> float:
    """Hpbandster's own budgets can differ from the ladder's in their last digits."""
    return next((float(own) for own in ladder.budgets if is_same_budget(budget, own)), budget)
