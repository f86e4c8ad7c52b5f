from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import DataError
from harness.model import Grid
from harness.stages.prompting.masks_to_labels import MasksToLabels
from harness.stages.values import Masks
from tests.stages.prompting.scenes import Facts, labels_of

GRID = Grid("YX", (4, 6))


def masks(*places: tuple[slice, slice], scores: list[float] | None = None, objects: list[int] | None = None) -> Masks:
    arrays = []
    for place in places:
        array = np.zeros(GRID.shape, dtype=bool)
        array[place] = True
        arrays.append(array)
    return Masks.of(GRID, arrays, scores=scores, objects=objects or list(range(5, 5 + len(arrays))))


LEFT, MIDDLE, ALL = (slice(0, 4), slice(0, 3)), (slice(1, 3), slice(1, 5)), (slice(0, 4), slice(0, 6))


def made(found: Masks, facts: Facts | None = None, **parameters: Any) -> np.ndarray:
    return labels_of(MasksToLabels(parameters), found, facts)[0]


def sure(found: Masks, **parameters: Any) -> dict[int, float]:
    return labels_of(MasksToLabels(parameters), found)[1]


def test_the_better_score_wins_and_of_equal_ones_the_earlier_mask() -> None:
    better = made(masks(LEFT, MIDDLE, scores=[0.4, 0.9]))
    assert (better[MIDDLE] == 6).all()
    assert (better == 5).sum() == 8
    assert (made(masks(LEFT, MIDDLE, scores=[0.9, 0.4]))[LEFT] == 5).all()
    assert (made(masks(LEFT, MIDDLE, scores=[0.5, 0.5]))[LEFT] == 5).all()


def test_the_smaller_mask_wins_whatever_its_score() -> None:
    assert (made(masks(MIDDLE, LEFT, scores=[0.1, 0.9]), precedence="small")[MIDDLE] == 5).all()


def test_ids_are_those_asked_for_or_numbers() -> None:
    found = masks(LEFT, MIDDLE, objects=[40, 7])
    assert set(np.unique(made(found))) == {0, 7, 40}
    assert set(np.unique(made(found, ids="numbered"))) == {0, 1, 2}
    with pytest.raises(DataError, match='asked for by nobody; accepted: ids = "numbered"'):
        made(masks(LEFT, objects=[0]))
    assert made(Masks.of(GRID, [np.ones(GRID.shape, bool)], objects=[2**40])).max() == 2**40


def test_what_covers_most_of_a_plane_is_background() -> None:
    facts = Facts()
    found = masks(ALL, MIDDLE, scores=[0.9, 0.1])
    assert (made(found, facts, largest_share=0.5) == 6).sum() == 8
    assert facts.numbers == {"masks": 1, "background_like": 1, "overlap": 0.0}


def test_overlap_is_reported() -> None:
    facts = Facts()
    made(masks(LEFT, MIDDLE), facts)
    assert facts.numbers["overlap"] == pytest.approx(4 / 16)


def test_no_mask_and_masks_without_a_voxel_make_background() -> None:
    facts = Facts()
    assert not made(masks(), facts).any()
    assert facts.numbers == {"masks": 0, "background_like": 0, "overlap": 0.0}
    assert not made(masks((slice(0, 0), slice(0, 0)))).any()


@given(arrays(bool, (3, 4, 6)), st.sampled_from(["score", "small"]))
def test_every_voxel_has_the_label_of_a_mask_that_covers_it(stack: np.ndarray, precedence: str) -> None:
    found = Masks.of(GRID, list(stack), scores=[0.3, 0.1, 0.2], objects=[1, 2, 3])
    array = made(found, precedence=precedence)
    np.testing.assert_array_equal(array > 0, stack.any(axis=0))
    for number in (1, 2, 3):
        assert stack[number - 1][array == number].all()


def test_an_object_of_several_planes_is_one_object() -> None:
    grid = Grid("ZYX", (3, 4, 6))
    plane = np.zeros((4, 6), dtype=bool)
    plane[1:3, 2:4] = True
    found = Masks.of(grid, [plane, plane], objects=[9, 9], planes=[0, 2])
    array, _ = labels_of(MasksToLabels(), found)
    assert [int(part.sum()) for part in array == 9] == [4, 0, 4]


def test_a_label_is_as_sure_as_its_mask_whichever_is_painted_first() -> None:
    found = masks(LEFT, MIDDLE, scores=[0.3, 0.1], objects=[40, 7])
    assert sure(found) == {7: 0.1, 40: 0.3}
    assert sure(found, precedence="small", ids="numbered") == {1: 0.3, 2: 0.1}


def test_what_is_dropped_or_painted_over_has_no_confidence() -> None:
    assert sure(masks(ALL, MIDDLE, scores=[0.9, 0.1]), largest_share=0.5) == {6: 0.1}
    assert sure(masks(MIDDLE, LEFT, ALL, scores=[0.2, 0.4, 0.9])) == {7: 0.9}
    assert sure(masks()) == {}


def test_an_object_of_several_masks_has_the_mean_of_their_scores_weighted_by_voxels() -> None:
    found = masks(LEFT, MIDDLE, (slice(0, 1), slice(5, 6)), scores=[0.25, 0.75, 0.5], objects=[4, 9, 9])
    assert sure(found) == {4: 0.25, 9: pytest.approx((8 * 0.75 + 1 * 0.5) / 9)}
