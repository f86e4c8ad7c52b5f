from __future__ import annotations

import pytest
import torch

from harness.stages.nets._unet import UNet
from harness.stages.nets.networks import NetworkSpec


@pytest.mark.parametrize("kind", ["unet", "residual-unet"])
@pytest.mark.parametrize("shape", [(8, 8, 8), (9, 11, 13)])
def test_logits_lie_on_the_grid_of_the_image(kind: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    network = UNet(NetworkSpec(kind=kind, f_maps=(4, 8, 16), groups=2)).eval()
    torch.nn.init.constant_(network.final_conv.bias, -100.0)
    with torch.no_grad():
        logits = network(torch.randn(2, 1, *shape))
    assert logits.shape == (2, 2, *shape)
    assert float(logits.min()) < 0.0, "neither sigmoid nor softmax is applied"


def test_two_dimensions() -> None:
    network = UNet(NetworkSpec(ndim=2, in_channels=3, out_channels=5, f_maps=(4, 8), order="bcr")).eval()
    with torch.no_grad():
        assert network(torch.randn(1, 3, 10, 12)).shape == (1, 5, 10, 12)


def test_every_level_reaches_the_output() -> None:
    torch.manual_seed(0)
    network = UNet(NetworkSpec(f_maps=(4, 8, 16), groups=2))
    network(torch.randn(1, 1, 8, 8, 8)).square().sum().backward()
    silent = [name for name, parameter in network.named_parameters() if not parameter.grad.abs().sum() > 0]
    assert silent == []
