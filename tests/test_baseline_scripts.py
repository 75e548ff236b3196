"""The scripts of the paper's baselines: run as a user runs them, and their two files a run read back."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.space import Configuration
from nhb2_plugins.trajectory.reader import read_records

SCRIPTS = Path(__file__).parents[1] / "benchmarks" / "baselines"
NAMES = ["random_search", "rea", "reinforce", "bohb", "rs_then_rea", "bohb_then_rea"]
DIRECTORIES = {name: name for name in NAMES} | {"random_search": "random"}
"""Below ``logs``: the reference's own defaults."""

KEYS = ["acc_trans", "key_trans", "best_acc_trans", "best_key_trans", "total_cost_trans", "final_accs"]
"""Of the reference's ``get_results()``, in its order."""


class _BuiltInsAlone(pickle.Unpickler):
    """What reads the reference's pickles knows no class of this package, nor numpy's."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is needed to read this file")


def run(script: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / f"{script}.py"), *options]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def results_in(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        results: dict[str, Any] = _BuiltInsAlone(file).load()
    return results


def key_of(configuration: Configuration) -> dict[str, Any]:
    return {name: getattr(configuration, name) for name in ("cellcode", "lr", "batch_size")}


def check(directory: Path, bench: Benchmark, n_finals: int = 2) -> None:
    for seed in range(2):
        results = results_in(directory / f"seed{seed}.pkl")
        records = read_records(directory / f"seed{seed}.jsonl")
        assert list(results) == KEYS
        assert results["acc_trans"] == [record.accuracy_pct for record in records]
        assert results["key_trans"] == [key_of(record.configuration) for record in records]
        assert results["total_cost_trans"] == pytest.approx([record.end_s for record in records], rel=1e-12)
        assert results["best_acc_trans"] == [max(results["acc_trans"][: i + 1]) for i in range(len(records))]
        best = Configuration(**results["best_key_trans"][-1])
        finals = [bench.evaluate(best, epoch, "test").accuracy_pct for epoch in (12, 200)]
        assert results["final_accs"] == finals[-n_finals:]
    assert not (directory / "seed2.pkl").exists()


@pytest.fixture(scope="module")
def all_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where all of them were run, one after the other, and what they printed."""
    directory = tmp_path_factory.mktemp("all")
    completed = run("run_all", directory, "--runs", "2", "--time_budget", "7000")
    assert completed.returncode == 0, completed.stderr
    return directory / "logs", completed.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_writes_what_the_reference_and_we_read(
    name: str, bench: Benchmark, all_run: tuple[Path, str]
) -> None:
    check(all_run[0] / DIRECTORIES[name], bench)


def test_a_baseline_says_its_table_and_its_mean(bench: Benchmark, all_run: tuple[Path, str]) -> None:
    assert all_run[1].count(bench.provenance.label) == len(NAMES)
    assert all_run[1].count("mean validation accuracy") == len(NAMES)


def test_a_search_by_brackets_ends_by_itself(bench: Benchmark, tmp_path: Path) -> None:
    completed = run("bohb", tmp_path, "--runs", "2", "--time_budget", "7000", "--n_iters", "2")
    assert completed.returncode == 0, completed.stderr
    check(tmp_path / "logs" / "bohb", bench)


def test_the_options_mean_what_they_mean_in_the_reference(bench: Benchmark, tmp_path: Path) -> None:
    completed = run(
        "rea", tmp_path, "--runs", "2", "--time_budget", "3000", "--test_epoch", "200", "--save_dir", "here"
    )
    assert completed.returncode == 0, completed.stderr
    check(tmp_path / "here", bench, n_finals=1)
    costs = results_in(tmp_path / "here" / "seed0.pkl")["total_cost_trans"]
    assert costs[-1] >= 3000  # the evaluation that crosses the budget counts ...
    assert len(costs) == 10 or costs[-2] < 3000  # ... and the first population is paid before the budget is looked at
    assert run("rea", tmp_path, "--test_epoch", "13").returncode == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runs", "0"], "--runs: invalid count value: '0'"),
        *(
            (["--time_budget", wrong], f"--time_budget: invalid seconds value: '{wrong}'")
            for wrong in ("0", "nan", "inf")
        ),
        (["--population_size", "0"], "population_size 0 is not an integer of at least 1"),
        (["--save_dir", __file__], "rea.py: error: [Errno 17] File exists"),
        (["--table", "nowhere"], "rea.py: error: there is no"),
    ],
)
def test_a_wrong_value_is_told_in_a_line(tmp_path: Path, options: list[str], message: str) -> None:
    completed = run("rea", tmp_path, *options)
    assert completed.returncode in (1, 2)
    assert message in completed.stderr.splitlines()[-1]
    assert "Traceback" not in completed.stderr
