"""What a BOHB run found, read with hpbandster's methods, without hpbandster.

The methods, their arguments and what they return are those of ``hpbandster.core.result.Result`` (0.7.4), so that
scripts written for it run on. Time stamps are *simulated* seconds. Three of hpbandster's faults are not copied:
``get_incumbent_trajectory(all_budgets=False)`` works, ``get_pandas_dataframe`` gives each run its own budget, and
``get_fANOVA_data`` leaves the caller's space alone. No run of ours has failed: an error of the benchmark is raised, not
booked. A log that hpbandster wrote may hold crashed runs, whose loss is None.
"""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.adapters.description import describe
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.files import read_regular
from nhb2_plugins.optimizers.hyperband import ConfigId
from nhb2_plugins.optimizers.warm_start import EarlierConfiguration, Run
from nhb2_plugins.trajectory.record import TrialRecord

if TYPE_CHECKING:
    import pandas
    from ConfigSpace import ConfigurationSpace


def run_info(record: TrialRecord) -> dict[str, Any]:
    """What hpbandster keeps beside the loss of a run (``run.info``): built-in types only.

    The accuracy in percent, and what every adapter says of an evaluation
    (:data:`nhb2_plugins.adapters.description.DESCRIPTION`).
    """
    return {"accuracy_pct": record.accuracy_pct, **describe(record)}


@dataclass
class Datum:
    """One configuration and what was measured of it, by budget (hpbandster's fields)."""

    config: dict[str, Any]
    config_info: dict[str, Any]
    results: dict[float, dict[str, Any] | None] = field(default_factory=dict)
    time_stamps: dict[float, dict[str, float]] = field(default_factory=dict)
    exceptions: dict[float, str | None] = field(default_factory=dict)
    status: str = "COMPLETED"
    budget: float = 0.0

    def add(self, budget: float, record: TrialRecord) -> None:
        """Note an evaluation."""
        self.budget = budget
        self.results[budget] = {"loss": record.error_pct, "info": run_info(record)}
        self.time_stamps[budget] = {"submitted": record.start_s, "started": record.start_s, "finished": record.end_s}
        self.exceptions[budget] = None


def learning_curves_of(runs: Iterable[Run]) -> list[list[tuple[float, float]]]:
    """hpbandster's default extractor: one curve of (budget, loss) over a configuration's runs."""
    return [[(run.budget, run.loss) for run in sorted(runs, key=lambda run: run.budget) if run.loss is not None]]


