"""Say what is wrong with a specification: the key, its value, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from nhb2_plugins.errors import describe_choices

MOST_TOLD: Final = 8
"""Wrong keys that are explained one by one."""
_EXPECTED: Final = {
    "tuple_type": "should be a list",
    "model_type": "should be a mapping of keys",
    "dict_type": "should be a mapping of keys",
    "string_type": "should be text",
    "string_pattern_mismatch": "should be letters, digits, '_' and '-', and begin with a letter or digit",
}


def explain_wrong_values(error: ValidationError, model: type[BaseModel], kinds: Iterable[str] = ()) -> str:
    """What is wrong in one line, key by key; of very many the first ones, and how many more.

    Args:
        error: what pydantic found.
        model: of what.
        kinds: tags of the unions, which are no keys.
    """
    details = error.errors()
    # pydantic calls a list of nothing but wrong items too short: that says nothing beyond what is wrong with its items.
    parents = {each["loc"][:depth] for each in details for depth in range(1, len(each["loc"]))}
    told = [each for each in details if each["type"] != "too_short" or each["loc"] not in parents]
    more = [f"and {len(told) - MOST_TOLD} more"] if len(told) > MOST_TOLD else []
    return "; ".join([*(_explain_one(each, model, set(kinds)) for each in told[:MOST_TOLD]), *more])


def _explain_one(detail: Any, model: type[BaseModel], kinds: set[str]) -> str:
    kind, value, message = detail["type"], detail["input"], detail["msg"].removeprefix("Value error, ")
    where = ".".join(str(part) for part in detail["loc"] if part not in kinds) or "campaign"
    if kind == "extra_forbidden":
        return describe_choices(detail["loc"][-1], _keys_at(model, detail["loc"][:-1]), what=f"{where}: key")
    if kind == "missing":
        return f"{where}: is missing"
    if kind == "literal_error":
        return describe_choices(value, _choices(detail["ctx"]["expected"]), what=f"{where}:")
    message = _EXPECTED.get(kind, message.replace("Input should", "should").replace("Tuple should", "should"))
    # Of what several keys say together the message names the values; the whole mapping says nothing more.
    named = kind == "value_error" and (isinstance(value, dict) or repr(value) in message)
    return f"{where}: {message}" if named else f"{where}: {message} (got {value!r:.80})"


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> Iterable[str]:
    """The keys that are allowed at a location, as pydantic gives it: keys, list positions and tags of unions."""
    models = [model]
    for part in location:
        fields = [each.model_fields[part] for each in models if part in each.model_fields]
        models = [inner for field in fields for inner in _models_in(field.annotation)] or models
    return dict.fromkeys(key for each in models for key in each.model_fields)


def _models_in(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models_in(part)


def _choices(expected: str) -> list[object]:
    """The values in pydantic's list of them, ``"12 or 200"`` or ``"'drop' or 'count'"``."""
    return [word.strip("'") if word.startswith("'") else int(word) for word in re.findall(r"'[^']*'|\d+", expected)]
