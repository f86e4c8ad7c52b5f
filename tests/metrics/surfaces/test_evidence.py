"""Surfaces of a pair: what is measured, what is refused, and that objects are measured as if they were alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import LabelError
from harness.metrics import Pair
from harness.metrics.surfaces.elements import Elements
from harness.metrics.surfaces.profile import Profile
from tests.metrics.images import hostile_pairs
from tests.metrics.surfaces import naive

LABELS = np.kron(np.array([[0, 1, 2], [3, 3, 0]]), np.ones((4, 4), int))
MOVED = np.roll(LABELS, 1, axis=1)
IMAGES = {name: pair for name, pair in hostile_pairs().items() if pair[0].ndim in (2, 3)}


@pytest.mark.parametrize("elements", ["surfels", "voxels"])
@pytest.mark.parametrize("name", IMAGES)
def test_each_matched_pair_is_measured_as_if_alone(name: str, elements: str) -> None:
    truth, pred = IMAGES[name]
    spacing = (2.0, 0.5, 0.25)[-truth.ndim :]
    surfaces = Pair(truth, pred, spacing).surfaces
    found = surfaces.distances("matched", elements)
    expected = [
        naive.both_ways(truth == one, pred == two, spacing, elements)
        for one, two in zip(*(ids.tolist() for ids in surfaces.matches), strict=True)
    ]
    for mine, theirs in ((found.truth, [a for a, _ in expected]), (found.pred, [b for _, b in expected])):
        whole = Profile.of(theirs)
        assert mine.totals == pytest.approx(whole.totals, rel=1e-6)
        assert mine.moments == pytest.approx(whole.moments, rel=1e-6)
        assert mine.largest == pytest.approx(whole.largest, abs=0)


@pytest.mark.parametrize("name", IMAGES)
def test_bands_are_counted_in_each_matched_pair(name: str) -> None:
    truth, pred = IMAGES[name]
    spacing = (2.0, 0.5, 0.25)[-truth.ndim :]
    surfaces = Pair(truth, pred, spacing).surfaces
    bands = surfaces.bands("matched", 1.0)
    for index, (one, two) in enumerate(zip(*(ids.tolist() for ids in surfaces.matches), strict=True)):
        near, other = naive.band(truth == one, spacing, 1.0), naive.band(pred == two, spacing, 1.0)
        assert (bands.truth[index], bands.pred[index]) == (near.sum(), other.sum())
        assert bands.both[index] == (near & other).sum()


def test_the_foreground_is_one_pair_of_masks() -> None:
    found = Pair(LABELS, MOVED, (1.0, 1.0)).surfaces.distances("foreground", "voxels")
    (distances, weights), _ = naive.both_ways(LABELS > 0, MOVED > 0, (1.0, 1.0), "voxels")
    assert found.truth.totals.tolist() == [weights.sum()]
    assert found.truth.moments == pytest.approx([(distances * weights).sum()])


def test_evidence_is_measured_once() -> None:
    surfaces = Pair(LABELS, MOVED, (1.0, 1.0)).surfaces
    assert surfaces.distances("matched", "voxels") is surfaces.distances("matched", "voxels")
    assert surfaces.distances("matched", "voxels") is not surfaces.distances("matched", "surfels")
    assert surfaces.bands("foreground", 2.0) is surfaces.bands("foreground", 2.0)


def test_labels_of_any_kind_are_compared() -> None:
    expected = Pair(LABELS, MOVED, (1.0, 1.0)).surfaces.distances("matched", "voxels").truth.moments
    large = LABELS.astype(np.uint64) + np.where(LABELS > 0, np.uint64(2**63), np.uint64(0))
    for truth in (large, LABELS.astype(np.int8), LABELS.astype(">i4"), np.asfortranarray(LABELS), LABELS.tolist()):
        found = Pair(truth, MOVED, (1.0, 1.0)).surfaces.distances("matched", "voxels")
        assert found.truth.moments == pytest.approx(expected, abs=0)


def test_pixels_are_an_explicit_choice() -> None:
    unknown, known = Pair(LABELS, MOVED), Pair(LABELS, MOVED, (0.5, 0.5))
    in_pixels = unknown.surfaces.distances("foreground", "voxels", "px")
    in_micrometres = known.surfaces.distances("foreground", "voxels", "um")
    assert in_pixels.truth.moments == pytest.approx(2 * in_micrometres.truth.moments)
    with pytest.raises(LabelError, match=r"the size of a voxel is unknown; accepted: --spacing Z Y X"):
        unknown.surfaces.distances("foreground", "voxels")
    with pytest.raises(LabelError, match=r"in pixels where a voxel is known to be 0.5 x 0.5 um"):
        known.surfaces.distances("foreground", "voxels", "px")
    with pytest.raises(LabelError, match=r"in pixels where a voxel is known"):
        known.surfaces.bands("foreground", 1.0, "px")


@pytest.mark.parametrize("shape", [(4,), (2, 2, 2, 2)])
def test_other_axes_than_two_or_three_are_refused(shape: tuple[int, ...]) -> None:
    labels = np.ones(shape, int)
    with pytest.raises(LabelError, match="surfaces are those of 2D and 3D images; found the shape"):
        _ = Pair(labels, labels, (1.0,) * len(shape)).surfaces


def test_masks_and_images_of_unequal_shape_are_refused() -> None:
    with pytest.raises(LabelError, match="the ignore mask has shape"):
        _ = Pair(LABELS, MOVED, (1.0, 1.0), ignore=np.zeros((2, 2), bool)).surfaces
    with pytest.raises(LabelError, match="equal shapes"):
        _ = Pair(LABELS, MOVED[1:], (1.0, 1.0)).surfaces


def test_ignored_voxels_take_their_elements_with_them() -> None:
    ignore = np.zeros(LABELS.shape, bool)
    ignore[:, 5:] = True
    found = Pair(LABELS, MOVED, (1.0, 1.0), ignore=ignore).surfaces.distances("foreground", "voxels")
    whole = Pair(LABELS[:, :5], MOVED[:, :5], (1.0, 1.0)).surfaces.distances("foreground", "voxels")
    assert 0 < found.truth.totals[0] <= whole.truth.totals[0]
    assert Pair(LABELS, MOVED, (1.0, 1.0), ignore=LABELS * 0).surfaces.ignored is not None


@pytest.mark.parametrize("elements", ["voxels", "surfels"])
@pytest.mark.parametrize("beside", [(slice(None), 4), (slice(0, 2),), (slice(None), slice(0, 2)), (7,)])
def test_ignored_voxels_beside_an_object_take_the_same_elements_of_it_alone(elements: Elements, beside: Any) -> None:
    truth = np.zeros((9, 9), int)
    truth[2:7, 2:6] = 3
    ignore = np.zeros(truth.shape, bool)
    ignore[beside] = True
    surfaces = Pair(truth, truth, (1.0, 2.0), ignore=ignore).surfaces
    together, alone = (surfaces.distances(scope, elements) for scope in ("foreground", "matched"))
    assert together.truth.totals[0] == pytest.approx(alone.truth.totals[0], rel=1e-12)
    assert len(together.truth.weights) == len(alone.truth.weights)


def test_an_object_among_ignored_voxels_has_no_elements_between_them_and_itself() -> None:
    truth = np.zeros((5, 5), int)
    truth[1:4, 1:4] = 1
    surfaces = Pair(truth, truth, (1.0, 1.0), ignore=truth == 0).surfaces
    for scope in ("foreground", "matched"):
        assert surfaces.distances(scope, "surfels").truth.weights.size == 0


def test_objects_dropped_at_the_border_have_no_surface() -> None:
    inner = np.zeros((12, 12), int)
    inner[4:8, 4:8] = 7
    truth, pred = inner.copy(), np.roll(inner, 1, axis=0)
    truth[:, 0], pred[-1] = 3, 4
    dropped = Pair(truth, pred, (1.0, 1.0), border="drop").surfaces
    alone = Pair(inner, np.roll(inner, 1, axis=0), (1.0, 1.0)).surfaces
    for scope in ("foreground", "matched"):
        found, expected = (one.distances(scope, "surfels") for one in (dropped, alone))
        assert np.array_equal(found.truth.distances, expected.truth.distances)
        assert np.array_equal(found.pred.weights, expected.pred.weights)


def test_an_ignored_label_takes_its_elements_with_it() -> None:
    ambiguous = np.where(LABELS == 2, 255, LABELS)
    by_label = Pair(ambiguous, MOVED, (1.0, 1.0), ignore=255).surfaces.distances("foreground", "voxels")
    by_mask = Pair(ambiguous, MOVED, (1.0, 1.0), ignore=LABELS == 2).surfaces.distances("foreground", "voxels")
    assert np.array_equal(by_label.truth.weights, by_mask.truth.weights)
    assert np.array_equal(by_label.pred.distances, by_mask.pred.distances)


def test_just_below_one_half_is_no_match() -> None:
    truth, pred = np.ones((10, 10), int), np.where(np.arange(100).reshape(10, 10) < 49, 1, 0)
    assert Pair(truth, pred, (1.0, 1.0)).surfaces.matches[0].size == 0
    assert Pair(truth, np.where(np.arange(100).reshape(10, 10) < 50, 1, 0), (1.0, 1.0)).surfaces.matches[0].size == 0
    assert Pair(truth, np.where(np.arange(100).reshape(10, 10) < 51, 1, 0), (1.0, 1.0)).surfaces.matches[0].size == 1


def test_bands_are_counted_by_scope_and_width_without_what_is_ignored() -> None:
    """Two objects that touch along a line of 6, in 36 voxels and in 30 of them."""
    truth = np.repeat([[0, 1, 1, 1, 2, 2, 2, 0]], 6, axis=0)
    pred = np.where(np.indices(truth.shape)[1] == 1, 0, truth)
    ignore = np.zeros(truth.shape, bool)
    ignore[:, 4:], ignore[0] = True, True
    surfaces = Pair(truth, pred, (1.0, 1.0)).surfaces
    whole, matched, wide = (
        surfaces.bands(scope, width) for scope, width in (("foreground", 0.5), ("matched", 0.5), ("foreground", 9.0))
    )
    assert [side.tolist() for side in (whole.truth, whole.pred, whole.both)] == [[20], [18], [14]]
    assert [side.tolist() for side in (matched.truth, matched.pred, matched.both)] == [[14, 14], [12, 14], [8, 14]]
    assert [side.tolist() for side in (wide.truth, wide.pred, wide.both)] == [[36], [30], [30]]
    assert all(side.dtype == np.float64 for side in (whole.truth, whole.pred, whole.both))
    known = Pair(truth, pred, (1.0, 1.0), ignore=ignore).surfaces.bands("foreground", 9.0)
    assert [side.tolist() for side in (known.truth, known.pred, known.both)] == [[15], [10], [10]]
