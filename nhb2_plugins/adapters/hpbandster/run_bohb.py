"""BOHB on the benchmark in one call: in this process on simulated time, or with hpbandster on a nameserver."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final, Literal, Unpack, get_args

from nhb2_plugins.adapters.hpbandster import from_hpbandster
from nhb2_plugins.adapters.hpbandster.result import BohbResult, Datum, earlier_data, hb_config
from nhb2_plugins.adapters.hpbandster.search import BOHB_FRAMEWORK, BohbSearch
from nhb2_plugins.arguments import checked_choice, checked_count, checked_search_seed
from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.budget import Budget
from nhb2_plugins.encoding import Encoding, to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.bohb_density import Bandwidth
from nhb2_plugins.optimizers.bohb_model import BohbSettings, checked_whole_cells
from nhb2_plugins.optimizers.bracket_search import checked_n_iterations
from nhb2_plugins.optimizers.hyperband import ConfigId
from nhb2_plugins.optimizers.warm_start import PreviousResult, read_previous
from nhb2_plugins.problem import Problem, SeedlessArguments, split_arguments
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.recorder import checked_logger

Engine = Literal["in_process", "nameserver"]
ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)


class BohbArguments(SeedlessArguments, total=False):
    """A problem's keywords, the table's seed, and BOHB's own settings."""

    table_seed: Seed | None
    min_points_in_model: int | None
    top_n_percent: int
    num_samples: int
    random_fraction: float
    bandwidth_factor: float
    min_bandwidth: float
    bandwidth: Bandwidth


def run_bohb(
    bench: Benchmark | Problem,
    n_iterations: int | None,
    seed: int = 0,
    ladder: FidelityLadder | Iterable[float] | None = None,
    engine: Engine = "in_process",
    n_workers: int = 1,
    budget_s: float | None = None,
    logger: TrajectoryLogger | None = None,
    *,
    whole_cells: bool | None = None,
    previous_result: PreviousResult | str | os.PathLike[str] | None = None,
    **arguments: Unpack[BohbArguments],
) -> Any:
    """Run BOHB on the benchmark; the loss is the error (percent) at the epoch that serves a budget.

    With the default ladder the search sees *expected test* accuracies at 200 epochs, whose cost is estimated; every
    record and ``run.info`` says so (``split``, ``cost_is_estimated``).

    Args:
        bench: the problem, which has a ladder; or a benchmark and a problem's keywords.
        n_iterations: number of brackets (successive halvings); None to run until ``budget_s`` is spent.
        seed: the search's seed, 0 … 2³² − 1: of the model's generator and of the ConfigurationSpace.
        ladder: budgets in epochs, ascending; beside a benchmark None is (12, 200).
        engine: ``in_process`` is our BOHB on simulated time: no compiler, no network, any number of simulated workers,
            the same run for the same seed. ``nameserver`` is hpbandster with Pyro workers in threads, on a free port of
            127.0.0.1; one worker's simulated time whatever ``n_workers``, and reproducible with one worker only.
        n_workers: number of workers.
        budget_s: simulated seconds; no evaluation starts at or after it. None for no limit.
        logger: takes one record per evaluation; None makes one.
        whole_cells: one categorical, ``cell``, in the place of the six edges (as
            :func:`~nhb2_plugins.adapters.configspace_adapter.configuration_space`); None for where the restriction
            needs it, which is ``one_per_class``.
        previous_result: an earlier run to start from, whose results the model learns before it proposes anything: what
            ``run_bohb`` returned, hpbandster's ``Result``, or the directory of hpbandster's ``json_result_logger``. Its
            configurations have the id (-1, 0, number) in the result, and ended before time 0; nothing is charged or
            logged for them.
        **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`) beside a benchmark, the table's seed
            as ``table_seed``; and BOHB's own settings (:class:`~nhb2_plugins.optimizers.bohb_model.BohbSettings`):
            hpbandster's names and defaults, and ``bandwidth``.

    Returns:
        :class:`BohbResult`, or hpbandster's own ``Result`` from the nameserver; both have the same reading methods.

    Raises:
        InvalidValueError: an argument that is none, an unknown engine or setting, neither ``n_iterations`` nor
            ``budget_s``, a setting out of range, ``bandwidth="clipped"`` on the nameserver (hpbandster has no such
            thing), ``one_per_class`` without ``whole_cells``, an earlier run with a configuration that this space or
            its encoding does not have.
        TrajectoryError: the directory of an earlier run is damaged.
        MissingExtraError: the nameserver engine without hpbandster.
        Exception: the first error of an evaluation, as itself.
    """
    checked_choice("engine", engine, ENGINES)
    if n_iterations is None and budget_s is None:
        raise InvalidValueError("n_iterations None needs a budget_s: the search would never end")
    if isinstance(previous_result, str | os.PathLike):
        previous_result = BohbResult.read_log(previous_result)
    own, settings = split_arguments(arguments)
    problem = BOHB_FRAMEWORK.problem(bench, own, ladder=ladder)
    search = BohbSearch(
        problem=problem,
        n_iterations=checked_n_iterations(n_iterations),
        seed=checked_search_seed(seed),
        n_workers=checked_count("n_workers", n_workers),
        budget=Budget.or_none(budget_s),
        logger=TrajectoryLogger() if logger is None else checked_logger(logger),
        settings=_checked_settings({**settings, "encoding": problem.encoding}),
        whole_cells=checked_whole_cells(problem.restriction, whole_cells),
        previous=previous_result,
    )
    run = _run_in_process if engine == "in_process" else from_hpbandster("nameserver", "run_on_nameserver")
    return run(search)


