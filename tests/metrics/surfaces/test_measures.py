"""Measures beside what the libraries' own tests state for the same masks, and beside values worked out by hand; their
behaviour without a surface.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from harness.metrics import Pair
from harness.metrics.surfaces import measures
from harness.metrics.surfaces.evidence import Surfaces
from harness.metrics.surfaces.measures import band_measure, extreme_measure, mean_measure, overlap_measure
from harness.metrics.surfaces.tolerance import Tolerance
from harness.registry import metrics

Masks = tuple[np.ndarray, np.ndarray]


def box(shape: tuple[int, ...], *boxes: tuple[slice, ...]) -> np.ndarray:
    mask = np.zeros(shape, int)
    for one in boxes:
        mask[one] = 1
    return mask


def squares() -> Masks:
    return box((6, 6), np.s_[1:3, 1:3]), box((6, 6), np.s_[1:4, 1:3])


def cross() -> Masks:
    square = np.s_[3:8, 3:8]
    return box((11, 11), square), box((11, 11), square, np.s_[5:6, 1:10], np.s_[1:10, 5:6])


def outlier() -> Masks:
    return box((14, 14), np.s_[1:2, 1:2], np.s_[9:12, 9:12]), box((14, 14), np.s_[9:12, 9:12])


def clumps() -> Masks:
    truth = [[0, 0, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1], [0, 1, 1, 0]]
    return np.array(truth), box((4, 4), np.s_[1:3, 1:3])


def opposites() -> Masks:
    pred = np.array([[0, 1, 0, 1], [0, 1, 0, 1], [0, 1, 0, 0], [0, 1, 0, 0]])
    return 1 - pred, pred


def corners() -> Masks:
    return box((4, 4), np.s_[2:, 2:]), box((4, 4), np.s_[:3, :3], np.s_[3:, :1])


def nested(low: int, high: int) -> Masks:
    return box((14, 14), np.s_[5:9, 5:9]), box((14, 14), np.s_[low:high, low:high])


def one_row_less() -> Masks:
    return box((22, 22), np.s_[2:21, 2:21]), box((22, 22), np.s_[3:21, 2:21])


PIXELS = box((128, 128), np.s_[50:51, 70:71]), box((128, 128), np.s_[50:51, 72:73])
VOXELS = box((60, 70, 80), np.s_[50:51, 60:61, 70:71]), box((60, 70, 80), np.s_[50:51, 60:61, 72:73])
HALVES = box((100, 100, 100), np.s_[:50]), box((100, 100, 100), np.s_[:51])
DIAGONAL = math.hypot(2, 1) / 2
SMALL_SQUARE, TALL_SQUARE = 4 * DIAGONAL + 6, 4 * DIAGONAL + 10

SURFACE_DISTANCE = [
    ("2 pixels 2 mm apart", PIXELS, (2, 1), {"masd.surfels": 1.5, "hd.surfels": 2, "nsd.surfels.1um": 0.5}),
    (
        "2 voxels 2 mm apart",
        VOXELS,
        (3, 2, 1),
        {"masd.surfels": 1.5, "hd95.surfels": 2, "boundary-f1.surfels.1um": 0.5},
    ),
    (
        "2 squares shifted by one pixel",
        squares(),
        (2, 1),
        {
            "masd.surfels": (1 / SMALL_SQUARE + 2 * (2 * DIAGONAL + 1) / TALL_SQUARE) / 2,
            "assd.surfels": (1 + 2 * (2 * DIAGONAL + 1)) / (SMALL_SQUARE + TALL_SQUARE),
            "nsd.surfels.1um": (SMALL_SQUARE + TALL_SQUARE - 2 * DIAGONAL - 1) / (SMALL_SQUARE + TALL_SQUARE),
            "hd.surfels": 2,
            "hd95.surfels": 2,
        },
    ),
    (
        "2 cubes shifted by one voxel",
        HALVES,
        (2, 1, 1),
        {"masd.surfels": (0.322 + 0.339) / 2, "hd.surfels": 2, "hd95.surfels": 2, "nsd.surfels.1um": 0.836},
    ),
]
"""surface_distance_test.py of google-deepmind/surface-distance at 1f805ce; to three decimals."""

PANOPTICA = [
    ("no overlap", opposites(), (1, 1), {"masd.voxels": 1.05}),
    ("no overlap, voxels of 20", opposites(), (20, 20), {"masd.voxels": 21.0, "hd.voxels": 40.0}),
    (
        "underpredicted",
        clumps(),
        (1, 1),
        {
            "masd.voxels": 0.625,
            "nsd.panoptica.0.5um": 0.375,
            "nsd.panoptica.1um": 1,
            "hd.voxels": 1,
            "hd95.panoptica": 1,
        },
    ),
    ("overpredicted", clumps()[::-1], (1, 1), {"masd.voxels": 0.625, "hd.voxels": 1.0}),
    ("overlap but large discrepancy", corners(), (1, 1), {"hd.voxels": 2.82842712, "hd95.panoptica": 2.47301164}),
]
"""unit_tests/test_metrics.py of BrainLesion/panoptica at b0ac3e4; its ASSD is `masd` here."""

RELOADED = [
    (
        "figure 10",
        cross(),
        (1, 1),
        {"assd.voxels": 0.44, "masd.voxels": 0.425, "nsd.voxels.1um": 0.89, "nsd.voxels.2um": 1.0},
    ),
    (
        "figure SN 2.10, smaller",
        nested(6, 8),
        (1, 1),
        {"hd.voxels": 1.41, "masd.voxels": 1.07, "assd.voxels": 1.10, "nsd.voxels.1um": 0.75},
    ),
    (
        "figure SN 2.10, larger",
        nested(4, 10),
        (1, 1),
        {"hd.voxels": 1.41, "masd.voxels": 1.04, "assd.voxels": 1.05, "nsd.voxels.1um": 0.875},
    ),
    ("figure 5c", outlier(), (1, 1), {"hd.voxels": 11.31, "hd95.voxels": 6.79}),
    ("figure SN 2.12", one_row_less(), (1, 1), {"boundary-iou.voxels.1um": 0.6, "boundary-iou.voxels.2um": 0.8}),
]
"""test/test_metrics/test_pairwise_measures.py of Project-MONAI/MetricsReloaded at cb38dfc; to two decimals, SN 2.12 to
one."""


def assert_values(masks: Masks, spacing: tuple[float, ...], expected: dict[str, float], tolerance: float) -> None:
    pair = Pair(*masks, tuple(map(float, spacing)))
    for name, value in expected.items():
        assert metrics().get(name).of(pair) == pytest.approx(value, abs=tolerance), name


@pytest.mark.parametrize(
    ("masks", "spacing", "expected"), [c[1:] for c in SURFACE_DISTANCE], ids=[c[0] for c in SURFACE_DISTANCE]
)
def test_values_of_the_tests_of_surface_distance(
    masks: Masks, spacing: tuple[float, ...], expected: dict[str, float]
) -> None:
    assert_values(masks, spacing, expected, 5e-4)


@pytest.mark.parametrize(("masks", "spacing", "expected"), [c[1:] for c in PANOPTICA], ids=[c[0] for c in PANOPTICA])
def test_values_of_the_tests_of_panoptica(masks: Masks, spacing: tuple[float, ...], expected: dict[str, float]) -> None:
    assert_values(masks, spacing, expected, 1e-8)


@pytest.mark.parametrize(("masks", "spacing", "expected"), [c[1:] for c in RELOADED], ids=[c[0] for c in RELOADED])
def test_values_of_the_tests_of_metrics_reloaded(
    masks: Masks, spacing: tuple[float, ...], expected: dict[str, float]
) -> None:
    assert_values(masks, spacing, expected, 0.1 if "boundary-iou.voxels.1um" in expected else 0.01)


@pytest.mark.parametrize(
    ("empty", "expected"),
    [
        (
            (True, False),
            {"nsd.surfels.1um": 0, "nsd.voxels.1um": 0, "nsd.panoptica.1um": 0, "boundary-f1.voxels.1um": 0}
            | {
                "boundary-iou.voxels.1um": 0,
                "assd.surfels": math.nan,
                "masd.voxels": math.nan,
                "hd95.voxels": math.nan,
            },
        ),
        (
            (True, True),
            {
                "nsd.surfels.1um": math.nan,
                "nsd.voxels.1um": 1,
                "nsd.panoptica.1um": math.nan,
                "boundary-f1.voxels.1um": 1,
            }
            | {"boundary-iou.voxels.1um": 1, "assd.surfels": math.nan, "masd.voxels": 0, "hd.voxels": 0},
        ),
    ],
    ids=["prediction empty", "both empty"],
)
def test_without_a_surface(empty: tuple[bool, bool], expected: dict[str, float]) -> None:
    square = box((6, 6), np.s_[1:3, 1:3])
    pair = Pair(square * (not empty[1]), square * (not empty[0]), (1.0, 1.0))
    for name, value in expected.items():
        assert metrics().get(name).of(pair) == pytest.approx(value, nan_ok=True), name


UM, PX = Tolerance(0.5, "um", "0.5um"), Tolerance(1.0, "px", "1px")
IN_ROWS = [[0, 1, 2, 3, 4, 5, 9], [0, 1, 2, 3, 4, 5, 6, 10, 14]]


def in_rows(*, known: bool = True) -> Surfaces:
    """Two objects of a truth, both of them found, far from each other: each voxel is one of the surface.

    Of the first, a voxel of the truth is 1 voxel from the prediction's and the other 6 are among them; 2 of the
    prediction's 9 are 1 voxel from the truth's and one is 5. The second is the same 2 voxels in both. A voxel is 0.5 um
    wide; without `known` nobody says so.
    """
    truth, pred = np.zeros((7, 16), int), np.zeros((7, 16), int)
    truth[0, IN_ROWS[0]], pred[0, IN_ROWS[1]] = 4, 6
    truth[6, :2] = pred[6, :2] = 5
    return Pair(truth, pred, (8.0, 0.5) if known else None).surfaces


FRACTIONS = {
    "pooled dice": (measures.pooled_dice, 15 / 16, 19 / 20),
    "mean dice": (measures.mean_dice, (1 + 8 / 9) / 2, (1 + 10 / 11) / 2),
    "boundary F1": (measures.boundary_f1, 2 * (8 / 9) / (1 + 8 / 9), 2 * (10 / 11) / (1 + 10 / 11)),
}
MEANS = {
    "pooled distance": (measures.pooled_distance, 4 / 16, 4 / 20),
    "mean of means": (measures.mean_of_means, (0.5 / 7 + 3.5 / 9) / 2, (0.5 / 9 + 3.5 / 11) / 2),
}
EXTREMES = {
    "largest": (measures.largest, 2.5, 2.5),
    "95 % by weight": (measures.weighted_95, 2.5, 2.5),
    "95 % interpolated": (measures.interpolated_95, 0.5 + 0.6 * 2, 0.5 + 0.5 * 2),
    "95 % of both": (measures.joined_95, 0.5 + 0.25 * 2, 0.5 + 0.05 * 2),
}
"""What is computed, and what of the first object and of the foreground; the second object is found exactly.

