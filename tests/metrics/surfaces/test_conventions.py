"""Conventions beside the libraries that define them, on generated masks; a library that is not here is named."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from harness.metrics import Pair
from harness.metrics.surfaces.conventions import CONVENTIONS, SURFELS, VOXELS, Convention
from harness.metrics.surfaces.tolerance import parsed
from harness.registry import metrics
from tests.metrics.surfaces.masks import MaskPair, mask_pairs, named_pairs, random_pairs
from tests.peers import ask

NAMED = named_pairs()
TOLERANCES = (0.25, 1.0, 2.5)
SIDES = ("truth", "pred", "spacing")


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


def test_surface_distance_agrees_on_random_masks() -> None:
    for masks in random_pairs(400).values():
        assert_surface_distance(masks)


@pytest.mark.parametrize("peer", ["panoptica", "reloaded"])
def test_libraries_in_a_python_of_their_own_agree(peer: str, tmp_path: Path) -> None:
    masks = {**NAMED, **random_pairs(400)}
    images = {f"{side}.{name}": one[index] for name, one in masks.items() for index, side in enumerate(SIDES)}
    answers = ask(peer, tmp_path, images, *map("{:g}".format, TOLERANCES))
    assert set(answers) == set(masks)
    worst = 0.0
    for name, (truth, pred, spacing) in masks.items():
        pair, in_voxels = Pair(truth, pred, spacing), Pair(truth, pred)
        for metric, theirs in answers[name].items():
            mine = metrics().get(metric).of(in_voxels if metric.endswith("px") else pair)
            worst = max(worst, abs(mine - theirs))
            assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12), f"{metric} of {name}"
    assert worst < 1e-9


def test_conventions_say_what_two_empty_images_are() -> None:
    for one in CONVENTIONS:
        assert math.isnan(one.both_empty) or one.both_empty == (1.0 if one.has_tolerance else 0.0)
    assert len({one.id for one in CONVENTIONS}) == len(CONVENTIONS)


@pytest.mark.parametrize("one", CONVENTIONS, ids=lambda one: one.id)
def test_a_convention_is_what_its_id_and_its_measure_say(one: Convention) -> None:
    none = np.zeros((3, 3), int)
    assert one.has_tolerance is (one.id.partition(".")[0] in ("nsd", "boundary-f1", "boundary-iou"))
    assert one.elements == (SURFELS if one.id.endswith(".surfels") else VOXELS)
    assert all(isinstance(text, str) and text for text in (one.title, one.formula))
    assert "doi:" in one.source
    parts = one.measure.parts(Pair(none, none, (1.0, 1.0)).surfaces, "foreground", parsed("2um"))
    assert one.measure.value(*parts) == pytest.approx([one.both_empty], nan_ok=True)
