"""The joint search space: cellcodes, learning rates, batch sizes, and configurations as integers.

A cellcode is written ``A|BC|DEF``: the operations of the six edges 0→1, 0→2, 1→2, 0→3, 1→3, 2→3 of a four-node
cell (node 0 is the input, node 3 the output). With 8 learning rates and 6 batch sizes the space has
4,096 × 48 = 196,608 configurations. A configuration's *index* follows the order of the reference package
(``nashpobench2api``): cellcodes sorted as strings, then learning rate ascending, then batch size ascending.

Source: Hirose, Yoshinari, Shirakawa, "NAS-HPO-Bench-II", ACML 2021 (arXiv:2110.10165).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from numbers import Real
from typing import Any, Final, SupportsIndex

from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.shown import as_html

OPERATIONS: Final = ("conv3x3", "avgpool3x3", "skip", "zero")
"""Operation names; position = the digit in a cellcode."""

EDGES: Final = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""(source node, target node) of each edge, in the order of a cellcode's digits."""

EDGE_NAMES: Final = tuple(f"op_{source}{target}" for source, target in EDGES)
"""Hyperparameter names of the edges: ``op_01, op_02, op_12, op_03, op_13, op_23``."""

HYPERPARAMETER_NAMES: Final = (*EDGE_NAMES, "lr", "batch_size")
"""The eight coordinates of the space, in order."""

LEARNING_RATES: Final = tuple(0.003125 * 2**i for i in range(8))
"""Initial learning rates of SGD, ascending: 0.003125 … 0.4."""

BATCH_SIZES: Final = tuple(16 * 2**i for i in range(6))
"""Batch sizes, ascending: 16 … 512."""

BENCHMARK_NAME: Final = "NAS-HPO-Bench-II"
N_CELLCODES: Final = len(OPERATIONS) ** len(EDGES)
N_HYPERPARAMETERS: Final = len(LEARNING_RATES) * len(BATCH_SIZES)
"""Number of (learning rate, batch size) pairs: 48."""
N_CONFIGURATIONS: Final = N_CELLCODES * N_HYPERPARAMETERS
N_CHOICES: Final = (*(len(OPERATIONS),) * len(EDGES), len(LEARNING_RATES), len(BATCH_SIZES))
"""Number of choices of each of the eight coordinates."""


def _format_cellcode(digits: tuple[int | str, ...]) -> str:
    a, b, c, d, e, f = digits
    return f"{a}|{b}{c}|{d}{e}{f}"


CELLCODES: Final = tuple(map(_format_cellcode, product("0123", repeat=len(EDGES))))
"""All 4,096 cellcodes in index order (sorted as strings)."""

_CELL_INDEX: Final = {code: i for i, code in enumerate(CELLCODES)}
_LR_INDEX: Final = {lr: i for i, lr in enumerate(LEARNING_RATES)}
_BATCH_SIZE_INDEX: Final = {batch_size: i for i, batch_size in enumerate(BATCH_SIZES)}
_OPERATION_INDEX: Final = {name: i for i, name in enumerate(OPERATIONS)}


def cell_index(cellcode: str) -> int:
    """Position of a cellcode among the 4,096 (0-based, index order), however it is spelled (:func:`parse_cellcode`).

    Raises:
        InvalidValueError: the text is not a cellcode.
    """
    try:
        return _CELL_INDEX[cellcode]
    except (KeyError, TypeError):
        return _CELL_INDEX[parse_cellcode(cellcode)]


def cellcode_digits(cellcode: str) -> tuple[int, ...]:
    """The six operation digits of a cellcode, in the order of :data:`EDGES`.

    >>> cellcode_digits("0|10|210")
    (0, 1, 0, 2, 1, 0)
    """
    index = cell_index(cellcode)
    return tuple(index >> shift & 3 for shift in (10, 8, 6, 4, 2, 0))


