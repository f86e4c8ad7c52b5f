"""The U-Net module, plain or residual, in two or three dimensions."""

from __future__ import annotations

import torch
from torch import nn

from harness.stages.nets._blocks import CONVOLUTION, ConcatDecoder, DoubleConv, Encoder, ResidualBlock, SumDecoder
from harness.stages.nets.networks import NetworkSpec


class UNet(nn.Module):
    """A U-Net after Ronneberger (doi 10.1007/978-3-319-24574-4_28) and Cicek (doi 10.1007/978-3-319-46723-8_49).

    Input (N, in_channels, (Z) Y X) of any size whose axes reach the coarsest level; output logits on the same grid,
    (N, out_channels, ...): neither sigmoid nor softmax is applied.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        residual = spec.kind == "residual-unet"
        widths = spec.f_maps
        self.encoders = nn.ModuleList(
            Encoder(_block(spec, before, width, encoder=True), ndim=spec.ndim, pools=level > 0)
            for level, (before, width) in enumerate(zip((spec.in_channels, *widths[:-1]), widths, strict=True))
        )
        self.decoders = nn.ModuleList(
            SumDecoder(_block(spec, fine, fine, encoder=False), coarse, fine, ndim=spec.ndim)
            if residual
            else ConcatDecoder(_block(spec, fine + coarse, fine, encoder=False))
            for coarse, fine in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.final_conv = CONVOLUTION[spec.ndim](widths[0], spec.out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of `x`."""
        skips: list[torch.Tensor] = []
        for encoder in self.encoders:
            x = encoder(x)
            skips.append(x)
        for decoder, skip in zip(self.decoders, skips[-2::-1], strict=True):
            x = decoder(skip, x)
        logits: torch.Tensor = self.final_conv(x)
        return logits


def _block(spec: NetworkSpec, incoming: int, outgoing: int, *, encoder: bool) -> nn.Module:
    make = ResidualBlock if spec.kind == "residual-unet" else DoubleConv
    return make(incoming, outgoing, encoder=encoder, ndim=spec.ndim, order=spec.order, groups=spec.groups)
