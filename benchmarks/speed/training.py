"""How fast configurations are trained: one by one, and many of one batch size at once, on the same generated images.

    pip install ".[train]"
    python benchmarks/speed/training.py --device cuda [--write docs/training.md]

Throughput is images times networks a second of the training pass, after a pass that is not counted. Three ways are
compared at every batch size, and a stack of the size that is fastest is taken:

- ``loop``: the straightforward loop, one configuration after the other (:mod:`nhb2_plugins.training.loop`);
- ``alone``: one configuration as a captured CUDA graph (a stack of one);
- ``together``: a stack of as many as is fastest.

At the end one whole 12-epoch run of 25,000 images is compared with the cost that the table in use has for its
configuration. The images are generated: nothing here says anything about accuracy. ``--check`` runs the parity checks
on the device instead: every network of ``tests/training/oracle.npz``, and a stack against each of its networks alone.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import torch

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from page import markdown_table, write_figures  # noqa: E402

from nhb2_plugins.benchmark import open_benchmark  # noqa: E402
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, Configuration  # noqa: E402
from nhb2_plugins.training.data import ImageData, LabelledImages  # noqa: E402
from nhb2_plugins.training.images import DeviceData, Pass  # noqa: E402
from nhb2_plugins.training.loop import Training, numerics_of, place_data, train_epoch, wait_for  # noqa: E402
from nhb2_plugins.training.network import Network  # noqa: E402
from nhb2_plugins.training.task import Execution, TrainingTask  # noqa: E402
from nhb2_plugins.training.together import StackedTraining  # noqa: E402

BEGIN, END = "<!-- figures: written by benchmarks/speed/training.py -->", "<!-- end of figures -->"
CELLS = ("0|10|210", "0|00|220", "2|01|000", "0|22|021", "1|02|120", "0|31|213")
STACKS = (8, 24, 48)
"""Sizes of stacks that are tried; 48 is every cell above at every learning rate."""
GOALS = {16: 10, 32: 10, 64: 10, 128: 10, 256: 3, 512: 3}
"""Times the loop's throughput that a stack is to reach; 256 lies between what was asked for, and takes the lower."""


@dataclass(frozen=True)
class Row:
    """One batch size: images times networks a second, and how large the fastest stack was."""

    batch_size: int
    loop: float
    alone: float
    together: float
    n_together: int

    @property
    def cells(self) -> list[str]:
        """As a line of the table."""
        ratio, goal = self.together / self.loop, GOALS[self.batch_size]
        return [
            str(self.batch_size),
            f"{self.loop:,.0f}",
            f"{self.alone:,.0f}",
            f"{self.together:,.0f}",
            str(self.n_together),
            f"{ratio:.1f}×",
            f"≥ {goal}×",
            "yes" if ratio >= goal else "NO",
        ]


HEADINGS = ["batch size", "loop", "alone", "together", "networks", "ratio", "goal", "met"]


def generated(n_train: int) -> ImageData:
    """Images of CIFAR-10's form, random."""
    rng = np.random.default_rng(0)

    def split(n: int) -> LabelledImages:
        return LabelledImages(rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), rng.integers(0, 10, n))

    return ImageData(split(n_train), split(n_train), split(512), (125.3, 123.0, 113.9), (63.0, 62.1, 66.7))


def tasks(batch_size: int, n: int) -> list[TrainingTask]:
    """Configurations of one batch size: every cell at one learning rate after the other."""
    chosen = [Configuration(cell, lr, batch_size) for lr, cell in product(LEARNING_RATES, CELLS)]
    return [TrainingTask(each) for each in chosen[:n]]


def rate_of_loop(batch_size: int, data: DeviceData, execution: Execution) -> float:
    """Images a second of the straightforward loop, over all cells; of each the second pass is counted."""
    took = 0.0
    with numerics_of(execution):
        for task in tasks(batch_size, len(CELLS)):
            training = Training(task, data, execution)
            for epoch in (1, 2):
                wait_for(execution)
                begun = time.perf_counter()
                batches = data.train.batches(batch_size, task.seed, epoch, Pass.TRAINING)
                train_epoch(training.network, training.optimizer, batches)
                wait_for(execution)
            took += time.perf_counter() - begun
    return len(CELLS) * len(data.train) / took


