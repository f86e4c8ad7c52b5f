"""Every metric is documented, and its edge cases hold."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from harness.metrics import METRICS, Metric, overlap_table
from harness.metrics.cases import CASES

FOUR_DECIMALS = 5e-5
EVERY_METRIC = ("both empty", "truth empty, 2 predicted", "truth of 2, prediction empty", "identical")
CONTRACT = (
    *(
        f"{name}.{convention}"
        for convention in ("canonical", "gonuclear", "stardist", "cellpose", "elf")
        for name in ("map", *(f"ap{percent}" for percent in range(50, 100, 5)))
    ),
    *("arand.cremi", "arand.skimage", "arand.skimage-all", "arand.elf", "sbd.cvppp", "sbd.spoco", "sbd.mask"),
    *("voi.split", "voi.merge", "voi.sum", "pq", "sq", "rq", "count.truth", "count.pred", "count.error"),
    *("f1.50", "precision.50", "recall.50"),
)


@pytest.fixture(params=METRICS, ids=lambda metric: metric.id)
def metric(request: pytest.FixtureRequest) -> Metric:
    return request.param


def test_edge_cases_hold(metric: Metric) -> None:
    for case, value in metric.edge_cases:
        measured = metric(overlap_table(*CASES[case]()))
        assert measured == pytest.approx(value, abs=FOUR_DECIMALS, nan_ok=True), case


def test_edge_cases_cover_empty_and_identical_images(metric: Metric) -> None:
    assert set(EVERY_METRIC) <= {case for case, _ in metric.edge_cases}


def test_edge_cases_are_within_the_range(metric: Metric) -> None:
    low, high = metric.range
    assert all(np.isnan(value) or low <= value <= high for _, value in metric.edge_cases)


def test_everything_is_documented(metric: Metric) -> None:
    assert all((metric.title, metric.definition, metric.source, metric.unit))
    assert metric.direction in ("higher", "lower", "none")
    assert "doi:" in metric.source or "arXiv:" in metric.source or metric.unit == "count" or "elf" in metric.id


def test_ids_are_unique_and_complete() -> None:
    ids = [metric.id for metric in METRICS]
    assert len(ids) == len(set(ids))
    assert set(CONTRACT) <= set(ids)


def test_identical_images_reach_the_best_value() -> None:
    table = overlap_table(*CASES["identical"]())
    for metric in METRICS:
        best = {"higher": metric.range[1], "lower": metric.range[0]}.get(metric.direction)
        assert best is None or metric(table) == pytest.approx(best, abs=1e-8), metric.id


def test_listing_metrics_loads_no_compiler_and_no_library() -> None:
    code = "import sys, harness.metrics; print([m for m in ('numba', 'scipy', 'skimage', 'elf') if m in sys.modules])"
    listed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert listed.strip() == "[]"
