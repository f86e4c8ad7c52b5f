"""Lines that labels trace: their nodes, their edges, their lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from harness.errors import LabelError
from harness.metrics import Pair
from tests.metrics.images import Pair as Images
from tests.metrics.images import pairs


def test_a_line_has_the_length_of_its_steps_in_micrometres() -> None:
    """Two steps along x, one to the next corner, one along y: 0.5 + 0.5 + hypot(2, 0.5) + 2."""
    truth = np.array([[7, 7, 7, 0], [0, 0, 0, 7], [0, 0, 0, 7]])
    found = Pair(truth, 3 * truth, spacing_um=(2.0, 0.5)).traces
    assert found.skeletons.positions.tolist() == [[0, 0], [0, 0.5], [0, 1], [2, 1.5], [4, 1.5]]
    assert found.skeletons.skeleton.tolist() == [7] * 5
    assert found.segments.tolist() == [21] * 5
    assert sorted(found.skeletons.lengths) == pytest.approx(sorted([0.5, 0.5, np.hypot(2, 0.5), 2.0]))
    assert {frozenset(edge) for edge in found.skeletons.edges.tolist()} == {
        frozenset(edge) for edge in ((0, 1), (1, 2), (2, 3), (3, 4))
    }


def test_a_corner_is_not_cut() -> None:
    """Of three voxels that all touch the two straight steps are edges, the longer one across is not."""
    corner = np.array([[1, 1], [1, 0]])
    assert Pair(corner, corner, spacing_um=(1.0, 1.0)).traces.skeletons.lengths.tolist() == [1.0, 1.0]


def test_steps_along_later_axes_come_first() -> None:
    square = np.ones((3, 3), int)
    edges = Pair(square, square, spacing_um=(1.0, 1.0)).traces.skeletons.edges
    rows = {(3 * y + x, 3 * y + x + 1) for y in range(3) for x in range(2)}
    assert {tuple(sorted(edge)) for edge in edges.tolist()} == rows | {(0, 3), (3, 6)}


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_a_cube_is_joined_along_its_last_axis_first(axes: int) -> None:
    """Of two voxels along each axis: half of them by steps along the last axis, half of what is left along the next."""
    cube = np.ones((2,) * axes, int)
    found = Pair(cube, cube, spacing_um=(1.0,) * axes).traces.skeletons
    steps = np.abs(np.diff(found.positions[found.edges], axis=1)[:, 0])
    assert steps.sum(axis=0).tolist() == [2**axis for axis in range(axes)]


def test_the_nearest_voxels_are_joined_first() -> None:
    """A square of two voxels that are 2 µm apart along y and 0.5 along x: both steps along x, one along y."""
    square = np.ones((2, 2), int)
    lengths = Pair(square, square, spacing_um=(2.0, 0.5)).traces.skeletons.lengths
    assert sorted(lengths.tolist()) == [0.5, 0.5, 2.0]


def test_labels_that_are_equal_as_floats_are_told_apart() -> None:
    line = np.array([[2**60, 2**60 + 1]], np.uint64)
    found = Pair(line, line, spacing_um=(1.0, 1.0)).traces
    assert found.skeletons.edges.shape == (0, 2)
    assert found.segments.tolist() == [2**60, 2**60 + 1]
    assert found.segments.dtype == np.int64


def test_labels_and_parts_that_do_not_touch_are_not_joined() -> None:
    truth = np.array([[1, 1, 2, 2, 0, 2]])
    found = Pair(truth, truth, spacing_um=(1.0, 1.0)).traces.skeletons
    assert {tuple(sorted(edge)) for edge in found.edges.tolist()} == {(0, 1), (2, 3)}


def test_lines_do_not_go_on_at_the_other_side_of_the_image() -> None:
    truth = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 0], [1, 0, 1]])
    assert Pair(truth, truth, spacing_um=(1.0, 1.0)).traces.skeletons.edges.shape == (0, 2)


def test_what_is_ignored_cuts_a_line() -> None:
    line = np.ones((1, 5), int)
    found = Pair(line, line, spacing_um=(1.0, 1.0), ignore=np.array([[0, 0, 1, 0, 0]])).traces.skeletons
    assert found.positions[:, 1].tolist() == [0, 1, 3, 4]
    assert len(found.edges) == 2


@given(pairs())
def test_trees_join_the_voxels_of_a_part_once(images: Images) -> None:
    from scipy.ndimage import label

    truth, pred = images
    found = Pair(truth, pred, spacing_um=(1.0,) * truth.ndim).traces
    parts = sum(label(truth == one, np.ones((3,) * truth.ndim))[1] for one in np.unique(truth[truth != 0]))
    assert len(found.skeletons.positions) == np.count_nonzero(truth)
    assert len(found.skeletons.edges) == np.count_nonzero(truth) - parts
    assert found.segments.tolist() == pred[truth != 0].tolist()
    assert all(length <= np.sqrt(truth.ndim) + 1e-12 for length in found.skeletons.lengths)


@pytest.mark.parametrize(
    ("spacing_um", "message"),
    [(None, "the size of a voxel is unknown"), ((1.0,), "accepted: 2"), ((0.0, 1.0), "accepted: positive numbers")],
)
def test_lines_need_the_size_of_a_voxel(spacing_um: tuple[float, ...] | None, message: str) -> None:
    image = np.ones((2, 2), int)
    with pytest.raises(LabelError, match=message):
        _ = Pair(image, image, spacing_um=spacing_um).traces
