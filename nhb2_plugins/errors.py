"""The errors this package raises on purpose.

Every one is an :class:`Nhb2Error`, so that one ``except`` catches them all, and each leaf is also the built-in
type that a caller would expect (``ValueError``, ``KeyError``, …). A message names the bad value and the
allowed ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

_LONGEST_SPELLING: Final = 200
"""Characters of a value for which it is worth looking what else was meant."""


class Nhb2Error(Exception):
    """Base of every error raised deliberately by this package."""


class InvalidValueError(Nhb2Error, ValueError):
    """A value outside its domain: a cellcode, a learning rate, an epoch, a split, a seed, a setting."""


class TableError(Nhb2Error):
    """A table on disk cannot be used: missing, damaged, of a newer schema, or not a table at all."""


class TableNotFoundError(TableError, FileNotFoundError):
    """There is no table (or no published file) where one was promised."""


class TargetExistsError(Nhb2Error, FileExistsError):
    """Something is already where a table, an export or a trajectory was to be written."""


class NoHomeError(Nhb2Error, RuntimeError):
    """This user has no home directory, and nothing says what to take in its place."""


class TableExistsError(TargetExistsError, TableError):
    """Something is already where a table, or an export of one, was to be written."""


class ImportRefusedError(TableError, ValueError):
    """The published files do not have the published format, or hold something that must not be executed."""


class DownloadError(Nhb2Error, OSError):
    """The published files could not be downloaded: the server refuses, or sends something else, or the disk is full."""


class MissingExtraError(Nhb2Error, ImportError):
    """A framework is not installed; the message names the command that installs it."""


class TrajectoryError(Nhb2Error, ValueError):
    """A trajectory file or a record breaks the trajectory format."""


class TrajectoryNotFoundError(FileNotFoundError, TrajectoryError):
    """There is no trajectory where one was looked for."""


class TrajectoryExistsError(TargetExistsError, TrajectoryError):
    """Something is already where records were to be exported to."""


class CampaignError(Nhb2Error, ValueError):
    """A campaign specification, or the directory it writes to, cannot be used."""


@contextmanager
def retold(kind: type[Nhb2Error], what: str, *failures: type[Exception]) -> Iterator[None]:
    """Around what fails in the words of others; an error of this package's own is left as it is.

    Args:
        kind: the error that is raised in the place of a failure.
        what: its beginning, for example ``cannot write x.json``; the failure's own words follow.
        failures: what is retold; by default what the system refuses.
    """
    caught = failures or (OSError,)
    try:
        yield
    except Nhb2Error:
        raise
    except caught as error:
        raise kind(f"{what}: {error}") from error


def one_line(error: Exception) -> str:
    """What an error says, its lines joined."""
    return " ".join(str(error).split())


def describe_choices(value: object, allowed: Iterable[object], *, what: str) -> str:
    """Say which value was refused and which are allowed, nearest match first where there is one.

    >>> describe_choices("vaild", ["train", "valid", "test"], what="split")
    "split 'vaild' is not one of 'train', 'valid', 'test' (did you mean 'valid'?)"
    """
    from difflib import get_close_matches  # for who has erred

    choices = list(allowed)
    message = f"{what} {value!r:.80} is not one of {', '.join(repr(choice) for choice in choices)}"
    names = {choice.lower(): choice for choice in choices if isinstance(choice, str)}
    if isinstance(value, str) and len(value) <= _LONGEST_SPELLING and (near := get_close_matches(value.lower(), names)):
        message += f" (did you mean {names[near[0]]!r}?)"
    return message
