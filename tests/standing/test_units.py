"""What rows are compared over."""

from __future__ import annotations

import pytest

from harness.standing.units import row_units
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
