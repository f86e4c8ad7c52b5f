from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.stages.cellpose.planes import training_planes, two_channels


def _volume() -> tuple[np.ndarray, np.ndarray]:
    labels = np.zeros((4, 6, 8), np.int32)
    labels[:, :3, :4], labels[:, 3:, 4:] = 3, 7
    return labels[np.newaxis].astype(np.float32), labels


@pytest.mark.parametrize(
    ("families", "every", "shapes"),
    [
        (("xy",), 1, {(6, 8): 4}),
        (("xy",), 3, {(6, 8): 1}),
        (("zx",), 1, {(4, 8): 6}),
        (("xy", "yz", "zx"), 2, {(6, 8): 2, (4, 6): 4, (4, 8): 3}),
    ],
)
def test_planes_of_each_family(families: tuple[str, ...], every: int, shapes: dict[tuple[int, int], int]) -> None:
    cut = training_planes([_volume()], families, every, 1, "here")
    found: dict[tuple[int, int], int] = {}
    for image, labels in cut:
        assert image.shape == (1, *labels.shape)
        assert labels.max() == len(np.unique(labels[labels > 0]))
        assert np.array_equal(image[0] > 0, labels > 0)
        found[labels.shape] = found.get(labels.shape, 0) + 1
    assert found == shapes


def test_a_plane_is_taken_whole() -> None:
    image, labels = _volume()
    cut = training_planes([(image[:, 0], labels[0])], ("yz",), 5, 2, "here")
    assert [pair[1].shape for pair in cut] == [(6, 8)]


def test_too_few_objects_names_the_fullest() -> None:
    with pytest.raises(DataError, match=r"none of 4 training planes has 5 objects \(the fullest has 2\)"):
        training_planes([_volume()], ("xy",), 1, 5, "here")


def test_channels() -> None:
    one = np.ones((1, 4, 4), np.float32)
    assert two_channels(one, "here")[1].max() == 0
    assert two_channels(np.ones((2, 4, 4), np.float32), "here").min() == 1
    with pytest.raises(DataError, match="has 3 channels; accepted: 1, or 2"):
        two_channels(np.ones((3, 4, 4), np.float32), "here")
