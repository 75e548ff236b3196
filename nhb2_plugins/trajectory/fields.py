"""What a field of the trajectory format may hold, said once; checks, columns, schemas and forms are derived from it.

A class declares a field where it stands: ``trial: int = field(metadata=declared(INTEGER, AT_LEAST_0, "…"))``;
:func:`declared_fields` collects the declarations.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, product
from operator import itemgetter, le
from typing import Any, ClassVar, Final, TypeAlias

from nhb2_plugins.errors import InvalidValueError, TrajectoryError, describe_choices
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration

MAX_TEXT_LENGTH: Final = 1000
"""Longest text a field takes; a longer one is a mistake, and would swell every file behind it."""
MAX_INTEGER: Final = 2**63 - 1
"""What a database's BIGINT and a frame's int64 hold."""

Kind: TypeAlias = tuple[type, ...]
"""The built-in types of a field's values."""
TEXT: Final[Kind] = (str,)
INTEGER: Final[Kind] = (int,)
REAL: Final[Kind] = (float,)
NUMBER: Final[Kind] = (int, float)
INTEGER_OR_TEXT: Final[Kind] = (int, str)
NUMBER_OR_NONE: Final[Kind] = (int, float, type(None))
ARRAY: Final[Kind] = (list,)
OBJECT: Final[Kind] = (dict,)


class Domain:
    """Which values of its kind a field may hold: all, unless a subclass refuses some."""

    def refusal(self, _field: Field, _value: Any, /) -> str | None:
        """What is wrong with a value, as a sentence that names the field; None where nothing is."""
        return None

    def read(self, field: Field, value: Any) -> Any:
        """What it makes of a value of the right kind; mostly itself.

        Raises:
            TrajectoryError: it is none of the domain's.
        """
        if (refusal := self.refusal(field, value)) is not None:
            raise TrajectoryError(refusal)
        return value


@dataclass(frozen=True, slots=True)
class Field:
    """A field as its class declares it.

    Attributes:
        owner: what it is a field of, in a word, for messages.
        name: attribute of the class, and key of the JSON object.
        kind: the types of its values.
        domain: which of them it takes.
        meaning: what it says, for the published schema; empty where there is none.
        is_required: whether an object must have it; files of before it was there do not.
    """

    owner: str
    name: str
    kind: Kind
    domain: Domain
    meaning: str
    is_required: bool = True

    def __str__(self) -> str:
        return f"{self.owner} field {self.name}"

    def check_kind(self, value: Any) -> None:
        """Refuse what no field can hold: another type, more than 64 bits, no finite number, text that is not kept.

        Raises:
            TrajectoryError: so it is.
        """
        if type(value) not in self.kind:
            found, expected = type(value), " or ".join(_NAME_OF_TYPE.get(each, each.__name__) for each in self.kind)
            raise TrajectoryError(
                f"{self} is {value!r:.80} of type {found.__module__}.{found.__qualname__}, "
                f"expected the built-in {expected}"
            )
        if type(value) is int and abs(value) > MAX_INTEGER:
            raise TrajectoryError(f"{self} is an integer of more than 64 bits")
        if type(value) is float and not math.isfinite(value):
            raise TrajectoryError(f"{self} is {value!r}, expected a finite number")
        if type(value) is str and len(value) > MAX_TEXT_LENGTH:
            raise TrajectoryError(f"{self} has {len(value)} characters, at most {MAX_TEXT_LENGTH}")
        if type(value) is str and _is_unstorable(value):
            raise TrajectoryError(f"{self} is {value!r:.80}, with a NUL or half a surrogate pair in it")

    def read(self, value: Any) -> Any:
        """What the domain makes of a value of the right kind (:meth:`Domain.read`)."""
        return self.domain.read(self, value)


class AnyText(Domain):
    """Text that every file and database holds."""


class AtLeastZero(Domain):
    """Numbers that are not negative."""

    def refusal(self, field: Field, value: Any, /) -> str | None:
        """A negative number."""
        return f"{field} is {value!r}, expected at least 0" if value < 0 else None


