"""What is said of wrong values: the key, the value, what is allowed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from nhb2_plugins.campaign.wrong_values import explain_wrong_values


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Ladder(Strict):
    kind: Literal["ladder"] = "ladder"
    eta: float = Field(3.0, gt=1)


class Epoch(Strict):
    kind: Literal["single"] = "single"
    epoch: Literal[12, 200] = 12


class Toy(Strict):
    name: str = Field("x", pattern="^[a-z]+$")
    crossing: Literal["drop", "count"] = "drop"
    counts: tuple[int, ...] = Field((1,), min_length=1)
    inner: Annotated[Ladder | Epoch, Field(discriminator="kind")] = Ladder()
    even: int = 2

    @field_validator("even")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"{value!r} is odd" if value < 10 else "is odd")
        return value


def said_of(**values: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Toy.model_validate(values)
    return explain_wrong_values(refused.value, Toy, ("ladder", "single"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"crosing": 1}, "crosing: key 'crosing' is not one of 'name', 'crossing', 'counts', 'inner', 'even' "),
        ({"crossing": "dorp"}, "crossing: 'dorp' is not one of 'drop', 'count' (did you mean 'drop'?)"),
        ({"inner": {"kind": "single", "epoch": 13}}, "inner.epoch: 13 is not one of 12, 200"),
        (
            {"inner": {"kind": "ladder", "ets": 2}},
            "inner.ets: key 'ets' is not one of 'kind', 'eta', 'epoch' (did you mean 'eta'?)",
        ),
        ({"inner": {"kind": "ladder", "eta": 1}}, "inner.eta: should be greater than 1 (got 1)"),
        ({"name": 5}, "name: should be text (got 5)"),
        ({"name": "A b"}, "name: should be letters, digits, '_' and '-', and begin with a letter or digit (got 'A b')"),
        ({"counts": 3}, "counts: should be a list (got 3)"),
        ({"counts": []}, "counts: should have at least 1 item after validation, not 0 (got [])"),
        ({"inner": 7}, "inner: should be a valid dictionary or object to extract fields from (got 7)"),
        ({"even": 3}, "even: 3 is odd"),
        ({"even": 13}, "even: is odd (got 13)"),
    ],
)
def test_the_key_the_value_and_what_is_allowed_are_said(values: dict[str, Any], said: str) -> None:
    assert said_of(**values).startswith(said)


def test_wrong_keys_are_told_in_one_line_and_a_list_of_wrong_items_is_not_called_short() -> None:
    assert said_of(name=5, counts=["x"]) == (
        "name: should be text (got 5); "
        "counts.0: should be a valid integer, unable to parse string as an integer (got 'x')"
    )


def test_of_very_many_the_first_are_told() -> None:
    said = said_of(counts=["x"] * 30)
    assert said.count("unable to parse") == 8
    assert said.endswith("; and 22 more")


def test_a_long_value_is_cut() -> None:
    assert said_of(counts="x" * 500).endswith(f"(got {'x' * 500!r:.80})")


def test_what_is_missing_is_said_and_what_is_no_mapping_is_the_campaign() -> None:
    class Needs(Strict):
        seeds: int

    for given, said in (({}, "seeds: is missing"), ([1], "campaign: should be a mapping of keys (got [1])")):
        with pytest.raises(ValidationError) as refused:
            Needs.model_validate(given)
        assert explain_wrong_values(refused.value, Needs) == said


def test_of_what_several_keys_say_together_the_mapping_is_not_shown() -> None:
    class Pair(Strict):
        low: int
        high: int

        @model_validator(mode="after")
        def _ascend(self) -> Pair:
            if self.low > self.high:
                raise ValueError(f"low {self.low} is above high {self.high}")
            return self

    with pytest.raises(ValidationError) as refused:
        Pair(low=2, high=1)
    assert explain_wrong_values(refused.value, Pair) == "campaign: low 2 is above high 1"
