"""Analyses compute with numpy alone; frames say what they need."""

from __future__ import annotations

import pytest

import nhb2_plugins as nhb2
from nhb2_plugins.cli.main import main
from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.extras import install_command
from nhb2_plugins.landscape.anova import functional_anova
from nhb2_plugins.landscape.fitness_distance import fitness_distance
from nhb2_plugins.landscape.joint import joint_search
from nhb2_plugins.landscape.neighbourhood import landscape
from nhb2_plugins.landscape.seed_noise import seed_noise


def test_numbers_need_numpy_alone() -> None:
    bench = nhb2.open_benchmark()
    assert functional_anova(bench).component.sum() == pytest.approx(1)
    assert landscape(bench).basin_sizes.sum() == 196_608
    assert fitness_distance(bench).distance.max() <= 8
    assert joint_search(bench).alternating.min() >= joint_search(bench).optimum_error_pct
    assert 0 < seed_noise(bench).noise_share < 1


def test_frames_name_their_extra(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MissingExtraError, match=r"pip install .*\[frames\]"):
        joint_search(nhb2.open_benchmark()).to_frame()
    assert main(["analyze", "optima"]) == 1
    assert install_command("frames") in capsys.readouterr().err
