"""What the keys of every specification have in common: none unknown, none empty, and no truth value for a number."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nhb2_plugins.errors import InvalidValueError


def refuse_truth_value(value: object) -> object:
    """The value, before pydantic takes it for a number.

    Raises:
        InvalidValueError: it is True or False.
    """
    if isinstance(value, bool):
        raise InvalidValueError(f"{value!r} is no number")
    return value


Number = Annotated[float, BeforeValidator(refuse_truth_value)]
"""A number, also as text (``1e5`` is one to YAML 1.1); pydantic alone takes True for 1."""
WholeNumber = Annotated[int, BeforeValidator(refuse_truth_value)]
Flag = Annotated[bool, Field(strict=True)]
"""True or False; pydantic alone takes 1 and ``"yes"``, too."""


class Keys(BaseModel):
    """A mapping of a specification. YAML reads a key with nothing behind it as null: it is as if left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_keys(cls, content: object) -> object:
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None or key not in cls.model_fields}
