"""``nhb2 train``: train a configuration beside the table's numbers; keep the best; check a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nhb2_plugins.benchmark import Benchmark, open_benchmark
from nhb2_plugins.cli.parser import EXIT_WRONG_INPUT, Parser, add_table_option
from nhb2_plugins.cli.values import positive_number, read_number, read_whole_number
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, SPLITS
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, N_HYPERPARAMETERS, Configuration, parse_cellcode
from nhb2_plugins.text_table import counted, facts_text, printable

if TYPE_CHECKING:
    from nhb2_plugins.training.images import DeviceData
    from nhb2_plugins.training.loop import Training
    from nhb2_plugins.training.run import EpochResult, TrainedRun
    from nhb2_plugins.training.task import Execution, TrainingTask

_HEADINGS = f"{'epoch':>6}{'train %':>10}{'valid %':>10}{'test %':>10}{'loss':>9}{'cost s':>10}"


def add_train(parser: Parser) -> None:
    """Add the options of ``nhb2 train``."""
    parser.set_defaults(command=_train)
    parser.add_argument("cellcode", metavar="CELLCODE", nargs="?", help="for example '0|10|210' or 010210")
    parser.add_argument("lr", metavar="LR", nargs="?", help="learning rate")
    parser.add_argument("batch_size", metavar="BATCH_SIZE", nargs="?", help="batch size")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--best", action="store_true", help="the table's best configuration instead")
    which.add_argument("--best-per-setting", action="store_true", help="the best cell for each of the 48 settings")
    which.add_argument("--check", metavar="N", type=positive_number, help="train N configurations and check the table")
    add_training_options(parser)
    parser.add_argument("--epochs", metavar="E", type=positive_number, default=SCHEDULE_EPOCHS, help="default: 12")
    parser.add_argument("--seed", metavar="S", type=int, help="default: 222; of a check: the table's first")
    parser.add_argument("--save", metavar="DIR", help="keep runs and models there, and go on with what is there")
    add_table_option(parser)


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides how a run is computed."""
    parser.add_argument(
        "--data", metavar="DIR", required=True, help="CIFAR-10's directory or archive, an .npz file, or 'digits'"
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 … (default: cpu)")
    parser.add_argument("--deterministic", action="store_true", help="the same bits every time on a GPU, too")
    parser.add_argument("--tf32", action="store_true", help="faster products of fewer bits on a GPU")
    parser.add_argument("--channels-last", action="store_true", help="keep an image's channels together")
    parser.add_argument("--compile", action="store_true", help="let torch.compile fuse the network")
    parser.add_argument("--prune-dead", action="store_true", help="leave out edges that cannot change the output")
    parser.add_argument("--channels", metavar="A,B,C", help="width of each stage (default: 16,32,64)")
    parser.add_argument("--cells-per-stage", metavar="N", type=positive_number, default=5, help="default: 5")


def _train(options: argparse.Namespace) -> int:
    chosen = [options.cellcode, options.lr, options.batch_size]
    picks = options.best or options.best_per_setting or options.check is not None
    if picks == (None not in chosen) or (picks and any(each is not None for each in chosen)):
        raise InvalidValueError(
            "name a cell, a learning rate and a batch size, or one of --best, --best-per-setting, --check"
        )
    with needs_training():
        from nhb2_plugins.training.checkpoint import make_directory
        from nhb2_plugins.training.loop import place_data
        from nhb2_plugins.training.sources import open_data
        from nhb2_plugins.training.task import AUTHORS_SEEDS, BENCHMARK, TrainingTask, check_images, network_for
    if options.check is not None and options.epochs != SCHEDULE_EPOCHS:
        raise InvalidValueError(f"--check compares after {SCHEDULE_EPOCHS} epochs, and not after {options.epochs}")
    bench = open_benchmark(options.table)
    execution, data = _execution(options), open_data(options.data)
    network = network_for(_network(options), data)
    compares = data.name == "CIFAR-10" and network == BENCHMARK
    if options.check is not None:
        return _check(options, bench, execution, compares=compares)
    seed = AUTHORS_SEEDS[0] if options.seed is None else options.seed
    tasks = [TrainingTask(chosen, seed, options.epochs, network) for chosen in _configurations(options, bench)]
    for task in tasks:
        check_images(task, data)
    placed = place_data(data, execution)
    if options.save is not None:
        make_directory(Path(options.save))
    for task in tasks:
        _train_one(task, placed, execution, options.save, bench if compares else None)
    return 0


def _configurations(options: argparse.Namespace, bench: Benchmark) -> Iterator[Configuration]:
    if options.best:
        yield bench.oracle()[0]
    elif options.best_per_setting:
        accuracies = bench.evaluate_many(np.arange(len(bench.rows)))[0].reshape(-1, N_HYPERPARAMETERS)
        for setting, cell in enumerate(accuracies.argmax(axis=0)):
            yield Configuration.from_index(int(cell) * N_HYPERPARAMETERS + setting)
    else:
        yield Configuration(
            parse_cellcode(options.cellcode),
            read_number(options.lr, LEARNING_RATES, "learning rate"),
            read_whole_number(options.batch_size, BATCH_SIZES, "batch size"),
        )


def _network(options: argparse.Namespace) -> Any:
    from nhb2_plugins.training.task import BENCHMARK

    channels = BENCHMARK.channels
    if options.channels is not None:
        try:
            channels = tuple(int(width) for width in options.channels.split(","))
        except ValueError:
            raise InvalidValueError(f"channels {options.channels!r} are not numbers with commas between them") from None
    return replace(BENCHMARK, channels=channels, cells_per_stage=options.cells_per_stage)


def _execution(options: argparse.Namespace) -> Execution:
    from nhb2_plugins.training.task import Execution as Made

    return Made(
        device=options.device,
        deterministic=options.deterministic,
        tf32=options.tf32,
        channels_last=options.channels_last,
        compiles=options.compile,
        prune_dead=options.prune_dead,
    )


def _train_one(
    task: TrainingTask, data: DeviceData, execution: Execution, save: str | None, bench: Benchmark | None
) -> None:
    from nhb2_plugins.training.loop import Training
    from nhb2_plugins.training.models import model_file, train_and_save

    chosen, looked_up = task.configuration, _table_curve(bench, task)
    named = f"{chosen.cellcode} lr {chosen.lr:g} batch size {chosen.batch_size} seed {task.seed}: {data.data.name}"
    print(printable(named))
    print(_HEADINGS + ("" if looked_up is None else f"{'table %':>10}{'cost s':>10}"))
    with _bar(task.epochs) as advance:
        shown = 0

        def show(training: Training) -> None:
            nonlocal shown
            for result in training.run.results[shown:]:
                print(_line(training.run, result, looked_up), flush=True)
            shown = len(training.run.results)
            advance(shown)

        if save is None:
            run = Training(task, data, execution).train(on_epoch=show)
        else:
            run = train_and_save(task, data, Path(save), execution, show)
            for result in run.results[shown:]:  # was there already
                print(_line(run, result, looked_up))
    if run.diverged_epoch is not None:
        print(f"diverged: the loss is no number from epoch {run.diverged_epoch} on")
    if save is not None:
        print(f"model: {model_file(task, Path(save))}")


def _table_curve(bench: Benchmark | None, task: TrainingTask) -> Any:
    """The table's curve, under its first seed where it does not have the run's."""
    if bench is None or task.epochs not in (SCHEDULE_EPOCHS, LONG_EPOCHS):
        return None
    seed = task.seed if task.seed in bench.seeds else None
    if task.epochs == LONG_EPOCHS:
        long = bench.evaluate(task.configuration, LONG_EPOCHS, seed=seed)
        return {LONG_EPOCHS: (long.accuracy_pct, long.cost_s)}
    curve = bench.curve(task.configuration, seed=seed)
    return dict(enumerate(zip(curve.accuracy_pct.tolist(), curve.cost_s.tolist(), strict=True), 1))


def _line(run: TrainedRun, result: EpochResult, looked_up: Any) -> str:
    accuracies = "".join(f"{result.accuracy_pct(split):>10.3f}" for split in SPLITS)
    line = f"{result.epoch:>6}{accuracies}{result.running_loss:>9.4f}{run.cost_s(result.epoch):>10.3f}"
    if looked_up and result.epoch in looked_up:
        accuracy, cost = looked_up[result.epoch]
        line += f"{accuracy:>10.3f}{cost:>10.3f}"
    return line


def _check(options: argparse.Namespace, bench: Benchmark, execution: Execution, *, compares: bool) -> int:
    from nhb2_plugins.training.check import check_table, stratified_sample
    from nhb2_plugins.training.trained import TrainedBenchmark

    seed = int(bench.checked_seed(options.seed))
    if not compares:
        print("nhb2: error: a table is checked on CIFAR-10 with the benchmark's own network", file=sys.stderr)
        return EXIT_WRONG_INPUT
    trained = TrainedBenchmark(options.data, directory=options.save, execution=execution, seeds=bench.seeds)

    def show(configuration: Configuration, of_table: float, of_training: float) -> None:
        print(f"{configuration.cellcode} {configuration.lr:g} {configuration.batch_size}", end="  ")
        print(f"table {of_table:.3f} %  trained {of_training:.3f} %  {of_training - of_table:+.3f}", flush=True)

    sample = stratified_sample(bench, options.check)
    found = check_table(bench, trained, sample, seed=seed, on_result=show)
    facts = {
        "checked": f"{bench.provenance.label}, {counted(len(sample), 'configuration')}, seed {seed}",
        "difference": f"{found.found.mean_difference_pp:+.3f} points on average (trained less table)",
        "RMSE": f"{found.found.rmse_pp:.3f} points",
        "tau": f"{found.found.tau:.3f}",
        "cost": f"{found.cost_ratio:.3f} of the recorded seconds (median)",
    }
    if found.expected is not None:
        facts["expected"] = (
            f"of seeds: difference 0 ± {found.expected.mean_difference_pp:.3f}, RMSE {found.expected.rmse_pp:.3f}, "
            f"tau {found.expected.tau:.3f}"
        )
    print(facts_text(facts, 12))
    return 0


@contextmanager
def _bar(n_epochs: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return

    def advance(done: int) -> None:
        filled = 30 * done // n_epochs
        print(f"\r[{'#' * filled}{'.' * (30 - filled)}] epoch {done}/{n_epochs}", end="\r", file=sys.stderr, flush=True)

    try:
        advance(0)
        yield advance
    finally:
        print("\r" + " " * 60, end="\r", file=sys.stderr, flush=True)


def needs_training(extras: str = "train") -> AbstractContextManager[None]:
    """Name the command that installs what is missing."""
    return needs_extra("training needs more than the core", extras)
