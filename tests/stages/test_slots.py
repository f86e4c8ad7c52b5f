from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.errors import LabelError
from harness.model import Grid, Volume
from harness.stages.slots import SLOTS, checked, slot_of
from harness.stages.values import Confidences, Features, Masks, Prompts, Value

GRID = Grid("YX", (4, 5))
PROMPTS = Prompts.of(GRID, boxes={1: ((0, 0), (2, 2))}, points=[(2, (3.5, 4.5), True)])
SURE = Confidences.of(GRID, {1: 0.5, 2: 0.25})
MASKS = Masks.of(GRID, [np.eye(4, 5, dtype=bool)])


def volume(array: np.ndarray) -> Volume:
    return Volume(array, "YX")


GOOD: dict[str, Value] = {
    "image": volume(np.zeros((4, 5))),
    "probability": volume(np.full((4, 5), 0.5, np.float32)),
    "foreground": volume(np.ones((4, 5), np.float32)),
    "boundary": volume(np.zeros((0, 5), np.float32)),
    "surface": volume(np.ones((4, 5), bool)),
    "structures": volume(np.full((4, 5), 0.5, np.float32)),
    "region": volume(np.ones((4, 5), bool)),
    "frame-objects": volume(np.ones((4, 5), np.uint32)),
    "distance": volume(np.full((4, 5), -3.0)),
    "embedding": volume(np.full((4, 5), 9.0)),
    "embedding-twin": volume(np.full((4, 5), 9.0)),
    "features": Features(np.zeros((2, 2)), GRID, {}),
    "superpixels": volume(np.ones((4, 5), np.uint32)),
    "labels": volume(np.ones((4, 5), np.int64)),
    "confidences": SURE,
    "reference": volume(np.ones((4, 5), np.int64)),
    "untiled": volume(np.full((4, 5), 0.5, np.float32)),
    "seams": volume(np.ones((4, 5), np.uint8)),
    "nuclei": volume(np.ones((4, 5), np.uint8)),
    "prompts": PROMPTS,
    "masks": MASKS,
    "truth": volume(np.ones((4, 5), np.uint16)),
}


def test_every_slot_says_what_it_holds() -> None:
    assert set(SLOTS) == set(GOOD)
    assert all(slot.meaning for slot in SLOTS.values())
    assert {name for name, slot in SLOTS.items() if not slot.on_grid} == {"features", "prompts", "masks", "confidences"}


@pytest.mark.parametrize("name", GOOD)
def test_a_value_of_the_right_kind_passes(name: str) -> None:
    assert checked("stage 'x'", name, GOOD[name]) is GOOD[name]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("labels", volume(np.zeros((4, 5), np.float32)), "returned labels of type float32; accepted: integers"),
        ("labels", volume(np.full((4, 5), -1)), "returned labels with negative values; accepted: 0 and above"),
        ("superpixels", volume(np.zeros((4, 5), bool)), "returned superpixels of type bool"),
        ("nuclei", volume(np.zeros((4, 5), np.float32)), "returned nuclei of type float32"),
        ("surface", volume(np.zeros((4, 5), np.float32)), "returned surface of type float32"),
        ("probability", volume(np.full((4, 5), 1.5)), r"returned probability with values in \[1.5, 1.5\]"),
        ("boundary", volume(np.full((4, 5), np.nan)), "returned boundary with values in"),
        ("foreground", volume(np.full((4, 5), "a")), "returned foreground of type <U1; accepted: real numbers"),
        ("labels", MASKS, "returned labels a Masks; accepted: a Volume"),
        ("masks", None, "returned masks a NoneType; accepted: a Masks"),
        ("prompts", replace(PROMPTS, boxes=np.zeros((1, 4))), r"boxes of shape \(1, 4\); accepted: \(1, 2, 2\)"),
        ("prompts", replace(PROMPTS, point_labels=np.zeros(0)), "points of shape"),
        ("prompts", replace(PROMPTS, point_labels=np.array([2])), r"point labels \[2\]; accepted: 0 and 1"),
        ("prompts", replace(PROMPTS, box_objects=np.array([0])), "object 0; accepted: ids above 0"),
        ("prompts", Prompts.of(GRID, boxes={1: ((0, 2), (2, 2))}), "with an empty box"),
        ("masks", replace(MASKS, scores=np.zeros(3)), "with 1 masks, 3 scores and 1 objects"),
        ("masks", replace(MASKS, lengths=np.zeros(0)), "with 4 starts and 0 lengths for 4 runs"),
        ("masks", replace(MASKS, grid=Grid("YX", (2, 2))), "runs outside the 4 voxels of its grid"),
        ("masks", replace(MASKS, scores=np.array([np.nan])), "a score that is NaN"),
        ("confidences", MASKS, "returned confidences a Masks; accepted: a Confidences"),
        ("confidences", replace(SURE, scores=np.ones(3)), r"with \(2,\) objects and \(3,\) scores"),
        (
            "confidences",
            replace(SURE, objects=np.array([1.0, 2.0])),
            "of types float64 and float64; accepted: integers",
        ),
        ("confidences", replace(SURE, objects=np.array([0, 2])), "of object 0; accepted: labels above 0"),
        ("confidences", replace(SURE, objects=np.array([2, 2])), "with two scores of one object"),
        ("confidences", replace(SURE, scores=np.array([np.inf, 0])), "with a score that is no finite number"),
        ("confidences", replace(SURE, scores=np.array([np.nan, 0])), "with a score that is no finite number"),
    ],
)
def test_a_wrong_value_is_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        checked("stage 'x'", name, value)


def test_a_further_label_image_has_the_checks_of_labels() -> None:
    assert slot_of("nuclei").holds is Volume
    assert slot_of("labels") is SLOTS["labels"]
