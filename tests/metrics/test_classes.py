"""The class of every object: worked by hand, and laws over any pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics import overlap_table
from harness.metrics.classes import CLASSES, classified
from tests.metrics.images import Pair, hostile_pairs, pairs

EXCHANGED = {"missed": "spurious", "spurious": "missed", "split": "merged", "merged": "split"}


def named(truth: object, pred: object) -> tuple[list[str], list[str]]:
    found = classified(overlap_table(np.asarray(truth), np.asarray(pred)))
    return tuple([CLASSES[index] for index in side.tolist()] for side in found)  # type: ignore[return-value]


def line(*runs: tuple[int, int]) -> list[int]:
    """Runs of (length, label) in a row."""
    return [label for length, label in runs for _ in range(length)]


@pytest.mark.parametrize(
    ("truth", "pred", "expected"),
    [
        # 6 of 10 voxels shared: IoU 0.6
        (line((8, 1), (2, 0)), line((2, 0), (8, 1)), (["correct"], ["correct"])),
        # IoU exactly one half, the prediction inside
        (line((8, 1)), line((4, 1), (4, 0)), (["poor boundary"], ["poor boundary"])),
        # the truth object inside, IoU 3/8
        (line((3, 1), (5, 0)), line((8, 1)), (["poor boundary"], ["poor boundary"])),
        # half of each shared: neither lies in the other
        (line((4, 1), (2, 0)), line((2, 0), (4, 1)), (["missed"], ["spurious"])),
        # two halves
        (line((8, 1)), line((4, 1), (4, 2)), (["split"], ["split", "split"])),
        # 60 : 40, the larger part matches
        (line((10, 1)), line((6, 1), (4, 2)), (["correct"], ["correct", "split"])),
        # three truth objects in one prediction
        (line((3, 1), (3, 2), (3, 3)), line((9, 1)), (["merged"] * 3, ["merged"])),
        # the larger of two merged objects matches all the same
        (line((6, 1), (4, 2)), line((10, 1)), (["correct", "merged"], ["correct"])),
        # 1 is cut: predictions 2 and 3 lie in it; prediction 3 has 2 truth objects in it, one of which is 1
        (
            line((10, 1), (5, 2)),
            line((4, 2), (11, 3)),
            (["split and merged", "merged"], ["split", "split and merged"]),
        ),
        # two predictions touch it, neither lies in it nor it in them
        (line((4, 0), (8, 1), (4, 0)), line((8, 1), (8, 2)), (["missed"], ["spurious", "spurious"])),
        # a part that lies in it, and another object that only touches it
        (line((10, 1), (6, 0)), line((3, 1), (4, 0), (9, 2)), (["poor boundary"], ["poor boundary", "spurious"])),
        # a prediction split by no truth: it lies in a truth object that matches another one
        (line((20, 1)), line((15, 1), (5, 2)), (["correct"], ["correct", "split"])),
        (line((3, 0)), line((3, 5)), ([], ["spurious"])),
        (line((3, 5)), line((3, 0)), (["missed"], [])),
        (line((3, 0)), line((3, 0)), ([], [])),
    ],
)
def test_objects_worked_by_hand(truth: list[int], pred: list[int], expected: tuple[list[str], list[str]]) -> None:
    assert named(truth, pred) == expected


def test_classes_take_a_byte_each() -> None:
    found = classified(overlap_table(np.array([1, 2]), np.array([1, 0])))
    assert found.truth.dtype == found.pred.dtype == np.int8


def by_definition(truth: np.ndarray, pred: np.ndarray) -> tuple[list[str], list[str]]:
    """The rule as it is written, object by object."""
    ids = [[label for label in np.unique(image).tolist() if label] for image in (truth, pred)]

    def lies_in(inner: np.ndarray, outer: np.ndarray) -> bool:
        return 2 * int((inner & outer).sum()) > int(inner.sum())

    def matches(a: np.ndarray, b: np.ndarray) -> bool:
        return 2 * int((a & b).sum()) > int((a | b).sum())

    def of(own: np.ndarray, others: np.ndarray, label: int, side: str) -> str:
        mine = own == label
        masks = [others == other for other in np.unique(others).tolist() if other]
        if any(matches(mine, other) for other in masks):
            return "correct"
        inside = sum(lies_in(other, mine) for other in masks)
        around = [other for other in masks if lies_in(mine, other)]
        beside = sum(lies_in(own == one, around[0]) for one in np.unique(own).tolist() if one) if around else 0
        cut, joined = (inside, beside) if side == "truth" else (beside, inside)
        if cut > 1 and joined > 1:
            return "split and merged"
        if cut > 1 or joined > 1:
            return "split" if cut > 1 else "merged"
        if inside or around:
            return "poor boundary"
        return "missed" if side == "truth" else "spurious"

    return (
        [of(truth, pred, label, "truth") for label in ids[0]],
        [of(pred, truth, label, "pred") for label in ids[1]],
    )


@given(pairs())
def test_classes_are_what_the_rule_says(pair: Pair) -> None:
    assert named(*pair) == by_definition(*pair)


@pytest.mark.parametrize("name", ["shifted 2d", "shifted 3d", "unrelated", "some noise", "nested", "exact tenths"])
def test_classes_of_hostile_pairs_are_what_the_rule_says(name: str) -> None:
    assert named(*hostile_pairs()[name]) == by_definition(*hostile_pairs()[name])


@given(pairs())
def test_classes_change_places_with_the_images(pair: Pair) -> None:
    truth, pred = named(*pair)
    swapped_truth, swapped_pred = named(*pair[::-1])
    assert [EXCHANGED.get(name, name) for name in truth] == swapped_pred
    assert [EXCHANGED.get(name, name) for name in pred] == swapped_truth


@given(pairs(), st.permutations([1, 2, 3, 9]), st.permutations([1, 2, 3, 9]))
def test_names_of_labels_do_not_matter(pair: Pair, truth_ids: list[int], pred_ids: list[int]) -> None:
    renamed = []
    for ids in (truth_ids, pred_ids):
        new = np.zeros(10, np.int64)
        new[[1, 2, 3, 9]] = ids
        renamed.append(new)
    images = [new[image] for new, image in zip(renamed, pair, strict=True)]
    for before, after, image, new in zip(named(*pair), named(*images), pair, renamed, strict=True):
        labels = [label for label in np.unique(image).tolist() if label]
        order = np.argsort([new[label] for label in labels])
        assert [before[index] for index in order] == after


@given(pairs())
def test_an_image_compared_with_itself_is_all_correct(pair: Pair) -> None:
    for image in pair:
        assert {name for side in named(image, image) for name in side} <= {"correct"}
