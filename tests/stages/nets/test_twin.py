from __future__ import annotations

import torch
from torch import nn

from harness.stages.nets.twin import MomentumTwin


def absolute(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a - b).abs().mean()


def test_the_twin_follows_slowly_and_has_no_gradient() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    twin = MomentumTwin(absolute, weight=2.0, momentum=0.75)
    twin.begin(network)
    nn.init.constant_(network.weight, 5.0)
    images = torch.ones(1, 1)
    loss = twin.loss(images, network(images))
    assert float(loss.detach()) == 8.0
    loss.backward()
    assert float(network.weight.grad) == 2.0
    twin.stepped(network)
    assert float(twin.twin.weight) == 2.0
    assert twin.twin.weight.grad is None


def test_running_statistics_are_copied() -> None:
    network = nn.BatchNorm1d(1)
    twin = MomentumTwin(absolute)
    twin.begin(network)
    network(torch.tensor([[1.0], [3.0]]))
    twin.stepped(network)
    assert torch.equal(twin.twin.running_mean, network.running_mean)
