"""Training a table: on dask, together or one by one, and again where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import Configuration
from nhb2_plugins.training import table_engine
from nhb2_plugins.training.run import TrainingError
from nhb2_plugins.training.table_engine import GroupOutcome, read_runs, train_group, train_table
from nhb2_plugins.training.table_spec import ConfigurationsSpec, NetworkSpec, TableSpec
from nhb2_plugins.training.task import NetworkOptions, TrainingTask
from tests.training.patterns import image_data

NETWORK = NetworkSpec(channels=(2, 3), cells_per_stage=1)


@pytest.fixture
def spec(tmp_path: Path) -> TableSpec:
    image_data().save(tmp_path / "data.npz")
    chosen = ConfigurationsSpec(cells=("0|33|233", "3|33|233"), lrs=(0.1, 0.2), batch_sizes=(64,))
    spec = TableSpec(name="t", data=str(tmp_path / "data.npz"), configurations=chosen, seeds=(1,), network=NETWORK)
    return spec.model_copy(update={"epochs": 1})  # which no specification can ask for: it could not be exported


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Of a cluster in this process, which need not import PyTorch anew."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_a_table_is_trained_on_dask_and_gone_on_with(spec: TableSpec, tmp_path: Path, scheduler: str) -> None:
    outcomes: list[GroupOutcome] = []
    started: list[tuple[int, int]] = []
    out = tmp_path / "out"

    def train(spec: TableSpec) -> table_engine.TableOutcome:
        return train_table(spec, out, n_processes=1, on_start=lambda *n: started.append(n), on_outcome=outcomes.append)

    outcome = train(spec)
    assert (outcome.n_kept, outcome.n_trained, outcome.failed) == (0, 4, ())
    assert [len(each.names) for each in outcomes] == [1, 1, 1, 1]
    runs = list(read_runs(out))
    assert [run.task.name for run in runs] == sorted(name for each in outcomes for name in each.names)
    assert all(run.is_finished and run.n_together == 1 for run in runs)
    assert json.loads((out / "table.json").read_text())["data"] == image_data().checksum
    kept = (out / "runs" / f"{runs[0].task.name}.json").read_text()
    (out / "runs" / f"{runs[1].task.name}.json").unlink()
    outcome = train(spec.model_copy(update={"together": 2}))
    assert (outcome.n_kept, outcome.n_trained) == (3, 1)
    assert (out / "runs" / f"{runs[0].task.name}.json").read_text() == kept
    assert started == [(0, 4), (3, 1)]
    with pytest.raises(TrainingError, match=r"holds runs of another table \(epochs\)"):
        train(spec.model_copy(update={"epochs": 2}))
    assert not list(out.rglob(".*.lock"))


def test_what_is_not_a_tables_directory_stays_as_it_is(spec: TableSpec, tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.mkdir()
    (published / "bench12.pkl").write_text("precious")
    with pytest.raises(TrainingError, match=r"holds other files and no table\.json; name another directory"):
        train_table(spec, published, n_processes=1)
    assert [path.read_text() for path in published.iterdir()] == ["precious"]
    (published / "table.json").write_text("[1]")
    with pytest.raises(TrainingError, match="is not what a table's directory has there"):
        train_table(spec, published, n_processes=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"execution": {"device": "cuda"}}, "device 'cuda': PyTorch .* finds 0 GPUs here"),
        ({"network": {"channels": (2,) * 5}}, "images of 8 × 8 pixels cannot be halved 4 times"),
    ],
)
def test_what_cannot_be_trained_here_is_refused_before_workers_start(
    spec: TableSpec, changes: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_engine, "dask_client", None)
    wrong = TableSpec.model_validate(spec.model_dump() | {"epochs": 12} | changes)
    with pytest.raises(InvalidValueError, match=message):
        train_table(wrong, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_second_process_is_kept_out_of_a_table(
    spec: TableSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: list[str] = []

    def outcomes(*_: object) -> list[GroupOutcome]:
        with pytest.raises(TrainingError, match="another process is training the table in") as refusal:
            train_table(spec, tmp_path / "out")
        refusals.append(str(refusal.value))
        return []

    monkeypatch.setattr(table_engine, "_outcomes", outcomes)
    train_table(spec, tmp_path / "out")
    assert len(refusals) == 1


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.write_text("[" * 100_000), Path.mkdir])
def test_an_identity_that_cannot_be_read_is_named(
    spec: TableSpec, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "out").mkdir()
    make(tmp_path / "out" / "table.json")
    with pytest.raises(TrainingError, match=r"table\.json cannot be read"):
        train_table(spec, tmp_path / "out")


def tasks(*cells: str) -> list[TrainingTask]:
    network = NetworkOptions(channels=(2, 3), cells_per_stage=1)
    return [TrainingTask(Configuration(cell, 0.1, 64), epochs=1, network=network) for cell in cells]


def test_a_group_that_is_trained_together_writes_a_file_a_run(spec: TableSpec, tmp_path: Path) -> None:
    outcome = train_group(tasks("0|33|233", "3|33|233"), spec.data, spec.execution.options(), tmp_path / "runs")
    assert outcome.failure == ""
    runs = list(read_runs(tmp_path))
    assert [run.n_together for run in runs] == [2, 2]
    assert {run.task.name for run in runs} == set(outcome.names)


def test_a_group_that_fails_says_so_and_raises_nothing(spec: TableSpec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = train_group(tasks("0|33|233"), spec.data, spec.execution.options(), tmp_path / "file")
    assert outcome.names == (tasks("0|33|233")[0].name,)
    assert "TrainingError: cannot write" in outcome.failure
    assert "DataNotFoundError" in train_group(tasks("0|33|233"), "/no/data", spec.execution.options(), tmp_path).failure


def test_failed_runs_are_named_and_their_tracebacks_kept(
    spec: TableSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcomes(groups: list[tuple[TrainingTask, ...]], *_: object) -> list[GroupOutcome]:
        return [GroupOutcome(tuple(task.name for task in group), "it failed\n") for group in groups[:1]]

    monkeypatch.setattr(table_engine, "_outcomes", outcomes)
    outcome = train_table(spec, tmp_path / "out")
    assert outcome.failed == ("033233-0.1-64-1-1",)
    assert (tmp_path / "out" / "failures" / "033233-0.1-64-1-1.txt").read_text() == "it failed\n"
    with pytest.raises(TrainingError, match="there are no trained runs"):
        list(read_runs(tmp_path / "out"))


def test_each_worker_takes_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch, spec: TableSpec) -> None:
    execution = spec.execution.model_copy(update={"device": "cuda"})
    gpu = spec.model_copy(update={"execution": execution}).execution.options()
    monkeypatch.setattr(table_engine.torch.cuda, "device_count", lambda: 4)
    for name, device in ((0, "cuda:0"), (5, "cuda:1"), ("7", "cuda:3")):
        monkeypatch.setattr(table_engine, "get_worker", lambda name=name: type("Worker", (), {"name": name}))
        assert table_engine._on_own_gpu(gpu).device == device
    monkeypatch.setattr(table_engine.torch.cuda, "device_count", lambda: 1)
    assert table_engine._on_own_gpu(gpu).device == "cuda"
    assert table_engine._on_own_gpu(spec.execution.options()).device == "cpu"
