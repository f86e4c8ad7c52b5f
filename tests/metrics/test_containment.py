"""Nuclei in cells."""

from __future__ import annotations

import numpy as np
from hypothesis import given

import harness
from harness.metrics import METRICS, overlap_table
from harness.metrics.containment import METRICS as CONTAINMENT
from harness.metrics.containment import containment_counts
from tests.metrics.images import Pair as Images
from tests.metrics.images import pairs


def test_ids() -> None:
    assert [metric.id for metric in CONTAINMENT] == [
        f"contain.{name}" for name in ("empty", "several", "cut", "outside")
    ]
    assert {metric.id for metric in CONTAINMENT} <= {metric.id for metric in METRICS}


def test_a_tissue_by_hand() -> None:
    cells = np.repeat([1, 2, 3, 0], [6, 6, 4, 4])
    nuclei = np.array([0, 5, 5, 0, 6, 6, 0, 7, 7, 7, 0, 8, 8, 8, 0, 0, 0, 9, 9, 0])
    ids = [metric.id for metric in CONTAINMENT]
    # cell 1 holds nuclei 5 and 6, cell 2 nucleus 7, cell 3 two thirds of 8, nucleus 9 lies outside
    assert harness.score(cells, nuclei, ids) == dict(zip(ids, (0.0, 1.0, 0.0, 1.0), strict=True))
    halves = np.where(nuclei == 7, 0, np.where(np.arange(20) == 13, 0, nuclei))
    # nucleus 8 is cut in two halves now, and 7 is gone: cells 2 and 3 are empty
    assert harness.score(cells, halves, ids) == dict(zip(ids, (2.0, 1.0, 1.0, 1.0), strict=True))


@given(pairs())
def test_every_nucleus_has_one_place_and_every_cell_one_class(images: Images) -> None:
    table = overlap_table(*images)
    counts = containment_counts(table)
    nuclei, cells = images
    inside = [
        label
        for label in np.unique(nuclei[nuclei > 0])
        if max(((nuclei == label) & (cells == cell)).sum() for cell in [-1, *np.unique(cells[cells > 0])])
        > (nuclei == label).sum() / 2
    ]
    assert len(inside) + counts["contain.cut"] + counts["contain.outside"] == table.n_truth  # type: ignore[operator]
    assert counts["contain.empty"] + counts["contain.several"] <= table.n_pred  # type: ignore[operator]
