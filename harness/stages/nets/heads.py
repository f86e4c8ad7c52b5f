"""What the channels of a network mean and learn: heads are values, so that a new objective is no new trainer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import ParameterError

if TYPE_CHECKING:
    import torch
    from torch import nn

    Map = Callable[[torch.Tensor], torch.Tensor]
    Compared = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Head:
    """Some channels of a network's output, one name each, and what makes them useful.

    slot        where predictions of this head go
    activation  from raw output (N, K, (Z) Y X) to what is predicted, same shape
    targets     from the augmented labels of a patch, as its volume holds them, to float32 (T, (Z) Y X)
    loss        of raw output and targets, (N, K, …) and (N, T, …): a scalar to be made small
    score       of predictions and targets in float32: a scalar, higher is better, that chooses the weights
    voxelwise   whether loss and score are of voxels one by one, or sums over them, so that voxels can be left out
    """

    name: str
    slot: str
    channels: tuple[str, ...]
    activation: Map
    targets: Callable[[np.ndarray], np.ndarray]
    loss: Compared
    score: Compared
    voxelwise: bool = False


class Companion:
    """What trains beside a network and adds to its loss, such as a momentum twin; by itself it does nothing."""

    def begin(self, network: nn.Module) -> None:
        """Take notice of the network before its first step."""

    def seen(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the network sees of a batch of images: all of it, unless views of the companion come along."""
        return images

    def loss(self, images: torch.Tensor, raw: torch.Tensor, targets: Sequence[torch.Tensor]) -> torch.Tensor | None:
        """Return what to add to the loss of a batch, None for nothing.

        `raw` is the network's output for what it saw of the images, `targets` are those of each head.
        """
        return None

    def stepped(self, network: nn.Module) -> None:
        """Take notice of the weights after a gradient step."""

    def kept(self) -> None:
        """Take notice that the present weights are the best so far."""


def check_heads(heads: Sequence[Head], outputs: int) -> None:
    """Raise `ParameterError` unless the heads have different names and together the channels of the network."""
    names = [head.name for head in heads]
    if not heads or len(set(names)) < len(names):
        raise ParameterError(f"heads {names}; accepted: one or more of different names")
    wanted = sum(len(head.channels) for head in heads)
    if wanted != outputs:
        raise ParameterError(f"the heads {', '.join(names)} have {wanted} channels; the network has {outputs}")


def parts_of(raw: torch.Tensor, heads: Sequence[Head]) -> Sequence[torch.Tensor]:
    """Return the channels of each head, views of (N, K, …).

    The output of a single head is handed on as it is: a view would cost its memory layout in the backward pass.
    """
    import torch

    return [raw] if len(heads) == 1 else torch.split(raw, [len(head.channels) for head in heads], dim=1)


def check_ignored(heads: Sequence[Head]) -> None:
    """Raise `ParameterError` for a head that cannot leave out voxels."""
    for head in heads:
        if not head.voxelwise:
            raise ParameterError(
                f"head '{head.name}' compares voxels with each other and cannot leave out those to be ignored; "
                "accepted: labels in which they are 0"
            )


def kept_voxels(maps: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return maps (N, K, …) as (1, K, V): the voxels of the whole batch where `kept`, bool (N, …), holds."""
    return maps.movedim(1, -1)[kept].T[None]


def activated(heads: Sequence[Head]) -> Map:
    """Return the function from raw output (N, K, …) to what all heads predict, channels in the order of the heads."""

    def activate(raw: torch.Tensor) -> torch.Tensor:
        import torch

        made = [head.activation(part) for head, part in zip(heads, parts_of(raw, heads), strict=True)]
        return made[0] if len(made) == 1 else torch.cat(made, dim=1)

    return activate


def sigmoid(raw: torch.Tensor) -> torch.Tensor:
    """Return probabilities of channels that do not exclude each other."""
    import torch

    return torch.sigmoid(raw)


def unchanged(raw: torch.Tensor) -> torch.Tensor:
    """Return the raw output: embeddings, distances."""
    return raw