def parse_cellcode(text: str) -> str:
    """The cellcode that is written ``0|10|210`` or, where bars are a nuisance, ``010210``.

    Raises:
        InvalidValueError: the text is neither.
    """
    spelled = text
    if isinstance(text, str) and len(text) == len(EDGES) and text.isascii() and text.isdigit():
        spelled = f"{text[0]}|{text[1:3]}|{text[3:]}"
    if not _is_key(spelled, _CELL_INDEX):
        raise InvalidValueError(
            f"cellcode {text!r:.80} is not of the form 'A|BC|DEF' with six digits 0..3 "
            "(0 = conv3x3, 1 = avgpool3x3, 2 = skip, 3 = zero), for example '0|10|210'"
        )
    return CELLCODES[_CELL_INDEX[spelled]]


def learning_rate_rank(lr: float) -> int:
    """Rank of a learning rate among the eight; one that lies within the rounding of a 32-bit float is that one.

    Raises:
        InvalidValueError: none of them.
    """
    if _is_key(lr, _LR_INDEX):
        return _LR_INDEX[lr]
    if isinstance(lr, Real) and not isinstance(lr, int):
        lr = float(lr)  # all its digits are shown, which numpy's own do not
        for rank, known in enumerate(LEARNING_RATES):
            if abs(lr - known) <= known * _FLOAT32_ROUNDING:
                return rank
    raise InvalidValueError(describe_choices(lr, LEARNING_RATES, what="learning rate"))


def _batch_size_rank(batch_size: int) -> int:
    if not _is_key(batch_size, _BATCH_SIZE_INDEX):
        raise InvalidValueError(describe_choices(batch_size, BATCH_SIZES, what="batch size"))
    return _BATCH_SIZE_INDEX[batch_size]


_FLOAT32_ROUNDING: Final = 2.0**-24


def _is_key(value: object, index: Mapping[Any, int]) -> bool:
    try:
        return value in index
    except TypeError:  # a list or an array: not hashable
        return False


