"""Intervals of pooled metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import LabelError
from harness.metrics import METRICS, Pair
from harness.metrics.pooling import RESAMPLES, pooled_interval
from harness.statistics import BOOTSTRAP_UNITS
from harness.statistics.resampling import resampled_means, tree_of
from tests.metrics.images import OF_OVERLAP, rectangles

BY_ID = {metric.id: metric for metric in METRICS}


def counted(matches: int, missed: int) -> Mapping[str, float]:
    """Counts of an image in which so many truth objects are found and so many are not."""
    return {
        "objects.truth": matches + missed, "objects.pred": matches, "match.50": matches, "match.50.iou": 0.9 * matches
    }  # fmt: skip


def test_the_interval_is_that_of_the_ratio_of_sums() -> None:
    rng = np.random.default_rng(0)
    found, missed = rng.integers(5, 60, 30), rng.integers(0, 20, 30)
    parts = [counted(int(one), int(other)) for one, other in zip(found, missed, strict=True)]
    interval = pooled_interval(BY_ID["recall.50"], parts)
    assert interval is not None
    draws = np.random.default_rng(9).integers(0, 30, (20_000, 30))
    ratios = found[draws].sum(axis=1) / (found + missed)[draws].sum(axis=1)
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(ratios, (0.025, 0.975))), abs=0.01)
    assert (interval.mean, interval.n) == (found.sum() / (found + missed).sum(), 30)
    assert pooled_interval(BY_ID["recall.50"], parts, confidence=0.5).high < interval.high


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_its_ends_are_quantiles_of_the_metric_of_resampled_sums(confidence: float) -> None:
    rng = np.random.default_rng(2)
    matches, quality = rng.integers(1, 60, 20), rng.uniform(0.5, 1, 20)
    parts = [{**counted(int(n), 0), "match.50.iou": float(n * q)} for n, q in zip(matches, quality, strict=True)]
    columns = np.stack([matches, matches * quality], axis=1)
    sums = resampled_means(columns, tree_of([(n,) for n in range(20)]), resamples=RESAMPLES) * 20
    expected = np.quantile(sums[:, 1] / np.rint(sums[:, 0]), ((1 - confidence) / 2, (1 + confidence) / 2))
    interval = pooled_interval(BY_ID["sq"], parts, confidence=confidence)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(tuple(expected), rel=1e-9)


def test_the_metric_is_asked_of_the_whole_and_of_each_resample() -> None:
    asked = []

    def recall(counts: Mapping[str, float]) -> float:
        asked.append(counts)
        return counts["match.50"] / counts["objects.truth"]

    assert pooled_interval(replace(BY_ID["recall.50"], value=recall), [counted(n, 2) for n in range(1, 12)])
    assert len(asked) == 1 + RESAMPLES


def test_every_metric_of_real_counts_has_one_around_its_value() -> None:
    rng = np.random.default_rng(1)
    truths = [rectangles(rng, (20, 20), 5) for _ in range(BOOTSTRAP_UNITS)]
    pairs = [Pair(truth, np.where(rng.random((20, 20)) < 0.2, 0, truth)) for truth in truths]
    for metric in (metric for metric in OF_OVERLAP if metric.is_addable):
        parts = [metric.counts_of(pair) for pair in pairs]
        interval = pooled_interval(metric, parts)
        if interval is None:
            assert metric.nan_rule != "never", metric.id
            continue
        assert interval.low <= interval.mean <= interval.high, metric.id
        assert interval.mean == metric.pooled(parts)


def test_equal_images_have_no_width() -> None:
    interval = pooled_interval(BY_ID["map.gonuclear"], [BY_ID["map.gonuclear"].counts_of(Pair([1, 2], [1, 1]))] * 8)
    assert interval is not None
    assert interval.low == interval.mean == interval.high


def test_the_order_of_names_means_nothing() -> None:
    parts = [counted(n, 2) for n in range(9)]
    turned = [parts[0], *(dict(reversed(part.items())) for part in parts[1:])]
    assert pooled_interval(BY_ID["pq"], turned) == pooled_interval(BY_ID["pq"], parts)


def test_few_images_and_undefined_resamples_decide_nothing() -> None:
    assert pooled_interval(BY_ID["recall.50"], [counted(3, 1)] * (BOOTSTRAP_UNITS - 1)) is None
    empty = Pair(np.zeros(9, int), np.ones(9, int))
    spoco = BY_ID["sbd.spoco"]
    assert pooled_interval(spoco, [spoco.counts_of(empty)] * 9) is None
    assert RESAMPLES >= 999


def test_what_cannot_be_pooled_is_refused() -> None:
    with pytest.raises(LabelError, match="there is no image to pool"):
        pooled_interval(BY_ID["pq"], [])
    with pytest.raises(LabelError, match="is known of some images only"):
        pooled_interval(BY_ID["pq"], [counted(1, 1)] * 8 + [{"objects.truth": 1}])
