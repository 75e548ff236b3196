"""What works, and what is said, where only numpy and ConfigSpace are installed."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import nhb2_plugins as nhb2
from nhb2_plugins.errors import MissingExtraError
from nhb2_plugins.extras import install_command
from nhb2_plugins.optimizers.registry import make_optimizer
from tests.analysis.runs import make_run, write_run

GOLDEN = Path(__file__).parents[1] / "trajectory" / "golden_v1.jsonl"
FRAMEWORKS = ("optuna", "smac", "hpbandster", "pandas", "matplotlib", "distributed", "sklearn", "torch", "yaml", "rich")


def run_nhb2(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nhb2_plugins.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_framework_is_installed_here() -> None:
    assert [name for name in FRAMEWORKS if find_spec(name) is not None] == []


def test_the_embedded_table_answers() -> None:
    bench = nhb2.open_benchmark()
    best, accuracy = bench.oracle()
    assert bench.evaluate(best).accuracy_pct == accuracy
    assert bench.provenance.kind == "embedded"


def test_the_space_is_exported() -> None:
    space = nhb2.configuration_space(seed=1)
    assert len(space) == 8


@pytest.mark.parametrize("algorithm", ["random_search", "regularized_evolution"])
def test_own_optimizers_run(algorithm: str) -> None:
    logger = nhb2.simulate(make_optimizer(algorithm, seed=0), nhb2.open_benchmark(), budget_s=3000)
    assert len(logger) > 0


def test_bohb_runs_in_process() -> None:
    from nhb2_plugins.adapters.bohb_adapter import run_bohb

    assert run_bohb(nhb2.open_benchmark(), n_iterations=1, seed=0).get_all_runs()


@pytest.mark.parametrize(("algorithm", "extra"), [("optuna", "optuna"), ("smac", "smac")])
def test_a_missing_framework_names_its_extra(algorithm: str, extra: str) -> None:
    with pytest.raises(MissingExtraError, match=rf"pip install .*\[{extra}\]"):
        make_optimizer(algorithm, seed=0)


def test_hpbandsters_worker_names_its_extra() -> None:
    module = importlib.import_module("nhb2_plugins.adapters.bohb_adapter")
    with pytest.raises(MissingExtraError, match=r"pip install .*\[bohb\]"):
        _ = module.BohbWorker


def test_frames_name_their_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install .*\[frames\]"):
        nhb2.open_benchmark().to_frame()
    with pytest.raises(MissingExtraError, match=r"pip install .*\[frames\]"):
        nhb2.TrajectoryLogger().to_frame()


def test_graphs_name_their_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install .*\[graph\]"):
        nhb2.Cell("0|10|210").to_networkx()


def test_campaigns_name_their_extra_and_fail() -> None:
    completed = run_nhb2("run")
    assert completed.returncode == 1
    assert install_command("quickstart") in completed.stderr
    assert "Traceback" not in completed.stderr


@pytest.mark.parametrize("arguments", [["info"], ["query", "010210", "0.1", "256"], ["space"], ["space", "010210"]])
def test_the_command_line_works(arguments: list[str]) -> None:
    completed = run_nhb2(*arguments)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert completed.stdout


def test_fitting_a_surrogate_names_its_extra(tmp_path: Path) -> None:
    completed = run_nhb2("data", "surrogate", "--records", "records.csv", "--to", str(tmp_path / "table"))
    assert completed.returncode == 1
    assert install_command("surrogate") in completed.stderr
    assert "Traceback" not in completed.stderr


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["run"], "quickstart"),
        (["report", "campaign"], "quickstart"),
        (["analyze", "pareto"], "frames"),
        (["data", "export", "--to", "exported"], "frames"),
        (["data", "fetch"], "fetch"),
        (["dashboard", "runs"], "dashboard"),
        (["log", "show", "sqlite:///runs.db"], "sql"),
        (["log", "export", str(GOLDEN), "golden.parquet"], "frames"),
        (["train", "010210", "0.1", "256", "--data", "digits"], "train"),
        (["train-table", "table.yaml"], "train,quickstart"),
    ],
)
def test_a_missing_extra_ends_a_command_in_one_line(
    arguments: list[str], extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "campaign", make_run([(10, 80.0)]))
    completed = run_nhb2(*arguments)
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr.startswith("nhb2: error: ")
    # As a process says it that begins here: of a checkout and of what was installed from it the commands differ.
    asked = [sys.executable, "-c", f"from nhb2_plugins.extras import install_command as c; print(c({extra!r}))"]
    command = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert f"[{extra}]" in command
    assert completed.stderr.endswith(command)
    assert completed.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["campaign"]


def test_training_names_its_extra() -> None:
    training = importlib.import_module("nhb2_plugins.training")
    with pytest.raises(MissingExtraError, match=r"pip install .*\[train\]"):
        _ = training.Network
    assert (
        training.TrainingTask(nhb2.Configuration("0|10|210", 0.1, 256)).epochs == 12
    )  # what needs no PyTorch is there
    alone = run_nhb2("train", "010210", "0.1", "256", "--data", "digits")
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "[train]" in alone.stderr
    assert "[train,quickstart]" in run_nhb2("train-table", "table.yaml").stderr
