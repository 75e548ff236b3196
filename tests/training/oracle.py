"""Runs the authors' network as an oracle beside this package's, and keeps what it gave for the tests.

    git clone https://github.com/yoichii/nashpobench2 && pip install omegaconf
    python -m tests.training.oracle nashpobench2            # compare
    python -m tests.training.oracle nashpobench2 --write    # and keep what the oracle gave

Nothing of the authors' repository is part of this package. It is imported from the directory named; the parts of Hydra
that it imports and does not need here are stand-ins. Their training script does not run as published (it uses names
that are nowhere defined), so the loop around their network, optimizer, schedule and loss is written out here.
"""

from __future__ import annotations

import argparse
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nhb2_plugins.cells import Cell
from nhb2_plugins.space import CELLCODES, Configuration
from nhb2_plugins.training.cifar import split_indices
from nhb2_plugins.training.images import Pass
from nhb2_plugins.training.loop import Training, learning_rate, place_data, train_epoch
from nhb2_plugins.training.network import Network
from nhb2_plugins.training.task import Execution, TrainingTask
from tests.training.patterns import (
    PARITY_CELLS,
    STEP_BATCH_SIZE,
    STEP_CELL,
    STEP_LR,
    STEP_SEED,
    fill,
    image_data,
    images,
    projections,
)
from tests.training.published import SPLIT_DIGESTS, count_multiply_accumulates, count_parameters, index_digest

KEPT = Path(__file__).with_name("oracle.npz")
TOLERANCE = 1e-10
LEARNING_RATE_CODES = (0.4, 0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625, 0.003125)  # the order of their options


class Oracle:
    """The authors' code in a directory."""

    def __init__(self, checkout: Path) -> None:
        import omegaconf
        from omegaconf import OmegaConf

        for name in ("hydra", "hydra.experimental"):
            stand_in = types.ModuleType(name)
            stand_in.initialize = stand_in.compose = None  # type: ignore[attr-defined]
            sys.modules[name] = stand_in
        # Their package's own first module would import MLflow and torchvision.
        package = sys.modules["nashpobench2"] = types.ModuleType("nashpobench2")
        package.__path__ = [str(checkout / "nashpobench2")]
        omegaconf.listconfig.DictConfig = omegaconf.DictConfig  # where they import it from, in later versions too
        self.checkout = checkout
        groups = {"architecture": "nasbench201like", "operations": "wo_conv1", "optimizers": "acml"}
        groups |= {"schedulers": "cos12", "criteria": "crossentropy"}
        self.cfg = OmegaConf.create(
            {
                group: OmegaConf.load(checkout / "config" / "hydra" / group / f"{name}.yaml")
                for group, name in groups.items()
            }
        )
        for group in ("optimizers", "schedulers", "criteria"):  # each file holds its own group's name
            if "options" not in self.cfg[group]:
                self.cfg[group]["options"] = {}

    def network(self, cellcode: str) -> nn.Module:
        from nashpobench2.models.architecture import NASHPOModel

        codes = {"cellcode": cellcode, "num_nodes": 0, "num_cells": 0, "num_blocks": 0, "channels": 0}
        network: nn.Module = NASHPOModel(self.cfg, codes)
        return network

    def module(self, group: str, codes: dict[str, int], namespace: Any, **arguments: Any) -> Any:
        from nashpobench2.models.modules import get_modules

        return get_modules(self.cfg, group, {group: 0, **codes}, [namespace], **arguments)

    def counts(self, network: nn.Module) -> tuple[int, int]:
        """Parameters, and what their counter of multiply–accumulates says of one image."""
        from nashpobench2.utils.log import get_model_infos

        flops, parameters = get_model_infos(network, (1, 3, 32, 32))
        return round(parameters * 1e6), round(flops * 1e6)


def outputs_and_gradients(network: nn.Module) -> tuple[Tensor, list[Tensor | None]]:
    """Of a filled network on the images: logits in training and in evaluation, and the gradient of each parameter."""
    network.double().train()
    fill(network)
    batch = images()
    logits = network(batch)
    nn.functional.cross_entropy(logits, torch.tensor([3, 8])).backward()
    gradients = [parameter.grad for parameter in network.parameters()]
    network.eval()
    with torch.no_grad():
        evaluated = network(batch)
    return torch.cat([logits.detach(), evaluated]), gradients


def differences(cellcode: str, oracle: Oracle) -> tuple[float, float, dict[str, Any]]:
    """Largest differences of outputs and of gradients, and what is kept of the oracle's."""
    own_logits, own = outputs_and_gradients(Network(cellcode))
    logits, theirs = outputs_and_gradients(oracle.network(cellcode))
    assert [each is None for each in own] == [each is None for each in theirs], f"{cellcode}: other dead parameters"
    worst = max(
        (float((a - b).abs().max()) for a, b in zip(own, theirs, strict=True) if a is not None and b is not None),
        default=0.0,
    )
    kept = {f"{cellcode}/logits": logits.numpy(), f"{cellcode}/gradients": projections(theirs)}
    return float((own_logits - logits).abs().max()), worst, kept


