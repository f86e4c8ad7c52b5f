from __future__ import annotations

import pytest
import torch

from harness.stages.nets.build import build_network
from harness.stages.nets.halo import receptive_halo, round_up, tile_halo
from harness.stages.nets.networks import NetworkSpec, feature_maps


@pytest.mark.parametrize(("levels", "halo"), [(4, 44), (5, 92), (6, 188)])
def test_published_halos(levels: int, halo: int) -> None:
    assert receptive_halo(NetworkSpec(f_maps=feature_maps(16, levels))) == halo


def test_residual_networks_also_reach_through_their_upsampling() -> None:
    assert receptive_halo(NetworkSpec(kind="residual-unet", f_maps=feature_maps(32, 5))) == 92 + 15


@pytest.mark.parametrize(("levels", "halo"), [(2, 8), (3, 24), (4, 48), (5, 96), (6, 192)])
def test_halos_of_tiles(levels: int, halo: int) -> None:
    assert tile_halo(NetworkSpec(f_maps=feature_maps(16, levels))) == halo


def test_rounding_up() -> None:
    assert [round_up(pixels, 8) for pixels in (0, 1, 44, 48)] == [0, 8, 48, 48]


@pytest.mark.parametrize("kind", ["unet", "residual-unet"])
@pytest.mark.parametrize("levels", [2, 3, 4])
def test_a_core_depends_on_its_halo_and_no_more(levels: int, kind: str) -> None:
    spec = NetworkSpec(kind=kind, ndim=2, f_maps=feature_maps(8, levels), order="cl")
    torch.manual_seed(0)
    network = build_network(spec).double()
    halo = tile_halo(spec)
    start = halo + 2 * spec.multiple
    image = torch.randn(1, 1, 2 * start + spec.multiple, spec.multiple, dtype=torch.float64, requires_grad=True)
    network(image)[:, :, start : start + spec.multiple].abs().sum().backward()
    assert image.grad is not None
    touched = torch.nonzero(image.grad.abs().sum(dim=(0, 1, 3)))
    assert touched.min() >= start - halo
    assert touched.max() < start + spec.multiple + halo
    assert start - touched.min() > halo - spec.multiple
