"""Optimizers by name: what they are given, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from nhb2_plugins.errors import InvalidValueError, MissingExtraError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers import registry
from nhb2_plugins.optimizers.bohb import Bohb
from nhb2_plugins.optimizers.registry import (
    OPTIMIZERS,
    Registration,
    check_ladder,
    check_takes,
    close_optimizer,
    describe,
    make_optimizer,
)
from nhb2_plugins.subspace import Subspace

CLASSES = Subspace(one_per_class=True)


class EverywhereOnly:
    """An optimizer that knows no parts."""

    def __init__(self, seed: int, *, epoch: int = 12, **settings: Any) -> None:
        del seed, epoch, settings


def test_an_optimizer_that_knows_no_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**OPTIMIZERS, "everywhere": Registration(f"{__name__}:EverywhereOnly")}
    monkeypatch.setattr(registry, "OPTIMIZERS", known)
    assert isinstance(make_optimizer("everywhere", seed=0), EverywhereOnly)
    with pytest.raises(InvalidValueError, match="'everywhere' has no parameter 'restriction'"):
        make_optimizer("everywhere", seed=0, restriction=CLASSES)
    with pytest.raises(InvalidValueError, match="'everywhere' has no parameter 'restriction'"):
        check_takes("everywhere", "restriction")
    check_takes("random_search", "restriction")


def test_a_restriction_is_no_setting() -> None:
    with pytest.raises(InvalidValueError, match="setting of smac 'restriction'"):
        make_optimizer("smac", seed=0, settings={"restriction": CLASSES})


@pytest.mark.parametrize(
    ("algorithm", "message"),
    [
        ("randomsearch", r"algorithm 'randomsearch' is not one of .*did you mean 'random_search'"),
        ("tpe", r"it is a sampler of Optuna: algorithm optuna with settings \{sampler: tpe\}$"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(algorithm: str, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        make_optimizer(algorithm, seed=0)


def test_a_ladder_is_given_where_it_is_needed_and_nowhere_else() -> None:
    ladder = FidelityLadder([1, 4, 12])
    with pytest.raises(InvalidValueError, match="'asha' needs a ladder"):
        make_optimizer("asha", seed=0)
    with pytest.raises(InvalidValueError, match="'random_search' searches at one epoch and takes no ladder"):
        make_optimizer("random_search", seed=0, ladder=ladder)
    for has_ladder in (True, False):
        check_ladder("smac", has_ladder=has_ladder)
    suggestion = make_optimizer("random_search", seed=0, epoch=3).ask()
    assert suggestion is not None
    assert suggestion.epoch == 3


def test_settings_of_a_dataclass_are_gathered_and_others_handed_on() -> None:
    ladder = FidelityLadder([1, 4, 12])
    optimizer = make_optimizer("bohb", seed=0, ladder=ladder, settings={"n_iterations": 2, "num_samples": 7})
    assert isinstance(optimizer, Bohb)
    assert optimizer.model.settings.num_samples == 7
    with pytest.raises(InvalidValueError, match=r"setting of bohb 'num_sampels' is not one of .*did you mean"):
        make_optimizer("bohb", seed=0, ladder=ladder, settings={"num_sampels": 7})
    with pytest.raises(InvalidValueError, match="setting of random_search 'seed'"):
        make_optimizer("random_search", seed=0, settings={"seed": 1})


def test_a_description_is_read_off_the_class() -> None:
    evolution = describe("regularized_evolution")
    assert evolution.summary.startswith("Regularised evolution")
    assert evolution.ladder == "never"
    assert evolution.settings[:2] == ("population_size", "tournament_size")
    assert describe("optuna").settings[-1] == "…"  # what the sampler takes
    assert {describe(name).ladder for name in ("asha", "bohb")} == {"always"}
    assert {"n_iterations", "num_samples"} <= set(describe("bohb").settings)


def test_what_cannot_be_imported_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Registration("nhb2_plugins.no_such_module:Nothing", extra="optuna")
    monkeypatch.setattr(registry, "OPTIMIZERS", {**OPTIMIZERS, "lacking": lacking})
    with pytest.raises(MissingExtraError, match=r"'lacking' cannot be imported \(.*\): pip install .*\[optuna\]"):
        make_optimizer("lacking", seed=0)


def test_closing_closes_what_can_be_closed() -> None:
    class Open:
        n_closed = 0

        def close(self) -> None:
            self.n_closed += 1

    held = Open()
    close_optimizer(held)  # type: ignore[arg-type]
    close_optimizer(make_optimizer("random_search", seed=0))
    assert held.n_closed == 1


def test_who_minimises_the_error_alone_says_so() -> None:
    check_takes("random_search", "objectives")
    with pytest.raises(InvalidValueError, match=r"'local_search' has no parameter 'objectives': it minimises"):
        check_takes("local_search", "objectives")
