from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.stages.arrays import compact
from harness.stages.controls.pairs import halves, neighbour_pairs

label_images = arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 4)).map(
    compact
)


def test_cut_lies_across_the_physically_longest_axis() -> None:
    square = np.ones((4, 4), dtype=np.uint32)
    chosen = np.array([False, True])
    assert halves(square, (2.0, 1.0), chosen)[:, 0].tolist() == [1, 1, 2, 2]
    assert halves(square, (1.0, 2.0), chosen)[0].tolist() == [1, 1, 2, 2]


def test_single_voxels_stay_whole() -> None:
    labels = np.diag([1, 2, 3]).astype(np.uint32)
    assert halves(labels, (1.0, 1.0), np.array([False, True, True, True])).tolist() == labels.tolist()


@given(label_images)
def test_halves_refine_the_objects(labels: np.ndarray) -> None:
    split = halves(labels, (1.0, 1.0), np.ones(int(labels.max()) + 1, dtype=bool))
    assert ((split > 0) == (labels > 0)).all()
    for part in np.unique(split[split > 0]):
        assert len(np.unique(labels[split == part])) == 1
    for number in np.unique(labels[labels > 0]):
        sizes = np.unique(split[labels == number], return_counts=True)[1]
        assert len(sizes) == (2 if (labels == number).sum() > 1 else 1)


@given(label_images)
def test_pairs_are_disjoint(labels: np.ndarray) -> None:
    pairs = neighbour_pairs(labels, (1.0, 1.0))
    members = [member for pair in pairs for member in pair]
    assert len(members) == len(set(members))
    assert len(pairs) == int(labels.max()) // 2


def test_nearest_objects_pair_in_space_not_in_voxels() -> None:
    labels = np.zeros((5, 9), dtype=np.uint32)
    labels[0, 0], labels[2, 0], labels[0, 4], labels[2, 4] = 1, 2, 3, 4
    assert sorted(neighbour_pairs(labels, (1.0, 1.0))) == [(1, 2), (3, 4)]
    assert sorted(neighbour_pairs(labels, (5.0, 1.0))) == [(1, 3), (2, 4)]
