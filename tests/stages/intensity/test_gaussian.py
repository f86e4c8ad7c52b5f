from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import image, make, run


def smoothed(array: np.ndarray, spacing: tuple[float, ...] | None = None, **parameters: object) -> np.ndarray:
    return run([make("gaussian", **parameters)], {"image": image(array, spacing)})["image"].array


def test_the_sum_stays_and_the_variance_is_that_of_sigma() -> None:
    array = np.zeros((1, 101))
    array[0, 50] = 1
    made = smoothed(np.repeat(array, 41, axis=0), sigma=3.0)[20]
    assert made.sum() == pytest.approx(1, rel=1e-4)
    assert (made * (np.arange(101) - 50) ** 2).sum() == pytest.approx(9, rel=1e-2)


def test_several_times_is_once_with_the_root() -> None:
    array = np.zeros((61, 61))
    array[30, 30] = 1
    np.testing.assert_allclose(smoothed(array, sigma=2.0, times=4), smoothed(array, sigma=4.0), atol=2e-4)


def test_micrometres_follow_the_spacing() -> None:
    array = np.random.default_rng(0).normal(size=(40, 40))
    np.testing.assert_allclose(smoothed(array, (0.5, 0.5), sigma=1.0, unit="um"), smoothed(array, sigma=2.0))
    with pytest.raises(DataError, match="the voxel spacing is unknown"):
        smoothed(array, sigma=1.0, unit="um")
