"""``nhb2 optimizers`` lists what a specification can name."""

from __future__ import annotations

import pytest

from nhb2_plugins.cli.main import main
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.optimizers.registry import OPTIMIZERS, Description, algorithms, describe


def test_every_optimizer_is_listed_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["optimizers"]) == 0
    words = capsys.readouterr().out
    starts = [line.split()[0] for line in words.splitlines() if not line.startswith(" ")]
    assert starts == algorithms()
    assert starts[: len(OPTIMIZERS)] == list(OPTIMIZERS)
    assert "Needs a ladder. Settings: eta." in " ".join(words.split())


def test_settings_are_what_a_specification_may_say() -> None:
    assert describe("reinforce") == Description(
        "REINFORCE: samples configurations from the policy; each result moves the policy's logits.",
        "never",
        ("learning_rate", "baseline_decay"),
    )
    assert describe("bohb").settings[-2:] == ("encoding", "bandwidth")
    with pytest.raises(InvalidValueError, match=r"algorithm 'tpe' is not one of"):
        describe("tpe")
