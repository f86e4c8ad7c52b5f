from __future__ import annotations

import pytest

from harness.datasets import load_catalogue
from harness.suite.grids import declared_grid


@pytest.mark.parametrize(
    ("dataset", "axes", "anisotropy"),
    [("phantom-ovule", "ZYX", (2.0, 1.0, 1.0)), ("phantom-nuclei-2d", "YX", (1.0, 1.0))],
)
def test_the_declared_spacing_is_that_of_the_grid(dataset: str, axes: str, anisotropy: tuple[float, ...]) -> None:
    grid = declared_grid(load_catalogue().dataset(dataset))
    assert grid.axes == axes
    assert grid.anisotropy == pytest.approx(anisotropy)
