"""The search for the nearest element, beside every distance between any two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.surfaces import search
from harness.metrics.surfaces.profile import Profile
from harness.metrics.surfaces.search import Mask, Search
from tests.metrics.surfaces import naive
from tests.metrics.surfaces.masks import MaskPair, mask_pairs, named_pairs

NAMED = named_pairs()
KINDS = ("surfels", "voxels")


def assert_equal(found: tuple[np.ndarray, np.ndarray], expected: tuple[np.ndarray, np.ndarray]) -> None:
    """Equal sums, extremes and fractions at every distance; weights may be added up in another order."""
    mine, theirs = Profile.of([found]), Profile.of([expected])
    assert mine.totals == pytest.approx(theirs.totals, rel=1e-6)
    assert mine.largest == pytest.approx(theirs.largest, abs=0, nan_ok=True)
    for distance in np.unique(expected[0]):
        assert mine.within(distance) == pytest.approx(theirs.within(distance), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@given(mask_pairs())
def test_distances_are_the_shortest(kind: str, masks: MaskPair) -> None:
    truth, pred, spacing = masks
    expected = naive.both_ways(truth, pred, spacing, kind)
    for found, one in zip(Search(kind, spacing).both_ways(Mask(truth), Mask(pred)), expected, strict=True):
        assert_equal(found, one)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
@pytest.mark.parametrize("name", NAMED)
def test_what_is_not_found_near_is_found_far(monkeypatch: pytest.MonkeyPatch, name: str, steps: int, kind: str) -> None:
    monkeypatch.setattr(search, "MOST_STEPS", steps)
    monkeypatch.setattr(search, "MOST_ROWS", 2)
    truth, pred, spacing = NAMED[name]
    expected = naive.both_ways(truth, pred, spacing, kind)
    for found, one in zip(Search(kind, spacing).both_ways(Mask(truth), Mask(pred)), expected, strict=True):
        assert_equal(found, one)


@given(mask_pairs(), st.integers(1, 9))
def test_the_far_search_alone_finds_the_shortest(masks: MaskPair, steps: int) -> None:
    truth, pred, spacing = masks
    expected = naive.both_ways(truth, pred, spacing, "surfels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "MOST_STEPS", steps)
        found = Search("surfels", spacing).both_ways(Mask(truth), Mask(pred))
    for mine, one in zip(found, expected, strict=True):
        assert_equal(mine, one)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_and_memory_layout_change_nothing(kind: str) -> None:
    truth, pred, spacing = NAMED["ball and its shell"]
    plain = Search(kind, spacing).both_ways(Mask(truth), Mask(pred))
    with ThreadPoolExecutor(2) as pool:
        threaded = Search(kind, spacing).both_ways(Mask(truth), Mask(pred), apply=pool.map)
    turned = Search(kind, spacing[::-1]).both_ways(Mask(truth.T), Mask(pred.T))
    for one, other in zip(plain, threaded, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    for one, other in zip(plain, turned, strict=True):
        assert_equal(other, one)


@pytest.mark.parametrize("kind", KINDS)
@given(mask_pairs(), st.randoms(use_true_random=False))
def test_elements_with_an_ignored_voxel_are_none(kind: str, masks: MaskPair, random: object) -> None:
    truth, pred, spacing = masks
    ignored = np.array([random.random() < 0.2 for _ in range(truth.size)]).reshape(truth.shape)
    sides = []
    for mask in (truth, pred):
        places, weights = naive.elements(mask, spacing, kind)
        cells = np.round(places / np.array(spacing)).astype(int)
        if kind == "voxels":
            kept = [not ignored[tuple(cell)] for cell in cells]
        else:
            padded = np.pad(ignored, 1)
            kept = [not padded[tuple(slice(at, at + 2) for at in cell)].any() for cell in cells]
        keep = np.array(kept, bool)
        sides.append((places[keep], weights[keep]))
    found = Search(kind, spacing).both_ways(Mask(truth), Mask(pred), ignored)
    assert_equal(found[0], naive.one_way(sides[0], sides[1]))
    assert_equal(found[1], naive.one_way(sides[1], sides[0]))


@given(mask_pairs(), st.sampled_from([0.1, 0.25, 0.6, 1.0, 2.0, 7.5, 1000.0]))
def test_bands_are_the_voxels_near_a_border(masks: MaskPair, width: float) -> None:
    mask, _, spacing = masks
    assert np.array_equal(Search("voxels", spacing).band(Mask(mask), width), naive.band(mask, spacing, width))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_band_reaches_as_far_along_each_axis(axis: int) -> None:
    """A box of 9 x 9 x 9 voxels that are thin along one axis: along it, 4 layers at either end are nearer than 1."""
    spacing = tuple(0.25 if one == axis else 5.0 for one in range(3))
    expected = np.ones((9, 9, 9), bool)
    inner = [slice(1, 8)] * 3
    inner[axis] = slice(4, 5)
    expected[tuple(inner)] = False
    assert np.array_equal(Search("voxels", spacing).band(Mask(np.ones((9, 9, 9), bool)), 1.0), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_surface_without_elements_is_infinitely_far_and_has_no_distances(kind: str) -> None:
    some, none = np.array([[False, True, True]]), np.zeros((1, 3), bool)
    for ways in (
        Search(kind, (2.0, 1.0)).both_ways(Mask(some), Mask(none)),
        Search(kind, (2.0, 1.0)).both_ways(Mask(none), Mask(some))[::-1],
    ):
        (distances, weights), (no_distances, no_weights) = ways
        assert distances.tolist() == [np.inf]
        assert weights == pytest.approx(naive.elements(some, (2.0, 1.0), kind)[1].sum())
        assert (no_distances.size, no_weights.size) == (0, 0)


@pytest.mark.parametrize(
    "spacing",
    [
        (1.0, 1.0, 1.0),
        (5.0, 0.1, 0.1),
        (0.1, 5.0, 1.0),
        (1000.0, 0.01, 1.0),
        (1.0, 1.0, 120.0),
        (7.0, 1.0, 7.0),
        (0.5, 2.0),
    ],
)
def test_steps_leave_out_no_nearer_column(spacing: tuple[float, ...]) -> None:
    steps = Search("voxels", spacing).steps
    assert steps.shape == (search.MOST_STEPS, 2)
    is_flat = len(spacing) == 2
    grid = np.array((1.0, spacing[1]) if is_flat else spacing[::2])
    lengths = np.hypot(*(steps * grid).T)
    assert np.all(np.diff(lengths) >= 0)
    assert not is_flat or not steps[:, 0].any()
    columns, planes = int(lengths[-1] / grid[1]) + 1, 0 if is_flat else int(lengths[-1] / grid[0]) + 1
    every = np.mgrid[-planes : planes + 1, -columns : columns + 1].reshape(2, -1).T
    nearer = np.hypot(*(every * grid).T) < lengths[-1] * (1 - 1e-9)
    assert {tuple(step) for step in every[nearer]} <= {tuple(step) for step in steps}


@pytest.mark.parametrize("shape", [(1, 40_000), (40_000, 1)])
def test_long_axes_are_measured_too(shape: tuple[int, int]) -> None:
    truth, pred = np.zeros(shape, bool), np.zeros(shape, bool)
    truth[0, 0], pred[-1, -1] = True, True
    (distances, _), _ = Search("voxels", (1.0, 1.0)).both_ways(Mask(truth), Mask(pred))
    assert distances.tolist() == [39_999.0]


def test_a_mask_is_one_label_or_all_but_background() -> None:
    labels = np.array([[0, 3], [4, 3]])
    assert Mask(labels, 3).padded[0, 1:-1, 1:-1].tolist() == [[0, 1], [0, 1]]
    assert Mask(labels).padded[0, 1:-1, 1:-1].tolist() == [[0, 1], [1, 1]]
    assert Mask(labels).padded.sum() == 3
