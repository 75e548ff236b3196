"""The first exception of a run is kept, and raised when asked for."""

from __future__ import annotations

import pytest

from nhb2_plugins.adapters.first_error import ErrorKeeper


def test_the_first_is_kept_and_raised() -> None:
    keeper, other = ErrorKeeper(), ErrorKeeper()
    keeper.raise_first_error()
    first = ValueError("first")
    keeper.keep(first)
    keeper.keep(KeyError("second"))
    assert keeper.error is first
    assert other.error is None
    with pytest.raises(ValueError, match="first"):
        keeper.raise_first_error()
