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
        [make("otsu-components", bright=bright, **OPTIONS)], {"image": image(array if bright else 300 - array)}
    )
    assert made.dtype == np.uint32
    assert made.max() == len(np.unique(made)) - 1 == len(np.unique(truth)) - 1
    for number in np.unique(truth[truth > 0]):
        inside = truth == number
        best = np.bincount(made[inside]).argmax()
        assert (inside & (made == best)).sum() / (inside | (made == best)).sum() > 0.85


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2, 2), (40, 40)])
def test_constant_and_tiny_images_hold_nothing(shape: tuple[int, ...]) -> None:
    assert not labels_of([make("otsu-components")], {"image": image(np.full(shape, 3.0))}).any()


def test_bad_values_and_channels_are_errors() -> None:
    bad = np.ones((8, 8))
    bad[0, 0] = np.nan
    with pytest.raises(DataError, match="stage 'otsu-components': 1 of 64 image values are NaN"):
        labels_of([make("otsu-components")], {"image": image(bad)})
    with pytest.raises(DataError, match="name one"):
        labels_of([make("otsu-components")], {"image": image(np.ones((2, 8, 8)), channels=("a", "b"))})
    with pytest.raises(DataError, match="stage 'otsu-components': the voxel spacing is unknown"):
        labels_of([make("otsu-components", unit="um")], {"image": image(np.ones((8, 8)))})


def test_connectivity_joins_diagonals_and_min_size_drops() -> None:
    array = np.zeros((12, 12), dtype=np.uint8)
    array[2:5, 2:5] = array[5:8, 5:8] = array[10, 10] = 200
    counts = [
        labels_of([make("otsu-components", sigma=0.0, connectivity=c, min_size=m)], {"image": image(array)}).max()
        for c, m in [(1, 0), (2, 0), (3, 0), (1, 2), (1, 99)]
    ]
    assert counts == [3, 2, 2, 2, 0]
