from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.stages.boundary.distance_seeds import WatershedOptions, stacked_superpixels, superpixels
from tests.stages.chains import fibsem, same_partition, walls

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")


def options(ndim: int, **changes: float) -> WatershedOptions:
    given = {"threshold": 0.4, "sigma_seeds": 2.0, "sigma_weights": 0.0, "alpha": 1.0, "min_size": 50} | changes
    return WatershedOptions(**given, pitch=(1.0,) * ndim)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(64, 80), (24, 40, 48)])
@pytest.mark.parametrize(
    "changes", [{}, {"sigma_seeds": 0.5, "min_size": 0}, {"sigma_weights": 2.0}, {"sigma_seeds": 0.0}]
)
def test_equal_to_elf(shape: tuple[int, ...], changes: dict[str, float]) -> None:
    elf = pytest.importorskip("elf.segmentation.watershed", reason="python-elf is not installed")
    boundary = walls(shape, 30, seed=1)[0]
    chosen = options(len(shape), **changes)
    expected, _ = elf.distance_transform_watershed(
        boundary,
        threshold=chosen.threshold,
        sigma_seeds=chosen.sigma_seeds,
        sigma_weights=chosen.sigma_weights,
        min_size=chosen.min_size,
        alpha=chosen.alpha,
    )
    found = superpixels(boundary, chosen)
    assert same_partition(found, expected)
    assert set(np.unique(found)) == set(range(1, int(found.max()) + 1))


def test_equal_to_elf_on_a_real_map(local_data: Path) -> None:
    elf = pytest.importorskip("elf.segmentation.watershed", reason="python-elf is not installed")
    boundary = fibsem(local_data)[0]
    expected, _ = elf.distance_transform_watershed(boundary, 0.4, 2.0, sigma_weights=0, min_size=50, alpha=1.0)
    assert same_partition(superpixels(boundary, options(3)), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 3, 3), (1, 1, 9)])
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_a_map_without_structure_is_one_superpixel(shape: tuple[int, ...], level: float) -> None:
    boundary = np.full(shape, level, dtype=np.float32)
    assert (superpixels(boundary, options(len(shape))) == 1).all()


def test_volume_smaller_than_filters_and_minimum() -> None:
    boundary = np.array([[[0, 0.1, 1, 0.2, 0]]], dtype=np.float32)
    assert (superpixels(boundary, options(3, sigma_seeds=0.0)) == 1).all()
    assert superpixels(boundary, options(3, sigma_seeds=0.0, min_size=1)).max() == 2


def test_seeds_recover_the_cells() -> None:
    boundary, tissue = walls((24, 96, 96), 20, seed=2)
    made = superpixels(boundary, options(3))
    assert 20 <= made.max() <= 30
    purity = [np.bincount(tissue[made == number]).max() for number in range(1, int(made.max()) + 1)]
    assert sum(purity) / made.size > 0.93


def test_alpha_blends_the_distance() -> None:
    boundary = walls((64, 80), 30, seed=1)[0]
    made = [superpixels(boundary, options(2, alpha=alpha, min_size=0)) for alpha in (1.0, 0.5, 0.0)]
    assert len({array.tobytes() for array in made}) == 3
    assert len({int(array.max()) for array in made}) == 1


def test_planes_are_flooded_apart() -> None:
    boundary = walls((3, 64, 80), 20, seed=3)[0]
    stacked = stacked_superpixels(boundary, options(2))
    for plane, single in zip(stacked, boundary, strict=True):
        assert same_partition(plane, superpixels(single, options(2)))
    assert len(np.unique(stacked)) == stacked.max() == sum(len(np.unique(plane)) for plane in stacked)
