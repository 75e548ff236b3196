"""A benchmark that trains: the contract of one that looks up, through the same adapters."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.adapters.bohb_adapter import run_bohb
from nhb2_plugins.adapters.smac_adapter import smac_target
from nhb2_plugins.encoding import to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.registry import make_optimizer
from nhb2_plugins.simulation import simulate
from nhb2_plugins.space import Configuration
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.training.loop import Training, place_data
from nhb2_plugins.training.task import Execution, NetworkOptions, TrainingTask
from nhb2_plugins.training.trained import NoTableError, TrainedBenchmark
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.recorder import Recorder
from tests.training.patterns import image_data

TINY = NetworkOptions(channels=(2, 3, 4), cells_per_stage=1)
CONFIGURATION = Configuration("2|20|202", 0.1, 64)


@pytest.fixture
def bench() -> TrainedBenchmark:
    return TrainedBenchmark(image_data(), network=TINY, seeds=(1, 2))


def test_an_answer_is_what_training_gives(bench: TrainedBenchmark) -> None:
    task = TrainingTask(CONFIGURATION, seed=2, network=TINY)
    run = Training(task, place_data(image_data())).train(3)
    for split in ("train", "valid", "test"):
        observation = bench.evaluate(CONFIGURATION, 3, split, 2)
        assert observation.accuracy_pct == run.results[2].accuracy_pct(split)
        assert observation[2:] == (3, split, 2)
    assert bench.run(CONFIGURATION, 3, 2).results[0].valid_loss == run.results[0].valid_loss


def test_a_cost_is_the_measured_time_of_what_a_table_charges_for(bench: TrainedBenchmark) -> None:
    run = bench.run(CONFIGURATION, 2)
    train, valid, test = (sum(each.time_s(split) for each in run.results[:2]) for split in ("train", "valid", "test"))
    assert bench.evaluate(CONFIGURATION, 2, "train").cost_s == pytest.approx(train)
    assert bench.evaluate(CONFIGURATION, 2).cost_s == pytest.approx(train + valid)
    assert bench.evaluate(CONFIGURATION, 2, "test").cost_s == pytest.approx(train + valid + test)


def count_epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    trained: list[int] = []
    one = Training._train_one

    def counted(self: Training, epoch: int) -> object:
        trained.append(epoch)
        return one(self, epoch)

    monkeypatch.setattr(Training, "_train_one", counted)
    return trained


@pytest.mark.parametrize("in_a_directory", [False, True])
def test_nothing_is_trained_twice(in_a_directory: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = count_epochs(monkeypatch)
    directory = tmp_path if in_a_directory else None
    bench = TrainedBenchmark(image_data(), network=TINY, directory=directory)
    first = bench.evaluate(CONFIGURATION, 2)
    assert bench.evaluate(CONFIGURATION, 2) == first
    assert trained == [1, 2]
    bench.evaluate(CONFIGURATION, 12)
    assert bench.evaluate(CONFIGURATION, 2) == first
    assert trained == list(range(1, 13))
    if in_a_directory:  # also not by the next process
        assert TrainedBenchmark(image_data(), network=TINY, directory=directory).evaluate(CONFIGURATION, 2) == first
        assert trained == list(range(1, 13))


def test_200_epochs_are_a_schedule_of_their_own_and_measured(
    bench: TrainedBenchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nhb2_plugins.training.trained.LONG_EPOCHS", 12)  # so that it takes no minutes
    assert bench.evaluate(CONFIGURATION, 12, "test").cost_is_estimated is False
    monkeypatch.undo()
    asked: list[TrainingTask] = []

    def train(self: TrainedBenchmark, task: TrainingTask, epoch: int) -> object:
        asked.append(task)
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainedBenchmark, "_train_in_memory", train)
    with pytest.raises(KeyboardInterrupt):
        bench.evaluate(CONFIGURATION, 200)
    assert [task.epochs for task in asked] == [200]


def test_the_mean_is_over_the_seeds(bench: TrainedBenchmark) -> None:
    each = [bench.evaluate(CONFIGURATION, 1, seed=seed) for seed in (1, 2)]
    mean = bench.evaluate(CONFIGURATION, 1, seed="mean")
    assert mean.accuracy_pct == pytest.approx(np.mean([one.accuracy_pct for one in each]))
    assert mean.cost_s == pytest.approx(np.mean([one.cost_s for one in each]))
    assert mean.seed == "mean"
    assert bench.evaluate(CONFIGURATION, 1) == each[0]  # the first seed is the default


def test_many_and_curves_are_single_answers(bench: TrainedBenchmark) -> None:
    other = Configuration("3|33|233", 0.05, 32)
    accuracies, costs = bench.evaluate_many([CONFIGURATION.index, other.index], 1)
    assert accuracies.tolist() == [bench.evaluate(each, 1).accuracy_pct for each in (CONFIGURATION, other)]
    assert costs[1] == bench.evaluate(other, 1).cost_s
    curve = bench.curve(CONFIGURATION)
    assert curve.accuracy_pct[0] == accuracies[0]
    assert curve.cost_s[-1] == bench.evaluate(CONFIGURATION).cost_s
    assert not curve.cost_s.flags.writeable


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CONFIGURATION, 13), "epoch 13"),
        ((CONFIGURATION, 12, "vaild"), "split 'vaild'"),
        ((CONFIGURATION, 200, "valid"), "does not exist at 200"),
        ((CONFIGURATION, 12, None, 222), "seed 222 is not one of 1, 2"),
        (("0|10|210", 1), "is not one run"),
    ],
)
def test_refuses_what_a_benchmark_refuses(bench: TrainedBenchmark, arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        bench.evaluate(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", ["oracle", "by_row", "to_frame"])
def test_questions_about_a_table_are_refused(bench: TrainedBenchmark, ask: str) -> None:
    with pytest.raises(NoTableError, match="train-table"):
        getattr(bench, ask)()
    assert not hasattr(bench, "table")


def test_it_says_that_it_is_measured_with_what_and_on_what(bench: TrainedBenchmark) -> None:
    provenance = bench.provenance
    assert provenance.kind == "measured"
    assert provenance.key.startswith("measured:")
    assert "cpu with PyTorch " in provenance.note
    assert provenance.checksums == {"data": image_data().checksum}
    assert provenance.seeds == (1, 2)


def test_the_digest_stands_for_what_decides_the_numbers(bench: TrainedBenchmark) -> None:
    def digest(**changes: object) -> str:
        data = changes.pop("data", image_data())
        return TrainedBenchmark(data, **{"network": TINY, **changes}).provenance.digest  # type: ignore[arg-type]

    assert digest(seeds=(3,)) == digest() == bench.provenance.digest  # a record names its seed
    others = [
        digest(data=image_data(n_train=91)),
        digest(network=dataclasses.replace(TINY, cells_per_stage=2)),
        digest(execution=Execution(precision="float64")),
    ]
    assert len({digest(), *others}) == 4


def test_records_of_training_are_ordinary_records(bench: TrainedBenchmark) -> None:
    logger = TrajectoryLogger()
    recorder = Recorder(bench, charging="continued", logger=logger)
    record, again = recorder.evaluate(CONFIGURATION, 1), recorder.evaluate(CONFIGURATION, 2, seed=2)
    assert record.table == again.table == bench.provenance.key
    assert record.accuracy_pct == bench.evaluate(CONFIGURATION, 1).accuracy_pct
    assert again.seed == 2
    assert len(logger) == 2


@pytest.mark.parametrize("algorithm", ["random_search", "regularized_evolution", "optuna", "bohb"])
def test_optimizers_run_live(bench: TrainedBenchmark, algorithm: str) -> None:
    part = Subspace(cellcode="3|33|233", batch_size=64)
    ladder = FidelityLadder.hyperband(1, 3, eta=3) if algorithm == "bohb" else None
    optimizer = make_optimizer(algorithm, seed=0, epoch=1, ladder=ladder, restriction=part)
    logger = simulate(optimizer, bench, budget_s=0.1)
    assert len(logger) >= 1
    assert all(record.configuration in part for record in logger.records)
    assert {record.table for record in logger.records} == {bench.provenance.key}


def test_optunas_objective_runs_live(bench: TrainedBenchmark) -> None:
    import optuna

    from nhb2_plugins.adapters.optuna_adapter import OptunaObjective

    objective = OptunaObjective(bench, epoch=1, restriction=Subspace(cellcode="3|33|233", batch_size=64))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    study.optimize(objective, n_trials=2)
    assert [trial.value for trial in study.trials] == [record.error_pct for record in objective.logger.records]


def test_it_can_be_sent_to_another_process(tmp_path: Path) -> None:
    image_data().save(tmp_path / "data.npz")
    bench = TrainedBenchmark(tmp_path / "data.npz", network=TINY, directory=tmp_path / "runs", seeds=(5,))
    text = pickle.dumps(bench)
    assert len(text) < 2000  # the place, not the images
    sent = pickle.loads(text)
    assert sent.provenance.digest == bench.provenance.digest
    assert sent.evaluate(CONFIGURATION, 1) == bench.evaluate(CONFIGURATION, 1)  # from the directory
    assert copy.copy(bench).seeds == (5,)


def test_a_campaign_runs_live(tmp_path: Path) -> None:
    """On a cluster in this process; its incumbents are trained for 200 epochs, of two steps."""
    from distributed import LocalCluster

    from nhb2_plugins.analysis.analyse import analyse
    from nhb2_plugins.analysis.results import read_results
    from nhb2_plugins.campaign.engine import run_campaign
    from nhb2_plugins.campaign.spec import CampaignSpec
    from nhb2_plugins.trajectory.reader import read_run

    data, directory = image_data(16, 16, 16, size=4), tmp_path / "trained"
    bench = TrainedBenchmark(data, network=NetworkOptions((2,), 1), directory=directory)
    restriction = {"cellcode": "3|33|233", "batch_size": 16}
    optimizers = [{"algorithm": "random_search", "seeds": 1, "epoch": 1, "restriction": restriction}]
    content = {"name": "live", "budget_s": 1e-6, "optimizers": optimizers, "crossing": "count"}
    spec = CampaignSpec.model_validate(content)
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        outcome = run_campaign(spec, bench, tmp_path / "live", scheduler=cluster.scheduler_address)
    assert (outcome.n_run, outcome.failed) == (1, ())
    (path,) = (tmp_path / "live" / "runs").glob("*/*.jsonl")
    run = read_run(path)
    assert run.header.table["kind"] == "measured"
    assert run.header.optimum.cellcode == "not known"
    (record,), (incumbent,) = run.records, run.incumbents
    assert record.table == bench.provenance.key
    long = bench.evaluate(record.configuration, 200, seed=record.seed)
    assert incumbent.expected_accuracy_200_pct == long.accuracy_pct
    assert run.regrets == ((record.end_s, 100 - incumbent.valid_accuracy_12_pct),)
    assert "not known" in analyse(read_results(tmp_path / "live", ("random_search",))).goal


def test_smac_and_bohb_run_live(bench: TrainedBenchmark) -> None:
    """As their own objects call them: SMAC's target with a budget, and BOHB's brackets over two rungs."""
    target = smac_target(bench, [1, 2], charging="continued")
    cost, about = target(to_values(CONFIGURATION), seed=0, budget=2)
    assert cost == bench.evaluate(CONFIGURATION, 2).error_pct
    assert about["table"] == bench.provenance.key
    part = Subspace(cellcode=CONFIGURATION.cellcode, batch_size=64)
    result = run_bohb(bench, 1, ladder=[1, 2], restriction=part, logger=(logger := TrajectoryLogger()))
    assert len(result.get_all_runs()) == len(logger) == 3  # two at one epoch, of which the better goes on
