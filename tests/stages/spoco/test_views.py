from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from harness.stages.nets.augment import Augmentation
from harness.stages.spoco.views import CHANGES, View, Views

STILL = Augmentation(flip=0, quarter_turns=False, degrees=0, elastic=0, gaussian=0, poisson=0)


def image(channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((channels, 12, 14)).astype(np.float32)


def test_no_change_is_a_copy() -> None:
    given = image()
    made = View()(given, np.random.default_rng(0))
    np.testing.assert_array_equal(made, given)
    assert not np.shares_memory(made, given)


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_drawn_and_may_not_happen(change: str) -> None:
    given = image()
    view = View((change,))
    some = [view(given, np.random.default_rng(seed)) for seed in range(20)]
    assert any(not np.array_equal(made, given) for made in some)
    assert all(made.dtype == np.float32 and made.shape == given.shape for made in some)
    never = replace(view, probability=0.0)
    np.testing.assert_array_equal(never(given, np.random.default_rng(1)), given)
    np.testing.assert_array_equal(some[3], view(given, np.random.default_rng(3)))


def test_blur_is_a_gaussian_of_space_alone() -> None:
    given = image()
    made = View(("blur",), sigma=(1.5, 1.5))(given, np.random.default_rng(0))
    expected = np.stack([ndimage.gaussian_filter(channel, 1.5, mode="reflect") for channel in given])
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_jitter_of_one_channel_is_linear() -> None:
    given = image(1)
    made = View(("jitter",))(given, np.random.default_rng(4))
    slope, offset = np.polyfit(given.ravel(), made.ravel(), 1)
    np.testing.assert_allclose(made, slope * given + offset, atol=1e-5)
    assert 0.6 <= slope <= 1.4
    assert -0.4 <= offset <= 0.4


def test_two_views_of_one_geometry() -> None:
    given, labels = image(), np.arange(12 * 14, dtype=np.int32).reshape(12, 14)
    made, moved = Views(replace(STILL, flip=1.0), View(), View(("blur",)))(given, labels, np.random.default_rng(0))
    assert made.shape == (4, 12, 14)
    np.testing.assert_array_equal(moved, labels[::-1, ::-1])
    np.testing.assert_array_equal(made[:2], given[:, ::-1, ::-1])
    assert made[2:].std() < made[:2].std()
