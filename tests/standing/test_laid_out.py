"""The values of a row by path: read in a moment where nothing is missing, and then no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabelError
from harness.metrics.ap import METRICS
from harness.model import Aggregation
from harness.standing import RowStanding
from harness.standing.laid_out import LaidOut, has_value, laid_out, placing
from harness.store import Record
from tests.records import cell_of, make_record

BY_ID = {metric.id: metric for metric in METRICS}
POINT = BY_ID["ap75.canonical"]


def row_of(records: Sequence[Record], lacking: Sequence[Record] = ()) -> RowStanding:
    return RowStanding("otsu", tuple(cell_of(record) for record in (*records, *lacking)), tuple(records))


def counted(sample: str, tp: int, fp: int, fn: int, **further: Any) -> Record:
    """A record with the counts of a curve, equal at all thresholds."""
    counts = {f"{name}.canonical": (count,) * 10 for name, count in (("tp", tp), ("fp", fp), ("fn", fn))}
    return replace(make_record(sample=sample, **further), counts=counts)


def slowly(row: LaidOut, name: str, how: Aggregation) -> dict[Any, float]:
    """The values of a row as if some path had several records."""
    several = {path: [record] for path, record in row.single.items()}
    return dict(replace(row, single={}, several=several).values(name, BY_ID[name], how))


COUNTS = st.integers(0, 9)


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS), min_size=1, max_size=5), st.sampled_from(["per-image", "pooled"]))
def test_all_points_at_once_are_each_point_by_itself(counts: list[tuple[int, int, int]], how: Aggregation) -> None:
    row = laid_out(row_of([counted(f"s{n}", *one) for n, one in enumerate(counts)]), placing("samples", how))
    for name in ("ap50.canonical", "ap75.canonical", "map.canonical"):
        if name != "map.canonical" or how == "pooled":
            assert row.values(name, BY_ID[name], how) == slowly(row, name, how)


def test_a_recorded_value_counts_and_not_what_counts_tell() -> None:
    told, recorded = counted("a", 1, 1, 0), counted("b", 1, 1, 0, metrics={"ap75.canonical": 0.125})
    row = laid_out(row_of([told, recorded]), placing("samples", "per-image"))
    assert list(row.values("ap75.canonical", POINT, "per-image").values()) == [0.5, 0.125]
    alone = laid_out(row_of([recorded]), placing("samples", "per-image"))
    assert list(alone.values("ap75.canonical", POINT, "per-image").values()) == [0.125]


def test_records_without_counts_have_no_point() -> None:
    row = laid_out(row_of([make_record(sample="a"), counted("b", 1, 1, 0)]), placing("samples", "per-image"))
    assert list(row.values("ap75.canonical", POINT, "per-image").values()) == [0.5]
    torn = replace(make_record(), counts={"tp.canonical": (1,) * 10})
    with pytest.raises(LabelError, match=r"the count 'fp\.canonical' was not kept"):
        laid_out(row_of([torn]), placing("samples", "per-image")).values("ap75.canonical", POINT, "per-image")


def test_repeats_of_a_sample_are_averaged() -> None:
    records = [
        make_record(sample="a", repeat=n, metrics={"map.canonical": value}) for n, value in enumerate((0.2, 0.6))
    ]
    row = laid_out(row_of(records), placing("samples", "per-image"))
    assert not row.single
    assert list(row.values("map.canonical", BY_ID["map.canonical"], "per-image").values()) == [pytest.approx(0.4)]


def test_what_a_row_lacks_is_counted_by_path() -> None:
    here, gone = make_record(sample="a", metrics={"map.canonical": 0.5}), make_record(sample="b")
    row = laid_out(row_of([here], [gone]), placing("samples", "per-image"))
    other = (("blobs", "c"), "c")
    assert list(row.lacking.values()) == [1]
    values = row.values("map.canonical", BY_ID["map.canonical"], "per-image")
    filled = row.filled(values, 0.0, [*row.paths, other])
    assert filled[:2] == [0.5, 0.0]
    assert filled[2] != filled[2]
    whole = laid_out(row_of([here]), placing("samples", "per-image"))
    assert whole.lacking == {}
    assert whole.paths == row.paths[:1]


def test_a_point_of_a_curve_follows_from_counts() -> None:
    assert has_value(counted("a", 1, 0, 0), "ap75.canonical", POINT)
    assert not has_value(make_record(), "ap75.canonical", POINT)