class Percent(AtLeastZero):
    """Numbers from 0 to 100."""

    def refusal(self, field: Field, value: Any, /) -> str | None:
        """A number outside."""
        return f"{field} is {value!r}, expected at most 100" if value > 100 else super().refusal(field, value)


class Positive(Domain):
    """Numbers above zero, or none where the kind has it."""

    def refusal(self, field: Field, value: Any, /) -> str | None:
        """Zero, or a negative number."""
        return None if value is None or value > 0 else f"{field} is {value!r}, expected more than 0"


@dataclass(frozen=True)
class ReadBy(Domain):
    """What a function makes something of; it says itself what is wrong with others."""

    make: Callable[[Any], Any]

    def read(self, field: Field, value: Any) -> Any:
        """What it makes of a value.

        Raises:
            TrajectoryError: nothing.
        """
        try:
            return self.make(value)
        except (InvalidValueError, TrajectoryError, TypeError) as error:
            raise TrajectoryError(f"{field} is {value!r:.80}: {error}") from None


@dataclass(frozen=True)
class OneOf(Domain):
    """A few values."""

    values: tuple[Any, ...]

    def refusal(self, field: Field, value: Any, /) -> str | None:
        """Another value."""
        return None if value in self.values else describe_choices(value, self.values, what=str(field))


@dataclass(frozen=True)
class PartOfConfiguration(OneOf):
    """The values that a configuration may have there; it says itself what is wrong with others."""

    _ANY: ClassVar[Mapping[str, Any]] = {
        "cellcode": CELLCODES[0],
        "lr": LEARNING_RATES[0],
        "batch_size": BATCH_SIZES[0],
    }

    def refusal(self, field: Field, value: Any, /) -> str | None:
        """Another value."""
        if value in self.values:
            return None
        try:
            made = Configuration(**{**self._ANY, field.name: value})
        except InvalidValueError as error:
            return f"{field.owner} of no configuration: {error}"
        return f"{field} is {value!r}, expected {getattr(made, field.name)!r}"


@dataclass(frozen=True)
class IntegerOr(Domain):
    """Any integer, or one word."""

    word: str

    def refusal(self, field: Field, value: Any, /) -> str | None:
        """Another word."""
        if type(value) is int or value == self.word:
            return None
        return f"{field} is {value!r:.80}, expected an integer or {self.word!r}"


ANY_TEXT: Final = AnyText()
ANYTHING: Final = Domain()
AT_LEAST_0: Final = AtLeastZero()
PERCENT: Final = Percent()
POSITIVE: Final = Positive()
A_CELLCODE: Final = PartOfConfiguration(CELLCODES)
A_LEARNING_RATE: Final = PartOfConfiguration(LEARNING_RATES)
A_BATCH_SIZE: Final = PartOfConfiguration(BATCH_SIZES)


def declared(kind: Kind, domain: Domain, meaning: str = "") -> dict[str, Any]:
    """The declaration of a field, as the metadata of a dataclass's field."""
    return {"kind": kind, "domain": domain, "meaning": meaning}