def rate_of_stack(batch_size: int, n: int, data: DeviceData, execution: Execution) -> float:
    """Images times networks a second of a stack."""
    stacked = StackedTraining(tasks(batch_size, n), data, execution)
    stacked.descent.set_rates([0.01] * n)
    took = 0.0
    with numerics_of(execution):
        for epoch in (1, 2):
            wait_for(execution)
            begun = time.perf_counter()
            stacked.one_pass(epoch)
            wait_for(execution)
            took = time.perf_counter() - begun
    return n * len(data.train) / took


def measure(batch_size: int, execution: Execution, n_batches: int, stacks: Sequence[int] = STACKS) -> Row:
    """One batch size, on a few batches of images."""
    data = place_data(generated(batch_size * n_batches), execution)
    loop = rate_of_loop(batch_size, data, execution)
    alone = rate_of_stack(batch_size, 1, data, execution)
    together, largest = 0.0, 1
    for n in stacks:
        try:
            rate = rate_of_stack(batch_size, n, data, execution)
        except torch.cuda.OutOfMemoryError:
            break
        if rate > together:
            together, largest = rate, n
    return Row(batch_size, loop, alone, together, largest)


def whole_run(execution: Execution) -> str:
    """A 12-epoch run of the benchmark's size, alone, against the recorded cost of its configuration."""
    configuration = Configuration("0|10|210", 0.1, 256)
    stacked = StackedTraining([TrainingTask(configuration)], place_data(generated(25_000), execution), execution)
    (run,) = stacked.train()
    table = open_benchmark()
    recorded = table.evaluate(configuration).cost_s
    return (
        f"One whole run ({configuration.cellcode}, batch size 256, 12 epochs of 25,000 images, validation included): "
        f"{run.cost_s(12):.1f} s; the {table.provenance.kind} table has {recorded:.1f} s."
    )


def check(execution: Execution) -> None:
    """The oracle's outputs on this device, and a stack against each network alone."""
    from tests.training.patterns import PARITY_CELLS, fill, images

    oracle = np.load(Path(__file__).parents[2] / "tests" / "training" / "oracle.npz")
    worst = 0.0
    for cellcode in dict.fromkeys(PARITY_CELLS):
        network = Network(cellcode).double().train()
        fill(network)
        network.to(execution.device)
        logits = network(images().to(execution.device))
        expected = torch.from_numpy(oracle[f"{cellcode}/logits"][:2])
        worst = max(worst, float((logits.detach().cpu() - expected).abs().max()))
    print(f"{len(dict.fromkeys(PARITY_CELLS))} cells: largest difference of a logit {worst:.3g}")
    double = replace(execution, precision="float64", prune_dead=True)
    data = place_data(generated(200), double)
    chosen = [replace(task, epochs=1) for task in tasks(64, 12)]
    together = StackedTraining(chosen, data, double).train()
    alone = [Training(task, data, double).train() for task in chosen]
    losses = [(a.results[-1].train_loss, b.results[-1].train_loss) for a, b in zip(together, alone, strict=True)]
    difference = max(abs(a / b - 1) for a, b in losses)
    print(f"12 networks together and alone: largest relative difference of a loss {difference:.3g}")


def main() -> None:
    """Run the benchmark or the checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batches", type=int, default=24, help="steps of a pass (default: 24)")
    parser.add_argument("--stacks", type=int, nargs="*", default=list(STACKS), help="sizes of stacks to try")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--tf32", action="store_true", help="for both: the loop and the stacks")
    parser.add_argument("--only", type=int, nargs="*", default=list(BATCH_SIZES), help="batch sizes")
    parser.add_argument("--check", action="store_true", help="run the parity checks instead")
    parser.add_argument("--no-whole-run", action="store_true", help="leave out the run of 12 epochs")
    parser.add_argument("--write", type=Path, help="a page to put the figures into")
    options = parser.parse_args()
    execution = Execution(device=options.device, tf32=options.tf32, channels_last=options.channels_last)
    if options.check:
        check(execution)
        return
    rows = [measure(batch_size, execution, options.batches, options.stacks) for batch_size in options.only]
    name = torch.cuda.get_device_name(execution.device) if "cuda" in options.device else platform.processor()
    said = f"{name}, PyTorch {torch.__version__}, TF32 {'on' if options.tf32 else 'off'}; images × networks a second."
    table = markdown_table(HEADINGS, [row.cells for row in rows])
    text = "\n\n".join([said, table, *([] if options.no_whole_run else [whole_run(execution)])])
    print(text)
    if options.write is not None:
        write_figures(options.write, text, BEGIN, END)


if __name__ == "__main__":
    main()
