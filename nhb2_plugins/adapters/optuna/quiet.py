"""Optuna without its line for every study made, and its warnings that something is new."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import ExperimentalWarning
from optuna.logging import WARNING, get_verbosity, set_verbosity


@contextmanager
def quiet() -> Iterator[None]:
    """Warnings alone are logged, or less where the user has said so; the user's own verbosity is back afterwards."""
    before = get_verbosity()
    set_verbosity(max(before, WARNING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        set_verbosity(before)
