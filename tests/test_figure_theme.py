"""The theme of every figure: colours that can be read, and notes below."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from nhb2_plugins.figure_theme import COLOURS, DASHES, DIVERGING, PAPER, diverging, themed_figure
from tests.support.figures import drawn


def luminance(colour: str) -> float:
    """Of a colour, as WCAG 2 says."""
    shares = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(
    ("value", "ground", "text"),
    [
        (0.5, "#ffffff", "#16202b"),
        (1.0, "#2675a4", "#ffffff"),  # 15 % white, 85 % of (0, 93, 148)
        (0.0, "#cc7426", "#000000"),  # and of (196, 92, 0)
        (0.93, "#4488b0", "#000000"),  # neither white nor the usual ink can be read on this
        (0.75, "#92bad1", "#16202b"),
        (0.25, "#e5b992", "#16202b"),
    ],
)
def test_probabilities_are_blue_above_one_half_and_orange_below(value: float, ground: str, text: str) -> None:
    assert diverging(value) == (ground, text)


def test_text_on_a_probability_can_be_read_and_the_map_has_the_same_colours() -> None:
    for index, value in enumerate(np.linspace(0, 1, 257)):
        ground, text = diverging(value)
        brighter, darker = sorted(map(luminance, (ground, text)), reverse=True)
        assert (brighter + 0.05) / (darker + 0.05) >= 4.5, value
        assert mpl.colors.to_hex(DIVERGING(index)) == ground


def test_no_two_looks_are_the_same() -> None:
    assert len(set(COLOURS)) == len(set(map(str, DASHES))) == 7


def test_notes_stand_below_in_lines_that_are_as_wide_as_the_figure() -> None:
    def plot(path: Path) -> None:
        with themed_figure(path, ["word " * 40, "a second"], (4, 3)) as figure:
            figure.add_subplot()

    figure = drawn(plot)
    *lines, last = figure.get_supxlabel().splitlines()
    assert lines == ["word " * 13 + "word"] * 2 + ["word " * 11 + "word"]  # of at most 70 characters
    assert last == "a second"
    assert figure.get_size_inches().tolist() == [4, 3]


@pytest.mark.parametrize(("suffix", "begin"), [("", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_file_is_of_the_format_asked_for_or_of_its_name_s(suffix: str, begin: bytes, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    with themed_figure(tmp_path / "a.svg", (), suffix=suffix, style=PAPER) as figure:
        assert mpl.rcParams["pdf.fonttype"] == 42
        assert figure.get_size_inches().tolist() == [8, 5]
    assert (tmp_path / "a.svg").read_bytes().startswith(begin)
    assert figure.get_supxlabel() == ""
    assert dict(mpl.rcParams) == before
