from __future__ import annotations

import numpy as np
from skimage.segmentation import find_boundaries

from tests.stages.chains import labels, make, run


def squares() -> np.ndarray:
    array = np.zeros((3, 12, 12), np.uint16)
    array[:, 2:6, 2:10] = 1
    array[:, 6:10, 2:10] = 2
    array[1] = 0
    return array


def test_outlines_of_each_frame_and_none_in_an_empty_one() -> None:
    array = squares()
    made = run([make("label-boundaries")], {"frame-objects": labels(array)})["probability"]
    assert made.channels == ("foreground", "boundary")
    np.testing.assert_array_equal(made.channel("foreground") > 0, array > 0)
    for frame, outline in zip(array, made.channel("boundary"), strict=True):
        np.testing.assert_array_equal(outline > 0, find_boundaries(frame, connectivity=2, mode="thick"))
    assert not made.channel("boundary")[1].any()


def test_outlines_in_space_close_over_planes() -> None:
    array = squares()
    made = run([make("label-boundaries", of="cell", by_plane=False)], {"cell": labels(array)})["probability"]
    np.testing.assert_array_equal(made.channel("boundary") > 0, find_boundaries(array, connectivity=2, mode="thick"))
    flat = run([make("label-boundaries")], {"frame-objects": labels(array[0])})["probability"]
    assert flat.array.shape == (2, 12, 12)


def test_dilation_stays_in_the_frame() -> None:
    array = squares()
    thin, thick = (
        run([make("label-boundaries", dilation=steps)], {"frame-objects": labels(array)})["probability"].array[1]
        for steps in (0, 1)
    )
    assert (thick >= thin).all()
    assert thick.sum() > thin.sum()
    assert not thick[1].any()
