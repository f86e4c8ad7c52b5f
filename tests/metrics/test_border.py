"""Objects at the border: found by their own extent, left out as an evaluator in use does it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabelError
from harness.metrics import overlap_table
from harness.metrics.border import border_labels, without
from harness.metrics.pair import Pair
from tests.metrics.images import OF_OVERLAP, hostile_pairs, pairs
from tests.metrics.images import Pair as Images


def without_boundary_cells(mask: np.ndarray, width: int) -> np.ndarray:
    """The rule of the NeurIPS 2022 challenge, in own words: a frame of ones, and every label that lies below it."""
    frame = np.ones(mask.shape, bool)
    frame[tuple(slice(width, extent - width) for extent in mask.shape)] = False
    return np.where(np.isin(mask, np.unique(mask[frame])), 0, mask)


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("name", [name for name, pair in hostile_pairs().items() if min(pair[0].shape) > 10])
def test_what_is_left_is_what_the_challenge_keeps(name: str, width: int) -> None:
    truth, pred = hostile_pairs()[name]
    kept = overlap_table(without_boundary_cells(truth, width), without_boundary_cells(pred, width))
    for metric in OF_OVERLAP:
        found = metric.of(Pair(truth, pred, border="drop", border_px=width))
        assert found == pytest.approx(metric(kept), abs=0, nan_ok=True), metric.id


def test_objects_are_found_at_every_end_of_every_axis() -> None:
    image = np.zeros((7, 7, 7), np.uint8)
    for label, place in enumerate([(0, 3, 3), (6, 3, 3), (3, 0, 3), (3, 6, 3), (3, 3, 0), (3, 3, 6)], start=1):
        image[place] = label
    image[3, 3, 3], image[1, 3, 2] = 9, 8
    assert border_labels(image, 1, "truth").tolist() == [1, 2, 3, 4, 5, 6]
    assert border_labels(image, 2, "truth").tolist() == [1, 2, 3, 4, 5, 6, 8]
    assert border_labels(image, 99, "truth").tolist() == [1, 2, 3, 4, 5, 6, 8, 9]


def test_an_image_whose_border_cannot_be_read_is_named() -> None:
    class Broken:
        shape, dtype, ndim = (3, 3), np.dtype(int), 2

        def __getitem__(self, region: object) -> np.ndarray:
            raise RuntimeError("no such chunk")

    with pytest.raises(LabelError, match=r"^prediction cannot be read as an array \(RuntimeError: no such chunk\)"):
        border_labels(Broken(), 1, "prediction")


def test_an_axis_of_one_voxel_has_no_border() -> None:
    image = np.zeros((1, 5, 5), int)
    image[0, 2, 2], image[0, 0, 2] = 1, 2
    assert border_labels(image, 1, "truth").tolist() == [2]
    none = border_labels(np.ones((1, 1), int), 1, "truth")
    assert (none.tolist(), none.dtype) == ([], np.int64)
    assert border_labels(np.arange(8).reshape(2, 2, 2), 1, "truth").tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert border_labels(np.array([[3, 5]]), 1, "truth").tolist() == [3, 5]


@pytest.mark.parametrize("width", [0, -1])
def test_a_border_without_width_is_refused(width: int) -> None:
    with pytest.raises(LabelError, match=f"the border is {width} voxels wide; accepted: 1 and above"):
        border_labels(np.zeros((3, 3), int), width, "truth")


@given(pairs(), st.sets(st.sampled_from([0, 1, 2, 3, 9])), st.sets(st.sampled_from([0, 1, 2, 3, 9])))
def test_a_table_without_labels_is_that_of_images_without_them(images: Images, truth: set, pred: set) -> None:
    dropped = [np.array(sorted(labels), np.int64) for labels in (truth, pred)]
    found = without(overlap_table(*images), *dropped)
    blank = [np.where(np.isin(image, labels), 0, image) for image, labels in zip(images, dropped, strict=True)]
    expected = overlap_table(*blank)
    for name in ("truth_ids", "pred_ids", "truth_sizes", "pred_sizes", "rows", "cols", "counts"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
        assert getattr(found, name).dtype == getattr(expected, name).dtype, name
    assert found.voxels == expected.voxels


def test_labels_that_are_equal_as_floats_are_told_apart() -> None:
    image = np.array([2**60, 2**60 + 1], np.uint64)
    assert without(overlap_table(image, image), image[1:], image[:0]).truth_ids.tolist() == [0, 2**60]
