"""How many seeds a difference takes, from recorded runs and from a specification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.analysis.power import Pair
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.cli.main import main
from nhb2_plugins.cli.plan import _is_exact
from tests.analysis.runs import OPTIMUM_PCT, make_run, write_run

SPEC = """
name: two
budget_s: 3000
optimizers:
  - {label: RS, algorithm: random_search, seeds: 3}
  - {label: REA, algorithm: regularized_evolution, seeds: 3}
"""


def write_runs(directory: Path, n_runs: int = 20) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    regrets = generator.gamma(4.0, 0.5, (2, n_runs))
    for name, own in zip(("a", "b"), regrets, strict=True):
        for seed, regret in enumerate(own.tolist()):
            write_run(directory, make_run([(10, OPTIMUM_PCT - regret)], seed=seed, optimizer=name))
    return regrets[0], regrets[1]


def test_a_plan_from_recorded_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = write_runs(tmp_path)
    assert main(["plan", str(tmp_path), "--difference", "0.8"]) == 0
    said = capsys.readouterr().out
    pair = Pair(first, second)
    needed, smallest = pair.seeds_needed(0.8, 0.8), pair.smallest_difference(20, 0.8)
    heading, _, row = said.splitlines()[:3]
    assert heading.split("  ")[0] == "pair"
    assert heading.endswith("smallest seen")
    assert row.split()[:3] == ["a,", "b", str(needed)]
    assert row.endswith(f"{smallest:.2f} with 20 seeds")
    assert "0.8 percentage points in mean final regret (in validation error after 12 epochs) to be significant " in said
    assert "significant with probability 0.8 (Wilcoxon's signed-rank test" in said
    assert "whichever of the two is better" in said
    assert "Spreads as in the recorded runs." in said


def test_a_plan_of_a_specification_runs_a_pilot_but_of_random_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(SPEC)
    assert main(["plan", str(file), "--difference", "3", "--power", "0.9"]) == 0
    out, err = capsys.readouterr()
    assert "running a pilot of 10 seeds" in err
    assert "RS, REA" in out
    assert "Spreads as in 10 runs of a pilot, and of random search as its exact law says." in out
    file.write_text(SPEC.replace("algorithm: regularized_evolution", "algorithm: random_search, n_workers: 2"))
    assert main(["plan", str(file), "--difference", "3"]) == 0
    out, err = capsys.readouterr()
    assert "pilot of" not in err  # nothing was run
    assert "Spreads of random search as its exact law says." in out


def test_of_several_objectives_random_search_has_no_law() -> None:
    optimizers = [{"algorithm": "random_search", "seeds": 3}]
    for objectives, exact in ((["error_pct"], True), (["error_pct", "cost_s"], False)):
        spec = CampaignSpec.model_validate(
            {"name": "x", "budget_s": 3000, "objectives": objectives, "optimizers": optimizers}
        )
        assert _is_exact(spec, spec.optimizers[0]) == exact


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--difference", "1"], "nowhere"),
        (["DIR", "--difference", "1"], "fewer than two optimizers with two results each"),
        (["DIR", "--difference", "1", "--power", "1.5"], "power 1.5 is not between"),
    ],
)
def test_what_cannot_be_planned(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(3):
        write_run(tmp_path, make_run([(10, 80.0)], seed=seed))
    assert main(["plan", *(str(tmp_path) if each == "DIR" else each for each in arguments)]) == 2
    assert message in capsys.readouterr().err


def test_a_directory_without_a_run_is_said_to_have_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(tmp_path), "--difference", "1"]) == 2
    assert capsys.readouterr().err.startswith(f"nhb2: error: there is no recorded run in {tmp_path}: ")


def test_a_plan_from_a_directory_of_runs_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_runs(tmp_path / "campaign")
    assert main(["plan", str(tmp_path / "campaign"), "--difference", "0.8"]) == 0
    expected = capsys.readouterr().out
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, path in enumerate(sorted((tmp_path / "campaign" / "runs").rglob("*.jsonl"))):
        path.rename(flat / f"run-{number}.jsonl")
    assert main(["plan", str(flat), "--difference", "0.8"]) == 0
    assert capsys.readouterr().out == expected


def test_a_pilot_does_not_work_out_what_random_search_reaches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("with two objectives this takes a minute")

    monkeypatch.setattr("nhb2_plugins.campaign.engine.keep_baseline", never)
    file = tmp_path / "two.yaml"
    several = SPEC.replace("budget_s: 3000", "budget_s: 20000\nobjectives: [error_pct, cost_s]")
    file.write_text(several.replace("regularized_evolution, ", "optuna, settings: {sampler: nsgaii}, "))
    assert main(["plan", str(file), "--difference", "5"]) == 0
    assert (
        "5 percentage points in mean final regret (in hypervolume of error_pct and cost_s)" in capsys.readouterr().out
    )
