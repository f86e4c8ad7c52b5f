"""Rows are ranked over what they share; what failed stands with the worst value; few units tell nothing apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from harness.model import Cell, StageSpec
from harness.standing import Standing
from harness.standing.ranking import RankedRows, Ranker, bound_of, comparable_lines, is_prompted
from harness.store import Record
from tests.records import cell_of, make_record


def standing(
    values: Mapping[str, Sequence[float]], *, over: str = "samples", how: str = "per-image", **metric: Any
) -> Standing:
    """A standing of rows with a score a sample; NaN is a cell without a record, infinity one that failed."""
    records, cells = [], []
    for row, own in values.items():
        for number, value in enumerate(own):
            record = make_record(row, f"s{number}", metrics={"m": value})
            cells.append(cell_of(record))
            if math.isinf(value):
                records.append(replace(record, status="exception", metrics={}))
            elif not math.isnan(value):
                records.append(record)
    suite: Any = SimpleNamespace(spread_over=over, file=SimpleNamespace(aggregation=how), primary="m")
    meant: Any = {"direction": "higher", "range": (0.0, 1.0), "at": None, "id": "m", **metric}
    return Standing.join(suite, "smoke", cells, records, metrics={"m": SimpleNamespace(**meant)})


def ranked_rows(found: Standing, name: str, *, among: Sequence[str] | None = None, **asked: Any) -> RankedRows | None:
    return Ranker(found, among=among).ranked(name, **asked)


def spread(level: float, n: int = 10) -> list[float]:
    return [level + 0.002 * (number % 5) for number in range(n)]


def test_rows_that_differ_everywhere_are_told_apart() -> None:
    found = ranked_rows(standing({"worse": spread(0.3), "better": spread(0.6), "middle": spread(0.5)}), "m")
    assert found is not None
    assert list(found.means) == ["better", "middle", "worse"]
    assert found.first == ("better",)
    assert found.ranking.separable == (True, True)
    assert found.is_decidable


def test_few_samples_tell_nothing_apart() -> None:
    found = ranked_rows(standing({"worse": spread(0.3, 7), "better": spread(0.6, 7)}), "m")
    assert found is not None
    assert found.first == ("better", "worse")
    assert not found.is_decidable
    assert [(one.rank, one.rank_low, one.rank_high) for one in found.ranking.rows] == [(1, 1, 2), (2, 1, 2)]
    assert found.ranking.separable == (False,)


@pytest.mark.parametrize("gone", [math.nan, math.inf])
def test_a_cell_without_scores_has_the_worst_value_in_the_ranking(gone: float) -> None:
    found = ranked_rows(standing({"lucky": [*spread(0.9, 9), gone], "whole": spread(0.85)}), "m")
    assert found is not None
    assert found.imputed == {"lucky": 1}
    assert found.means["lucky"] == pytest.approx((sum(spread(0.9, 9)) + 0) / 10)
    assert list(found.means) == ["whole", "lucky"]


def test_without_a_worst_value_the_worst_of_all_rows_counts() -> None:
    rows = {"lucky": [*([1.0] * 9), math.nan], "whole": [*([2.0] * 9), 7.0]}
    found = ranked_rows(standing(rows, direction="lower", range=(0.0, math.inf)), "m")
    assert found is not None
    assert found.worst == 7.0
    assert found.means["lucky"] == pytest.approx(1.6)


def test_a_row_without_any_score_and_a_metric_without_a_better_side_have_no_rank() -> None:
    rows = {"one": spread(0.3), "two": spread(0.4), "never": [math.nan] * 10}
    found = ranked_rows(standing(rows), "m")
    assert found is not None
    assert set(found.rows) == {"one", "two"}
    assert ranked_rows(standing(rows, direction="none"), "m") is None
    assert ranked_rows(standing({"alone": spread(0.3)}), "m") is None
    assert ranked_rows(standing(rows), "m", among=["one"]) is None


def test_filtering_never_moves_a_row_because_all_rows_are_always_ranked() -> None:
    rows = {name: spread(0.3 + 0.1 * number) for number, name in enumerate("abcd")}
    whole = ranked_rows(standing(rows), "m")
    assert whole is not None
    again = ranked_rows(standing(dict(reversed(rows.items()))), "m")
    assert again is not None
    assert [(whole.rows[one.row], one.group) for one in whole.ranking.rows] == [
        (again.rows[one.row], one.group) for one in again.ranking.rows
    ]


def test_data_sets_that_weigh_alike_are_counted_by_what_varies() -> None:
    found = ranked_rows(standing({"a": spread(0.3), "b": spread(0.6)}, how="per-dataset"), "m")
    assert found is not None
    assert found.units == 10


def test_what_keeps_no_counts_has_no_pooled_ranking() -> None:
    assert ranked_rows(standing({"a": spread(0.3), "b": spread(0.6)}, value=None), "m", aggregation="pooled") is None


def test_rows_of_other_data_are_not_comparable() -> None:
    found = standing({"a": spread(0.3), "b": spread(0.6), "c": spread(0.5, 3)})
    for dataset in ("", "blobs"):
        a, b, c = ((row, dataset) for row in "abc")
        assert comparable_lines(found, (a, b, c)) == ((a, b), (c,))


def test_a_line_of_a_rows_only_data_set_is_comparable_with_lines_that_name_it() -> None:
    found = standing({"a": spread(0.3), "b": spread(0.6)})
    assert comparable_lines(found, [("a", "blobs"), ("b", "")]) == ((("a", "blobs"), ("b", "")),)


def prompted(found: Standing, *rows: str) -> Standing:
    """The standing with rows whose chains make prompts of the truth."""
    chain = (StageSpec("prompts-boxes", 1, {}, uses_truth="prompts"), StageSpec("sam-decode", 1, {}))
    cells = [replace(cell, chain=chain) if cell.row in rows else cell for cell in found.cells]
    return Standing.join(found.suite, "smoke", cells, found.records, metrics=found.metrics)


def test_rows_that_the_truth_prompts_are_never_ranked_with_others() -> None:
    found = standing({"told": spread(0.9), "a": spread(0.3), "b": spread(0.6), "told-too": spread(0.8)})
    found = prompted(found, "told", "told-too")
    for dataset in ("", "blobs"):
        told, a, b, too = ((row, dataset) for row in ("told", "a", "b", "told-too"))
        assert comparable_lines(found, (told, a, b, too)) == ((a, b), (told, too))
    assert is_prompted(found.of("told").cells)
    assert not is_prompted(found.of("a").cells)


def test_a_row_that_chooses_by_the_truth_is_a_ceiling_wherever_its_chain_does_so() -> None:
    chain = tuple(StageSpec(stage, 1, {}) for stage in ("sam-decode", "best-masks-by-truth", "masks-to-labels"))
    assert bound_of([replace(cell_of(make_record()), chain=chain)]) == "ceiling"


@pytest.mark.parametrize(
    ("stage", "uses", "bound"),
    [
        ("truth", "control", "ceiling"),
        ("jittered", "control", "ceiling"),
        ("empty", "", "floor"),
        ("merged", "control", "control"),
        ("otsu-components", "", ""),
        ("prompted", "prompts", ""),
    ],
)
def test_the_last_stage_says_what_a_row_bounds(stage: str, uses: Any, bound: str) -> None:
    def cell(record: Record) -> Cell:
        return replace(cell_of(record), chain=(StageSpec(stage, 1, {}, uses_truth=uses),))

    assert bound_of([cell(make_record())]) == bound
    assert bound_of([]) == ""
