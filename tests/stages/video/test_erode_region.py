from __future__ import annotations

import numpy as np

from tests.stages.chains import labels, make, run


def test_the_rim_goes_in_every_plane_and_the_border_of_the_image_is_none() -> None:
    region = np.zeros((2, 20, 20), np.uint8)
    region[:, :, 4:] = 1
    made = run([make("erode-region", pixels=3.0)], {"region": labels(region)})["region"].array
    assert made.shape == region.shape
    assert not made[:, :, :7].any()
    assert made[:, :, 7:].all()


def test_a_whole_and_an_empty_region_stay() -> None:
    for region in (np.ones((1, 6, 6), np.uint8), np.zeros((6, 6), np.uint8)):
        made = run([make("erode-region")], {"region": labels(region)})["region"].array
        np.testing.assert_array_equal(made, region)
