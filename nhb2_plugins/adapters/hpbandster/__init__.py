"""BOHB: in this process, and on hpbandster's nameserver with its workers and optimizers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.extras import install_command


def from_hpbandster(module: str, name: str) -> Any:
    """A name of a module of this folder that imports hpbandster.

    Raises:
        MissingExtraError: hpbandster is not installed.
    """
    try:
        return getattr(import_module(f"nhb2_plugins.adapters.hpbandster.{module}"), name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "nhb2_plugins":
            raise
        raise MissingExtraError(
            f"{name} needs hpbandster ({error}): {install_command('bohb')} (which needs a C compiler and "
            "Python's headers); the in-process engine of run_bohb needs neither"
        ) from error
