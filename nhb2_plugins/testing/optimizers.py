"""What every optimizer keeps, whoever runs it: legal suggestions, its seed, its fidelity, its part of the space."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
import pytest

from nhb2_plugins.ask_tell import Optimizer, Suggestion
from nhb2_plugins.benchmark import Benchmark, Observation
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FIDELITIES, FidelityLadder
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.table.writer import table_in_memory
from nhb2_plugins.testing.benchmarks import generated_benchmark, generated_columns
from nhb2_plugins.testing.digests import ReproducibleSearches
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.record import TrialRecord

PARTS: Final = {
    "lr": Subspace(lr=0.1),
    "lr-and-batch-size": Subspace(lr=0.1, batch_size=64),
    "cell": Subspace(cellcode="0|10|210"),
    "classes": Subspace(one_per_class=True),
    "classes-and-lr": Subspace(lr=0.05, one_per_class=True),
}


OBJECTIVES: Final = ("error_pct", "cost_s")
"""Of an optimizer that takes several."""


class Observed:
    """An optimizer as a clock sees it, and what passed between the two; asked ``n`` times at most."""

    def __init__(self, optimizer: Optimizer, n: int) -> None:
        self.optimizer = optimizer
        self.suggestions: list[Any] = []
        self.n_told = 0
        self._n = n

    @property
    def has_finished(self) -> bool:
        """Whether it has no more to ask for, with nothing running."""
        return self.n_told == len(self.suggestions) and self.optimizer.ask() is None

    def ask(self) -> Suggestion | None:
        """What the optimizer asks for."""
        suggestion = self.optimizer.ask() if len(self.suggestions) < self._n else None
        if suggestion is not None:
            self.suggestions.append(suggestion)
        return suggestion

    def tell(self, suggestion: Suggestion, observation: Observation) -> None:
        """Tell the optimizer."""
        self.n_told += 1
        self.optimizer.tell(suggestion, observation)


class OptimizerContract(ReproducibleSearches):
    """The suite: a subclass named ``Test…`` gives :attr:`optimizer`.

    The optimizer is made as a campaign makes it: called with ``seed=``; with ``ladder=``, where it has
    such a parameter, or ``epoch=``, or both where it has both; with ``restriction=`` where it has such a parameter; and
    with :attr:`settings`.
    """

    optimizer: ClassVar[Callable[..., Optimizer]]
    settings: ClassVar[Mapping[str, Any]] = {}
    ladder: ClassVar[FidelityLadder | None] = FidelityLadder.hyperband(1, 12, eta=3)
    """For an optimizer that takes one; None leaves it to its epoch."""
    refuses: ClassVar[Collection[tuple[str, str]]] = ()
    """(name of an optimizer, name of a part of ``PARTS``): parts in which it finds nothing to search."""
    N: ClassVar[int] = 24
    """Evaluations of a short search."""
    BUDGET_S: ClassVar[float] = 20_000.0
    """Of a search until the budget is spent, in simulated seconds; an evaluation costs 720 on average."""

    @classmethod
    def search_names(cls) -> Sequence[str]:
        """Of the optimizers under the suite."""
        return [cls.optimizer.__name__]

    @classmethod
    def maker(cls, name: str) -> Callable[..., Optimizer]:  # noqa: ARG003  # for suites of several
        """What makes the optimizer of that name, and whose parameters say what it takes."""
        return cls.optimizer

    @classmethod
    def takes(cls, name: str, parameter: str) -> bool:
        """Whether the optimizer has a parameter."""
        return parameter in inspect.signature(cls.maker(name)).parameters

    @classmethod
    def fidelity(cls, name: str, epoch: int) -> dict[str, Any]:
        """What says at which fidelities it searches: its ladder, or an epoch, or both."""
        on_ladder = cls.ladder is not None and cls.takes(name, "ladder")
        at_epoch = not on_ladder or cls.takes(name, "epoch")
        return ({"ladder": cls.ladder} if on_ladder else {}) | ({"epoch": epoch} if at_epoch else {})

    @classmethod
    def made(cls, name: str, seed: int = 0, *, epoch: int = 12, **asked: Any) -> Optimizer:
        """An optimizer as a campaign makes it; ``asked`` may be a ``restriction``."""
        return cls.maker(name)(seed=seed, **cls.fidelity(name, epoch), **asked, **cls.settings)

    @classmethod
    def searched(
        cls, optimizer: Optimizer, n_workers: int = 1, bench: Benchmark | None = None
    ) -> tuple[Observed, TrajectoryLogger]:
        """A short search, and what it was seen to do."""
        observed = Observed(optimizer, cls.N)
        logger = simulate(observed, bench or generated_benchmark(), budget_s=float("inf"), n_workers=n_workers)
        cls.release(optimizer)
        return observed, logger

    @staticmethod
    def release(optimizer: Optimizer) -> None:
        """Close it, twice, where it can be closed."""
        close = getattr(optimizer, "close", lambda: None)
        close()
        close()

    @classmethod
    def recorded(cls, name: str, seed: int) -> Sequence[TrialRecord]:
        """What a short search records, with two workers."""
        return cls.searched(cls.made(name, seed), n_workers=2)[1].records

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Every test runs for each optimizer."""
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", self.search_names())

    @pytest.mark.parametrize("n_workers", [1, 4])
    def test_it_asks_for_what_the_table_answers(self, name: str, n_workers: int) -> None:
        """Suggestions of configurations, at fidelities that exist, each told once."""
        observed, logger = self.searched(self.made(name), n_workers)
        for suggestion in observed.suggestions:
            assert type(suggestion) is Suggestion
            assert type(suggestion.configuration) is Configuration
            assert suggestion.epoch in FIDELITIES
            assert suggestion.budget is None or suggestion.budget >= suggestion.epoch
        assert observed.n_told == len(logger) == len(observed.suggestions)
        assert len(logger) == self.N or observed.has_finished

    def test_it_searches_at_the_fidelity_that_it_is_given(self, name: str) -> None:
        """At its epoch; with a ladder, at the ladder's rungs."""
        observed, _ = self.searched(self.made(name, epoch=3))
        given = self.fidelity(name, 3)
        epochs = {given.get("epoch"), *(given["ladder"].rungs if "ladder" in given else ())}
        assert {suggestion.epoch for suggestion in observed.suggestions} <= epochs

    @pytest.mark.parametrize("n_workers", [1, 4])
    def test_it_goes_on_until_the_budget_is_spent_or_it_has_finished(self, name: str, n_workers: int) -> None:
        """It never waits with nothing running; and what has finished stays so."""
        observed = Observed(self.made(name), 10**9)
        logger = simulate(observed, generated_benchmark(), budget_s=self.BUDGET_S, n_workers=n_workers)
        assert logger.clock_s >= self.BUDGET_S or (observed.has_finished and observed.has_finished)
        assert len(logger) > 0
        self.release(observed.optimizer)

    def test_another_seed_is_another_search(self, name: str) -> None:
        """The seed is what draws."""
        first, second = (self.searched(self.made(name, seed))[0].suggestions for seed in (0, 1))
        assert first != second

    def test_two_searches_share_nothing(self, name: str) -> None:
        """Two of them in turn do what each does alone; nor do they touch the generators of the process."""
        alone = self.searched(self.made(name, seed=3))[0].suggestions
        random.random(), np.random.random()  # noqa: NPY002  # so that a seed set again would be seen
        before = _states_of_the_process()
        pair = [Observed(self.made(name, seed=3), self.N) for _ in range(2)]
        bench = generated_benchmark()
        for _ in range(self.N):
            for observed in pair:
                if (suggestion := observed.ask()) is not None:
                    observed.tell(suggestion, bench.evaluate(suggestion.configuration, suggestion.epoch))
        assert [each.suggestions for each in pair] == [alone, alone]
        assert _states_of_the_process() == before
        for each in pair:
            self.release(each.optimizer)

    def test_a_table_without_differences_is_no_obstacle(self, name: str) -> None:
        """Ties are ties: nothing is divided by a spread of zero."""
        observed, _ = self.searched(self.made(name), bench=_flat_benchmark())
        assert len(observed.suggestions) == self.N or observed.has_finished

    @pytest.mark.parametrize("part", PARTS)
    def test_it_keeps_to_a_part_of_the_space(self, name: str, part: str) -> None:
        """Or it refuses the part when it is made, because nothing would be left to search."""
        if not self.takes(name, "restriction"):
            pytest.skip("takes no restriction")
        if (name, part) in self.refuses:
            with pytest.raises(InvalidValueError, match="nothing to search"):
                self.made(name, restriction=PARTS[part])
            return
        observed, _ = self.searched(self.made(name, restriction=PARTS[part]), n_workers=2)
        assert [each for each in observed.suggestions if each.configuration not in PARTS[part]] == []
        assert len({each.configuration for each in observed.suggestions}) > self.N // 6

    def test_several_objectives_are_another_search_of_the_same_kind(self, name: str) -> None:
        """As many suggestions, told as often, and the same ones for the same seed; or it refuses them."""
        if not self.takes(name, "objectives"):
            with pytest.raises((InvalidValueError, TypeError)):
                self.made(name, objectives=OBJECTIVES)
            return
        first, second = (self.searched(self.made(name, objectives=OBJECTIVES))[0] for _ in range(2))
        assert first.n_told == len(first.suggestions) == self.N or first.has_finished
        assert first.suggestions == second.suggestions


def _states_of_the_process() -> tuple[Any, str]:
    return random.getstate(), repr(np.random.get_state(legacy=False))  # noqa: NPY002  # the one that others share


def _flat_benchmark() -> Benchmark:
    columns = generated_columns(0)
    flat = {name: np.full_like(values, 50.0) for name, values in columns.items() if values.dtype == np.float64}
    return Benchmark(table_in_memory({**columns, **flat}, generated_benchmark().provenance))
