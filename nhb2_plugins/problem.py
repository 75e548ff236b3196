"""What is asked of the benchmark: one frozen value, checked once, that adapters, clocks and campaigns take whole.

>>> from nhb2_plugins.benchmark import open_benchmark
>>> problem = Problem(open_benchmark(), ladder=[12, 200], charging="continued")
>>> problem.epoch, problem.served(13.7)
(200, (12, 13.7))

Whatever takes a problem also takes a benchmark and the same keywords (:class:`ProblemArguments`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

from nhb2_plugins.arguments import checked_kind
from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.charging import Charging, checked_charging
from nhb2_plugins.encoding import Choices, Encoding, checked_encoding, decoded, hyperparameter_choices, to_values
from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS, FidelityLadder, checked_epoch, checked_ladder
from nhb2_plugins.objectives import ERROR_PCT, checked_objectives, objective_values
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

if TYPE_CHECKING:
    from nhb2_plugins.trajectory.record import TrialRecord


class SeedlessArguments(TypedDict, total=False):
    """:class:`ProblemArguments` where ``seed`` is the search's; the table's is then called ``table_seed``."""

    epoch: int
    charging: Charging
    restriction: Subspace
    encoding: Encoding | None
    objectives: Sequence[str]


class ProblemArguments(SeedlessArguments, total=False):
    """The keywords of a :class:`Problem`, for whatever takes a benchmark in its place.

    A ladder is not among them: whoever knows fidelities names it as an argument of its own.
    """

    seed: Seed | None


_KEYWORDS: Final = ("epoch", "seed", "charging", "restriction", "encoding", "objectives")


def split_arguments(
    arguments: Mapping[str, Any], *, table_seed: str = "table_seed"
) -> tuple[ProblemArguments, dict[str, Any]]:
    """A problem's keywords, and the others, which are a framework's own.

    Args:
        arguments: both.
        table_seed: what the table's seed is called among them.
    """
    names = {name: name for name in _KEYWORDS if name != "seed"} | {table_seed: "seed"}
    own = {names[name]: value for name, value in arguments.items() if name in names}
    return cast(ProblemArguments, own), {name: value for name, value in arguments.items() if name not in names}


@dataclass(frozen=True)
class Problem:
    """A benchmark, and what of it is searched: at which fidelities, by what seed, in which part, for what.

    Attributes:
        bench: the benchmark.
        epoch: the highest fidelity, 1..12 or 200: the ladder's top rung where there is a ladder. At 200 a search sees
            an expected *test* accuracy, whose cost is estimated.
        ladder: the budgets that a multi-fidelity search asks for; None where it searches at one epoch.
        seed: the table's seed, ``"mean"`` for the mean over all, or None for the first.
        charging: the charging policy (:mod:`nhb2_plugins.charging`).
        restriction: the part of the space (:class:`nhb2_plugins.subspace.Subspace`).
        encoding: how a framework sees the hyperparameters (:mod:`nhb2_plugins.encoding`); None for its own default.
        objectives: names out of :data:`nhb2_plugins.objectives.OBJECTIVES`, all minimised.
    """

    bench: Benchmark
    epoch: int
    ladder: FidelityLadder | None
    seed: Seed | None
    charging: Charging
    restriction: Subspace
    encoding: Encoding | None
    objectives: tuple[str, ...]

    def __init__(
        self,
        bench: Benchmark,
        epoch: int = SCHEDULE_EPOCHS,
        *,
        ladder: FidelityLadder | Iterable[float] | None = None,
        seed: Seed | None = None,
        charging: Charging = "from_scratch",
        restriction: Subspace = WHOLE_SPACE,
        encoding: Encoding | None = None,
        objectives: Sequence[str] = (ERROR_PCT,),
    ) -> None:
        """Check every part.

        Raises:
            InvalidValueError: not a benchmark or restriction; an unknown epoch, seed, policy, encoding or objective; an
                unusable ladder, or an epoch beside it that is not its highest rung; a part that leaves cells out under
                an encoding that has no cells.
        """
        steps = None if ladder is None else checked_ladder(ladder)
        values = {
            "bench": checked_kind("bench", bench, Benchmark, "open_benchmark() opens one"),
            "epoch": _top_epoch(epoch, steps),
            "ladder": steps,
            "seed": None if seed is None else bench.checked_seed(seed),
            "charging": checked_charging(charging),
            "restriction": checked_restriction(restriction),
            "encoding": None if encoding is None else checked_encoding(encoding),
            "objectives": checked_objectives(objectives),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if encoding is not None:
            hyperparameter_choices(encoding, restriction)  # raises where the encoding cannot express the part

    @property
    def settled_encoding(self) -> Encoding:
        """The encoding, or ``categorical`` where no framework has settled it."""
        return "categorical" if self.encoding is None else self.encoding

    @property
    def choices(self) -> Choices:
        """The values of each hyperparameter in order, as a search space needs them."""
        return hyperparameter_choices(self.settled_encoding, self.restriction)

    def served(self, budget: float | None) -> tuple[int, float | None]:
        """The epoch that serves a budget, and the budget without a framework's float error.

        Args:
            budget: in epochs; None for the highest fidelity.

        Raises:
            InvalidValueError: a budget below the ladder, one that is no number, or any where there is no ladder.
        """
        if budget is None:
            return self.epoch, None
        if self.ladder is None:
            raise InvalidValueError(
                f"budget {budget!r}: this problem has no ladder, but one fidelity; give it ladder=[...]"
            )
        return self.ladder.served(budget)

    def configuration(self, values: Mapping[str, Any] | Iterable[float]) -> Configuration:
        """The configuration of a framework's values, in this problem's encoding and part of the space.

        Without an encoding the values tell: a learning rate's rank is an integer, and no learning rate is.

        Raises:
            InvalidValueError: not a mapping, a missing or unknown hyperparameter, a value outside the space, or a
                configuration outside the part.
        """
        encoding = self.encoding
        if encoding is None:
            ranks = isinstance(values, Mapping) and isinstance(values.get("lr"), Integral)
            encoding = "integer" if ranks else "categorical"
        return self.restriction.checked(decoded(values, encoding))

    def values(self, configuration: Configuration, *, whole_cells: bool | None = None) -> dict[str, Any]:
        """A configuration's values as a framework sees them: built-in types by hyperparameter name.

        Args:
            configuration: in this problem's part of the space.
            whole_cells: whether ``cell`` stands for the six edges; None for where the part needs that.

        Raises:
            InvalidValueError: not a configuration, or one outside the part.
        """
        whole = self.restriction.needs_whole_cells if whole_cells is None else whole_cells
        values = to_values(configuration, self.settled_encoding, whole_cells=whole)
        self.restriction.checked(configuration)
        return values

    def costs(self, record: TrialRecord) -> tuple[float, ...]:
        """The objectives' values for an evaluation, in order; Python floats, to be minimised."""
        return objective_values(self.objectives, record)


