"""Evidence of a pair is made once, and voxels to ignore are counted nowhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabelError
from harness.metrics import OverlapTable, overlap_table
from harness.metrics.counts import Counts
from harness.metrics.pair import Pair
from tests.metrics.images import OF_OVERLAP, pairs
from tests.metrics.images import Pair as Images


def test_evidence_and_counts_are_made_once() -> None:
    calls = []

    def count(table: OverlapTable) -> Counts:
        calls.append(table)
        return {"n": table.n_truth}

    pair = Pair(np.array([1, 2]), np.array([1, 0]))
    assert pair.counted(count, "overlap") == pair.counted(count, "overlap") == {"n": 2}
    assert calls == [pair.overlap]


@given(pairs(), st.randoms(use_true_random=False))
def test_ignored_voxels_are_as_if_they_were_not_there(images: Images, random: object) -> None:
    truth, pred = images
    ignore = np.array([random.random() < 0.4 for _ in range(truth.size)], np.uint8).reshape(truth.shape)
    if ignore.all():
        return
    kept = overlap_table(truth[ignore == 0], pred[ignore == 0])
    for metric in OF_OVERLAP:
        assert metric.of(Pair(truth, pred, ignore=ignore)) == pytest.approx(metric(kept), abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("ignore", "message"),
    [
        (np.ones((2, 3), bool), "every voxel is ignored"),
        (np.zeros((3, 2), bool), r"the ignore mask has shape \(3, 2\), truth has shape \(2, 3\)"),
        (np.zeros((2, 3)), "the ignore mask has dtype float64"),
    ],
)
def test_wrong_masks_are_label_errors(ignore: np.ndarray, message: str) -> None:
    labels = np.ones((2, 3), int)
    with pytest.raises(LabelError, match=message):
        _ = Pair(labels, labels, ignore=ignore).overlap


def test_ignored_voxels_of_lazy_images_are_left_out() -> None:
    dask_array = pytest.importorskip("dask.array")
    rng = np.random.default_rng(3)
    truth, pred, ignore = (rng.integers(0, 5, (30, 20)) for _ in range(3))
    lazy = overlap_table(
        dask_array.from_array(truth, chunks=7),
        dask_array.from_array(pred, chunks=11),
        ignore=dask_array.from_array(ignore, chunks=5),
    )
    table = overlap_table(truth[ignore == 0], pred[ignore == 0])
    assert np.array_equal(lazy.counts, table.counts)
    assert lazy.voxels == np.count_nonzero(ignore == 0)
