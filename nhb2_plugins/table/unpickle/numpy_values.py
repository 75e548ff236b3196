"""What numpy's scalars and arrays need of a pickle: a dtype, its state, and bytes, all interpreted here.

numpy itself is given no more than a number's type, a shape that was checked, and as many bytes.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from nhb2_plugins.table.unpickle.machine import Machine
from nhb2_plugins.table.unpickle.values import Admitted, Array, Dtype, shown

_STRUCT_CODES: Final = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip
_TEXT_CODE: Final = re.compile(r"[US](\d{1,3})")
_MAX_DIMENSIONS: Final = 8
_BYTE_ORDERS: Final = ("<", ">", "|", "=")


def reduce(machine: Machine) -> None:
    """REDUCE: apply an admitted name to its arguments."""
    arguments, function = machine.pop(), machine.pop()
    if not isinstance(function, Admitted) or function not in _CALLS or not isinstance(arguments, tuple):
        machine.refuse_name(f"a call of {shown(function)} with {shown(arguments)}")
    machine.stack.append(_CALLS[function](machine, arguments))


def build(machine: Machine) -> None:
    """BUILD: give a dtype its state, of which the byte order matters, or an array its own."""
    state, target = machine.pop(), machine.top()
    if isinstance(target, Array):
        target.values = _array_values(machine, state)
        return
    if not isinstance(target, Dtype):
        machine.refuse_name(f"a state for {shown(target)}")
    if not isinstance(state, tuple) or len(state) < 2 or state[1] not in _BYTE_ORDERS:
        machine.refuse("is malformed: a numpy dtype with an unknown state")
    target.order = ">" if state[1] == ">" else "<"


def _dtype(machine: Machine, arguments: tuple[Any, ...]) -> Dtype:
    code = arguments[0] if arguments else None
    text = code.lstrip("<>|=") if isinstance(code, str) else ""
    if text not in _STRUCT_CODES and not _TEXT_CODE.fullmatch(text):
        machine.refuse_name(f"numpy.dtype({shown(code)})")
    return Dtype(text)


def _encode(machine: Machine, arguments: tuple[Any, ...]) -> bytes:
    if len(arguments) != 2 or not isinstance(arguments[0], str) or arguments[1] not in ("latin1", "latin-1"):
        machine.refuse_name(f"_codecs.encode with {shown(arguments)}")
    try:
        return arguments[0].encode("latin-1")
    except UnicodeEncodeError:
        machine.refuse("is malformed: bytes beyond 255")


def _scalar(machine: Machine, arguments: tuple[Any, ...]) -> Any:
    if len(arguments) != 2 or not isinstance(arguments[0], Dtype) or not isinstance(arguments[1], (bytes, str)):
        machine.refuse("is malformed: a numpy scalar without its dtype and bytes")
    dtype, raw = arguments
    if isinstance(raw, str):  # Python 2 had no bytes
        raw = raw.encode("latin-1", "replace")
    if text := _TEXT_CODE.fullmatch(dtype.code):
        return _text_scalar(machine, dtype, raw, int(text[1]))
    layout = struct.Struct(dtype.order + _STRUCT_CODES[dtype.code])
    if len(raw) != layout.size:
        machine.refuse(f"is malformed: a numpy {dtype.code} of {len(raw)} bytes")
    return layout.unpack(raw)[0]


def _reconstruct(machine: Machine, arguments: tuple[Any, ...]) -> Array:
    if len(arguments) != 3 or arguments[0] is not Admitted.ARRAY:
        machine.refuse_name(f"an array of {shown(arguments)}")
    return Array()


def _array_values(machine: Machine, state: Any) -> np.ndarray[Any, Any]:
    """The numbers of an array's state: version, shape, dtype, whether it is in Fortran's order, bytes."""
    if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[1], tuple):
        machine.refuse("is malformed: an array with an unknown state")
    _, shape, dtype, is_fortran, raw = state
    if not isinstance(dtype, Dtype) or dtype.code not in _STRUCT_CODES or not isinstance(raw, (bytes, str)):
        machine.refuse_name(f"an array of {shown(dtype)}")
    if isinstance(raw, str):  # Python 2 had no bytes
        raw = raw.encode("latin-1", "replace")
    layout = np.dtype(dtype.order + dtype.code)
    if len(shape) > _MAX_DIMENSIONS or min(shape, default=1) < 0 or len(raw) != math.prod(shape) * layout.itemsize:
        machine.refuse(f"is malformed: an array of shape {shape!s:.80} in {len(raw)} bytes")
    return np.frombuffer(raw, layout).reshape(shape, order="F" if is_fortran else "C")


def _text_scalar(machine: Machine, dtype: Dtype, raw: bytes, n_characters: int) -> str | bytes:
    is_unicode = dtype.code.startswith("U")
    if len(raw) != n_characters * (4 if is_unicode else 1):
        machine.refuse(f"is malformed: a numpy {dtype.code} of {len(raw)} bytes")
    if not is_unicode:
        return raw.rstrip(b"\0")
    return machine.text(raw, "utf-32-le" if dtype.order == "<" else "utf-32-be").rstrip("\0")


_CALLS: Final[Mapping[Admitted, Callable[[Machine, tuple[Any, ...]], Any]]] = {
    Admitted.DTYPE: _dtype,
    Admitted.ENCODE: _encode,
    Admitted.SCALAR: _scalar,
    Admitted.RECONSTRUCT: _reconstruct,
}
