"""The metrics of surfaces: laws, ids, pooled values, objects that find no partner, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.errors import LabelError, RegistryError
from harness.metrics import Metric, Pair
from harness.metrics.cases import CASES
from harness.metrics.surfaces.conventions import CONVENTIONS, Convention
from harness.metrics.surfaces.metrics import EXAMPLE, FAMILIES, METRICS, SCOPES, _family, _metric
from harness.metrics.surfaces.tolerance import parsed
from harness.registry import metrics
from tests.metrics.surfaces.masks import MaskPair, mask_pairs

EXAMPLES = tuple(metrics().get(family.example) for family in FAMILIES)
EVERY = (*METRICS, *EXAMPLES)
DISTANCES = [metric.id for metric in METRICS if metric.id.count(".") == 1]
FRACTIONS = [metric.id.removesuffix(".2um") for metric in EXAMPLES if metric.id.count(".") == 2]


def value(name: str, masks: MaskPair) -> float:
    return metrics().get(name).of(Pair(*masks))


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.id)
def test_edge_cases_hold(metric: Metric) -> None:
    for case, expected in metric.edge_cases:
        truth, pred = CASES[case]()
        found = metric.of(Pair(truth, pred, (1.0, 1.0)))
        assert found == pytest.approx(expected, abs=5e-5, nan_ok=True), case
        assert metric.nan_rule != "never" or not math.isnan(found)


@pytest.mark.parametrize("name", [*DISTANCES, *(f"{name}.1um" for name in FRACTIONS)])
@given(mask_pairs(empty=False))
def test_identity_symmetry_and_bounds(name: str, masks: MaskPair) -> None:
    truth, pred, spacing = masks
    metric = metrics().get(name)
    best = 1.0 if metric.direction == "higher" else 0.0
    assert value(name, (truth, truth, spacing)) == pytest.approx(best, abs=1e-12)
    found = value(name, masks)
    assert found == pytest.approx(value(name, (pred, truth, spacing)), rel=1e-9)
    assert metric.range[0] <= found <= metric.range[1] + 1e-12


@pytest.mark.parametrize("name", DISTANCES)
@given(mask_pairs(empty=False), st.sampled_from([0.5, 2.0, 8.0]))
def test_distances_scale_with_the_voxel(name: str, masks: MaskPair, factor: float) -> None:
    truth, pred, spacing = masks
    larger = tuple(step * factor for step in spacing)
    assert value(name, (truth, pred, larger)) == pytest.approx(factor * value(name, masks), rel=1e-9)


@pytest.mark.parametrize("name", FRACTIONS)
@given(mask_pairs(empty=False))
def test_a_fraction_grows_with_the_tolerance_up_to_one(name: str, masks: MaskPair) -> None:
    found = [value(f"{name}.{tolerance}um", masks) for tolerance in ("0.1", "0.5", "1", "3", "1000")]
    assert name.startswith("boundary-iou") or found == sorted(found)
    assert name.startswith("boundary-iou") or found[-1] == 1
    inside = np.count_nonzero(masks[0] & masks[1]) / np.count_nonzero(masks[0] | masks[1])
    assert not name.startswith("boundary-iou") or found[-1] == pytest.approx(inside)


@pytest.mark.parametrize("name", ["hd.surfels", "hd.voxels"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_displaced_box_is_as_far_as_it_was_moved(name: str, axis: int, steps: int) -> None:
    box = np.zeros((12, 12, 12), bool)
    box[4:8, 4:8, 4:8] = True
    spacing = (2.0, 0.5, 0.25)
    assert value(name, (box, np.roll(box, steps, axis), spacing)) == pytest.approx(steps * spacing[axis])


@pytest.mark.parametrize("scope", SCOPES)
def test_objects_are_matched_and_weighed_as_the_id_says(scope: str) -> None:
    """Truth has two objects, one found a voxel off; a third is predicted. The foreground knows no objects."""
    truth, pred = np.zeros((20, 30), int), np.zeros((20, 30), int)
    truth[2:8, 2:8], truth[12:18, 2:8] = 1, 2
    pred[2:8, 3:9], pred[12:18, 20:26] = 5, 6
    alone = metrics().get("nsd.voxels.0.5um").of(Pair(truth == 1, pred == 5, (1.0, 1.0)))
    whole = metrics().get("nsd.voxels.0.5um").of(Pair(truth > 0, pred > 0, (1.0, 1.0)))
    expected = {"": whole, "matched": alone, "panoptic": 2 * alone / 4}[scope]
    name = ".".join(filter(None, ("nsd.voxels", scope, "0.5um")))
    assert metrics().get(name).of(Pair(truth, pred, (1.0, 1.0))) == pytest.approx(expected)


def test_matched_objects_that_touch_keep_their_surfaces() -> None:
    """As one foreground the two halves have no border between them."""
    truth = np.repeat([[1] * 4 + [2] * 4], 8, axis=0)
    pred = np.repeat([[1] * 5 + [2] * 3], 8, axis=0)
    pair = Pair(truth, pred, (1.0, 1.0))
    assert metrics().get("hd.voxels").of(pair) == 0
    assert metrics().get("hd.voxels.matched").of(pair) == 1


@pytest.mark.parametrize("metric", [metric for metric in EVERY if metric.is_addable], ids=lambda metric: metric.id)
def test_pooled_images_are_like_images_side_by_side(metric: Metric) -> None:
    """With a gap between them that is wider than the tolerance and than any distance within one."""
    one, two = CASES["1 split 60:40"](), CASES["identical"]()
    gap = np.zeros((20, 60), int)
    far = tuple(np.where(image > 0, image + 10, 0) for image in two)
    whole = Pair(*(np.hstack([a, gap, b]) for a, b in zip(one, far, strict=True)), (1.0, 1.0))
    parts = [metric.counts_of(Pair(*images, (1.0, 1.0))) for images in (one, two)]
    assert metric.pooled(parts) == pytest.approx(metric.of(whole), rel=1e-9)


def test_what_has_no_sum_is_not_pooled() -> None:
    for name in ("hd.surfels", "hd95.voxels", "hd95.panoptica"):
        with pytest.raises(LabelError, match="keeps no addable counts and cannot be pooled"):
            metrics().get(name).pooled([{}])


def test_an_image_with_one_empty_side_leaves_the_pooled_distance_undefined() -> None:
    metric = metrics().get("assd.voxels")
    parts = [metric.counts_of(Pair(*CASES[case](), (1.0, 1.0))) for case in ("identical", "truth empty, 2 predicted")]
    assert math.isnan(metric.pooled(parts))


def test_an_id_is_made_once_and_only_in_its_one_form() -> None:
    known = metrics()
    assert known.get("nsd.surfels.0.35um") is known.get("nsd.surfels.0.35um")
    assert known.get("nsd.surfels.matched.2px").id == "nsd.surfels.matched.2px"
    assert "nsd.surfels.2um" in known
    assert "nsd.surfels.2.0um" not in known
    assert "assd.surfels.2um" not in known
    for wrong in ("nsd.surfels.2.0um", "nsd.surfels", "nsd.surfels.2"):
        with pytest.raises(
            RegistryError, match=r"unknown .*; accepted: 'nsd.surfels.<tolerance>um', as 'nsd.surfels.2um'"
        ):
            known.get(wrong)
    with pytest.raises(RegistryError, match=r"accepted: 'nsd.surfels.matched.<tolerance>um'"):
        known.get("nsd.surfels.matched.02um")
    with pytest.raises(RegistryError, match=r"unknown metric 'hd95.surfel'; did you mean 'hd95.surfels'"):
        known.get("hd95.surfel")
    with pytest.raises(RegistryError, match=r"stands for many metrics; accepted: one of them, as 'nsd.surfels.2um'"):
        known.get("nsd.surfels.<tolerance>um")


def test_families_are_listed_and_named_metrics_alone_are_computed() -> None:
    assert [family.id for family in metrics().families] == sorted(family.id for family in FAMILIES)
    labels = np.ones((4, 4), int)
    assert not set(harness.score(labels, labels)) & {metric.id for metric in EVERY}


def test_every_metric_is_documented() -> None:
    for metric in EVERY:
        assert "doi:" in metric.source
        assert "IoU > .5" in metric.definition or "foreground as a whole" in metric.definition
        assert metric.needs == "surfaces"
    assert len({metric.id for metric in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    ("convention", "scope"),
    [(one, scope) for one in CONVENTIONS for scope in SCOPES if one.has_tolerance or scope != "panoptic"],
    ids=lambda one: one if isinstance(one, str) else one.id,
)
def test_a_metric_made_anew_is_what_its_convention_and_its_scope_say(convention: Convention, scope: str) -> None:
    words = [convention.id, *([scope] if scope else []), *([EXAMPLE] if convention.has_tolerance else [])]
    metric = _metric(convention, scope, parsed(EXAMPLE) if convention.has_tolerance else None)
    assert metric.id == ".".join(words)
    assert metric.source == convention.source
    test_edge_cases_hold(metric)
    cases = dict(metric.edge_cases)
    assert len(cases) == (6 if scope else 4)
    assert cases["identical"] == (1 if convention.has_tolerance else 0)
    said = [convention.formula, convention.elements, SCOPES[scope]]
    assert all(text in metric.definition for text in said)
    both, one = (f"{cases[case]:g}".replace("nan", "NaN") for case in ("both empty", "truth empty, 2 predicted"))
    empty = "NaN where nothing matches" if scope == "matched" else f"both empty {both}, one empty {one}"
    assert f"; {empty}; " in metric.definition


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("convention", [one for one in CONVENTIONS if one.has_tolerance], ids=lambda one: one.id)
def test_a_family_makes_the_metrics_of_its_tolerances_alone(convention: Convention, scope: str) -> None:
    family = _family(convention, scope)
    prefix = ".".join(filter(None, (convention.id, scope)))
    assert (family.id, family.example) == (f"{prefix}.<tolerance>um", f"{prefix}.2um")
    for tolerance in ("2um", "0.35um", "1px"):
        made = family.make(f"{prefix}.{tolerance}")
        assert made is not None
        assert made.id == f"{prefix}.{tolerance}"
        assert made.title.split(" at ")[1].startswith(tolerance)
    for other in (f"{prefix}.2", f"{prefix}.02um", f"{prefix}2um", prefix, "2um", f"x{prefix}.2um"):
        assert family.make(other) is None


def test_counts_of_objects_are_kept_by_the_measure_whatever_unmatched_objects_count() -> None:
    truth = np.repeat([[1] * 4 + [2] * 4], 8, axis=0)
    convention = next(one for one in CONVENTIONS if one.id == "nsd.voxels")
    for scope in ("matched", "panoptic"):
        counts = _metric(convention, scope, parsed("2um")).counts_of(
            Pair(truth, np.where(truth == 1, 1, 0), (1.0, 1.0))
        )
        assert counts == {
            "objects.truth": 2,
            "objects.pred": 1,
            "nsd.voxels.matched.2um.pairs": 1,
            "nsd.voxels.matched.2um.sum": 1,
        }


def test_a_matched_object_of_which_no_surface_is_left_is_no_pair() -> None:
    """About a diamond everything is ignored, and with it its surface; a hole in its middle has one of its own."""
    diamond = (np.abs(np.indices((7, 7)) - 3).sum(axis=0) <= 2).astype(int)
    holed = diamond.copy()
    holed[3, 3] = 0
    for truth, pred, pairs in ((diamond, diamond, 0), (diamond, holed, 0), (holed, diamond, 0), (holed, holed, 1)):
        pair = Pair(truth, pred, (1.0, 1.0), ignore=diamond == 0)
        for name in ("hd.surfels.matched", "nsd.surfels.matched.2um"):
            assert metrics().get(name).counts_of(pair)[f"{name}.pairs"] == pairs
    voxel = np.zeros((3, 3), int)
    voxel[1, 1] = 1
    assert metrics().get("hd.voxels.matched").of(Pair(voxel, voxel, (1.0, 1.0))) == 0
