"""``nhb2 train``, run in this process: PyTorch is imported once."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cli import train as train_command
from nhb2_plugins.cli.main import main
from nhb2_plugins.space import N_HYPERPARAMETERS, Configuration
from nhb2_plugins.training.models import load_model
from nhb2_plugins.training.run import TrainedRun
from nhb2_plugins.training.task import NetworkOptions, TrainingTask, network_for
from tests.training.patterns import image_data
from tests.training.test_export import run_of

SMALL = ("--channels", "2,3,4", "--cells-per-stage", "1")


def test_a_curve_is_printed_as_it_is_trained(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "220202", "0.1", "64", "--data", data, "--epochs", "2", *SMALL]) == 0
    first, headings, *lines = capsys.readouterr().out.splitlines()
    assert first == "2|20|202 lr 0.1 batch size 64 seed 222: generated"
    assert headings.split() == ["epoch", "train", "%", "valid", "%", "test", "%", "loss", "cost", "s"]
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert all(len(line.split()) == 6 for line in lines)


def test_what_is_saved_is_loaded_and_not_trained_again(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "220202", "0.1", "64", "--data", data, "--epochs", "1", *SMALL]
    command += ["--save", str(tmp_path / "models")]
    assert main(command) == 0
    first = capsys.readouterr().out
    path = tmp_path / "models" / "220202-0.1-64-222-1.safetensors"
    assert first.endswith(f"model: {path}\n")
    assert load_model(path).run.task.configuration == Configuration("2|20|202", 0.1, 64)
    assert main(command) == 0
    assert capsys.readouterr().out == first


def test_the_best_of_the_table_and_of_each_setting(
    data: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained: list[TrainingTask] = []
    monkeypatch.setattr(train_command, "_train_one", lambda task, *_: trained.append(task))
    assert main(["train", "--best", "--data", data]) == 0
    bench = open_benchmark()
    assert [task.configuration for task in trained] == [bench.oracle()[0]]
    assert main(["train", "--best-per-setting", "--data", data, "--seed", "5"]) == 0
    of_settings = trained[1:]
    assert [task.configuration.index % N_HYPERPARAMETERS for task in of_settings] == list(range(48))
    assert {task.seed for task in of_settings} == {5}
    for task in of_settings[::10]:
        best = bench.evaluate(task.configuration).accuracy_pct
        setting = range(task.configuration.index % N_HYPERPARAMETERS, 196_608, N_HYPERPARAMETERS)
        assert best == bench.evaluate_many(setting)[0].max()


def test_the_tables_curve_stands_beside(capsys: pytest.CaptureFixture[str]) -> None:
    bench, run = open_benchmark(), run_of("0|10|210")
    looked_up = train_command._table_curve(bench, run.task)
    line = train_command._line(run, run.results[4], looked_up)
    expected = bench.evaluate(run.task.configuration, 5)
    assert line.split()[-2:] == [f"{expected.accuracy_pct:.3f}", f"{expected.cost_s:.3f}"]
    assert line.split()[:6] == ["5", "50.500", "49.500", "48.500", "2.0000", f"{run.cost_s(5):.3f}"]
    long = TrainingTask(run.task.configuration, epochs=200)
    looked_up = train_command._table_curve(bench, long)
    expected = bench.evaluate(long.configuration, 200)
    assert looked_up == {200: (expected.accuracy_pct, expected.cost_s)}
    assert train_command._table_curve(bench, TrainingTask(long.configuration, epochs=3)) is None
    assert train_command._table_curve(None, long) is None


def test_a_terminal_is_shown_a_bar_that_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    with train_command._bar(4) as advance:
        advance(2)
    assert shown.getvalue() == ""  # no terminal
    monkeypatch.setattr(shown, "isatty", lambda: True)
    with train_command._bar(4) as advance:
        advance(2)
    assert shown.getvalue().split("\r") == [
        "",
        f"[{'.' * 30}] epoch 0/4",
        "",
        f"[{'#' * 15}{'.' * 15}] epoch 2/4",
        "",
        " " * 60,
        "",
    ]


def test_a_diverged_run_says_so(data: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(TrainedRun, "diverged_epoch", 1)
    assert main(["train", "333333", "0.1", "64", "--data", data, "--epochs", "1", *SMALL]) == 0
    assert "diverged: the loss is no number from epoch 1 on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["010210", "0.1"], "name a cell, a learning rate and a batch size, or one of"),
        (["010210", "0.1", "256", "--best"], "name a cell"),
        ([], "name a cell"),
        (["010210", "0.15", "256"], "learning rate '0.15'"),
        (["01021", "0.1", "256"], "01021"),
        (["010210", "0.1", "256", "--channels", "a"], "channels 'a' are not numbers"),
        (["010210", "0.1", "256", "--channels", "0"], "channels (0,) are not whole numbers from 1"),
        (["010210", "0.1", "256", "--device", "toaster"], "device 'toaster' is not 'cpu', 'cuda' or a GPU"),
        (["010210", "0.1", "256", "--device", "mps"], "device 'mps' is not"),
        (["010210", "0.1", "256", "--device", "meta"], "device 'meta' is not"),
        (["010210", "0.1", "256", "--channels", "2,2,2,2,2"], "images of 8 × 8 pixels cannot be halved 4 times"),
        (["010210", "0.1", "256", "--device", "cuda:9"], "finds 0 GPUs here"),
        (["010210", "0.1", "256", "--seed", "-1"], "seed -1"),
        (["--check", "2"], "a table is checked on CIFAR-10"),
        (["--check", "2", "--epochs", "3"], "--check compares after 12 epochs"),
        (["--check", "2", "--seed", "5"], "seed 5 is not one of"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], message: str, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *arguments, "--data", data]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_place_that_is_a_file_is_refused_before_anything_is_trained(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "010210", "0.1", "256", "--data", data, "--save", __file__]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert f"cannot write {__file__}" in said.err


@pytest.mark.parametrize("name", ["text.txt", "text.npz"])
def test_data_that_are_text_are_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_text("no images\n" * 100)
    assert main(["train", "010210", "0.1", "256", "--data", str(tmp_path / name)]) != 0
    said = capsys.readouterr().err
    assert name in said
    assert said.count("\n") == 1


def test_a_run_that_is_there_without_its_model_announces_none(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "220202", "0.1", "64", "--data", data, "--epochs", "1", *SMALL, "--save", str(tmp_path / "m")]
    assert main(command) == 0
    (tmp_path / "m" / "220202-0.1-64-222-1.safetensors").unlink()
    capsys.readouterr()
    assert main(command) != 0
    said = capsys.readouterr()
    assert "model:" not in said.out
    assert "holds the finished run" in said.err
    assert said.err.count("\n") == 1


def test_a_check_of_the_table(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a generated set that is called CIFAR-10, and with a network that is called the benchmark's."""
    from nhb2_plugins.training import task, trained

    small = network_for(NetworkOptions(channels=(2, 3, 4), cells_per_stage=1), image_data())
    monkeypatch.setattr(train_command, "_network", lambda options: small)
    monkeypatch.setattr(task, "BENCHMARK", small)
    monkeypatch.setattr("nhb2_plugins.training.sources.open_data", lambda source: named)
    named = image_data()
    object.__setattr__(named, "name", "CIFAR-10")
    monkeypatch.setattr(trained, "TrainedBenchmark", lambda source, **options: open_benchmark())
    assert main(["train", "--check", "3", "--data", data]) == 0
    *lines, checked, difference, rmse, tau, cost, expected = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "3 configurations, seed 222" in checked
    assert difference.split() == ["difference", "+0.000", "points", "on", "average", "(trained", "less", "table)"]
    assert (rmse.split()[1], tau.split()[1], cost.split()[1]) == ("0.000", "1.000", "1.000")
    assert expected.startswith("expected     of seeds: difference 0 ± ")
