"""What elements count: the table of lengths and areas, beside the library and beside what is known of shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.metrics.surfaces.elements import weights
from tests.metrics.surfaces.naive import area

SPACINGS = [(1.0, 1.0), (2.0, 1.0), (0.3, 0.7), (1.0, 1.0, 1.0), (3.0, 2.0, 1.0), (2.0, 0.35, 0.4)]


def neighbourhoods(axes: int) -> np.ndarray:
    """Every neighbourhood by its code, bool."""
    bits = 1 << np.arange(2**axes - 1, -1, -1).reshape((2,) * axes)
    return np.array([(code & bits) > 0 for code in range(2**2**axes)])


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_neighbourhood_counts_what_its_surface_measures(spacing: tuple[float, ...]) -> None:
    for code, around in enumerate(neighbourhoods(len(spacing))):
        expected = area(around, spacing) if around.any() and not around.all() else 0.0
        assert weights("surfels", spacing)[code] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_table_is_that_of_surface_distance(spacing: tuple[float, ...]) -> None:
    tables = pytest.importorskip("surface_distance.lookup_tables", reason="surface-distance is not installed")
    if len(spacing) == 2:
        table = tables.create_table_neighbour_code_to_contour_length(spacing)
        kernel = tables.ENCODE_NEIGHBOURHOOD_2D_KERNEL
    else:
        table = tables.create_table_neighbour_code_to_surface_area(spacing)
        kernel = tables.ENCODE_NEIGHBOURHOOD_3D_KERNEL
    theirs = [table[int((around * kernel).sum())] for around in neighbourhoods(len(spacing))]
    assert weights("surfels", spacing) == pytest.approx(np.array(theirs), rel=1e-6)


def test_voxels_count_one() -> None:
    assert weights("voxels", (5.0, 0.1, 0.1)).tolist() == [0.0, 1.0]


def test_known_neighbourhoods() -> None:
    """One corner: the triangle between three mid-points. Half a cube: its cross-section."""
    areas = weights("surfels", (1.0, 1.0, 1.0))
    assert areas[0b00000001] == pytest.approx(math.sqrt(3) / 8)
    assert areas[0b11110000] == pytest.approx(1.0)
    assert areas[[0, 255]].tolist() == [0.0, 0.0]
    assert weights("surfels", (3.0, 2.0, 1.0))[0b11110000] == pytest.approx(2.0)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_inside_out_is_the_same_surface(spacing: tuple[float, ...]) -> None:
    table = weights("surfels", spacing)
    assert table == pytest.approx(table[::-1], rel=1e-12)
