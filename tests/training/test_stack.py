"""A stack computes what its networks compute alone, and descends as PyTorch does."""

from __future__ import annotations

import pytest
import torch

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.training.loop import make_network
from nhb2_plugins.training.network import Network
from nhb2_plugins.training.stack import Stack, StackedDescent, StackedStep, losses_of
from nhb2_plugins.training.task import NetworkOptions
from tests.training.patterns import fill, images
from tests.training.test_together import CELLS, TINY, mixed


@pytest.mark.parametrize("cell", CELLS[:-1])
def test_outputs_and_gradients_of_filled_networks(cell: str) -> None:
    """With shifts and scales that are not their first values, beside another cell."""
    networks = [Network(each, TINY, prune_dead=True).double() for each in (cell, "1|02|031")]
    for network in networks:
        fill(network)
    stack, batch, labels = Stack(networks), images(4, 8), torch.tensor([1, 2, 2, 0])
    logits = stack(batch)
    losses = losses_of(logits, labels)
    weights = [joined.tensor for joined in stack.parameters]
    gradients = torch.autograd.grad(losses.mean(1).sum(), weights, materialize_grads=True)
    for k, network in enumerate(networks):
        own = network(batch)
        torch.testing.assert_close(logits[k], own, rtol=0, atol=1e-12)
        loss = torch.nn.functional.cross_entropy(own, labels)
        torch.testing.assert_close(losses[k].mean(), loss, rtol=0, atol=1e-12)
        loss.backward()
        for joined, gradient in zip(stack.parameters, gradients, strict=True):
            if k in joined.members:
                position = joined.members.index(k)
                part, parameter = gradient.chunk(len(joined.members))[position], joined.parts[position]
                expected = torch.zeros_like(part) if parameter.grad is None else parameter.grad
                torch.testing.assert_close(part, expected, rtol=0, atol=1e-12)


def test_every_weight_that_can_matter_is_in_the_stack_once() -> None:
    networks = [make_network(task) for task in mixed()]
    parts = [part for joined in Stack(networks).parameters for part in joined.parts]
    assert len({id(part) for part in parts}) == len(parts)
    for network in networks:
        for name, parameter in network.named_parameters():
            unneeded = "edges" in name and not any(part is parameter for part in parts)
            assert unneeded or any(part is parameter for part in parts), name


def test_networks_of_different_options_and_no_networks_are_no_stack() -> None:
    for options in ([], [TINY, NetworkOptions(channels=(2, 3, 4), cells_per_stage=1)]):
        with pytest.raises(InvalidValueError, match=f"a stack of {len(options)} networks needs at least one, all of"):
            Stack([Network("0|10|210", each) for each in options])


def test_steps_are_those_of_pytorch_s_descent_for_each_network_at_its_own_rate() -> None:
    rates, batch, labels = (0.1, 0.025), images(4, 8), torch.tensor([1, 2, 2, 0])
    alone, stacked = ([Network(cell, TINY, prune_dead=True).double() for cell in CELLS[:2]] for _ in range(2))
    for network in (*alone, *stacked):
        fill(network)
    stack = Stack(stacked)
    descent = StackedDescent(stack, momentum=0.9, weight_decay=5e-4)
    descent.set_rates(rates)
    step = StackedStep(stack, descent)
    optimizers = [
        torch.optim.SGD(network.parameters(), rate, momentum=0.9, weight_decay=5e-4, nesterov=True)
        for network, rate in zip(alone, rates, strict=True)
    ]
    for _ in range(3):
        losses = step(batch, labels)
        for k, (network, optimizer) in enumerate(zip(alone, optimizers, strict=True)):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(batch), labels)
            loss.backward()
            optimizer.step()
            torch.testing.assert_close(losses[k], loss.detach(), rtol=0, atol=1e-12)
    stack.training = False
    for network, own in zip(alone, stack.write_back(), strict=True):
        torch.testing.assert_close(own.eval()(batch), network.eval()(batch), rtol=0, atol=1e-12)
