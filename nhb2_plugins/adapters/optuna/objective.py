"""NAS-HPO-Bench-II as an Optuna objective: for ``study.optimize``, with pruning, several objectives and a budget.

Every objective is minimised, so a study has the direction ``minimize`` (Optuna's default). Optuna re-raises what an
objective raises, with two exceptions: with ``n_jobs`` > 1 the errors of the last trials are dropped (a trial fails, and
``optimize`` returns), and ``catch=`` swallows what it names. :meth:`OptunaObjective.raise_first_error` raises them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Unpack

from optuna import Study, TrialPruned
from optuna.study import StudyDirection
from optuna.trial import BaseTrial, FrozenTrial

from nhb2_plugins.adapters.description import DESCRIPTION
from nhb2_plugins.adapters.optuna.search_space import OPTUNA, optuna_search_space, suggest
from nhb2_plugins.adapters.run import RecordedRun, RunBudget
from nhb2_plugins.arguments import checked_kind, is_several
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, FidelityLadder
from nhb2_plugins.problem import Problem, ProblemArguments
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord

TABLE: Final = "table"
"""The user attribute, of a study and of its trials, that names the table."""
USER_ATTRIBUTES: Final = tuple(DESCRIPTION)
"""User attributes of a trial, all of built-in types: costs and end in simulated seconds, what was answered (epoch,
split, seed), and the kind and digest of the table. Each is one write to the study's storage."""


class OptunaObjective(RecordedRun):
    """Call it with a trial: it suggests a configuration, evaluates it, records it, and returns the error in percent.

    One objective is one run: a logger, a simulated clock that starts each evaluation when the last one ended, and what
    the run has paid for. It may be called from several threads (``n_jobs``).

    Attributes:
        problem: what it answers.
        logger: the records.
        error: the first exception that was not a pruned trial.
    """

    _WAY_OUT = "Make one in each process, on one study in a shared storage"

    def __init__(
        self,
        bench: Benchmark | Problem,
        *,
        logger: TrajectoryLogger | None = None,
        report: bool | FidelityLadder | Iterable[float] = False,
        attributes: Sequence[str] = USER_ATTRIBUTES,
        **arguments: Unpack[ProblemArguments],
    ) -> None:
        """Set up the run.

        Args:
            bench: the problem, or a benchmark and a problem's keywords. Encodings: ``categorical`` (the default),
                ``integer``, ``digits`` and ``unit`` (:mod:`nhb2_plugins.adapters.optuna.search_space`). Several
                objectives make a multi-objective study's tuple.
            logger: where records go; None makes one.
            report: True reports the validation error after each epoch and lets the study's pruner end the trial, which
                is then charged for the epochs it trained. A ladder, or several budgets, reports at its rungs alone, as
                a problem with a ladder does (and its highest rung is the epoch searched at); from 12 to 200 a second
                run begins, which is paid beside the first.
            attributes: which of :data:`USER_ATTRIBUTES` a trial gets; fewer spare a slow storage writes.
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark.

        Raises:
            InvalidValueError: not a logger, an unknown attribute, or as :class:`~nhb2_plugins.problem.Problem`;
                reporting at 200 epochs (there is no learning curve) or with several objectives (Optuna has no pruning
                there).
            TrajectoryError: the logger belongs to another table.
        """
        problem = OPTUNA.problem(bench, arguments, ladder=_ladder_of(report))
        self._epochs = _reported_epochs(problem, report)
        self._reports = report is True or problem.ladder is not None
        if self._reports and len(problem.objectives) > 1:
            raise InvalidValueError(
                f"Optuna cannot prune with several objectives, and there are {list(problem.objectives)}"
            )
        self._attributes = _checked_attributes(attributes)
        self._space = optuna_search_space(problem.settled_encoding, problem.restriction)
        self._begin(problem, logger)
        self._checked_study: Study | None = None

    def __call__(self, trial: BaseTrial) -> float | tuple[float, ...]:
        """Evaluate what a trial suggests.

        Args:
            trial: a running trial, or a ``FixedTrial``.

        Returns:
            The error in percent, or the tuple of several objectives; Python floats.

        Raises:
            TrialPruned: the pruner ended the trial; it has been recorded and charged.
            InvalidValueError: the study does not minimise, or has another number of objectives; or a fixed value is
                none of this space's.
            TrajectoryError: the study holds trials of another table.
            Exception: whatever the benchmark or a sink raises.
        """
        try:
            return self._evaluate(trial)
        except TrialPruned:
            raise
        except Exception as error:
            self.keep(error)
            raise

    def _evaluate(self, trial: BaseTrial) -> float | tuple[float, ...]:
        checked_kind("trial", trial, BaseTrial)  # type: ignore[type-abstract]
        self._check_study(trial)
        configuration = suggest(trial, self.problem.settled_encoding, self._space)
        charged_before = self._report(trial, configuration) if self._reports else 0.0
        record = self.recorder.evaluate(configuration)
        self._describe(trial, record, charged_before)
        values = self.problem.costs(record)
        return values if len(values) > 1 else values[0]

    def _report(self, trial: BaseTrial, configuration: Configuration) -> float:
        """Report epoch by epoch; returns the seconds charged for runs that were finished on the way."""
        charged = 0.0
        for epoch, following in zip(self._epochs, (*self._epochs[1:], None), strict=True):
            trial.report(self.problem.bench.evaluate(configuration, epoch, seed=self.problem.seed).error_pct, epoch)
            # After the last epoch nothing is left to save: a finished training stays a result.
            if following is not None and trial.should_prune():
                record = self.recorder.evaluate(configuration, epoch, status="pruned")
                self._describe(trial, record, charged)
                raise TrialPruned(f"pruned after epoch {epoch}")
            if following == LONG_EPOCHS:
                charged += self.recorder.evaluate(configuration, epoch).charged_cost_s
        return charged

    def _describe(self, trial: BaseTrial, record: TrialRecord, charged_before: float) -> None:
        for name, read in self._attributes.items():
            value = read(record)
            trial.set_user_attr(name, charged_before + value if name == "charged_cost_s" else value)

    def _check_study(self, trial: BaseTrial) -> None:
        study = getattr(trial, "study", None)  # a FixedTrial has none
        if study is None or study is self._checked_study:
            return
        directions, objectives = study.directions, self.problem.objectives
        if len(directions) != len(objectives) or StudyDirection.MAXIMIZE in directions:
            raise InvalidValueError(
                f"the study's directions are {[each.name.lower() for each in directions]}, "
                f"but {list(objectives)} are to be minimised, each"
            )
        self._claim(study)
        self._checked_study = study

    def _claim(self, study: Study) -> None:
        """Write the table's name into a study, unless another's stands there, or in its trials."""
        own = self.problem.bench.provenance.key
        named = study.user_attrs.get(TABLE)
        found = {trial.user_attrs.get(TABLE, own) for trial in study.get_trials(deepcopy=False)} | {named or own}
        if other := sorted(found - {own}):
            raise TrajectoryError(
                f"study {study.study_name!r} holds trials of the table {', '.join(other)}; it cannot take those of "
                f"{own}: make a study for each table"
            )
        if named is None:
            study.set_user_attr(TABLE, own)


