"""What cannot be copied says so, and what to do instead."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.trajectory.stays_in_process import StaysInProcess


class Keeper(StaysInProcess):
    _WAY_OUT = "Ask for another"


class Traveller(StaysInProcess):
    def __reduce__(self) -> Any:
        return Traveller, ()


@pytest.mark.parametrize("send", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_copy_is_refused_in_the_subclass_s_words(send: Callable[[object], object]) -> None:
    said = r"this Keeper cannot be copied or sent to another process: .* lost there\. Ask for another$"
    with pytest.raises(TrajectoryError, match=said):
        send(Keeper())
    with pytest.raises(TrajectoryError, match=r"Make one in each process$"):
        send(StaysInProcess())
    send(Traveller())


def test_whoever_says_how_may_travel() -> None:
    assert isinstance(pickle.loads(pickle.dumps(Traveller())), Traveller)
