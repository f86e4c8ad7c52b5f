from __future__ import annotations

import numpy as np

from harness.model import Volume
from tests.stages.chains import labels, make, run


def frames() -> np.ndarray:
    slope = np.linspace(100, 200, 60, dtype=np.float32)
    array = np.tile(slope, (3, 60, 1))
    array[0, 10:18, 8:16] *= 0.5
    array[0, 40:48, 44:52] *= 0.5
    array[2, 20:28, 30:38] *= 0.5
    return array


def objects(array: np.ndarray, region: np.ndarray, **given: object) -> np.ndarray:
    slots = {"image": Volume(array, "ZYX"), "region": labels(region.astype(np.uint8))}
    return run([make("local-threshold", **given)], slots)["frame-objects"].array


def test_dark_objects_are_numbered_anew_in_each_frame_and_a_frame_may_be_empty() -> None:
    array = frames()
    made = objects(array, np.ones(array.shape))
    assert made.dtype == np.uint32
    assert [np.unique(frame).tolist() for frame in made] == [[0, 1, 2], [0], [0, 1]]
    assert made[0, 14, 12] == 1
    assert made[2, 24, 34] == 1


def test_a_gradient_of_light_is_no_object_and_nothing_outside_the_region_counts() -> None:
    array = frames()
    region = np.ones(array.shape)
    region[:, :, 40:] = 0
    array[:, :, 40:] = 0
    made = objects(array, region)
    assert [frame.max() for frame in made] == [1, 0, 1]
    assert not objects(array, np.zeros(array.shape)).any()


def test_bright_objects_and_small_ones() -> None:
    array = 300 - frames()
    made = objects(array, np.ones(array.shape), bright=True)
    assert [frame.max() for frame in made] == [2, 0, 1]
    assert not objects(frames(), np.ones((3, 60, 60)), min_size=500).any()
