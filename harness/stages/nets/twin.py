"""A momentum twin: a slow copy of a network, with whose outputs those of the network are compared."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.stages.nets.heads import Companion

if TYPE_CHECKING:
    import torch
    from torch import nn

    Compare = Callable[[torch.Tensor, torch.Tensor, Sequence[torch.Tensor]], torch.Tensor]

PUBLISHED_MOMENTUM = 0.999
"""He et al. 2020, doi:10.1109/CVPR42600.2020.00975."""


class MomentumTwin(Companion):
    """Follows the weights of a network as their exponential mean; no gradient reaches it.

    `compare` takes the raw outputs of the network and of the twin, both (N, K, …), and the targets of the heads, and
    returns a scalar; without it, or with a weight of 0, the twin only follows. With `views` 2 a batch holds two views
    of each image, one behind the other along the channels: the network sees the first and the twin the second.
    Running statistics of batch norm are the twin's own, of what it has seen.
    """

    def __init__(
        self,
        compare: Compare | None,
        *,
        weight: float = 1.0,
        momentum: float = PUBLISHED_MOMENTUM,
        views: int = 1,
        start: nn.Module | None = None,
    ) -> None:
        self._compare = compare
        self._weight = weight
        self._momentum = momentum
        self._views = views
        self._start = start
        self._best: dict[str, torch.Tensor] = {}

    def begin(self, network: nn.Module) -> None:
        """Copy the network, or take the twin that was given to start with."""
        start = copy.deepcopy(network) if self._start is None else self._start
        self.twin = start.requires_grad_(requires_grad=False).train()

    def seen(self, images: torch.Tensor) -> torch.Tensor:
        """Return the first view."""
        return images[:, : images.shape[1] // self._views]

    def loss(self, images: torch.Tensor, raw: torch.Tensor, targets: Sequence[torch.Tensor]) -> torch.Tensor | None:
        """Return the weighted difference of the network's output from the twin's for the last view."""
        import torch

        compare = self._compare if self._weight else None
        if compare is None and next(self.twin.buffers(), None) is None:
            return None
        with torch.no_grad():
            slow = self.twin(images[:, -(images.shape[1] // self._views) :])
        return None if compare is None else self._weight * compare(raw, slow, targets)

    def stepped(self, network: nn.Module) -> None:
        """Move each weight of the twin towards the network's."""
        import torch

        with torch.no_grad():
            for slow, fast in zip(self.twin.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 1 - self._momentum)

    def kept(self) -> None:
        """Keep the present weights of the twin."""
        self._best = {name: tensor.clone() for name, tensor in self.twin.state_dict().items()}

    def result(self) -> nn.Module:
        """Return the twin in evaluation mode, with the weights it had when the network's were best."""
        if self._best:
            self.twin.load_state_dict(self._best)
        return self.twin.eval()
