"""What every mapping of a specification refuses, and what it takes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from nhb2_plugins.campaign.keys import Flag, Keys, Number, WholeNumber


class Some(Keys):
    budget: Number = 1.5
    seeds: WholeNumber = 3
    resume: Flag = False


def test_numbers_may_be_text_and_what_is_empty_is_left_out() -> None:
    made = Some.model_validate({"budget": "1e5", "seeds": "7", "resume": True})
    assert (made.budget, made.seeds, made.resume) == (1e5, 7, True)
    assert Some.model_validate({"budget": None, "seeds": None, "resume": None}) == Some()
    assert Some.model_validate(made) is made


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"budget": True}, "True is no number"),
        ({"seeds": False}, "False is no number"),
        ({"resume": 1}, "valid boolean"),
        ({"resume": "yes"}, "valid boolean"),
        ({"sseds": 3}, "Extra inputs are not permitted"),
        ({"sseds": None}, "Extra inputs are not permitted"),
        (["seeds"], "valid dictionary"),
        (None, "valid dictionary"),
    ],
)
def test_what_is_refused(content: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Some.model_validate(content)


def test_a_mapping_is_a_value() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Some().seeds = 4  # type: ignore[misc]
