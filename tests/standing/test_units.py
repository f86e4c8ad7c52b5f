"""What rows are compared over."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.aggregation import mean_of_images
from harness.standing.units import nested_differences, nested_values, row_units
from harness.store import Record
from harness.suite.schema import SpreadOver
from tests.records import make_record


def records(row: str, *, folds: int = 1, samples: int = 1, repeats: int = 1, drawn: bool = True) -> list[Record]:
    return [
        make_record(
            row, f"s{fold}-{sample}", fold=str(fold), repeat=repeat, metrics={"m": 0.1 * fold + (0.01 * repeat * drawn)}
        )
        for fold in range(folds)
        for sample in range(samples)
        for repeat in range(repeats)
    ]


@pytest.mark.parametrize(
    ("counts", "over", "expected", "n"),
    [
        ({"folds": 3, "samples": 2}, "folds", "folds", 3),
        ({"samples": 4}, "folds", "samples", 4),
        ({"repeats": 3}, "samples", "repeats", 3),
        ({"samples": 4, "repeats": 3}, "repeats", "repeats", 3),
        ({"samples": 4, "repeats": 3, "drawn": False}, "repeats", "samples", 4),
        ({"repeats": 3, "drawn": False}, "repeats", "repeats", 1),
        ({"repeats": 3, "drawn": False}, "samples", "samples", 1),
    ],
)
def test_the_coarsest_units_of_which_there_are_several(
    counts: dict[str, int], over: SpreadOver, expected: SpreadOver, n: int
) -> None:
    found, values = row_units({row: records(row, **counts) for row in "ab"}, "m", over)
    assert (found, {len(own) for own in values.values()}) == (expected, {n})


def test_a_row_that_is_not_drawn_shares_its_samples_with_one_that_is() -> None:
    rows = {"baseline": records("baseline", samples=3), "net": records("net", samples=3, repeats=3)}
    assert row_units(rows, "m", "repeats")[0] == "samples"


def test_values_lie_in_what_the_mean_is_over() -> None:
    found = nested_values(records("net", folds=2, samples=2, repeats=2), "m", "folds", mean_of_images, "per-image")
    assert len(found) == 8
    assert found[("blobs", "1"), ("blobs", "s1-0"), ("1", 1)] == pytest.approx(0.11)
    by_data = nested_values(records("net"), "m", "samples", mean_of_images, "per-dataset")
    assert list(by_data) == [(("blobs", "s0-0"), "blobs", ("blobs", "s0-0"), ("0", 0))]
    pooled = nested_values(records("net", folds=3, samples=2), "m", "folds", mean_of_images, "pooled")
    assert list(pooled) == [(("blobs", str(fold)),) for fold in range(3)]


def test_failed_undefined_and_absent_values_lie_nowhere() -> None:
    good, failed, undefined, absent = records("net", samples=4)
    failed, undefined = replace(failed, status="timeout"), replace(undefined, metrics={"m": math.nan})
    some = [good, failed, undefined, replace(absent, metrics={})]
    assert len(nested_values(some, "m", "samples", mean_of_images, "per-image")) == 1
    assert nested_values(some[1:], "m", "samples", mean_of_images, "pooled") == {}


def test_rows_are_held_against_each_other_sample_by_sample() -> None:
    one = {("a", 0): 1.0, ("a", 1): 3.0, ("b", 0): 5.0}
    other = {("a", 0): 2.0, ("a", 1): 2.0, ("c", 0): 5.0}
    assert nested_differences(one, other) == {("a", 0): 1.0, ("a", 1): -1.0}
    assert nested_differences({("a", 0): 1.0}, other) == {("a", 0): 1.0, ("a", 1): 1.0}
    assert nested_differences(other, {("a", 0): 1.0}) == {("a", 0): -1.0, ("a", 1): -1.0}
