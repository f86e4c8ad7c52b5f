from __future__ import annotations

import math
from typing import Any

import pytest

from harness.standing.values import unit_of, values_by_unit, values_of
from harness.store import Record
from tests.records import make_record


def record(value: float = 0.5, **keys: Any) -> Record:
    return make_record(metrics={"map.toy": value}, **{"row": "net", "dataset": "d", "sample": "s", "fold": "1", **keys})


def test_values_are_means_within_a_fold() -> None:
    records = [record(0.2, sample="a"), record(0.4, sample="b"), record(0.8, fold="2")]
    assert values_of(records, "map.toy", "folds") == pytest.approx([0.3, 0.8])


def test_values_over_samples_and_repeats() -> None:
    records = [
        record(v, sample=s, repeat=r) for s, r, v in [("a", 0, 0.1), ("a", 1, 0.3), ("b", 0, 0.5), ("b", 1, 0.7)]
    ]
    assert values_of(records, "map.toy", "samples") == pytest.approx([0.2, 0.6])
    assert values_of(records, "map.toy", "repeats") == pytest.approx([0.3, 0.5])


def test_equal_folds_of_two_datasets_are_two_values() -> None:
    assert len(values_of([record(0.1), record(0.2, dataset="e")], "map.toy", "folds")) == 2


def test_failures_are_left_out_and_nan_stays() -> None:
    records = [record(0.1), record(0.2, fold="2", status="timeout"), record(math.nan, fold="3")]
    found = values_of(records, "map.toy", "folds")
    assert found[0] == 0.1
    assert math.isnan(found[1])


def test_records_without_the_metric_have_no_value() -> None:
    """A pair that one of several data sets does not have is not applicable there, and not undefined."""
    records = [record(0.4), make_record("net", dataset="e", metrics={}), make_record("net", "t", dataset="d", fold="1")]
    assert values_of(records, "map.toy", "folds") == [0.4]
    assert values_of(records, "map.toy", "repeats") == [0.4]
    assert values_of(records, "pq", "folds") == []


def test_what_a_value_belongs_to() -> None:
    one = record(0.5, fold="2", sample="x", repeat=3)
    assert [unit_of(one, over) for over in ("folds", "samples", "repeats")] == [("d", "2"), ("d", "x"), (3,)]
    assert values_by_unit([one], "map.toy", "samples") == {("d", "x"): 0.5}
