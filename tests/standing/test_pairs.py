"""Two rows against each other: pairs, gaps, correction for the number of metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scipy.stats import ttest_rel

from harness.errors import ConfigError
from harness.model import Cell, Fold
from harness.standing import Standing
from harness.standing.pairs import RowComparison, compare_rows
from harness.store import Record
from harness.suite import Suite
from tests.helpers import temp_project
from tests.records import make_record

DIRECTIONS = {"map.toy": "higher", "arand.toy": "lower"}
ROWS = ("otsu", "net")


@pytest.fixture
def suite_and_cells(tmp_path: Path) -> tuple[Suite, tuple[Cell, ...]]:
    project = temp_project(tmp_path)
    return project.suite(), project.cells(tier="paper")


def compared(
    suite: Suite,
    rows: tuple[str, str],
    found: list[Record],
    cells: tuple[Cell, ...],
    *,
    directions: Mapping[str, str] = DIRECTIONS,
) -> RowComparison:
    metrics: Any = {
        name: SimpleNamespace(direction=direction, nan_rule="spreads") for name, direction in directions.items()
    }
    return compare_rows(Standing.join(suite, "paper", cells, found, metrics=metrics), rows)


def records(cells: tuple[Cell, ...], otsu: tuple[float, ...], net: tuple[float, ...]) -> list[Record]:
    values = {row: iter(own) for row, own in (("otsu", otsu), ("net", net))}
    return [
        make_record(
            cell.row, cell.sample, fold=cell.fold.id, dataset="volumes", cell=cell.key,
            metrics={"map.toy": (value := next(values[cell.row])), "arand.toy": 0.5 - 0.001 * value},
        )
        for cell in cells
    ]  # fmt: skip


OTSU, NET = (0.3, 0.4, 0.35, 0.5, 0.45), (0.5, 0.55, 0.6, 0.7, 0.6)


def test_the_test_is_paired_and_corrected(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    found = compared(suite, ROWS, records(cells, OTSU, NET), cells, directions=DIRECTIONS)
    score, error = found.metrics
    assert (score.n, score.over, found.gaps) == (5, "folds", {})
    assert score.means == pytest.approx((0.4, 0.59))
    assert score.p == pytest.approx(ttest_rel(NET, OTSU).pvalue)
    assert score.p_holm == pytest.approx(min(1.0, 2 * score.p))
    assert score.interval is not None
    assert (score.interval.low, score.interval.high) == pytest.approx(tuple(ttest_rel(NET, OTSU).confidence_interval()))
    assert (score.better, error.better) == ("net", "net")
    assert (score.outcome, score.test) == ("better", "paired t")
    turned = compared(suite, ("net", "otsu"), records(cells, OTSU, NET), cells, directions=DIRECTIONS)
    assert [one.better for one in turned.metrics] == ["net", "net"]


def test_altered_records_count_for_nothing(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    first, *others = records(cells, OTSU, NET)
    found = compared(suite, ROWS, [replace(first, checksum="of something else"), *others], cells)
    assert [one.n for one in found.metrics] == [4, 4]
    assert found.gaps == {first.row: "1 altered"}


def many(cells: tuple[Cell, ...], repeats: Mapping[str, int]) -> tuple[Cell, ...]:
    """Nine samples of one fold for each row, with so many repeats."""
    first = {row: next(cell for cell in cells if cell.row == row) for row in ROWS}
    return tuple(
        replace(cell, sample=f"s{n}", repeat=repeat, fold=Fold("", (f"s{n}",)), key=f"{row}-{n}-{repeat}")
        for row, cell in first.items()
        for n in range(9)
        for repeat in range(repeats[row])
    )


def recorded(cells: tuple[Cell, ...], gain: float) -> list[Record]:
    return [
        make_record(
            cell.row, cell.sample, dataset="volumes", repeat=cell.repeat, cell=cell.key,
            metrics={"map.toy": 0.1 * n + (cell.row == "net") * gain * (1 + n % 3) + 0.01 * cell.repeat},
        )
        for cell in cells
        for n in [int(cell.sample[1:])]
    ]  # fmt: skip


def test_many_units_are_resampled_with_what_lies_in_them(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    for repeats in ({"otsu": 1, "net": 1}, {"otsu": 1, "net": 3}, {"otsu": 3, "net": 3}):
        chosen = many(cells, repeats)
        score = compared(suite, ROWS, recorded(chosen, 0.02), chosen, directions={"map.toy": "higher"}).metrics[0]
        assert (score.n, score.over, score.test) == (9, "samples", "cluster bootstrap, sign flips")
        assert score.interval is not None
        assert score.interval.mean == pytest.approx(score.means[1] - score.means[0])
        assert score.p == pytest.approx(2 / 2**9)
        assert (score.outcome, score.better) == ("better", "net")
        by_chance = compared(suite, ROWS, recorded(chosen, 0.0), chosen, directions={"map.toy": "higher"}).metrics[0]
        assert by_chance.outcome == ("open" if repeats["net"] == repeats["otsu"] else "better")


def test_what_could_be_chance_has_no_better_row(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    found = compared(suite, ROWS, records(cells, OTSU, OTSU[::-1]), cells, directions=DIRECTIONS)
    assert [one.better for one in found.metrics] == ["", ""]
    assert {one.outcome for one in found.metrics} == {"open"}
    counts = compared(suite, ROWS, records(cells, OTSU, NET), cells, directions={"map.toy": "none"})
    assert (counts.metrics[0].better, counts.metrics[0].outcome) == ("", "differ")


def test_two_pairs_are_no_test_and_gaps_are_named(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    some = [record for record in records(cells, OTSU, NET) if record.row == "otsu" or record.fold in "12"]
    found = compared(suite, ROWS, some, cells, directions=DIRECTIONS)
    assert (found.metrics[0].n, found.metrics[0].p, found.metrics[0].interval) == (2, None, None)
    assert found.gaps == {"net": "3 not run"}


def test_undefined_units_are_left_out_of_both_rows(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    some = records(cells, OTSU, NET)
    some[0] = replace(some[0], metrics={"map.toy": math.nan, "arand.toy": 0.1})
    score = compared(suite, ROWS, some, cells, directions=DIRECTIONS).metrics[0]
    assert (score.n, score.undefined) == (4, 1)
    assert score.means[1] == pytest.approx(sum(NET[1:]) / 4)


def test_records_of_other_cells_do_not_count(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    stale = [replace(record, cell="old") for record in records(cells, OTSU, NET)]
    found = compared(suite, ROWS, stale, cells, directions=DIRECTIONS)
    assert (found.metrics[0].n, found.gaps) == (0, {"otsu": "5 not run", "net": "5 not run"})


def test_a_row_that_does_not_exist(suite_and_cells: tuple[Suite, tuple[Cell, ...]]) -> None:
    suite, cells = suite_and_cells
    with pytest.raises(ConfigError, match="no row 'nett'; did you mean 'net'"):
        compared(suite, ("otsu", "nett"), [], cells, directions=DIRECTIONS)
