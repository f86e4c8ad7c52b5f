from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.errors import ParameterError
from harness.stages.nets.build import build_network
from harness.stages.nets.compute import Compute, forward_of
from harness.stages.nets.halo import tile_halo
from harness.stages.nets.heads import sigmoid
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.tiling import Tiling, fitting_tiles, plan_tiles, predict_tiled

CPU = Compute("cpu", "float32", channels_last=False)


def test_cores_cover_every_pixel_once_or_more() -> None:
    tiling = plan_tiles((100, 37, 130), (48, 48, 48), (44, 44, 44), stride_ratio=1.0, multiple=8)
    assert tiling.patch == (48, 40, 48)
    assert tiling.halo == (48, 0, 48)
    assert tiling.starts == ((0, 48, 56), (0,), (0, 48, 88))
    assert tiling.padding == ((48, 52), (0, 3), (48, 54))
    assert tiling.tile_shape == (144, 40, 144)
    assert len(tiling) == 9
    assert all(tiling.visits(axis).min() >= 1 for axis in range(3))


def test_strides_keep_to_the_coarsest_level() -> None:
    tiling = plan_tiles((200,), (90,), (0,), stride_ratio=0.25, multiple=8)
    assert tiling.patch == (88,)
    assert set(np.diff(tiling.starts[0])) == {16}
    assert plan_tiles((50,), (8,), (0,), stride_ratio=0.01, multiple=8).starts[0][:3] == (0, 8, 16)


@pytest.mark.parametrize(("patch", "halo", "ratio"), [((0,), (0,), 1.0), ((8,), (-1,), 1.0), ((8,), (0,), 0.0)])
def test_impossible_tilings(patch: tuple[int], halo: tuple[int], ratio: float) -> None:
    with pytest.raises(ParameterError, match="cannot tile"):
        plan_tiles((50,), patch, halo, stride_ratio=ratio, multiple=8)


def test_cores_are_halved_until_the_tile_fits() -> None:
    def plan(core: tuple[int, ...]) -> Tiling:
        return plan_tiles((400, 500, 600), core, (16, 16, 64), stride_ratio=1.0, multiple=8)

    whole = plan((64, 400, 64))
    assert fitting_tiles(whole, plan, lambda found: True) == whole
    asked: list[tuple[int, ...]] = []

    def fits(found: Tiling) -> bool:
        asked.append(found.tile_shape)
        return found.tile_shape[1] <= 132

    assert fitting_tiles(whole, plan, fits).patch == (64, 96, 64)
    assert asked == [(96, 432, 192), (96, 232, 192), (96, 128, 192)], "where the halo costs least"
    with pytest.raises(ParameterError, match=r"tiles of \(40, 40, 136\) are too large, with a halo of \(16, 16, 64\)"):
        fitting_tiles(whole, plan, lambda found: False)


def doubled(tile: np.ndarray, core: tuple[slice, ...]) -> np.ndarray:
    return np.concatenate([tile[:, *core], 2 * tile[:, *core]])


@pytest.mark.parametrize("ratio", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(30, 21), (8, 8), (40, 64), (1, 50)])
def test_overlaps_are_averaged(shape: tuple[int, int], ratio: float) -> None:
    image = np.random.default_rng(0).random((1, *shape), dtype=np.float32)
    tiling = plan_tiles(shape, (16, 16), (8, 8), stride_ratio=ratio, multiple=8)
    result = predict_tiled(doubled, image, tiling, channels=2)
    np.testing.assert_allclose(result, np.concatenate([image, 2 * image]), rtol=1e-6)


def test_many_visits_do_not_overflow() -> None:
    tiling = plan_tiles((64, 64, 64), (32, 32, 32), (0, 0, 0), stride_ratio=0.03, multiple=1)
    visits = np.prod([tiling.visits(axis).max() for axis in range(3)])
    assert visits > 255
    small = Tiling((4,), (4,), (0,), ((0,) * 300,))
    result = predict_tiled(lambda tile, core: tile[:, *core], np.ones((1, 4), np.float32), small, channels=1)
    np.testing.assert_array_equal(result, 1)


def test_the_volume_is_continued_by_reflection() -> None:
    seen = []

    def look(tile: np.ndarray, core: tuple[slice, ...]) -> np.ndarray:
        seen.append(tile[0].copy())
        return tile[:, *core]

    image = np.arange(40, dtype=np.float32)[None]
    predict_tiled(look, image, plan_tiles((40,), (16,), (4,), stride_ratio=1.0, multiple=4), channels=1)
    np.testing.assert_array_equal(seen[0][:5], [4, 3, 2, 1, 0])
    np.testing.assert_array_equal(seen[1], np.arange(12, 36))
    np.testing.assert_array_equal(seen[-1][-5:], [39, 38, 37, 36, 35])


def network_of(order: str, kind: str = "unet") -> tuple[torch.nn.Module, NetworkSpec]:
    spec = NetworkSpec(kind=kind, ndim=2, f_maps=(8, 16, 32), order=order)
    torch.manual_seed(3)
    network = build_network(spec)
    with torch.no_grad():
        network(torch.randn(4, 1, 64, 64))
        for name, tensor in network.named_parameters():
            if "final" in name:
                tensor.mul_(5)
    return network.eval(), spec


def difference(order: str, *, halo: int | None = None, kind: str = "unet") -> tuple[float, float]:
    """Largest difference of tiled and untiled away from the borders, and the spread of the untiled prediction."""
    network, spec = network_of(order, kind)
    margin = tile_halo(spec)
    image = np.random.default_rng(1).standard_normal((1, 160, 96), dtype=np.float32)
    step = margin if halo is None else halo
    forward = forward_of(network, CPU, sigmoid)
    tiling = plan_tiles((160, 96), (32, 32), (step, step), stride_ratio=0.5, multiple=spec.multiple)
    tiled = predict_tiled(forward, image, tiling, channels=2)
    whole = forward(image, (slice(None), slice(None)))
    inner = (slice(None), slice(margin, -margin), slice(margin, -margin))
    return float(np.abs(tiled[inner] - whole[inner]).max()), float(whole.std())


@pytest.mark.parametrize("kind", ["unet", "residual-unet"])
@pytest.mark.parametrize("order", ["bcr", "cr"])
def test_tiled_equals_untiled_away_from_the_borders(order: str, kind: str) -> None:
    largest, spread = difference(order, kind=kind)
    assert spread > 1e-3
    assert largest < 1e-5


@pytest.mark.parametrize("order", ["bcr", "cr"])
def test_without_enough_halo_it_does_not(order: str) -> None:
    assert difference(order, halo=4)[0] > 20 * difference(order)[0]


def test_group_norm_sees_the_tile() -> None:
    largest, spread = difference("gcr")
    assert 1e-4 < largest < spread
