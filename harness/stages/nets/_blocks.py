"""Building blocks whose parameter names are those of pytorch-3dunet checkpoints."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

TRANSPOSED: dict[int, type[nn.Module]] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
BATCH_NORM: dict[int, type[nn.Module]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
MAX_POOL: dict[int, type[nn.Module]] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
KERNEL = 3
DROPOUT = 0.1
ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]


class Conv3d(nn.Conv3d):
    """A 3D convolution that predicts as fast for a small tile as for a large one.

    For a single item whose channels, depth and height multiply to less than 20481 torch leaves oneDNN for a path that
    takes up to four times longer per voxel; asking for oneDNN avoids it.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the convolution of (N, C, Z, Y, X)."""
        plain = x.dtype == torch.float32 and x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
        if not plain or torch.is_grad_enabled() or not ONEDNN:
            return super().forward(x)
        margin = [size // 2 for size in self.kernel_size]
        return torch.mkldnn_convolution(x, self.weight, self.bias, margin, self.stride, self.dilation, self.groups)


CONVOLUTION: dict[int, type[nn.Module]] = {2: nn.Conv2d, 3: Conv3d}


class SingleConv(nn.Sequential):
    """One convolution with its norm and activation in the order the letters give.

    A norm in front of the convolution normalises the incoming channels; the convolution has a bias only if there is
    no norm.
    """

    def __init__(self, incoming: int, outgoing: int, *, ndim: int, order: str, groups: int) -> None:
        super().__init__()
        channels = incoming
        has_norm = "g" in order or "b" in order
        for letter in order:
            if letter == "c":
                layer: nn.Module = _convolution(ndim, incoming, outgoing, KERNEL, has_norm)
                self.add_module("conv", layer)
                channels = outgoing
            elif letter == "g":
                self.add_module("groupnorm", nn.GroupNorm(groups if channels >= groups else 1, channels))
            elif letter == "b":
                self.add_module("batchnorm", BATCH_NORM[ndim](channels))
            elif letter == "d":
                self.add_module("dropout", nn.Dropout(DROPOUT))
            else:
                self.add_module("activation", _activation(letter, 0.01))


class DoubleConv(nn.Sequential):
    """Two convolution steps; in the encoder the first one makes half of the final channels, never fewer than came."""

    def __init__(self, incoming: int, outgoing: int, *, encoder: bool, ndim: int, order: str, groups: int) -> None:
        super().__init__()
        middle = max(outgoing // 2, incoming) if encoder else outgoing
        self.SingleConv1 = SingleConv(incoming, middle, ndim=ndim, order=order, groups=groups)
        self.SingleConv2 = SingleConv(middle, outgoing, ndim=ndim, order=order, groups=groups)


class ResidualBlock(nn.Module):
    """A 1x1 convolution to the new width (nothing where the width stays), two convolution steps and a sum."""

    def __init__(self, incoming: int, outgoing: int, *, encoder: bool, ndim: int, order: str, groups: int) -> None:
        super().__init__()
        widens = incoming != outgoing
        self.conv1 = _convolution(ndim, incoming, outgoing, 1, has_norm=False) if widens else nn.Identity()
        self.conv2 = SingleConv(outgoing, outgoing, ndim=ndim, order=order, groups=groups)
        linear = "".join(letter for letter in order if letter not in "rle")
        self.conv3 = SingleConv(outgoing, outgoing, ndim=ndim, order=linear, groups=groups)
        letters = [letter for letter in "le" if letter in order]
        self.activation = _activation(letters[0] if letters else "r", 0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activated sum, (N, outgoing, ...)."""
        residual = self.conv1(x)
        joined: torch.Tensor = self.activation(self.conv3(self.conv2(residual)) + residual)
        return joined


class Encoder(nn.Module):
    """Max pooling by 2 (not on the finest level) and a block."""

    def __init__(self, block: nn.Module, *, ndim: int, pools: bool) -> None:
        super().__init__()
        self.pooling: nn.Module = MAX_POOL[ndim](2) if pools else nn.Identity()
        self.basic_module = block

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return this level's features."""
        features: torch.Tensor = self.basic_module(self.pooling(x))
        return features


class ConcatDecoder(nn.Module):
    """Nearest-neighbour up-sampling to the skip connection's size, concatenation (skip first) and a block."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.basic_module = block

    def forward(self, skip: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return features on the skip connection's grid."""
        raised = functional.interpolate(x, size=skip.shape[2:])
        features: torch.Tensor = self.basic_module(torch.cat((skip, raised), dim=1))
        return features


class _Transposed(nn.Module):
    """A strided transposed convolution, whose 2n-1 pixels are stretched to the wanted size by nearest neighbour."""

    def __init__(self, incoming: int, outgoing: int, *, ndim: int) -> None:
        super().__init__()
        layer: Any = TRANSPOSED[ndim]
        self.conv_transposed = layer(incoming, outgoing, KERNEL, stride=2, padding=1, bias=False)

    def forward(self, x: torch.Tensor, size: torch.Size) -> torch.Tensor:
        return functional.interpolate(self.conv_transposed(x), size=size)


class SumDecoder(nn.Module):
    """Transposed-convolution up-sampling, summation with the skip connection and a block."""

    def __init__(self, block: nn.Module, incoming: int, outgoing: int, *, ndim: int) -> None:
        super().__init__()
        self.upsampling = nn.ModuleDict({"upsample": _Transposed(incoming, outgoing, ndim=ndim)})
        self.basic_module = block

    def forward(self, skip: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return features on the skip connection's grid."""
        raised = self.upsampling["upsample"](x, skip.shape[2:])
        features: torch.Tensor = self.basic_module(skip + raised)
        return features


def _convolution(ndim: int, incoming: int, outgoing: int, kernel: int, has_norm: bool) -> nn.Module:
    layer: Any = CONVOLUTION[ndim]
    built: nn.Module = layer(incoming, outgoing, kernel, padding=kernel // 2, bias=not has_norm)
    return built


def _activation(letter: str, slope: float) -> nn.Module:
    if letter == "l":
        return nn.LeakyReLU(slope, inplace=True)
    return nn.ELU(inplace=True) if letter == "e" else nn.ReLU(inplace=True)
