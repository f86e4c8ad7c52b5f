from __future__ import annotations

import numpy as np
import pytest
from scipy import fft, ndimage

from harness.stages.nets.augment import Augmentation, displacement, rotated, smooth_field

STILL = Augmentation(flip=0, quarter_turns=False, degrees=0, elastic=0, gaussian=0, poisson=0)
BUSY = Augmentation(elastic=1, gaussian=0, poisson=0, planes=((-2, -1), (-3, -2), (-3, -1)))


def patch(shape: tuple[int, ...] = (12, 20, 20), channels: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, shape).astype(np.int32)
    return np.stack([labels * (channel + 1.0) for channel in range(channels)]).astype(np.float32), labels


def test_nothing_happens_without_augmentation() -> None:
    image, labels = patch()
    changed = STILL(image, labels, np.random.default_rng(1))
    np.testing.assert_array_equal(changed[0], image)
    np.testing.assert_array_equal(changed[1], labels)
    assert changed[0] is not image


@pytest.mark.parametrize("shape", [(16, 16), (12, 20, 20), (8, 12, 20)])
def test_image_and_labels_move_together(shape: tuple[int, ...]) -> None:
    image, labels = patch(shape)
    both = Augmentation(elastic=0, gaussian=0, poisson=0)
    before = image.copy()
    for seed in range(20):
        moved, moved_labels = both(image, labels, np.random.default_rng(seed))
        assert moved.shape == image.shape
        np.testing.assert_array_equal(moved[0], moved_labels)
        np.testing.assert_array_equal(moved[1], 2 * moved_labels)
    np.testing.assert_array_equal(image, before)


def test_elastic_labels_stay_labels() -> None:
    image, labels = patch()
    moved, moved_labels = BUSY(image, labels, np.random.default_rng(3))
    assert moved.dtype == np.float32
    assert set(np.unique(moved_labels)) <= set(range(9))
    assert (moved_labels != labels).any()


def test_the_seed_decides() -> None:
    image, labels = patch()
    augmentation = Augmentation(elastic=1, gaussian=1, poisson=1)
    one, two, other = (augmentation(image, labels, np.random.default_rng(seed)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert (one[0] != other[0]).any()


def test_noise_leaves_the_labels_alone() -> None:
    image, labels = patch()
    noisy, same = Augmentation(flip=0, quarter_turns=False, degrees=0, elastic=0, gaussian=1, poisson=1)(
        image, labels, np.random.default_rng(2)
    )
    np.testing.assert_array_equal(same, labels)
    assert 0 < (noisy - image).std() < 2


@pytest.mark.parametrize("plane", [(-2, -1), (-3, -2), (-3, -1)])
@pytest.mark.parametrize("degrees", [0.0, 17.3, -29.0, 80.3])
def test_rotation_is_that_of_scipy(plane: tuple[int, int], degrees: float) -> None:
    image = np.random.default_rng(4).random((2, 15, 18, 21), dtype=np.float32)
    expected = ndimage.rotate(image, degrees, axes=plane, reshape=False, order=0, mode="reflect")
    assert (rotated(image, degrees, plane) == expected).mean() > 0.995


def test_smooth_fields_are_smoothed_noise() -> None:
    noise = np.random.default_rng(6).standard_normal((40, 32))
    expected = ndimage.gaussian_filter(noise, 10, mode="reflect", truncate=8)
    spectrum = fft.dctn(noise, norm="ortho")
    np.testing.assert_allclose(smooth_field(spectrum, noise.shape, 10), expected, atol=1e-6)
    np.testing.assert_allclose(smooth_field(spectrum[:8, :8], noise.shape, 10), expected, atol=1e-4)


def test_displacements_have_one_component_per_axis() -> None:
    shift = displacement((24, 32, 40), 2000, 50, np.random.default_rng(0))
    assert shift.shape == (3, 24, 32, 40)
    assert shift.dtype == np.float32
    assert displacement((24, 32), 0, 50, np.random.default_rng(0)).max() == 0


def test_a_single_plane_can_be_turned() -> None:
    image, labels = patch((1, 16, 16))
    moved, _ = Augmentation(planes=((-3, -1),), elastic=1)(image, labels, np.random.default_rng(0))
    assert moved.shape == image.shape
