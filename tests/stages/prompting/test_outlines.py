from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import DataError
from harness.model import Grid
from harness.stages.prompting.outlines import ObjectOptions, outlines, pixels_per_side
from tests.stages.prompting.scenes import labels, two_objects


@given(arrays(np.uint8, (5, 7), elements=st.integers(0, 4)))
def test_boxes_and_masks_are_those_of_the_objects(array: np.ndarray) -> None:
    found = outlines(array)
    assert [one.id for one in found] == [int(name) for name in np.unique(array) if name]
    for one in found:
        where = np.argwhere(array == one.id)
        assert (one.low == where.min(axis=0)).all()
        assert (one.high == where.max(axis=0) + 1).all()
        assert one.mask.sum() == len(where)
        row, column = one.deepest()
        assert array[int(row), int(column)] == one.id


def test_the_deepest_point_is_in_the_middle_of_a_square_and_the_image_border_is_outside() -> None:
    array = np.zeros((9, 9), dtype=np.uint8)
    array[:5, 2:7] = 1
    assert outlines(array)[0].deepest() == (2.5, 4.5)


def test_an_image_without_background_or_without_objects() -> None:
    assert [one.id for one in outlines(np.array([[2, 2], [5, 5]]))] == [2, 5]
    assert outlines(np.zeros((3, 4), dtype=np.int32)) == []


def test_drawn_pixels_lie_in_the_object_once_each() -> None:
    bar, _ = outlines(two_objects())
    drawn = bar.drawn(100, np.random.default_rng(3))
    assert len(set(drawn)) == len(drawn) == 12
    assert all(two_objects()[int(row), int(column)] == 3 for row, column in drawn)
    assert bar.drawn(2, np.random.default_rng(3)) == drawn[:2]


def test_planes_of_volumes_are_looked_at_one_by_one() -> None:
    volume = np.stack([two_objects(), np.zeros((12, 16), dtype=np.uint16)])
    found = dict(ObjectOptions().objects(labels(volume), "here"))
    assert [one.id for one in found[0]] == [3, 7]
    assert found[1] == []


def test_an_object_may_ask_on_its_fullest_plane_alone() -> None:
    thin = two_objects()
    thin[9:] = 0
    volume = np.stack([thin, two_objects(), two_objects()])
    found = ObjectOptions.read({"planes_of_object": "fullest"}, "here").objects(labels(volume), "here")
    assert [(plane, [one.id for one in objects]) for plane, objects in found] == [(0, [3]), (1, [7]), (2, [])]


def test_prompts_are_made_of_label_images_only() -> None:
    with pytest.raises(DataError, match="here: prompts are made from an array of type float64; accepted: integers"):
        ObjectOptions().objects(labels(np.ones((3, 3))), "here")


def test_margins_in_pixels_and_micrometres() -> None:
    grid = Grid("ZYX", (3, 4, 5), (2.0, 0.5, 0.25))
    assert pixels_per_side((2,), 0.0, grid, "here").tolist() == [2, 2]
    assert pixels_per_side((1, -2), 0.5, grid, "here").tolist() == [2, 0]
    with pytest.raises(DataError, match="'grow_px' has 3 entries"):
        pixels_per_side((1, 2, 3), 0.0, grid, "here")
    with pytest.raises(DataError, match="'grow_um' needs the voxel spacing"):
        pixels_per_side((0,), 1.0, Grid("YX", (4, 5)), "here")