def oracle_steps(oracle: Oracle) -> Iterator[tuple[float, list[Tensor]]]:
    """One epoch of the authors' network, optimizer, schedule and loss: the loss and the parameters after each step."""
    torch.manual_seed(STEP_SEED)
    network = oracle.network(STEP_CELL).double()
    codes = {"lr": LEARNING_RATE_CODES.index(STEP_LR), "momentum": 0}
    optimizer = oracle.module("optimizers", codes, torch.optim, params=network.parameters())
    scheduler = oracle.module("schedulers", {}, torch.optim.lr_scheduler, optimizer=optimizer)
    criterion = oracle.module("criteria", {}, nn)
    data = place_data(image_data(), Execution(precision="float64"))
    for epoch in (1, 2):
        network.train()
        for inputs, labels in data.train.batches(STEP_BATCH_SIZE, STEP_SEED, epoch, Pass.TRAINING):
            optimizer.zero_grad()
            outputs = network(inputs)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            yield loss.item(), [parameter.detach().clone() for parameter in network.parameters()]
        scheduler.step()


def own_steps() -> Iterator[tuple[float, list[Tensor]]]:
    """The same of this package's loop, step by step."""
    task = TrainingTask(Configuration(STEP_CELL, STEP_LR, STEP_BATCH_SIZE), STEP_SEED)
    execution = Execution(precision="float64")
    training = Training(task, place_data(image_data(), execution), execution)
    for epoch in (1, 2):
        for group in training.optimizer.param_groups:
            group["lr"] = learning_rate(STEP_LR, epoch, task.epochs)
        for batch in training.data.train.batches(STEP_BATCH_SIZE, STEP_SEED, epoch, Pass.TRAINING):
            (loss,) = train_epoch(training.network, training.optimizer, [batch])
            yield loss.item(), [parameter.detach().clone() for parameter in training.network.parameters()]


def compare_steps(oracle: Oracle) -> dict[str, Any]:
    losses, weights, worst_loss, worst_weight = [], [], 0.0, 0.0
    for (own_loss, own), (loss, theirs) in zip(own_steps(), oracle_steps(oracle), strict=True):
        losses.append(loss)
        weights.append(projections(list(theirs)))
        worst_loss = max(worst_loss, abs(own_loss - loss))
        worst_weight = max(worst_weight, *(float((a - b).abs().max()) for a, b in zip(own, theirs, strict=True)))
    print(f"{len(losses)} steps: largest difference of a loss {worst_loss:.3g}, of a weight {worst_weight:.3g}")
    assert max(worst_loss, worst_weight) < TOLERANCE
    return {"steps/losses": np.array(losses), "steps/weights": np.array(weights)}


@contextmanager
def without_initial_weights() -> Iterator[None]:
    """Where numbers are counted and not looked at: to draw them takes most of a network's time."""
    layers = (nn.Conv2d, nn.Linear)
    former = [layer.reset_parameters for layer in layers]
    for layer in layers:
        layer.reset_parameters = lambda self: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer, method in zip(layers, former, strict=True):
            layer.reset_parameters = method  # type: ignore[method-assign]


def compare_counts(oracle: Oracle, cellcodes: tuple[str, ...]) -> None:
    for cellcode in cellcodes:
        convolutions = Cell(cellcode).count_operation(0, live_only=False)
        expected = 73_610 + 243_040 * convolutions, 7_836_298 + 35_389_440 * convolutions
        network = Network(cellcode)
        own = count_parameters(network), count_multiply_accumulates(network)
        assert own == oracle.counts(oracle.network(cellcode)) == expected, (cellcode, own)
    print(f"{len(cellcodes)} cells: parameters and multiply–accumulates equal")


def compare_split(oracle: Oracle) -> None:
    import yaml

    text = (oracle.checkout / "config" / "idx" / "split.yaml").read_text()
    theirs = yaml.load(text, Loader=yaml.CSafeLoader)
    for part, own in zip(("train", "valid"), split_indices(), strict=True):
        assert own.tolist() == sorted(theirs[part])
        assert index_digest(own) == SPLIT_DIGESTS[part]
    print("index lists equal")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="a clone of yoichii/nashpobench2")
    parser.add_argument("--write", action="store_true", help=f"keep what it gave in {KEPT.name}")
    parser.add_argument("--counts", type=int, default=97, metavar="N", help="count every N-th cell (1: all 4,096)")
    options = parser.parse_args()
    oracle = Oracle(options.checkout.resolve())
    compare_split(oracle)
    with without_initial_weights():
        compare_counts(oracle, CELLCODES[:: options.counts])
    kept: dict[str, Any] = {}
    print("cell      largest difference of a logit, of a gradient")
    for cellcode in dict.fromkeys(PARITY_CELLS):
        of_logits, of_gradients, given = differences(cellcode, oracle)
        print(f"{cellcode}  {of_logits:.3g}  {of_gradients:.3g}", flush=True)
        assert max(of_logits, of_gradients) < TOLERANCE
        kept |= given
    print(f"{len(dict.fromkeys(PARITY_CELLS))} cells")
    kept |= compare_steps(oracle)
    if options.write:
        np.savez_compressed(KEPT, **kept)
        print(f"{KEPT}: {KEPT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
