"""Arguments that stand in many places and mean the same everywhere: checked once, in the same words."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any, Final, TypeGuard, TypeVar

from nhb2_plugins.errors import InvalidValueError, describe_choices

_Choice = TypeVar("_Choice")
_Kind = TypeVar("_Kind")

MAX_SEARCH_SEED: Final = 2**32 - 1
"""The largest seed that every generator behind the optimizers takes."""


def checked_search_seed(seed: int, *, otherwise: str = "") -> int:
    """A seed of a search (not of the table), as a built-in integer.

    Numpy and ConfigSpace refuse others with errors of their own that do not name the value, and Python's ``random``
    takes text, and -1 for 1.

    Args:
        seed: the seed.
        otherwise: what else the caller takes, for the message.

    Raises:
        InvalidValueError: not an integer from 0 to 2³² - 1, which is what all generators take.
    """
    if not _is_integer(seed) or not 0 <= seed <= MAX_SEARCH_SEED:
        raise InvalidValueError(f"seed {seed!r:.80} is not an integer in 0..{MAX_SEARCH_SEED}{otherwise}")
    return int(seed)


def checked_count(name: str, count: int, *, most: int | None = None, otherwise: str = "") -> int:
    """A number of things of which there must be one, as a built-in integer.

    Args:
        name: the argument's.
        count: the number.
        most: the largest number allowed, where it is not the largest that counts anything in memory.
        otherwise: what else the caller takes, for the message.

    Raises:
        InvalidValueError: not an integer of at least 1, or above the largest.
    """
    if not _is_integer(count) or not 1 <= count <= (most or sys.maxsize):
        allowed = f"in 1..{most}" if most else "of at least 1"
        raise InvalidValueError(f"{name} {count!r:.80} is not an integer {allowed}{otherwise}")
    return int(count)


def checked_choice(what: str, value: object, allowed: Collection[_Choice]) -> _Choice:
    """The one of a few values that this one equals: built-in text or a built-in number where numpy's was given.

    Args:
        what: the value's name, for the message.
        value: the value; True and False are no numbers here.
        allowed: what it may be.

    Raises:
        InvalidValueError: it is none of them.
    """
    if isinstance(value, Hashable) and not isinstance(value, bool):  # an array, which equals its items, has no hash
        for choice in allowed:
            if value == choice:
                return choice
    raise InvalidValueError(describe_choices(value, allowed, what=what))


def is_number(value: object) -> bool:
    """Whether a value is a real number that a float can hold; a truth value, Python's or numpy's, is none.

    Infinity and NaN, which are floats, are numbers here.
    """
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return isinstance(value, Real)  # numpy does not register its own truth values as Real


def is_several(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether a value is several values, for example a list or an array; text, bytes and a mapping are one each."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | Mapping)


def has_methods(value: object, *names: str) -> bool:
    """Whether something has methods of these names; a class has not, whose instances would."""
    return not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in names)


def checked_flag(name: str, value: bool) -> bool:
    """A truth value: whatever else stands there was meant for something else.

    Raises:
        InvalidValueError: something else.
    """
    if not isinstance(value, bool):
        raise InvalidValueError(f"{name} {value!r:.80} is neither True nor False")
    return value


def check_no_flags_for_numbers(make: Callable[..., object], settings: Mapping[str, object]) -> None:
    """Look whether True or False stands where a framework's own class takes a number: Python counts with them.

    Args:
        make: the class; a number is what has one as its default, or says so in its annotation.
        settings: what it is going to be called with; names that it has no parameter of are left to it.

    Raises:
        InvalidValueError: True or False for a number.
    """
    for name, parameter in inspect.signature(make).parameters.items():
        if isinstance(settings.get(name), bool) and _takes_number(parameter):
            raise InvalidValueError(f"{name} {settings[name]!r} is a truth value; it takes a number")


def _takes_number(parameter: inspect.Parameter) -> bool:
    told = parameter.annotation
    kinds = {kind.strip() for kind in (told if isinstance(told, str) else inspect.formatannotation(told)).split("|")}
    return "bool" not in kinds and (is_number(parameter.default) or not kinds.isdisjoint({"int", "float"}))


def checked_kind(name: str, value: object, kind: type[_Kind], made_by: str = "") -> _Kind:
    """The value, which is an object of a framework's or of this package.

    Args:
        name: the argument's.
        value: the value.
        kind: the class that it is to be of.
        made_by: what makes one; for the message, where that does not say whose class it is.

    Raises:
        InvalidValueError: something else.
    """
    if isinstance(value, kind):
        return value
    whose = f"; {made_by}" if made_by else f" of {kind.__module__.partition('.')[0]}"
    raise InvalidValueError(f"{name} {value!r:.80} is not a {kind.__name__}{whose}")


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
