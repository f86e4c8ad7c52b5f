from __future__ import annotations

import numpy as np

from harness.model import Grid
from harness.stages.prompting.best_masks_by_truth import BestMasksByTruth, taken
from harness.stages.values import Masks
from tests.stages.prompting.scenes import context, labels, run, two_objects


def test_the_mask_that_overlaps_best_is_taken_for_each_prompt() -> None:
    array = two_objects()
    square, bar = array == 7, array == 3
    large, half = np.ones_like(square), square.copy()
    half[8:] = False
    found = Masks.of(
        Grid("YX", array.shape),
        [large, square, half, bar, large],
        scores=[0.9, 0.1, 0.5, 0.2, 0.8],
        objects=[7, 7, 7, 3, 3],
    )
    made = run(BestMasksByTruth(), {"masks": found, "truth": labels(array)}, context(found.grid))
    assert isinstance(made, Masks)
    assert made.objects.tolist() == [7, 3]
    assert made.scores.tolist() == [0.1, 0.2]
    np.testing.assert_array_equal(made.mask(0), square)
    np.testing.assert_array_equal(made.mask(1), bar)


def test_without_masks_and_without_truth() -> None:
    grid = Grid("YX", (3, 4))
    empty = np.zeros((3, 4), dtype=np.uint8)
    made = run(BestMasksByTruth(), {"masks": Masks.of(grid, []), "truth": labels(empty)}, context(grid))
    assert isinstance(made, Masks)
    assert len(made) == 0
    some = Masks.of(grid, [empty == 0, empty > 0], objects=[1, 2])
    kept = run(BestMasksByTruth(), {"masks": some, "truth": labels(empty)}, context(grid))
    assert isinstance(kept, Masks)
    assert kept.objects.tolist() == [1, 2]


def test_masks_can_be_taken_in_any_order() -> None:
    grid = Grid("YX", (2, 4))
    one, other = np.array([[1, 0, 1, 0], [0, 0, 0, 1]], bool), np.array([[0, 1, 0, 0], [1, 1, 0, 0]], bool)
    made = taken(Masks.of(grid, [one, other], objects=[4, 9]), [1, 0])
    np.testing.assert_array_equal(made.mask(0), other)
    np.testing.assert_array_equal(made.mask(1), one)
    assert made.objects.tolist() == [9, 4]
