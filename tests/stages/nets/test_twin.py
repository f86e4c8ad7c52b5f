from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from harness.stages.nets.twin import MomentumTwin


def absolute(a: torch.Tensor, b: torch.Tensor, targets: Sequence[torch.Tensor]) -> torch.Tensor:
    return ((a - b) * targets[0]).abs().mean()


def test_the_twin_follows_slowly_and_has_no_gradient() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    twin = MomentumTwin(absolute, weight=2.0, momentum=0.75)
    twin.begin(network)
    nn.init.constant_(network.weight, 5.0)
    images = torch.ones(1, 1)
    loss = twin.loss(images, network(images), [torch.tensor([[3.0]])])
    assert loss is not None
    assert float(loss.detach()) == 24.0
    loss.backward()
    assert float(network.weight.grad) == 6.0
    twin.stepped(network)
    assert float(twin.twin.weight) == 2.0
    assert twin.twin.weight.grad is None


def test_network_and_twin_see_different_views() -> None:
    network = nn.Identity()
    twin = MomentumTwin(lambda fast, slow, targets: (fast - slow).sum(), views=2)
    twin.begin(network)
    images = torch.arange(4.0).reshape(1, 4, 1, 1)
    assert twin.seen(images).flatten().tolist() == [0, 1]
    loss = twin.loss(images, network(twin.seen(images)), [])
    assert float(loss) == (0 - 2) + (1 - 3)


def test_running_statistics_are_those_of_what_the_twin_has_seen() -> None:
    network = nn.BatchNorm1d(1, momentum=1.0)
    twin = MomentumTwin(None, views=2)
    twin.begin(network)
    images = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
    assert twin.loss(images, network(twin.seen(images)), []) is None
    twin.stepped(network)
    assert float(network.running_mean) == 2.0
    assert float(twin.twin.running_mean) == 20.0


def test_without_a_comparison_or_statistics_the_twin_does_not_run() -> None:
    twin = MomentumTwin(absolute, weight=0.0)
    twin.begin(nn.Linear(1, 1))
    assert twin.loss(torch.ones(1, 7), torch.ones(1, 1), []) is None


def test_the_result_has_the_weights_that_were_kept() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    twin = MomentumTwin(None, momentum=0.5)
    twin.begin(network)
    twin.kept()
    nn.init.constant_(network.weight, 5.0)
    twin.stepped(network)
    assert float(twin.twin.weight) == 3.0
    made = twin.result()
    assert float(made.weight) == 1.0
    assert not made.training


def test_a_twin_may_be_given() -> None:
    network, given = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(given.weight, 7.0)
    twin = MomentumTwin(None, start=given)
    twin.begin(network)
    assert float(twin.result().weight) == 7.0
