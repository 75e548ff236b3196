"""What an analysis looks at."""

from __future__ import annotations

import pytest

from nhb2_plugins.landscape.view import View
from tests.core_fixtures import mini_benchmark


@pytest.mark.parametrize(
    ("where", "measure"),
    [
        ((12, None, None), "validation error after 12 epochs, seed 222"),
        ((1, "test", "mean"), "test error after 1 epoch, mean over seeds"),
        ((200, None, None), "expected test error after 200 epochs"),
    ],
)
def test_a_view_says_what_it_is_of(where: tuple[int, str | None, None], measure: str) -> None:
    view = View.of(mini_benchmark(), *where)
    assert view.measure == measure
    assert ("estimated" in view.cost_measure) == (where[0] == 200)
