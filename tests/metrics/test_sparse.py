"""What holds on a sparse truth, and what a refusal proposes."""

from __future__ import annotations

import pytest

from harness.errors import LabelError
from harness.metrics import METRICS
from harness.metrics.sparse import check_sparse, refusal, sparse_safe

BY_ID = {metric.id: metric for metric in METRICS}


def test_metrics_of_the_truths_own_voxels_and_objects_hold() -> None:
    found = {metric.id for metric in sparse_safe(METRICS)}
    assert {"recall.50", "count.truth", "arand.cremi", "arand.skimage", "arand.elf-gt0"} <= found
    assert not {"precision.50", "f1.50", "pq", "voi.sum", "arand.elf", "sbd.mask", "map.gonuclear"} & found
    check_sparse(sparse_safe(METRICS), METRICS)


def test_a_refusal_says_why_and_names_the_nearest() -> None:
    with pytest.raises(LabelError, match=r"metric 'arand.elf' counts what is predicted where nothing is annotated"):
        check_sparse([BY_ID["recall.50"], BY_ID["arand.elf"]], METRICS)
    assert "hold there: arand.elf-gt0, " in refusal("arand.elf", METRICS)
    assert refusal("pq", [BY_ID["pq"]]).endswith("no metric holds there")
