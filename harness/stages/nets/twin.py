"""A momentum twin: a slow copy of a network, with whose outputs those of the network are compared."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.stages.nets.heads import Companion

if TYPE_CHECKING:
    import torch
    from torch import nn

PUBLISHED_MOMENTUM = 0.999
"""He et al. 2020, doi:10.1109/CVPR42600.2020.00975."""


class MomentumTwin(Companion):
    """Follows the weights of a network as their exponential mean; no gradient reaches it.

    `compare` takes the raw outputs of the network and of the twin, both (N, K, …), and returns a scalar.
    """

    def __init__(
        self,
        compare: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        *,
        weight: float = 1.0,
        momentum: float = PUBLISHED_MOMENTUM,
    ) -> None:
        self._compare = compare
        self._weight = weight
        self._momentum = momentum

    def begin(self, network: nn.Module) -> None:
        """Copy the network."""
        self.twin = copy.deepcopy(network).requires_grad_(requires_grad=False)

    def loss(self, images: torch.Tensor, raw: torch.Tensor) -> torch.Tensor:
        """Return the weighted difference of the network's output from the twin's for the same images."""
        import torch

        with torch.no_grad():
            slow = self.twin(images)
        return self._weight * self._compare(raw, slow)

    def stepped(self, network: nn.Module) -> None:
        """Move each weight of the twin towards the network's; running statistics are copied."""
        import torch

        with torch.no_grad():
            for slow, fast in zip(self.twin.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 1 - self._momentum)
            for kept, new in zip(self.twin.buffers(), network.buffers(), strict=True):
                kept.copy_(new)
