"""From the shape of a network to the network: the one module that stands on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.stages.nets.networks import NetworkSpec

if TYPE_CHECKING:
    from torch import nn


def build_network(spec: NetworkSpec) -> nn.Module:
    """Return a freshly initialised torch network; the weights come from torch's global generator."""
    from harness.stages.nets import _unet

    return _unet.UNet(spec)
