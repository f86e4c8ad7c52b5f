"""Conventions beside the libraries that define them, on generated masks; a library that is not here is named."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings

from harness.metrics import Pair
from harness.metrics.surfaces.conventions import CONVENTIONS
from harness.registry import metrics
from tests.metrics.surfaces.masks import MaskPair, mask_pairs, named_pairs

NAMED = named_pairs()
TOLERANCES = (0.25, 1.0, 2.5)


def ours(name: str, masks: MaskPair) -> float:
    return metrics().get(name).of(Pair(*masks))


def assert_surface_distance(masks: MaskPair) -> None:
    library = pytest.importorskip("surface_distance.metrics", reason="surface-distance is not installed")
    truth, pred, spacing = masks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = library.compute_surface_distances(truth, pred, spacing)
    averages = library.compute_average_surface_distance(found)
    assert ours("masd.surfels", masks) == pytest.approx(np.mean(averages), rel=1e-6)
    assert ours("hd.surfels", masks) == pytest.approx(library.compute_robust_hausdorff(found, 100), rel=1e-9)
    around = [library.compute_robust_hausdorff(found, percent) for percent in (95 - 1e-6, 95 + 1e-6)]
    assert ours("hd95.surfels", masks) in [pytest.approx(distance, rel=1e-9) for distance in around]
    for tolerance in TOLERANCES:
        dice = library.compute_surface_dice_at_tolerance(found, tolerance)
        assert ours(f"nsd.surfels.{tolerance:g}um", masks) == pytest.approx(dice, rel=1e-6)
        recall, precision = library.compute_surface_overlap_at_tolerance(found, tolerance)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        assert ours(f"boundary-f1.surfels.{tolerance:g}um", masks) == pytest.approx(f1, rel=1e-6)


@given(mask_pairs(empty=False))
def test_surface_distance_agrees(masks: MaskPair) -> None:
    assert_surface_distance(masks)


@pytest.mark.parametrize("name", NAMED)
def test_surface_distance_agrees_on_hard_masks(name: str) -> None:
    assert_surface_distance(NAMED[name])


def assert_panoptica(masks: MaskPair) -> None:
    library = pytest.importorskip("panoptica.metrics._surface_distances", reason="panoptica is not installed")
    truth, pred, spacing = masks
    of_truth, of_pred = library._surface_distance_pair(truth, pred, spacing)
    assert ours("masd.voxels", masks) == pytest.approx(library._assd_from_pair(of_truth, of_pred), rel=1e-9)
    assert ours("hd.voxels", masks) == pytest.approx(library._hd_from_pair(of_truth, of_pred), rel=1e-9)
    assert ours("hd95.panoptica", masks) == pytest.approx(library._hd95_from_pair(of_truth, of_pred), rel=1e-9)
    for tolerance in TOLERANCES:
        dice = library._nsd_from_pair(of_truth, of_pred, threshold=tolerance)
        assert ours(f"nsd.panoptica.{tolerance:g}um", masks) == pytest.approx(dice, rel=1e-9)


@given(mask_pairs(empty=False))
def test_panoptica_agrees(masks: MaskPair) -> None:
    assert_panoptica(masks)


@pytest.mark.parametrize("name", NAMED)
def test_panoptica_agrees_on_hard_masks(name: str) -> None:
    assert_panoptica(NAMED[name])


def assert_metrics_reloaded(masks: MaskPair) -> None:
    reason = "MetricsReloaded is not installed"
    library = pytest.importorskip("MetricsReloaded.metrics.pairwise_measures", reason=reason)
    truth, pred, spacing = masks
    for tolerance in TOLERANCES:
        options = {"nsd": tolerance, "hd_perc": 95, "boundary_dist": tolerance}
        measures = library.BinaryPairwiseMeasures(
            pred.astype(int), truth.astype(int), dict_args=options, pixdim=list(spacing)
        )
        largest, average, percentile, means = measures.measured_distance()
        assert ours("hd.voxels", masks) == pytest.approx(largest, rel=1e-9)
        assert ours("assd.voxels", masks) == pytest.approx(average, rel=1e-9)
        assert ours("hd95.voxels", masks) == pytest.approx(percentile, rel=1e-9)
        assert ours("masd.voxels", masks) == pytest.approx(means, rel=1e-9)
        dice = measures.normalised_surface_distance()
        assert ours(f"nsd.voxels.{tolerance:g}um", masks) == pytest.approx(dice, rel=1e-9)
        in_voxels = (truth, pred, (1.0,) * truth.ndim)
        band = measures.boundary_iou()
        assert ours(f"boundary-iou.voxels.{tolerance:g}um", in_voxels) == pytest.approx(band, rel=1e-9)


@given(mask_pairs(empty=False))
@settings(max_examples=50)
def test_metrics_reloaded_agrees(masks: MaskPair) -> None:
    assert_metrics_reloaded(masks)


@pytest.mark.parametrize("name", NAMED)
def test_metrics_reloaded_agrees_on_hard_masks(name: str) -> None:
    assert_metrics_reloaded(NAMED[name])


def test_conventions_say_what_two_empty_images_are() -> None:
    for one in CONVENTIONS:
        assert math.isnan(one.both_empty) or one.both_empty == (1.0 if one.has_tolerance else 0.0)
    assert len({one.id for one in CONVENTIONS}) == len(CONVENTIONS)
