from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.stages.classical.log_watershed import blob_response
from tests.stages.chains import discs, image, labels_of, make

OPTIONS = {"sigma": 5.0}


@pytest.mark.parametrize("shape", [(72, 96), (24, 48, 48)])
@pytest.mark.parametrize("bright", [True, False])
def test_separate_discs_are_found(shape: tuple[int, ...], bright: bool) -> None:
    array, truth = discs(shape)
    made = labels_of(
        [make("log-watershed", bright=bright, **OPTIONS)], {"image": image(array if bright else 300 - array)}
    )
    assert made.dtype == np.uint32
    assert made.max() == len(np.unique(made)) - 1 == len(np.unique(truth)) - 1
    for number in np.unique(truth[truth > 0]):
        inside = truth == number
        best = np.bincount(made[inside]).argmax()
        assert (inside & (made == best)).sum() / (inside | (made == best)).sum() > 0.85


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2, 2), (40, 40)])
def test_constant_and_tiny_images_hold_nothing(shape: tuple[int, ...]) -> None:
    assert not labels_of([make("log-watershed")], {"image": image(np.full(shape, 3.0))}).any()


def test_bad_values_and_channels_are_errors() -> None:
    bad = np.ones((8, 8))
    bad[0, 0] = np.nan
    with pytest.raises(DataError, match="stage 'log-watershed': 1 of 64 image values are NaN"):
        labels_of([make("log-watershed")], {"image": image(bad)})
    with pytest.raises(DataError, match="name one"):
        labels_of([make("log-watershed")], {"image": image(np.ones((2, 8, 8)), channels=("a", "b"))})
    with pytest.raises(DataError, match="stage 'log-watershed': the voxel spacing is unknown"):
        labels_of([make("log-watershed", unit="um")], {"image": image(np.ones((8, 8)))})


def test_response_peaks_at_the_matching_scale() -> None:
    radius, sigmas = 10.0, (4.0, 10 / np.sqrt(2), 12.0)
    y, x = np.indices((81, 81)) - 40
    blob = ((y**2 + x**2) <= radius**2).astype(np.float32)
    centre = [blob_response(blob, (sigma, sigma))[40, 40] for sigma in sigmas]
    assert np.argmax(centre) == 1


def test_response_is_physical_on_anisotropic_voxels() -> None:
    z, y, x = np.indices((41, 81, 81)).astype(np.float64)
    blob = np.exp(-(((z - 20) * 2) ** 2 + (y - 40) ** 2 + (x - 40) ** 2) / (2 * 8.0**2)).astype(np.float32)
    response = blob_response(blob, (2.5, 5.0, 5.0))
    assert response[24, 40, 40] == pytest.approx(response[20, 48, 40], rel=2e-2)


def test_touching_blobs_are_separated() -> None:
    y, x = np.indices((60, 90))
    array = (((y - 30) ** 2 + (x - 30) ** 2 <= 256) | ((y - 30) ** 2 + (x - 58) ** 2 <= 256)) * 100.0
    made = labels_of([make("log-watershed", sigma=9.0)], {"image": image(array)})
    assert made.max() == 2