class BohbResult:
    """The runs of one BOHB search.

    Attributes:
        data: configurations by id (iteration, rung, number), in order of their ids.
        HB_config: ``eta``, ``min_budget``, ``max_budget``, ``budgets``, ``max_SH_iter``, ``time_ref`` and the settings.
    """

    def __init__(self, data: Mapping[ConfigId, Datum], config: Mapping[str, Any]) -> None:
        # What a run started from (iteration -1) stands last, as in hpbandster.
        self.data = dict(sorted(data.items(), key=lambda item: (item[0][0] < 0, item[0])))
        self.HB_config = dict(config)

    @classmethod
    def read_log(cls, directory: str | os.PathLike[str]) -> BohbResult:
        """The result in a directory that hpbandster's ``json_result_logger`` wrote (hpbandster need not be installed).

        Time stamps are seconds since the first job was submitted.

        Raises:
            InvalidValueError: not the name of a directory.
            TrajectoryError: a file of it cannot be read, a line is damaged, or there is no run in it.
        """
        if not isinstance(directory, str | os.PathLike):
            raise InvalidValueError(f"directory {directory!r:.80} is not the name of a directory")
        return _read_log(Path(directory))

    def __getitem__(self, config_id: ConfigId) -> Datum:
        return self.data[config_id]

    def num_iterations(self) -> int:
        """Number of brackets that were started."""
        return max(config_id[0] for config_id in self.data) + 1

    def get_id2config_mapping(self) -> dict[ConfigId, dict[str, Any]]:
        """``{id: {"config": values by name, "config_info": {"model_based_pick": bool}}}``."""
        return {
            config_id: {"config": dict(datum.config), "config_info": dict(datum.config_info)}
            for config_id, datum in self.data.items()
        }

    def get_runs_by_id(self, config_id: ConfigId) -> list[Run]:
        """The runs of a configuration, smallest budget first."""
        datum = self.data[config_id]
        return [
            Run(
                config_id,
                budget,
                None if result is None else result["loss"],
                None if result is None else result["info"],
                datum.time_stamps[budget],
                datum.exceptions.get(budget),
            )
            for budget, result in sorted(datum.results.items())
        ]

    def get_all_runs(self, only_largest_budget: bool = False) -> list[Run]:
        """All runs, configuration by configuration; or only each one's run at its largest budget."""
        runs = [self.get_runs_by_id(config_id) for config_id in self.data]
        if only_largest_budget:
            return [each[-1] for each in runs if each]
        return [run for each in runs for run in each]

    def get_incumbent_id(self) -> ConfigId | None:
        """The configuration of the smallest loss at the largest budget; None when nothing ran there."""
        largest = self.HB_config["max_budget"]
        at_largest = {i: datum.results[largest] for i, datum in self.data.items() if largest in datum.results}
        losses = [(result["loss"], i) for i, result in at_largest.items() if result is not None]
        return min(losses)[1] if losses else None

    def get_incumbent_trajectory(
        self, all_budgets: bool = True, bigger_is_better: bool = True, non_decreasing_budget: bool = True
    ) -> dict[str, list[Any]]:
        """The best configuration over simulated time.

        Args:
            all_budgets: whether runs below the largest budget count.
            bigger_is_better: whether any run at a larger budget than the incumbent's replaces it.
            non_decreasing_budget: whether a run at a smaller budget than the incumbent's never does.

        Returns:
            lists ``config_ids``, ``times_finished``, ``budgets``, ``losses``; the last incumbent is repeated at the
            end of the search.
        """
        runs = [run for run in self.get_all_runs() if run.loss is not None]
        if not all_budgets:
            runs = [run for run in runs if run.budget == self.HB_config["max_budget"]]
        runs.sort(key=lambda run: run.time_stamps["finished"])
        incumbents: list[Run] = []
        best, best_budget = math.inf, self.HB_config["min_budget"]
        for run in runs:
            better = run.loss < best or (bigger_is_better and run.budget > best_budget)
            if better and not (non_decreasing_budget and run.budget < best_budget):
                incumbents.append(run)
                best, best_budget = run.loss, run.budget
        times = [run.time_stamps["finished"] for run in incumbents]
        if incumbents and runs[-1].loss != best:
            incumbents.append(incumbents[-1])
            times.append(runs[-1].time_stamps["finished"])
        return {
            "config_ids": [run.config_id for run in incumbents],
            "times_finished": times,
            "budgets": [run.budget for run in incumbents],
            "losses": [run.loss for run in incumbents],
        }

    def get_learning_curves(
        self,
        lc_extractor: Callable[[list[Run]], Any] = learning_curves_of,
        config_ids: Iterable[ConfigId] | None = None,
    ) -> dict[ConfigId, Any]:
        """What an extractor makes of each configuration's runs; by default one curve of (budget, loss)."""
        ids = self.data if config_ids is None else config_ids
        return {config_id: lc_extractor(self.get_runs_by_id(config_id)) for config_id in ids}

    def get_pandas_dataframe(
        self, budgets: Sequence[float] | None = None, loss_fn: Callable[[Run], float] = lambda run: run.loss
    ) -> tuple[pandas.DataFrame, pandas.DataFrame]:
        """Configurations (with a column ``budget`` when there are several) and losses, one row a run.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        with needs_extra("frames need pandas", "frames"):
            import pandas as pd
        chosen = self.HB_config["budgets"] if budgets is None else budgets
        runs = [run for run in self.get_all_runs() if run.budget in chosen and run.loss is not None]
        rows = [self._row(run, with_budget=len(chosen) > 1) for run in runs]
        return pd.DataFrame(rows), pd.DataFrame([{"loss": loss_fn(run)} for run in runs])

    def get_fANOVA_data(  # noqa: N802 - hpbandster's name
        self,
        config_space: ConfigurationSpace,
        budgets: Sequence[float] | None = None,
        loss_fn: Callable[[Run], float] = lambda run: run.loss,
        failed_loss: float | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], ConfigurationSpace]:
        """Runs as the arrays that fANOVA takes: vectors (n, d), losses (n,), and their space.

        Categorical values are choice numbers. A run that crashed counts with ``failed_loss``, or not at all. With
        several budgets the space returned has a hyperparameter ``budget``.
        """
        from ConfigSpace import CategoricalHyperparameter, UniformFloatHyperparameter

        chosen = self.HB_config["budgets"] if budgets is None else budgets
        space = copy.deepcopy(config_space)
        if len(chosen) > 1:
            space.add(UniformFloatHyperparameter("budget", min(chosen), max(chosen), log=True))
        runs = [run for run in self.get_all_runs() if run.budget in chosen]
        if failed_loss is None:
            runs = [run for run in runs if run.loss is not None]
        rows = []
        for run in runs:
            row = self._row(run, with_budget=len(chosen) > 1)
            values = ((hp, row[name]) for name, hp in space.items())
            rows.append([hp.to_vector(v) if isinstance(hp, CategoricalHyperparameter) else v for hp, v in values])
        losses = [failed_loss if run.loss is None else loss_fn(run) for run in runs]
        return np.array(rows), np.array(losses), space

    def _row(self, run: Run, *, with_budget: bool) -> dict[str, Any]:
        config = dict(self.data[run.config_id].config)
        return {**config, "budget": run.budget} if with_budget else config


def earlier_data(earlier: Iterable[EarlierConfiguration]) -> dict[ConfigId, Datum]:
    """What a run started from, under the ids that hpbandster gives it: iteration -1, rung 0, running number."""
    data = {}
    for number, each in enumerate(earlier):
        datum = data[(-1, 0, number)] = Datum(each.config, each.config_info)
        for run in each.runs:
            has_crashed = math.isinf(run.loss)
            datum.results[run.budget] = None if has_crashed else {"loss": run.loss, "info": run.info}
            datum.time_stamps[run.budget] = run.time_stamps
            datum.exceptions[run.budget] = run.error_logs
            datum.status = "CRASHED" if has_crashed else "COMPLETED"
            datum.budget = run.budget
    return data


def _read_log(directory: Path) -> BohbResult:
    data: dict[ConfigId, Datum] = {}
    for where, (config_id, config, *config_info) in _json_lines(directory / "configs.json", (2, 3)):
        del where
        data[_config_id(config_id)] = Datum(config, *(config_info or [{}]))
    for where, (config_id, budget, time_stamps, result, exception) in _json_lines(directory / "results.json", (5,)):
        datum = data.get(_config_id(config_id))
        if datum is None:
            raise TrajectoryError(f"{where}: configuration {config_id} is not in configs.json")
        datum.budget = float(budget)
        datum.results[datum.budget] = result
        datum.time_stamps[datum.budget] = time_stamps
        datum.exceptions[datum.budget] = exception
    return _with_own_clock(data, directory)


def _with_own_clock(data: dict[ConfigId, Datum], directory: Path) -> BohbResult:
    budgets = sorted({budget for datum in data.values() for budget in datum.results})
    if not budgets:
        raise TrajectoryError(f"{directory} holds no run")
    stamps = [each for datum in data.values() for each in datum.time_stamps.values()]
    start_s = min(each["submitted"] for each in stamps)
    for each in stamps:
        each.update({event: time_s - start_s for event, time_s in each.items()})
    return BohbResult(data, hb_config(budgets, budgets[1] / budgets[0] if len(budgets) > 1 else None, start_s))


def hb_config(budgets: Sequence[float], eta: float | None, time_ref: float) -> dict[str, Any]:
    """What hpbandster notes of a run's budgets, ascending (``HB_config``)."""
    named = {"eta": eta, "min_budget": budgets[0], "max_budget": budgets[-1]}
    return {**named, "budgets": budgets, "max_SH_iter": len(budgets), "time_ref": time_ref}


def _json_lines(path: Path, n_entries: tuple[int, ...]) -> Iterator[tuple[str, list[Any]]]:
    try:
        lines = read_regular(path).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrajectoryError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        try:
            content = json.loads(line)
        except ValueError as error:
            raise TrajectoryError(f"{where}: not JSON: {error}") from error
        if not isinstance(content, list) or len(content) not in n_entries or not isinstance(content[0], list):
            raise TrajectoryError(f"{where}: not a line of hpbandster's result logger")
        yield where, content


def _config_id(values: list[int]) -> ConfigId:
    iteration, rung, number = values
    return iteration, rung, number
