"""Where a library says what no evaluation can mean, or stops: the smallest example, and what the harness says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.metrics import METRICS, Pair
from tests.oracles.libraries import LIBRARIES, quiet

pytestmark = pytest.mark.oracle
BY_ID = {metric.id: metric for metric in METRICS}
OBJECTS = np.array([[1, 1, 2, 2]])
NOTHING = np.zeros((1, 4), np.int64)


def needs(name: str) -> None:
    (library,) = [library for library in LIBRARIES if library.name == name]
    if library.absent:
        pytest.skip(library.absent)


def ours(name: str, truth: np.ndarray, pred: np.ndarray) -> float:
    return BY_ID[name].of(Pair(truth, pred))


def test_cellpose_4_exceeds_one_without_background() -> None:
    """A perfect prediction of three objects that fill the image: two objects are counted, and three matches."""
    needs("cellpose 4")
    from cellpose.metrics import average_precision

    solid = np.array([[1, 2, 3]])
    with quiet():
        found = average_precision(solid, solid, threshold=[0.5])[0]
    assert found[0] == pytest.approx(3.0)
    assert math.isnan(ours("ap50.cellpose4", solid, solid))


def test_cellpose_3_counts_the_greatest_label() -> None:
    """Two objects called 10 and 20 are twenty objects."""
    needs("cellpose 3")
    from cellpose.metrics import average_precision

    truth = np.array([[0, 10, 20]])
    with quiet():
        found = average_precision(truth, truth, threshold=[0.5])[0]
    assert found[0] == pytest.approx(2 / 38)
    assert ours("ap50.cellpose", truth, truth) == pytest.approx(2 / 38)
    assert ours("ap50.canonical", truth, truth) == 1.0


def test_elf_divides_by_zero_without_truth_objects() -> None:
    needs("elf")
    from elf.evaluation import rand_index

    with pytest.raises(ZeroDivisionError):
        rand_index(OBJECTS, NOTHING, ignore_gt=[0])
    assert math.isnan(ours("arand.elf-gt0", NOTHING, OBJECTS))


def test_elf_and_bioimage_py_call_nothing_at_all_perfect() -> None:
    """Variation of information of no voxel is 0 in elf, and undefined here."""
    needs("elf")
    from elf.evaluation import variation_of_information

    assert tuple(map(float, variation_of_information(OBJECTS, NOTHING, ignore_gt=[0]))) == (0.0, 0.0)
    assert math.isnan(ours("voi.sum.gt0", NOTHING, OBJECTS))


def test_elf_drops_voxels_that_are_0_in_both_images_only() -> None:
    """What is called ignore_gt=[0], ignore_seg=[0] keeps a voxel that one image has in an object."""
    needs("elf")
    from elf.evaluation import variation_of_information

    truth, pred = np.array([[1, 1, 0, 0]]), np.array([[1, 0, 1, 0]])
    split, merge = variation_of_information(pred, truth, ignore_gt=[0], ignore_seg=[0])
    assert (split, merge) == pytest.approx((2 / 3, 2 / 3))
    assert (ours("voi.split.elf-both0", truth, pred), ours("voi.split.both0", truth, pred)) == pytest.approx((2 / 3, 0))


def test_two_empty_images_are_worth_one_zero_or_nothing() -> None:
    values = {name: ours(name, NOTHING, NOTHING) for name in ("pq.canonical", "pq.stardist", "pq.panoptica")}
    assert values["pq.canonical"] == 1.0
    assert values["pq.stardist"] == 0.0
    assert math.isnan(values["pq.panoptica"])


def test_ctcmetrics_calls_seg_zero_without_true_objects() -> None:
    needs("py-ctcmetrics")
    from ctc_metrics.metrics import seg

    assert seg([[]], [[]]) == 0.0
    assert math.isnan(ours("ctc.seg", NOTHING, OBJECTS))


def test_cellseg_metrics_counts_a_pixel_of_a_larger_union_twice() -> None:
    """AJI of a truth object cut into halves: both halves are partners, and the object is in the union twice."""
    needs("cellseg-metrics")
    from cellseg_metrics import aggregated_jaccard_index

    truth = np.ones((1, 4), np.int64)
    assert aggregated_jaccard_index(truth, OBJECTS) == pytest.approx(4 / 8)
    assert ours("aji.kumar", truth, OBJECTS) == pytest.approx(2 / 6)
    assert ours("aji.cellseg-metrics", truth, OBJECTS) == pytest.approx(4 / 8)
