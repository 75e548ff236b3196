"""The network against the authors' own (``oracle.npz`` holds what theirs gave), and what can be left out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import CELLCODES, cellcode_digits
from nhb2_plugins.training.network import Network, needed_edges
from nhb2_plugins.training.task import NAS_BENCH_201, NetworkOptions
from tests.training.oracle import outputs_and_gradients, without_initial_weights
from tests.training.patterns import PARITY_CELLS, fill, images, projections
from tests.training.published import count_multiply_accumulates, count_parameters

ORACLE = dict(np.load(Path(__file__).with_name("oracle.npz")))
TINY = NetworkOptions(channels=(2, 3, 4), cells_per_stage=1)


@pytest.mark.parametrize("cellcode", dict.fromkeys(PARITY_CELLS))
def test_outputs_and_all_gradients_are_the_oracles(cellcode: str) -> None:
    logits, gradients = outputs_and_gradients(Network(cellcode))
    np.testing.assert_allclose(logits, ORACLE[f"{cellcode}/logits"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(projections(gradients), ORACLE[f"{cellcode}/gradients"], rtol=1e-10, atol=1e-10)


def test_the_oracle_gave_numbers_that_tell_networks_apart() -> None:
    logits = {code: ORACLE[f"{code}/logits"] for code in PARITY_CELLS}
    assert len(logits) >= 30
    assert all(np.isfinite(each).all() and np.abs(each).max() > 0.01 for each in logits.values())
    assert len({each.tobytes() for each in logits.values()}) > 0.8 * len(logits)


@pytest.mark.parametrize("options", [NAS_BENCH_201, NetworkOptions(pool_counts_padding=False)])
def test_another_pooling_is_another_network(options: NetworkOptions) -> None:
    network = Network("1|11|111", options)
    logits, _ = outputs_and_gradients(network)
    assert np.abs(logits.numpy() - ORACLE["1|11|111/logits"]).max() > 1e-6


@pytest.fixture
def _without_initial_weights() -> Iterator[None]:
    with without_initial_weights():
        yield


@pytest.mark.usefixtures("_without_initial_weights")
def test_counts_of_all_4096_cells() -> None:
    """With one cell a stage, so a fifth of what a cell's convolutions add to the whole network."""
    small = NetworkOptions(cells_per_stage=1)
    for cellcode in CELLCODES:
        network = Network(cellcode, small)
        convolutions = cellcode.count("0")
        assert count_parameters(network) == 73_610 + 48_608 * convolutions, cellcode
        # On 4 × 4 pixels: a 64th of 32 × 32, but for the 650 of the linear layer.
        counted = count_multiply_accumulates(network, (3, 4, 4))
        assert counted == (7_836_298 - 650 + 7_077_888 * convolutions) // 64 + 650, cellcode


@pytest.mark.usefixtures("_without_initial_weights")
@pytest.mark.parametrize("cellcode", CELLCODES[5::371])
def test_counts_of_whole_networks(cellcode: str) -> None:
    network, convolutions = Network(cellcode), cellcode.count("0")
    assert count_parameters(network) == 73_610 + 243_040 * convolutions == Cell(cellcode).params_total
    assert count_multiply_accumulates(network) == 7_836_298 + 35_389_440 * convolutions
    assert count_parameters(Network(cellcode, NAS_BENCH_201)) == 73_306 + 243_040 * convolutions


def test_counting_leaves_the_network_as_it_was() -> None:
    network = Network("0|10|210", TINY).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count_multiply_accumulates(network, (3, 8, 8))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("cellcode", [*CELLCODES[3::59], "3|30|333", "3|33|302", "3|30|303", "0|33|333", "3|03|330"])
def test_what_is_pruned_changes_neither_outputs_nor_gradients(cellcode: str) -> None:
    whole, pruned = (Network(cellcode, TINY, prune_dead=prune).double() for prune in (False, True))
    batch, labels = images(4, 8), torch.tensor([0, 3, 3, 9])
    gradients, evaluated = [], []
    for network in (whole, pruned):
        fill(network)  # also the batch norms' shifts, which are 0 at first and would hide a lost constant
        loss = nn.functional.cross_entropy(network(batch), labels)
        loss.backward()
        gradients.append({name: value.grad for name, value in network.named_parameters()})
        evaluated.append(network.eval()(batch))
    torch.testing.assert_close(evaluated[1], evaluated[0], rtol=0, atol=1e-12)
    for name, gradient in gradients[0].items():
        kept = gradients[1][name]
        if kept is None:  # left out: it was never trained
            assert gradient is None or not gradient.any(), name
        else:
            torch.testing.assert_close(kept, gradient, rtol=0, atol=1e-12)


def test_a_convolution_of_nothing_adds_a_learnt_constant_and_is_needed() -> None:
    assert needed_edges(cellcode_digits("3|30|233")) == {3}  # node 2 leads nowhere
    assert needed_edges(cellcode_digits("3|30|232")) == {2, 3, 5}  # node 1 is zero, its convolution is a constant
    assert needed_edges(cellcode_digits("3|31|232")) == {3}  # the pool of zeros is zero
    assert Cell("3|30|232").live_edges == {3}
    network = Network("3|30|333", TINY).eval()
    fill(network)
    with torch.no_grad():
        logits = network(images(3, 8).float())
    assert torch.equal(logits[0], logits[1])  # it answers the same for every image


def test_pruning_leaves_out_what_it_can() -> None:
    calls: list[str] = []
    network = Network("0|33|233", TINY, prune_dead=True)  # the convolution leads nowhere
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda *_: calls.append("convolution"))
    network(images(2, 8).float())
    assert len(calls) == 1 + 2 * 3  # stem, and three in each of two residual blocks


def test_refuses_what_is_no_cell_and_no_size() -> None:
    with pytest.raises(InvalidValueError, match="0\\|10\\|21"):
        Network("0|10|21")
    with pytest.raises(InvalidValueError, match="not whole numbers from 1"):
        NetworkOptions(channels=(16, 0))