class OptunaStopAtBudget:
    """A callback for ``study.optimize`` that stops the study when its simulated seconds are spent.

    The evaluation that crosses the budget counts, and is the last one. (With ``n_jobs`` threads those under way are
    finished too.) Pass ``n_trials=None``, or a number that the budget does not reach.

    Args:
        budget_s: simulated seconds.
        logger: the logger whose simulated clock is read, or the objective that has it.

    Raises:
        InvalidValueError: the budget is not positive, or neither a logger nor an objective.
    """

    def __init__(self, budget_s: float, logger: TrajectoryLogger | OptunaObjective) -> None:
        self._budget = RunBudget(budget_s, logger)

    def __call__(self, study: Study, _trial: FrozenTrial) -> None:
        """Stop the study if the budget is spent."""
        if self._budget.is_spent():
            study.stop()


def _ladder_of(report: bool | FidelityLadder | Iterable[float]) -> FidelityLadder | Iterable[float] | None:
    if isinstance(report, bool):
        return None
    if not isinstance(report, FidelityLadder) and not is_several(report):
        raise InvalidValueError(f"report {report!r:.80} is not True, False, or a ladder, for example [12, 200]")
    return report


def _reported_epochs(problem: Problem, report: object) -> tuple[int, ...]:
    if problem.ladder is not None:
        return problem.ladder.rungs
    if report is False:
        return (problem.epoch,)
    if problem.epoch == LONG_EPOCHS:
        raise InvalidValueError(
            f"there is no learning curve at {LONG_EPOCHS} epochs to report; "
            f"report=FidelityLadder([12, 200]) reports at {SCHEDULE_EPOCHS} epochs first"
        )
    return tuple(range(1, problem.epoch + 1))


def _checked_attributes(names: Sequence[str]) -> dict[str, Callable[[TrialRecord], Any]]:
    given: tuple[Any, ...] = tuple(names) if is_several(names) else (names,)
    if unknown := [name for name in given if name not in USER_ATTRIBUTES]:
        raise InvalidValueError(f"attributes {unknown!r:.80} are not among {list(USER_ATTRIBUTES)}")
    return {name: DESCRIPTION[name] for name in given}
