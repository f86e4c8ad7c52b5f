"""Expected run length on neurites drawn by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabelError
from harness.metrics.skeleton import Skeletons, expected_run_length, run_lengths, segments_at


def straight(*nodes: int) -> Skeletons:
    """Neurites along x with nodes one unit apart, one under the other."""
    positions, edges, skeleton = [], [], []
    for number, count in enumerate(nodes):
        first = len(positions)
        positions += [(float(number), float(x)) for x in range(count)]
        edges += [(first + x, first + x + 1) for x in range(count - 1)]
        skeleton += [number] * count
    return Skeletons(np.array(positions), np.array(edges, int).reshape(-1, 2), np.array(skeleton))


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        ([1] * 11, 10.0),
        ([1] * 6 + [2] * 5, (5**2 + 4**2) / 10),
        ([0] * 11, 0.0),
        ([1] * 5 + [0] + [1] * 5, 8**2 / 10),
    ],
)
def test_one_neurite(segments: list[int], expected: float) -> None:
    assert expected_run_length(straight(11), np.array(segments)) == pytest.approx(expected)


def test_a_segment_in_two_neurites_holds_no_right_edge() -> None:
    skeletons = straight(11, 6)
    assert expected_run_length(skeletons, np.array([1] * 11 + [2] * 6)) == pytest.approx((10**2 + 5**2) / 15)
    assert expected_run_length(skeletons, np.array([1] * 17)) == 0
    assert expected_run_length(skeletons, np.array([1] * 11 + [1] + [2] * 5)) == pytest.approx(4**2 / 15)


@given(st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_bounds(segments: list[int]) -> None:
    assert 0 <= expected_run_length(straight(5, 4), np.array(segments)) <= 4


def test_edges_count_by_their_length() -> None:
    """Steps of 3, 4 and 12: the first two lie in one segment."""
    positions = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0], [15.0, 4.0]])
    skeletons = Skeletons(positions, np.array([[0, 1], [1, 2], [2, 3]]), np.array([1, 1, 1, 1]))
    assert run_lengths(skeletons, np.array([8, 8, 8, 9])) == pytest.approx((7.0**2, 19.0))
    assert expected_run_length(skeletons, np.array([8, 8, 8, 8])) == pytest.approx(19.0)


@given(st.lists(st.integers(0, 3), min_size=9, max_size=9), st.floats(0.1, 10))
def test_runs_are_longer_as_the_unit_is_smaller(segments: list[int], scale: float) -> None:
    one = straight(5, 4)
    other = Skeletons(one.positions * scale, one.edges, one.skeleton)
    expected = scale * expected_run_length(one, np.array(segments))
    assert expected_run_length(other, np.array(segments)) == pytest.approx(expected)


def test_nothing_to_run_along() -> None:
    assert math.isnan(expected_run_length(straight(1), np.array([1])))


def test_segments_are_those_of_the_nearest_voxel() -> None:
    labels = np.array([[1, 2, 3], [4, 5, 6]])
    positions = np.array([[0.0, 0.6], [2.1, 1.0]])
    found = segments_at(labels, positions, (2.0, 0.5))
    assert (found.tolist(), found.dtype) == ([2, 6], np.int64)


@pytest.mark.parametrize(
    ("position", "message"),
    [
        ([[5.0, 0.0]], r"node 0 at \[5.0, 0.0\] lies outside the image \(1 such\)"),
        ([[1.0, 1.0], [1.0, 2.0], [-1.0, 0.0]], r"node 1 at \[1.0, 2.0\] lies outside the image \(2 such\)"),
        ([[0.0]], "accepted: a coordinate each"),
    ],
)
def test_nodes_outside_the_image_are_refused(position: list[list[float]], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        segments_at(np.ones((2, 2), int), np.array(position), (1.0,) * len(position[0]))


@pytest.mark.parametrize(
    ("edges", "skeleton", "message"),
    [
        ([[0, 1]], [0, 1], "edge 0 joins skeletons 0 and 1"),
        ([[0, 2]], [0, 0], "names node 2; accepted: 0 to 1"),
        ([[0, 1], [-1, 0]], [0, 0], "names node -1; accepted: 0 to 1"),
        ([[0, 1]], [0], "accepted: \\(n, d\\) and \\(n,\\)"),
        ([[0, 1, 1]], [0, 0], r"shape \(1, 3\); accepted: \(m, 2\)"),
    ],
)
def test_crooked_skeletons_are_refused(edges: list[list[int]], skeleton: list[int], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        Skeletons(np.zeros((2, 3)), np.array(edges), np.array(skeleton))


def test_a_segment_per_node() -> None:
    with pytest.raises(LabelError, match="for 11 nodes; accepted: one per node"):
        expected_run_length(straight(11), np.array([1, 2]))