class _Told(Bohb):
    """One that remembers what it was told, in order."""

    def __init__(self, ladder: FidelityLadder, **settings: Any) -> None:
        super().__init__(ladder, **settings)
        self.told: list[Suggestion] = []

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        super().tell(suggestion, observation)
        self.told.append(suggestion)


def _run_in_process(search: BohbSearch) -> BohbResult:
    bohb = _Told(
        search.ladder,
        n_iterations=search.n_iterations,
        seed=search.seed,
        settings=search.settings,
        restriction=search.problem.restriction,
        whole_cells=search.whole_cells,
        previous_result=search.previous,
    )
    logger, settings = search.logger, search.settings
    n_earlier = len(logger)
    simulate(bohb, search.problem, budget_s=search.budget.seconds, n_workers=search.n_workers, logger=logger)
    data = {} if search.previous is None else earlier_data(read_previous(search.previous, search.ladder))
    data |= _data(bohb.told, logger.records[n_earlier:], settings.encoding, whole_cells=bohb.model.whole_cells)
    budgets = [float(budget) for budget in search.ladder.budgets]
    eta = (budgets[-1] / budgets[0]) ** (1 / (len(budgets) - 1)) if len(budgets) > 1 else None
    return BohbResult(data, {**hb_config(budgets, eta, 0.0), **asdict(settings)})


def _data(
    suggestions: Iterable[Suggestion], records: Iterable[TrialRecord], encoding: Encoding, *, whole_cells: bool
) -> dict[ConfigId, Datum]:
    data: dict[ConfigId, Datum] = {}
    for suggestion, record in zip(suggestions, records, strict=True):
        trial = suggestion.token
        config = to_values(suggestion.configuration, encoding, whole_cells=whole_cells)
        datum = data.setdefault(trial.config_id, Datum(config, {"model_based_pick": trial.proposal.model_based}))
        datum.add(trial.budget, record)
    return data


def _checked_settings(settings: dict[str, Any]) -> BohbSettings:
    known = BohbSettings.__dataclass_fields__
    for name in settings:
        checked_choice("BOHB setting", name, known)
    return BohbSettings(**settings)
