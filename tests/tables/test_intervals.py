"""Intervals of the means of a table are those of its units, and are said where they are asked for."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from harness.model import Cell
from harness.statistics import mean_interval
from harness.store import Record
from harness.tables import Table, build_table
from harness.tables.data import to_csv, to_json
from harness.tables.intervals import MEANING
from harness.tables.markdown import to_markdown
from tests.helpers import Project, temp_project
from tests.records import make_record

VALUES = (0.1, 0.2, 0.4, 0.3, 0.6)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return temp_project(tmp_path)


def records(cells: tuple[Cell, ...], values: tuple[float, ...]) -> list[Record]:
    own = {row: iter(values) for row in ("otsu", "net")}
    return [
        make_record(
            cell.row, cell.sample, dataset=cell.data.dataset, fold=cell.fold.id, suite=cell.suite, tier=cell.tier,
            cell=cell.key, metrics={"map.toy": (value := next(own[cell.row])), "arand.toy": 1 - value},
        )
        for cell in cells
    ]  # fmt: skip


def table_of(project: Project, values: tuple[float, ...], *, intervals: bool = True) -> Table:
    cells = project.cells(tier="paper")
    return build_table(project.standing(records(cells, values), tier="paper"), intervals=intervals)


def test_few_folds_have_the_t_interval_of_their_values(project: Project) -> None:
    score = table_of(project, VALUES).rows[0].scores["map.toy"]
    assert score.interval == mean_interval(list(VALUES))
    assert score.interval.mean == pytest.approx(score.summary.mean)


def test_a_fold_that_is_undefined_is_left_out_of_both(project: Project) -> None:
    score = table_of(project, (*VALUES[:4], math.nan)).rows[0].scores["map.toy"]
    assert (score.summary.n, score.summary.undefined) == (4, 1)
    assert score.interval == mean_interval(list(VALUES[:4]))


def test_two_folds_leave_the_mean_open(project: Project) -> None:
    table = table_of(project, (*VALUES[:2], math.nan, math.nan, math.nan))
    assert table.rows[0].scores["map.toy"].interval is None
    assert "[open] (3 undefined)" in to_markdown(table).replace("\\", "")


def test_every_form_of_a_table_has_them_where_they_are_asked_for(project: Project) -> None:
    table, plain = table_of(project, VALUES), table_of(project, VALUES, intervals=False)
    expected = mean_interval(list(VALUES))
    shown = to_markdown(table).replace("\\", "")
    assert f"32.00 ± 19.24 [{100 * expected.low:.2f}, {100 * expected.high:.2f}]" in shown
    assert MEANING in shown
    assert to_csv(table).splitlines()[0].endswith(",interval_low,interval_high,interval_units")
    score = to_json(table)["rows"][0]["scores"]["map.toy"]
    assert (score["interval_low"], score["interval_high"], score["interval_units"]) == (expected.low, expected.high, 5)
    assert "interval_low" not in to_csv(plain)
    assert "interval_low" not in to_json(plain)["rows"][0]["scores"]["map.toy"]
    assert "interval" not in to_markdown(plain)
