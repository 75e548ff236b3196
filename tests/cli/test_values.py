"""Values that are taken as text: what they are read as, and what is said of others."""

from __future__ import annotations

import argparse

import pytest

from nhb2_plugins.cli.values import positive_number, read_number, read_seed, read_whole_number
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES


@pytest.mark.parametrize(("text", "number"), [("0.1", 0.1), ("1e-1", 0.1), (" .003125 ", 0.003125)])
def test_a_number_is_read_however_it_is_written(text: str, number: float) -> None:
    assert read_number(text, LEARNING_RATES, "learning rate") == number


@pytest.mark.parametrize("text", ["0.3", "nan", "inf", "fast", "", "1e-400"])
def test_another_number_is_shown_as_it_was_written_with_those_allowed(text: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        read_number(text, LEARNING_RATES, "learning rate")
    assert str(refused.value) == (
        f"learning rate {text!r} is not one of 0.003125, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4"
    )


def test_a_whole_number_is_an_integer_whatever_its_text() -> None:
    found = [read_whole_number(text, BATCH_SIZES, "batch size") for text in ("256", "256.0", "2.56e2")]
    assert found == [256] * 3
    assert {type(each) for each in found} == {int}
    with pytest.raises(InvalidValueError, match=r"batch size '1\.5' is not one of 16, 32, 64, 128, 256, 512"):
        read_whole_number("1.5", BATCH_SIZES, "batch size")


def test_a_positive_number_begins_at_one() -> None:
    assert (positive_number("1"), positive_number("064")) == (1, 64)
    for text in ("0", "-1", "+1", "1.0", "", "²", "١"):
        with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number from 1"):
            positive_number(text)


def test_a_seed_is_a_number_or_a_word_that_the_benchmark_knows() -> None:
    assert [read_seed(text) for text in (None, "mean", "555", "-3", "first")] == [None, "mean", 555, -3, "first"]
