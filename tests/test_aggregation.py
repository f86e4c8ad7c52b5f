"""One number from the records of several images, in the three ways."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.aggregation import combined, combining, counts_of_pair, mean_of_images
from harness.errors import LabelError, StoreError
from harness.metrics import METRICS, Pair
from harness.model import Aggregation
from harness.scoring import measure, score_set
from harness.store import Record
from tests.metrics.images import hostile_pairs
from tests.records import make_record

BY_ID = {metric.id: metric for metric in METRICS if metric.needs == "overlap"}
IMAGES = [hostile_pairs()[name] for name in ("shifted 2d", "unrelated", "truth empty")]


def records(prefix: str = "") -> list[Record]:
    made = []
    for number, (truth, pred) in enumerate(IMAGES):
        scores = measure(Pair(truth, pred), BY_ID.values())
        record = make_record(
            sample=str(number),
            dataset="small" if number == 0 else "large",
            metrics={f"{prefix}{name}": value for name, value in scores.values.items()},
        )
        made.append(replace(record, counts={f"{prefix}{name}": value for name, value in scores.counts.items()}))
    return made


@pytest.mark.parametrize("aggregation", ["per-image", "pooled"])
def test_records_say_what_the_images_say(aggregation: str) -> None:
    expected = score_set([(pred, truth) for truth, pred in IMAGES], list(BY_ID), aggregation=aggregation)
    for name in BY_ID:
        assert combined(records(), name, aggregation, BY_ID) == pytest.approx(expected[name], abs=0, nan_ok=True)


def test_a_named_pair_is_pooled_from_its_own_counts() -> None:
    both = [replace(named, counts={**named.counts, "objects.truth": 99}, metrics={}) for named in records(prefix="fg:")]
    named = {"fg:count.truth": BY_ID["count.truth"]}
    assert combined(both, "fg:count.truth", "pooled", named) == combined(records(), "count.truth", "pooled", BY_ID)


def test_counts_of_a_pair_are_its_own_alone() -> None:
    both = {"objects.truth": 2, "fg:objects.truth": 99}
    assert counts_of_pair(both, "") == {"objects.truth": 2}
    assert counts_of_pair(both, "fg:") == {"objects.truth": 99}


@pytest.mark.parametrize("aggregation", ["per-image", "per-dataset", "pooled"])
def test_one_image_alone_has_its_own_value(aggregation: Aggregation) -> None:
    for record in records():
        for name, value in record.metrics.items():
            assert combined([record], name, aggregation, BY_ID) == pytest.approx(value, abs=0, nan_ok=True)


def test_each_data_set_weighs_the_same() -> None:
    values = [record.metrics["voi.sum"] for record in records()]
    expected = (values[0] + (values[1] + values[2]) / 2) / 2
    assert combined(records(), "voi.sum", "per-dataset", BY_ID) == pytest.approx(expected)


def test_images_where_a_metric_is_undefined_follow_its_rule() -> None:
    left_out = {"sbd.spoco": replace(BY_ID["sbd.spoco"], nan_rule="left out")}
    values = [record.metrics["sbd.spoco"] for record in records()]
    defined = [value for value in values if not math.isnan(value)]
    assert len(defined) == 2
    assert combined(records(), "sbd.spoco", "per-image", left_out) == pytest.approx(sum(defined) / 2)
    assert math.isnan(combined(records()[2:], "sbd.spoco", "per-dataset", left_out))
    absent = [replace(records()[0], metrics={}), *records()[1:]]
    assert math.isnan(combined(absent, "sbd.spoco", "per-image", left_out))


def test_what_is_absent_or_undefined_makes_the_value_undefined() -> None:
    assert math.isnan(combined(records(), "no.such", "per-image", BY_ID))
    assert math.isnan(combined(records(), "sbd.spoco", "per-dataset", BY_ID))
    assert math.isnan(combined([], "pq", "per-image", BY_ID))
    assert math.isnan(combined(records()[:1], "no.such", "per-image", BY_ID))


def test_records_without_counts_are_not_pooled() -> None:
    with pytest.raises(StoreError, match=r"metric 'pq': some records keep no counts.*harness rescore"):
        combined([make_record(metrics={"pq": 1.0})], "pq", "pooled", BY_ID)
    with pytest.raises(StoreError, match="some records keep no counts"):
        combined([records()[0], make_record(metrics={"pq": 1.0})], "pq", "pooled", BY_ID)


def test_a_count_that_some_records_lack_stops_only_the_metrics_that_need_it() -> None:
    old, *rest = records()
    old = replace(old, counts={name: value for name, value in old.counts.items() if not name.startswith("errors.")})
    assert combined([old, *rest], "pq", "pooled", BY_ID) == combined(records(), "pq", "pooled", BY_ID)
    with pytest.raises(LabelError, match=r"the count 'errors\.truth\.missed' was not kept; score the prediction again"):
        combined([old, *rest], "errors.missed", "pooled", BY_ID)


def test_a_plain_function_is_not_pooled() -> None:
    own = replace(BY_ID["pq"], function=lambda table: np.nan, counts=None, value=None)
    with pytest.raises(LabelError, match="cannot be pooled"):
        combined(records(), "pq", "pooled", {"pq": own})


def test_one_aggregation_of_known_metrics_is_a_function_of_records_and_id() -> None:
    made = records()
    assert combining("pooled", BY_ID)(made, "pq") == combined(made, "pq", "pooled", BY_ID)
    assert combining("per-dataset", BY_ID)(made, "voi.sum") == combined(made, "voi.sum", "per-dataset", BY_ID)


def test_the_plain_mean_of_images_knows_no_metric_and_no_rule() -> None:
    made = [make_record(metrics={"gone": 0.25}), make_record(metrics={"gone": 0.75})]
    assert mean_of_images(made, "gone") == 0.5
    assert combined(made, "gone", "per-image", BY_ID) == 0.5
    assert math.isnan(mean_of_images([*made, make_record(metrics={})], "gone"))
