from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import discs, image, labels_of, make

OPTIONS = {}


@pytest.mark.parametrize("shape", [(72, 96), (24, 48, 48)])
@pytest.mark.parametrize("bright", [True, False])
def test_separate_discs_are_found(shape: tuple[int, ...], bright: bool) -> None:
    array, truth = discs(shape)
    made = labels_of(
        [make("distance-watershed", bright=bright, **OPTIONS)], {"image": image(array if bright else 300 - array)}
    )
    assert made.dtype == np.uint32
    assert made.max() == len(np.unique(made)) - 1 == len(np.unique(truth)) - 1
    for number in np.unique(truth[truth > 0]):
        inside = truth == number
        best = np.bincount(made[inside]).argmax()
        assert (inside & (made == best)).sum() / (inside | (made == best)).sum() > 0.85


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2, 2), (40, 40)])
def test_constant_and_tiny_images_hold_nothing(shape: tuple[int, ...]) -> None:
    assert not labels_of([make("distance-watershed")], {"image": image(np.full(shape, 3.0))}).any()


def test_bad_values_and_channels_are_errors() -> None:
    bad = np.ones((8, 8))
    bad[0, 0] = np.nan
    with pytest.raises(DataError, match="stage 'distance-watershed': 1 of 64 image values are NaN"):
        labels_of([make("distance-watershed")], {"image": image(bad)})
    with pytest.raises(DataError, match="name one"):
        labels_of([make("distance-watershed")], {"image": image(np.ones((2, 8, 8)), channels=("a", "b"))})
    with pytest.raises(DataError, match="stage 'distance-watershed': the voxel spacing is unknown"):
        labels_of([make("distance-watershed", unit="um")], {"image": image(np.ones((8, 8)))})


def test_touching_discs_are_cut_at_the_waist() -> None:
    y, x = np.indices((60, 90))
    array = (((y - 30) ** 2 + (x - 30) ** 2 <= 256) | ((y - 30) ** 2 + (x - 58) ** 2 <= 256)) * 100.0
    made = labels_of([make("distance-watershed")], {"image": image(array)})
    assert made.max() == 2
    assert made[30, 20] != made[30, 68]
    assert labels_of([make("otsu-components")], {"image": image(array)}).max() == 1


def test_distances_respect_anisotropy() -> None:
    z, y, x = np.indices((24, 40, 40))
    array = ((4 * (z - 12)) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 15**2) * 100.0
    made = labels_of([make("distance-watershed")], {"image": image(array, (4.0, 1.0, 1.0))})
    assert made.max() == 1
