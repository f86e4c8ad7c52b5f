from __future__ import annotations

import numpy as np
import pytest
from skimage.segmentation import find_boundaries

from harness.stages.unet.targets import thick_boundaries, training_targets


@pytest.mark.parametrize("shape", [(1,), (7, 9), (6, 8, 5), (1, 8, 8)])
def test_boundaries_are_those_of_scikit_image(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    labels = np.kron(rng.integers(0, 4, shape), np.ones((2,) * len(shape), dtype=int))
    expected = find_boundaries(labels, connectivity=min(2, labels.ndim), mode="thick")
    np.testing.assert_array_equal(thick_boundaries(labels), expected)


def test_edges_count_and_corners_do_not() -> None:
    labels = np.zeros((3, 3, 3), dtype=np.uint8)
    labels[0, 0, 0] = 1
    boundary = thick_boundaries(labels)
    assert boundary[0, 1, 1]
    assert not boundary[1, 1, 1]


def test_targets_follow_the_names() -> None:
    labels = np.zeros((6, 6), dtype=np.int32)
    labels[2:5, 2:5] = 3
    both = training_targets(labels, ("foreground", "boundary"))
    assert both.dtype == np.float32
    assert both[0].sum() == 9
    assert both[1].sum() == 24
    np.testing.assert_array_equal(training_targets(labels, ("boundary",)), both[1:])


@pytest.mark.parametrize("value", [0, 7])
def test_one_label_has_no_boundary(value: int) -> None:
    assert not thick_boundaries(np.full((4, 5, 6), value)).any()