Of the foreground there are 9 and 11 elements.
"""


def assert_numbers(found: Sequence[np.ndarray], expected: Sequence[Sequence[float]]) -> None:
    assert all(part.dtype.kind in "fi" for part in found)
    assert [part.tolist() for part in found] == [pytest.approx(list(row), nan_ok=True) for row in expected]


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("tolerance", [UM, PX], ids=str)
def test_a_fraction_is_of_the_elements_within_the_tolerance(name: str, tolerance: Tolerance) -> None:
    value, first, whole = FRACTIONS[name]
    made, surfaces = overlap_measure("voxels", value, math.nan), in_rows(known=tolerance is UM)
    matched, foreground = (made.parts(surfaces, scope, tolerance) for scope in ("matched", "foreground"))
    assert_numbers(matched, [[7, 2], [9, 2], [7, 2], [8, 2]])
    assert_numbers(foreground, [[9], [11], [9], [10]])
    assert_numbers([made.value(*matched), made.value(*foreground)], [[first, 1], [whole]])


@pytest.mark.parametrize("name", MEANS)
def test_a_mean_is_of_the_distances_of_the_elements(name: str) -> None:
    value, first, whole = MEANS[name]
    made, surfaces = mean_measure("voxels", value, math.nan), in_rows()
    matched, foreground = (made.parts(surfaces, scope, None) for scope in ("matched", "foreground"))
    assert_numbers(matched, [[7, 2], [9, 2], [0.5, 0], [3.5, 0], [0, 0]])
    assert_numbers(foreground, [[9], [11], [0.5], [3.5], [0]])
    assert_numbers([made.value(*matched), made.value(*foreground)], [[first, 0], [whole]])


@pytest.mark.parametrize("name", EXTREMES)
def test_an_extreme_is_one_of_the_distances_or_lies_between_two(name: str) -> None:
    value, first, whole = EXTREMES[name]
    made, surfaces = extreme_measure("voxels", value, math.nan), in_rows()
    matched, foreground = (made.parts(surfaces, scope, None) for scope in ("matched", "foreground"))
    assert_numbers(matched, [[7, 2], [9, 2], [first, 0]])
    assert_numbers(foreground, [[9], [11], [whole]])
    assert made.value(*matched) is matched[2]


@pytest.mark.parametrize("tolerance", [UM, PX], ids=str)
def test_a_band_is_shared_by_what_lies_in_both_bands(tolerance: Tolerance) -> None:
    made, surfaces = band_measure(math.nan), in_rows(known=tolerance is UM)
    matched, foreground = (made.parts(surfaces, scope, tolerance) for scope in ("matched", "foreground"))
    assert_numbers(matched, [[7, 2], [9, 2], [6, 2]])
    assert_numbers(foreground, [[9], [11], [8]])
    assert_numbers([made.value(*matched), made.value(*foreground)], [[6 / 10, 1], [8 / 12]])


def test_elements_that_count_less_than_one_are_elements() -> None:
    """Lengths and areas are in the unit of the voxels: a whole surface may count less than one."""
    less = [np.array([number]) for number in (0.25, 0.5, 0.125, 0.125)]
    assert overlap_measure("surfels", measures.pooled_dice, math.nan).value(*less) == pytest.approx([1 / 3])
    assert mean_measure("surfels", measures.pooled_distance, math.nan).value(*less, np.zeros(1)) == pytest.approx(1 / 3)
    assert band_measure(math.nan).value(*less[:3]) == pytest.approx([0.125 / 0.625])
    truth, pred = np.zeros((5, 5), int), np.zeros((5, 5), int)
    truth[1, 1], pred[1, 3] = 1, 1
    around = 4 * math.hypot(0.125, 0.125) / 2
    surfaces = Pair(truth, pred, (0.125, 0.125)).surfaces
    found = extreme_measure("surfels", measures.largest, math.nan).parts(surfaces, "foreground", None)
    assert_numbers(found, [[around], [around], [0.25]])


@pytest.mark.parametrize("side", ["truth", "pred"])
@pytest.mark.parametrize("voxels", [1, 3])
def test_one_surface_alone_leaves_distances_undefined(side: str, voxels: int) -> None:
    one = np.zeros((4, 4), int)
    one[1, :voxels] = 1
    images = (one, one * 0) if side == "truth" else (one * 0, one)
    surfaces, there = Pair(*images, (1.0, 1.0)).surfaces, [[voxels], [0]] if side == "truth" else [[0], [voxels]]
    fraction, mean = overlap_measure("voxels", measures.mean_dice, 1), mean_measure("voxels", measures.mean_of_means, 0)
    extreme, band = extreme_measure("voxels", measures.largest, 0), band_measure(1)
    assert_numbers(fraction.parts(surfaces, "foreground", UM), [*there, [0], [0]])
    assert_numbers(mean.parts(surfaces, "foreground", None), [*there, [0], [0], [1]])
    assert_numbers(extreme.parts(surfaces, "foreground", None), [*there, [math.nan]])
    assert_numbers(band.parts(surfaces, "foreground", UM), [*there, [0]])
    assert fraction.value(*fraction.parts(surfaces, "foreground", UM)).tolist() == [0]
    assert np.isnan(mean.value(*mean.parts(surfaces, "foreground", None))).all()
    assert band.value(*band.parts(surfaces, "foreground", UM)).tolist() == [0]


@pytest.mark.parametrize("voxels", [1, 3])
def test_surfaces_of_both_define_distances_however_few_their_elements(voxels: int) -> None:
    one, other = np.zeros((4, 4), int), np.zeros((4, 4), int)
    one[1, 0], other[1, :voxels] = 1, 1
    for truth, pred in ((one, other), (other, one)):
        surfaces = Pair(truth, pred, (1.0, 1.0)).surfaces
        mean = mean_measure("voxels", measures.pooled_distance, 0)
        parts = mean.parts(surfaces, "foreground", None)
        assert_numbers([mean.value(*parts)], [[sum(range(voxels)) / (voxels + 1)]])
        found = extreme_measure("voxels", measures.largest, 9).parts(surfaces, "foreground", None)
        assert found[2].tolist() == [voxels - 1]


@pytest.mark.parametrize("both_empty", [0.0, 1.0, math.nan])
def test_without_any_surface_a_measure_is_what_its_convention_says(both_empty: float) -> None:
    none = np.zeros((4, 4), int)
    surfaces = Pair(none, none, (1.0, 1.0)).surfaces
    made = [
        overlap_measure("voxels", measures.mean_dice, both_empty),
        mean_measure("voxels", measures.mean_of_means, both_empty),
        extreme_measure("voxels", measures.largest, both_empty),
        band_measure(both_empty),
    ]
    for one in made:
        parts = one.parts(surfaces, "foreground", UM)
        assert [part.tolist() for part in parts[:2]] == [[0], [0]]
        assert_numbers([one.value(*parts)], [[both_empty]])


def test_a_surface_without_elements_is_a_fraction_of_nothing_which_is_0() -> None:
    """Whatever lay in memory before."""
    some, none = np.full(4, 2.0), np.zeros(4)
    for value in (measures.mean_dice, measures.boundary_f1, measures.pooled_dice):
        for _ in range(20):
            dirty = [np.full(4, 7.0) for _ in range(20)]
            del dirty
            assert value(none, none, none, none).tolist() == [0] * 4
            assert value(some, some, some, some).tolist() == [1] * 4


def test_counts_have_the_names_that_they_are_kept_and_pooled_by() -> None:
    fraction, band = overlap_measure("surfels", measures.pooled_dice, 1), band_measure(1)
    mean, extreme = mean_measure("voxels", measures.mean_of_means, 0), extreme_measure("voxels", measures.largest, 0)
    assert fraction.names is not None
    assert fraction.names(PX) == (
        "surface.surfels.px.truth",
        "surface.surfels.px.pred",
        "surface.surfels.px.truth.within.1px",
        "surface.surfels.px.pred.within.1px",
    )
    assert mean.names is not None
    assert mean.names(None) == (
        "surface.voxels.um.truth",
        "surface.voxels.um.pred",
        "surface.voxels.um.truth.distance",
        "surface.voxels.um.pred.distance",
        "surface.voxels.um.unpaired",
    )
    assert extreme.names is None
    assert band.names is not None
    assert band.names(UM) == ("band.0.5um.truth", "band.0.5um.pred", "band.0.5um.both")
