"""The U-Net with heads: one encoder for each input head, one whole decoder for each output head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from harness.stages.multihead.network import HeadsSpec
from harness.stages.nets._blocks import CONVOLUTION, ConcatDecoder, DoubleConv, Encoder
from harness.stages.nets.networks import NetworkSpec


class HeadsUNet(nn.Module):
    """Input (N, C, (Z) Y X), channels of the input heads one after the other; output logits on the same grid.

    Features of several encoders are concatenated on every level, so that heads meet late: joined before, they would be
    channels of one head. Decoders share nothing.
    """

    def __init__(self, spec: HeadsSpec) -> None:
        super().__init__()
        self.inputs = spec.inputs
        base, widths = spec.base, spec.base.f_maps
        self.encoders = nn.ModuleList(
            nn.ModuleList(
                Encoder(_block(base, before, width, encoder=True), ndim=base.ndim, pools=level > 0)
                for level, (before, width) in enumerate(zip((channels, *widths[:-1]), widths, strict=True))
            )
            for channels in spec.inputs
        )
        times = len(spec.inputs)
        coarser = (times * widths[-1], *widths[-2:0:-1])
        self.decoders = nn.ModuleList(
            nn.ModuleList(
                ConcatDecoder(_block(base, times * fine + coarse, fine, encoder=False))
                for coarse, fine in zip(coarser, widths[-2::-1], strict=True)
            )
            for _ in spec.outputs
        )
        self.final_convs = nn.ModuleList(CONVOLUTION[base.ndim](widths[0], channels, 1) for channels in spec.outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of all output heads, one after the other along the channels."""
        parts = torch.split(x, list(self.inputs), dim=1) if len(self.inputs) > 1 else (x,)
        by_head = [_encoded(encoder, part) for encoder, part in zip(self.encoders, parts, strict=True)]
        skips = [level[0] if len(level) == 1 else torch.cat(level, dim=1) for level in zip(*by_head, strict=True)]
        logits = [
            final(_decoded(decoders, skips)) for decoders, final in zip(self.decoders, self.final_convs, strict=True)
        ]
        return logits[0] if len(logits) == 1 else torch.cat(logits, dim=1)


def _block(base: NetworkSpec, incoming: int, outgoing: int, *, encoder: bool) -> nn.Module:
    return DoubleConv(incoming, outgoing, encoder=encoder, ndim=base.ndim, order=base.order, groups=base.groups)


def _encoded(encoder: Any, x: torch.Tensor) -> list[torch.Tensor]:
    """Return the features of every level of an encoder (a list of modules), finest first."""
    levels: list[torch.Tensor] = []
    for level in encoder:
        x = level(x)
        levels.append(x)
    return levels


def _decoded(decoders: Any, skips: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return what a decoder (a list of modules) makes of the features of every level."""
    features = skips[-1]
    for decoder, skip in zip(decoders, skips[-2::-1], strict=True):
        features = decoder(skip, features)
    return features


def build_heads(spec: HeadsSpec) -> nn.Module:
    """Return a freshly initialised network; the weights come from torch's global generator."""
    return HeadsUNet(spec)