def as_problem(
    given: Benchmark | Problem, arguments: ProblemArguments, *, ladder: FidelityLadder | Iterable[float] | None = None
) -> Problem:
    """The problem that was given, or the one of a benchmark and keywords.

    Args:
        given: a problem; or a benchmark.
        arguments: a problem's keywords, beside a benchmark.
        ladder: the keyword that whoever knows fidelities takes besides.

    Raises:
        InvalidValueError: keywords beside a problem, or as :class:`Problem`.
        TypeError: a keyword that no problem has.
    """
    for name in arguments:
        if name not in _KEYWORDS:
            raise TypeError(describe_choices(name, _KEYWORDS, what="keyword argument"))
    if not isinstance(given, Problem):
        return Problem(given, ladder=ladder, **arguments)
    if beside := [*arguments, *([] if ladder is None else ["ladder"])]:
        raise InvalidValueError(
            f"{', '.join(beside)} beside a Problem, which has its own (dataclasses.replace makes another)"
        )
    return given


def _top_epoch(epoch: int, ladder: FidelityLadder | None) -> int:
    checked = checked_epoch(epoch)
    if ladder is None:
        return checked
    if checked not in (SCHEDULE_EPOCHS, ladder.rungs[-1]):  # 12 is the default, which nobody need have chosen
        raise InvalidValueError(f"epoch {epoch!r} is not the highest rung of the ladder, {ladder.rungs[-1]}")
    return ladder.rungs[-1]
