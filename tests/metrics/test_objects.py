"""The object table: rows worked by hand, and columns that add up to the metrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from harness.metrics.classes import CLASSES
from harness.metrics.information import METRICS as INFORMATION
from harness.metrics.objects import ObjectRows, ObjectTable
from harness.metrics.pair import Pair
from tests.metrics.images import Pair as Images
from tests.metrics.images import hostile_pairs, pairs

VOI = {metric.id: metric for metric in INFORMATION}
PARTNERS = ("partner", "iou", "iot", "iop")


def of(truth: object, pred: object) -> ObjectTable:
    return Pair(np.asarray(truth), np.asarray(pred)).objects


def test_rows_worked_by_hand() -> None:
    """Truth 4 has 4 voxels, 3 of them in prediction 7 (of 5 voxels) and 1 in prediction 2 (of 2)."""
    truth = [[4, 4, 4, 4], [0, 0, 0, 9]]
    pred = [[7, 7, 7, 2], [7, 7, 0, 2]]
    table = of(truth, pred)
    assert table.truth.place.ids.tolist() == [4, 9]
    assert [CLASSES[index] for index in table.truth.classes] == ["poor boundary", "poor boundary"]
    assert table.truth.partner.tolist() == [7, 2]
    assert table.truth.iou.tolist() == [3 / 6, 1 / 2]
    assert table.truth.iot.tolist() == [3 / 4, 1.0]
    assert table.truth.iop.tolist() == [3 / 5, 1 / 2]
    assert table.truth.place.centroid.tolist() == [[0.0, 1.5], [1.0, 3.0]]
    assert table.pred.place.ids.tolist() == [2, 7]
    assert table.pred.partner.tolist() == [9, 4]
    # H(prediction | truth): of truth 4, 3 of 4 and 1 of 4 voxels; of the background 2 of 3 and 1 of 3; N = 8
    split = (3 * math.log2(4 / 3) + math.log2(4)) / 8
    assert table.truth.voi_split == pytest.approx([split, 0.0], abs=1e-15)
    # truth 4 shares prediction 7 (3 of 5) and prediction 2 (1 of 2); truth 9 the other half of prediction 2
    merge = (3 * math.log2(5 / 3) + math.log2(2)) / 8
    assert table.truth.voi_merge == pytest.approx([merge, 1 / 8], abs=1e-15)
    assert table.pred.voi_merge == pytest.approx([2 / 8, (3 * math.log2(5 / 3) + 2 * math.log2(5 / 2)) / 8], abs=1e-15)


@given(pairs())
def test_partners_are_the_best_of_all(images: Images) -> None:
    table = of(*images)
    _check_partners(table.truth, images[0], images[1], of_truth=True)
    _check_partners(table.pred, images[1], images[0], of_truth=False)


def _check_partners(rows: ObjectRows, own: np.ndarray, others: np.ndarray, *, of_truth: bool) -> None:
    for row, label in enumerate(rows.place.ids.tolist()):
        mine = own == label
        found = []
        for other in (label for label in np.unique(others).tolist() if label):
            theirs = others == other
            shared = int((mine & theirs).sum())
            if shared:
                shares = (shared / int(mine.sum()), shared / int(theirs.sum()))
                iou = shared / int((mine | theirs).sum())
                found.append((-iou, other, *(shares if of_truth else shares[::-1])))
        expected = min(found, default=(0.0, 0, 0.0, 0.0))
        values = tuple(getattr(rows, name)[row].item() for name in PARTNERS)
        assert values == (expected[1], -expected[0], *expected[2:])


@given(pairs())
def test_the_voi_is_what_objects_and_background_add(images: Images) -> None:
    table, overlap = of(*images), Pair(*images).overlap
    for rows, labels in ((table.truth, images[0]), (table.pred, images[1])):
        for name in ("split", "merge"):
            shares = getattr(rows, f"voi_{name}")
            total = VOI[f"voi.{name}"](overlap)
            assert np.all(shares >= 0)
            assert math.fsum(shares) <= total + 1e-12
            if np.all(labels != 0):
                assert math.fsum(shares) == pytest.approx(total, abs=1e-12)


@given(pairs())
def test_the_images_exchanged_exchange_the_sides(images: Images) -> None:
    one, other = of(*images), of(*images[::-1])
    for a, b in ((one.truth, other.pred), (one.pred, other.truth)):
        assert np.array_equal(a.partner, b.partner)
        assert np.array_equal(a.iou, b.iou)
        assert np.array_equal(a.iot, b.iop)
        assert a.voi_split == pytest.approx(b.voi_merge, abs=1e-15)


@given(pairs())
def test_an_image_compared_with_itself(images: Images) -> None:
    for image in images:
        rows = of(image, image).truth
        assert np.array_equal(rows.partner, rows.place.ids)
        assert np.all(rows.iou == 1)
        assert not rows.voi_split.any()


@pytest.mark.parametrize("name", hostile_pairs())
def test_hostile_pairs_have_a_row_per_object(name: str) -> None:
    truth, pred = hostile_pairs()[name]
    table = of(truth, pred)
    for rows, image in ((table.truth, truth), (table.pred, pred)):
        count = np.unique(image[image > 0]).size
        columns = (rows.classes, rows.voi_split, rows.voi_merge, *(getattr(rows, one) for one in PARTNERS))
        assert {column.shape for column in columns} == {(count,)}


def test_of_partners_of_one_iou_the_least_label_is_taken() -> None:
    """Forty true and three predicted objects share a voxel each with each."""
    truth, pred = np.repeat(np.arange(1, 41), 3), np.tile([1, 2, 3], 40)
    table = Pair(truth, pred).objects
    assert table.truth.partner.tolist() == [1] * 40
    assert table.pred.partner.tolist() == [1] * 3


def test_the_best_partner_may_be_any_of_them() -> None:
    truth, pred = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3]), np.array([1, 1, 2, 2, 3, 3, 3, 3, 3])
    table = Pair(truth, pred).objects
    assert table.truth.partner.tolist() == [1, 3, 3]
    assert table.truth.iou.tolist() == pytest.approx([2 / 3, 1 / 3, 3 / 5])
    assert table.pred.partner.tolist() == [1, 1, 3]


def test_partners_are_exact_beyond_what_floats_tell_apart() -> None:
    labels = np.array([2**60, 2**60 + 1], np.uint64)
    table = Pair(labels, labels).objects
    assert table.truth.partner.tolist() == table.pred.partner.tolist() == labels.tolist()
