"""What a framework can express of a problem: declared once by its adapter, and checked here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.encoding import (
    ENCODINGS,
    Choices,
    Encoding,
    checked_encoding,
    decoded,
    hyperparameter_choices,
    to_values,
)
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.problem import Problem, ProblemArguments, as_problem
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

DEFAULT_LADDER: Final = FidelityLadder([12, 200])


@dataclass(frozen=True, kw_only=True)
class Framework:
    """A framework, as far as a problem is concerned.

    Attributes:
        name: for messages.
        encodings: those that it can express.
        encoding: the one that a problem without an encoding gets; None where the values tell.
        has_fidelities: whether a search of it may ask for budgets of a ladder.
        default_ladder: the budgets of a search beside a benchmark, where it asks for nothing but budgets.
        has_several_objectives: whether it minimises several.
    """

    name: str
    encodings: tuple[Encoding, ...] = ENCODINGS
    encoding: Encoding | None = None
    has_fidelities: bool = False
    default_ladder: FidelityLadder | None = None
    has_several_objectives: bool = False

    def choices(self, encoding: Encoding, restriction: Subspace = WHOLE_SPACE) -> Choices:
        """The values of each hyperparameter in order.

        Raises:
            InvalidValueError: an encoding that the framework cannot express, or not a restriction.
        """
        return hyperparameter_choices(checked_encoding(encoding, self.encodings), restriction)

    def configuration(self, values: Mapping[str, Any], encoding: Encoding) -> Configuration:
        """The configuration of a framework's values.

        Raises:
            InvalidValueError: it is not one of the space, or the framework cannot express the encoding.
        """
        return decoded(values, checked_encoding(encoding, self.encodings))

    def values(
        self, configuration: Configuration, encoding: Encoding, restriction: Subspace = WHOLE_SPACE
    ) -> dict[str, Any]:
        """A configuration's hyperparameters by name, with its cell whole where the restriction needs that.

        Raises:
            InvalidValueError: the framework cannot express the encoding, or the configuration is outside the
                restriction.
        """
        checked_encoding(encoding, self.encodings)
        part = checked_restriction(restriction)
        values = to_values(configuration, encoding, whole_cells=part.needs_whole_cells)
        part.checked(configuration)
        return values

    def problem(
        self,
        given: Benchmark | Problem,
        arguments: ProblemArguments,
        *,
        ladder: FidelityLadder | Iterable[float] | None = None,
    ) -> Problem:
        """The problem of what an adapter was given, with its encoding settled.

        Args:
            given: a problem; or a benchmark.
            arguments: a problem's keywords, beside a benchmark.
            ladder: another of them.

        Raises:
            InvalidValueError: as :func:`nhb2_plugins.problem.as_problem`, or something that the framework cannot
                express.
            TypeError: a keyword that no problem has.
        """
        if ladder is None and not isinstance(given, Problem):
            ladder = self.default_ladder
        problem = as_problem(given, arguments, ladder=ladder)
        if problem.ladder is None and self.default_ladder is not None:
            raise InvalidValueError(f"{self.name} needs a problem with a ladder, for example ladder=[12, 200]")
        if problem.ladder is not None and not (self.has_fidelities or self.default_ladder):
            raise InvalidValueError(f"{self.name} searches at one epoch here and takes no ladder")
        if len(problem.objectives) > 1 and not self.has_several_objectives:
            raise InvalidValueError(f"{self.name} minimises one objective here, not {list(problem.objectives)}")
        if problem.encoding is None:
            return replace(problem, encoding=self.encoding)
        checked_encoding(problem.encoding, self.encodings)
        return problem
