from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.model import Grid, Volume
from harness.stages.values import Confidences, Features, Masks, Prompts, Value, objects_in

GRID = Grid("ZYX", (2, 3, 4), (0.5, 0.1, 0.1))
DENSE = st.lists(arrays(np.bool_, GRID.shape), max_size=4)

VALUES: list[Value] = [
    Volume(np.zeros((2, 3, 4), np.uint16), "ZYX", (0.5, 0.1, 0.1)),
    Volume(np.zeros((1, 2, 3), np.float32), "CYX", None, ("raw",)),
    Features(np.ones((5, 2, 2), np.float32), GRID, {"padded": [8, 8]}),
    Prompts.of(
        GRID, boxes={7: ((0, 0, 0), (2, 1, 1))}, points=[(7, (0.5, 0.5, 0.5), True), (9, (1.5, 2.5, 3.5), False)]
    ),
    Prompts.of(GRID),
    Masks.of(GRID, [np.ones(GRID.shape, bool), np.zeros(GRID.shape, bool)], scores=[0.25, 0.5], objects=[7, 9]),
    Masks.of(GRID, []),
    Confidences.of(GRID, {9: 0.5, 2: 0.25}),
    Confidences.of(GRID, {}),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_put_together_from_its_arrays_and_its_header(value: Value) -> None:
    assert isinstance(value, Value)
    header = json.loads(json.dumps(value.header()))
    again = type(value).build(value.arrays(), header)
    assert again.grid == value.grid
    assert again.header() == value.header()
    assert list(again.arrays()) == list(value.arrays())
    for name, array in value.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
        assert again.arrays()[name].dtype == array.dtype


@given(DENSE)
def test_masks_hold_what_they_were_made_of(dense: list[np.ndarray]) -> None:
    masks = Masks.of(GRID, dense)
    assert len(masks) == len(dense)
    for number, mask in enumerate(dense):
        np.testing.assert_array_equal(masks.mask(number), mask)
    assert masks.areas.tolist() == [int(mask.sum()) for mask in dense]
    assert masks.scores.tolist() == [1.0] * len(dense)
    assert masks.objects.tolist() == [0] * len(dense)


def test_prompts_name_the_object_that_each_asks_for() -> None:
    prompts = Prompts.of(Grid("YX", (5, 5)), boxes={3: ((0, 1), (2, 4))}, points=[(9, (1.5, 2.5), True)])
    assert prompts.objects.tolist() == [3, 9]
    assert prompts.boxes.tolist() == [[[0, 1], [2, 4]]]
    assert prompts.points.shape == (1, 2)
    assert prompts.point_labels.tolist() == [1]


def test_confidences_are_in_the_order_of_their_labels() -> None:
    sure = Confidences.of(GRID, {9: 0.5, 2: 0.25})
    assert sure.objects.tolist() == [2, 9]
    assert sure.by_object() == {2: 0.25, 9: 0.5}
    assert len(sure) == 2


@given(arrays(np.uint8, (3, 4)), st.sampled_from([1, 2**40]))
def test_objects_are_the_labels_that_occur(labels: np.ndarray, factor: int) -> None:
    wide = labels.astype(np.uint64) * np.uint64(factor)
    assert objects_in(wide).tolist() == sorted({int(label) for label in wide.ravel()} - {0})


def test_an_image_without_a_voxel_has_no_objects() -> None:
    assert objects_in(np.zeros((0, 3), np.int32)).tolist() == []


def test_masks_of_planes_lie_on_their_planes() -> None:
    plane = np.zeros((3, 4), dtype=bool)
    plane[1, 1:3] = plane[2, 0] = True
    made = Masks.of(Grid("ZYX", (5, 3, 4)), [plane, plane, ~plane], planes=[4, 0, 2])
    for number, (where, wanted) in enumerate(((4, plane), (0, plane), (2, ~plane))):
        dense = made.mask(number)
        np.testing.assert_array_equal(dense[where], wanted)
        assert dense.sum() == wanted.sum()
        np.testing.assert_array_equal(made.voxels(number), np.flatnonzero(dense))