@dataclass(frozen=True, slots=True, init=False, order=True)
class Configuration:
    """One point of the joint space; validated when made, hashable, ordered by index.

    Attributes:
        index: position in the space, 0 … 196,607 (see the module's docstring for the order).
        cellcode: for example ``"0|10|210"``.
        lr: initial learning rate, one of :data:`LEARNING_RATES`.
        batch_size: one of :data:`BATCH_SIZES`.

    >>> Configuration("0|10|210", lr=0.1, batch_size=256).index
    14050
    >>> Configuration.from_index(14050)
    Configuration(cellcode='0|10|210', lr=0.1, batch_size=256)
    """

    index: int = field(init=False, repr=False)
    cellcode: str = field(compare=False)
    lr: float = field(compare=False)
    batch_size: int = field(compare=False)

    def __init__(self, cellcode: str, lr: float, batch_size: int, *, index: int | None = None) -> None:
        """Validate the three parts.

        Args:
            cellcode: also ``"010210"`` for ``"0|10|210"``.
            lr: also as a 32-bit float.
            batch_size: one of the six.
            index: the configuration's own, as ``dataclasses.asdict`` gives it; checked, and not needed.

        Raises:
            InvalidValueError: a part is not in the space, the message names it and the allowed values; or the index is
                another configuration's.
        """
        try:
            cell = _CELL_INDEX[cellcode]
            lr_index = _LR_INDEX[lr]
            batch_index = _BATCH_SIZE_INDEX[batch_size]
        except (KeyError, TypeError):  # spelled otherwise, or none
            cell, lr_index, batch_index = cell_index(cellcode), learning_rate_rank(lr), _batch_size_rank(batch_size)
        # Values are taken from the grids, so that a numpy scalar never survives in a configuration.
        _set_index(self, cell * 48 + lr_index * 6 + batch_index)
        _set_cellcode(self, CELLCODES[cell])
        _set_lr(self, LEARNING_RATES[lr_index])
        _set_batch_size(self, BATCH_SIZES[batch_index])
        if index is not None and index != self.index:
            raise InvalidValueError(f"index {index!r:.80} is not that of {self!r}, which is {self.index}")

    @classmethod
    def from_index(cls, index: SupportsIndex) -> Configuration:
        """The configuration at a position of the space.

        Raises:
            InvalidValueError: the index is not an integer in 0 … 196,607. Negative positions are refused: the
                reference answers them wrongly.
        """
        position = _checked_index(index)
        cell, rest = divmod(position, N_HYPERPARAMETERS)
        return cls(CELLCODES[cell], LEARNING_RATES[rest // 6], BATCH_SIZES[rest % 6])

    @classmethod
    def from_choices(cls, choices: tuple[int, ...]) -> Configuration:
        """The configuration of eight choice numbers: six operation digits, then the lr's and batch size's rank.

        Raises:
            InvalidValueError: not eight integers, each below its entry of :data:`N_CHOICES`.
        """
        ranks = _ranks(choices, N_CHOICES)
        if ranks is None:
            raise InvalidValueError(f"choices {choices!r} are not eight integers, each below its entry of {N_CHOICES}")
        *digits, lr_index, batch_index = ranks
        return cls(_format_cellcode(tuple(digits)), LEARNING_RATES[lr_index], BATCH_SIZES[batch_index])

    _repr_html_ = as_html

    @property
    def choices(self) -> tuple[int, ...]:
        """Eight choice numbers: six operation digits, then the rank of the learning rate and of the batch size."""
        rest = self.index % N_HYPERPARAMETERS
        return (*cellcode_digits(self.cellcode), rest // 6, rest % 6)

    def to_hyperparameters(self) -> dict[str, str | float | int]:
        """Values by hyperparameter name (:data:`HYPERPARAMETER_NAMES`), all built-in types."""
        operations = (OPERATIONS[digit] for digit in cellcode_digits(self.cellcode))
        return {
            **dict(zip(EDGE_NAMES, operations, strict=True)),
            "lr": self.lr,
            "batch_size": self.batch_size,
        }

    @classmethod
    def from_hyperparameters(cls, values: dict[str, object]) -> Configuration:
        """The configuration of a mapping from hyperparameter names to values (numpy scalars are welcome).

        Raises:
            InvalidValueError: not a mapping, a name is missing or unknown, or a value is not in the space.
        """
        try:
            has_other_names = len(values) != len(HYPERPARAMETER_NAMES) or any(
                name not in values for name in HYPERPARAMETER_NAMES
            )
        except TypeError:
            message = f"{values!r:.80} is no mapping from {', '.join(HYPERPARAMETER_NAMES)} to values"
            raise InvalidValueError(message) from None
        if has_other_names:
            names = sorted(map(str, values))
            raise InvalidValueError(f"hyperparameters {names} are not exactly {sorted(HYPERPARAMETER_NAMES)}")
        digits = tuple(_operation_digit(name, values[name]) for name in EDGE_NAMES)
        return cls(_format_cellcode(digits), values["lr"], values["batch_size"])  # type: ignore[arg-type]


# The slots' own setters: half the cost of the object.__setattr__ that a frozen class needs otherwise.
_set_index, _set_cellcode, _set_lr, _set_batch_size = (
    vars(Configuration)[name].__set__ for name in ("index", "cellcode", "lr", "batch_size")
)


def _operation_digit(name: str, operation: object) -> int:
    try:
        return _OPERATION_INDEX[operation]  # type: ignore[index]
    except (KeyError, TypeError):
        raise InvalidValueError(describe_choices(operation, OPERATIONS, what=name)) from None


def _ranks(numbers: Sequence[SupportsIndex], n_choices: tuple[int, ...]) -> tuple[int, ...] | None:
    """The numbers as built-in integers, or None unless each is an integer below its number of choices."""
    try:
        ranks = tuple(map(operator.index, numbers))
    except TypeError:
        return None
    if len(ranks) != len(n_choices) or min(ranks) < 0 or bool in map(type, numbers):
        return None
    return ranks if all(map(operator.lt, ranks, n_choices)) else None


def _checked_index(index: SupportsIndex) -> int:
    try:
        position = operator.index(index)
    except TypeError:
        position = -1
    if isinstance(index, bool) or not 0 <= position < N_CONFIGURATIONS:
        raise InvalidValueError(f"index {index!r} is not an integer in 0..{N_CONFIGURATIONS - 1}")
    return position
