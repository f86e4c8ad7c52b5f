from __future__ import annotations

import numpy as np
import pytest

from harness.stages.prompting.examples import Drawn, LabelledPlane, Sampling, draw
from harness.stages.prompting.pixels import MEAN, STD
from tests.stages.prompting.scenes import two_objects


def plane(scale: int = 4) -> LabelledPlane:
    """Objects that are as bright as their ids say, so that a mask can be found in the image."""
    truth = np.kron(two_objects(), np.ones((scale, scale), dtype=np.uint16))
    rgb = np.repeat((truth * 30).astype(np.uint8)[..., np.newaxis], 3, axis=2)
    return LabelledPlane(rgb, truth)


def drawn(seed: int, **sampling: float) -> Drawn:
    return draw([plane()], Sampling(**sampling), 64, np.random.default_rng(seed))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(12))
def test_masks_lie_where_the_image_shows_the_object(seed: int) -> None:
    made = drawn(seed)
    height, width = made.fitted
    grey = made.image[0, :height, :width] * STD[0] + MEAN[0]
    for mask in made.masks:
        assert mask.shape == (height, width)
        level = float(np.median(grey[mask]))
        assert min(abs(level - 90), abs(level - 210)) < 1
        assert (np.abs(grey[mask] - level) < 60).mean() > 0.9


@pytest.mark.parametrize("seed", range(12))
def test_boxes_without_jitter_are_those_of_the_masks(seed: int) -> None:
    made = drawn(seed, box_share=1.0, jitter=0.0)
    assert made.boxes is not None
    assert made.points is None
    for box, mask in zip(made.boxes, made.masks, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert box == pytest.approx([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], abs=1)


@pytest.mark.parametrize("seed", range(20))
def test_jittered_boxes_stay_in_the_image_and_hold_pixels(seed: int) -> None:
    boxes = drawn(seed, box_share=1.0, jitter=0.24).boxes
    assert boxes is not None
    assert (boxes[:, :2] < boxes[:, 2:]).all()
    assert boxes.min() >= 0
    assert boxes.max() <= 64


@pytest.mark.parametrize("seed", range(12))
def test_the_first_point_lies_inside_and_the_others_in_other_objects(seed: int) -> None:
    made = drawn(seed, box_share=0.0, negatives=1)
    assert made.points is not None
    assert made.labels is not None
    assert made.boxes is None
    for index, mask in enumerate(made.masks):
        column, row = np.rint(made.points[index, 0]).astype(int)
        assert mask[row, column]
        assert made.labels[index, 0] == 1
        for (column, row), kind in zip(
            np.rint(made.points[index, 1:]).astype(int), made.labels[index, 1:], strict=True
        ):
            assert kind == 0
            assert not mask[row, column]
    assert not (made.several and made.points.shape[1] > 1)


def test_every_kind_of_prompt_is_drawn() -> None:
    made = [drawn(seed) for seed in range(40)]
    assert {(one.boxes is None, one.several, 0 if one.points is None else one.points.shape[1]) for one in made} == {
        (False, False, 0), (True, False, 1), (True, True, 1), (True, False, 2),
    }  # fmt: skip


def test_a_crop_holds_an_object_and_a_small_image_is_taken_whole() -> None:
    for seed in range(10):
        made = drawn(seed, patch=20)
        assert made.fitted == (64, 64)
        assert made.masks.any()
    assert drawn(0, patch=500).fitted in {(48, 64), (64, 48)}


def test_one_object_has_no_negative_points() -> None:
    alone = plane()
    single = LabelledPlane(alone.rgb, np.where(alone.labels == 7, 7, 0))
    made = draw([single], Sampling(box_share=0.0, negatives=5), 64, np.random.default_rng(1))
    assert made.points is not None
    assert made.points.shape == (1, 1, 2)


def test_a_seed_draws_the_same_again() -> None:
    one, other = drawn(5), drawn(5)
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.masks, other.masks)