def declared_fields(owner: str, of_class: type) -> tuple[Field, ...]:
    """The fields of a dataclass that declares all of them, in order."""
    return tuple(
        Field(owner, each.name, **each.metadata, is_required=_has_no_default(each))
        for each in dataclasses.fields(of_class)
    )


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def read_values(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an object, each checked, and what their domains make of them.

    Raises:
        TrajectoryError: a field is missing, unknown, or of a wrong value; it is named.
    """
    refuse_other_names(fields, values)
    given = [each for each in fields if each.name in values]
    for each in given:
        each.check_kind(values[each.name])
    return {each.name: each.read(values[each.name]) for each in given}


def refuse_other_names(fields: Sequence[Field], names: Iterable[str]) -> None:
    """Refuse an object that lacks a field or has others.

    Raises:
        TrajectoryError: so it is; the names are given.
    """
    given, known = set(names), {each.name for each in fields}
    required = {each.name for each in fields if each.is_required}
    if wrong := (required - given) | (given - known):
        owner = fields[0].owner
        raise TrajectoryError(f"{owner} fields missing or unknown: {', '.join(sorted(map(str, wrong))):.300}")


_NAME_OF_TYPE: Final = {type(None): "None"}


def _is_unstorable(text: str) -> bool:
    """Whether it has what PostgreSQL or UTF-8 does not know."""
    return "\0" in text or (
        not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)  # which takes its time
    )


# -- all values at once

_LARGEST_TABLE: Final = 5000  # combinations of choices that are looked up together
_QUICK_ORDER: Final = (AtLeastZero, OneOf, AnyText, IntegerOr)


def in_quick_order(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The fields in the order in which :func:`quick_check` takes their values: those of one sort of domain together,
    percentages first."""
    return tuple(
        sorted(fields, key=lambda each: (_QUICK_ORDER.index(_sort_of(each.domain)), each.domain is not PERCENT))
    )


def _sort_of(domain: Domain) -> type:
    return next(sort for sort in _QUICK_ORDER if isinstance(domain, sort))


def quick_check(fields: Sequence[Field]) -> Callable[[tuple[Any, ...]], bool]:
    """What decides at once whether values, in the quick order, are sound; after a no, a closer look has to be taken.

    A record is made for every evaluation, so the common case must be quick, and is left to what Python does in one
    step: types are looked up as one tuple, choices as tuples of a few, and numbers are bounded by the least of them and
    by their sum, which a NaN makes one.
    """
    ordered = in_quick_order(fields)
    sorts = [_sort_of(each.domain) for each in ordered]
    n_numbers = sorts.count(AtLeastZero)
    most = [100 for each in ordered if isinstance(each.domain, Percent)]
    choices = [each.domain.values for each in ordered if isinstance(each.domain, OneOf)]
    words = [each.domain.word for each in ordered if isinstance(each.domain, IntegerOr)]
    texts = slice(n_numbers + len(choices), len(ordered) - len(words))
    if len(words) > 1:
        raise ValueError("two fields of an integer or a word")
    has_one_percentage = len(most) == 1
    types = _likeliest_first(product(*(each.kind for each in ordered)))
    together, combinations = _combinations(choices, n_numbers)

    def is_sound(values: tuple[Any, ...]) -> bool:
        try:
            return (
                tuple(map(type, values)) in types
                and min(numbers := values[:n_numbers]) >= 0
                and sum(numbers) <= MAX_INTEGER
                and (values[0] <= 100 if has_one_percentage else all(map(le, values, most)))
                and combinations.issuperset(together(values))
                and len(text := "".join(values[texts])) <= MAX_TEXT_LENGTH
                and text.isprintable()
                and (not words or _is_word_or_integer(values[-1], words[0]))
            )
        except OverflowError:  # an integer that is more than any float
            return False

    return is_sound


def _likeliest_first(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    return tuple(sorted(kinds, key=lambda each: (each.count(float), each.count(int)), reverse=True))


def _is_word_or_integer(value: object, word: str) -> bool:
    return -MAX_INTEGER <= value <= MAX_INTEGER if type(value) is int else value == word


def _combinations(
    choices: Sequence[tuple[Any, ...]], begin: int
) -> tuple[Callable[[tuple[Any, ...]], tuple[Any, ...]], frozenset[tuple[Any, ...]]]:
    """What takes choices out of all values, several together, and every combination that is allowed of those together.

    One set serves all groups: they differ in length, so that what one may be is never taken for another.
    """
    groups: list[list[tuple[Any, ...]]] = [[]]  # the empty one, so that there are always several things to take out
    for values in choices:
        if not groups[-1] or math.prod(map(len, [*groups[-1], values])) > _LARGEST_TABLE:
            groups.append([])
        groups[-1].append(values)
    if len(set(map(len, groups))) < len(groups):
        raise ValueError("two groups of choices are of the same length")
    ends = accumulate(map(len, groups), initial=begin)
    together = itemgetter(*(slice(*pair) for pair in pairwise(ends)))
    return together, frozenset(chain.from_iterable(product(*group) for group in groups))
