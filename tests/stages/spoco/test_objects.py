from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stages.spoco.objects import sparse_labels


def truths(*counts: int) -> list[np.ndarray]:
    return [np.concatenate([[0], np.repeat(np.arange(1, count + 1), 2)]).astype(np.int32) for count in counts]


def kept(labels: list[np.ndarray]) -> set[tuple[int, int]]:
    return {(image, int(number)) for image, made in enumerate(labels) for number in np.unique(made[made != 0])}


@pytest.mark.parametrize(
    ("ratio", "labelled"), [(0.01, 1), (0.05, 1), (0.1, 2), (0.5, 10), (0.124, 2), (0.126, 3), (1.0, 20)]
)
def test_a_share_of_the_set(ratio: float, labelled: int) -> None:
    made = sparse_labels(truths(5, 0, 15), ratio, "set", 1)
    assert (made.objects, made.labelled) == (20, labelled)
    assert len(kept(made.labels)) == labelled


def test_a_share_of_each_image_is_at_least_one_object_of_those_that_have_any() -> None:
    made = sparse_labels(truths(5, 0, 30), 0.1, "image", 1)
    assert (made.objects, made.labelled) == (35, 1 + 3)
    assert sorted(image for image, _ in kept(made.labels)) == [0, 2, 2, 2]


def test_objects_are_kept_whole_and_in_their_type() -> None:
    (truth,) = truths(9)
    (labels,) = sparse_labels([truth], 0.3, "set", 3).labels
    assert labels.dtype == truth.dtype
    for number in np.unique(labels[labels != 0]):
        np.testing.assert_array_equal(labels == number, truth == number)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4).filter(any), st.integers(0, 2**40), st.data())
def test_a_smaller_share_is_part_of_a_larger_one(counts: list[int], seed: int, data: st.DataObject) -> None:
    small, large = sorted(data.draw(st.tuples(*[st.floats(0.001, 1.0)] * 2)))
    for over in ("set", "image"):
        few, many = (sparse_labels(truths(*counts), ratio, over, seed) for ratio in (small, large))
        assert kept(few.labels) <= kept(many.labels)
        assert 1 <= few.labelled <= many.labelled <= many.objects == sum(counts)


def test_seeds_draw_other_objects() -> None:
    drawn = {frozenset(kept(sparse_labels(truths(40), 0.2, "set", seed).labels)) for seed in range(5)}
    assert len(drawn) == 5
