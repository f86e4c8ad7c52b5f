"""Measures beside what the libraries' own tests state for the same masks, and their behaviour without a surface."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.metrics import Pair
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
